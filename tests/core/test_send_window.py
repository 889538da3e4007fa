"""
A window of local wall time, through the nights on which local law moves the clock.
"""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from attrs.exceptions import FrozenInstanceError

from eterminservice_core import InvalidSendWindowError, InvalidValueError, SendWindow
from eterminservice_core.domain.send_window import MINIMUM, NIGHT, Span, in_utc


BERLIN = ZoneInfo("Europe/Berlin")
TICK = timedelta(microseconds=1)


def at(text: str) -> datetime:
    """
    A Berlin wall time as an instant.
    """
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


# The value


def test_the_default_is_the_night() -> None:
    assert SendWindow("20:00", "06:00") == NIGHT
    assert SendWindow(time(20), time(6), "Europe/Berlin") == NIGHT
    assert NIGHT.zone == "Europe/Berlin"
    assert str(NIGHT) == "20:00–06:00 Europe/Berlin"


def test_a_window_is_a_value() -> None:
    copy = pickle.loads(pickle.dumps(NIGHT))  # noqa: S301 — made here

    assert copy == NIGHT
    assert hash(copy) == hash(NIGHT)
    with pytest.raises(FrozenInstanceError):
        copy.zone = "UTC"


@pytest.mark.parametrize(
    ("opens", "closes", "zone", "said"),
    [
        ("20:00", "20:00", "Europe/Berlin", "close at another time"),
        ("20:00", "22:59", "Europe/Berlin", "lasts 2:59:00"),
        ("02:00", "05:00", "Europe/Berlin", "lasts 2:00:00"),  # on 29 March
        ("01:30", "04:30", "Europe/Berlin", "lasts 2:00:00"),
        ("02:00", "03:00", "Europe/Berlin", "lasts 0:00:00"),
        ("02:10", "02:50", "Europe/Berlin", "lasts 0:00:00"),
        ("02:00", "05:00", "America/New_York", "lasts 2:00:00"),
        ("01:30", "04:45", "Australia/Lord_Howe", "lasts 2:45:00"),
        ("20:00", "06:00", "Europe/Atlantis", "IANA"),
        ("20:00", "06:00", "Europe", "IANA"),
        ("20:00", "06:00", "../etc/passwd", "IANA"),
        ("20:00", "06:00", "Europe/Berlin ", "IANA"),
        ("20:00", "06:00", "x" * 300, "IANA"),
        ("20:00", "06:00", "", "IANA"),
        ("20:00", "06:00", None, "IANA"),
        ("20:00", "06:00", BERLIN, "IANA"),
        ("20:00:30", "06:00", "Europe/Berlin", "like 20:00"),
        ("20:00", "06:00:00", "Europe/Berlin", "like 20:00"),
        ("8 pm", "06:00", "Europe/Berlin", "like 20:00"),
        ("24:00", "06:00", "Europe/Berlin", "like 20:00"),
        ("20:00Z", "06:00", "Europe/Berlin", "like 20:00"),
        ("٢٠:٠٠", "06:00", "Europe/Berlin", "like 20:00"),
        (20, "06:00", "Europe/Berlin", "like 20:00"),
        (None, "06:00", "Europe/Berlin", "like 20:00"),
        (time(20, tzinfo=UTC), "06:00", "Europe/Berlin", "no zone of its own"),
        (time(20, 0, 30), "06:00", "Europe/Berlin", "whole minute"),
        ("20:00", time(6, 0, 0, 5), "Europe/Berlin", "whole minute"),
    ],
)
def test_a_window_that_cannot_keep_its_promise_is_refused(
    opens: object, closes: object, zone: object, said: str
) -> None:
    with pytest.raises(InvalidSendWindowError, match=said):
        SendWindow(opens, closes, zone)  # type: ignore[arg-type]  # on purpose


def test_what_was_typed_is_not_quoted() -> None:
    """A wrong column may hold a name."""
    for typed in (("Mustermann", "06:00", "UTC"), ("20:00", "06:00", "Mustermann")):
        with pytest.raises(InvalidSendWindowError) as caught:
            SendWindow(*typed)

        assert "Mustermann" not in str(caught.value)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_exactly_three_hours_are_enough() -> None:
    assert SendWindow("03:00", "06:00").shortest == MINIMUM
    assert SendWindow("20:00", "23:00").shortest == MINIMUM
    assert SendWindow("02:00", "06:00").shortest == MINIMUM  # on 29 March, from 03:00
    assert SendWindow("23:00", "02:00").shortest == MINIMUM


# Nights


def test_a_night_is_named_by_the_evening_it_opens_on() -> None:
    expected = Span(at("2026-01-05T20:00"), at("2026-01-06T06:00"))

    assert expected == NIGHT.span(date(2026, 1, 5))


def test_a_window_by_day_opens_and_closes_on_one_date() -> None:
    window = SendWindow("08:00", "18:00")

    assert window.span(date(2026, 1, 5)) == Span(
        at("2026-01-05T08:00"), at("2026-01-05T18:00")
    )


def test_midnight_is_the_begin_of_a_date() -> None:
    until, since = SendWindow("20:00", "00:00"), SendWindow("00:00", "06:00")

    assert until.span(date(2026, 1, 5)).closes_at == at("2026-01-06T00:00")
    assert since.span(date(2026, 1, 6)).opens_at == at("2026-01-06T00:00")


@pytest.mark.parametrize(
    ("evening", "hours"),
    [
        (date(2026, 3, 27), 10),
        (date(2026, 3, 28), 9),  # into 29 March: clocks go forward
        (date(2026, 3, 29), 10),
        (date(2026, 10, 24), 11),  # into 25 October: clocks go back
        (date(2026, 10, 25), 10),
        (date(2027, 3, 27), 9),
        (date(2027, 10, 30), 11),
    ],
)
def test_a_night_is_as_long_as_it_really_is(evening: date, hours: int) -> None:
    assert NIGHT.span(evening).length == timedelta(hours=hours)


