"""
A practice joins: it enters an address, gets a code, types it in, and is told.

Long because of all that may come in between.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from attrs import fields

from eterminservice_core import (
    BSNR,
    Appointment,
    Booking,
    ChannelKind,
    CodeRejectedError,
    ConflictError,
    Contact,
    Effect,
    EmailAddress,
    FaxNumber,
    HeldReason,
    InvalidProfileError,
    NotFoundError,
    NotificationService,
    Practice,
    ProfileDialog,
    Purpose,
    Reason,
    Receipt,
    State,
    WorklistReason,
)
from eterminservice_core.domain.codes import ConfirmationCode
from eterminservice_core.rendering import ConfirmationContent
from eterminservice_core.testing.clock import FakeClock
from eterminservice_transports import RecordingTransport


TOPP = BSNR("391234511")
EMAIL = EmailAddress("anmeldung@praxis.example")
FAX = FaxNumber("030 23125 001", allow_media=True)
BY_EMAIL = ProfileDialog(email=EMAIL, selected=ChannelKind.EMAIL)
BY_FAX = ProfileDialog(fax=FAX, selected=ChannelKind.FAX)
BOOKING = Booking(
    TOPP,
    Appointment("a-1", starts_at="2026-03-09T09:30+01:00", code="XN6P-F4HP-Z5KX"),
    version=1,
)
NIGHT = timedelta(hours=14)


@pytest.fixture(autouse=True)
def registered(service: NotificationService) -> None:
    """
    The practice is known from the KV register, with a fax number.
    """
    service.register(Practice(TOPP, name="Praxis Topp", master=Contact(fax=FAX)))


def test_the_registers_fax_can_be_selected_at_once_the_email_must_be_entered(
    service: NotificationService,
) -> None:
    """
    R3 and R4, and in German why not.
    """
    profile = service.profile(TOPP)
    by_email, by_fax = profile.options

    assert profile.dialog.fax == FAX
    assert (by_fax.kind, by_fax.can_be_selected) == (ChannelKind.FAX, True)
    assert by_fax.why_not == ""
    assert (by_email.kind, by_email.can_be_selected) == (ChannelKind.EMAIL, False)
    assert by_email.why_not == "keine E-Mail-Adresse erfasst"
    assert profile.state is None
    assert profile.selected_address == profile.active_address == ""


def test_saving_sends_a_code_at_once_and_says_what_to_do(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    """
    At noon: codes never wait for the night (R6).
    """
    saved = service.save_profile(TOPP, BY_EMAIL)
    (message,) = outbox.messages

    assert saved.effect is Effect.CODE_NEEDED
    assert saved.code_sent
    for words in ("Bestätigungscode", "a…g@p….example", "Minuten", "Spam-Ordner"):
        assert words in saved.notice
    assert saved.profile.state is State.PENDING
    assert saved.profile.selected_address == "a…g@p….example"
    assert saved.profile.active_address == ""
    assert message.purpose is Purpose.CONFIRMATION
    assert message.address == EMAIL
    assert outbox.last_code() in message.text
    assert outbox.last_code() not in message.subject
    assert outbox.last_code() not in saved.notice


def test_a_fax_gets_its_code_by_fax(
    service: NotificationService,
    outbox: RecordingTransport,
    fax_outbox: RecordingTransport,
) -> None:
    saved = service.save_profile(TOPP, BY_FAX)

    assert "Faxgerät" in saved.notice
    assert fax_outbox.last().address == FAX
    assert not outbox.messages


def test_the_typed_code_proves_the_address(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    before = service.save_profile(TOPP, BY_EMAIL).profile
    profile = service.confirm(TOPP, outbox.last_code().lower().replace("-", " "))

    assert profile.state is State.VERIFIED
    assert profile.active_address == "a…g@p….example"
    assert profile.revision > before.revision
    assert profile == service.profile(TOPP)


def test_until_then_nothing_but_the_code_goes_there(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    """
    The notice waits, and people can see that and why (P4, R10).
    """
    service.save_profile(TOPP, BY_EMAIL)
    service.record(BOOKING)
    clock.advance(NIGHT)

    assert service.dispatch_due() == []
    assert not outbox.digests()
    assert [(entry.notice, entry.reason) for entry in service.worklist()] == [
        (BOOKING, WorklistReason.NOT_VERIFIED)
    ]


def test_after_that_what_waited_is_told_the_next_night(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    service.record(BOOKING)
    service.save_profile(TOPP, BY_EMAIL)
    service.confirm(TOPP, outbox.last_code())

    assert service.dispatch_due() == []

    clock.advance(NIGHT)
    (settled,) = service.dispatch_due()
    (digest,) = outbox.digests()

    assert settled.receipt == Receipt.accepted()
    assert digest.address == EMAIL
    assert "eTerminservice der Kassenärztlichen Vereinigungen" in digest.text
    assert "Mo., 09.03.2026, 09:30 Uhr" in digest.text
    assert "F4HP" not in digest.text
    assert not service.worklist()


def test_a_confirmation_has_no_room_for_a_notice() -> None:
    """
    P4: what has no field cannot leak.
    """
    assert {field.name for field in fields(ConfirmationContent)} == {
        "kind",
        "code",
        "practice_name",
        "group",
        "valid_until",
    }


# What is refused


@pytest.mark.parametrize("kind", ChannelKind)
def test_a_channel_without_an_address_is_refused_and_nothing_is_saved(
    service: NotificationService, outbox: RecordingTransport, kind: ChannelKind
) -> None:
    before = service.profile(TOPP)
    with pytest.raises(
        InvalidProfileError, match=f"no {kind.value} address is entered"
    ):
        service.save_profile(TOPP, ProfileDialog(selected=kind))

    assert before == service.profile(TOPP)
    assert not outbox.messages


def test_a_channel_without_a_transport_is_refused_and_says_so_beforehand(
    make_service: Callable[..., NotificationService], outbox: RecordingTransport
) -> None:
    service = make_service(transports=[outbox])
    option = service.profile(TOPP).options[1]

    assert (option.kind, option.can_be_selected) == (ChannelKind.FAX, False)
    assert option.why_not == "kein Versandweg für Faxe eingerichtet"
    with pytest.raises(InvalidProfileError, match="no transport is set up for it"):
        service.save_profile(TOPP, BY_FAX)
    assert service.profile(TOPP).revision == 0


def test_no_notification_works_without_any_address(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    """
    Chosen silence: what happens stays visible on the worklist.
    """
    saved = service.save_profile(TOPP, ProfileDialog())
    service.record(BOOKING)

    assert saved.effect is Effect.SILENCED
    assert not saved.code_sent
    assert "Keine Benachrichtigung" in saved.notice
    assert saved.profile.state is None
    assert not outbox.messages
    assert [it.reason for it in service.worklist()] == [WorklistReason.NO_CHANNEL]


def test_nobody_else_can_be_asked_for(service: NotificationService) -> None:
    stranger = BSNR("241234601")
    for ask in (
        lambda: service.profile(stranger),
        lambda: service.save_profile(stranger, BY_EMAIL),
        lambda: service.confirm(stranger, "BCDF-GHJK"),
    ):
        with pytest.raises(NotFoundError) as caught:
            ask()

        assert (caught.value.kind, caught.value.key) == ("practice", "241234601")


def test_a_practice_is_registered_once(service: NotificationService) -> None:
    with pytest.raises(ConflictError, match="registered already"):
        service.register(Practice(TOPP, name="Praxis Topp"))


# When the code cannot be sent


@pytest.mark.parametrize(
    "answer", [Receipt.failed(Reason.UNREACHABLE), Receipt.failed(Reason.TRY_LATER)]
)
def test_a_code_that_failed_to_leave_is_dead_and_a_new_one_can_be_had_at_once(
    service: NotificationService, outbox: RecordingTransport, answer: Receipt
) -> None:
    outbox.answer_with(answer)
    saved = service.save_profile(TOPP, BY_EMAIL)
    dead = outbox.last_code()

    assert not saved.code_sent
    assert "konnte nicht" in saved.notice
    assert saved.profile.state is State.UNVERIFIED
    assert not saved.profile.was_refused
    with pytest.raises(CodeRejectedError):
        service.confirm(TOPP, dead)

    again = service.save_profile(TOPP, BY_EMAIL)

    assert again.code_sent
    assert len(outbox.messages) == 2
    assert service.confirm(TOPP, outbox.last_code()).state is State.VERIFIED


def test_a_refused_address_is_told_as_such(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    service.record(BOOKING)
    outbox.answer_with(Receipt.rejected(status="550 5.1.1"))
    saved = service.save_profile(TOPP, BY_EMAIL)

    assert not saved.code_sent
    assert "nimmt keine Nachrichten an" in saved.notice
    assert saved.profile.state is State.UNVERIFIED
    assert saved.profile.was_refused
    assert saved.profile == service.profile(TOPP)
    assert service.why(TOPP).outlook.held is HeldReason.ADDRESS_REFUSED

    assert [it.reason for it in service.worklist()] == [WorklistReason.ADDRESS_REFUSED]


@pytest.mark.parametrize(
    "answer",
    [Receipt.unknown(Reason.CONNECTION_LOST), RuntimeError("anmeldung@praxis.example")],
)
def test_a_code_that_may_have_left_stays_valid(
    service: NotificationService,
    outbox: RecordingTransport,
    answer: Receipt | Exception,
) -> None:
    """
    Nobody can tell, so it may be typed in; also after a transport has crashed.
    """
    outbox.answer_with(answer)
    saved = service.save_profile(TOPP, BY_EMAIL)

    assert saved.code_sent
    assert saved.profile.state is State.PENDING
    assert service.confirm(TOPP, outbox.last_code()).state is State.VERIFIED


def test_a_transport_that_takes_its_time_gets_a_minute(
    make_service: Callable[..., NotificationService], outbox: RecordingTransport
) -> None:
    """
    A portal is not kept waiting longer; the deadline is counted on the elapsed clock.
    """
    readings = iter([0.0, 60.0])
    service = make_service(elapsed=lambda: next(readings))
    saved = service.save_profile(TOPP, BY_EMAIL)

    assert not saved.code_sent
    assert not outbox.messages


# Saving again


@pytest.mark.parametrize(
    ("waited", "codes"),
    [
        (timedelta(0), 1),
        (timedelta(minutes=10) - timedelta(microseconds=1), 1),
        (timedelta(minutes=10), 2),
    ],
)
def test_saving_an_unchanged_dialog_sends_no_second_code_for_ten_minutes(
    service: NotificationService,
    outbox: RecordingTransport,
    clock: FakeClock,
    waited: timedelta,
    codes: int,
) -> None:
    service.save_profile(TOPP, BY_EMAIL)
    first = outbox.last_code()
    clock.advance(waited)
    again = service.save_profile(TOPP, BY_EMAIL)

    assert codes == len(outbox.messages)
    assert again.code_sent == (codes == 2)
    if codes == 1:
        assert again.effect is Effect.CODE_ALREADY_OUT
        assert "schon ein Bestätigungscode" in again.notice
        assert service.confirm(TOPP, first).state is State.VERIFIED
    else:
        with pytest.raises(CodeRejectedError):
            service.confirm(TOPP, first)


def test_saving_a_proven_channel_again_changes_nothing(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    service.save_profile(TOPP, BY_EMAIL)
    service.confirm(TOPP, outbox.last_code())
    again = service.save_profile(
        TOPP, ProfileDialog(email=" anmeldung@PRAXIS.EXAMPLE ", selected="email")
    )

    assert again.effect is Effect.UNCHANGED
    assert "bereits bestätigt" in again.notice
    assert again.profile.state is State.VERIFIED
    assert len(outbox.messages) == 1


def test_one_changed_character_needs_a_code_of_its_own(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    service.save_profile(TOPP, BY_EMAIL)
    service.confirm(TOPP, outbox.last_code())
    changed = service.save_profile(
        TOPP, ProfileDialog(email="anmeldunk@praxis.example", selected="email")
    )

    assert changed.profile.state is State.PENDING
    assert len(outbox.messages) == 2


def test_each_code_is_another_one(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    codes = set()
    for _ in range(5):
        service.save_profile(TOPP, BY_EMAIL)
        codes.add(outbox.last_code())
        clock.advance(timedelta(minutes=10))

    assert len(codes) == 5


def test_no_code_is_kept_in_clear(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    """
    Neither the letters nor a hash that anybody without the key could make.
    """
    service.save_profile(TOPP, BY_EMAIL)
    letters = ConfirmationCode(outbox.last_code()).letters
    explanation = service.why(TOPP)
    selected = explanation.practice.selected

    assert selected is not None
    assert selected.verification.challenge is not None
    assert letters not in repr(explanation)
    assert selected.verification.challenge.code_hash == service.store.keys.code_hash(
        letters, *selected.binding(TOPP)
    )
