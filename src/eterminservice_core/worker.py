"""
The long-running loop: sends what is due, sleeps until the next instant, stops cleanly.
"""

from __future__ import annotations

import _thread
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from attrs import field, frozen

from .dispatch import Settled
from .domain.errors import ImplausibleClockError, StoreError
from .service import NotificationService


logger = logging.getLogger("eterminservice_core")

#: Longest sleep: what other processes record meanwhile is noticed this late.
NAP = timedelta(seconds=30)
#: How long to wait after the store failed or the clock lied.
TROUBLE = timedelta(seconds=30)
#: Shortest sleep: whatever goes wrong, the loop never spins.
BREATH = timedelta(milliseconds=100)
#: How often waiting notices that are neither due nor held are looked for.
SWEEP_EVERY = 120


def _nothing(_: list[Settled]) -> None:
    pass


@frozen(kw_only=True)
class Worker:
    """
    Runs a service until it is told to stop.

    Any number of workers may run on one store; if one dies, another recovers what it
    left.

    Attributes:
        service: What it runs.
        stop: Set it to stop within the running message's deadline.
        wait: Sleeps at most so many seconds; answers True when it is time to stop.
        watch: Called with what was settled, after every round.
        nap: Longest sleep.
    """

    service: NotificationService
    stop: threading.Event = field(factory=threading.Event)
    wait: Callable[[float], bool] = field()
    watch: Callable[[list[Settled]], None] = field(default=_nothing)
    nap: timedelta = field(default=NAP)

    @wait.default
    def _wait_for_stop(self) -> Callable[[float], bool]:
        return self.stop.wait

    def run(self) -> None:
        """
        Send what is due and sleep, over and over, until told to stop.
        """
        rounds = 0
        while not self.stop.is_set():
            pause = self._round(sweeps=rounds % SWEEP_EVERY == 0)
            rounds += 1
            if self.wait(max(pause, BREATH).total_seconds()):
                return

    def _round(self, *, sweeps: bool) -> timedelta:
        """
        One round; a store that fails or a clock that lies costs a pause, not the loop.
        """
        try:
            if sweeps:
                self.service.sweep()
            self.watch(self.service.dispatch_due(self.stop.is_set))
            return self.service.next_wake(at_most=self.nap)
        except ImplausibleClockError as error:
            logger.critical("nothing is sent: %s", error)
        except StoreError as error:
            logger.error("the store fails: %s", error)  # noqa: TRY400 — one sentence
        return TROUBLE


@contextmanager
def stopping_on_signals(stop: threading.Event) -> Iterator[None]:
    """
    Let SIGTERM and SIGINT set `stop`; only in the main thread.
    """

    def tell(*_: object) -> None:
        # In a thread of its own: `Event.set` takes a lock that the very code which the
        # signal interrupts may hold, and then both would wait for ever.
        _thread.start_new_thread(stop.set, ())

    former = {
        number: signal.signal(number, tell)
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
