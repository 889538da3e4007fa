"""
When a practice is told: years of nights, played with the decisions themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import assume, example, given, settings, strategies as st

from eterminservice_core import BSNR, InvalidSendWindowError, SendWindow
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
from eterminservice_core.domain.quota import (
    GAP,
    Reservation,
    admits,
    free_at,
    reserve,
    shrunk,
)
from eterminservice_core.domain.send_window import MINIMUM, NIGHT
from eterminservice_core.testing.strategies import bsnrs


ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "UTC",
)
EVENING = SendWindow("20:00", "23:00")
BEFORE_SPRING = datetime(2026, 3, 20, 12, tzinfo=UTC)
BEFORE_AUTUMN = datetime(2026, 10, 16, 12, tzinfo=UTC)
NO_TIME = timedelta(0)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@st.composite
def windows(draw: st.DrawFn, *, longest: int = 1435) -> SendWindow:
    """
    Windows of three hours and more, to five minutes.

    Args:
        draw: Of Hypothesis.
        longest: Most minutes from opening to closing.
    """
    opens = draw(st.integers(0, 287)) * 5
    closes = opens + draw(st.integers(36, longest // 5) | st.integers(36, 50)) * 5
    zone = draw(st.sampled_from(ZONES))
    first, last = (f"{it // 60 % 24:02}:{it % 60:02}" for it in (opens, closes))
    try:
        return SendWindow(first, last, zone)
    except InvalidSendWindowError:
        assume(condition=False)
        raise


def slots(window: SendWindow) -> st.SearchStrategy[timedelta]:
    """
    Every slot that a practice of this window can have, and the last one often.
    """
    last = early_part(window) // timedelta(seconds=1)
    return st.builds(
        lambda seconds: timedelta(seconds=seconds), st.integers(0, last) | st.just(last)
    )


def instants() -> st.SearchStrategy[datetime]:
    """
    In the four years that have the changes of 2026 and 2027, half of them near one.
    """
    near = [
        *(
            datetime(2026, 3, 28, 12, tzinfo=UTC),
            datetime(2026, 10, 24, 12, tzinfo=UTC),
        ),
        *(
            datetime(2027, 3, 27, 12, tzinfo=UTC),
            datetime(2027, 10, 30, 12, tzinfo=UTC),
        ),
    ]
    return st.one_of(
        st.datetimes(
            datetime(2025, 1, 1),  # noqa: DTZ001 — the strategy adds the zone
            datetime(2029, 1, 1),  # noqa: DTZ001
            timezones=st.just(UTC),
        ),
        st.builds(
            lambda change, seconds: change + timedelta(seconds=seconds),
            st.sampled_from(near),
            st.integers(-4 * 86_400, 2 * 86_400),
        ),
    )


def spans_of_time(most: timedelta) -> st.SearchStrategy[timedelta]:
    """
    Durations up to the longest one, which comes often.
    """
    return st.timedeltas(NO_TIME, most) | st.just(most)


# The next send


@given(st.data(), windows(), instants())
def test_a_send_is_permitted_and_nothing_before_it_is(
    data: st.DataObject, window: SendWindow, now: datetime
) -> None:
    """Against the definition, looked at minute by minute."""
    slot = data.draw(slots(window))
    free = data.draw(st.none() | spans_of_time(3 * DAY).map(lambda it: now - DAY + it))
    retry = data.draw(st.none() | spans_of_time(DAY).map(lambda it: now + it))
    base = max(at for at in (now, free, retry) if at is not None)
    nights = [window.span(base.date() + DAY * n) for n in range(-2, 5)]

    def permitted(at: datetime) -> bool:
        return any(
            night.opens_at + slot <= at <= night.closes_at - SEND_TIME
            for night in nights
        )

    at = next_send(now, quota_free_at=free, retry_at=retry, window=window, slot=slot).at

    assert at >= base
    assert permitted(at)
    assert window.is_open_at(at)
    assert at == base or not permitted(at - timedelta(microseconds=1))
    looks = range(0, (at - base) // MINUTE, 7)
    assert not any(permitted(base + MINUTE * look) for look in looks)


@given(st.data(), windows(), instants())
def test_asked_again_at_its_instant_it_says_the_same(
    data: st.DataObject, window: SendWindow, now: datetime
) -> None:
    """Or a worker that wakes up in time would be sent back to sleep."""
    slot = data.draw(slots(window))
    free = now + data.draw(spans_of_time(2 * DAY))

    def ask(at: datetime) -> datetime:
        return next_send(
            at, quota_free_at=free, retry_at=None, window=window, slot=slot
        ).at

    at = ask(now)

    assert ask(at) == at
    assert ask(now + (at - now) / 2) == at


@given(bsnrs(), windows())
def test_a_slot_lies_in_the_early_part_of_every_night(
    bsnr: BSNR, window: SendWindow
) -> None:
    slot = slot_of(bsnr, window)

    assert NO_TIME <= slot <= early_part(window)
    assert slot % timedelta(seconds=1) == NO_TIME
    assert window.shortest - slot >= MINIMUM


# A practice, night after night


class Sent(NamedTuple):
    """
    One digest of a played practice.
    """

    begun_at: datetime
    settled_at: datetime
    reservation: Reservation


class Pace(NamedTuple):
    """
    How hand-overs go.
    """

    lease: timedelta
    lingers: timedelta = NO_TIME


def played(
    window: SendWindow,
    slot: timedelta,
    pace: Pace,
    steps: Iterable[tuple[timedelta, timedelta]],
    begins_at: datetime,
) -> Iterator[tuple[datetime, Sent]]:
    """
    Play a practice whose transport accepts, with the real decisions.

    Args:
        window: When it may be disturbed.
        slot: Its place in the night.
        pace: What a hand-over may take at most.
        steps: How long after the last begin the next notice is recorded, and how long
            its hand-over takes.
        begins_at: When the first notice may be recorded.

    Yields:
        When the notice that waited longest was recorded, and its digest.
    """
    kept: list[Reservation] = []
    begun_at = now = begins_at
    for later, takes in steps:
        recorded_at = begun_at + later
        now = max(now, recorded_at)
        begun_at = next_send(
            now, quota_free_at=free_at(kept), retry_at=None, window=window, slot=slot
        ).at
        assert admits(kept, begun_at)
        reserved = reserve(begun_at, begun_at + pace.lease, pace.lingers)
        now = begun_at + takes
        reserved = shrunk(reserved, now, pace.lingers)
        kept = [reserved]
        yield recorded_at, Sent(begun_at, now, reserved)


def evening_of(window: SendWindow, sent: Sent) -> date:
    """
    The night a digest began in, by its name.
    """
    opens_at = window.span_reaching(sent.begun_at).opens_at
    return opens_at.astimezone(ZoneInfo(window.zone)).date()


@given(st.data(), windows(), instants())
def test_no_notice_waits_longer_than_the_stated_bound(
    data: st.DataObject, window: SendWindow, begins_at: datetime
) -> None:
    """Whenever it is recorded; also just after a begin, before both DST nights."""
    slot = data.draw(slots(window))
    pace = Pace(
        lease=data.draw(spans_of_time(timedelta(hours=2))),
        lingers=data.draw(spans_of_time(timedelta(hours=6))),
    )
    bound = longest_wait(window, slot, lease=pace.lease, lingers=pace.lingers)
    step = st.tuples(st.just(NO_TIME) | st.timedeltas(NO_TIME, 3 * DAY), st.none())
    steps = data.draw(st.lists(step, min_size=1, max_size=30))
    takes = st.lists(
        spans_of_time(pace.lease), min_size=len(steps), max_size=len(steps)
    )
    paced = zip((later for later, _ in steps), data.draw(takes), strict=True)

    for recorded_at, sent in played(window, slot, pace, paced, begins_at):
        assert sent.settled_at - recorded_at <= bound


@given(st.data(), windows(), st.sampled_from([BEFORE_SPRING, BEFORE_AUTUMN]))
@settings(max_examples=20)
def test_a_year_of_full_leases_keeps_the_bound(
    data: st.DataObject, window: SendWindow, begins_at: datetime
) -> None:
    """The fastest drift, always something to tell: it re-anchors again and again."""
    slot = data.draw(slots(window))
    pace = Pace(data.draw(st.timedeltas(MINUTE, timedelta(hours=1))))
    bound = longest_wait(window, slot, lease=pace.lease)
    steps = [(NO_TIME, pace.lease)] * 400

    waits = [
        sent.settled_at - recorded_at
        for recorded_at, sent in played(window, slot, pace, steps, begins_at)
    ]

    assert max(waits) <= bound


@given(
    st.sampled_from(
        [NIGHT, EVENING, SendWindow("09:00", "17:00"), SendWindow("01:00", "07:00")]
    ),
    st.timedeltas(timedelta(milliseconds=1), timedelta(seconds=10)),
    instants(),
    bsnrs(),
)
@settings(max_examples=20)
@example(NIGHT, timedelta(seconds=10), BEFORE_SPRING, BSNR("391234511"))
@example(NIGHT, timedelta(seconds=10), BEFORE_AUTUMN, BSNR("391234511"))
def test_400_nights_of_small_drift_lose_no_night_and_break_no_rule(
    window: SendWindow, takes: timedelta, begins_at: datetime, bsnr: BSNR
) -> None:
    """„Last send 01:03, next run 01:00, so skipped“ does not happen."""
    # The first notice comes by day, so that the row begins at the slot.
    begins_at = window.span_reaching(begins_at).closes_at
    pace, slot = Pace(timedelta(minutes=5)), slot_of(bsnr, window)
    sends = [
        sent
        for _, sent in played(window, slot, pace, [(NO_TIME, takes)] * 400, begins_at)
    ]
    evenings = [evening_of(window, sent) for sent in sends]

    assert all(
        later.begun_at - former.settled_at >= GAP for former, later in pairwise(sends)
    )
    assert all(later - former == DAY for former, later in pairwise(evenings))


@given(st.data(), windows(longest=22 * 60), instants())
@settings(max_examples=40)
def test_a_row_lasts_at_least_as_many_nights_as_stated(
    data: st.DataObject, window: SendWindow, begins_at: datetime
) -> None:
    """Whatever the season it begins in, and however the drift varies below its most."""
    slot = data.draw(slots(window))
    drift = data.draw(st.timedeltas(timedelta(seconds=30), timedelta(hours=2)))
    lingers = data.draw(st.sampled_from([NO_TIME, drift / 2]))
    certain = nights_before_reanchor(window, slot, drift)
    taken = data.draw(st.lists(spans_of_time(drift - lingers), max_size=20))
    steps = [
        (NO_TIME, taken[n] if n < len(taken) else drift - lingers)
        for n in range(min(certain, 400))
    ]
    begins_at = window.span_reaching(begins_at).closes_at

    evenings = [
        evening_of(window, sent)
        for _, sent in played(window, slot, Pace(drift, lingers), steps, begins_at)
    ]

    assert all(later - former == DAY for former, later in pairwise(evenings))


@given(st.data(), windows(longest=22 * 60), instants())
@settings(max_examples=40)
def test_a_late_row_lasts_as_stated_for_where_it_begins(
    data: st.DataObject, window: SendWindow, begins_at: datetime
) -> None:
    """A notice that comes late in a night is told at once, and uses up the slack."""
    slot = data.draw(slots(window))
    night = window.span_reaching(begins_at)
    room = night.length - SEND_TIME - slot
    late = slot + data.draw(st.timedeltas(NO_TIME, room))
    drift = data.draw(st.timedeltas(MINUTE, timedelta(hours=2)))
    certain = nights_before_reanchor(window, late, drift)
    steps = [(NO_TIME, drift)] * min(certain, 400)

    evenings = [
        evening_of(window, sent)
        for _, sent in played(window, slot, Pace(drift), steps, night.opens_at + late)
    ]

    assert all(later - former == DAY for former, later in pairwise(evenings))


# The 24-hour rule, and tries that fail


@given(
    instants(),
    st.lists(
        st.tuples(
            st.timedeltas(-2 * DAY, 2 * DAY),
            spans_of_time(timedelta(hours=1)),
            spans_of_time(timedelta(hours=6)),
            st.none() | st.timedeltas(-DAY, 2 * DAY),
        ),
        max_size=30,
    ),
)
def test_whatever_is_tried_and_settled_reservations_never_meet(
    now: datetime,
    tries: list[tuple[timedelta, timedelta, timedelta, timedelta | None]],
) -> None:
    """With a clock that jumps, settles that come early, late or never."""
    kept: list[Reservation] = []
    for jump, lease, lingers, settles in tries:
        now += jump
        if not admits(kept, now):
            continue
        reserved = reserve(now, now + lease, lingers)
        if settles is not None:
            smaller = shrunk(reserved, now + settles, lingers)
            assert smaller.begun_at + GAP <= smaller.until <= reserved.until
            reserved = smaller
        kept.append(reserved)

    assert all(former.until <= later.begun_at for former, later in pairwise(kept))


@given(st.data(), windows(), instants())
def test_an_address_that_always_fails_is_tried_four_times_a_night_at_most(
    data: st.DataObject, window: SendWindow, now: datetime
) -> None:
    slot = data.draw(slots(window))
    takes = data.draw(st.lists(spans_of_time(timedelta(minutes=50)), min_size=1))
    retry_at, tries = None, list[datetime]()
    for failures in range(1, 40):
        begun_at = next_send(
            now, quota_free_at=None, retry_at=retry_at, window=window, slot=slot
        ).at
        tries.append(window.span_reaching(begun_at).opens_at)
        now = begun_at + takes[failures % len(takes)]
        retry_at = retry_after(failures, now, window)

        assert retry_at >= now + 5 * MINUTE or failures % TRIES_A_NIGHT == 0

    assert max(tries.count(night) for night in tries) <= TRIES_A_NIGHT


@given(windows(), instants(), st.integers(1, 10).map(lambda it: it * TRIES_A_NIGHT))
def test_after_four_failures_another_night_opens_first(
    window: SendWindow, now: datetime, failures: int
) -> None:
    retry_at = retry_after(failures, now, window)
    night = window.span_reaching(now)

    assert retry_at == window.span_reaching(retry_at).opens_at
    assert retry_at > now
    assert (retry_at == night.opens_at) != window.is_open_at(now)
