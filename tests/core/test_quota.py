"""
The 24-hour rule as arithmetic, exact to the microsecond.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

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
    assert not admits([reserve(BEGUN, DEADLINE, NO_TIME)], BEGUN - timedelta(days=9))


def test_without_reservations_everything_is_free() -> None:
    assert free_at([]) is None
    assert admits([], BEGUN)


def test_the_latest_reservation_counts() -> None:
    early = reserve(BEGUN, DEADLINE, NO_TIME)
    late = reserve(BEGUN + GAP * 2, DEADLINE + GAP * 2, NO_TIME)

    assert free_at([late, early]) == late.until
    assert not admits([late, early], early.until)


def test_settling_shrinks_to_24_hours_after_it() -> None:
    settled_at = BEGUN + timedelta(seconds=3)
    reserved = reserve(BEGUN, DEADLINE, NO_TIME)

    assert shrunk(reserved, settled_at, NO_TIME).until == settled_at + GAP
    assert shrunk(reserved, settled_at, TICK).until == settled_at + TICK + GAP


def test_settling_late_never_grows_it() -> None:
    reserved = reserve(BEGUN, DEADLINE, NO_TIME)

    assert shrunk(reserved, DEADLINE + timedelta(days=1), NO_TIME) == reserved


def test_settling_on_a_clock_set_back_keeps_24_hours_after_the_begin() -> None:
    reserved = reserve(BEGUN, DEADLINE, NO_TIME)

    assert shrunk(reserved, BEGUN - timedelta(days=1), NO_TIME).until == BEGUN + GAP


def test_nothing_reserves_less_than_24_hours() -> None:
    with pytest.raises(InvalidValueError, match="24 hours"):
        Reservation(BEGUN, BEGUN + GAP - TICK)


def test_naive_instants_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="aware"):
        Reservation(BEGUN.replace(tzinfo=None), BEGUN.replace(tzinfo=None) + GAP)
