"""
Promises about forgetting: what goes, and what must outlive it.
"""
# A contract asserts, counts on its fingers, and its names are sentences:
# ruff: noqa: S101, D102, PLR2004

from __future__ import annotations

from datetime import timedelta

from ...domain.message import DeliveryReport, Reason, Receipt, Verdict
from ...facts import Outlook, Recording
from ...store import Store
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
    due,
    record,
    reserved,
)


PERIOD = timedelta(hours=24)


class UpkeepPromises(StorePromises):
    """
    Retention and erasure.
    """

    def test_erasing_a_practice_takes_all_it_has(self, store: Store) -> None:
        record(store, a_booking(), a_booking("a-1", bsnr=OTHER))
        due(store, ONE, START)
        begin(store)
        with store.transaction() as tx:
            tx.note_failures(ONE, failures=2, retry_at=START)
            tx.add_report(DeliveryReport("attempt-1", verdict=Verdict.DELIVERED))

        with store.transaction() as tx:
            tx.erase(ONE)

        with store.transaction() as tx:
            assert list(tx.practices(after=None, limit=5)) == [OTHER]
            assert list(tx.waiting_practices(after=None, limit=5)) == [OTHER]
            assert tx.attempt("attempt-1") is None
            assert tx.reports("attempt-1") == frozenset()
            assert list(tx.overdue(START + 2 * A_DAY, limit=5)) == []
            assert tx.next_due_at([an_attempt().kind]) is None
            tx.add_practice(a_practice(ONE))
            assert tx.outlook(ONE) == Outlook(quota_free_at=START + LEASE + A_DAY)
            assert list(tx.notices(ONE)) == []
            assert list(tx.attempts(ONE, limit=5)) == []

    def test_what_is_counted_outlives_a_practice(self, store: Store) -> None:
        """
        Or erasing and registering again would buy new codes and guesses (P6).
        """
        with store.transaction() as tx:
            tx.tally("name", limit=5, period=PERIOD)
            tx.erase(ONE)

        with store.transaction() as tx:
            assert tx.tally("name", limit=5, period=PERIOD).count == 2

    def test_an_attempt_of_an_erased_practice_cannot_be_settled(
        self, store: Store
    ) -> None:
        begin(store)
        with store.transaction() as tx:
            tx.erase(ONE)
            tx.add_practice(a_practice(ONE))

        with store.transaction() as tx:
            failed = Receipt.failed(Reason.TRY_LATER)
            assert not tx.settle(
                "attempt-1", "worker-1", failed, now=START, reservation=None
            )
            assert tx.outlook(ONE).quota_free_at == START + LEASE + A_DAY

    def test_notices_of_appointments_that_are_over_are_forgotten(
        self, store: Store
    ) -> None:
        over = START + timedelta(days=7)
        record(
            store,
            a_booking("ends", starts_at=over - A_DAY, ends_at=over),
            a_booking("starts", starts_at=over),
            a_booking("lasts", starts_at=over - A_DAY, ends_at=over + A_MICROSECOND),
            a_booking("later", bsnr=OTHER, starts_at=over + A_DAY),
        )

        with store.transaction() as tx:
            assert tx.forget(over) == 0
            assert tx.forget(over + A_MICROSECOND) == 2
            assert tx.forget(over + A_MICROSECOND) == 0

        with store.transaction() as tx:
            assert [it.appointment.id for it in tx.notices(ONE)] == ["lasts"]
            assert tx.outlook(ONE).waiting == 1
            assert len(tx.notices(OTHER)) == 1

    def test_a_forgotten_notice_is_still_known(self, store: Store) -> None:
        record(store, a_booking())
        with store.transaction() as tx:
            assert tx.forget(START + timedelta(days=30)) == 1

        with store.transaction() as tx:
            assert tx.add_notice(a_booking()) is Recording.KNOWN

    def test_settled_attempts_are_forgotten_with_the_last_notice_they_carried(
        self, store: Store
    ) -> None:
        over = START + timedelta(days=7)
        record(store, a_booking(starts_at=over))
        with store.transaction() as tx:
            sequence = tx.waiting(ONE)[0].sequence
        begin(store, sequences=(sequence,))
        with store.transaction() as tx:
            tx.settle(
                "attempt-1",
                "worker-1",
                Receipt.accepted(),
                now=START + A_MINUTE,
                reservation=reserved(an_attempt()),
            )
            tx.mark_told("attempt-1")
            tx.add_report(DeliveryReport("attempt-1", verdict=Verdict.DELIVERED))

        with store.transaction() as tx:
            assert tx.forget(over) == 0
            assert tx.attempt("attempt-1") is not None
            assert tx.reports("attempt-1") == {Verdict.DELIVERED}
            assert tx.forget(over + A_MICROSECOND) == 1
            assert tx.attempt("attempt-1") is None
        with store.transaction() as tx:
            assert tx.outlook(ONE).quota_free_at == START + LEASE + A_DAY

    def test_attempts_that_carried_nothing_any_more_are_forgotten_with_time(
        self, store: Store
    ) -> None:
        begin(store)
        with store.transaction() as tx:
            tx.settle(
                "attempt-1",
                "worker-1",
                Receipt.accepted(),
                now=START,
                reservation=reserved(an_attempt()),
            )

        with store.transaction() as tx:
            tx.forget(START)
            assert tx.attempt("attempt-1") is not None
            tx.forget(START + A_MICROSECOND)
            assert tx.attempt("attempt-1") is None

    def test_what_is_begun_is_not_forgotten(self, store: Store) -> None:
        begin(store)

        with store.transaction() as tx:
            tx.forget(START + timedelta(days=300))
            assert tx.attempt("attempt-1") == an_attempt()
