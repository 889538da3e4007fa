"""
Practices, their tallies, and the high-water mark, in SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from attrs import define
from sqlalchemy import Row, and_, bindparam, case, delete, or_, select, update

from ...domain.errors import ConflictError, NotFoundError
from ...domain.identifiers import BSNR
from ...domain.keys import Keys
from ...domain.practice import Practice
from ...facts import Tally
from . import schema
from .instants import from_us, span_to_us, to_us
from .rows import ROLES, channel_values, practice_from, practice_values
from .sqlite import insert
from .unit_of_work import UnitOfWork


_practice, _tally, _store = schema.practice, schema.tally, schema.store
_channels = {role: schema.channel.alias(role) for role in ROLES}

_HIGH_WATER = select(_store.c.high_water_us)
_RAISE_HIGH_WATER = (
    update(_store)
    .where(
        or_(
            _store.c.high_water_us.is_(None),
            _store.c.high_water_us < bindparam("instant_us"),
        )
    )
    .values(high_water_us=bindparam("instant_us"))
)
# A trigger lets the mark fall only where the human's word is counted with it.
_ACCEPT_HIGH_WATER = update(_store).values(
    high_water_us=bindparam("instant_us"), accepted=_store.c.accepted + 1
)

_ADD_PRACTICE = insert(_practice).on_conflict_do_nothing().returning(_practice.c.bsnr)
_SAVE_PRACTICE = update(_practice).where(_practice.c.bsnr == bindparam("of"))
_THE_PRACTICE = (
    select(
        _practice,
        *(
            column.label(f"{role}_{column.name}")
            for role, channel in _channels.items()
            for column in channel.c
            if column.name not in {"bsnr", "role"}
        ),
    )
    .select_from(
        _practice.outerjoin(
            _channels["selected"],
            and_(
                _channels["selected"].c.bsnr == _practice.c.bsnr,
                _channels["selected"].c.role == "selected",
            ),
        ).outerjoin(
            _channels["active"],
            and_(
                _channels["active"].c.bsnr == _practice.c.bsnr,
                _channels["active"].c.role == "active",
            ),
        )
    )
    .where(_practice.c.bsnr == bindparam("of"))
    # SQLite has the lock since the transaction began, and leaves these words out.
    .with_for_update(of=_practice)
)
_DROP_CHANNELS = delete(schema.channel).where(schema.channel.c.bsnr == bindparam("of"))
_ADD_CHANNEL = insert(schema.channel)
_PAGE = (
    select(_practice.c.bsnr)
    .where(_practice.c.bsnr > bindparam("after"))
    .order_by(_practice.c.bsnr)
    .limit(bindparam("limit"))
)

# One statement counts, and decides whether it may: nobody can come in between.  It
# answers nothing where the limit is reached.
# A row is a tuple, whose `count` is something else.
_COUNTED = (_tally.c.count.label("counted"), _tally.c.opened_at_us)
_is_over = _tally.c.opened_at_us + bindparam("period_us") <= bindparam("now_us")
_opened_at = case((_is_over, bindparam("now_us")), else_=_tally.c.opened_at_us)
_COUNT = (
    insert(_tally)
    .values(
        key=bindparam("name"),
        count=1,
        opened_at_us=bindparam("now_us"),
        resets_at_us=bindparam("now_us") + bindparam("period_us"),
    )
    .on_conflict_do_update(
        index_elements=[_tally.c.key],
        set_={
            "count": case((_is_over, 1), else_=_tally.c.count + 1),
            "opened_at_us": _opened_at,
            "resets_at_us": _opened_at + bindparam("period_us"),
        },
        where=or_(_is_over, _tally.c.count < bindparam("limit")),
    )
    .returning(*_COUNTED)
)
_LOOK = select(*_COUNTED).where(_tally.c.key == bindparam("name"))
_CLEAR = delete(_tally).where(_tally.c.key == bindparam("name"))


@define
class Books:
    """
    Practices, their tallies, and the clock.
    """

    _work: UnitOfWork
    _keys: Keys

    def now(self) -> datetime:
        """
        The store's own clock.
        """
        return self._work.now()

    def high_water(self) -> datetime | None:
        """
        The latest instant the store has seen.
        """
        row = self._work.row(_HIGH_WATER)
        return from_us(row.high_water_us) if row else None

    def raise_high_water(self, now: datetime, *, accept: bool = False) -> None:
        """
        Remember an instant; it falls only on a human's word.
        """
        statement = _ACCEPT_HIGH_WATER if accept else _RAISE_HIGH_WATER
        self._work.write(statement, instant_us=to_us(now))

    def add_practice(self, practice: Practice) -> None:
        """
        Keep a new practice.
        """
        values = practice_values(practice)
        if not self._work.row(_ADD_PRACTICE, bsnr=str(practice.bsnr), **values):
            raise ConflictError(f"practice {practice.bsnr} is registered already")
        self._work.write_all(_ADD_CHANNEL, list(channel_values(practice)))

    def practice(self, bsnr: BSNR) -> Practice:
        """
        The practice, locked until the end of the transaction.
        """
        row = self._work.row(_THE_PRACTICE, of=str(bsnr))
        if row is None:
            raise NotFoundError("practice", str(bsnr))
        return practice_from(row)

    def save_practice(self, practice: Practice) -> None:
        """
        Keep a changed practice; a channel that plays no part any more is gone.
        """
        of = str(practice.bsnr)
        if not self._work.write(_SAVE_PRACTICE, of=of, **practice_values(practice)):
            raise NotFoundError("practice", of)
        self._work.write(_DROP_CHANNELS, of=of)
        self._work.write_all(_ADD_CHANNEL, list(channel_values(practice)))

    def practices(self, *, after: BSNR | None, limit: int) -> Sequence[BSNR]:
        """
        A page of all practices in BSNR order.
        """
        rows = self._work.rows(_PAGE, after=str(after or ""), limit=limit)
        return [BSNR(row.bsnr) for row in rows]

    def tally(self, key: str, *, limit: int, period: timedelta) -> Tally:
        """
        Count one more under this key, unless the limit is reached.
        """
        now = self.now()
        times = {"now_us": to_us(now), "period_us": span_to_us(period)}
        if limit > 0:  # a first entry has no former count for the statement to ask
            row = self._work.row(_COUNT, name=key, limit=limit, **times)
            if row is not None:
                return _tallied(row, period, admitted=True)
        row = self._work.row(_LOOK, name=key)
        if row is None or from_us(row.opened_at_us) + period <= now:
            return Tally(admitted=False, count=0, resets_at=now + period)
        return _tallied(row, period, admitted=False)

    def clear_tally(self, key: str) -> None:
        """
        Start this key's count anew.
        """
        self._work.write(_CLEAR, name=key)


def _tallied(row: Row[Any], period: timedelta, *, admitted: bool) -> Tally:
    resets_at = from_us(row.opened_at_us) + period
    return Tally(admitted=admitted, count=row.counted, resets_at=resets_at)
