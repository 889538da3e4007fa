"""
Addresses the KV register vouches for need no code: a policy, off by default.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from eterminservice_core import (
    BSNR,
    Appointment,
    Booking,
    ChannelKind,
    Contact,
    Effect,
    EmailAddress,
    FaxNumber,
    NotificationService,
    Practice,
    ProfileDialog,
    Receipt,
    State,
)
from eterminservice_core.testing.clock import FakeClock
from eterminservice_transports import RecordingTransport


TOPP = BSNR("391234511")
EMAIL = EmailAddress("anmeldung@praxis.example")
FAX = FaxNumber("030 23125 001", allow_media=True)
OTHER_FAX = FaxNumber("030 23125 002", allow_media=True)
BY_FAX = ProfileDialog(fax=FAX, selected=ChannelKind.FAX)
BOOKING = Booking(
    TOPP, Appointment("a-1", starts_at="2026-03-09T09:30+01:00"), version=1
)


@pytest.fixture
def trusting(make_service: Callable[..., NotificationService]) -> NotificationService:
    """
    A service that trusts the register, in which the practice has both addresses.
    """
    service = make_service(trusts_register=True)
    master = Contact(email=EMAIL, fax=FAX)
    service.register(Practice(TOPP, name="Praxis Topp", master=master))
    return service


def test_the_registers_fax_needs_no_code(
    trusting: NotificationService,
    fax_outbox: RecordingTransport,
    clock: FakeClock,
) -> None:
    """
    Selecting it is enough; that night the practice is told.
    """
    saved = trusting.save_profile(TOPP, trusting.profile(TOPP).dialog)

    assert saved.effect is Effect.SILENCED

    saved = trusting.save_profile(TOPP, BY_FAX)

    assert saved.effect is Effect.VOUCHED_FOR
    assert not saved.code_sent
    assert "Kassenärztliche Vereinigung" in saved.notice
    assert saved.profile.state is State.VERIFIED
    assert saved.profile.active_address == "+49 30 …01"
    assert not fax_outbox.messages

    trusting.record(BOOKING)
    clock.advance(timedelta(hours=14))
    trusting.dispatch_due()

    assert [message.address for message in fax_outbox.digests()] == [FAX]


def test_what_waited_is_due_as_soon_as_the_register_vouches(
    trusting: NotificationService,
) -> None:
    trusting.record(BOOKING)

    assert trusting.why(TOPP).outlook.due_at is None

    trusting.save_profile(TOPP, BY_FAX)

    assert trusting.why(TOPP).outlook.due_at is not None


def test_nor_does_the_registers_email(
    trusting: NotificationService, outbox: RecordingTransport
) -> None:
    saved = trusting.save_profile(TOPP, ProfileDialog(email=EMAIL, selected="email"))

    assert saved.effect is Effect.VOUCHED_FOR
    assert not outbox.messages


@pytest.mark.parametrize("spelling", ["+49 30 23125001", "(030) 2 31 25-001"])
def test_formatting_makes_no_difference(
    trusting: NotificationService, spelling: str
) -> None:
    fax = FaxNumber(spelling, allow_media=True)
    saved = trusting.save_profile(TOPP, ProfileDialog(fax=fax, selected="fax"))

    assert saved.effect is Effect.VOUCHED_FOR


def test_another_number_needs_a_code(
    trusting: NotificationService, fax_outbox: RecordingTransport
) -> None:
    saved = trusting.save_profile(TOPP, ProfileDialog(fax=OTHER_FAX, selected="fax"))

    assert saved.effect is Effect.CODE_NEEDED
    assert saved.profile.state is State.PENDING
    assert len(fax_outbox.messages) == 1


def test_by_default_nobody_vouches(
    trusting: NotificationService,
    service: NotificationService,
    fax_outbox: RecordingTransport,
) -> None:
    """
    Pre-filled is not verified (R4).
    """
    assert trusting.profile(TOPP) == service.profile(TOPP)
    assert service.save_profile(TOPP, BY_FAX).effect is Effect.CODE_NEEDED
    assert len(fax_outbox.messages) == 1


def test_the_public_contact_vouches_for_nothing(
    trusting: NotificationService, fax_outbox: RecordingTransport
) -> None:
    """
    Only the register does, which nobody edits in a dialog.
    """
    dialog = ProfileDialog(
        public=Contact(fax=OTHER_FAX), fax=OTHER_FAX, selected=ChannelKind.FAX
    )

    assert trusting.save_profile(TOPP, dialog).effect is Effect.CODE_NEEDED
    assert len(fax_outbox.messages) == 1


def test_nobody_is_vouched_for_where_the_register_knows_no_address(
    make_service: Callable[..., NotificationService],
) -> None:
    service = make_service(trusts_register=True)
    service.register(Practice(TOPP, name="Praxis Topp"))

    assert service.save_profile(TOPP, BY_FAX).effect is Effect.CODE_NEEDED


def test_a_vouched_address_that_is_refused_must_be_proven_like_any_other(
    trusting: NotificationService,
    fax_outbox: RecordingTransport,
    clock: FakeClock,
) -> None:
    """
    The far end knows better than the register.
    """
    trusting.save_profile(TOPP, BY_FAX)
    trusting.record(BOOKING)
    clock.advance(timedelta(hours=14))
    fax_outbox.answer_with(Receipt.rejected())
    trusting.dispatch_due()

    assert trusting.profile(TOPP).was_refused
    assert trusting.save_profile(TOPP, BY_FAX).effect is Effect.CODE_NEEDED
    assert trusting.confirm(TOPP, fax_outbox.last_code()).state is State.VERIFIED


def test_an_import_of_the_register_leaves_what_was_proven_as_it_is(
    trusting: NotificationService,
) -> None:
    """
    A number that the register changed must be selected again to be vouched for.
    """
    trusting.save_profile(TOPP, BY_FAX)
    changed = Practice(TOPP, name="Praxis Topp", master=Contact(fax=OTHER_FAX))

    assert trusting.import_practices([changed]) == 0

    profile = trusting.profile(TOPP)

    assert profile.state is State.VERIFIED
    assert profile.dialog.fax == FAX
    assert profile.active_address == "+49 30 …01"

    again = trusting.save_profile(TOPP, ProfileDialog(fax=OTHER_FAX, selected="fax"))

    assert again.effect is Effect.VOUCHED_FOR
