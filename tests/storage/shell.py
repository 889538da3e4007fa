"""
Somebody in the ``sqlite3`` shell, at the table of reservations.
"""
# ruff: noqa: S608 — the statements are what is tried

from __future__ import annotations

import sqlite3

import pytest


DAY = 24 * 60 * 60 * 1_000_000
#: 2 March 2026, 20:30 UTC, in microseconds.
T = 1_772_483_400_000_000
#: The end of a reservation that was begun at T and may take five minutes.
UNTIL = T + DAY + 300_000_000

RESERVATION = "eterminservice_reservation"
STORE = "eterminservice_store"

LASTS = "another reservation of this practice still lasts"
ONCE = "an attempt reserves only once"


def reserve(
    shell: sqlite3.Connection,
    attempt: str,
    *,
    practice: str = "p",
    begun: object = T,
    until: object = UNTIL,
    verb: str = "INSERT",
) -> None:
    shell.execute(
        f"{verb} INTO {RESERVATION} VALUES (?, ?, ?, ?, NULL, 'begun')",
        (attempt, practice, begun, until),
    )


def change(shell: sqlite3.Connection, assignments: str, *, verb: str = "UPDATE") -> int:
    return shell.execute(f"{verb} {RESERVATION} SET {assignments}").rowcount


def rows(
    shell: sqlite3.Connection, table: str = RESERVATION
) -> list[tuple[object, ...]]:
    found = shell.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
    return [tuple(row) for row in found]


def refuses(
    saying: str | None = None,
) -> pytest.RaisesExc[sqlite3.IntegrityError]:
    return pytest.raises(sqlite3.IntegrityError, match=saying)
