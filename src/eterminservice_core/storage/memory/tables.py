"""
The tables of the memory store, and the journal that takes their writes back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from attrs import define, field, frozen

from ...domain.agenda import HeldReason
from ...domain.appointment import Notice
from ...domain.identifiers import BSNR
from ...domain.message import Verdict
from ...domain.practice import Practice
from ...domain.quota import Reservation
from ...facts import Attempt


KeyT = TypeVar("KeyT")
RowT = TypeVar("RowT")
#: Appointment and version.
NoticeKey = tuple[str, int]


@define
class Table(dict[KeyT, RowT]):
    """
    A dict that can take its writes back.
    """

    journal: list[Callable[[], None]] = field(factory=list, init=False)

    def __setitem__(self, key: KeyT, row: RowT) -> None:
        self._note(key)
        super().__setitem__(key, row)

    def __delitem__(self, key: KeyT) -> None:
        self._note(key)
        super().__delitem__(key)

    def _note(self, key: KeyT) -> None:
        take_back = super().__setitem__
        drop = super().__delitem__
        if key in self:
            row = self[key]
            self.journal.append(lambda: take_back(key, row))
        else:
            self.journal.append(lambda: drop(key))


@frozen(kw_only=True)
class Kept:
    """
    A notice as kept: waiting while it has a sequence, told when it has none.
    """

    notice: Notice
    recorded_at: datetime
    sequence: int | None
    possibly_known: bool = False
    attempt_id: str | None = None


@frozen(kw_only=True)
class Timetable:
    """
    A practice's schedule: due and lease are two facts, or recording would undo a lease.
    """

    due_at: datetime | None = None
    held: HeldReason | None = None
    retry_at: datetime | None = None
    failures: int = 0
    leased_to: str | None = None
    leased_until: datetime | None = None
    last_sequence: int = 0


@frozen(kw_only=True)
class Reserved:
    """
    A reservation and whether it still counts.
    """

    pseudonym: str
    reservation: Reservation
    freed: bool = False
    settled: bool = False


@define
class State:
    """
    All tables, and one journal of how to take their writes back.
    """

    practices: Table[BSNR, Practice] = field(factory=Table)
    timetables: Table[BSNR, Timetable] = field(factory=Table)
    notices: Table[BSNR, Mapping[NoticeKey, Kept]] = field(factory=Table)
    fingerprints: Table[str, str] = field(factory=Table)
    attempts: Table[str, Attempt] = field(factory=Table)
    reservations: Table[str, Reserved] = field(factory=Table)
    reports: Table[str, frozenset[Verdict]] = field(factory=Table)
    tallies: Table[str, tuple[int, datetime]] = field(factory=Table)
    marks: Table[str, datetime] = field(factory=Table)
    journal: list[Callable[[], None]] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        for table in self._tables():
            table.journal = self.journal

    def _tables(self) -> list[Table[Any, Any]]:
        return [
            self.practices,
            self.timetables,
            self.notices,
            self.fingerprints,
            self.attempts,
            self.reservations,
            self.reports,
            self.tallies,
            self.marks,
        ]

    def roll_back(self, *, to: int) -> None:
        """
        Take writes back, newest first, until so many notes are left.
        """
        while len(self.journal) > to:
            self.journal.pop()()
