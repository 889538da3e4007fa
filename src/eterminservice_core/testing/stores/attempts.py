"""
Promises about attempts: on record before anything leaves, settled once, reported late.
"""
# A contract asserts, counts on its fingers, and its names are sentences:
# ruff: noqa: S101, D102, PLR2004

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from ...domain.message import DeliveryReport, Reason, Receipt, Verdict
from ...facts import Attempt, Waiting
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
    an_attempt,
    begin,
    record,
    reserved,
)


class AttemptPromises(StorePromises):
    """
    What an attempt carried, what came of it, and what is said of it later.
    """

    # On record

    def test_an_attempt_is_read_back_as_it_was_begun(self, store: Store) -> None:
        attempt = evolve(an_attempt(), lingers=timedelta(hours=2))
        assert begin(store, attempt)

        with store.transaction() as tx:
            assert tx.attempt(attempt.id) == attempt
            assert list(tx.attempts(ONE, limit=5)) == [attempt]
            assert tx.attempt("never begun") is None

    def test_attempts_are_listed_newest_first(self, store: Store) -> None:
        attempts = [
            an_attempt(f"attempt-{n}", begun_at=START + n * (A_DAY + LEASE))
            for n in range(3)
        ]
        for attempt in attempts:
            begin(store, attempt)
        begin(store, an_attempt("attempt-x", bsnr=OTHER))

        with store.transaction() as tx:
            assert list(tx.attempts(ONE, limit=2)) == [attempts[2], attempts[1]]

    # Settled

    def test_a_settled_attempt_is_read_back_with_its_receipt(
        self, store: Store
    ) -> None:
        receipt = Receipt.rejected(status="550 5.1.1")
        begin(store)

        assert _settle(store, receipt)

        with store.transaction() as tx:
            settled = evolve(
                an_attempt(), receipt=receipt, settled_at=START + A_MICROSECOND
            )
            assert tx.attempt(settled.id) == settled

    def test_an_attempt_is_settled_once(self, store: Store) -> None:
        begin(store)

        assert _settle(store, Receipt.unknown(Reason.CONNECTION_LOST))
        assert not _settle(store, Receipt.accepted())
        assert not _settle(store, Receipt.accepted(), worker=None)

        with store.transaction() as tx:
            known = tx.attempt(an_attempt().id)
            assert known is not None
            assert known.receipt == Receipt.unknown(Reason.CONNECTION_LOST)

    def test_only_its_worker_settles_an_attempt_or_whoever_recovers_it(
        self, store: Store
    ) -> None:
        begin(store)

        assert not _settle(store, Receipt.accepted(), worker="worker-2")
        assert _settle(store, Receipt.accepted(), worker=None)

    def test_an_attempt_nobody_knows_is_not_settled(self, store: Store) -> None:
        assert not _settle(store, Receipt.accepted(), worker=None)

    def test_an_attempt_begun_is_overdue_only_after_its_deadline(
        self, store: Store
    ) -> None:
        first = an_attempt(begun_at=START - A_MINUTE)
        begin(store, first)
        second = an_attempt("attempt-2", bsnr=OTHER)
        begin(store, second)

        with store.transaction() as tx:
            assert list(tx.overdue(first.deadline, limit=5)) == []
            late = first.deadline + A_MICROSECOND
            assert list(tx.overdue(late, limit=5)) == [first]
            very_late = START + A_DAY
            assert list(tx.overdue(very_late, limit=5)) == [first, second]
            assert list(tx.overdue(very_late, limit=1)) == [first]

        _settle(store, Receipt.unknown(Reason.CONNECTION_LOST), of=first)
        with store.transaction() as tx:
            assert list(tx.overdue(very_late, limit=5)) == [second]

    # What it carried

    def test_what_was_told_waits_no_longer(self, store: Store) -> None:
        record(store, a_booking("a-1"), a_booking("a-2"))
        _carry(store, "attempt-1", 1)

        with store.transaction() as tx:
            tx.mark_told("attempt-1")

        with store.transaction() as tx:
            assert [_id(it) for it in tx.waiting(ONE)] == ["a-2"]
            assert list(tx.told(ONE, ["a-1", "a-2"])) == [a_booking("a-1")]
            assert tx.outlook(ONE).waiting == 1

    def test_what_is_not_told_goes_on_waiting(self, store: Store) -> None:
        record(store, a_booking())
        with store.transaction() as tx:
            before = tx.waiting(ONE)

        _carry(store, "attempt-1", 1)

        with store.transaction() as tx:
            assert tx.waiting(ONE) == before

    def test_what_waits_again_has_a_new_number_and_is_possibly_known(
        self, store: Store
    ) -> None:
        record(store, a_booking("a-1"), a_booking("a-2"), a_booking("a-3"))
        _carry(store, "attempt-1", 1, 2)
        with store.transaction() as tx:
            highest = tx.waiting(ONE)[-1].sequence
            tx.mark_told("attempt-1")

            tx.mark_waiting("attempt-1")

            third, first, second = tx.waiting(ONE)
            assert [_id(it) for it in (third, first, second)] == ["a-3", "a-1", "a-2"]
            assert highest < first.sequence < second.sequence
            assert first.untold.possibly_known
            assert second.untold.possibly_known
            assert not third.untold.possibly_known
            assert first.recorded_at == START

            tx.add_notice(a_booking("a-4"))
            assert tx.waiting(ONE)[-1].sequence > second.sequence

    def test_what_is_still_waiting_can_become_possibly_known(
        self, store: Store
    ) -> None:
        """
        Nobody can tell whether it was handed over.
        """
        record(store, a_booking())
        _carry(store, "attempt-1", 1)
        with store.transaction() as tx:
            former = tx.waiting(ONE)[0].sequence

            tx.mark_waiting("attempt-1")

            again = tx.waiting(ONE)[0]
            assert again.untold.possibly_known
            assert again.sequence > former

    def test_a_report_that_comes_twice_changes_nothing_more(self, store: Store) -> None:
        record(store, a_booking())
        _carry(store, "attempt-1", 1)
        with store.transaction() as tx:
            tx.mark_waiting("attempt-1")
            once = tx.waiting(ONE)

            tx.mark_waiting("attempt-1")
            assert tx.waiting(ONE) == once

            tx.mark_told("attempt-1")
            tx.mark_told("attempt-1")
            assert list(tx.waiting(ONE)) == []

    def test_only_the_latest_attempt_speaks_of_a_notice(self, store: Store) -> None:
        record(store, a_booking("a-1"), a_booking("a-2"))
        _carry(store, "attempt-1", 1, 2)
        with store.transaction() as tx:
            tx.mark_waiting("attempt-1")
        _carry(store, "attempt-2", 1)

        with store.transaction() as tx:
            tx.mark_told("attempt-1")
            assert [_id(it) for it in tx.waiting(ONE)] == ["a-1"]
            tx.mark_told("attempt-2")
            assert list(tx.waiting(ONE)) == []
            tx.mark_waiting("attempt-1")
            assert [_id(it) for it in tx.waiting(ONE)] == ["a-2"]

    def test_what_comes_in_after_the_begin_is_not_told_with_it(
        self, store: Store
    ) -> None:
        record(store, a_booking("a-1"))
        _carry(store, "attempt-1", 1)
        record(store, a_booking("a-2"))

        with store.transaction() as tx:
            tx.mark_told("attempt-1")

            assert [_id(it) for it in tx.waiting(ONE)] == ["a-2"]

    def test_very_many_notices_are_told_at_once(self, store: Store) -> None:
        record(store, *(a_booking(f"a-{n}") for n in range(1500)))
        _carry(store, "attempt-1", *range(1, 1501))

        with store.transaction() as tx:
            tx.mark_told("attempt-1")
            assert tx.outlook(ONE).waiting == 0
            tx.mark_waiting("attempt-1")
            assert tx.outlook(ONE).waiting == 1500

    # Reports

    def test_reports_repeat_and_contradict_each_other(self, store: Store) -> None:
        delivered = DeliveryReport("attempt-1", verdict=Verdict.DELIVERED)
        begin(store)
        with store.transaction() as tx:
            assert tx.reports("attempt-1") == frozenset()
            tx.add_report(delivered)
            tx.add_report(delivered)
            assert tx.reports("attempt-1") == {Verdict.DELIVERED}
            tx.add_report(evolve(delivered, verdict=Verdict.UNDELIVERED))

        with store.transaction() as tx:
            assert tx.reports("attempt-1") == set(Verdict)

    def test_a_report_of_an_attempt_nobody_knows_is_parked(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.add_report(DeliveryReport("attempt-1", verdict=Verdict.UNDELIVERED))

        begin(store)

        with store.transaction() as tx:
            assert tx.reports("attempt-1") == {Verdict.UNDELIVERED}


def _settle(
    store: Store,
    receipt: Receipt,
    *,
    worker: str | None = "worker-1",
    of: Attempt | None = None,
) -> bool:
    attempt = of or an_attempt()
    with store.transaction() as tx:
        return tx.settle(
            attempt.id,
            worker,
            receipt,
            now=START + A_MICROSECOND,
            reservation=reserved(attempt),
        )


def _carry(store: Store, attempt_id: str, *places: int) -> None:
    """
    Begin an attempt with the first, second … waiting notice, days after the last one.
    """
    with store.transaction() as tx:
        waiting = tx.waiting(ONE)
        earlier = len(tx.attempts(ONE, limit=100))
    attempt = an_attempt(attempt_id, begun_at=START + earlier * 2 * A_DAY)
    sequences = tuple(waiting[place - 1].sequence for place in places)
    assert begin(store, attempt, sequences)


def _id(waiting: Waiting) -> str:
    return waiting.untold.notice.appointment.id
