"""
The 24-hour rule in the schema (P1), tried by somebody in the ``sqlite3`` shell.

The connection here is Python's plain driver with none of this library's settings:
foreign keys and recursive triggers are off, and nobody asked Python.
"""
# ruff: noqa: S608 — the statements are what is tried

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eterminservice_core import BSNR, Practice
from eterminservice_core.storage.sql import SqlStore
from eterminservice_core.testing.stores.samples import an_attempt, begin

from .shell import (
    DAY,
    LASTS,
    ONCE,
    RESERVATION,
    UNTIL,
    T,
    refuses,
    reserve,
    rows,
)


def test_the_shell_is_a_stranger_s(shell: sqlite3.Connection) -> None:
    assert shell.execute("PRAGMA recursive_triggers").fetchone() == (0,)
    assert shell.execute("PRAGMA foreign_keys").fetchone() == (0,)


def test_a_microsecond_before_the_end_nothing_begins(
    begun: sqlite3.Connection,
) -> None:
    with refuses(LASTS):
        reserve(begun, "b", begun=UNTIL - 1, until=UNTIL + DAY)

    assert len(rows(begun)) == 1


def test_at_the_very_end_the_next_begins(begun: sqlite3.Connection) -> None:
    reserve(begun, "b", begun=UNTIL, until=UNTIL + DAY)

    assert len(rows(begun)) == 2


@pytest.mark.parametrize("days_back", [0, 1, 3, 300])
def test_a_clock_set_back_by_days_begins_nothing(
    begun: sqlite3.Connection, days_back: int
) -> None:
    earlier = T - days_back * DAY

    with refuses(LASTS):
        reserve(begun, "b", begun=earlier, until=earlier + DAY)


def test_another_practice_begins(begun: sqlite3.Connection) -> None:
    reserve(begun, "b", practice="q")

    assert len(rows(begun)) == 2


def test_a_reservation_lasts_24_hours_to_the_microsecond(
    shell: sqlite3.Connection,
) -> None:
    with refuses("at least 24 hours"):
        reserve(shell, "a", until=T + DAY - 1)

    reserve(shell, "a", until=T + DAY)


@pytest.mark.parametrize(
    "values",
    [
        f"('a', 'p', {T}, {UNTIL}, NULL, 'kept')",
        f"('a', 'p', {T}, {UNTIL}, NULL, 'freed')",
        f"('a', 'p', {T}, {UNTIL}, NULL, NULL)",
        f"('a', 'p', {T}, {UNTIL}, {T}, 'begun')",
        f"('a', 'p', {T}, NULL, NULL, 'begun')",
        f"('a', 'p', NULL, {UNTIL}, NULL, 'begun')",
        f"('a', NULL, {T}, {UNTIL}, NULL, 'begun')",
        f"(NULL, 'p', {T}, {UNTIL}, NULL, 'begun')",
    ],
)
@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR REPLACE"])
def test_a_reservation_enters_as_begun_and_whole(
    shell: sqlite3.Connection, values: str, verb: str
) -> None:
    with refuses():
        shell.execute(f"{verb} INTO {RESERVATION} VALUES {values}")

    assert rows(shell) == []


@pytest.mark.parametrize("instant", ["tomorrow", b"\xff", float(UNTIL) + 0.5])
@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR IGNORE", "INSERT OR REPLACE"])
def test_what_is_no_whole_number_is_no_instant(
    begun: sqlite3.Connection, instant: object, verb: str
) -> None:
    """
    To SQLite a text is greater than any number, so it would begin after every end.
    """
    with refuses():
        reserve(begun, "b", begun=instant, until=UNTIL + 9 * DAY, verb=verb)

    assert len(rows(begun)) == 1


@pytest.mark.parametrize(
    "verb",
    [
        "INSERT",
        "INSERT OR IGNORE",
        "INSERT OR REPLACE",
        "INSERT OR FAIL",
        "INSERT OR ABORT",
        "INSERT OR ROLLBACK",
        "REPLACE",
    ],
)
def test_no_conflict_clause_weakens_the_rule(
    begun: sqlite3.Connection, verb: str
) -> None:
    before = rows(begun)

    with refuses(LASTS):
        reserve(begun, "b", begun=UNTIL - 1, until=UNTIL + DAY, verb=verb)
    with refuses(ONCE):
        reserve(begun, "a", begun=UNTIL, until=UNTIL + DAY, verb=verb)

    assert rows(begun) == before


@pytest.mark.parametrize("then", ["NOTHING", f"UPDATE SET until_us = {T + DAY}"])
def test_an_upsert_does_not_get_around_the_rule(
    begun: sqlite3.Connection, then: str
) -> None:
    with refuses(ONCE):
        begun.execute(
            f"INSERT INTO {RESERVATION} VALUES ('a', 'p', ?, ?, NULL, 'begun')"
            f" ON CONFLICT DO {then}",
            (UNTIL, UNTIL + DAY),
        )


def test_two_rows_of_one_statement_see_each_other(shell: sqlite3.Connection) -> None:
    row = f"{T}, {UNTIL}, NULL, 'begun'"

    with refuses(LASTS):
        shell.execute(
            f"INSERT INTO {RESERVATION} VALUES ('a', 'p', {row}), ('b', 'p', {row})"
        )

    assert rows(shell) == []


def test_a_select_that_feeds_an_insert_sees_its_own_rows(
    begun: sqlite3.Connection,
) -> None:
    """
    Whoever copies reservations, each shifted to where the last one ended.
    """
    with refuses(LASTS):
        begun.execute(
            f"INSERT INTO {RESERVATION}"
            " SELECT 'b' || n, practice_key, until_us, until_us + ?, NULL, 'begun'"
            f" FROM {RESERVATION}, (SELECT 1 AS n UNION ALL SELECT 2)",
            (DAY,),
        )

    assert len(rows(begun)) == 1


def test_a_refusal_leaves_the_transaction_as_it_was(begun: sqlite3.Connection) -> None:
    begun.execute("BEGIN IMMEDIATE")
    reserve(begun, "b", practice="q")
    with refuses(LASTS):
        reserve(begun, "c", begun=UNTIL - 1, until=UNTIL + DAY)
    assert begun.in_transaction
    begun.execute("COMMIT")

    assert [row[0] for row in rows(begun)] == ["a", "b"]


# And Python


def test_without_the_guard_nothing_in_python_refuses(
    store: SqlStore, path: Path
) -> None:
    """
    So the rule is the schema's own, and the tests above try the right thing.
    """
    attempt = an_attempt()
    with store.transaction() as tx:
        tx.add_practice(Practice(attempt.bsnr, name="Praxis Topp"))
    assert begin(store, attempt)
    second = an_attempt("attempt-2", begun_at=attempt.begun_at + timedelta(minutes=1))
    assert not begin(store, second)

    with closing(sqlite3.connect(path)) as shell:
        shell.execute("DROP TRIGGER eterminservice_reservation_begins")

    assert begin(store, second)


def test_of_many_workers_one_begins(store: SqlStore) -> None:
    bsnr = BSNR("241234601")
    with store.transaction() as tx:
        tx.add_practice(Practice(bsnr, name="Praxis Topp"))
    start = datetime(2026, 3, 2, 20, 30, tzinfo=UTC)

    def begin_one(number: int) -> bool:
        late = start + timedelta(seconds=number)
        return begin(store, an_attempt(f"attempt-{number}", begun_at=late))

    with ThreadPoolExecutor(max_workers=8) as workers:
        begun = list(workers.map(begin_one, range(8)))

    assert begun.count(True) == 1
