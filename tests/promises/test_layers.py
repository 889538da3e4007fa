"""
Imports go downward only; and the contracts that say so bite.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from importlinter.cli import lint_imports


ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "pyproject.toml"
CONTRACTS = tomllib.loads(CONFIGURATION.read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["contracts"]

#: One more line in one file, and the contract that must not bear it.
BREAKAGES = [
    ("domain/errors.py", "from .codes import LENGTH", "The domain's layers"),
    ("domain/digest.py", "from .channel import Channel", "The domain's layers"),
    ("domain/keys.py", "import secrets", "The domain is pure"),
    ("domain/practice.py", "import logging", "The domain is pure"),
    (
        "domain/practice.py",
        "from ..service import NotificationService",
        "The core's layers",
    ),
    ("transport.py", "from .store import Store", "The core's layers"),
    ("dispatch.py", "from . import confirmation", "The core's layers"),
    ("leftovers.py", "", "The core's layers"),
    ("service.py", "import eterminservice_transports", "The core never imports"),
    ("service.py", "from sqlalchemy import select", "Only storage imports"),
    ("isolation.py", "import pluggy", "Only the hook and the registry"),
    ("worker.py", "import rich", "Only the command imports"),
    ("dispatch.py", "from eterminservice_core import Practice", "Nobody inside"),
    ("domain/digest.py", "from eterminservice_core import BSNR", "Nobody inside"),
]


def lint(source: Path) -> str:
    """
    What import-linter says of a copy of the source.
    """
    script = (
        "from importlinter.cli import lint_imports;"
        f"lint_imports({str(CONFIGURATION)!r}, no_cache=True, no_logo=True)"
    )
    return subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(source), "COLUMNS": "200"},
        cwd=source,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def with_line(folder: Path, file: str, line: str) -> Path:
    """
    A copy of the source with one more line in one file.
    """
    source = folder / "src"
    shutil.copytree(
        ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__", "*.j2")
    )
    with (source / "eterminservice_core" / file).open("a", encoding="utf-8") as copy:
        copy.write(f"\n{line}\n")
    return source


def test_every_contract_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    broken = lint_imports(
        config_filename=str(CONFIGURATION), no_cache=True, no_logo=True
    )

    assert not broken, capsys.readouterr().out


def test_every_module_must_say_where_it_stands() -> None:
    layers = [it for it in CONTRACTS if it["type"] == "layers"]

    assert [it["containers"] for it in layers] == [
        ["eterminservice_core"],
        ["eterminservice_core.domain"],
    ]
    assert all(it["exhaustive"] for it in layers)


@pytest.mark.parametrize(("file", "line", "contract"), BREAKAGES)
def test_a_line_in_the_wrong_place_breaks_a_contract(
    tmp_path: Path, file: str, line: str, contract: str
) -> None:
    (name,) = (it["name"] for it in CONTRACTS if it["name"].startswith(contract))

    assert f"{name} BROKEN" in lint(with_line(tmp_path, file, line))


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("storage/memory/store.py", "import sqlalchemy", "Only storage imports"),
        ("registry.py", "import pluggy", "Only the hook and the registry"),
        ("cli/command.py", "import click", "Only the command imports"),
        ("domain/practice.py", "from .codes import LENGTH", "The domain's layers"),
    ],
)
def test_a_line_in_its_place_breaks_none(
    tmp_path: Path, file: str, line: str, contract: str
) -> None:
    (name,) = (it["name"] for it in CONTRACTS if it["name"].startswith(contract))

    assert f"{name} KEPT" in lint(with_line(tmp_path, file, line))
