"""
When a practice may be disturbed: a half-open window of local wall time (interim).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from attrs import field, frozen

from .errors import InvalidSendWindowError


MINIMUM = timedelta(hours=3)


def _time(value: str | time) -> time:
    return time.fromisoformat(value) if isinstance(value, str) else value


@frozen
class Span:
    opens_at: datetime
    closes_at: datetime


@frozen
class SendWindow:
    opens: time = field(converter=_time)
    closes: time = field(converter=_time)
    zone: str = "Europe/Berlin"

    def __attrs_post_init__(self) -> None:
        if self.opens == self.closes:
            raise InvalidSendWindowError("a send window must not be empty")

    @property
    def shortest(self) -> timedelta:
        nominal = (
            datetime.combine(date(2000, 1, 1), self.closes)
            - datetime.combine(date(2000, 1, 1), self.opens)
        ) % timedelta(days=1)
        return nominal - timedelta(hours=1)

    def span(self, evening: date) -> Span:
        zone = ZoneInfo(self.zone)
        closing = evening + timedelta(days=self.closes <= self.opens)
        return Span(
            datetime.combine(evening, self.opens, zone).astimezone(UTC),
            datetime.combine(closing, self.closes, zone).astimezone(UTC),
        )

    def span_reaching(self, instant: datetime) -> Span:
        evening = instant.astimezone(ZoneInfo(self.zone)).date() - timedelta(days=2)
        while (span := self.span(evening)).closes_at <= instant:
            evening += timedelta(days=1)
        return span

    def is_open_at(self, instant: datetime) -> bool:
        return self.span_reaching(instant).opens_at <= instant

    def next_opening(self, instant: datetime) -> datetime:
        return max(instant, self.span_reaching(instant).opens_at)


NIGHT = SendWindow("20:00", "06:00")
