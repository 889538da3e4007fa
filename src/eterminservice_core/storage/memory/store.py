"""
A store that forgets everything at the end: for tests, first steps and simulations.

It passes the same `StoreContract` as the SQL store.  Every write leaves a note of how
to take it back, so that an exception rolls the whole transaction back.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import RLock

from attrs import define

from ...domain.appointment import Notice
from ...domain.identifiers import BSNR
from ...domain.keys import Keys
from .attempts import Attempts
from .tables import State


def _wall_clock() -> datetime:
    return datetime.now(UTC)


class MemoryStore:
    """
    A store in this process's memory.

    Args:
        keys: Its secrets; new ones by default, for nothing outlives the process.
        clock: The store's own clock; the machine's by default.
    """

    def __init__(
        self,
        keys: Keys | None = None,
        *,
        clock: Callable[[], datetime] = _wall_clock,
    ) -> None:
        self._keys = keys or Keys.generate(secrets.token_bytes)
        self._clock = clock
        self._lock = RLock()
        self._state = State()
        self._depth = 0

    @property
    def keys(self) -> Keys:
        """
        The secrets its hashes are made with.
        """
        return self._keys

    @contextmanager
    def transaction(self) -> Iterator[MemoryTransaction]:
        """
        Open a unit of work; one at a time, an exception rolls all of it back.

        One inside another is a part of it: the outer one has the last word.
        """
        with self._lock:
            begun_at = len(self._state.journal)
            self._depth += 1
            try:
                yield MemoryTransaction(self._state, self._keys, self._clock)
            except BaseException:
                self._state.roll_back(to=begun_at)
                raise
            finally:
                self._depth -= 1
            if self._depth == 0:
                self._state.journal.clear()


@define
class MemoryTransaction(Attempts):
    """
    One unit of work on a `MemoryStore`; the parts stand one on the other.
    """

    def erase(self, bsnr: BSNR) -> None:
        """
        Forget a practice with all it has; keyed hashes and reservations stay.
        """
        self.practice(bsnr)
        for attempt in self.attempts(bsnr, limit=len(self._state.attempts)):
            self._drop_attempt(attempt.id)
        if bsnr in self._state.notices:
            del self._state.notices[bsnr]
        del self._state.timetables[bsnr]
        del self._state.practices[bsnr]

    def forget(self, before: datetime) -> int:
        """
        Erase notices of appointments, and attempts, that were over before an instant.
        """
        forgotten = 0
        for bsnr, notices in list(self._state.notices.items()):
            kept = {
                key: row
                for key, row in notices.items()
                if not _is_over(row.notice, before)
            }
            forgotten += len(notices) - len(kept)
            self._state.notices[bsnr] = kept
        self._forget_attempts(before)
        return forgotten

    def _forget_attempts(self, before: datetime) -> None:
        carrying = {
            kept.attempt_id
            for notices in self._state.notices.values()
            for kept in notices.values()
        }
        for attempt in list(self._state.attempts.values()):
            is_old = attempt.settled_at is not None and attempt.settled_at < before
            if is_old and attempt.id not in carrying:
                self._drop_attempt(attempt.id)
        seen = self.high_water()
        for attempt_id, row in list(self._state.reservations.items()):
            if seen is None or row.reservation.until >= min(before, seen):
                continue
            known = self._state.attempts.get(attempt_id)
            # Whoever recovers an attempt must still find what it reserved.
            if known is None or known.receipt is not None:
                del self._state.reservations[attempt_id]


def _is_over(notice: Notice, before: datetime) -> bool:
    slot = notice.appointment
    return (slot.ends_at or slot.starts_at) < before
