"""
What may become of a reservation in the schema (P1): kept or freed once, deleted late.

Tried by somebody in the ``sqlite3`` shell, as in `test_reservation_guard`.
"""
# ruff: noqa: S608 — the statements are what is tried

from __future__ import annotations

import sqlite3

import pytest

from .shell import (
    DAY,
    LASTS,
    RESERVATION,
    STORE,
    UNTIL,
    T,
    change,
    refuses,
    reserve,
    rows,
)


# Settling


@pytest.mark.parametrize("verb", ["UPDATE", "UPDATE OR REPLACE", "UPDATE OR IGNORE"])
@pytest.mark.parametrize(
    "assignment",
    [
        "attempt_id = 'b'",
        "practice_key = 'q'",
        "practice_key = NULL",
        "begun_us = begun_us - 1",
        "begun_us = NULL",
    ],
)
def test_a_reservation_keeps_its_attempt_its_practice_and_its_begin(
    begun: sqlite3.Connection, assignment: str, verb: str
) -> None:
    reserve(begun, "b", begun=UNTIL, until=UNTIL + DAY)
    before = rows(begun)

    with refuses("keeps its attempt, its practice and its begin"):
        change(begun, f"{assignment} WHERE attempt_id = 'a'", verb=verb)

    assert rows(begun) == before


def test_no_row_has_a_number_under_which_another_could_replace_it(
    begun: sqlite3.Connection,
) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such column: rowid"):
        change(begun, "rowid = 1")


def test_a_kept_reservation_shrinks_to_24_hours_from_its_settlement(
    begun: sqlite3.Connection,
) -> None:
    settled = T + 60_000_000

    with refuses("lasts 24 hours from its settlement"):
        change(
            begun,
            f"state = 'kept', settled_us = {settled}, until_us = {settled + DAY - 1}",
        )

    change(begun, f"state = 'kept', settled_us = {settled}, until_us = {settled + DAY}")
    assert rows(begun) == [("a", "p", T, settled + DAY, settled, "kept")]


def test_a_clock_set_back_shrinks_nothing_below_24_hours(
    begun: sqlite3.Connection,
) -> None:
    settled = T - 3 * DAY

    with refuses("lasts 24 hours from its settlement"):
        change(
            begun, f"state = 'kept', settled_us = {settled}, until_us = {T + DAY - 1}"
        )

    change(begun, f"state = 'kept', settled_us = {settled}, until_us = {T + DAY}")


def test_what_nobody_knows_is_kept_to_its_end_however_late_it_is_settled(
    begun: sqlite3.Connection,
) -> None:
    assert change(begun, f"state = 'kept', settled_us = {UNTIL + DAY}") == 1


@pytest.mark.parametrize(
    "assignments",
    [
        f"until_us = {UNTIL - 1}",
        f"until_us = {UNTIL + 1}",
        f"settled_us = {T}",
        f"state = 'begun', settled_us = {T}, until_us = {T + DAY}",
        f"state = 'kept', settled_us = {T}, until_us = {UNTIL + 1}",
        f"state = 'kept', settled_us = {T}, until_us = NULL",
        f"state = 'kept', settled_us = {T}, until_us = 'never'",
        "state = 'kept'",
        "state = 'freed'",
        "state = 'freed', settled_us = 'now'",
        f"state = 'freed', settled_us = {T}, until_us = {UNTIL - 1}",
        f"state = 'freed', settled_us = {T}, until_us = {UNTIL + 1}",
        f"state = 'gone', settled_us = {T}",
        f"state = NULL, settled_us = {T}",
    ],
)
@pytest.mark.parametrize("verb", ["UPDATE", "UPDATE OR REPLACE", "UPDATE OR IGNORE"])
def test_a_reservation_changes_only_by_being_kept_or_freed(
    begun: sqlite3.Connection, assignments: str, verb: str
) -> None:
    before = rows(begun)

    with refuses():
        change(begun, assignments, verb=verb)

    assert rows(begun) == before


@pytest.mark.parametrize("state", ["kept", "freed"])
@pytest.mark.parametrize(
    "assignments",
    [
        "state = 'begun', settled_us = NULL",
        "state = 'begun'",
        "state = CASE state WHEN 'kept' THEN 'freed' ELSE 'kept' END",
        "settled_us = settled_us + 1",
        "until_us = until_us - 1",
        "until_us = until_us + 1",
    ],
)
def test_a_settled_reservation_never_changes(
    begun: sqlite3.Connection, state: str, assignments: str
) -> None:
    change(begun, f"state = '{state}', settled_us = {T}")

    with refuses("a settled reservation never changes"):
        change(begun, assignments)


