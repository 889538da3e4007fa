"""
A clock that tests set.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from attrs import define, field


def _aware(value: datetime) -> datetime:
    if value.utcoffset() is None:
        raise ValueError("a clock needs an aware instant")
    return value.astimezone(UTC)


@define
class FakeClock:
    """
    Answers with an instant that tests move; hand it to a store as its ``clock``.

    >>> clock = FakeClock(datetime(2026, 3, 2, 20, 0, tzinfo=UTC))
    >>> clock.advance(timedelta(hours=1))
    >>> clock().hour
    21
    """

    _now: datetime = field(converter=_aware)
    _elapsed: float = field(default=0.0, init=False)

    def __call__(self) -> datetime:
        """
        What the clock shows; aware, UTC.
        """
        return self._now

    def advance(self, span: timedelta) -> None:
        """
        Let time pass; it never passes backwards.
        """
        if span < timedelta(0):
            raise ValueError("time does not pass backwards; set the clock instead")
        self._now += span
        self._elapsed += span.total_seconds()

    def set(self, instant: datetime) -> None:
        """
        Set the clock, forward or back, as somebody might; no time passes by that.
        """
        self._now = _aware(instant)

    def elapsed(self) -> float:
        """
        Seconds that only go forward, whatever the clock is set to.
        """
        return self._elapsed
