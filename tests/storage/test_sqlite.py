"""
What SQLite must be told, and what must never leave it.
"""

from __future__ import annotations

import sqlite3
import stat
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from types import ModuleType
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import Connection, Engine, QueuePool, create_engine

from eterminservice_core import (
    BSNR,
    ConfigurationError,
    ConflictError,
    Contact,
    Keys,
    StoreUnavailableError,
)
from eterminservice_core.storage.sql import (
    SqlStore,
    SqlTransaction,
    sqlite_engine,
    upgrade,
)
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
    empty: Engine, path: Path, keys: Keys
) -> None:
    upgrade(empty, keys)

    with SqlStore(empty, keys).transaction() as tx:
        tx.add_practice(a_practice(ONE))
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


def test_an_attempt_that_cannot_be_put_on_record_reserves_nothing(
    registered: SqlStore,
) -> None:
    """
    The reservation came first, and went in; it is taken back with the attempt.
    """
    stranger = an_attempt(bsnr=BSNR("391234511"))

    assert not begin(registered, stranger)

    with registered.transaction() as tx:
        tx.add_practice(a_practice(stranger.bsnr))
        assert tx.outlook(stranger.bsnr).quota_free_at is None
    assert begin(registered, stranger)


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


def _record_until_it_is_full(tx: SqlTransaction) -> None:
    for number in range(2000):
        tx.add_notice(a_booking(f"a-{number}"))


def test_a_full_disk_takes_back_all_of_a_transaction_and_ends_it(
    registered: SqlStore, engine: Engine
) -> None:
    """
    SQLite may have rolled back by itself: what came then would be committed alone.
    """

    def record_and_go_on_regardless() -> None:
        with engine.begin() as connection:
            tx = registered.within(connection)
            _fill_the_disk(connection)
            with pytest.raises(StoreUnavailableError, match="SQLITE_FULL"):
                _record_until_it_is_full(tx)
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
                _record_until_it_is_full(tx)

    with pytest.raises(StoreUnavailableError, match="failed before"):
        record_and_swallow()
    registered.close()

    with registered.transaction() as tx:
        assert list(tx.notices(ONE)) == []


def test_no_error_quotes_what_was_kept(registered: SqlStore) -> None:
    practice = evolve(a_practice(ONE), name=SENTINEL, public=Contact(phone=SENTINEL))
    nothing: Any = None

    def register_again() -> None:
        with registered.transaction() as tx:
            tx.add_practice(practice)

    def break_a_rule_of_the_schema() -> None:
        with registered.transaction() as tx:
            tx.save_practice(evolve(practice, revision=nothing))

    def register_too_many() -> None:
        with registered.transaction() as tx:
            _fill_the_disk(tx._work.connection)
            for number in range(2000):
                tx.add_practice(evolve(practice, bsnr=BSNR(f"72{number:07}")))

    for wrong in (register_again, break_a_rule_of_the_schema, register_too_many):
        with pytest.raises((ConflictError, StoreUnavailableError)) as refused:
            wrong()
        assert SENTINEL not in _all_it_shows(refused.value)


def _all_it_shows(error: BaseException | None) -> str:
    shown = "".join(traceback.format_exception(error))
    while error is not None:
        shown += f"{error!r} {error}"
        error = error.__cause__ or error.__context__
    return shown


def test_when_all_connections_are_in_use_the_store_does_not_answer(
    engine: Engine, keys: Keys
) -> None:
    pool = engine.pool
    assert isinstance(pool, QueuePool)
    pool._timeout = 0
    opened = SqlStore(engine, keys)

    with ExitStack() as others:
        for _ in range(pool.size() + pool._max_overflow):
            others.enter_context(engine.connect())
        with (
            pytest.raises(StoreUnavailableError, match="all connections"),
            opened.transaction(),
        ):
            pass


# What will not do


def test_a_sqlite_that_is_too_old_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.36.0")
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))

    with pytest.raises(ConfigurationError, match=r"SQLite 3\.36\.0.* 3\.37 or newer"):
        sqlite_engine(path)


def test_another_database_is_named(keys: Keys) -> None:
    driver = ModuleType("a driver that is not asked anything")
    driver.paramstyle = "format"  # type: ignore[attr-defined]  # what a driver has
    postgresql = create_engine("postgresql+pg8000://kv.example/store", module=driver)

    for use in (SqlStore, upgrade):
        with pytest.raises(ConfigurationError, match="not in postgresql"):
            use(postgresql, keys)


# The clock


def test_the_clock_is_the_machine_s_unless_it_is_told(
    engine: Engine, keys: Keys
) -> None:
    before = datetime.now(UTC)
    with SqlStore(engine, keys).transaction() as tx:
        assert before <= tx.now() <= datetime.now(UTC)
