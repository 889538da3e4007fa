"""
Promises about practices, counts, the clock, and about keeping all or nothing.
"""
# A contract asserts, counts on its fingers, and its names are sentences:
# ruff: noqa: S101, D102, PLR2004

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from attrs import evolve

from ...domain.address import EmailAddress, FaxNumber
from ...domain.channel import Channel
from ...domain.errors import ConflictError, NotFoundError
from ...domain.identifiers import BSNR
from ...domain.practice import Contact, Practice, PracticeGroup
from ...domain.send_window import SendWindow
from ...domain.verification import Challenge, State, Verification
from ...facts import Tally
from ...store import Store
from ..clock import FakeClock
from .samples import (
    A_MICROSECOND,
    A_MINUTE,
    BY_FAX,
    ONE,
    OTHER,
    START,
    StorePromises,
    a_booking,
    a_practice,
)


PERIOD = timedelta(hours=24)
LIMIT = 5


class BookPromises(StorePromises):
    """
    Practices, counts and the clock.
    """

    # Practices

    def test_a_practice_is_read_back_as_it_was_kept(self, store: Store) -> None:
        practice = Practice(
            BSNR("010123499"),
            name="Praxis Dr. Ärmel & Söhne",
            group=PracticeGroup.PSYCHOTHERAPISTS,
            master=Contact(fax=FaxNumber("030 23125 002", allow_media=True)),
            public=Contact(email="info@ärzte.example", phone="030 23125-003"),
            contacts=Contact(
                email=EmailAddress("Anmeldung@praxis.example"),
                fax=FaxNumber("030 23125 001", allow_media=True),
            ),
            selected=Channel(
                "channel-new",
                address=EmailAddress("Anmeldung@praxis.example"),
                verification=Verification(
                    state=State.PENDING,
                    challenge=Challenge(
                        code_hash="5f" * 32,
                        issued_at=START - A_MICROSECOND,
                        expires_at=START + PERIOD,
                    ),
                    was_refused=True,
                ),
            ),
            active=BY_FAX,
            window=SendWindow("18:30", "23:15", "Europe/Lisbon"),
            revision=7,
        )

        with store.transaction() as tx:
            tx.add_practice(practice)

        with store.transaction() as tx:
            assert tx.practice(practice.bsnr) == practice

    def test_a_saved_practice_is_read_back_as_it_was_saved(self, store: Store) -> None:
        locked = Verification(state=State.LOCKED, locked_until=START + PERIOD)
        changed = Practice(
            ONE,
            name="Praxis Anders",
            selected=evolve(BY_FAX, verification=locked),
            revision=1,
        )

        with store.transaction() as tx:
            tx.save_practice(changed)

        with store.transaction() as tx:
            assert tx.practice(ONE) == changed
            assert tx.practice(OTHER) == a_practice(OTHER)

    def test_a_channel_may_be_taken_away(self, store: Store) -> None:
        silenced = a_practice(ONE, channel=None)

        with store.transaction() as tx:
            tx.save_practice(silenced)

        with store.transaction() as tx:
            assert tx.practice(ONE) == silenced

    def test_a_practice_is_taken_in_only_once(self, store: Store) -> None:
        with (
            pytest.raises(ConflictError, match=str(ONE)),
            store.transaction() as tx,
        ):
            tx.add_practice(evolve(a_practice(ONE), name="Praxis Anders"))

        with store.transaction() as tx:
            assert tx.practice(ONE) == a_practice(ONE)

    def test_an_unknown_practice_is_not_found(self, store: Store) -> None:
        unknown = BSNR("010123499")
        with store.transaction() as tx:
            for verb in (tx.practice, tx.outlook, tx.notices, tx.erase):
                with pytest.raises(NotFoundError, match=str(unknown)):
                    verb(unknown)
            with pytest.raises(NotFoundError):
                tx.save_practice(a_practice(unknown))
            with pytest.raises(NotFoundError):
                tx.add_notice(a_booking(bsnr=unknown))
            with pytest.raises(NotFoundError):
                tx.schedule(unknown, START, None)
            with pytest.raises(NotFoundError):
                tx.note_failures(unknown, failures=1, retry_at=None)
            assert list(tx.waiting(unknown)) == []
            assert list(tx.attempts(unknown, limit=1)) == []

    def test_practices_are_listed_page_by_page(self, store: Store) -> None:
        first = BSNR("010123499")
        with store.transaction() as tx:
            tx.add_practice(a_practice(first))

            assert list(tx.practices(after=None, limit=2)) == [first, ONE]
            assert list(tx.practices(after=ONE, limit=2)) == [OTHER]
            assert list(tx.practices(after=OTHER, limit=2)) == []

    # All or nothing

    def test_an_exception_takes_back_everything(self, store: Store) -> None:
        def change_everything_and_fail() -> None:
            with store.transaction() as tx:
                tx.save_practice(evolve(a_practice(ONE), name="Praxis Anders"))
                tx.erase(OTHER)
                tx.add_notice(a_booking())
                tx.tally("name", limit=LIMIT, period=PERIOD)
                tx.raise_high_water(START + PERIOD)
                tx.schedule(ONE, START, None)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            change_everything_and_fail()

        with store.transaction() as tx:
            assert tx.practice(ONE) == a_practice(ONE)
            assert tx.practice(OTHER) == a_practice(OTHER)
            assert list(tx.notices(ONE)) == []
            assert tx.tally("name", limit=0, period=PERIOD).count == 0
            assert tx.high_water() is None
            assert tx.outlook(ONE).due_at is None

    # The clock

    def test_the_store_tells_its_own_time(self, store: Store, clock: FakeClock) -> None:
        with store.transaction() as tx:
            assert tx.now() == START
            clock.set(START - A_MICROSECOND)
            assert tx.now() == START - A_MICROSECOND
            assert tx.now().utcoffset() == timedelta(0)

    def test_the_high_water_mark_only_rises(self, store: Store) -> None:
        with store.transaction() as tx:
            assert tx.high_water() is None
            tx.raise_high_water(START)
            tx.raise_high_water(START - A_MICROSECOND)

        with store.transaction() as tx:
            assert tx.high_water() == START
            tx.raise_high_water(START + A_MICROSECOND)
            assert tx.high_water() == START + A_MICROSECOND

    def test_the_high_water_mark_falls_on_a_human_s_word(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.raise_high_water(START)
            for accepted in (START - PERIOD, START + PERIOD, START):
                tx.raise_high_water(accepted, accept=True)
                assert tx.high_water() == accepted

    # Counting

    def test_a_count_stops_at_its_limit(self, store: Store) -> None:
        counted = [_count(store) for _ in range(LIMIT + 2)]

        assert [tally.admitted for tally in counted] == [True] * LIMIT + [False] * 2
        assert [tally.count for tally in counted] == [1, 2, 3, 4, 5, 5, 5]
        assert {tally.resets_at for tally in counted} == {START + PERIOD}

    def test_a_count_starts_anew_when_its_period_is_over(
        self, store: Store, clock: FakeClock
    ) -> None:
        for _ in range(LIMIT):
            _count(store)

        clock.advance(PERIOD - A_MICROSECOND)
        assert not _count(store).admitted

        clock.advance(A_MICROSECOND)
        anew = Tally(admitted=True, count=1, resets_at=START + 2 * PERIOD)
        assert _count(store) == anew

    def test_a_clock_set_back_starts_no_count_anew(
        self, store: Store, clock: FakeClock
    ) -> None:
        for _ in range(LIMIT):
            _count(store)

        clock.set(START - timedelta(days=3))

        assert not _count(store).admitted

    def test_a_limit_of_zero_only_looks(self, store: Store, clock: FakeClock) -> None:
        nothing = Tally(admitted=False, count=0, resets_at=START + PERIOD)
        assert _count(store, limit=0) == nothing

        _count(store)
        assert _count(store, limit=0) == evolve(nothing, count=1)

        clock.advance(PERIOD)
        assert _count(store, limit=0).count == 0

    def test_a_cleared_count_starts_anew_and_others_do_not(self, store: Store) -> None:
        _count(store, "one")
        _count(store, "other")

        with store.transaction() as tx:
            tx.clear_tally("one")
            tx.clear_tally("never counted")

        assert _count(store, "one").count == 1
        assert _count(store, "other").count == 2

    def test_of_many_at_once_only_as_many_count_as_the_limit_says(
        self, store: Store
    ) -> None:
        """
        Guesses are counted like this (P6): two people must not share the last one.
        """
        with ThreadPoolExecutor(max_workers=8) as threads:
            counted = list(threads.map(lambda _: _count(store), range(24)))

        admitted = [tally.count for tally in counted if tally.admitted]
        assert sorted(admitted) == [1, 2, 3, 4, 5]

    def test_a_clock_that_runs_on_moves_no_period(
        self, store: Store, clock: FakeClock
    ) -> None:
        _count(store)
        clock.advance(A_MINUTE)

        assert _count(store).resets_at == START + PERIOD


def _count(store: Store, key: str = "name", *, limit: int = LIMIT) -> Tally:
    with store.transaction() as tx:
        return tx.tally(key, limit=limit, period=PERIOD)
