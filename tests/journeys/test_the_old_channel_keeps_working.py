"""
The old channel keeps working until the new one is verified (P9).

Unless its address was removed, or silence was chosen.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from eterminservice_core import (
    BSNR,
    Appointment,
    Booking,
    ChannelKind,
    ChannelLockedError,
    CodeRejectedError,
    EmailAddress,
    FaxNumber,
    HeldReason,
    NotificationService,
    Practice,
    ProfileDialog,
    Reason,
    Receipt,
    State,
    WorklistReason,
)
from eterminservice_core.testing.clock import FakeClock
from eterminservice_transports import RecordingTransport


TOPP = BSNR("391234511")
OLD = EmailAddress("anmeldung@praxis.example")
NEW = EmailAddress("praxis@praxis.example")
FAX = FaxNumber("030 23125 001", allow_media=True)
NIGHT, DAY = timedelta(hours=14), timedelta(hours=24)
BY_NEW = ProfileDialog(email=NEW, selected=ChannelKind.EMAIL)
BY_FAX = ProfileDialog(email=OLD, fax=FAX, selected=ChannelKind.FAX)


@pytest.fixture(autouse=True)
def verified(service: NotificationService, outbox: RecordingTransport) -> None:
    """
    The practice is told by e-mail, and a notice waits.
    """
    service.register(Practice(TOPP, name="Praxis Topp"))
    service.save_profile(TOPP, ProfileDialog(email=OLD, selected=ChannelKind.EMAIL))
    service.confirm(TOPP, outbox.last_code())
    record(service, 1)


def record(service: NotificationService, number: int) -> None:
    """
    Record one more booking.
    """
    slot = Appointment(f"a-{number}", starts_at="2026-04-13T09:30+02:00")
    service.record(Booking(TOPP, slot, version=1))


def told(*outboxes: RecordingTransport) -> list[EmailAddress | FaxNumber]:
    """
    Where digests went.
    """
    return [it.address for outbox in outboxes for it in outbox.digests()]


@pytest.mark.parametrize("dialog", [BY_NEW, BY_FAX])
def test_until_the_new_address_is_proven_the_old_one_is_told(
    service: NotificationService,
    outbox: RecordingTransport,
    fax_outbox: RecordingTransport,
    clock: FakeClock,
    dialog: ProfileDialog,
) -> None:
    saved = service.save_profile(TOPP, dialog)

    assert "weiter an a…g@p….example" in saved.notice
    assert saved.profile.active_address == "a…g@p….example"
    assert saved.profile.state is State.PENDING

    clock.advance(NIGHT)
    service.dispatch_due()

    assert told(outbox, fax_outbox) == [OLD]
    assert not service.worklist()


def test_from_then_on_the_new_one_is_told_and_the_old_one_no_more(
    service: NotificationService,
    outbox: RecordingTransport,
    fax_outbox: RecordingTransport,
    clock: FakeClock,
) -> None:
    service.save_profile(TOPP, BY_FAX)
    profile = service.confirm(TOPP, fax_outbox.last_code())
    clock.advance(NIGHT)
    service.dispatch_due()

    assert profile.active_address == profile.selected_address == "+49 30 …01"
    assert told(outbox, fax_outbox) == [FAX]


def test_a_change_of_channel_does_not_bring_a_second_digest_within_24_hours(
    service: NotificationService,
    outbox: RecordingTransport,
    fax_outbox: RecordingTransport,
    clock: FakeClock,
) -> None:
    clock.advance(NIGHT)
    (first,) = service.dispatch_due()
    service.save_profile(TOPP, BY_FAX)
    service.confirm(TOPP, fax_outbox.last_code())
    record(service, 2)
    clock.advance(DAY - timedelta(seconds=1))

    assert first.receipt == Receipt.accepted()
    assert service.dispatch_due() == []

    clock.advance(timedelta(hours=1))
    service.dispatch_due()

    assert told(outbox, fax_outbox) == [OLD, FAX]


@pytest.mark.parametrize(
    "dialog",
    [
        ProfileDialog(fax=FAX, selected=ChannelKind.FAX),
        ProfileDialog(email=OLD),
        ProfileDialog(),
    ],
)
def test_a_removed_address_or_silence_ends_it_at_once(
    service: NotificationService,
    outbox: RecordingTransport,
    clock: FakeClock,
    dialog: ProfileDialog,
) -> None:
    """
    And what waits stands on the worklist.
    """
    saved = service.save_profile(TOPP, dialog)
    clock.advance(NIGHT)

    assert saved.profile.active_address == ""
    assert "weiter an" not in saved.notice
    assert service.dispatch_due() == []
    assert not outbox.digests()
    assert [
        WorklistReason.NOT_VERIFIED if dialog.selected else WorklistReason.NO_CHANNEL
    ] == [entry.reason for entry in service.worklist()]


@pytest.mark.parametrize(
    ("dialog", "held"),
    [
        (ProfileDialog(fax=FAX, selected=ChannelKind.FAX), HeldReason.NOT_VERIFIED),
        (ProfileDialog(), HeldReason.NO_CHANNEL),
    ],
)
def test_what_was_due_is_held_with_a_reason_in_the_same_commit(
    service: NotificationService, dialog: ProfileDialog, held: HeldReason
) -> None:
    """
    So that no worker takes up what it cannot send.
    """
    before = service.why(TOPP).outlook
    service.save_profile(TOPP, dialog)
    after = service.why(TOPP).outlook

    assert before.due_at is not None
    assert before.held is None
    assert after.due_at is None
    assert after.held is held


@pytest.mark.parametrize(
    "answer",
    [
        Receipt.failed(Reason.TRY_LATER),
        Receipt.rejected(),
        Receipt.unknown(Reason.CONNECTION_LOST),
    ],
)
def test_a_new_address_that_does_not_work_leaves_the_old_one_working(
    service: NotificationService,
    outbox: RecordingTransport,
    clock: FakeClock,
    answer: Receipt,
) -> None:
    outbox.answer_with(answer)
    saved = service.save_profile(TOPP, BY_NEW)
    clock.advance(NIGHT)
    service.dispatch_due()

    assert saved.profile.active_address == "a…g@p….example"
    assert told(outbox) == [OLD]


def test_a_new_address_that_is_locked_leaves_the_old_one_working(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    service.save_profile(TOPP, BY_NEW)
    wrong = ("C" if outbox.last_code()[0] == "B" else "B") + outbox.last_code()[1:]
    for _ in range(5):
        with pytest.raises(CodeRejectedError):
            service.confirm(TOPP, wrong)
    with pytest.raises(ChannelLockedError):
        service.save_profile(TOPP, BY_NEW)
    clock.advance(NIGHT)
    service.dispatch_due()

    assert told(outbox) == [OLD]


def test_the_old_address_stays_until_the_last_of_several_replacements_is_proven(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    for number in range(3):
        changed = EmailAddress(f"praxis{number}@praxis.example")
        service.save_profile(TOPP, ProfileDialog(email=changed, selected="email"))

    assert service.profile(TOPP).active_address == "a…g@p….example"

    service.confirm(TOPP, outbox.last_code())
    clock.advance(NIGHT)
    service.dispatch_due()

    assert [EmailAddress("praxis2@praxis.example")] == told(outbox)


def test_an_old_address_that_is_refused_ends_and_the_new_one_still_can_be_proven(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    service.save_profile(TOPP, BY_NEW)
    clock.advance(NIGHT)
    outbox.answer_with(Receipt.rejected())
    service.dispatch_due()
    profile = service.profile(TOPP)

    assert profile.active_address == ""
    assert profile.state is State.PENDING
    assert not profile.was_refused

    service.confirm(TOPP, outbox.last_code())
    service.dispatch_due()

    assert told(outbox) == [OLD, NEW]
    assert not service.worklist()


def test_a_refused_address_is_told_again_only_after_a_new_proof(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    """
    Its notices stay, and people see why they wait.
    """
    clock.advance(NIGHT)
    outbox.answer_with(Receipt.rejected())
    service.dispatch_due()
    clock.advance(DAY)

    assert service.dispatch_due() == []
    assert service.profile(TOPP).state is State.UNVERIFIED
    assert service.profile(TOPP).was_refused
    assert [it.reason for it in service.worklist()] == [WorklistReason.ADDRESS_REFUSED]

    dialog = service.profile(TOPP).dialog
    service.save_profile(TOPP, dialog)
    service.confirm(TOPP, outbox.last_code())
    service.dispatch_due()

    assert told(outbox) == [OLD, OLD]
    assert not service.worklist()
