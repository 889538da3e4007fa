"""
Notices in SQL: waiting while they have a sequence, told when they have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from attrs import define
from sqlalchemy import Row, and_, bindparam, select, update

from ...domain.appointment import Notice
from ...domain.digest import Untold
from ...domain.errors import NotFoundError, NoticeConflictError
from ...domain.identifiers import BSNR
from ...facts import Recording, Waiting
from ...notice_json import from_json, to_json
from . import schema
from .books import Books
from .instants import from_us, to_us
from .rows import over_at_us
from .sqlite import insert


#: Values in one IN; SQLite takes 32,766 in a statement, PostgreSQL more.
CHUNK = 500

_practice, _notice = schema.practice, schema.notice
_fingerprint = schema.fingerprint

_RECOGNIZE = (
    select(_practice.c.bsnr, _fingerprint.c.content)
    .select_from(
        _practice.outerjoin(
            _fingerprint,
            and_(
                _fingerprint.c.practice_key == bindparam("practice_key"),
                _fingerprint.c.identity == bindparam("identity"),
            ),
        )
    )
    .where(_practice.c.bsnr == bindparam("of"))
    .with_for_update(of=_practice)
)
_REMEMBER = insert(_fingerprint)
_ADD = insert(_notice)
_NUMBER = (
    update(_practice)
    .where(_practice.c.bsnr == bindparam("of"))
    .values(last_sequence=_practice.c.last_sequence + bindparam("many"))
    .returning(_practice.c.last_sequence)
)
_WAITING = (
    select(
        _notice.c.sequence,
        _notice.c.payload,
        _notice.c.possibly_known,
        _notice.c.recorded_at_us,
    )
    .where(_notice.c.bsnr == bindparam("of"), _notice.c.sequence.is_not(None))
    .order_by(_notice.c.sequence)
)
_WAITING_PRACTICES = (
    select(_notice.c.bsnr)
    .distinct()
    .where(_notice.c.sequence.is_not(None), _notice.c.bsnr > bindparam("after"))
    .order_by(_notice.c.bsnr)
    .limit(bindparam("limit"))
)
_TOLD = (
    select(_notice.c.payload)
    .where(
        _notice.c.bsnr == bindparam("of"),
        _notice.c.appointment_id.in_(bindparam("ids", expanding=True)),
        _notice.c.sequence.is_(None),
    )
    .order_by(_notice.c.appointment_id, _notice.c.version)
)
_ALL = (
    select(_practice.c.bsnr, _notice.c.payload)
    .select_from(_practice.outerjoin(_notice, _notice.c.bsnr == _practice.c.bsnr))
    .where(_practice.c.bsnr == bindparam("of"))
    .order_by(_notice.c.recorded_at_us, _notice.c.appointment_id, _notice.c.version)
)


def chunks(values: Sequence[Any]) -> Iterator[list[Any]]:
    """
    As many at a time as one statement takes.
    """
    remaining = iter(values)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk


@define
class Notices(Books):
    """
    The notices of the practices in the books.
    """

    def add_notice(self, notice: Notice) -> Recording:
        """
        Keep a notice, waiting, unless the same is known.
        """
        bsnr, appointment_id = str(notice.bsnr), notice.appointment.id
        version, payload = notice.version, to_json(notice)
        practice_key = self._practice_key(notice.bsnr)
        identity = self._keys.pseudonym("notice", bsnr, appointment_id, str(version))
        content = self._keys.pseudonym("content", payload)
        key = {"practice_key": practice_key, "identity": identity}
        known = self._work.row(_RECOGNIZE, of=bsnr, **key)
        if known is None:
            raise NotFoundError("practice", bsnr)
        if known.content is not None:
            if known.content != content:
                raise NoticeConflictError(appointment_id, version)
            return Recording.KNOWN
        self._work.write(_REMEMBER, content=content, **key)
        self._work.write(
            _ADD,
            bsnr=bsnr,
            appointment_id=appointment_id,
            version=version,
            payload=payload,
            over_at_us=over_at_us(notice),
            recorded_at_us=to_us(self.now()),
            sequence=self._next_sequence(notice.bsnr),
        )
        return Recording.NEW

    def _practice_key(self, bsnr: BSNR) -> str:
        """
        What a practice is called where it may be erased.
        """
        return self._keys.pseudonym("practice", str(bsnr))

    def _next_sequence(self, bsnr: BSNR, *, many: int = 1) -> int:
        """
        The first of so many new numbers, which nobody else gets.
        """
        (row,) = self._work.rows(_NUMBER, of=str(bsnr), many=many)
        return int(row.last_sequence) - many + 1

    def waiting(self, bsnr: BSNR) -> Sequence[Waiting]:
        """
        The notices that wait, in order of their sequence.
        """
        return [_waiting(row) for row in self._work.rows(_WAITING, of=str(bsnr))]

    def waiting_practices(self, *, after: BSNR | None, limit: int) -> Sequence[BSNR]:
        """
        A page of the practices that have notices waiting.
        """
        rows = self._work.rows(_WAITING_PRACTICES, after=str(after or ""), limit=limit)
        return [BSNR(row.bsnr) for row in rows]

    def told(self, bsnr: BSNR, appointment_ids: Sequence[str]) -> Sequence[Notice]:
        """
        What was told of these appointments.
        """
        of = str(bsnr)
        return [
            from_json(row.payload)
            for ids in chunks(appointment_ids)
            for row in self._work.rows(_TOLD, of=of, ids=ids)
        ]

    def notices(self, bsnr: BSNR) -> Sequence[Notice]:
        """
        All notices kept of a practice, in the order they were recorded.
        """
        rows = self._work.rows(_ALL, of=str(bsnr))
        if not rows:
            raise NotFoundError("practice", str(bsnr))
        return [from_json(row.payload) for row in rows if row.payload is not None]


def _waiting(row: Row[Any]) -> Waiting:
    return Waiting(
        row.sequence,
        Untold(from_json(row.payload), possibly_known=bool(row.possibly_known)),
        from_us(row.recorded_at_us),
    )
