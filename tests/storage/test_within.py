"""
A booking and its notice commit together: the store in the application's transaction.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from eterminservice_core import (
    ConfigurationError,
    InvalidValueError,
    Keys,
    NotificationService,
    SchemaMismatchError,
    WrongKeyError,
)
from eterminservice_core.storage.sql import SqlStore, sqlite_engine, upgrade
from eterminservice_core.testing.clock import FakeClock
from eterminservice_core.testing.stores.samples import (
    ONE,
    a_booking,
    a_practice,
    an_attempt,
    begin,
    reserved,
)


@pytest.fixture
def registered(store: SqlStore) -> SqlStore:
    """
    The store, with one practice.
    """
    with store.transaction() as tx:
        tx.add_practice(a_practice(ONE))
    return store


@contextmanager
def _portal(engine: Engine) -> Iterator[Connection]:
    """
    A portal's transaction on its own table in the same file.
    """
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS booking (id TEXT)"))
        connection.execute(text("INSERT INTO booking VALUES ('a-1')"))
        yield connection


def _bookings(path: Path) -> int:
    with closing(sqlite3.connect(path)) as shell:
        row: tuple[int] = shell.execute("SELECT count(*) FROM booking").fetchone()
        return row[0]


def test_a_booking_and_its_notice_commit_together(
    registered: SqlStore, engine: Engine, path: Path
) -> None:
    service = NotificationService(registered)

    with _portal(engine) as connection:
        recorded = service.record_all(
            [a_booking()], within=registered.within(connection)
        )

    assert recorded.new == 1
    assert _bookings(path) == 1
    with registered.transaction() as tx:
        assert len(tx.waiting(ONE)) == 1


def test_a_booking_and_its_notice_are_taken_back_together(
    registered: SqlStore, engine: Engine, path: Path
) -> None:
    with _portal(engine):
        pass

    def book_and_fail() -> None:
        with _portal(engine) as connection:
            registered.within(connection).add_notice(a_booking())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        book_and_fail()

    assert _bookings(path) == 1
    with registered.transaction() as tx:
        assert list(tx.notices(ONE)) == []


def test_a_refused_begin_leaves_the_application_s_transaction_open(
    registered: SqlStore, engine: Engine, path: Path
) -> None:
    begin(registered)

    with _portal(engine) as connection:
        tx = registered.within(connection)
        second = an_attempt("attempt-2")
        assert not tx.begin(second, reserved(second), ())

    assert _bookings(path) == 1


def test_another_engine_for_the_same_file_will_do(
    registered: SqlStore, path: Path, clock: FakeClock
) -> None:
    """
    It need not be the store's own, only be made like it; the clock is the store's.
    """
    portal_s_own = sqlite_engine(path)

    with portal_s_own.begin() as connection:
        tx = registered.within(connection)
        tx.add_notice(a_booking())
        assert tx.now() == clock()
    portal_s_own.dispose()

    with registered.transaction() as tx:
        assert len(tx.waiting(ONE)) == 1


def test_two_stores_on_one_connection_tell_each_its_own_time(
    registered: SqlStore, engine: Engine, keys: Keys, clock: FakeClock
) -> None:
    late = FakeClock(clock().replace(year=2027))
    other = SqlStore(engine, keys, clock=late)

    with registered.transaction() as tx:
        assert tx.now() == clock()
    with other.transaction() as tx:
        assert tx.now() == late()
    with registered.transaction() as tx:
        assert tx.now() == clock()


def test_a_connection_without_a_transaction_is_refused(
    registered: SqlStore, engine: Engine
) -> None:
    with (
        engine.connect() as connection,
        pytest.raises(InvalidValueError, match=r"connection\.begin\(\)"),
    ):
        registered.within(connection)


def test_an_engine_of_another_make_is_refused(
    registered: SqlStore, path: Path, keys: Keys
) -> None:
    """
    It begins only when it writes, and forgets to erase what belongs to a practice.
    """
    other_make = create_engine(f"sqlite:///{path}")

    with (
        other_make.begin() as connection,
        pytest.raises(ConfigurationError, match="sqlite_engine"),
    ):
        registered.within(connection)
    with pytest.raises(ConfigurationError, match="sqlite_engine"):
        SqlStore(other_make, keys)
    with pytest.raises(ConfigurationError, match="sqlite_engine"):
        upgrade(other_make, keys)
    other_make.dispose()


def test_an_engine_that_only_follows_foreign_keys_is_refused(
    registered: SqlStore, path: Path
) -> None:
    other_make = create_engine(f"sqlite:///{path}")

    with other_make.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        with pytest.raises(ConfigurationError, match="sqlite_engine"):
            registered.within(connection)
    other_make.dispose()


def test_another_database_is_refused(
    registered: SqlStore, tmp_path: Path, keys: Keys
) -> None:
    elsewhere = sqlite_engine(tmp_path / "other.db")

    with elsewhere.begin() as connection, pytest.raises(SchemaMismatchError):
        registered.within(connection)
    upgrade(elsewhere, Keys.generate(secrets.token_bytes))
    with elsewhere.begin() as connection, pytest.raises(WrongKeyError):
        registered.within(connection)
    elsewhere.dispose()

    assert registered.keys == keys
