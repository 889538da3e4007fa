"""
The hook: one, documented where it is, and good enough for our own transports.

That the page has its signature and its words is tested with the rest of the docs, in
`test_docs`.
"""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import eterminservice_transports
from eterminservice_core import TransportRegistry, hookspecs


ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "hooks.md").read_text(encoding="utf-8")
ENTRY_POINTS: dict[str, dict[str, str]] = tomllib.loads(
    (ROOT / "pyproject.toml").read_text(encoding="utf-8")
)["project"]["entry-points"]


def test_there_is_one_hook_and_the_docs_have_no_other() -> None:
    """
    A second one comes only together with a plugin that uses it.
    """
    specified = [
        name
        for name, value in vars(hookspecs).items()
        if hasattr(value, f"{hookspecs.PROJECT}_spec")
    ]

    assert specified == ["provide_transports"]
    assert specified == re.findall(r"^## (.+)$", PAGE, re.MULTILINE)


def test_the_entry_point_group_is_the_one_the_docs_name() -> None:
    (example,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    groups = tomllib.loads(example)["project"]["entry-points"]

    assert {hookspecs.PROJECT} == set(groups) == set(ENTRY_POINTS)


@pytest.mark.parametrize("module", ENTRY_POINTS[hookspecs.PROJECT].values())
def test_our_own_transports_come_by_the_same_way_as_everybodys(module: str) -> None:
    found = TransportRegistry.from_plugins(import_module(module)).specs

    assert {"directory", "recording", "recording-fax", "smtp"} <= set(found)


def test_what_our_plugin_announces_can_be_called_like_any_function() -> None:
    names = [spec.name for spec in eterminservice_transports.provide_transports()]

    assert len(set(names)) == len(names)
    assert all(name == name.lower() for name in names)
