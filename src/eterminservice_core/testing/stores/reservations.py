"""
Promises about the 24 hours (P1): the store refuses, whatever its caller thinks.
"""
# A contract asserts, and its names are sentences:
# ruff: noqa: S101, D102

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from attrs import evolve

from ...domain.errors import ConflictError
from ...domain.message import Reason, Receipt
from ...domain.quota import Reservation
from ...facts import Attempt
from ...store import Store
from ..clock import FakeClock
from .samples import (
    A_DAY,
    A_MICROSECOND,
    A_MINUTE,
    LEASE,
    ONE,
    OTHER,
    START,
    StorePromises,
    a_booking,
    a_practice,
    an_attempt,
    begin,
    record,
    reserved,
)


#: When what `an_attempt` reserves is over, if nothing is heard of it.
UNTIL = START + LEASE + A_DAY


class ReservationPromises(StorePromises):
    """
    At most one hand-over in any 24 hours.
    """

    def test_what_is_begun_reserves_until_a_day_after_its_deadline(
        self, store: Store
    ) -> None:
        assert begin(store)

        assert _free_at(store) == UNTIL

    def test_nothing_begins_before_a_reservation_ends(self, store: Store) -> None:
        begin(store)

        assert not begin(store, _second(UNTIL - A_MICROSECOND))
        assert begin(store, _second(UNTIL))

    def test_a_clock_set_back_by_days_frees_nobody(
        self, store: Store, clock: FakeClock
    ) -> None:
        begin(store)
        clock.set(START - timedelta(days=3))

        assert not begin(store, _second(clock()))
        assert not begin(store, _second(START - timedelta(days=300)))

    def test_what_one_practice_reserves_holds_up_no_other(self, store: Store) -> None:
        begin(store)

        assert begin(store, an_attempt("attempt-2", bsnr=OTHER))

    def test_a_refused_begin_keeps_nothing_and_spoils_nothing(
        self, store: Store
    ) -> None:
        begin(store)
        record(store, a_booking("a-1"))
        second = _second(START + A_MINUTE)

        with store.transaction() as tx:
            tx.add_notice(a_booking("a-2"))
            sequences = [it.sequence for it in tx.waiting(ONE)]
            assert not tx.begin(second, reserved(second), sequences)
            tx.add_notice(a_booking("a-3"))

        with store.transaction() as tx:
            assert tx.attempt(second.id) is None
            assert not tx.settle(
                second.id, None, Receipt.accepted(), now=START, reservation=None
            )
            assert tx.outlook(ONE).quota_free_at == UNTIL
            assert tx.outlook(ONE).waiting == len(["a-1", "a-2", "a-3"])

    def test_an_attempt_reserves_only_once(self, store: Store) -> None:
        begin(store)
        _settle(store, Receipt.failed(Reason.TRY_LATER), None)

        assert not begin(store)
        assert not begin(store, an_attempt(begun_at=UNTIL))
        assert not begin(store, an_attempt(bsnr=OTHER, begun_at=UNTIL))

    def test_what_failed_is_free_at_once(self, store: Store) -> None:
        begin(store)
        _settle(store, Receipt.failed(Reason.TRY_LATER), None)

        assert _free_at(store) is None
        assert begin(store, _second(START + A_MICROSECOND))

    def test_what_is_accepted_reserves_a_day_from_then_on(
        self, store: Store, clock: FakeClock
    ) -> None:
        begin(store)
        clock.advance(A_MINUTE)
        shorter = Reservation(START, START + A_MINUTE + A_DAY)
        _settle(store, Receipt.accepted(), shorter, now=START + A_MINUTE)

        assert _free_at(store) == START + A_MINUTE + A_DAY
        assert not begin(store, _second(START + A_MINUTE + A_DAY - A_MICROSECOND))
        assert begin(store, _second(START + A_MINUTE + A_DAY))

    def test_what_nobody_knows_stays_reserved(self, store: Store) -> None:
        begin(store)
        lost = Receipt.unknown(Reason.CONNECTION_LOST)
        _settle(store, lost, reserved(an_attempt()), now=START + timedelta(days=2))

        assert _free_at(store) == UNTIL
        assert not begin(store, _second(UNTIL - A_MICROSECOND))

    def test_a_reservation_never_grows(self, store: Store) -> None:
        begin(store)
        longer = Reservation(START, UNTIL + A_MICROSECOND)

        with store.transaction() as tx:
            with pytest.raises(ConflictError):
                tx.settle(
                    an_attempt().id,
                    None,
                    Receipt.accepted(),
                    now=START,
                    reservation=longer,
                )
            known = tx.attempt(an_attempt().id)
            assert known is not None
            assert known.receipt is None

        assert _free_at(store) == UNTIL

    def test_what_is_settled_is_freed_by_nobody(self, store: Store) -> None:
        begin(store)
        _settle(store, Receipt.accepted(), reserved(an_attempt()))

        with store.transaction() as tx:
            assert not tx.settle(
                an_attempt().id,
                None,
                Receipt.failed(Reason.TRY_LATER),
                now=START,
                reservation=None,
            )

        assert _free_at(store) == UNTIL

    def test_an_erased_practice_is_still_reserved_when_it_comes_back(
        self, store: Store
    ) -> None:
        begin(store)
        with store.transaction() as tx:
            tx.erase(ONE)
        with store.transaction() as tx:
            tx.add_practice(evolve(a_practice(ONE), name="Praxis Neu"))

        assert _free_at(store) == UNTIL
        assert not begin(store, _second(UNTIL - A_MICROSECOND))
        assert begin(store, _second(UNTIL))

    def test_a_reservation_that_lasts_is_not_forgotten(self, store: Store) -> None:
        """
        Not before the store has seen its end, wherever the clock stands.
        """
        begin(store)
        _settle(store, Receipt.accepted(), reserved(an_attempt()))

        with store.transaction() as tx:
            tx.forget(UNTIL + A_DAY)
            tx.raise_high_water(UNTIL)
            tx.forget(UNTIL + A_DAY)
        assert _free_at(store) == UNTIL

        with store.transaction() as tx:
            tx.raise_high_water(UNTIL + A_MICROSECOND)
            tx.forget(UNTIL)
            assert tx.outlook(ONE).quota_free_at == UNTIL
            tx.forget(UNTIL + A_MICROSECOND)
            assert tx.outlook(ONE).quota_free_at is None

    def test_what_is_begun_can_be_settled_however_late(self, store: Store) -> None:
        """
        A worker died, and nobody looked for months; retention ran all the same.
        """
        begin(store)
        late = START + timedelta(days=300)
        with store.transaction() as tx:
            tx.raise_high_water(late)
            tx.forget(late - timedelta(days=30))

        lost = Receipt.unknown(Reason.CONNECTION_LOST)
        _settle(store, lost, reserved(an_attempt()), now=late)

        assert _free_at(store) == UNTIL


def _second(begun_at: datetime) -> Attempt:
    return an_attempt("attempt-2", begun_at=begun_at)


def _free_at(store: Store) -> datetime | None:
    with store.transaction() as tx:
        return tx.outlook(ONE).quota_free_at


def _settle(
    store: Store,
    receipt: Receipt,
    reservation: Reservation | None,
    *,
    now: datetime = START,
) -> None:
    with store.transaction() as tx:
        assert tx.settle(
            an_attempt().id, "worker-1", receipt, now=now, reservation=reservation
        )
