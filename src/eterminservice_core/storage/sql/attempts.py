"""
Attempts, reservations and reports in SQL.

Whether a practice's time is free is not asked here: the schema refuses a reservation
that overlaps another (P1), and `begin` reports what it said.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import define
from sqlalchemy import bindparam, literal_column, or_, select, update

from ...domain.errors import ConflictError
from ...domain.identifiers import BSNR
from ...domain.message import DeliveryReport, Receipt, Verdict
from ...domain.quota import Reservation
from ...facts import Attempt
from . import schema
from .instants import to_us
from .notices import chunks
from .rows import attempt_from, attempt_values, receipt_values
from .sqlite import insert
from .timetables import Timetables


_notice, _attempt = schema.notice, schema.attempt
_reservation, _report = schema.reservation, schema.report

_RESERVE = insert(_reservation).values(state="begun")
_BEGIN = insert(_attempt)
_CARRY = (
    update(_notice)
    .where(
        _notice.c.bsnr == bindparam("of"),
        _notice.c.sequence.in_(bindparam("sequences", expanding=True)),
    )
    .values(attempt_id=bindparam("carrier"))
)

# Compare-and-set: of two that settle one attempt, one finds it begun no longer.
_is_begun = (
    _attempt.c.id == bindparam("attempt"),
    _attempt.c.outcome.is_(None),
    or_(bindparam("anybody"), _attempt.c.worker == bindparam("owner")),
)
_SETTLE = update(_attempt).where(*_is_begun).returning(_attempt.c.id)
_SETTLE_RESERVATION = (
    update(_reservation)
    .where(
        _reservation.c.attempt_id == bindparam("attempt"),
        select(literal_column("1")).select_from(_attempt).where(*_is_begun).exists(),
    )
    .values(state=bindparam("new_state"), settled_us=bindparam("new_settled_us"))
)
_KEEP_RESERVATION = _SETTLE_RESERVATION.values(until_us=bindparam("new_until_us"))

_THE_ATTEMPT = select(_attempt).where(_attempt.c.id == bindparam("attempt"))
_LATEST = (
    select(_attempt)
    .where(_attempt.c.bsnr == bindparam("of"))
    .order_by(_attempt.c.begun_at_us.desc(), _attempt.c.id.desc())
    .limit(bindparam("limit"))
)
_OVERDUE = (
    select(_attempt)
    .where(_attempt.c.outcome.is_(None), _attempt.c.deadline_us < bindparam("now_us"))
    .order_by(_attempt.c.begun_at_us, _attempt.c.id)
    .limit(bindparam("limit"))
)

_TOLD = (
    update(_notice)
    .where(_notice.c.attempt_id == bindparam("attempt"))
    .values(sequence=None)
)
_TO_WAIT = (
    select(_notice.c.bsnr, _notice.c.appointment_id, _notice.c.version)
    .where(
        _notice.c.attempt_id == bindparam("attempt"),
        or_(_notice.c.sequence.is_(None), _notice.c.possibly_known.is_(False)),
    )
    .order_by(
        _notice.c.recorded_at_us,
        _notice.c.sequence,
        _notice.c.appointment_id,
        _notice.c.version,
    )
)
_WAIT = (
    update(_notice)
    .where(
        _notice.c.bsnr == bindparam("of"),
        _notice.c.appointment_id == bindparam("appointment"),
        _notice.c.version == bindparam("of_version"),
    )
    .values(sequence=bindparam("new_sequence"), possibly_known=True)
)

_FILE = insert(_report).on_conflict_do_nothing()
_SAID = select(_report.c.verdict).where(_report.c.attempt_id == bindparam("attempt"))


@define
class Attempts(Timetables):
    """
    Hand-overs, what they reserve, and what is said of them later.
    """

    def begin(
        self, attempt: Attempt, reservation: Reservation, sequences: Sequence[int]
    ) -> bool:
        """
        Put an attempt on record, unless the schema refuses its reservation.
        """
        try:
            with self._work.savepoint():
                self._work.write(
                    _RESERVE,
                    attempt_id=attempt.id,
                    practice_key=self._practice_key(attempt.bsnr),
                    begun_us=to_us(reservation.begun_at),
                    until_us=to_us(reservation.until),
                )
                self._work.write(_BEGIN, **attempt_values(attempt))
                for carried in chunks(sequences):
                    self._work.write(
                        _CARRY,
                        of=str(attempt.bsnr),
                        sequences=carried,
                        carrier=attempt.id,
                    )
        except ConflictError:
            return False
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
        of = {"attempt": attempt_id, "anybody": worker is None, "owner": worker or ""}
        settled = {"new_settled_us": to_us(now)}
        # The reservation first: if the schema refuses it, nothing has changed yet.
        if reservation is None:
            self._work.write(_SETTLE_RESERVATION, new_state="freed", **settled, **of)
        else:
            until = {"new_until_us": to_us(reservation.until)}
            self._work.write(
                _KEEP_RESERVATION, new_state="kept", **until, **settled, **of
            )
        values = {**receipt_values(receipt), "settled_at_us": to_us(now)}
        return self._work.row(_SETTLE, **of, **values) is not None

    def attempt(self, attempt_id: str) -> Attempt | None:
        """
        The attempt with this id, if it is known.
        """
        row = self._work.row(_THE_ATTEMPT, attempt=attempt_id)
        return attempt_from(row) if row else None

    def attempts(self, bsnr: BSNR, *, limit: int) -> Sequence[Attempt]:
        """
        The practice's latest attempts, newest first.
        """
        rows = self._work.rows(_LATEST, of=str(bsnr), limit=limit)
        return [attempt_from(row) for row in rows]

    def overdue(self, now: datetime, *, limit: int) -> Sequence[Attempt]:
        """
        Attempts still begun after their deadline.
        """
        rows = self._work.rows(_OVERDUE, now_us=to_us(now), limit=limit)
        return [attempt_from(row) for row in rows]

    def mark_told(self, attempt_id: str) -> None:
        """
        The notices whose latest attempt is this one wait no longer.
        """
        self._work.write(_TOLD, attempt=attempt_id)

    def mark_waiting(self, attempt_id: str) -> None:
        """
        The notices whose latest attempt is this one wait (again), possibly known.
        """
        rows = self._work.rows(_TO_WAIT, attempt=attempt_id)
        if not rows:
            return
        first = self._next_sequence(BSNR(rows[0].bsnr), many=len(rows))
        self._work.write_all(
            _WAIT,
            [
                {
                    "of": row.bsnr,
                    "appointment": row.appointment_id,
                    "of_version": row.version,
                    "new_sequence": sequence,
                }
                for sequence, row in enumerate(rows, start=first)
            ],
        )

    def add_report(self, report: DeliveryReport) -> None:
        """
        Keep a report, also of an attempt that is not known.
        """
        self._work.write(
            _FILE,
            attempt_id=report.attempt_id,
            verdict=report.verdict.value,
            filed_at_us=to_us(self.now()),
        )

    def reports(self, attempt_id: str) -> frozenset[Verdict]:
        """
        What reports said of this attempt so far.
        """
        rows = self._work.rows(_SAID, attempt=attempt_id)
        return frozenset(Verdict(row.verdict) for row in rows)
