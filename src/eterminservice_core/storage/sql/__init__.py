"""
The store in SQL: SQLite, through SQLAlchemy Core; it needs the extra ``sql``.

    engine = sqlite_engine("eterminservice.db")
    upgrade(engine, keys)                  # once, and after each new release
    store = SqlStore(engine, keys)
"""

from __future__ import annotations

from .extra import naming_the_extra


with naming_the_extra():
    from .sqlite import sqlite_engine
    from .store import SqlStore, SqlTransaction
    from .upgrading import upgrade


__all__ = ["SqlStore", "SqlTransaction", "sqlite_engine", "upgrade"]
