"""
What `eterminservice_core` exports, and what importing it costs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

import eterminservice_core
from eterminservice_core import storage


#: What only a store, the command, a transport or an address needs.
HEAVY = {
    "aiosmtpd",
    "alembic",
    "click",
    "email_validator",
    "eterminservice_transports",
    "hypothesis",
    "phonenumbers",
    "rich",
    "smtplib",
    "sqlalchemy",
}


def run(script: str) -> str:
    """
    What a script prints in a Python of its own.
    """
    return subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def ruff_order(name: str) -> tuple[int, str]:
    """
    Constants, then classes, then functions, as ruff sorts (RUF022).
    """
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


def exported() -> Iterator[tuple[str, object]]:
    """
    The public names and what they stand for.
    """
    for name in eterminservice_core.__all__:
        yield name, getattr(eterminservice_core, name)


@pytest.mark.parametrize("package", [eterminservice_core, storage])
def test_all_is_sorted_without_repeats(package: ModuleType) -> None:
    names: list[str] = package.__all__

    assert sorted(set(names), key=ruff_order) == names


def test_all_names_everything_that_the_root_imports_and_nothing_else() -> None:
    public = {
        name
        for name, value in vars(eterminservice_core).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }

    assert public - {"annotations"} == set(eterminservice_core.__all__)


def test_every_public_name_comes_from_the_package() -> None:
    """
    Aliases of types excepted, which have no module of their own.
    """
    foreign = {
        name
        for name, value in exported()
        if not getattr(value, "__module__", "").startswith("eterminservice_core")
    }

    assert {"Address", "Notice", "hookimpl"} == foreign


def test_every_public_class_and_function_says_what_it_is() -> None:
    nameless = [
        name
        for name, value in exported()
        if name not in {"Address", "Notice", "hookimpl"}
        and not (value.__doc__ or "").strip()
    ]

    assert nameless == []


def test_what_the_signatures_of_the_service_name_is_public() -> None:
    """
    Nobody must reach into a module to annotate what a use case takes or gives.
    """
    service = eterminservice_core.NotificationService
    words = {
        word
        for name, value in vars(service).items()
        if not name.startswith("_") and hasattr(value, "__annotations__")
        for annotation in value.__annotations__.values()
        for word in "".join(c if c.isalnum() else " " for c in annotation).split()
    }
    theirs = {"Callable", "Iterable", "None", "bool", "datetime", "dict", "int"}
    theirs |= {"list", "object", "str", "timedelta"}

    assert words - theirs <= set(eterminservice_core.__all__)


def test_importing_it_imports_nothing_heavy() -> None:
    """
    Neither SQLAlchemy nor the command's libraries, nor any transport.
    """
    loaded = json.loads(
        run("import eterminservice_core, json, sys; print(json.dumps([*sys.modules]))")
    )

    assert set() == HEAVY & {name.partition(".")[0] for name in loaded}


def test_importing_it_starts_nothing() -> None:
    """
    No thread, no output, no file left open, no handler of a signal or a log changed.
    """
    facts = run(
        "import logging, signal, threading\n"
        "def facts(): return (\n"
        "    threading.active_count(), logging.root.handlers,\n"
        "    logging.getLogger('eterminservice_core').handlers,\n"
        "    [signal.getsignal(it) for it in (signal.SIGTERM, signal.SIGINT)])\n"
        "before = facts()\n"
        "import eterminservice_core\n"
        "print(before == facts())\n"
    )

    assert facts == "True\n"
