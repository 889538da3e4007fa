"""
The worker: sleeps until something is due, stops when told to, survives trouble.

Time passes only while it sleeps: waiting moves the clock.  Long because each kind of
trouble brings a small world of its own.
"""

from __future__ import annotations

import logging
import operator
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import define, field, frozen

from eterminservice_core import (
    BSNR,
    Appointment,
    Booking,
    ChannelKind,
    Deadline,
    Keys,
    Message,
    NotificationService,
    Outcome,
    Practice,
    ProfileDialog,
    Purpose,
    Reason,
    Receipt,
    SendWindow,
    Settled,
    StoreUnavailableError,
    Transaction,
    Worker,
)
from eterminservice_core.storage import MemoryStore
from eterminservice_core.testing.clock import FakeClock
from eterminservice_core.transport import TransportSpec
from eterminservice_core.worker import (
    BREATH,
    NAP,
    SWEEP_EVERY,
    TROUBLE,
    stopping_on_signals,
)
from eterminservice_transports import RecordingTransport


TOPP, MORE = BSNR("391234511"), BSNR("241234601")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STARTS = datetime.fromisoformat("2026-04-13T09:30+02:00")


@define
class Sleep:
    """
    Sleeping moves the clock; somebody says stop after so much time.
    """

    clock: FakeClock
    until: datetime
    naps: list[timedelta] = field(factory=list)
    meanwhile: Callable[[], object] = field(default=lambda: None)

    def __call__(self, seconds: float) -> bool:
        self.naps.append(timedelta(seconds=seconds))
        self.clock.advance(self.naps[-1])
        self.meanwhile()
        return self.clock() >= self.until


@pytest.fixture
def sleep(clock: FakeClock) -> Sleep:
    """
    A day's sleep from Monday noon, with the night in it.
    """
    return Sleep(clock, clock() + DAY)


@pytest.fixture(autouse=True)
def waiting(service: NotificationService, outbox: RecordingTransport) -> None:
    """
    Two practices are told by e-mail, and a notice waits for each.
    """
    for bsnr in (TOPP, MORE):
        service.register(Practice(bsnr, name="Praxis"))
        dialog = ProfileDialog(email=f"p{bsnr}@praxis.example", selected="email")
        service.save_profile(bsnr, dialog)
        service.confirm(bsnr, outbox.last_code())
        record(service, bsnr)


def record(service: NotificationService, bsnr: BSNR, *, number: int = 1) -> None:
    """
    Record one more booking.
    """
    slot = Appointment(f"a-{number}", starts_at=STARTS)
    service.record(Booking(bsnr, slot, version=1))


def due_at(service: NotificationService) -> list[datetime]:
    """
    When the two practices are due, the earlier first.
    """
    due = [service.why(bsnr).outlook.due_at for bsnr in (TOPP, MORE)]
    return sorted(at for at in due if at is not None)


# Sleeping


def test_it_sleeps_until_a_digest_is_due_and_sends_it_then(
    service: NotificationService,
    outbox: RecordingTransport,
    clock: FakeClock,
    sleep: Sleep,
) -> None:
    """
    Three sleeps for two digests: no polling in between.
    """
    noon, (first, second) = clock(), due_at(service)
    Worker(service=service, wait=sleep, nap=DAY).run()

    assert [first - noon, second - first, DAY] == sleep.naps
    assert [first, second] == [it.created_at for it in outbox.digests()]


def test_it_never_sleeps_longer_than_a_nap(
    service: NotificationService, sleep: Sleep
) -> None:
    """
    What other processes record meanwhile is noticed.
    """
    Worker(service=service, wait=sleep, nap=HOUR).run()

    assert max(sleep.naps) == HOUR
    assert sum(sleep.naps, timedelta()) >= DAY
    assert len(sleep.naps) <= 24 + 3


def test_a_nap_is_30_seconds_unless_told_otherwise(
    service: NotificationService,
) -> None:
    assert Worker(service=service).nap == NAP == timedelta(seconds=30)


