"""
Both stores keep the one contract.
"""

from __future__ import annotations

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


class TestSqliteStore(StoreContract):
    engine: Engine

    @pytest.fixture(autouse=True)
    def a_file(self, tmp_path: Path) -> Iterator[None]:
        self.engine = sqlite_engine(tmp_path / "store.db")
        upgrade(self.engine, KEYS)
        yield
        self.engine.dispose()

    def open_store(self, clock: Callable[[], datetime]) -> Store:
        return SqlStore(self.engine, KEYS, clock=clock)
