"""
When the next digest is due, why not earlier, and how long that can take.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from eterminservice_core import BSNR, Due, Held, HeldReason, InvalidValueError
from eterminservice_core.domain.agenda import (
    SEND_TIME,
    TRIES_A_NIGHT,
    early_part,
    longest_wait,
    next_send,
    nights_before_reanchor,
    retry_after,
    slot_of,
)
from eterminservice_core.domain.quota import GAP, Reservation, admits, reserve
from eterminservice_core.domain.send_window import NIGHT, SendWindow


BERLIN = ZoneInfo("Europe/Berlin")
PRACTICE = BSNR("391234511")
SLOT = timedelta(hours=1)
NO_TIME = timedelta(0)
SECOND = timedelta(seconds=1)
LEASE = timedelta(minutes=5)
EVENING = SendWindow("20:00", "23:00")


def at(text: str) -> datetime:
    """
    A Berlin wall time as an instant.
    """
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def due(
    now: str,
    *,
    free: str | None = None,
    retry: str | None = None,
    slot: timedelta = SLOT,
) -> datetime:
    """
    When a practice of the default window is due.
    """
    return next_send(
        at(now),
        quota_free_at=at(free) if free else None,
        retry_at=at(retry) if retry else None,
        window=NIGHT,
        slot=slot,
    ).at


def told_every_night(
    window: SendWindow, slot: timedelta, begins_at: datetime, drift: timedelta
) -> Iterator[datetime]:
    """
    When the digests begin of a practice that is told something every night.
    """
    free_at = begins_at
    while True:
        begun_at = next_send(
            free_at, quota_free_at=free_at, retry_at=None, window=window, slot=slot
        ).at
        yield begun_at
        free_at = begun_at + drift + GAP


# Verdicts


def test_due_is_due_from_its_instant_on() -> None:
    verdict = Due(at("2026-01-05T21:00"))

    assert not verdict.is_due(at("2026-01-05T21:00") - SECOND)
    assert verdict.is_due(at("2026-01-05T21:00"))
    assert verdict.is_due(at("2026-01-09T12:00"))


def test_held_says_why() -> None:
    assert Held(HeldReason.NO_CHANNEL).reason.value == "no channel selected"


# Slots


def test_a_slot_is_the_same_in_every_release() -> None:
    """Or an upgrade would move every practice, and some would lose a night."""
    assert slot_of(PRACTICE, NIGHT) == timedelta(hours=1, minutes=35, seconds=16)
    assert slot_of(BSNR("241234601"), NIGHT) == timedelta(minutes=19, seconds=20)


def test_slots_are_spread_over_the_early_part() -> None:
    slots = [slot_of(BSNR(f"2412346{n:02}"), NIGHT) for n in range(100)]
    quarters = [sum(s < early_part(NIGHT) * q / 4 for s in slots) for q in (1, 2, 3)]

    assert all(NO_TIME <= slot < early_part(NIGHT) for slot in slots)
    assert all(slot % SECOND == NO_TIME for slot in slots)
    assert 10 < quarters[0] < 40 < quarters[1] < 65 < quarters[2] < 90


def test_the_early_part_leaves_three_hours() -> None:
    assert early_part(NIGHT) == timedelta(hours=9) / 4
    assert early_part(SendWindow("20:00", "23:30")) == timedelta(minutes=30)
    assert early_part(EVENING) == NO_TIME
    assert slot_of(PRACTICE, EVENING) == NO_TIME


# The next send


def test_by_day_the_evening_s_slot_is_due() -> None:
    """A worker started at nine in the morning sends nothing before."""
    assert due("2026-01-05T09:00") == at("2026-01-05T21:00")


def test_after_an_outage_of_a_week_it_is_no_other() -> None:
    """What was free or due days ago is no reason to ring at nine in the morning."""
    assert due(
        "2026-01-05T09:00", free="2025-12-29T21:00", retry="2025-12-29T22:00"
    ) == at("2026-01-05T21:00")


def test_before_its_slot_a_practice_waits_for_it() -> None:
    assert due("2026-01-05T20:30") == at("2026-01-05T21:00")


def test_past_its_slot_it_is_due_at_once() -> None:
    assert due("2026-01-06T03:17") == at("2026-01-06T03:17")


def test_a_night_is_used_until_a_minute_before_it_closes() -> None:
    assert due("2026-01-06T05:59") == at("2026-01-06T05:59")
    assert due("2026-01-06T05:59:01") == at("2026-01-06T21:00")


def test_quota_free_by_day_waits_for_the_slot() -> None:
    assert due("2026-01-06T20:00", free="2026-01-07T12:00") == at("2026-01-07T21:00")


def test_quota_that_outlasts_the_night_re_anchors_at_the_next_slot() -> None:
    assert due("2026-01-06T20:00", free="2026-01-07T05:59:30") == at("2026-01-07T21:00")


def test_backoff_counts_as_well() -> None:
    assert due("2026-01-06T21:00", retry="2026-01-06T21:15") == at("2026-01-06T21:15")
    assert due(
        "2026-01-06T21:00", free="2026-01-06T22:00", retry="2026-01-06T21:15"
    ) == at("2026-01-06T22:00")


def test_a_slot_is_elapsed_time_also_in_the_spring_night() -> None:
    """Six elapsed hours after the opening are 03:00 that night, not 02:00."""
    assert due("2026-03-28T12:00", slot=timedelta(hours=6)) == at("2026-03-29T03:00")


def test_a_slot_that_leaves_no_three_hours_is_refused() -> None:
    for slot in (timedelta(hours=6, seconds=1), -SECOND):
        with pytest.raises(InvalidValueError, match="three hours"):
            due("2026-01-05T09:00", slot=slot)
        with pytest.raises(InvalidValueError, match="three hours"):
            longest_wait(NIGHT, slot, lease=LEASE)


def test_a_naive_now_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="offset from UTC"):
        next_send(
            datetime(2026, 1, 5, 9),  # noqa: DTZ001 — the point
            quota_free_at=None,
            retry_at=None,
            window=NIGHT,
            slot=SLOT,
        )


# No night lost (domain.md, check 3, traps 1 and 2)


def test_last_send_0103_next_run_0100_loses_no_night() -> None:
    """The run at 01:00 is told 01:03, and not to come back tomorrow."""
    assert due("2026-01-07T01:00", free="2026-01-07T01:03") == at("2026-01-07T01:03")


def test_a_job_at_a_fixed_time_with_a_24_hour_check_loses_every_second_night() -> None:
    """The counter-example: what a cron job at one o'clock does, and what we do."""
    reserved: list[Reservation] = []
    for day in range(1, 31):
        run_at = at(f"2026-01-{day:02}T01:00")
        if admits(reserved, run_at):
            ended_at = run_at + timedelta(minutes=3)
            reserved.append(reserve(run_at, ended_at, NO_TIME))
    told = told_every_night(
        NIGHT, timedelta(hours=5), at("2026-01-01T01:00"), timedelta(minutes=3)
    )
    nights = {NIGHT.span_reaching(next(told)).opens_at for _ in range(30)}

    assert len(reserved) == 15
    assert len(nights) == 30


