"""
The SQL store asks for SQLAlchemy and Alembic, and nobody else does.
"""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import Engine

from eterminservice_core.storage.sql.extra import naming_the_extra


UPGRADE = """
from eterminservice_core.storage.sql import sqlite_engine, upgrade
upgrade(sqlite_engine("unused.db"), None)
"""


def test_the_package_itself_does_not_ask_for_sqlalchemy() -> None:
    finished = _python("import eterminservice_core; from sys import modules", *_LOADED)

    assert finished.stdout == "[]\n"


def test_opening_a_store_does_not_ask_for_alembic(path: Path, engine: Engine) -> None:
    """
    It takes as long to import as all the rest.
    """
    engine.dispose()
    finished = _python(
        "from sys import modules",
        "from eterminservice_core import Keys",
        "from eterminservice_core.storage.sql import SqlStore, sqlite_engine",
        "keys = Keys(pseudonyms=b'p' * 32, codes=(b'c' * 32,))",
        f"SqlStore(sqlite_engine({str(path)!r}), keys).close()",
        *_LOADED,
    )

    assert finished.stdout == "['sqlalchemy']\n"


@pytest.mark.parametrize(
    ("missing", "statement"),
    [
        ("sqlalchemy", "import eterminservice_core.storage.sql"),
        ("alembic", UPGRADE),
    ],
)
def test_what_is_missing_is_named_with_the_line_that_installs_it(
    missing: str, statement: str
) -> None:
    finished = _python(f"import sys; sys.modules[{missing!r}] = None", statement)

    assert finished.stderr.splitlines()[-1] == (
        f"ModuleNotFoundError: the SQL store needs {missing}:"
        ' pip install "eterminservice[sql]"'
    )


def test_whatever_else_is_missing_is_a_defect_and_is_seen() -> None:
    with (
        pytest.raises(ModuleNotFoundError, match="No module named 'a_defect'"),
        naming_the_extra(),
    ):
        import_module("a_defect")


_LOADED = ("print(sorted({'alembic', 'sqlalchemy'} & modules.keys()))",)


def _python(*statements: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "\n".join(statements)],
        capture_output=True,
        text=True,
        check=False,
    )
