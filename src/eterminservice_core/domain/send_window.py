"""
When a practice may be disturbed: a window of local time, over midnight, through DST.

Rules of this file:

1. A window is half-open, ``[opens, closes)``, in the wall time of its zone.  A night is
   named, once and for all, by the local date on which it opens.
2. An edge falls on the first instant at which the local clock has reached it.  So a
   time that a clock change skips is reached when the gap ends, and one that comes twice
   is reached the first time.  This never goes backward: nights never overlap.
3. All lengths are elapsed time, counted in UTC.  Python subtracts two times of one zone
   as their clocks read, and finds 24 hours in a day that has 23 (PEP 495).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import field, frozen

from .errors import InvalidSendWindowError, InvalidValueError


#: Shortest elapsed length of any night.  A spring night takes an hour out of it, and
#: sends that drift need room (P5).
MINIMUM: Final = timedelta(hours=3)

#: No zone's clock has leapt further forward, since 2017: Casey Station's, in 2018.
_LARGEST_LEAP: Final = timedelta(hours=3)
_A_SECOND: Final = timedelta(seconds=1)
_A_DAY: Final = timedelta(days=1)
_CLOCK_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
#: Years whose clock changes are looked at.  After 2037 zones only repeat their rule.
_SCAN_BEGINS: Final = datetime(2017, 1, 1, tzinfo=UTC)
_SCAN_ENDS: Final = datetime(2038, 1, 1, tzinfo=UTC)
#: Between two looks at a zone's offset; none changes it twice within four weeks, which
#: Fiji did in 2020/21.
_A_WEEK: Final = timedelta(days=7)


def in_utc(instant: datetime) -> datetime:
    """
    The same instant in UTC, so that arithmetic with it is elapsed time.

    Raises:
        InvalidValueError: It is naive; which zone was meant is not guessed.
    """
    if instant.utcoffset() is None:
        problem = "an instant needs an offset from UTC, like 2026-03-02T20:00+01:00"
        raise InvalidValueError(problem)
    return instant.astimezone(UTC)


def _clock_time(value: str | time) -> time:
    """
    A time of day to the minute, of no zone: the window has one for both edges.
    """
    if isinstance(value, str) and _CLOCK_TIME.fullmatch(value):
        return time.fromisoformat(value)
    if not isinstance(value, time):
        problem = "an edge of a send window must be a time of day like 20:00"
        raise InvalidSendWindowError(problem)
    if value.tzinfo is not None:
        problem = "an edge of a send window has no zone of its own; the window has one"
        raise InvalidSendWindowError(problem)
    if value.second or value.microsecond:
        problem = "an edge of a send window must fall on a whole minute, like 20:00"
        raise InvalidSendWindowError(problem)
    return value.replace(fold=0)


def _zone(key: str) -> str:
    """
    A key of the IANA database.  It is not quoted: a wrong column may hold anything.
    """
    try:
        return ZoneInfo(key).key
    # Not there; no such path; a folder, such as "Europe"; no text.
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError, AttributeError):
        problem = "the zone of a send window must be an IANA one, like Europe/Berlin"
        raise InvalidSendWindowError(problem) from None


@frozen
class Span:
    """
    One night of a window, half-open: aware, in UTC.

    Attributes:
        opens_at: The first instant at which the practice may be disturbed.
        closes_at: The first at which it may not be any more.
    """

    opens_at: datetime = field(converter=in_utc)
    closes_at: datetime = field(converter=in_utc)

    @property
    def length(self) -> timedelta:
        """
        Elapsed time from opening to closing.
        """
        return self.closes_at - self.opens_at


@frozen
class SendWindow:
    """
    When a practice may be disturbed (Versandfenster).

    All three are read as one phrase, so they may be given by position.

    >>> window = SendWindow("20:00", "06:00")
    >>> print(window)
    20:00–06:00 Europe/Berlin
    >>> window.span(date(2026, 3, 28)).length  # the night that loses an hour
    datetime.timedelta(seconds=32400)

    Attributes:
        opens: Local time of day, ``"20:00"`` or a `datetime.time` to the minute.
        closes: The same; on the next day if it is earlier than `opens`.
        zone: Key of the IANA time zone database.

    Raises:
        InvalidSendWindowError: It is empty, shorter than `MINIMUM` in some night, in no
            known zone, or an edge is no plain time of day.
    """

    opens: time = field(converter=_clock_time)
    closes: time = field(converter=_clock_time)
    zone: str = field(default="Europe/Berlin", converter=_zone)

    def __attrs_post_init__(self) -> None:
        if self.opens == self.closes:
            problem = "a send window must close at another time than it opens"
            raise InvalidSendWindowError(problem)
        # Only a window that may be too short has its nights of twenty years looked at.
        if self._on_the_clock < MINIMUM + _LARGEST_LEAP and self.shortest < MINIMUM:
            raise InvalidSendWindowError(
                f"a send window must last {MINIMUM} in every night, those of the clock"
                f" changes included; the shortest of this one lasts {self.shortest}"
            )

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}–{self.closes:%H:%M} {self.zone}"

    @property
    def _on_the_clock(self) -> timedelta:
        """
        Length of an ordinary night.
        """
        day = date.min
        opens, closes = (datetime.combine(day, it) for it in (self.opens, self.closes))
        return (closes - opens) % _A_DAY

    @property
    def shortest(self) -> timedelta:
        """
        Elapsed length of its shortest night, clock changes considered.
        """
        return _extremes(self).shortest

    @property
    def longest_pause(self) -> timedelta:
        """
        Longest elapsed time from a night's closing to the next opening.
        """
        return _extremes(self).longest_pause

    @property
    def steady_length(self) -> timedelta:
        """
        How long after an opening a daily event may be, to stay in the night for ever.

        Whoever acts at an opening and then every 24 elapsed hours stands an hour later
        on the clock after spring.  This is the least time then left until the closing.
        It is `shortest` where the clocks change inside the window; 20:00–23:00 has
        nights of three hours, and two in this sense.
        """
        return _extremes(self).steady_length

    def span(self, evening: date) -> Span:
        """
        The night that opens on this local date.
        """
        zone = ZoneInfo(self.zone)
        morning = evening if self.opens < self.closes else evening + _A_DAY
        return Span(
            _reached(datetime.combine(evening, self.opens), zone),
            _reached(datetime.combine(morning, self.closes), zone),
        )

    def span_reaching(self, instant: datetime) -> Span:
        """
        The night an instant lies in, or else the next: the first to close after it.

        Raises:
            InvalidValueError: The instant is naive.
        """
        instant = in_utc(instant)
        # The day before: a night that opened yesterday may still be open, and none that
        # opened earlier.
        evening = instant.astimezone(ZoneInfo(self.zone)).date() - _A_DAY
        span = self.span(evening)
        while span.closes_at <= instant:
            evening += _A_DAY
            span = self.span(evening)
        return span

    def is_open_at(self, instant: datetime) -> bool:
        """
        Whether the practice may be disturbed at this instant.

        Raises:
            InvalidValueError: The instant is naive.
        """
        return self.span_reaching(instant).opens_at <= in_utc(instant)

    def next_opening(self, instant: datetime) -> datetime:
        """
        The first instant from this one on at which the practice may be disturbed.

        It is this very one inside a night, and outside the opening of the next.

        Raises:
            InvalidValueError: The instant is naive.
        """
        return max(in_utc(instant), self.span_reaching(instant).opens_at)


def _reached(local: datetime, zone: ZoneInfo) -> datetime:
    """
    The first instant at which the clock of a zone reads a naive local time, or later.
    """
    first = local.replace(tzinfo=zone).astimezone(UTC)
    second = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if first <= second:  # it exists once, or twice
        return first
    # It is skipped.  PEP 495 reads it with the offset after the gap, which is an
    # instant before it, and with that before the gap, which is an instant after it.
    seconds = (first - second) // _A_SECOND
    return second + _A_SECOND * bisect_left(
        range(seconds),
        local,
        key=lambda n: (second + n * _A_SECOND).astimezone(zone).replace(tzinfo=None),
    )


@frozen(kw_only=True)
class _Extremes:
    shortest: timedelta
    longest_pause: timedelta
    steady_length: timedelta


@lru_cache(maxsize=1024)
def _extremes(window: SendWindow) -> _Extremes:
    """
    Look at the nights around each clock change; all others are like one of them.
    """
    first = _SCAN_BEGINS.date()
    nights = [(evening, window.span(evening)) for evening in _evenings(window.zone)]
    steady, latest_opening = _A_DAY, -_A_DAY
    for evening, span in nights:
        # Instants as someone sees them who counts days of 24 hours.
        counted = _SCAN_BEGINS + _A_DAY * (evening - first).days
        latest_opening = max(latest_opening, span.opens_at - counted)
        steady = min(steady, span.closes_at - counted - latest_opening)
    return _Extremes(
        shortest=min(span.length for _, span in nights),
        longest_pause=max(
            later.opens_at - earlier.closes_at
            for (evening, earlier), (next_evening, later) in pairwise(nights)
            if next_evening - evening == _A_DAY
        ),
        steady_length=steady,
    )


@cache
def _evenings(zone: str) -> tuple[date, ...]:
    """
    Dates around each clock change of a zone, rising, and two ordinary ones.
    """
    evenings = {_SCAN_BEGINS.date(), _SCAN_BEGINS.date() + _A_DAY}
    for change in _changes(ZoneInfo(zone)):
        # A zone's date differs from that of UTC by one at most; a night has two dates.
        evenings.update(change + _A_DAY * n for n in range(-3, 3))
    return tuple(sorted(evenings))


def _changes(zone: ZoneInfo) -> Iterator[date]:
    """
    Dates in UTC by whose end the offset is another than at their begin.
    """
    weeks = range((_SCAN_ENDS - _SCAN_BEGINS) // _A_WEEK)
    begins = [_SCAN_BEGINS + _A_WEEK * n for n in weeks]
    offsets = [begin.astimezone(zone).utcoffset() for begin in begins]
    for begin, (before, after) in zip(begins, pairwise(offsets), strict=False):
        if before != after:
            days = [begin + _A_DAY * n for n in range(1, 8)]
            changed = [day.astimezone(zone).utcoffset() != before for day in days]
            yield begin.date() + _A_DAY * changed.index(True)


#: The default: "preferably at night" (R8).
NIGHT: Final = SendWindow("20:00", "06:00")
