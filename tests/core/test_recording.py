"""
Taking notices in: idempotent, and nothing is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from attrs import evolve

from eterminservice_core import (
    BSNR,
    Appointment,
    Booking,
    Cancellation,
    CancelledBy,
    NotFoundError,
    Notice,
    NoticeConflictError,
    NotificationService,
    Practice,
    Recorded,
    Recording,
    Refused,
)
from eterminservice_core.storage import MemoryStore
from eterminservice_core.testing.clock import FakeClock
from eterminservice_core.upkeep import CHUNK
from eterminservice_transports import RecordingTransport


TOPP, MORE = BSNR("391234511"), BSNR("241234601")
#: KV key 99 is the KBV's own, for numbers that are nobody's.
NOBODY = BSNR("999999900")
SLOT = Appointment("a-1", starts_at="2026-03-09T09:30+01:00")
BOOKING = Booking(TOPP, SLOT, version=1)


@pytest.fixture(autouse=True)
def registered(service: NotificationService) -> None:
    """
    Two practices.
    """
    service.import_practices(
        [Practice(TOPP, name="Praxis Topp"), Practice(MORE, name="Praxis More")]
    )


def booking(number: int, bsnr: BSNR = TOPP) -> Notice:
    """
    A booking of another appointment.
    """
    return Booking(bsnr, evolve(SLOT, id=f"a-{number}"), version=1)


def waiting(store: MemoryStore, bsnr: BSNR = TOPP) -> list[Notice]:
    """
    What waits to be told, in order.
    """
    with store.transaction() as tx:
        return [item.untold.notice for item in tx.waiting(bsnr)]


def test_a_new_notice_waits_from_now_on(
    service: NotificationService, store: MemoryStore
) -> None:
    assert service.record(BOOKING) is Recording.NEW
    assert waiting(store) == [BOOKING]


def test_the_same_notice_again_changes_nothing(
    service: NotificationService, store: MemoryStore
) -> None:
    service.record(BOOKING)

    assert service.record(BOOKING) is Recording.KNOWN
    assert waiting(store) == [BOOKING]


def test_the_same_notice_again_is_known_also_after_it_was_told(
    service: NotificationService,
    store: MemoryStore,
    outbox: RecordingTransport,
    clock: FakeClock,
) -> None:
    service.save_profile(
        TOPP,
        evolve(service.profile(TOPP).dialog, email="a@p.example", selected="email"),
    )
    service.confirm(TOPP, outbox.last_code())
    service.record(BOOKING)
    clock.advance(timedelta(hours=14))
    service.dispatch_due()

    assert len(outbox.digests()) == 1
    assert service.record(BOOKING) is Recording.KNOWN
    assert not waiting(store)


@pytest.mark.parametrize(
    "other",
    [
        Booking(TOPP, evolve(SLOT, specialty="Rheumatologie"), version=1),
        Booking(TOPP, evolve(SLOT, code="XN6P-F4HP-Z5KX"), version=1),
        Cancellation(TOPP, SLOT, version=1),
    ],
)
def test_the_same_version_with_other_content_is_a_conflict_and_the_first_stays(
    service: NotificationService, store: MemoryStore, other: Notice
) -> None:
    """
    Also across kinds: versions of an appointment rise strictly.
    """
    service.record(BOOKING)
    with pytest.raises(NoticeConflictError) as caught:
        service.record(other)

    assert (caught.value.appointment_id, caught.value.version) == ("a-1", 1)
    assert waiting(store) == [BOOKING]
    assert service.record(BOOKING) is Recording.KNOWN


def test_a_notice_of_an_unknown_practice_is_refused(
    service: NotificationService,
) -> None:
    with pytest.raises(NotFoundError) as caught:
        service.record(Booking(NOBODY, SLOT, version=1))

    assert ("practice", str(NOBODY)) == (caught.value.kind, caught.value.key)


def test_versions_of_one_appointment_are_notices_of_their_own(
    service: NotificationService, store: MemoryStore
) -> None:
    versions: list[Notice] = [
        BOOKING,
        Cancellation(TOPP, SLOT, version=2, cancelled_by=CancelledBy.TSS),
        Booking(TOPP, SLOT, version=3),
    ]

    assert Recorded(new=3) == service.record_all(versions)
    assert versions == waiting(store)


def test_an_appointment_id_belongs_to_its_practice(
    service: NotificationService, store: MemoryStore
) -> None:
    service.record(BOOKING)

    assert service.record(evolve(BOOKING, bsnr=MORE)) is Recording.NEW
    assert len(waiting(store)) == len(waiting(store, MORE)) == 1


def test_good_ones_are_kept_and_the_others_come_back_with_their_place_and_reason(
    service: NotificationService, store: MemoryStore
) -> None:
    conflict = evolve(BOOKING, appointment=evolve(SLOT, specialty="Rheumatologie"))
    stranger = booking(7, NOBODY)
    given = [stranger, BOOKING, booking(2, MORE), conflict, BOOKING, booking(3)]
    recorded = service.record_all(given)

    assert (recorded.new, recorded.known) == (3, 1)
    assert [(it.position, it.notice, type(it.error)) for it in recorded.refused] == [
        (0, stranger, NotFoundError),
        (3, conflict, NoticeConflictError),
    ]
    assert waiting(store) == [BOOKING, booking(3)]
    assert waiting(store, MORE) == [booking(2, MORE)]


def test_places_count_from_0_also_within_a_transaction(
    service: NotificationService, store: MemoryStore
) -> None:
    given = [booking(1, NOBODY), BOOKING, booking(2, NOBODY)]
    with store.transaction() as tx:
        recorded = service.record_all(given, within=tx)

    assert [refused.position for refused in recorded.refused] == [0, 2]


def test_the_order_of_the_source_is_kept_within_a_practice(
    service: NotificationService, store: MemoryStore
) -> None:
    mixed = [booking(n, MORE if n % 3 else TOPP) for n in (5, 3, 9, 1, 6, 0, 2)]
    service.record_all(mixed)

    for bsnr in (TOPP, MORE):
        assert [it for it in mixed if it.bsnr == bsnr] == waiting(store, bsnr)


def test_positions_go_on_over_many_chunks(
    service: NotificationService, store: MemoryStore
) -> None:
    given = [booking(number) for number in range(CHUNK + 1)]
    given += [booking(1, NOBODY), booking(0)]
    recorded = service.record_all(iter(given))

    assert (recorded.new, recorded.known) == (CHUNK + 1, 1)
    assert [it.position for it in recorded.refused] == [CHUNK + 1]
    assert len(waiting(store)) == CHUNK + 1


def test_within_the_callers_own_transaction_all_is_kept_or_nothing(
    service: NotificationService, store: MemoryStore
) -> None:
    """
    So that a booking and its notice commit together.
    """

    def book(*, goes_wrong: bool) -> None:
        with store.transaction() as tx:
            assert service.record_all([BOOKING], within=tx) == Recorded(new=1)
            if goes_wrong:
                raise RuntimeError("the booking itself cannot be kept")

    with pytest.raises(RuntimeError):
        book(goes_wrong=True)

    assert waiting(store) == []

    book(goes_wrong=False)

    assert waiting(store) == [BOOKING]


def test_what_is_recorded_for_a_verified_practice_is_due_that_night(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    service.save_profile(
        TOPP,
        evolve(service.profile(TOPP).dialog, email="a@p.example", selected="email"),
    )
    service.confirm(TOPP, outbox.last_code())

    assert service.why(TOPP).outlook.due_at is None

    service.record_all([BOOKING])
    due_at = service.why(TOPP).outlook.due_at

    assert due_at is not None
    assert clock() < due_at <= clock() + timedelta(hours=18)


def test_nothing_recorded_is_nothing(service: NotificationService) -> None:
    assert Recorded() == service.record_all([])


@pytest.mark.parametrize("first", [Recorded(), Recorded(new=1, known=2)])
def test_sums_keep_everything(first: Recorded) -> None:
    refused = Refused(
        position=4, notice=BOOKING, error=NotFoundError("practice", str(TOPP))
    )
    total = first + Recorded(new=3, known=4, refused=(refused,)) + first

    assert total == Recorded(
        new=2 * first.new + 3, known=2 * first.known + 4, refused=(refused,)
    )


def test_a_store_that_was_erased_does_not_forget_what_was_told(
    make_service: Callable[..., NotificationService], store: MemoryStore
) -> None:
    """
    A replayed feed does not tell anybody twice.
    """
    service = make_service()
    service.record(BOOKING)
    service.erase(TOPP)
    service.register(Practice(TOPP, name="Praxis Topp"))

    assert service.record(BOOKING) is Recording.KNOWN
    assert waiting(store) == []
