"""
Practices and tallies in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from attrs import define

from ...domain.errors import ConflictError, NotFoundError
from ...domain.identifiers import BSNR
from ...domain.keys import Keys
from ...domain.practice import Practice
from ...facts import Tally
from .tables import State, Timetable


@define
class Books:
    """
    Practices, their tallies, and the clock.
    """

    _state: State
    _keys: Keys
    _clock: Callable[[], datetime]

    def now(self) -> datetime:
        """
        The store's own clock.
        """
        return self._clock()

    def high_water(self) -> datetime | None:
        """
        The latest instant the store has seen.
        """
        return self._state.marks.get("high water")

    def raise_high_water(self, now: datetime, *, accept: bool = False) -> None:
        """
        Remember an instant; it falls only on a human's word.
        """
        seen = self.high_water()
        if accept or seen is None or now > seen:
            self._state.marks["high water"] = now

    def add_practice(self, practice: Practice) -> None:
        """
        Keep a new practice.
        """
        if practice.bsnr in self._state.practices:
            raise ConflictError(f"practice {practice.bsnr} is registered already")
        self._state.practices[practice.bsnr] = practice
        self._state.timetables[practice.bsnr] = Timetable()

    def practice(self, bsnr: BSNR) -> Practice:
        """
        The practice.
        """
        try:
            return self._state.practices[bsnr]
        except KeyError:
            raise NotFoundError("practice", str(bsnr)) from None

    def save_practice(self, practice: Practice) -> None:
        """
        Keep a changed practice.
        """
        self.practice(practice.bsnr)
        self._state.practices[practice.bsnr] = practice

    def practices(self, *, after: BSNR | None, limit: int) -> Sequence[BSNR]:
        """
        A page of all practices in BSNR order.
        """
        return page(self._state.practices, after, limit)

    def tally(self, key: str, *, limit: int, period: timedelta) -> Tally:
        """
        Count one more under this key, unless the limit is reached.
        """
        now = self.now()
        count, opened_at = self._state.tallies.get(key, (0, now))
        if opened_at + period <= now:
            count, opened_at = 0, now
        admitted = count < limit
        if admitted:
            count += 1
            self._state.tallies[key] = (count, opened_at)
        return Tally(admitted=admitted, count=count, resets_at=opened_at + period)

    def clear_tally(self, key: str) -> None:
        """
        Start this key's count anew.
        """
        if key in self._state.tallies:
            del self._state.tallies[key]


def page(bsnrs: Iterable[BSNR], after: BSNR | None, limit: int) -> list[BSNR]:
    """
    The next so many in BSNR order.
    """
    return sorted(bsnr for bsnr in bsnrs if after is None or bsnr > after)[:limit]
