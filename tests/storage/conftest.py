"""
A store in a SQLite file of its own for each test.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from eterminservice_core import Keys
from eterminservice_core.storage.sql import SqlStore, sqlite_engine, upgrade
from eterminservice_core.testing.clock import FakeClock

from .shell import reserve


KEYS = Keys(pseudonyms=b"p" * 32, codes=(b"c" * 32,))


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A database that is an empty store, to be copied: faster than making it each time.
    """
    path = tmp_path_factory.mktemp("prepared") / "store.db"
    engine = sqlite_engine(path)
    upgrade(engine, KEYS)
    engine.dispose()
    return path


@pytest.fixture
def keys() -> Keys:
    """
    The store's secrets.
    """
    return KEYS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """
    Where the database lies.
    """
    return tmp_path / "store.db"


@pytest.fixture
def empty(path: Path) -> Iterator[Engine]:
    """
    An engine on a database that is not there yet.
    """
    engine = sqlite_engine(path)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(empty: Engine, path: Path, prepared: Path) -> Engine:
    """
    An engine on a database that is a store.
    """
    shutil.copy(prepared, path)
    return empty


@pytest.fixture
def store(engine: Engine, keys: Keys, clock: FakeClock) -> SqlStore:
    """
    The store.
    """
    return SqlStore(engine, keys, clock=clock)


@pytest.fixture
def shell(engine: Engine, path: Path) -> Iterator[sqlite3.Connection]:
    """
    A stranger's connection to the store's file.
    """
    engine.dispose()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


@pytest.fixture
def begun(shell: sqlite3.Connection) -> sqlite3.Connection:
    """
    The same, and attempt ``a`` of practice ``p`` has reserved from T to UNTIL.
    """
    reserve(shell, "a")
    return shell
