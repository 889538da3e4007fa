"""
What is asked all the time is answered from an index, however many practices there are.

Costs are counted in steps of SQLite's virtual machine, so they are the same everywhere.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import Engine, event

from eterminservice_core import BSNR, ChannelKind, Keys
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
    LEASE,
    ONE,
    a_booking,
    a_practice,
)


KINDS = [ChannelKind.EMAIL, ChannelKind.FAX]
Asking = Callable[[SqlTransaction, FakeClock], object]


def next_due_at(tx: SqlTransaction, _: FakeClock) -> object:
    return tx.next_due_at(KINDS)


def claim(tx: SqlTransaction, clock: FakeClock) -> object:
    now = clock()
    return tx.claim("worker-1", KINDS, limit=4, now=now, until=now + LEASE)


def outlook(tx: SqlTransaction, _: FakeClock) -> object:
    return tx.outlook(ONE)


def waiting(tx: SqlTransaction, _: FakeClock) -> object:
    return tx.waiting(ONE)


def waiting_practices(tx: SqlTransaction, _: FakeClock) -> object:
    return tx.waiting_practices(after=None, limit=4)


def overdue(tx: SqlTransaction, clock: FakeClock) -> object:
    return tx.overdue(clock(), limit=4)


def told(tx: SqlTransaction, _: FakeClock) -> object:
    return tx.told(ONE, ["a-1"])


def attempts(tx: SqlTransaction, _: FakeClock) -> object:
    return tx.attempts(ONE, limit=4)


ALL = [
    next_due_at,
    claim,
    outlook,
    waiting,
    waiting_practices,
    overdue,
    told,
    attempts,
]


@contextmanager
def _watched(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """
    The statements that are run, with their values.
    """
    seen: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        seen.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def _plan(engine: Engine, statement: str, values: Any) -> list[str]:
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(f"EXPLAIN QUERY PLAN {statement}", values)
        steps = [str(row[3]) for row in cursor.fetchall()]
        cursor.close()
    return steps


@pytest.mark.parametrize("ask", ALL, ids=lambda ask: ask.__name__)
def test_no_question_scans_a_table(
    store: SqlStore, engine: Engine, clock: FakeClock, ask: Asking
) -> None:
    with store.transaction() as tx:
        tx.add_practice(a_practice(ONE))
        tx.schedule(ONE, clock(), None)
    with _watched(engine) as seen, store.transaction() as tx:
        ask(tx, clock)

    questions = [
        (statement, values)
        for statement, values in seen
        if "eterminservice_now_us" not in statement and "BEGIN" not in statement
    ]
    assert questions
    for statement, values in questions:
        for step in _plan(engine, statement, values):
            # What is scanned may only be an index that holds nothing but what counts.
            if step.startswith("SCAN") and "CONSTANT ROW" not in step:
                assert "INDEX eterminservice_" in step, (statement, step)


@pytest.mark.parametrize("ask", [next_due_at, claim], ids=["next_due_at", "claim"])
def test_who_is_due_is_read_off_one_index_in_its_order(
    store: SqlStore, engine: Engine, clock: FakeClock, ask: Asking
) -> None:
    with store.transaction() as tx:
        tx.add_practice(a_practice(ONE))
        tx.schedule(ONE, clock(), None)
    with _watched(engine) as seen, store.transaction() as tx:
        ask(tx, clock)

    due = [(sql, values) for sql, values in seen if "due_kind = ?" in sql]
    assert len(due) == len(KINDS)
    for statement, values in due:
        (step,) = _plan(engine, statement, values)  # one step, so nothing is sorted
        assert step.startswith("SEARCH")
        assert "USING INDEX eterminservice_practice_due" in step


def _fill(store: SqlStore, practices: int, clock: FakeClock) -> None:
    """
    Practices with a notice each, of which four are due, others later or held.
    """
    numbers = [ONE, *(BSNR(f"72{number:07}") for number in range(practices))]
    with store.transaction() as tx:
        for number, bsnr in enumerate(numbers):
            practice = a_practice(bsnr, BY_FAX if number % 3 else BY_EMAIL)
            tx.add_practice(practice)
            tx.add_notice(a_booking(bsnr=bsnr))
            tx.add_notice(a_booking("a-2", bsnr=bsnr))
            later = clock() + timedelta(minutes=1 + number)
            tx.schedule(bsnr, clock() if number < len(KINDS) * 2 else later, None)
            if number % 7 == 6:
                tx.save_practice(evolve(practice, active=None))


def _cost(store: SqlStore, ask: Asking, clock: FakeClock) -> int:
    """
    Steps of the virtual machine, in tens.
    """
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with store.transaction() as tx:
        driver = tx._work.connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_progress_handler(count, 10)
        ask(tx, clock)
        driver.set_progress_handler(None, 10)
    return steps


def test_no_question_costs_more_when_there_are_more_practices(
    store: SqlStore, keys: Keys, clock: FakeClock, tmp_path: Path
) -> None:
    engine = sqlite_engine(tmp_path / "many.db")
    upgrade(engine, keys)
    many = SqlStore(engine, keys, clock=clock)
    _fill(store, 20, clock)
    _fill(many, 2000, clock)

    for ask in ALL:
        few = _cost(store, ask, clock)
        assert _cost(many, ask, clock) <= few * 1.1 + 5, ask.__name__
    many.close()
