"""
The protocol of one digest where something comes between two of its steps.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from eterminservice_core import (
    BSNR,
    Appointment,
    Booking,
    ChannelKind,
    DeliveryReport,
    Due,
    EmailAddress,
    ImplausibleClockError,
    Keys,
    NotificationService,
    Outcome,
    Practice,
    ProfileDialog,
    Reason,
    Receipt,
    SendingPolicy,
    StoreUnavailableError,
    Verdict,
    settlement,
)
from eterminservice_core.settlement import OUR_FAULT_PAUSE
from eterminservice_core.storage import MemoryStore
from eterminservice_core.testing.clock import FakeClock
from eterminservice_transports import RecordingTransport


PRACTICE = BSNR("391234511")
OTHER = BSNR("391234502")
KEYS = Keys(pseudonyms=b"p" * 32, codes=(b"c" * 32,))
NIGHT = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
DAY = timedelta(hours=24)


class InterruptedStore:
    """
    A store where a test may do something before the n-th next transaction opens.
    """

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.before: dict[int, Callable[[], object]] = {}

    @property
    def keys(self) -> Keys:
        return self.store.keys

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        self.before = {number - 1: act for number, act in self.before.items()}
        self.before.pop(0, lambda: None)()
        with self.store.transaction() as tx:
            yield tx


class World:
    """
    Two practices with a notice each, at an hour at which both are due.
    """

    def __init__(self) -> None:
        self.clock = FakeClock(NIGHT)
        self.outbox = RecordingTransport()
        self.store = InterruptedStore(MemoryStore(KEYS, clock=self.clock))
        self.service = self.make()
        for number, bsnr in enumerate((PRACTICE, OTHER)):
            self.service.register(Practice(bsnr, name="Praxis"))
            self.select(bsnr, f"praxis{number}@praxis.example")
            self.service.confirm(bsnr, self.outbox.last_code())
            self.record(bsnr, "a-1")

    def make(self, **options: Any) -> NotificationService:
        return NotificationService(
            self.store,
            transports=[self.outbox],
            elapsed=self.clock.elapsed,
            **options,
        )

    def select(self, bsnr: BSNR, address: str) -> None:
        dialog = ProfileDialog(email=EmailAddress(address), selected="email")
        self.service.save_profile(bsnr, dialog)

    def record(self, bsnr: BSNR, name: str) -> None:
        slot = Appointment(name, starts_at=NIGHT + 30 * DAY)
        self.service.record(Booking(bsnr, slot, version=1))

    def waiting(self, bsnr: BSNR) -> int:
        with self.store.store.transaction() as tx:
            return len(tx.waiting(bsnr))

    def outcomes(self) -> list[Outcome]:
        return [settled.receipt.outcome for settled in self.service.dispatch_due()]

    def go_to_next_due(self) -> None:
        with self.store.store.transaction() as tx:
            due_at = tx.next_due_at([ChannelKind.EMAIL])
        assert due_at is not None
        self.clock.advance(max(timedelta(0), due_at - self.clock()))


@pytest.fixture
def world() -> World:
    """
    A world of its own for each test.
    """
    return World()


# Transactions of one round: 1 recover, 2 claim, 3 prepare, 4 begin, 5 settle, …
CLAIM, PREPARE, BEGIN, SETTLE = 2, 3, 4, 5


def test_what_was_recorded_after_preparing_waits_for_the_next_night(
    world: World,
) -> None:
    world.store.before[BEGIN] = lambda: world.record(OTHER, "late")

    assert world.outcomes() == [Outcome.ACCEPTED, Outcome.ACCEPTED]
    assert world.waiting(OTHER) == 1


def test_a_changed_channel_is_prepared_anew(world: World) -> None:
    """The digest goes to the address that is active when it begins, never before."""

    def change() -> None:
        world.select(OTHER, "neu@praxis.example")
        world.service.confirm(OTHER, world.outbox.last_code())

    world.store.before[BEGIN] = change

    world.outcomes()

    addresses = [message.address for message in world.outbox.digests()]
    assert EmailAddress("neu@praxis.example") in addresses
    assert len(addresses) == 2


def test_a_practice_erased_meanwhile_is_left_alone() -> None:
    for step in (PREPARE, BEGIN, SETTLE):
        fresh = World()
        fresh.store.before[step] = lambda world=fresh: world.service.erase(OTHER)  # type: ignore[misc]  # a default binds it

        assert len(fresh.outcomes()) == (2 if step == SETTLE else 1)


def test_silence_chosen_meanwhile_is_kept(world: World) -> None:
    world.store.before[BEGIN] = lambda: world.service.save_profile(
        OTHER, ProfileDialog(selected=None)
    )

    assert world.outcomes() == [Outcome.ACCEPTED]
    assert world.waiting(OTHER) == 1


def test_a_lease_that_ended_is_not_used(world: World) -> None:
    """Another worker may have the practice by now."""
    world.store.before[PREPARE] = lambda: world.clock.advance(timedelta(minutes=16))

    world.outcomes()

    assert len(world.outbox.digests()) == 2
    assert len({it.address for it in world.outbox.digests()}) == 2


def test_stopping_gives_back_what_was_not_begun(world: World) -> None:
    world.service.dispatch_due(lambda: len(world.outbox.digests()) == 1)

    assert len(world.outbox.digests()) == 1
    assert len(world.make().dispatch_due()) == 1


def test_an_outcome_the_store_did_not_take_stays_in_hand(world: World) -> None:
    def fail() -> None:
        raise StoreUnavailableError("the disk is full")

    world.store.before[SETTLE] = fail

    assert world.outcomes() == [Outcome.ACCEPTED, Outcome.ACCEPTED]
    assert world.waiting(PRACTICE) + world.waiting(OTHER) == 1
    world.service.dispatch_due()
    assert world.waiting(PRACTICE) + world.waiting(OTHER) == 0


def test_a_digest_that_cannot_be_rendered_stops_nobody_else(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    renderer = world.service.renderer
    render = type(renderer).digest

    def poisoned(self: Any, content: Any) -> Any:
        if content.bsnr == OTHER:
            raise RuntimeError("Dr. Geheim")
        return render(self, content)

    monkeypatch.setattr(type(renderer), "digest", poisoned)

    assert world.outcomes() == [Outcome.ACCEPTED]
    assert world.waiting(OTHER) == 1
    assert "digest cannot be rendered" in caplog.text
    assert "Geheim" not in caplog.text
    monkeypatch.undo()
    world.clock.advance(OUR_FAULT_PAUSE)
    assert world.outcomes() == [Outcome.ACCEPTED]


def test_a_reservation_the_store_refuses_is_put_off_loudly(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.service.dispatch_due()
    world.clock.advance(timedelta(hours=1))
    world.record(PRACTICE, "b-1")
    monkeypatch.setattr(
        "eterminservice_core.scheduling.next_send", lambda now, **_: Due(now)
    )
    with world.store.store.transaction() as tx:
        tx.schedule(PRACTICE, world.clock(), None)

    assert world.service.dispatch_due() == []
    assert "the store refused a reservation" in caplog.text


def test_a_clock_set_back_sends_nothing_and_says_so(world: World) -> None:
    world.service.dispatch_due()
    world.record(PRACTICE, "b-1")
    world.clock.set(NIGHT - timedelta(hours=3))

    with pytest.raises(ImplausibleClockError, match="caught up"):
        world.service.dispatch_due()
    world.clock.set(NIGHT + timedelta(seconds=1))
    assert world.service.dispatch_due() == []


def test_a_clock_that_leapt_needs_a_human(world: World) -> None:
    world.clock.advance(timedelta(days=40))

    with pytest.raises(ImplausibleClockError, match="accept-clock"):
        world.service.dispatch_due()
    world.service.accept_clock()
    assert len(world.service.dispatch_due()) == 2


def test_faults_of_our_own_pause_the_transport_with_an_alarm(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.service = world.make(policy=SendingPolicy(faults_before_pause=2))
    refused = Receipt.failed(Reason.LOGIN_REFUSED, "535 5.7.8")
    world.outbox.answer_with(refused, refused)

    with caplog.at_level(logging.ERROR):
        assert world.outcomes() == [Outcome.FAILED, Outcome.FAILED]
    assert "transport paused" in caplog.text
    assert world.outcomes() == []
    assert world.service.next_wake(at_most=DAY) <= OUR_FAULT_PAUSE
    assert world.service.profile(PRACTICE).active_address  # nobody was unverified

    world.clock.advance(OUR_FAULT_PAUSE)
    assert world.outcomes() == [Outcome.ACCEPTED, Outcome.ACCEPTED]


def test_an_unreachable_recipient_is_tried_four_times_a_night(world: World) -> None:
    """A fax may ring in a bedroom."""
    world.outbox.answer_with(*[Receipt.failed(Reason.TRY_LATER)] * 30)
    with world.store.store.transaction() as tx:
        night = tx.practice(PRACTICE).window.span_reaching(world.clock())

    tries = 0
    while world.clock() < night.closes_at:
        tries += len(world.service.dispatch_due())
        world.go_to_next_due()

    assert tries == 8  # four for each of the two practices
    assert world.service.why(PRACTICE).outlook.failures == 4


# What comes later


def settled_late(receipt: Receipt) -> tuple[World, bool]:
    """
    A hand-over that recovery settled as unknown before its worker came back.
    """
    world = World()
    world.service.erase(OTHER)
    other_worker = world.make()

    def recover() -> None:
        world.clock.advance(timedelta(minutes=20))
        other_worker.dispatch_due()

    world.outbox.answer_with(receipt)
    world.store.before[SETTLE] = recover
    world.service.dispatch_due()
    (attempt,) = world.service.why(PRACTICE).attempts
    assert attempt.outcome is Outcome.UNKNOWN
    return world, world.waiting(PRACTICE) == 1


def test_a_late_acceptance_is_filed_as_a_report() -> None:
    _, still_waiting = settled_late(Receipt.accepted())

    assert not still_waiting


@pytest.mark.parametrize(
    "receipt",
    [
        Receipt.failed(Reason.TRY_LATER),
        Receipt.rejected(),
        Receipt.unknown(Reason.CONNECTION_LOST, "451"),
    ],
)
def test_any_other_late_outcome_leaves_the_notices_waiting(receipt: Receipt) -> None:
    world, still_waiting = settled_late(receipt)

    assert still_waiting
    world.go_to_next_due()
    world.service.dispatch_due()
    assert "ggf. bereits mitgeteilt" in world.outbox.last().text


def test_a_report_before_the_settlement_counts_after_it(world: World) -> None:
    def report() -> None:
        attempt_id = world.outbox.digests()[0].id
        undelivered = DeliveryReport(attempt_id, verdict=Verdict.UNDELIVERED)
        assert world.service.report(undelivered)

    world.store.before[SETTLE] = report
    world.service.dispatch_due()

    assert world.waiting(PRACTICE) + world.waiting(OTHER) == 1


def test_undelivered_makes_them_wait_again_and_delivered_withdraws(
    world: World,
) -> None:
    world.outbox.answer_with(Receipt.unknown(Reason.CONNECTION_LOST))
    world.service.dispatch_due()
    unknown, accepted = world.outbox.digests()
    delivered = DeliveryReport(unknown.id, verdict=Verdict.DELIVERED)
    undelivered = DeliveryReport(accepted.id, verdict=Verdict.UNDELIVERED)

    for _ in range(2):
        assert world.service.report(delivered)
        assert world.service.report(undelivered)

    assert world.waiting(PRACTICE) + world.waiting(OTHER) == 1


def test_an_older_attempt_s_report_changes_nothing(world: World) -> None:
    world.service.erase(OTHER)
    world.outbox.answer_with(Receipt.unknown(Reason.CONNECTION_LOST))
    world.service.dispatch_due()
    first = world.outbox.last().id
    world.go_to_next_due()
    world.service.dispatch_due()
    assert world.waiting(PRACTICE) == 0

    world.service.report(DeliveryReport(first, verdict=Verdict.UNDELIVERED))

    assert world.waiting(PRACTICE) == 0


def test_a_report_of_nothing_known_is_parked(world: World) -> None:
    unknown = DeliveryReport("f" * 32, verdict=Verdict.DELIVERED)

    assert not world.service.report(unknown)


def test_a_failed_attempt_s_report_changes_nothing(world: World) -> None:
    world.outbox.answer_with(*[Receipt.failed(Reason.TRY_LATER)] * 2)
    world.service.dispatch_due()

    for message in world.outbox.digests():
        world.service.report(DeliveryReport(message.id, verdict=Verdict.DELIVERED))

    assert world.waiting(PRACTICE) == world.waiting(OTHER) == 1


def test_the_sweep_mends_what_is_neither_due_nor_held(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A lost wake-up must not be for ever; that there was one is an error."""
    assert world.service.sweep() == 0
    with world.store.store.transaction() as tx:
        tx.schedule(PRACTICE, None, None)

    assert world.service.sweep() == 1
    assert "waiting notices were not due" in caplog.text
    assert len(world.service.dispatch_due()) == 2


def test_a_dead_worker_s_attempt_is_recovered_and_never_sent_again(
    world: World,
) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    world.store.before[SETTLE] = die
    with pytest.raises(KeyboardInterrupt):
        world.service.dispatch_due()
    sent_to = world.outbox.digests()[0].address

    world.clock.advance(timedelta(minutes=16))
    world.make().dispatch_due()

    assert [it.address for it in world.outbox.digests()].count(sent_to) == 1
    assert settlement.Reason.CONNECTION_LOST in {
        attempt.receipt.reason
        for bsnr in (PRACTICE, OTHER)
        for attempt in world.service.why(bsnr).attempts
        if attempt.receipt is not None
    }


def test_why_names_the_transport_that_is_missing(world: World) -> None:
    """Where no transport is set up, nothing is due, whatever the clock says."""
    nobody = NotificationService(world.store)

    assert nobody.why(PRACTICE).constraint == "no transport for the channel"
    assert world.service.why(PRACTICE).constraint == "it is due now"