def test_it_notices_what_is_recorded_while_it_sleeps(
    service: NotificationService, outbox: RecordingTransport, sleep: Sleep
) -> None:
    def record_one() -> None:
        if len(sleep.naps) == 1:
            record(service, TOPP, number=2)

    sleep.meanwhile = record_one
    Worker(service=service, wait=sleep, nap=HOUR).run()

    assert sorted(message.text.count("13.04.2026") for message in outbox.digests()) == [
        1,
        2,
    ]


@frozen
class Restless(NotificationService):
    """
    A service that always has something to do at once, and counts its sweeps.
    """

    sweeps: list[int] = field(factory=list, kw_only=True)

    def next_wake(self, *, at_most: timedelta) -> timedelta:
        del at_most
        return timedelta(0)

    def sweep(self) -> int:
        self.sweeps.append(1)
        return 0


def test_whatever_goes_wrong_it_never_spins(store: MemoryStore, sleep: Sleep) -> None:
    sleep.until = sleep.clock() + MINUTE
    Worker(service=Restless(store), wait=sleep).run()

    assert timedelta(milliseconds=100) == BREATH
    assert sleep.naps == [BREATH] * 600


def test_it_looks_for_forgotten_notices_now_and_then(
    store: MemoryStore, sleep: Sleep
) -> None:
    """
    At the start, and after every 120 rounds.
    """
    assert SWEEP_EVERY == 120

    restless = Restless(store)
    for rounds, sweeps in ((1, 1), (SWEEP_EVERY, 1), (SWEEP_EVERY + 1, 2)):
        restless.sweeps.clear()
        sleep.until = sleep.clock() + rounds * BREATH
        Worker(service=restless, wait=sleep).run()

        assert sweeps == len(restless.sweeps)


def test_a_relay_that_is_down_all_night_is_not_hammered(
    make_service: Callable[..., NotificationService],
    outbox: RecordingTransport,
    sleep: Sleep,
) -> None:
    service = make_service()
    outbox.answer_with(*[Receipt.failed(Reason.UNREACHABLE)] * 1000)
    Worker(service=service, wait=sleep, nap=DAY).run()

    assert 4 <= len(outbox.digests()) <= 2 * 60
    assert len(sleep.naps) <= 2 * 60 + 2


# Stopping


@define
class Interrupting:
    """
    Carries a message while something else happens.
    """

    inner: RecordingTransport
    meanwhile: Callable[[], object]

    @property
    def spec(self) -> TransportSpec[Any]:
        return self.inner.spec

    def deliver(self, message: Message, deadline: Deadline) -> Receipt:
        if message.purpose is Purpose.DIGEST:
            self.meanwhile()
        return self.inner.deliver(message, deadline)


def both_due(clock: FakeClock) -> None:
    """
    Go to where both practices are due.
    """
    clock.advance(14 * HOUR)


def test_told_to_stop_before_it_runs_it_does_nothing(
    service: NotificationService,
    outbox: RecordingTransport,
    clock: FakeClock,
    sleep: Sleep,
) -> None:
    both_due(clock)
    worker = Worker(service=service, wait=sleep)
    worker.stop.set()
    worker.run()

    assert not outbox.digests()
    assert sleep.naps == []


def test_told_to_stop_while_it_sleeps_it_stops(
    service: NotificationService, sleep: Sleep, outbox: RecordingTransport
) -> None:
    sleep.until = sleep.clock()
    Worker(service=service, wait=sleep).run()

    assert len(sleep.naps) == 1
    assert not outbox.digests()


def test_by_default_it_sleeps_on_the_event_that_stops_it(
    service: NotificationService,
) -> None:
    worker = Worker(service=service)
    worker.stop.set()

    assert worker.wait(3600)


