"""
What a process of the demo works with: the clock, the SQLite file, SMTP, a service.

Everything here is real but for time and chance.  Chance is seeded, so that two runs say
the same: ids and codes out of a seed can be guessed, so never do this elsewhere.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from attrs import frozen

from ...registry import TransportRegistry
from ...service import NotificationService
from ...worker import Worker
from ..store_files import opened_store, read_keys
from .clock import SimulatedClock
from .places import CLOCK, DATABASE, KEY_FILE, SENDER


#: Longest sleep: how late a worker of the story sees what a dead one left behind.
_NAP: Final = timedelta(minutes=15)


@frozen(kw_only=True)
class Stage:
    """
    What a process of the demo works with.
    """

    clock: SimulatedClock
    service: NotificationService

    def work_until(self, end: datetime) -> None:
        """
        Run a worker until this time of the story.
        """
        wait = self.clock.sleeping_until(end)
        Worker(service=self.service, wait=wait, nap=_NAP).run()


@contextmanager
def on_stage(folder: Path, *, port: int, seed: int) -> Iterator[Stage]:
    """
    Open everything in the demo's folder.

    Args:
        folder: Where the clock, the database and its keys lie.
        port: Where the post office answers.
        seed: Of ids and codes; another one in every process, for no id is used twice.
    """
    chance = random.Random(seed)  # noqa: S311 — see the top of the module
    keys = read_keys(folder / KEY_FILE)
    # Clear text: `smtp` allows it to this very machine only.
    smtp = {"host": "127.0.0.1", "port": port, "security": "none", "sender": SENDER}
    with (
        SimulatedClock.opened(folder / CLOCK) as clock,
        opened_store(folder / DATABASE, keys, clock=clock) as store,
        TransportRegistry.installed().open("smtp", smtp) as transport,
    ):
        yield Stage(
            clock=clock,
            service=NotificationService(
                store,
                transports=[transport],
                message_id_domain=SENDER.partition("@")[2],
                new_id=lambda: f"{chance.getrandbits(128):032x}",
                choose=chance.choice,
                elapsed=clock.elapsed,
            ),
        )
