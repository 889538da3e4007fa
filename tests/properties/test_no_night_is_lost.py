"""
P5 with one running worker: every night has its digest, and no notice waits too long.

The real service runs for months on a clock that the hand-overs themselves move.  Every
evening brings a notice; what the far end took, and when, is all that counts.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from attrs import define, field
from hypothesis import given, settings, strategies as st

from eterminservice_core import (
    BSNR,
    Appointment,
    Booking,
    Capabilities,
    ChannelKind,
    Contact,
    Deadline,
    Message,
    NotificationService,
    Practice,
    ProfileDialog,
    Purpose,
    Receipt,
    Renderer,
    SendingPolicy,
    SendWindow,
    TransportSpec,
)
from eterminservice_core.domain.agenda import (
    longest_wait,
    nights_before_reanchor,
    slot_of,
)
from eterminservice_core.storage import MemoryStore
from eterminservice_core.testing.clock import FakeClock


PRACTICE = BSNR("391234511")
RENDERER = Renderer()
POLICY = SendingPolicy()
DAY = timedelta(days=1)


SPEC = TransportSpec(
    "slow",
    ChannelKind.EMAIL,
    dict,
    open=lambda _: None,  # type: ignore[arg-type,return-value]  # never opened
    capabilities=Capabilities(stops_at_deadline=True),
)


@define
class SlowFarEnd:
    """
    Accepts everything, and takes its time over it.
    """

    clock: FakeClock
    takes: timedelta
    took_at: list[datetime] = field(factory=list)
    spec: TransportSpec[Any] = SPEC

    def deliver(self, message: Message, _: Deadline) -> Receipt:
        assert message.purpose is Purpose.DIGEST
        self.took_at.append(self.clock())
        self.clock.advance(self.takes)
        return Receipt.accepted()


@define
class Night:
    """
    A practice that is told something every day, for as long as a test likes.
    """

    window: SendWindow
    takes: timedelta
    clock: FakeClock = field(init=False)
    far_end: SlowFarEnd = field(init=False)
    store: MemoryStore = field(init=False)
    service: NotificationService = field(init=False)
    recorded_at: list[datetime] = field(factory=list, init=False)
    waits: list[timedelta] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self.clock = FakeClock(datetime(2026, 1, 5, 11, tzinfo=UTC))
        self.far_end = SlowFarEnd(self.clock, self.takes)
        self.store = MemoryStore(clock=self.clock)
        self.service = NotificationService(
            self.store,
            transports=[self.far_end],
            renderer=RENDERER,
            elapsed=self.clock.elapsed,
            trusts_register=True,
        )
        master = Contact(email="anmeldung@praxis.example")
        practice = Practice(PRACTICE, name="Praxis", master=master, window=self.window)
        self.service.register(practice)
        dialog = ProfileDialog(email=master.email, selected="email")
        self.service.save_profile(PRACTICE, dialog)

    def record(self) -> None:
        number = len(self.recorded_at)
        slot = Appointment(f"a-{number}", starts_at=self.clock() + 60 * DAY)
        self.service.record(Booking(PRACTICE, slot, version=1))
        self.recorded_at.append(self.clock())

    def run_until(self, instant: datetime) -> None:
        """
        What a worker does: send what is due, sleep until the next instant.
        """
        while True:
            for settled in self.service.dispatch_due():
                told = self.recorded_at[len(self.waits) :][: settled.notices]
                self.waits += [self.far_end.took_at[-1] - it for it in told]
            nap = self.service.next_wake(at_most=DAY)
            if self.clock() + nap >= instant:
                self.clock.advance(max(timedelta(0), instant - self.clock()))
                return
            self.clock.advance(nap)


@given(
    opens=st.integers(0, 23),
    hours=st.integers(4, 14),
    zone=st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "America/New_York"]),
    takes=st.integers(1, 280),
    at_hour=st.integers(0, 23),
)
@settings(max_examples=25)
def test_no_notice_waits_longer_than_the_stated_bound(
    opens: int, hours: int, zone: str, takes: int, at_hour: int
) -> None:
    window = SendWindow(f"{opens:02}:00", f"{(opens + hours) % 24:02}:00", zone)
    night = Night(window, timedelta(seconds=takes))
    bound = longest_wait(window, slot_of(PRACTICE, window), lease=POLICY.lease)

    for day in range(120):
        night.run_until(datetime(2026, 1, 6, at_hour, tzinfo=UTC) + day * DAY)
        night.record()
    night.run_until(night.clock() + 3 * DAY)

    assert len(night.waits) == len(night.recorded_at)
    assert max(night.waits) <= bound
    gaps = [later - former for former, later in pairwise(night.far_end.took_at)]
    assert min(gaps) >= DAY


@pytest.mark.parametrize("takes", [1, 30, 120])
def test_every_night_has_its_digest_until_the_slack_is_used_up(takes: int) -> None:
    """„Last send 01:03, next run 01:00, so skipped“ does not happen."""
    night = Night(SendWindow("20:00", "06:00"), timedelta(seconds=takes))
    certain = nights_before_reanchor(
        night.window, slot_of(PRACTICE, night.window), night.takes
    )

    nights = min(certain, 300)
    for day in range(nights):
        night.run_until(datetime(2026, 1, 6, 12, tzinfo=UTC) + day * DAY)
        night.record()
    night.run_until(night.clock() + DAY)

    assert len(night.far_end.took_at) == nights
    assert nights > 100


def test_through_both_clock_changes_the_gap_is_24_elapsed_hours() -> None:
    """28 to 30 March and 24 to 26 October 2026, at which a cron job takes 23 or 25."""
    night = Night(SendWindow("20:00", "06:00"), timedelta(seconds=5))

    for day in range(300):
        night.run_until(datetime(2026, 1, 6, 12, tzinfo=UTC) + day * DAY)
        night.record()
    night.run_until(night.clock() + DAY)

    gaps = [later - former for former, later in pairwise(night.far_end.took_at)]
    assert min(gaps) >= DAY
    assert max(gaps) <= DAY + timedelta(hours=1, minutes=1)
    assert len(night.far_end.took_at) == 300
