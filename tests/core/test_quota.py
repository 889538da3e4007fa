"""
The 24-hour rule as arithmetic, exact to the microsecond.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from eterminservice_core import InvalidValueError
from eterminservice_core.domain.quota import (
    GAP,
    Reservation,
    admits,
    free_at,
    reserve,
    shrunk,
)


BERLIN = ZoneInfo("Europe/Berlin")
BEGUN = datetime(2026, 3, 2, 21, 0, tzinfo=UTC)
DEADLINE = BEGUN + timedelta(minutes=5)
TICK = timedelta(microseconds=1)
NO_TIME = timedelta(0)


def test_an_attempt_reserves_until_24_hours_after_its_deadline() -> None:
    expected = Reservation(BEGUN, DEADLINE + GAP)

    assert expected == reserve(BEGUN, DEADLINE, NO_TIME)


def test_a_next_hop_that_lingers_makes_it_longer() -> None:
    assert reserve(BEGUN, DEADLINE, timedelta(hours=2)).until == (
        DEADLINE + timedelta(hours=26)
    )


def test_the_border_is_exact() -> None:
    reserved = [reserve(BEGUN, DEADLINE, NO_TIME)]

    assert not admits(reserved, DEADLINE + GAP - TICK)
    assert admits(reserved, DEADLINE + GAP)


def test_a_clock_set_back_admits_nothing() -> None:
    reserved = [reserve(BEGUN, DEADLINE, NO_TIME)]

    assert not admits(reserved, BEGUN)
    assert not admits(reserved, BEGUN - timedelta(days=9))


def test_without_reservations_everything_is_free() -> None:
    assert free_at([]) is None
    assert admits([], BEGUN)


def test_the_latest_reservation_counts() -> None:
    early = reserve(BEGUN, DEADLINE, NO_TIME)
    late = reserve(BEGUN + GAP * 2, DEADLINE + GAP * 2, NO_TIME)

    assert free_at([late, early]) == free_at([early, late]) == late.until
    assert not admits([late, early], early.until)
    assert not admits([early, late], early.until)
    assert admits([late, early], late.until)


def test_the_same_clock_time_on_the_next_day_may_be_an_hour_too_soon() -> None:
    """From 01:30 on 29 March 2026 to 01:30 on the next day it is 23 hours."""
    begun_at = datetime(2026, 3, 29, 1, 30, tzinfo=BERLIN)
    next_day = datetime(2026, 3, 30, 1, 30, tzinfo=BERLIN)
    reserved = [reserve(begun_at, begun_at, NO_TIME)]

    assert next_day - begun_at == GAP  # as the clock reads
    assert not admits(reserved, next_day)
    assert admits(reserved, next_day + timedelta(hours=1))


def test_in_autumn_the_24_hours_are_over_an_hour_earlier() -> None:
    begun_at = datetime(2026, 10, 24, 3, 30, tzinfo=BERLIN)
    reserved = [reserve(begun_at, begun_at, NO_TIME)]

    assert admits(reserved, datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN))


def test_instants_are_kept_in_utc() -> None:
    begun_at = datetime(2026, 3, 29, 1, 30, tzinfo=BERLIN)

    kept = reserve(begun_at, begun_at, NO_TIME)

    assert (kept.begun_at.tzinfo, kept.until.tzinfo) == (UTC, UTC)
    assert kept.until == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


def test_settling_shrinks_to_24_hours_after_it() -> None:
    settled_at = BEGUN + timedelta(seconds=3)
    reserved = reserve(BEGUN, DEADLINE, NO_TIME)

    assert shrunk(reserved, settled_at, NO_TIME) == Reservation(BEGUN, settled_at + GAP)


def test_settling_keeps_what_the_next_hop_may_still_take() -> None:
    settled_at, lingers = BEGUN + timedelta(seconds=3), timedelta(hours=2)
    reserved = reserve(BEGUN, DEADLINE, lingers)

    assert shrunk(reserved, settled_at, lingers).until == settled_at + lingers + GAP


def test_settling_late_never_grows_it() -> None:
    reserved = reserve(BEGUN, DEADLINE, NO_TIME)

    assert shrunk(reserved, DEADLINE + TICK, NO_TIME) == reserved
    assert shrunk(reserved, DEADLINE + timedelta(days=1), NO_TIME) == reserved


def test_settling_on_a_clock_set_back_keeps_24_hours_after_the_begin() -> None:
    reserved = reserve(BEGUN, DEADLINE, NO_TIME)

    assert shrunk(reserved, BEGUN - timedelta(days=1), NO_TIME).until == BEGUN + GAP


def test_nothing_reserves_less_than_24_hours() -> None:
    Reservation(BEGUN, BEGUN + GAP)

    with pytest.raises(InvalidValueError, match="24 hours"):
        Reservation(BEGUN, BEGUN + GAP - TICK)


def test_a_deadline_is_not_before_its_begin() -> None:
    assert reserve(BEGUN, BEGUN, NO_TIME).until == BEGUN + GAP

    with pytest.raises(InvalidValueError, match="deadline"):
        reserve(BEGUN, BEGUN - TICK, timedelta(hours=1))


def test_nothing_lingers_for_less_than_no_time() -> None:
    with pytest.raises(InvalidValueError, match="linger"):
        reserve(BEGUN, DEADLINE, -TICK)
    with pytest.raises(InvalidValueError, match="linger"):
        shrunk(reserve(BEGUN, DEADLINE, NO_TIME), DEADLINE, -TICK)


def test_naive_instants_are_refused() -> None:
    naive = BEGUN.replace(tzinfo=None)
    reserved = reserve(BEGUN, DEADLINE, NO_TIME)

    with pytest.raises(InvalidValueError, match="offset from UTC"):
        Reservation(naive, naive + GAP)
    with pytest.raises(InvalidValueError, match="offset from UTC"):
        reserve(BEGUN, naive, NO_TIME)
    with pytest.raises(InvalidValueError, match="offset from UTC"):
        shrunk(reserved, naive, NO_TIME)
    with pytest.raises(InvalidValueError, match="offset from UTC"):
        admits([], naive)
