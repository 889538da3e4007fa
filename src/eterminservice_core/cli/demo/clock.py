"""
A clock that only moves when the demo says so, shared by its processes.

It lives in eight bytes of a file mapped into memory, so that the worker in a child
process, which is killed, and the mail server in this one measure with the same clock.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from attrs import frozen


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_SIZE: Final = 8


@frozen
class SimulatedClock:
    """
    The time of the story.
    """

    _memory: mmap.mmap

    @classmethod
    def make(cls, path: Path, starts_at: datetime) -> None:
        """
        Make the file of a clock that begins at this instant.
        """
        path.write_bytes(_written(starts_at))

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[SimulatedClock]:
        """
        The clock that lives in a file.
        """
        with path.open("r+b") as file, mmap.mmap(file.fileno(), _SIZE) as memory:
            yield cls(memory)

    def __call__(self) -> datetime:
        """
        The time of the story; aware, UTC.
        """
        return _EPOCH + int.from_bytes(self._memory[:_SIZE]) * _MICROSECOND

    def elapsed(self) -> float:
        """
        Seconds that only go forward.
        """
        return (self() - _EPOCH).total_seconds()

    def advance(self, span: timedelta) -> None:
        """
        Let time pass.
        """
        self.advance_to(self() + span)

    def advance_to(self, instant: datetime) -> None:
        """
        Let time pass until this instant, if it is not over yet.
        """
        self._memory[:_SIZE] = _written(max(instant, self()))

    def sleeping_until(self, end: datetime) -> Callable[[float], bool]:
        """
        A way for a worker to wait: time passes, and at the end it is time to stop.
        """

        def wait(seconds: float) -> bool:
            self.advance_to(min(self() + timedelta(seconds=seconds), end))
            return self() >= end

        return wait


def _written(instant: datetime) -> bytes:
    return ((instant - _EPOCH) // _MICROSECOND).to_bytes(_SIZE)
