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

from eterminservice_core import BSNR, ChannelKind, Keys, Receipt
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
    an_attempt,
    reserved,
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


QUESTIONS = [
    next_due_at,
    claim,
    outlook,
    waiting,
    waiting_practices,
    overdue,
    told,
    attempts,
]


def add_notice(tx: SqlTransaction, _: FakeClock) -> object:
    return tx.add_notice(a_booking("a-new"))


def refused(tx: SqlTransaction, clock: FakeClock) -> object:
    attempt = an_attempt("attempt-refused", begun_at=clock())
    assert not tx.begin(attempt, reserved(attempt), [1])
    return attempt


def settle(tx: SqlTransaction, clock: FakeClock) -> object:
    attempt = an_attempt(str(ONE), begun_at=clock())
    accepted = Receipt.accepted()
    kept = reserved(attempt)
    assert tx.settle(attempt.id, None, accepted, now=clock(), reservation=kept)
    tx.mark_waiting(attempt.id)
    tx.mark_told(attempt.id)
    return attempt


def begun(tx: SqlTransaction, clock: FakeClock) -> object:
    attempt = an_attempt("attempt-late", begun_at=clock() + timedelta(days=2))
    assert tx.begin(attempt, reserved(attempt), [1])
    return attempt


def erase(tx: SqlTransaction, _: FakeClock) -> object:
    tx.erase(ONE)
    return ONE


DEEDS = [add_notice, refused, settle, begun, erase]


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


@pytest.mark.parametrize("ask", QUESTIONS, ids=lambda ask: ask.__name__)
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
    Practices with two notices and an attempt each; four are due, others later or held.
    """
    numbers = [ONE, *(BSNR(f"72{number:07}") for number in range(practices))]
    with store.transaction() as tx:
        for number, bsnr in enumerate(numbers):
            practice = a_practice(bsnr, BY_FAX if number % 3 else BY_EMAIL)
            tx.add_practice(practice)
            tx.add_notice(a_booking(bsnr=bsnr))
            tx.add_notice(a_booking("a-2", bsnr=bsnr))
            attempt = an_attempt(str(bsnr), bsnr=bsnr, begun_at=clock())
            assert tx.begin(attempt, reserved(attempt), [1])
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


def test_nothing_costs_more_when_there_are_more_practices(
    store: SqlStore, keys: Keys, clock: FakeClock, tmp_path: Path
) -> None:
    engine = sqlite_engine(tmp_path / "many.db")
    upgrade(engine, keys)
    many = SqlStore(engine, keys, clock=clock)
    _fill(store, 20, clock)
    _fill(many, 800, clock)

    for act in (*QUESTIONS, *DEEDS):
        few = _cost(store, act, clock)
        # A table of forty times as many rows is one or two pages deeper.
        assert _cost(many, act, clock) <= few * 1.1 + 5, act.__name__
    many.close()
