"""
Promises about when: who is due, and who has whom.
"""
# A contract asserts, counts on its fingers, and its names are sentences:
# ruff: noqa: S101, D102

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from attrs import evolve

from ...domain.address import ChannelKind
from ...domain.agenda import HeldReason
from ...domain.identifiers import BSNR
from ...facts import Outlook
from ...store import Store, Transaction
from ..clock import FakeClock
from .samples import (
    A_MICROSECOND,
    A_MINUTE,
    BY_EMAIL,
    BY_FAX,
    ONE,
    OTHER,
    START,
    StorePromises,
    a_booking,
    a_practice,
    due,
    record,
)


EMAIL, FAX = ChannelKind.EMAIL, ChannelKind.FAX
LEASED_FOR = timedelta(minutes=15)


class TimetablePromises(StorePromises):
    """
    Due and leased are two facts; both are found by asking for what is due.
    """

    def test_nothing_is_planned_for_a_new_practice(self, store: Store) -> None:
        with store.transaction() as tx:
            assert tx.outlook(ONE) == Outlook()
            assert tx.next_due_at([EMAIL, FAX]) is None

    def test_a_schedule_is_read_back(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.schedule(ONE, START + A_MICROSECOND, None)
            tx.schedule(OTHER, None, HeldReason.NOT_VERIFIED)

        with store.transaction() as tx:
            assert tx.outlook(ONE) == Outlook(due_at=START + A_MICROSECOND)
            assert tx.outlook(OTHER) == Outlook(held=HeldReason.NOT_VERIFIED)

    def test_failures_are_read_back(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.note_failures(ONE, failures=3, retry_at=START + A_MINUTE)
        with store.transaction() as tx:
            assert tx.outlook(ONE) == Outlook(failures=3, retry_at=START + A_MINUTE)
            tx.note_failures(ONE, failures=0, retry_at=None)
            assert tx.outlook(ONE) == Outlook()

    def test_the_next_due_instant_is_the_earliest_of_the_kinds_asked_for(
        self, store: Store
    ) -> None:
        due(store, ONE, START + 2 * A_MINUTE, BY_EMAIL)
        due(store, OTHER, START + A_MINUTE, BY_FAX)

        with store.transaction() as tx:
            assert tx.next_due_at([EMAIL, FAX]) == START + A_MINUTE
            assert tx.next_due_at([EMAIL]) == START + 2 * A_MINUTE
            assert tx.next_due_at([]) is None

    def test_a_practice_without_an_active_channel_is_never_due(
        self, store: Store
    ) -> None:
        due(store, ONE, START)
        with store.transaction() as tx:
            tx.save_practice(evolve(a_practice(ONE), active=None))

        with store.transaction() as tx:
            assert tx.next_due_at([EMAIL, FAX]) is None
            assert _claim(tx) == []

    def test_a_held_practice_is_not_due(self, store: Store) -> None:
        due(store, ONE, START)
        with store.transaction() as tx:
            tx.schedule(ONE, None, HeldReason.NOTHING_PENDING)

        with store.transaction() as tx:
            assert tx.next_due_at([EMAIL]) is None
            assert _claim(tx) == []

    def test_another_channel_moves_a_practice_to_those_of_its_kind(
        self, store: Store
    ) -> None:
        due(store, ONE, START, BY_EMAIL)
        with store.transaction() as tx:
            tx.save_practice(evolve(a_practice(ONE), active=BY_FAX))

        with store.transaction() as tx:
            assert _claim(tx, [EMAIL]) == []
            assert _claim(tx, [FAX]) == [ONE]

    def test_who_is_longest_due_is_claimed_first(self, store: Store) -> None:
        first = BSNR("010123499")
        with store.transaction() as tx:
            tx.add_practice(a_practice(first))
        due(store, first, START - A_MINUTE, BY_EMAIL)
        due(store, ONE, START - 2 * A_MINUTE, BY_EMAIL)
        due(store, OTHER, START - 3 * A_MINUTE, BY_FAX)

        with store.transaction() as tx:
            assert _claim(tx, limit=2) == [OTHER, ONE]
            assert _claim(tx, limit=2) == [first]
            assert _claim(tx, limit=2) == []

    def test_nobody_is_claimed_before_being_due(
        self, store: Store, clock: FakeClock
    ) -> None:
        due(store, ONE, START + A_MICROSECOND)

        with store.transaction() as tx:
            assert _claim(tx) == []
        clock.advance(A_MICROSECOND)
        with store.transaction() as tx:
            assert _claim(tx) == [ONE]

    def test_a_leased_practice_is_nobody_else_s_until_its_lease_is_over(
        self, store: Store, clock: FakeClock
    ) -> None:
        due(store, ONE, START)
        with store.transaction() as tx:
            assert _claim(tx, worker="worker-1") == [ONE]

        clock.advance(LEASED_FOR - A_MICROSECOND)
        with store.transaction() as tx:
            assert tx.outlook(ONE).leased_to == "worker-1"
            assert tx.next_due_at([EMAIL]) is None
            assert _claim(tx, worker="worker-2") == []

        clock.advance(A_MICROSECOND)
        with store.transaction() as tx:
            assert tx.outlook(ONE).leased_to is None
            assert tx.next_due_at([EMAIL]) == START
            assert _claim(tx, worker="worker-2") == [ONE]
            assert tx.outlook(ONE).leased_to == "worker-2"

    def test_recording_and_scheduling_end_no_lease(self, store: Store) -> None:
        due(store, ONE, START)
        with store.transaction() as tx:
            _claim(tx, worker="worker-1")

        record(store, a_booking())
        with store.transaction() as tx:
            tx.schedule(ONE, START - A_MINUTE, None)
            tx.save_practice(evolve(a_practice(ONE), revision=1))
            tx.note_failures(ONE, failures=1, retry_at=None)

        with store.transaction() as tx:
            assert tx.outlook(ONE).leased_to == "worker-1"
            assert tx.outlook(ONE).due_at == START - A_MINUTE
            assert _claim(tx, worker="worker-2") == []

    def test_only_its_worker_gives_a_lease_back(self, store: Store) -> None:
        due(store, ONE, START)
        with store.transaction() as tx:
            _claim(tx, worker="worker-1")

            tx.release(ONE, "worker-2")
            assert tx.outlook(ONE).leased_to == "worker-1"

            tx.release(ONE, "worker-1")
            assert tx.outlook(ONE).leased_to is None
            assert _claim(tx, worker="worker-2") == [ONE]

            tx.release(BSNR("010123499"), "worker-1")

    def test_a_claim_that_is_rolled_back_leases_nobody(self, store: Store) -> None:
        due(store, ONE, START)

        def claim_and_die() -> None:
            with store.transaction() as tx:
                assert _claim(tx) == [ONE]
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            claim_and_die()

        with store.transaction() as tx:
            assert _claim(tx) == [ONE]


def _claim(
    tx: Transaction,
    kinds: Sequence[ChannelKind] = (EMAIL, FAX),
    *,
    worker: str = "worker-1",
    limit: int = 10,
) -> list[BSNR]:
    now = tx.now()
    return list(tx.claim(worker, kinds, limit=limit, now=now, until=now + LEASED_FOR))
