"""
Both stores keep the one contract.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from eterminservice_core import Keys, Store
from eterminservice_core.storage import MemoryStore
from eterminservice_core.storage.sql import SqlStore, sqlite_engine, upgrade
from eterminservice_core.testing.stores import StoreContract


KEYS = Keys(pseudonyms=b"p" * 32, codes=(b"c" * 32,))


class TestMemoryStore(StoreContract):
    def open_store(self, clock: Callable[[], datetime]) -> Store:
        return MemoryStore(KEYS, clock=clock)


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


class TestSqliteStore(StoreContract):
    engine: Engine

    @pytest.fixture(autouse=True)
    def a_file_of_its_own(self, prepared: Path, tmp_path: Path) -> Iterator[None]:
        self.engine = sqlite_engine(shutil.copy(prepared, tmp_path))
        yield
        self.engine.dispose()

    def open_store(self, clock: Callable[[], datetime]) -> Store:
        return SqlStore(self.engine, KEYS, clock=clock)