def test_told_to_stop_while_a_message_is_on_the_wire_it_finishes_that_one_only(
    make_service: Callable[..., NotificationService],
    outbox: RecordingTransport,
    clock: FakeClock,
    sleep: Sleep,
) -> None:
    """
    The other one is free for another worker at once: its lease was given back.
    """
    both_due(clock)
    stop = threading.Event()
    service = make_service(transports=[Interrupting(outbox, stop.set)])
    Worker(service=service, wait=sleep, stop=stop).run()
    (told,) = outbox.digests()

    assert len(sleep.naps) == 1

    settled = make_service().dispatch_due()

    assert [it.receipt.outcome for it in settled] == [Outcome.ACCEPTED]
    assert len({it.address for it in outbox.digests()}) == 2
    assert told in outbox.digests()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_within_the_running_message(
    make_service: Callable[..., NotificationService],
    outbox: RecordingTransport,
    clock: FakeClock,
    sleep: Sleep,
    number: signal.Signals,
) -> None:
    both_due(clock)
    stop = threading.Event()

    def interrupt() -> None:
        signal.raise_signal(number)
        assert stop.wait(10)

    service = make_service(transports=[Interrupting(outbox, interrupt)])
    with stopping_on_signals(stop):
        Worker(service=service, wait=sleep, stop=stop).run()

    assert len(outbox.digests()) == 1
    assert [
        attempt.outcome
        for bsnr in (TOPP, MORE)
        for attempt in service.why(bsnr).attempts
    ] == [Outcome.ACCEPTED]


def test_afterwards_signals_do_what_they_did_before() -> None:
    """
    Also when something went wrong in between.
    """
    numbers = (signal.SIGTERM, signal.SIGINT)

    def handlers() -> list[object]:
        return [signal.getsignal(number) for number in numbers]

    def go_wrong() -> None:
        with stopping_on_signals(threading.Event()):
            assert all(map(operator.ne, before, handlers()))
            raise RuntimeError("stop")

    before = handlers()
    with pytest.raises(RuntimeError, match="stop"):
        go_wrong()

    assert before == handlers()


def test_a_signal_in_the_very_instant_it_falls_asleep_does_not_lock_it_up() -> None:
    """
    `Event.wait` holds the event's lock for a moment, and a handler runs on top of it.
    """
    stop = threading.Event()

    def give_up(*_: object) -> None:
        raise TimeoutError("the handler waits for a lock that it interrupted")

    former = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, 10)
    try:
        with stopping_on_signals(stop):
            with stop._cond:  # type: ignore[attr-defined]  # where `wait` would be
                signal.raise_signal(signal.SIGTERM)

            assert stop.wait(10)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


# Trouble


@define
class FailingStore:
    """
    A store that does not answer for a while.
    """

    inner: MemoryStore
    failures: int = 0

    @property
    def keys(self) -> Keys:
        return self.inner.keys

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailableError("the database does not answer")
        with self.inner.transaction() as tx:
            yield tx


def test_a_store_that_fails_costs_a_pause_and_not_the_worker(
    make_service: Callable[..., NotificationService],
    store: MemoryStore,
    outbox: RecordingTransport,
    clock: FakeClock,
    sleep: Sleep,
    caplog: pytest.LogCaptureFixture,
) -> None:
    both_due(clock)
    service = make_service(store=FailingStore(store, failures=3))
    sleep.until = clock() + 3 * TROUBLE
    Worker(service=service, wait=sleep, nap=DAY).run()

    assert sleep.naps == [TROUBLE] * 3
    assert timedelta(seconds=30) == TROUBLE
    assert (
        caplog.record_tuples
        == [
            (
                "eterminservice_core",
                logging.ERROR,
                "the store fails: the database does not answer",
            )
        ]
        * 3
    )

    sleep.until = clock() + DAY
    Worker(service=service, wait=sleep, nap=DAY).run()

    assert len(outbox.digests()) == 2