def test_a_job_at_a_fixed_local_time_breaks_the_rule_in_spring() -> None:
    """The counter-example: 01:30 and 01:30 are 23 hours apart; ours move an hour."""
    runs = [at(f"2026-03-{day}T01:30") for day in (28, 29, 30)]
    told = told_every_night(NIGHT, SLOT, runs[0], SECOND)
    ours = [next(told) for _ in range(3)]

    assert [later - run for run, later in pairwise(runs)] == [
        timedelta(hours=24),
        timedelta(hours=23),
    ]
    assert all(later - former >= GAP for former, later in pairwise(ours))
    assert ours[2] == at("2026-03-30T02:30:02")


def test_in_autumn_the_slot_is_kept() -> None:
    """From slot to slot it is 25 hours: the drift of a whole season is absorbed."""
    told = told_every_night(NIGHT, SLOT, at("2026-10-24T21:30"), SECOND)

    assert next(told) == at("2026-10-24T21:30")
    assert next(told) == at("2026-10-25T21:00")  # 24 hours later it is 20:30


# Retries


@pytest.mark.parametrize(
    ("failures", "minutes"), [(1, 5), (2, 15), (3, 45), (5, 5), (6, 15), (7, 45)]
)
def test_the_first_failures_of_a_night_back_off(failures: int, minutes: int) -> None:
    now = at("2026-01-05T21:00")

    assert retry_after(failures, now, NIGHT) == now + timedelta(minutes=minutes)


@pytest.mark.parametrize("failures", [TRIES_A_NIGHT, 2 * TRIES_A_NIGHT])
def test_every_fourth_failure_ends_the_night(failures: int) -> None:
    for now in ("2026-01-05T20:00", "2026-01-05T22:10", "2026-01-06T05:59:59"):
        assert retry_after(failures, at(now), NIGHT) == at("2026-01-06T20:00")


