"""
What SQLite must be told, and what must never leave it.
"""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from attrs import evolve
from sqlalchemy import Connection, Engine, create_engine, text

from eterminservice_core import (
    BSNR,
    ConfigurationError,
    ConflictError,
    Contact,
    InvalidValueError,
    Keys,
    NotificationService,
    Practice,
    SchemaMismatchError,
    StoreUnavailableError,
    WrongKeyError,
)
from eterminservice_core.storage.sql import SqlStore, sqlite_engine, upgrade
from eterminservice_core.testing.clock import FakeClock
from eterminservice_core.testing.stores.samples import (
    BY_EMAIL,
    BY_FAX,
    ONE,
    a_booking,
    a_practice,
    an_attempt,
    begin,
    record,
)


SENTINEL = "Sentinel-Praxis Wiedererkennbar"
AT_ONCE = timedelta(0)


@pytest.fixture
def registered(store: SqlStore) -> SqlStore:
    """
    The store, with one practice.
    """
    with store.transaction() as tx:
        tx.add_practice(a_practice(ONE))
    return store


def _pragma(connection: Connection, name: str) -> object:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


# Settings


def test_every_connection_is_told_what_the_promises_need(engine: Engine) -> None:
    with engine.connect() as one, engine.connect() as other:
        for connection in (one, other):
            settings = connection.connection.cursor()
            found = {
                name: settings.execute(f"PRAGMA {name}").fetchone()[0]
                for name in (
                    "journal_mode",
                    "synchronous",
                    "foreign_keys",
                    "recursive_triggers",
                    "secure_delete",
                    "busy_timeout",
                )
            }
            settings.close()
            assert found == {
                "journal_mode": "wal",
                "synchronous": 2,  # FULL
                "foreign_keys": 1,
                "recursive_triggers": 1,
                "secure_delete": 1,
                "busy_timeout": 30_000,
            }


def test_the_file_and_its_log_are_for_their_owner_s_eyes(
    registered: SqlStore, path: Path
) -> None:
    with registered.transaction() as tx:
        tx.practice(ONE)
        files = [path, path.with_name("store.db-wal"), path.with_name("store.db-shm")]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_transaction_has_the_write_lock_before_it_reads(
    registered: SqlStore, path: Path, keys: Keys
) -> None:
    """
    Or what it read could change before it writes.
    """
    impatient = sqlite_engine(path, patience=AT_ONCE)
    second = SqlStore(impatient, keys)

    with registered.transaction() as tx:
        tx.practice(ONE)
        with (
            pytest.raises(StoreUnavailableError, match="SQLITE_BUSY"),
            second.transaction(),
        ):
            pass

    with second.transaction() as tx:
        assert tx.practice(ONE) == a_practice(ONE)
    second.close()


def test_who_waits_for_the_lock_reads_the_clock_when_it_has_it(
    registered: SqlStore, clock: FakeClock
) -> None:
    started = Event()

    def read_the_clock() -> object:
        started.set()
        with registered.transaction() as tx:
            return tx.now()

    with ThreadPoolExecutor(max_workers=1) as threads:
        with registered.transaction():
            reading = threads.submit(read_the_clock)
            started.wait()
            clock.advance(timedelta(hours=1))
        assert reading.result() == clock()


def test_a_store_survives_a_restart(
    registered: SqlStore, path: Path, keys: Keys, clock: FakeClock
) -> None:
    record(registered, a_booking())
    attempt = an_attempt(begun_at=clock())
    begin(registered, attempt)
    registered.close()

    again = SqlStore(sqlite_engine(path), keys, clock=clock)

    with again.transaction() as tx:
        assert tx.practice(ONE) == a_practice(ONE)
        assert [it.untold.notice for it in tx.waiting(ONE)] == [a_booking()]
        assert tx.attempt(attempt.id) == attempt
        assert tx.outlook(ONE).quota_free_at is not None
    again.close()


def test_channels_that_play_no_part_any_more_are_gone(
    registered: SqlStore, path: Path
) -> None:
    with registered.transaction() as tx:
        tx.save_practice(evolve(a_practice(ONE), selected=BY_FAX))
        tx.save_practice(evolve(a_practice(ONE), selected=BY_FAX, active=BY_FAX))

    with closing(sqlite3.connect(path)) as shell:
        kept = shell.execute("SELECT DISTINCT address FROM eterminservice_channel")
        assert kept.fetchall() == [(BY_FAX.address.normalized,)]
    assert BY_EMAIL.address != BY_FAX.address


