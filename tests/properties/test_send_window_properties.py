"""
What holds for every window in every zone: against the days and minutes themselves.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, strategies as st

from eterminservice_core import InvalidSendWindowError, SendWindow
from eterminservice_core.domain.send_window import MINIMUM, NIGHT, Span


#: Clocks that change at two, at one and at midnight, by an hour, by half of one and by
#: two; southern ones; twice a year around Ramadan; for good, in the years looked at;
#: and never.
ZONES = (
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Havana",
    "America/Santiago",
    "Asia/Beirut",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "Europe/Volgograd",
    "Asia/Kolkata",
    "UTC",
)
#: Its clock leapt three hours forward, further than any other since 2017.
FURTHEST = "Antarctica/Casey"
#: Noon before, in UTC, of the nights in which the clocks of Berlin change.
CHANGES = (
    datetime(2026, 3, 28, 12, tzinfo=UTC),
    datetime(2026, 10, 24, 12, tzinfo=UTC),
    datetime(2027, 3, 27, 12, tzinfo=UTC),
    datetime(2027, 10, 30, 12, tzinfo=UTC),
)
FIVE_MINUTES = timedelta(minutes=5)
DAY = timedelta(days=1)


def _window(opens: int, lasts: int, zone: str) -> SendWindow | None:
    def clock(minutes: int) -> time:
        return time(minutes // 60 % 24, minutes % 60)

    try:
        return SendWindow(clock(opens), clock(opens + lasts), zone)
    except InvalidSendWindowError:
        return None


@st.composite
def windows(draw: st.DrawFn) -> SendWindow:
    """
    All that are possible, to five minutes, short ones and those near two o'clock often.
    """
    opens = draw(st.integers(0, 287) | st.integers(0, 40)) * 5
    lasts = draw(st.integers(36, 287) | st.integers(36, 60)) * 5
    window = _window(opens, lasts, draw(st.sampled_from((*ZONES, FURTHEST))))
    assume(window is not None)
    assert window is not None
    return window


def instants() -> st.SearchStrategy[datetime]:
    """
    In twenty years, half of them near a change of Berlin's clocks.
    """
    anywhere = st.datetimes(
        datetime(2018, 1, 1),  # noqa: DTZ001 — the strategy adds the zone
        datetime(2037, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    )
    near = st.builds(
        lambda change, minutes: change + timedelta(minutes=minutes),
        st.sampled_from(CHANGES),
        st.integers(0, 36 * 60),
    )
    return st.one_of(anywhere, near)


@given(windows(), instants())
@example(NIGHT, datetime(2026, 3, 29, 1, tzinfo=UTC))
def test_the_next_opening_is_not_past_and_is_open(
    window: SendWindow, now: datetime
) -> None:
    opening = window.next_opening(now)

    assert opening >= now
    assert window.is_open_at(opening)
    assert (opening == now) == window.is_open_at(now)


@given(windows(), instants())
def test_between_now_and_the_next_opening_it_is_closed(
    window: SendWindow, now: datetime
) -> None:
    instant, opening = now, window.next_opening(now)

    while instant < opening:
        assert not window.is_open_at(instant)
        instant += timedelta(minutes=37)
    assert opening == now or not window.is_open_at(opening - timedelta(microseconds=1))


@given(windows(), instants().map(datetime.date))
@example(NIGHT, date(2026, 3, 28))
@example(NIGHT, date(2026, 10, 24))
def test_nights_follow_each_other_without_overlap(
    window: SendWindow, evening: date
) -> None:
    nights = [window.span(evening + DAY * n) for n in range(4)]

    assert all(night.length >= MINIMUM for night in nights)
    assert all(former.closes_at <= later.opens_at for former, later in pairwise(nights))


@given(windows(), instants())
def test_the_night_reaching_an_instant_is_the_first_to_close_after_it(
    window: SendWindow, now: datetime
) -> None:
    nights = [window.span(now.date() + DAY * n) for n in range(-4, 5)]

    found = window.span_reaching(now)

    assert found == min(
        (night for night in nights if night.closes_at > now),
        key=lambda night: night.closes_at,
    )
    assert window.is_open_at(now) == (found.opens_at <= now)


@given(windows(), st.sampled_from(CHANGES), st.integers(-400, 400))
def test_it_is_open_when_the_latest_time_the_clock_has_shown_lies_in_it(
    window: SendWindow, change: datetime, days: int
) -> None:
    """Two days, looked at every five minutes like a person who sees only the clock."""
    zone = ZoneInfo(window.zone)
    begins = change + DAY * (days if days % 3 else 0)
    latest_shown = datetime.min  # noqa: DTZ901 — a reading of the clock
    for look in range(48 * 12):
        now = begins + FIVE_MINUTES * look
        shown = now.astimezone(zone).replace(tzinfo=None)
        latest_shown = max(latest_shown, shown)
        if look < 3 * 12:  # whether it was set back just before, nobody saw
            continue

        expected = (
            window.opens <= latest_shown.time() < window.closes
            if window.opens < window.closes
            else not window.closes <= latest_shown.time() < window.opens
        )
        assert window.is_open_at(now) == expected


@given(windows())
def test_no_window_is_ever_shorter_than_three_hours(window: SendWindow) -> None:
    """Also those long enough to be taken without a look at their nights."""
    assert window.shortest >= MINIMUM


def every_night(window: SendWindow) -> list[Span]:
    """
    All of twenty-one years.
    """
    return [window.span(date(2017, 1, 1) + DAY * n) for n in range(21 * 365)]


@pytest.mark.parametrize(
    ("opens", "closes"),
    [("19:30", "23:30"), ("22:00", "02:30")],
    ids=["before clocks change", "while clocks change"],
)
@pytest.mark.parametrize("zone", ZONES)
def test_the_stated_lengths_are_those_of_twenty_years(
    opens: str, closes: str, zone: str
) -> None:
    """The window looks only at nights around clock changes; here each one is seen."""
    window = SendWindow(opens, closes, zone)
    nights = every_night(window)
    counted = [nights[0].opens_at + DAY * n for n in range(len(nights))]
    latest, steady = timedelta.min, timedelta.max
    for night, same_time in zip(nights, counted, strict=True):
        latest = max(latest, night.opens_at - same_time)
        steady = min(steady, night.closes_at - same_time - latest)

    assert window.shortest == min(night.length for night in nights)
    assert window.longest_pause == max(
        later.opens_at - former.closes_at for former, later in pairwise(nights)
    )
    assert window.steady_length == steady
