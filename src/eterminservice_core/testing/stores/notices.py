"""
Promises about notices: recorded once, kept unchanged, waiting in order.
"""
# A contract asserts, counts on its fingers, and its names are sentences:
# ruff: noqa: S101, D102, PLR2004

from __future__ import annotations

from datetime import date

import pytest
from attrs import evolve

from ...domain.appointment import Cancellation, CancelledBy, Patient, Site, Urgency
from ...domain.digest import Untold
from ...domain.errors import NotFoundError, NoticeConflictError
from ...domain.identifiers import BSNR, LANR, Vermittlungscode
from ...domain.message import Receipt
from ...facts import Recording, Waiting
from ...store import Store
from ..clock import FakeClock
from .samples import (
    A_MINUTE,
    ONE,
    OTHER,
    START,
    StorePromises,
    a_booking,
    a_practice,
    an_attempt,
    record,
    reserved,
)


class NoticePromises(StorePromises):
    """
    Recording is idempotent and loses nothing.
    """

    def test_a_new_notice_waits(self, store: Store, clock: FakeClock) -> None:
        with store.transaction() as tx:
            assert tx.add_notice(a_booking("a-1")) is Recording.NEW
        clock.advance(A_MINUTE)
        with store.transaction() as tx:
            assert tx.add_notice(a_booking("a-2")) is Recording.NEW

        with store.transaction() as tx:
            first, second = tx.waiting(ONE)
            assert first == Waiting(first.sequence, Untold(a_booking("a-1")), START)
            assert second.untold == Untold(a_booking("a-2"))
            assert second.recorded_at == START + A_MINUTE
            assert first.sequence < second.sequence
            assert tx.outlook(ONE).waiting == 2
            assert tx.outlook(ONE).waiting_since == START
            assert list(tx.waiting(OTHER)) == []

    def test_a_notice_is_read_back_as_it_was_recorded(self, store: Store) -> None:
        slot = evolve(
            a_booking(ends_at=START.replace(day=10)).appointment,
            specialty="Psychotherapie",
            doctor="Dr. Öz",
            lanr=LANR("123456699"),
            urgency=Urgency.ACUTE,
            site=Site.VIDEO,
            code=Vermittlungscode("XN6P-F4HP-Z5KX"),
        )
        cancelled = Cancellation(
            ONE, slot, version=2**63 - 1, cancelled_by=CancelledBy.PATIENT
        )

        with store.transaction() as tx:
            tx.add_notice(cancelled)

        with store.transaction() as tx:
            assert list(tx.notices(ONE)) == [cancelled]
            assert [it.untold.notice for it in tx.waiting(ONE)] == [cancelled]

    def test_the_same_notice_again_changes_nothing(
        self, store: Store, clock: FakeClock
    ) -> None:
        record(store, a_booking())
        with store.transaction() as tx:
            before = tx.waiting(ONE)
        clock.advance(A_MINUTE)

        with store.transaction() as tx:
            assert tx.add_notice(a_booking()) is Recording.KNOWN
            assert tx.waiting(ONE) == before

    def test_a_notice_that_was_told_is_still_known(self, store: Store) -> None:
        record(store, a_booking())
        _tell(store, 1)

        with store.transaction() as tx:
            assert tx.add_notice(a_booking()) is Recording.KNOWN
            assert list(tx.waiting(ONE)) == []

    def test_other_content_is_a_conflict_that_loses_nothing(self, store: Store) -> None:
        record(store, a_booking(), a_booking("a-2"))
        other = a_booking(starts_at=START.replace(day=20))
        cancelled = Cancellation(ONE, a_booking().appointment, version=1)

        with store.transaction() as tx:
            for contradiction in (other, cancelled):
                with pytest.raises(NoticeConflictError, match=r"'a-1' version 1"):
                    tx.add_notice(contradiction)
            tx.add_notice(a_booking("a-3"))

        with store.transaction() as tx:
            waiting = [it.untold.notice for it in tx.waiting(ONE)]
            assert waiting == [a_booking("a-1"), a_booking("a-2"), a_booking("a-3")]

    def test_another_version_is_another_notice(self, store: Store) -> None:
        record(store, a_booking(version=1), a_booking(version=2))

        with store.transaction() as tx:
            assert len(tx.waiting(ONE)) == 2

    def test_two_practices_may_use_one_appointment_id(self, store: Store) -> None:
        record(store, a_booking(bsnr=ONE), a_booking(bsnr=OTHER))

        with store.transaction() as tx:
            assert len(tx.waiting(ONE)) == len(tx.waiting(OTHER)) == 1

    def test_an_erased_notice_is_still_known(self, store: Store) -> None:
        """
        Or a feed that is replayed would tell it again (DESIGN section 4).
        """
        record(store, a_booking())
        with store.transaction() as tx:
            tx.erase(ONE)
            tx.add_practice(a_practice(ONE))

        with store.transaction() as tx:
            assert tx.add_notice(a_booking()) is Recording.KNOWN
            assert list(tx.waiting(ONE)) == []
            with pytest.raises(NoticeConflictError):
                tx.add_notice(a_booking(starts_at=START.replace(day=20)))

    def test_a_notice_for_an_unknown_practice_is_not_remembered(
        self, store: Store
    ) -> None:
        """
        Once the practice is there, it must be told.
        """
        with store.transaction() as tx:
            tx.erase(ONE)
        with store.transaction() as tx:
            with pytest.raises(NotFoundError):
                tx.add_notice(a_booking())
            tx.add_practice(a_practice(ONE))
            assert tx.add_notice(a_booking()) is Recording.NEW

    def test_patients_are_not_kept(self, store: Store) -> None:
        patient = Patient(name="Erika Beispiel", born_on=date(1980, 1, 1))
        plain = a_booking()
        told_all = evolve(plain, appointment=evolve(plain.appointment, patient=patient))

        with store.transaction() as tx:
            assert tx.add_notice(told_all) is Recording.NEW
            assert tx.add_notice(plain) is Recording.KNOWN

        with store.transaction() as tx:
            assert list(tx.notices(ONE)) == [plain]

    def test_practices_with_waiting_notices_are_listed_page_by_page(
        self, store: Store
    ) -> None:
        first = BSNR("010123499")
        with store.transaction() as tx:
            tx.add_practice(a_practice(first))
            assert list(tx.waiting_practices(after=None, limit=5)) == []
        record(
            store,
            *(a_booking(f"a-{n}", bsnr=OTHER) for n in range(3)),
            a_booking(bsnr=ONE),
            a_booking(bsnr=first),
        )

        with store.transaction() as tx:
            assert list(tx.waiting_practices(after=None, limit=2)) == [first, ONE]
            assert list(tx.waiting_practices(after=ONE, limit=2)) == [OTHER]
        _tell(store, 1)
        with store.transaction() as tx:
            assert list(tx.waiting_practices(after=None, limit=5)) == [first, OTHER]
            assert len(tx.notices(ONE)) == 1

    def test_what_was_told_is_found_by_appointment(self, store: Store) -> None:
        record(store, a_booking("a-1"), a_booking("a-2"), a_booking("a-3"))
        record(store, a_booking("a-1", bsnr=OTHER), a_booking("a-1", version=2))
        _tell(store, 1, 2)

        with store.transaction() as tx:
            assert list(tx.told(ONE, ["a-1", "a-3", "a-4"])) == [a_booking("a-1")]
            assert list(tx.told(OTHER, ["a-1"])) == []
            assert list(tx.told(ONE, [])) == []

    def test_what_was_told_is_found_among_very_many(self, store: Store) -> None:
        """
        More than a database takes in one statement.
        """
        record(store, *(a_booking(f"a-{n}") for n in range(60)))
        _tell(store, *range(1, 61))
        asked = [f"a-{n}" for n in range(40_000)]

        with store.transaction() as tx:
            assert len(tx.told(ONE, asked)) == 60


def _tell(store: Store, *places: int) -> None:
    """
    Let the first, second … waiting notice be told.
    """
    with store.transaction() as tx:
        waiting = tx.waiting(ONE)
        sequences = [waiting[place - 1].sequence for place in places]
        attempt = an_attempt()
        tx.begin(attempt, reserved(attempt), sequences)
        tx.mark_told(attempt.id)
        tx.settle(
            attempt.id,
            None,
            Receipt.accepted(),
            now=START,
            reservation=reserved(attempt),
        )