def test_a_clock_that_lies_stops_sending_and_not_the_worker(
    service: NotificationService,
    outbox: RecordingTransport,
    clock: FakeClock,
    sleep: Sleep,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """
    Until a human says that it is right after all.
    """
    service.dispatch_due()
    clock.advance(40 * DAY + 14 * HOUR)
    sleep.until = clock() + 4 * TROUBLE

    def accept() -> None:
        if len(sleep.naps) == 2:
            assert not outbox.digests()
            service.accept_clock()

    sleep.meanwhile = accept
    Worker(service=service, wait=sleep, nap=TROUBLE).run()

    assert sleep.naps == [TROUBLE] * 4
    assert len(outbox.digests()) == 2
    assert [
        record.levelno
        for record in caplog.records
        if record.message.startswith("nothing is sent: the clock reads")
    ] == [logging.CRITICAL] * 2


def test_a_clock_that_was_set_back_is_waited_for(
    service: NotificationService,
    outbox: RecordingTransport,
    clock: FakeClock,
    sleep: Sleep,
) -> None:
    """
    Nothing is sent until it has caught up; then everything is.
    """
    both_due(clock)
    service.set_window(TOPP, SendWindow("22:00", "06:00"))
    before = clock()
    clock.set(before - 5 * MINUTE)
    sleep.until = before + HOUR
    Worker(service=service, wait=sleep, nap=HOUR).run()

    assert sleep.naps[:10] == [TROUBLE] * 10
    assert all(before <= message.created_at for message in outbox.digests())
    assert len(outbox.digests()) == 2


def test_an_error_that_needs_a_human_ends_it(store: MemoryStore, sleep: Sleep) -> None:
    """
    Only what may pass by itself is waited for.
    """

    @frozen
    class Broken(NotificationService):
        def dispatch_due(
            self, should_stop: Callable[[], bool] = lambda: False
        ) -> list[Settled]:
            raise RuntimeError("a mistake of ours", should_stop)

    with pytest.raises(RuntimeError, match="a mistake of ours"):
        Worker(service=Broken(store), wait=sleep).run()


class Killed(BaseException):
    """
    The process is gone.
    """


def test_what_a_dead_worker_left_is_recovered_and_not_sent_again_that_night(
    make_service: Callable[..., NotificationService],
    outbox: RecordingTransport,
    clock: FakeClock,
    sleep: Sleep,
) -> None:
    """
    Nobody knows whether it arrived; in the next night it is told again, marked.
    """

    def die() -> None:
        raise Killed

    both_due(clock)
    dying = make_service(transports=[Interrupting(outbox, die)])
    with pytest.raises(Killed):
        Worker(service=dying, wait=sleep).run()

    assert not outbox.digests()

    watched: list[Settled] = []
    sleep.until = clock() + 20 * HOUR
    Worker(service=make_service(), wait=sleep, nap=MINUTE, watch=watched.extend).run()
    (told,) = watched
    (recovered,) = {TOPP, MORE} - {told.bsnr}
    (attempt,) = make_service().why(recovered).attempts

    assert attempt.receipt == Receipt.unknown(Reason.CONNECTION_LOST)

    sleep.until = clock() + DAY
    Worker(service=make_service(), wait=sleep, nap=HOUR).run()

    assert ["bereits mitgeteilt" in it.text for it in outbox.digests()] == [False, True]


# Watching


def test_after_every_round_it_says_what_was_settled(
    service: NotificationService, sleep: Sleep
) -> None:
    rounds: list[list[Settled]] = []
    Worker(service=service, wait=sleep, nap=DAY, watch=rounds.append).run()

    assert [len(settled) for settled in rounds] == [0, 1, 1]
    assert {TOPP, MORE} == {it.bsnr for settled in rounds for it in settled}


def test_a_fax_line_that_is_set_up_nowhere_keeps_nobody_busy(
    make_service: Callable[..., NotificationService],
    outbox: RecordingTransport,
    fax_outbox: RecordingTransport,
    sleep: Sleep,
) -> None:
    """
    Who is due by a channel that this worker cannot serve is left to others.
    """
    Worker(service=make_service(transports=[fax_outbox]), wait=sleep, nap=HOUR).run()

    assert fax_outbox.spec.kind is ChannelKind.FAX
    assert not outbox.digests()
    assert len(sleep.naps) == 24