def test_a_failure_known_after_the_night_does_not_cost_the_next() -> None:
    assert retry_after(TRIES_A_NIGHT, at("2026-01-06T06:00"), NIGHT) == at(
        "2026-01-06T20:00"
    )
    assert retry_after(TRIES_A_NIGHT, at("2026-01-06T12:00"), NIGHT) == at(
        "2026-01-06T20:00"
    )


def test_nothing_is_retried_without_a_failure() -> None:
    with pytest.raises(InvalidValueError, match="one failure"):
        retry_after(0, at("2026-01-05T21:00"), NIGHT)


# The stated bounds (P5)


def test_the_longest_wait_is_under_two_days() -> None:
    """24 hours, two hand-overs, a minute, the fourteen hours of a day, and the slot."""
    expected = timedelta(hours=24 + 14) + 2 * LEASE + SEND_TIME + SLOT

    assert longest_wait(NIGHT, SLOT, lease=LEASE) == expected


def test_a_next_hop_that_lingers_makes_the_wait_longer() -> None:
    lingers = timedelta(hours=2)
    without = longest_wait(NIGHT, SLOT, lease=LEASE)

    assert longest_wait(NIGHT, SLOT, lease=LEASE, lingers=lingers) == without + lingers


@pytest.mark.parametrize("lingers", [NO_TIME, timedelta(hours=1)])
@pytest.mark.parametrize(
    ("window", "slot"),
    [
        (NIGHT, NO_TIME),
        (NIGHT, timedelta(hours=2)),
        (EVENING, NO_TIME),
        (SendWindow("20:00", "23:30"), timedelta(minutes=30)),
        (SendWindow("02:00", "06:00"), NO_TIME),
        (SendWindow("22:00", "02:30"), timedelta(minutes=7)),
        (SendWindow("09:00", "17:00", "America/New_York"), timedelta(hours=2)),
        (SendWindow("20:00", "23:00", "Australia/Lord_Howe"), NO_TIME),
        (SendWindow("01:00", "00:00"), timedelta(hours=5)),
    ],
)
def test_the_longest_wait_is_reached_to_the_second(
    window: SendWindow, slot: timedelta, lingers: timedelta
) -> None:
    """So the formula has no term too many: the worst case of its docstring, played."""
    waits = []
    for day in range(400):
        night = window.span(date(2026, 2, 1) + timedelta(days=day))
        free_at = night.closes_at - SEND_TIME + SECOND
        begun_at = free_at - GAP - lingers - LEASE
        same_night = window.span_reaching(begun_at)
        if same_night.opens_at + slot <= begun_at <= same_night.closes_at - SEND_TIME:
            next_at = next_send(
                begun_at, quota_free_at=free_at, retry_at=None, window=window, slot=slot
            ).at
            waits.append(next_at + LEASE - begun_at)

    bound = longest_wait(window, slot, lease=LEASE, lingers=lingers)
    assert max(waits) == bound - SECOND


def test_the_slack_lasts_for_weeks_of_drift() -> None:
    """Nine hours less slot and minute, at a minute a night."""
    assert nights_before_reanchor(NIGHT, SLOT, timedelta(minutes=1)) == 8 * 60
    assert nights_before_reanchor(NIGHT, SLOT, timedelta(hours=9)) == 1
    assert nights_before_reanchor(EVENING, NO_TIME, timedelta(hours=2)) == 1
    assert nights_before_reanchor(EVENING, NO_TIME, timedelta(minutes=119)) == 2


def test_a_row_lasts_exactly_as_long_as_stated_where_spring_falls_into_it() -> None:
    """20:00, 21:30 by summer time, 22:00, 22:30; 23:00 is too late."""
    drift = timedelta(minutes=30)
    told = told_every_night(EVENING, NO_TIME, at("2026-03-28T20:00"), drift)
    row = [next(told) for _ in range(5)]

    assert nights_before_reanchor(EVENING, NO_TIME, drift) == 4
    assert row == [
        at("2026-03-28T20:00"),
        at("2026-03-29T21:30"),
        at("2026-03-30T22:00"),
        at("2026-03-31T22:30"),
        at("2026-04-02T20:00"),  # the 1st is skipped: re-anchored
    ]


def test_without_drift_there_is_no_last_night() -> None:
    for drift in (NO_TIME, -SECOND):
        with pytest.raises(InvalidValueError, match="longer than zero"):
            nights_before_reanchor(NIGHT, SLOT, drift)
