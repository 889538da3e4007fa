"""
A window of local wall time, through both nights on which local law moves the clock.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from eterminservice_core import InvalidSendWindowError, SendWindow
from eterminservice_core.domain.send_window import MINIMUM, NIGHT, Span


BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    """
    A Berlin wall time as an instant.
    """
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def test_the_default_is_the_night() -> None:
    assert SendWindow("20:00", "06:00") == NIGHT
    assert NIGHT.zone == "Europe/Berlin"


def test_a_night_is_named_by_the_evening_it_opens_on() -> None:
    expected = Span(at("2026-01-05T20:00"), at("2026-01-06T06:00"))

    assert expected == NIGHT.span(date(2026, 1, 5))


def test_a_window_by_day_opens_and_closes_on_one_date() -> None:
    window = SendWindow("08:00", "18:00")

    assert window.span(date(2026, 1, 5)) == Span(
        at("2026-01-05T08:00"), at("2026-01-05T18:00")
    )


@pytest.mark.parametrize(
    ("evening", "hours"),
    [
        (date(2026, 3, 27), 10),
        (date(2026, 3, 28), 9),  # into 29 March: clocks go forward
        (date(2026, 3, 29), 10),
        (date(2026, 10, 24), 11),  # into 25 October: clocks go back
        (date(2027, 3, 27), 9),
        (date(2027, 10, 30), 11),
    ],
)
def test_a_night_is_as_long_as_it_really_is(evening: date, hours: int) -> None:
    assert NIGHT.span(evening).length == timedelta(hours=hours)


def test_the_shortest_night_counts() -> None:
    assert NIGHT.shortest == timedelta(hours=9)
    assert SendWindow("20:00", "23:00").shortest == timedelta(hours=3)
    assert SendWindow("20:00", "06:00", "UTC").shortest == timedelta(hours=10)


def test_a_time_that_the_clock_skips_is_the_end_of_the_gap() -> None:
    """On 29 March 2026 the clock in Berlin jumps from 02:00 to 03:00."""
    window = SendWindow("02:30", "06:30")

    span = window.span(date(2026, 3, 29))

    assert span.opens_at == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert span.length == timedelta(hours=3, minutes=30)


def test_a_time_that_comes_twice_is_its_first_pass() -> None:
    """On 25 October 2026 the hour from 02:00 comes twice."""
    opens_at = SendWindow("02:30", "06:30").span(date(2026, 10, 25)).opens_at
    closes_at = SendWindow("22:00", "02:30").span(date(2026, 10, 24)).closes_at

    assert opens_at == closes_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_it_is_open_at_its_first_instant_and_closed_at_its_last() -> None:
    tick = timedelta(microseconds=1)

    assert not NIGHT.is_open_at(at("2026-01-05T20:00") - tick)
    assert NIGHT.is_open_at(at("2026-01-05T20:00"))
    assert NIGHT.is_open_at(at("2026-01-06T06:00") - tick)
    assert not NIGHT.is_open_at(at("2026-01-06T06:00"))


def test_the_next_opening_is_now_or_this_evening() -> None:
    assert NIGHT.next_opening(at("2026-01-05T09:00")) == at("2026-01-05T20:00")
    assert NIGHT.next_opening(at("2026-01-06T03:00")) == at("2026-01-06T03:00")
    assert NIGHT.next_opening(at("2026-01-06T06:00")) == at("2026-01-06T20:00")


def test_the_night_reaching_an_instant_is_found_on_either_side_of_the_world() -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        window = SendWindow("20:00", "06:00", zone)
        now = datetime(2026, 6, 1, 12, tzinfo=UTC)

        span = window.span_reaching(now)

        assert span.closes_at > now
        assert span.closes_at - now <= timedelta(hours=24)


@pytest.mark.parametrize(
    ("opens", "closes", "zone", "said"),
    [
        ("20:00", "20:00", "Europe/Berlin", "empty"),
        ("20:00", "22:59", "Europe/Berlin", "at least 3 hours"),
        ("02:00", "05:00", "Europe/Berlin", "at least 3 hours"),
        ("02:00", "03:00", "Europe/Berlin", "at least 3 hours"),
        ("20:00", "06:00", "Europe/Atlantis", "IANA"),
        ("20:00", "06:00", "../etc/passwd", "IANA"),
        ("20:00", "06:00", "", "IANA"),
        ("20:00:30", "06:00", "Europe/Berlin", "full minutes"),
        ("20:00", "06:00:00.5", "Europe/Berlin", "full minutes"),
        ("8 pm", "06:00", "Europe/Berlin", "like 20:00"),
        (time(20, tzinfo=UTC), "06:00", "Europe/Berlin", "like 20:00"),
        (20, "06:00", "Europe/Berlin", "like 20:00"),
    ],
)
def test_a_window_that_cannot_keep_its_promise_is_refused(
    opens: object, closes: object, zone: str, said: str
) -> None:
    with pytest.raises(InvalidSendWindowError, match=said):
        SendWindow(opens, closes, zone)  # type: ignore[arg-type]  # on purpose


def test_exactly_three_hours_are_enough() -> None:
    assert SendWindow("03:00", "06:00").shortest == MINIMUM
