"""
When, in SQL: due and leased are two facts, or recording would undo a lease.

Who is due is answered from one index, `eterminservice_practice_due`, a kind of channel
at a time: what it costs depends on how many are asked for, not on how many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import define
from sqlalchemy import bindparam, func, or_, select, update

from ...domain.address import ChannelKind
from ...domain.agenda import HeldReason
from ...domain.errors import NotFoundError
from ...domain.identifiers import BSNR
from ...facts import Outlook
from . import schema
from .instants import from_us, to_us
from .notices import Notices, chunks


_practice, _notice = schema.practice, schema.notice
_reservation = schema.reservation

_is_waiting = (_notice.c.bsnr == bindparam("of"), _notice.c.sequence.is_not(None))
_OUTLOOK = select(
    _practice.c.due_at_us,
    _practice.c.held,
    _practice.c.retry_at_us,
    _practice.c.failures,
    _practice.c.lease_owner,
    _practice.c.lease_until_us,
    select(func.count())
    .select_from(_notice)
    .where(*_is_waiting)
    .scalar_subquery()
    .label("waiting"),
    select(func.min(_notice.c.recorded_at_us))
    .where(*_is_waiting)
    .scalar_subquery()
    .label("waiting_since_us"),
    select(func.max(_reservation.c.until_us))
    .where(
        _reservation.c.practice_key == bindparam("practice_key"),
        # In words, for the partial index is chosen when the statement is prepared.
        _reservation.c.state != bindparam("freed", "freed", literal_execute=True),
    )
    .scalar_subquery()
    .label("quota_free_at_us"),
).where(_practice.c.bsnr == bindparam("of"))

_the_practice = update(_practice).where(_practice.c.bsnr == bindparam("of"))
_SCHEDULE = _the_practice.values(
    due_at_us=bindparam("new_due_at_us"), held=bindparam("new_held")
)
_NOTE_FAILURES = _the_practice.values(
    failures=bindparam("new_failures"), retry_at_us=bindparam("new_retry_at_us")
)

_due = (
    select(_practice.c.bsnr, _practice.c.due_at_us)
    .where(
        _practice.c.due_kind == bindparam("kind"),
        _practice.c.due_at_us.is_not(None),
        or_(
            _practice.c.lease_until_us.is_(None),
            _practice.c.lease_until_us <= bindparam("now_us"),
        ),
    )
    .order_by(_practice.c.due_at_us, _practice.c.bsnr)
    .limit(bindparam("limit"))
)
_NEXT_DUE = _due
_DUE = _due.where(_practice.c.due_at_us <= bindparam("now_us")).with_for_update(
    skip_locked=True
)
_LEASE = (
    update(_practice)
    .where(_practice.c.bsnr.in_(bindparam("bsnrs", expanding=True)))
    .values(lease_owner=bindparam("worker"), lease_until_us=bindparam("until_us"))
)
_RELEASE = (
    update(_practice)
    .where(
        _practice.c.bsnr == bindparam("of"),
        _practice.c.lease_owner == bindparam("worker"),
    )
    .values(lease_owner=None, lease_until_us=None)
)


@define
class Timetables(Notices):
    """
    When the practices with notices are due, and who has them.
    """

    def outlook(self, bsnr: BSNR) -> Outlook:
        """
        What decides when this practice's next digest is due.
        """
        row = self._work.row(
            _OUTLOOK, of=str(bsnr), practice_key=self._practice_key(bsnr)
        )
        if row is None:
            raise NotFoundError("practice", str(bsnr))
        is_leased = row.lease_until_us is not None and (
            from_us(row.lease_until_us) > self.now()
        )
        return Outlook(
            waiting=row.waiting,
            waiting_since=from_us(row.waiting_since_us),
            quota_free_at=from_us(row.quota_free_at_us),
            retry_at=from_us(row.retry_at_us),
            failures=row.failures,
            due_at=from_us(row.due_at_us),
            held=HeldReason(row.held) if row.held else None,
            leased_to=row.lease_owner if is_leased else None,
        )

    def schedule(
        self, bsnr: BSNR, due_at: datetime | None, held: HeldReason | None
    ) -> None:
        """
        Put on record when the next digest is due, or why none is.
        """
        changed = self._work.write(
            _SCHEDULE,
            of=str(bsnr),
            new_due_at_us=to_us(due_at),
            new_held=held.value if held else None,
        )
        if not changed:
            raise NotFoundError("practice", str(bsnr))

    def note_failures(
        self, bsnr: BSNR, *, failures: int, retry_at: datetime | None
    ) -> None:
        """
        Put on record how many hand-overs failed in a row.
        """
        changed = self._work.write(
            _NOTE_FAILURES,
            of=str(bsnr),
            new_failures=failures,
            new_retry_at_us=to_us(retry_at),
        )
        if not changed:
            raise NotFoundError("practice", str(bsnr))

    def next_due_at(self, kinds: Sequence[ChannelKind]) -> datetime | None:
        """
        When the next digest through one of these kinds is due.
        """
        now_us = to_us(self.now())
        rows = [
            self._work.row(_NEXT_DUE, kind=kind.value, now_us=now_us, limit=1)
            for kind in kinds
        ]
        return from_us(min((row.due_at_us for row in rows if row), default=None))

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
        now_us = to_us(now)
        due = sorted(
            (row.due_at_us, row.bsnr)
            for kind in kinds
            for row in self._work.rows(
                _DUE, kind=kind.value, now_us=now_us, limit=limit
            )
        )
        claimed = [bsnr for _, bsnr in due[:limit]]
        for bsnrs in chunks(claimed):
            self._work.write(_LEASE, bsnrs=bsnrs, worker=worker, until_us=to_us(until))
        return [BSNR(bsnr) for bsnr in claimed]

    def release(self, bsnr: BSNR, worker: str) -> None:
        """
        Give a lease back, if it is still this worker's.
        """
        self._work.write(_RELEASE, of=str(bsnr), worker=worker)