def test_a_time_that_the_clock_skips_is_the_end_of_the_gap() -> None:
    """On 29 March 2026 the clock in Berlin jumps from 02:00 to 03:00."""
    gap_ends = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)

    for skipped in ("02:00", "02:01", "02:30", "02:59"):
        opens_at = SendWindow(skipped, "08:00").span(date(2026, 3, 29)).opens_at
        closes_at = SendWindow("20:00", skipped).span(date(2026, 3, 28)).closes_at

        assert opens_at == closes_at == gap_ends


def test_the_gap_may_be_half_an_hour() -> None:
    """On Lord Howe Island clocks go forward from 02:00 to 02:30, on 4 October 2026."""
    window = SendWindow("02:15", "06:00", "Australia/Lord_Howe")

    opens_at = window.span(date(2026, 10, 4)).opens_at

    assert opens_at == datetime(2026, 10, 3, 15, 30, tzinfo=UTC)


def test_a_time_that_comes_twice_is_its_first_pass() -> None:
    """On 25 October 2026 the hour from 02:00 comes twice in Berlin."""
    opens_at = SendWindow("02:30", "06:30").span(date(2026, 10, 25)).opens_at
    closes_at = SendWindow("22:00", "02:30").span(date(2026, 10, 24)).closes_at

    assert opens_at == closes_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_what_closed_does_not_open_again_when_the_hour_comes_twice() -> None:
    window = SendWindow("22:00", "02:30")
    second_pass = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)

    assert second_pass.astimezone(BERLIN).strftime("%H:%M") == "02:10"
    assert not window.is_open_at(second_pass)


def test_an_edge_at_a_midnight_that_does_not_exist_is_kept() -> None:
    """In Beirut clocks go forward at midnight: 27 March 2022 began at 01:00."""
    window = SendWindow("20:00", "00:00", "Asia/Beirut")

    night = window.span(date(2022, 3, 26))

    assert night.closes_at == datetime(2022, 3, 26, 22, 0, tzinfo=UTC)
    assert night.length == timedelta(hours=4)


# Instants


def test_it_is_open_at_its_first_instant_and_closed_at_its_last() -> None:
    assert not NIGHT.is_open_at(at("2026-01-05T20:00") - TICK)
    assert NIGHT.is_open_at(at("2026-01-05T20:00"))
    assert NIGHT.is_open_at(at("2026-01-06T06:00") - TICK)
    assert not NIGHT.is_open_at(at("2026-01-06T06:00"))


def test_the_night_reaching_an_instant_is_this_one_or_the_next() -> None:
    tonight, next_night = NIGHT.span(date(2026, 1, 5)), NIGHT.span(date(2026, 1, 6))

    assert NIGHT.span_reaching(at("2026-01-05T09:00")) == tonight
    assert NIGHT.span_reaching(at("2026-01-06T05:59")) == tonight
    assert NIGHT.span_reaching(at("2026-01-06T06:00") - TICK) == tonight
    assert NIGHT.span_reaching(at("2026-01-06T06:00")) == next_night


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


def test_an_instant_may_come_in_any_zone() -> None:
    """23:30 UTC is half past midnight in Berlin, and another date."""
    here = datetime(2026, 1, 6, 0, 30, tzinfo=BERLIN)

    assert NIGHT.span_reaching(here) == NIGHT.span_reaching(here.astimezone(UTC))
    assert NIGHT.next_opening(here).tzinfo is UTC


def test_naive_instants_are_refused() -> None:
    naive = datetime(2026, 1, 5, 21)  # noqa: DTZ001 — the point

    for ask in (NIGHT.is_open_at, NIGHT.next_opening, NIGHT.span_reaching, in_utc):
        with pytest.raises(InvalidValueError, match="offset from UTC"):
            ask(naive)
    with pytest.raises(InvalidValueError, match="offset from UTC"):
        Span(naive, naive)


def test_a_length_is_elapsed_time_also_within_one_zone() -> None:
    """Python subtracts what the clock reads: ten hours for a night that has nine."""
    opens_at = datetime(2026, 3, 28, 20, tzinfo=BERLIN)
    closes_at = datetime(2026, 3, 29, 6, tzinfo=BERLIN)

    assert closes_at - opens_at == timedelta(hours=10)
    assert Span(opens_at, closes_at).length == timedelta(hours=9)


# What holds for every night


def test_the_shortest_night_counts() -> None:
    assert NIGHT.shortest == timedelta(hours=9)
    assert SendWindow("20:00", "06:00", "UTC").shortest == timedelta(hours=10)
    assert SendWindow("20:00", "06:00", "Australia/Lord_Howe").shortest == timedelta(
        hours=9, minutes=30
    )


def test_the_longest_pause_has_the_autumn_hour_only_if_it_falls_into_it() -> None:
    assert NIGHT.longest_pause == timedelta(hours=14)
    assert SendWindow("20:00", "23:00").longest_pause == timedelta(hours=22)
    assert SendWindow("20:00", "23:00", "UTC").longest_pause == timedelta(hours=21)


def test_the_steady_length_lacks_the_spring_hour_wherever_it_falls() -> None:
    assert NIGHT.steady_length == timedelta(hours=9)
    assert SendWindow("20:00", "23:00").steady_length == timedelta(hours=2)
    assert SendWindow("20:00", "23:00", "UTC").steady_length == timedelta(hours=3)
