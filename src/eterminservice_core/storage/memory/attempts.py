"""
Attempts, reservations and reports in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from attrs import define, evolve

from ...domain.errors import ConflictError
from ...domain.identifiers import BSNR
from ...domain.message import DeliveryReport, Receipt, Verdict
from ...domain.quota import Reservation, admits
from ...facts import Attempt
from .tables import Kept, Reserved
from .timetables import Timetables


@define
class Attempts(Timetables):
    """
    Hand-overs, what they reserve, and what is said of them later.
    """

    def begin(
        self, attempt: Attempt, reservation: Reservation, sequences: Sequence[int]
    ) -> bool:
        """
        Put an attempt on record, unless the 24-hour rule refuses its reservation.
        """
        if attempt.bsnr not in self._state.practices:
            return False
        reserved = self._reserved(attempt.bsnr)
        if attempt.id in self._state.reservations or not admits(
            reserved, reservation.begun_at
        ):
            return False
        self._state.reservations[attempt.id] = Reserved(
            pseudonym=self._keys.pseudonym("practice", str(attempt.bsnr)),
            reservation=reservation,
        )
        self._state.attempts[attempt.id] = attempt
        self._keep(
            attempt.bsnr,
            {
                key: evolve(kept, attempt_id=attempt.id)
                for key, kept in self._kept(attempt.bsnr).items()
                if kept.sequence in sequences
            },
        )
        return True

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
        Put an outcome on record, only if the attempt is still begun.
        """
        attempt = self._state.attempts.get(attempt_id)
        if attempt is None or attempt.receipt is not None:
            return False
        if worker is not None and attempt.worker != worker:
            return False
        row = self._state.reservations[attempt_id]
        if reservation is not None and reservation.until > row.reservation.until:
            raise ConflictError("a reservation never grows")
        self._state.reservations[attempt_id] = evolve(
            row,
            reservation=reservation or row.reservation,
            freed=reservation is None,
        )
        self._state.attempts[attempt_id] = evolve(
            attempt, receipt=receipt, settled_at=now
        )
        return True

    def attempt(self, attempt_id: str) -> Attempt | None:
        """
        The attempt with this id, if it is known.
        """
        return self._state.attempts.get(attempt_id)

    def attempts(self, bsnr: BSNR, *, limit: int) -> Sequence[Attempt]:
        """
        The practice's latest attempts, newest first.
        """
        mine = [each for each in self._state.attempts.values() if each.bsnr == bsnr]
        return sorted(mine, key=_newest_first, reverse=True)[:limit]

    def overdue(self, now: datetime, *, limit: int) -> Sequence[Attempt]:
        """
        Attempts still begun after their deadline.
        """
        late = [
            each
            for each in self._state.attempts.values()
            if each.receipt is None and each.deadline < now
        ]
        return sorted(late, key=_newest_first)[:limit]

    def _change_carried(
        self, attempt_id: str, change: Callable[[BSNR, Kept], Kept]
    ) -> None:
        """
        Change the notices whose latest attempt is this one; none if it is not known.
        """
        attempt = self._state.attempts.get(attempt_id)
        if attempt is None:
            return
        carried = {
            key: change(attempt.bsnr, kept)
            for key, kept in self._kept(attempt.bsnr).items()
            if kept.attempt_id == attempt_id
        }
        self._keep(attempt.bsnr, carried)

    def mark_told(self, attempt_id: str) -> None:
        """
        The notices whose latest attempt is this one wait no longer.
        """
        self._change_carried(attempt_id, lambda _, kept: evolve(kept, sequence=None))

    def mark_waiting(self, attempt_id: str) -> None:
        """
        The notices whose latest attempt is this one wait (again), possibly known.
        """
        self._change_carried(attempt_id, self._waiting_again)

    def _waiting_again(self, bsnr: BSNR, kept: Kept) -> Kept:
        if kept.sequence is not None and kept.possibly_known:
            return kept
        return evolve(kept, sequence=self._next_sequence(bsnr), possibly_known=True)

    def add_report(self, report: DeliveryReport) -> None:
        """
        Keep a report, also of an attempt that is not known.
        """
        said = self.reports(report.attempt_id)
        self._state.reports[report.attempt_id] = said | {report.verdict}

    def reports(self, attempt_id: str) -> frozenset[Verdict]:
        """
        What reports said of this attempt so far.
        """
        return self._state.reports.get(attempt_id, frozenset())

    def _drop_attempt(self, attempt_id: str) -> None:
        del self._state.attempts[attempt_id]
        if attempt_id in self._state.reports:
            del self._state.reports[attempt_id]


def _newest_first(attempt: Attempt) -> tuple[datetime, str]:
    return attempt.begun_at, attempt.id