@pytest.mark.parametrize("state", ["begun", "kept", "freed"])
def test_an_update_that_changes_nothing_is_let_through(
    begun: sqlite3.Connection, state: str
) -> None:
    if state != "begun":
        change(begun, f"state = '{state}', settled_us = {T}")

    assert change(begun, "state = state, until_us = until_us") == 1


def test_only_a_freed_reservation_makes_room(begun: sqlite3.Connection) -> None:
    reserve(begun, "b", practice="q")
    change(begun, f"state = 'freed', settled_us = {T} WHERE attempt_id = 'a'")
    change(begun, f"state = 'kept', settled_us = {T} WHERE attempt_id = 'b'")

    reserve(begun, "c", begun=T + 1, practice="p")
    with refuses(LASTS):
        reserve(begun, "d", begun=T + 1, practice="q")


def test_what_was_freed_and_what_follows_it_never_count_twice(
    begun: sqlite3.Connection,
) -> None:
    change(begun, f"state = 'freed', settled_us = {T}")
    reserve(begun, "b", begun=T + 1, until=UNTIL)

    with refuses(LASTS):
        reserve(begun, "c", begun=T + 2)


# Deleting


@pytest.mark.parametrize("state", ["begun", "kept", "freed"])
@pytest.mark.parametrize("where", ["", "WHERE attempt_id = 'a'"])
def test_a_reservation_is_not_deleted_before_the_store_has_seen_its_end(
    begun: sqlite3.Connection, state: str, where: str
) -> None:
    if state != "begun":
        change(begun, f"state = '{state}', settled_us = {T}")
    delete = f"DELETE FROM {RESERVATION} {where}"
    lasts = "cannot be deleted while it lasts"

    with refuses(lasts):  # the store has seen nothing at all
        begun.execute(delete)
    begun.execute(f"UPDATE {STORE} SET high_water_us = {UNTIL - 1}")
    with refuses(lasts):
        begun.execute(delete)
    begun.execute(f"UPDATE {STORE} SET high_water_us = {UNTIL}")
    begun.execute(delete)

    assert rows(begun) == []


# The high-water mark


def test_the_high_water_mark_rises_by_itself_and_falls_only_with_a_word(
    shell: sqlite3.Connection,
) -> None:
    shell.execute(f"UPDATE {STORE} SET high_water_us = {T}")
    shell.execute(f"UPDATE {STORE} SET high_water_us = {T + 1}")

    with refuses("falls only if it is accepted"):
        shell.execute(f"UPDATE {STORE} SET high_water_us = {T}")
    shell.execute(f"UPDATE {STORE} SET high_water_us = {T}, accepted = accepted + 1")

    kept = shell.execute(f"SELECT high_water_us, accepted FROM {STORE}").fetchall()
    assert kept == [(T, 1)]


@pytest.mark.parametrize(
    "assignments",
    [
        "high_water_us = NULL",
        "high_water_us = NULL, accepted = accepted + 1",
        "high_water_us = 'never', accepted = accepted + 1",
        "high_water_us = high_water_us - 1, accepted = accepted + 2",
        "high_water_us = high_water_us - 1, accepted = accepted - 1",
        "accepted = NULL",
        "key_check = ''",
        "id = 2",
    ],
)
@pytest.mark.parametrize("verb", ["UPDATE", "UPDATE OR REPLACE", "UPDATE OR IGNORE"])
def test_the_store_s_memory_cannot_be_written_over(
    shell: sqlite3.Connection, assignments: str, verb: str
) -> None:
    shell.execute(f"UPDATE {STORE} SET high_water_us = {T}")
    before = rows(shell, STORE)

    with refuses():
        shell.execute(f"{verb} {STORE} SET {assignments}")

    assert rows(shell, STORE) == before


@pytest.mark.parametrize(
    "statement",
    [
        f"DELETE FROM {STORE}",
        f"INSERT INTO {STORE} VALUES (2, '', NULL, 0)",
        f"INSERT OR REPLACE INTO {STORE} VALUES (1, '', NULL, 0)",
        f"REPLACE INTO {STORE} (id, key_check) SELECT id, key_check FROM {STORE}",
    ],
)
def test_the_store_s_memory_is_neither_deleted_nor_replaced(
    shell: sqlite3.Connection, statement: str
) -> None:
    before = rows(shell, STORE)

    with refuses():
        shell.execute(statement)

    assert rows(shell, STORE) == before
