"""
All that is SQLite's own: how a connection is set up, its clock, its upsert.

- ``journal_mode=WAL``: who reads waits for nobody.
- ``synchronous=FULL``: a commit is on the disk when it returns.  NORMAL would lose the
  last ones with the power, and with them the knowledge of a hand-over (P1).
- ``BEGIN IMMEDIATE``: a transaction has the write lock before it reads anything, so
  that nothing it has read can change until it ends.  The driver would begin by itself,
  later and deferred; SQLAlchemy's documentation says how to take that from it.
- ``secure_delete=ON``: what was erased is overwritten in the file.  The write-ahead log
  beside it forgets at the next checkpoint, at the latest when the last connection
  closes.  Rows that SQLite once moved to make room may have left a copy in space that
  nothing uses (seen in 2 of 12 files of much random writing); ``VACUUM`` leaves none.
- ``foreign_keys=ON``: erasing a practice takes along what it has.
- ``recursive_triggers=ON``: a ``REPLACE`` asks the delete triggers.  The 24-hour rule
  does not need it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.dialects.sqlite import insert

from ...domain.errors import ConfigurationError, InvalidValueError
from .instants import to_us


__all__ = [
    "insert",
    "lend_clock",
    "require_ready",
    "require_sqlite",
    "sqlite_engine",
]

#: How long a transaction waits for another to end.
PATIENCE: Final = timedelta(seconds=30)
#: The first release with STRICT tables; RETURNING came with 3.35.
_OLDEST: Final = (3, 37, 0)
_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA recursive_triggers=ON",
    "PRAGMA secure_delete=ON",
)
#: The store's clock, as the statements of a connection call it.
NOW: Final = "SELECT eterminservice_now_us()"
_CLOCK: Final = "eterminservice clock"


def sqlite_engine(path: str | Path, *, patience: timedelta = PATIENCE) -> Engine:
    """
    An engine for a SQLite file, safe for threads; for the application's tables too.

    Args:
        path: The file.  If there is none, it is made, for its owner's eyes only.
        patience: How long a transaction waits for another to end.

    Raises:
        ConfigurationError: Python brings a SQLite that is too old.
    """
    if sqlite3.sqlite_version_info < _OLDEST:
        raise ConfigurationError(
            f"this Python brings SQLite {sqlite3.sqlite_version}; the store needs"
            f" {'.'.join(map(str, _OLDEST[:2]))} or newer"
        )
    file = Path(path).absolute()
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        connect_args={
            "isolation_level": None,
            "timeout": patience.total_seconds(),
        },
        # Parameters are addresses and names: no error may quote them (P7).
        hide_parameters=True,
    )

    @event.listens_for(engine, "do_connect")
    def make_private(*_: object) -> None:
        # SQLite gives the logs beside the file the same rights.  A file that cannot be
        # made is SQLite's to complain about.
        with suppress(OSError):
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _: object) -> None:
        for pragma in _PRAGMAS:
            connection.execute(pragma).close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def require_sqlite(engine: Engine) -> None:
    """
    Refuse another database, before it is asked anything.

    Raises:
        ConfigurationError: It is not SQLite.
    """
    if engine.dialect.name != "sqlite":
        raise ConfigurationError(
            f"this release keeps its store in SQLite, not in {engine.dialect.name};"
            " make the engine with sqlite_engine"
        )


def require_ready(connection: Connection) -> None:
    """
    Refuse a connection on which the store's promises would not hold.

    Raises:
        InvalidValueError: No transaction is open on it.
        ConfigurationError: Its engine was not made as `sqlite_engine` makes them.
    """
    require_sqlite(connection.engine)
    if not connection.in_transaction():
        problem = "open a transaction on the connection first, with connection.begin()"
        raise InvalidValueError(problem)
    foreign_keys = connection.exec_driver_sql("PRAGMA foreign_keys").scalar()
    # Python's own way is to begin at the first write, after much was read.
    if not (foreign_keys and _driver(connection).in_transaction):
        raise ConfigurationError(
            "this engine neither begins its transactions at once nor follows foreign"
            " keys; make it with sqlite_engine, the application's own tables included"
        )


def lend_clock(connection: Connection, clock: Callable[[], datetime]) -> None:
    """
    Let statements on this connection ask the store's clock, `NOW`.
    """
    if connection.info.get(_CLOCK) is not clock:
        _driver(connection).create_function(
            "eterminservice_now_us", 0, lambda: to_us(clock())
        )
        connection.info[_CLOCK] = clock