# What does not answer


def test_a_file_that_is_no_database_does_not_answer(path: Path, keys: Keys) -> None:
    path.write_bytes(b"Sehr geehrte Damen und Herren" * 100)

    with pytest.raises(StoreUnavailableError, match="SQLITE_NOTADB"):
        SqlStore(sqlite_engine(path), keys)


def test_a_folder_that_is_not_there_does_not_answer(path: Path, keys: Keys) -> None:
    engine = sqlite_engine(path / "missing" / "store.db")

    with pytest.raises(StoreUnavailableError, match="SQLITE_CANTOPEN"):
        upgrade(engine, keys)


def _fill_the_disk(connection: Connection) -> None:
    """
    Let the file not grow any more, as if the disk were full.
    """
    connection.exec_driver_sql("PRAGMA max_page_count = 1")


def test_a_full_disk_takes_back_all_of_a_transaction_and_ends_it(
    registered: SqlStore, engine: Engine
) -> None:
    """
    SQLite may have rolled back by itself: what came then would be committed alone.
    """
    many = [a_booking(f"a-{n}") for n in range(2000)]

    def record_and_go_on_regardless() -> None:
        with engine.begin() as connection:
            tx = registered.within(connection)
            _fill_the_disk(connection)
            with pytest.raises(StoreUnavailableError, match="SQLITE_FULL"):
                for notice in many:
                    tx.add_notice(notice)
            with pytest.raises(StoreUnavailableError, match="failed before"):
                tx.raise_high_water(tx.now())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record_and_go_on_regardless()
    registered.close()

    with registered.transaction() as tx:
        assert list(tx.notices(ONE)) == []
        assert tx.high_water() is None


def test_a_transaction_that_failed_is_not_committed_whoever_swallows_the_error(
    registered: SqlStore,
) -> None:
    def record_and_swallow() -> None:
        with registered.transaction() as tx:
            _fill_the_disk(tx._work.connection)
            with pytest.raises(StoreUnavailableError, match="SQLITE_FULL"):
                for n in range(2000):
                    tx.add_notice(a_booking(f"a-{n}"))

    with pytest.raises(StoreUnavailableError, match="failed before"):
        record_and_swallow()
    registered.close()

    with registered.transaction() as tx:
        assert list(tx.notices(ONE)) == []


def test_no_error_quotes_what_was_kept(registered: SqlStore) -> None:
    phone = "030 23125-999"
    practice = evolve(
        a_practice(ONE), name=SENTINEL, public=Contact(phone=phone), revision=2**70
    )
    wrongs = [
        lambda tx: tx.add_practice(evolve(practice, revision=0)),
        lambda tx: tx.save_practice(evolve(practice, revision=None)),
        lambda tx: _fill_and_record(tx, practice),
    ]
    for wrong in wrongs:
        with pytest.raises((ConflictError, StoreUnavailableError)) as refused:
            _run(registered, wrong)
        shown = "".join(traceback.format_exception(refused.value))
        chain: BaseException | None = refused.value
        while chain is not None:
            shown += f"{chain!r} {chain}"
            chain = chain.__cause__ or chain.__context__
        assert SENTINEL not in shown
        assert phone not in shown


def _run(store: SqlStore, wrong: object) -> None:
    assert callable(wrong)
    with store.transaction() as tx:
        wrong(tx)


def _fill_and_record(tx: object, practice: Practice) -> None:
    tx._work.connection.exec_driver_sql("PRAGMA max_page_count = 1")  # type: ignore[attr-defined]
    for number in range(2000):
        bsnr = BSNR(f"72{number:07}")
        tx.add_practice(evolve(practice, bsnr=bsnr, revision=0))  # type: ignore[attr-defined]


# Within the application's own transaction


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
        assert not begin_within(tx, second)

    assert _bookings(path) == 1


def begin_within(tx: object, attempt: object) -> bool:
    from eterminservice_core.testing.stores.samples import reserved

    return bool(tx.begin(attempt, reserved(attempt), ()))  # type: ignore[attr-defined,arg-type]
