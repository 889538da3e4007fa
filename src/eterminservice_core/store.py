"""
The port to what is kept: a store and its transactions.

Verbs, no rows.  A transaction decides nothing: it keeps what it is told, under the
practice's lock, and refuses one thing of its own accord: a reservation that would break
the 24-hour rule (P1).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol

from .domain.address import ChannelKind
from .domain.agenda import HeldReason
from .domain.appointment import Notice
from .domain.identifiers import BSNR
from .domain.keys import Keys
from .domain.message import DeliveryReport, Receipt, Verdict
from .domain.practice import Practice
from .domain.quota import Reservation
from .facts import Attempt, Outlook, Recording, Tally, Waiting


class Transaction(Protocol):
    """
    One unit of work: all of it is kept, or nothing.

    Whatever names a practice takes that practice's lock until the end; name several in
    BSNR order.
    """

    def now(self) -> datetime:
        """
        The store's own clock, read now; aware, UTC.
        """
        ...

    def high_water(self) -> datetime | None:
        """
        The latest instant the store has seen, or None if it is new.
        """
        ...

    def raise_high_water(self, now: datetime, *, accept: bool = False) -> None:
        """
        Remember an instant; it never falls, unless a human accepts the clock.
        """
        ...

    # Practices

    def add_practice(self, practice: Practice) -> None:
        """
        Keep a new practice.

        Raises:
            ConflictError: There is one with this BSNR.
        """
        ...

    def practice(self, bsnr: BSNR) -> Practice:
        """
        The practice, locked until the end of the transaction.

        Raises:
            NotFoundError: There is none.
        """
        ...

    def save_practice(self, practice: Practice) -> None:
        """
        Keep a changed practice.

        Raises:
            NotFoundError: There is none.
        """
        ...

    def practices(self, *, after: BSNR | None, limit: int) -> Sequence[BSNR]:
        """
        A page of all practices in BSNR order.
        """
        ...

    # Counting

    def tally(self, key: str, *, limit: int, period: timedelta) -> Tally:
        """
        Count one more under this key, atomically, unless the limit is reached.

        A limit of zero only looks.
        """
        ...

    def clear_tally(self, key: str) -> None:
        """
        Start this key's count anew.
        """
        ...

    # Notices

    def add_notice(self, notice: Notice) -> Recording:
        """
        Keep a notice, waiting, unless the same is known; also after an erasure.

        Raises:
            NoticeConflictError: Same appointment and version, other content.
            NotFoundError: There is no such practice.
        """
        ...

    def waiting(self, bsnr: BSNR) -> Sequence[Waiting]:
        """
        The notices that wait, in order of their sequence.
        """
        ...

    def waiting_practices(self, *, after: BSNR | None, limit: int) -> Sequence[BSNR]:
        """
        A page of the practices that have notices waiting, in BSNR order.
        """
        ...

    def told(self, bsnr: BSNR, appointment_ids: Sequence[str]) -> Sequence[Notice]:
        """
        What was told of these appointments.
        """
        ...

    # When

    def outlook(self, bsnr: BSNR) -> Outlook:
        """
        What decides when this practice's next digest is due.
        """
        ...

    def schedule(
        self, bsnr: BSNR, due_at: datetime | None, held: HeldReason | None
    ) -> None:
        """
        Put on record when the next digest is due, or why none is.
        """
        ...

    def note_failures(
        self, bsnr: BSNR, *, failures: int, retry_at: datetime | None
    ) -> None:
        """
        Put on record how many hand-overs failed in a row, and when to try again.
        """
        ...

    def next_due_at(self, kinds: Sequence[ChannelKind]) -> datetime | None:
        """
        When the next digest through one of these kinds is due; answered from an index.
        """
        ...

    def claim(
        self,
        worker: str,
        kinds: Sequence[ChannelKind],
        *,
        limit: int,
        now: datetime,
        until: datetime,
    ) -> Sequence[BSNR]:
        """
        Lease due practices to a worker, longest due first; costs no quota.
        """
        ...

    def release(self, bsnr: BSNR, worker: str) -> None:
        """
        Give a lease back, if it is still this worker's.
        """
        ...

    # Attempts

    def begin(
        self, attempt: Attempt, reservation: Reservation, sequences: Sequence[int]
    ) -> bool:
        """
        Put an attempt on record with its reservation and the notices it carries.

        Returns:
            False, with nothing kept, where the 24-hour rule refuses the reservation.
        """
        ...

    def settle(
        self,
        attempt_id: str,
        worker: str | None,
        receipt: Receipt,
        *,
        now: datetime,
        reservation: Reservation | None,
    ) -> bool:
        """
        Put an outcome on record, only if the attempt is still begun (by this worker).

        Args:
            attempt_id: The attempt.
            worker: Whose it must be, or None for whoever recovers it.
            receipt: What came of it.
            now: When.
            reservation: What stays reserved, never longer than before; None frees it.
        """
        ...

    def attempt(self, attempt_id: str) -> Attempt | None:
        """
        The attempt with this id, if it is known, with its practice locked.
        """
        ...

    def attempts(self, bsnr: BSNR, *, limit: int) -> Sequence[Attempt]:
        """
        The practice's latest attempts, newest first.
        """
        ...

    def overdue(self, now: datetime, *, limit: int) -> Sequence[Attempt]:
        """
        Attempts still begun after their deadline: their worker died.
        """
        ...

    def mark_told(self, attempt_id: str) -> None:
        """
        The notices whose latest attempt is this one wait no longer.
        """
        ...

    def mark_waiting(self, attempt_id: str) -> None:
        """
        The notices whose latest attempt is this one wait (again), possibly known.

        Each gets a new sequence.
        """
        ...

    # Reports

    def add_report(self, report: DeliveryReport) -> None:
        """
        Keep a report, also of an attempt that is not settled or not known (parked).
        """
        ...

    def reports(self, attempt_id: str) -> frozenset[Verdict]:
        """
        What reports said of this attempt so far.
        """
        ...

    # Upkeep

    def erase(self, bsnr: BSNR) -> None:
        """
        Forget a practice with all it has; keyed hashes and reservations stay.

        Raises:
            NotFoundError: There is none.
        """
        ...

    def notices(self, bsnr: BSNR) -> Sequence[Notice]:
        """
        All notices kept of a practice, told or not.
        """
        ...

    def forget(self, before: datetime) -> int:
        """
        Erase notices of appointments, and attempts, that were over before an instant.

        Returns:
            How many notices were erased.
        """
        ...


class Store(Protocol):
    """
    Keeps practices, notices, attempts and reservations (Ablage).
    """

    @property
    def keys(self) -> Keys:
        """
        The secrets its hashes are made with.
        """
        ...

    def transaction(self) -> AbstractContextManager[Transaction]:
        """
        Open a unit of work; an exception rolls all of it back.

        Raises:
            StoreUnavailableError: The store does not answer, or not in time.
        """
        ...
