"""
When, in memory: due and leased are two facts, or recording would undo a lease.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import define, evolve

from ...domain.address import ChannelKind
from ...domain.agenda import HeldReason
from ...domain.identifiers import BSNR
from ...domain.quota import Reservation
from ...facts import Outlook
from .notices import Notices
from .tables import Timetable


@define
class Timetables(Notices):
    """
    When the practices with notices are due, and who has them.
    """

    def outlook(self, bsnr: BSNR) -> Outlook:
        """
        What decides when this practice's next digest is due.
        """
        timetable = self._timetable(bsnr)
        waiting = self.waiting(bsnr)
        leased = (
            timetable.leased_until is not None and timetable.leased_until > self.now()
        )
        return Outlook(
            waiting=len(waiting),
            waiting_since=min((item.recorded_at for item in waiting), default=None),
            quota_free_at=max(
                (reserved.until for reserved in self._reserved(bsnr)), default=None
            ),
            retry_at=timetable.retry_at,
            failures=timetable.failures,
            due_at=timetable.due_at,
            held=timetable.held,
            leased_to=timetable.leased_to if leased else None,
        )

    def _timetable(self, bsnr: BSNR) -> Timetable:
        self.practice(bsnr)
        return self._state.timetables[bsnr]

    def _reserved(self, bsnr: BSNR) -> list[Reservation]:
        pseudonym = self._keys.pseudonym("practice", str(bsnr))
        return [
            row.reservation
            for row in self._state.reservations.values()
            if row.pseudonym == pseudonym and not row.freed
        ]

    def schedule(
        self, bsnr: BSNR, due_at: datetime | None, held: HeldReason | None
    ) -> None:
        """
        Put on record when the next digest is due, or why none is.
        """
        timetable = self._timetable(bsnr)
        self._state.timetables[bsnr] = evolve(timetable, due_at=due_at, held=held)

    def note_failures(
        self, bsnr: BSNR, *, failures: int, retry_at: datetime | None
    ) -> None:
        """
        Put on record how many hand-overs failed in a row.
        """
        timetable = self._timetable(bsnr)
        self._state.timetables[bsnr] = evolve(
            timetable, failures=failures, retry_at=retry_at
        )

    def _due(
        self, kinds: Sequence[ChannelKind], now: datetime
    ) -> list[tuple[datetime, BSNR]]:
        return sorted(
            (timetable.due_at, bsnr)
            for bsnr, timetable in self._state.timetables.items()
            if timetable.due_at is not None
            and (timetable.leased_until is None or timetable.leased_until <= now)
            and (active := self._state.practices[bsnr].active) is not None
            and active.kind in kinds
        )

    def next_due_at(self, kinds: Sequence[ChannelKind]) -> datetime | None:
        """
        When the next digest through one of these kinds is due.
        """
        return min((due_at for due_at, _ in self._due(kinds, self.now())), default=None)

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
        Lease due practices to a worker, longest due first.
        """
        due = [bsnr for due_at, bsnr in self._due(kinds, now) if due_at <= now][:limit]
        for bsnr in due:
            self._state.timetables[bsnr] = evolve(
                self._state.timetables[bsnr], leased_to=worker, leased_until=until
            )
        return due

    def release(self, bsnr: BSNR, worker: str) -> None:
        """
        Give a lease back, if it is still this worker's.
        """
        timetable = self._state.timetables.get(bsnr)
        if timetable is not None and timetable.leased_to == worker:
            self._state.timetables[bsnr] = evolve(
                timetable, leased_to=None, leased_until=None
            )
