"""
A practice's profile: entered, selected and verified are three facts (R2).

Long because saving the dialog is tried in every state of the selected channel.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from eterminservice_core.domain.address import ChannelKind, EmailAddress, FaxNumber
from eterminservice_core.domain.channel import Channel
from eterminservice_core.domain.codes import PATIENCE
from eterminservice_core.domain.errors import (
    ChannelLockedError,
    InvalidAddressError,
    InvalidProfileError,
)
from eterminservice_core.domain.identifiers import BSNR
from eterminservice_core.domain.practice import (
    Contact,
    Effect,
    Practice,
    PracticeGroup,
    ProfileDialog,
    save,
)
from eterminservice_core.domain.send_window import NIGHT
from eterminservice_core.domain.verification import (
    Challenge,
    State,
    Step,
    Verification,
)


NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
LATER = NOW + timedelta(hours=3)
OUT = Challenge(code_hash="ab", issued_at=NOW, expires_at=NOW + timedelta(hours=24))
EMAIL = EmailAddress("anmeldung@praxis.example")
OTHER_EMAIL = EmailAddress("anmeldunk@praxis.example")
FAX = FaxNumber("030 23125 001", allow_media=True)
OTHER_FAX = FaxNumber("089 99998 002", allow_media=True)

VERIFICATIONS = {
    State.UNVERIFIED: Verification(),
    State.PENDING: Verification(state=State.PENDING, challenge=OUT),
    State.VERIFIED: Verification(state=State.VERIFIED),
    State.LOCKED: Verification(state=State.LOCKED, locked_until=LATER),
}


def email_channel(state: State, name: str = "former") -> Channel:
    """
    The channel to `EMAIL`, in a state.
    """
    return Channel(name, address=EMAIL, verification=VERIFICATIONS[state])


def practice(**changed: Any) -> Practice:
    """
    A practice that has entered both addresses, but for what a test is about.
    """
    given = {
        "bsnr": BSNR("391234511"),
        "name": "Praxis Topp",
        "contacts": Contact(email=EMAIL, fax=FAX),
        "revision": 7,
        **changed,
    }
    return Practice(**given)


def saved(
    before: Practice,
    dialog: ProfileDialog,
    *,
    now: datetime = NOW,
    is_vouched_for: bool = False,
) -> tuple[Practice, Effect]:
    """
    `save` with a channel id that is easily seen.
    """
    return save(
        before, dialog, channel_id="new", is_vouched_for=is_vouched_for, now=now
    )


def dialog(**changed: Any) -> ProfileDialog:
    """
    Both addresses and e-mail selected, but for what a test is about.
    """
    return ProfileDialog(**{"email": EMAIL, "fax": FAX, "selected": "email", **changed})


# Values


def test_addresses_may_be_given_as_text() -> None:
    contact = Contact(email="anmeldung@praxis.example", fax="0711 7875-3960")

    assert contact.email == EMAIL
    assert contact.fax == FaxNumber("+49 711 78753960")


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_field_is_no_address(empty: str | None) -> None:
    assert Contact() == Contact(email=empty, fax=empty)
    assert ProfileDialog() == ProfileDialog(email=empty, fax=empty, selected=None)


def test_a_contact_has_an_address_for_each_kind_it_was_given() -> None:
    contact = Contact(email=EMAIL, fax=FAX)

    assert contact.address(ChannelKind.EMAIL) == EMAIL
    assert contact.address(ChannelKind.FAX) == FAX
    assert Contact().address(ChannelKind.EMAIL) is None
    assert Contact().address(ChannelKind.FAX) is None


@pytest.mark.parametrize("value", ["Praxis\nBcc: x", "Praxis\r", "Praxis\x00", 7, None])
def test_a_name_or_telephone_is_one_printable_line(value: Any) -> None:
    """
    A line break in it would be a header of its own.
    """
    with pytest.raises(InvalidProfileError, match="one printable line"):
        practice(name=value)
    with pytest.raises(InvalidProfileError, match="one printable line"):
        Contact(phone=value)


def test_spaces_around_a_name_are_dropped() -> None:
    assert practice(name="  Praxis Topp ").name == "Praxis Topp"


def test_neither_name_nor_telephone_nor_address_shows() -> None:
    shown = repr(practice(master=Contact(email=EMAIL, fax=FAX, phone="0711 7875")))

    for secret in ("Topp", "7875", "anmeldung", "23125", "001"):
        assert secret not in shown


def test_a_practice_begins_silent_among_the_doctors_and_at_night() -> None:
    new = Practice(BSNR("391234511"), name="Praxis Topp")

    assert new.selected is new.active is None
    assert new.group is PracticeGroup.DOCTORS
    assert new.window == NIGHT
    assert new.revision == 0


@pytest.mark.parametrize("value", ["kim", "none", "", 1])
def test_a_channel_of_no_known_kind_cannot_be_selected(value: Any) -> None:
    with pytest.raises(InvalidProfileError, match="a channel is email or fax, or None"):
        dialog(selected=value)


@pytest.mark.parametrize("kind", ChannelKind)
def test_a_channel_may_be_selected_by_its_word(kind: ChannelKind) -> None:
    assert dialog(selected=kind) == dialog(selected=kind.value)


def test_the_dialog_opens_as_the_practice_is() -> None:
    public = Contact(phone="0711 7875-3960")
    channel = email_channel(State.PENDING)

    assert ProfileDialog.of(practice(public=public, selected=channel)) == (
        dialog(public=public)
    )
    assert ProfileDialog.of(practice(public=public)) == (
        dialog(public=public, selected=None)
    )


def test_groups_and_effects_keep_their_words() -> None:
    """
    A store or a log has them.
    """
    assert [group.value for group in PracticeGroup] == ["doctors", "psychotherapists"]
    assert [effect.value for effect in Effect] == [
        "silenced",
        "unchanged",
        "code already out",
        "code needed",
        "vouched for",
    ]


# Pre-filled from the register (R4)


def test_the_registers_contact_is_public_and_its_fax_entered() -> None:
    master = Contact(email=EMAIL, fax=FAX, phone="030 23125 000")
    filled = practice(master=master, contacts=Contact()).prefilled()

    assert filled.public == master
    assert filled.contacts == Contact(fax=FAX)


def test_prefilled_is_neither_selected_nor_verified() -> None:
    filled = practice(master=Contact(fax=FAX), contacts=Contact()).prefilled()

    assert filled.selected is filled.active is None


def test_what_the_practice_entered_is_not_overwritten() -> None:
    own = Contact(phone="030 23125 000")
    before = practice(
        master=Contact(fax=FAX), public=own, contacts=Contact(fax=OTHER_FAX)
    )

    assert before == before.prefilled()


# What cannot be saved


@pytest.mark.parametrize("kind", ChannelKind)
def test_a_channel_without_an_address_cannot_be_selected(kind: ChannelKind) -> None:
    """
    Also where the practice had one before: a field left out is a field emptied (R3).
    """
    emptied = dialog(selected=kind, **{kind.value: None})

    with pytest.raises(
        InvalidProfileError, match=f"no {kind.value} address is entered"
    ):
        saved(practice(), emptied)


@pytest.mark.parametrize("field", ["email", "fax"])
def test_what_is_no_address_cannot_be_entered(field: str) -> None:
    with pytest.raises(InvalidAddressError):
        dialog(**{field: "nonsense"})


# What is entered


def test_saving_keeps_what_was_entered_and_raises_the_revision() -> None:
    after, _ = saved(
        practice(), dialog(email=OTHER_EMAIL, fax=OTHER_FAX, selected=None)
    )

    assert after.contacts == Contact(email=OTHER_EMAIL, fax=OTHER_FAX)
    assert after.revision == 8


def test_the_public_contact_is_apart_from_the_one_for_notifications() -> None:
    public = Contact(email=OTHER_EMAIL, phone="030 23125 000")
    after, _ = saved(practice(), dialog(public=public))

    assert after.public == public
    assert after.contacts == Contact(email=EMAIL, fax=FAX)


def test_a_public_contact_left_out_stays() -> None:
    public = Contact(phone="030 23125 000")
    after, _ = saved(practice(public=public), dialog())

    assert after.public == public


def test_a_public_contact_can_be_emptied() -> None:
    after, _ = saved(practice(public=Contact(fax=FAX)), dialog(public=Contact()))

    assert after.public == Contact()


def test_saving_changes_nothing_else() -> None:
    before = practice(
        master=Contact(fax=OTHER_FAX), group=PracticeGroup.PSYCHOTHERAPISTS
    )
    after, _ = saved(before, dialog(selected=None))

    assert evolve(before, revision=8) == after


# What is selected


def test_no_notification_needs_no_address() -> None:
    after, effect = saved(practice(), ProfileDialog())

    assert effect is Effect.SILENCED
    assert after.selected is after.active is None
    assert after.contacts == Contact()


@pytest.mark.parametrize("state", State)
def test_silence_ends_every_channel_at_once(state: State) -> None:
    channel = email_channel(state)
    after, effect = saved(
        practice(selected=channel, active=email_channel(State.VERIFIED, "old")),
        dialog(selected=None),
    )

    assert effect is Effect.SILENCED
    assert after.selected is after.active is None


def test_a_first_selection_needs_a_code() -> None:
    after, effect = saved(practice(), dialog())

    assert effect is Effect.CODE_NEEDED
    assert after.selected == Channel("new", address=EMAIL)
    assert after.active is None


def test_after_silence_even_a_proven_address_needs_a_code() -> None:
    """
    Another selection is another channel.
    """
    verified = email_channel(State.VERIFIED)
    silent, _ = saved(practice(selected=verified, active=verified), ProfileDialog())
    after, effect = saved(silent, dialog())

    assert effect is Effect.CODE_NEEDED
    assert after.selected == Channel("new", address=EMAIL)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize(
    "changed", [{"email": OTHER_EMAIL}, {"selected": ChannelKind.FAX}]
)
def test_one_character_or_another_kind_is_a_new_channel(
    state: State, changed: dict[str, Any]
) -> None:
    """
    Also while the former one is locked: another address was not guessed at.
    """
    before = practice(selected=email_channel(state))
    after, effect = saved(before, dialog(**changed))

    assert effect is Effect.CODE_NEEDED
    assert after.selected is not None
    assert after.selected.id == "new"
    assert after.selected.verification == Verification()


@pytest.mark.parametrize(
    "spelling", ["anmeldung@PRAXIS.example", " anmeldung@praxis.example "]
)
def test_formatting_of_an_email_address_keeps_it_verified(spelling: str) -> None:
    verified = email_channel(State.VERIFIED)
    before = practice(selected=verified, active=verified)
    after, effect = saved(before, dialog(email=spelling))

    assert effect is Effect.UNCHANGED
    assert evolve(before, revision=8) == after


@pytest.mark.parametrize("spelling", ["+49 30 23125001", "(030) 2 31 25-001"])
def test_formatting_of_a_fax_number_keeps_it_verified(spelling: str) -> None:
    verified = Channel(
        "former", address=FAX, verification=VERIFICATIONS[State.VERIFIED]
    )
    before = practice(selected=verified, active=verified)
    fax = FaxNumber(spelling, allow_media=True)
    after, effect = saved(before, dialog(fax=fax, selected="fax"))

    assert effect is Effect.UNCHANGED
    assert evolve(before, revision=8) == after


# Saving the same address again, in each state of its channel


def test_an_unverified_address_gets_a_code_and_stays_the_same_channel() -> None:
    channel = email_channel(State.UNVERIFIED)
    after, effect = saved(practice(selected=channel), dialog())

    assert effect is Effect.CODE_NEEDED
    assert after.selected == channel


@pytest.mark.parametrize(
    ("waited", "effect"),
    [
        (timedelta(0), Effect.CODE_ALREADY_OUT),
        (PATIENCE - INSTANT, Effect.CODE_ALREADY_OUT),
        (PATIENCE, Effect.CODE_NEEDED),
        (PATIENCE + INSTANT, Effect.CODE_NEEDED),
    ],
)
def test_a_code_is_given_ten_minutes_to_arrive(
    waited: timedelta, effect: Effect
) -> None:
    channel = email_channel(State.PENDING)
    after, actual = saved(practice(selected=channel), dialog(), now=NOW + waited)

    assert effect is actual
    assert after.selected == channel


def test_a_pending_channel_without_a_code_needs_one() -> None:
    lost = Channel(
        "former", address=EMAIL, verification=Verification(state=State.PENDING)
    )

    assert saved(practice(selected=lost), dialog())[1] is Effect.CODE_NEEDED


def test_a_locked_address_is_refused_until_its_lock_ends() -> None:
    before = practice(selected=email_channel(State.LOCKED))

    with pytest.raises(ChannelLockedError) as caught:
        saved(before, dialog(), now=LATER - INSTANT)

    assert caught.value.until == LATER


@pytest.mark.parametrize("late", [timedelta(0), INSTANT])
def test_when_its_lock_ends_a_code_can_be_had(late: timedelta) -> None:
    before = practice(selected=email_channel(State.LOCKED))
    after, effect = saved(before, dialog(), now=LATER + late)

    assert effect is Effect.CODE_NEEDED
    assert after.selected == email_channel(State.UNVERIFIED)


def test_a_lock_without_an_end_holds_nobody() -> None:
    endless = Channel(
        "former", address=EMAIL, verification=Verification(state=State.LOCKED)
    )

    assert saved(practice(selected=endless), dialog())[1] is Effect.CODE_NEEDED


# Vouched for by the register


def test_a_vouched_address_is_verified_and_active_at_once() -> None:
    after, effect = saved(practice(), dialog(), is_vouched_for=True)

    assert effect is Effect.VOUCHED_FOR
    assert after.selected == after.active
    assert after.active == email_channel(State.VERIFIED, "new")


def test_a_vouched_address_takes_over_from_the_old_one() -> None:
    old = email_channel(State.VERIFIED, "old")
    before = practice(selected=old, active=old)
    after, _ = saved(before, dialog(email=OTHER_EMAIL), is_vouched_for=True)

    assert after.active is not None
    assert after.active.address == OTHER_EMAIL


# The old channel keeps working (P9)


@pytest.mark.parametrize(
    ("changed", "stays"),
    [
        ({}, True),
        ({"email": OTHER_EMAIL}, True),
        ({"selected": "fax"}, True),
        ({"email": OTHER_EMAIL, "selected": "fax"}, True),
        ({"fax": None}, True),
        ({"email": None, "selected": "fax"}, False),
        ({"email": None, "selected": None}, False),
        ({"selected": None}, False),
    ],
)
def test_an_active_address_ends_when_removed_or_silenced_not_when_replaced(
    changed: dict[str, Any], stays: bool
) -> None:
    active = email_channel(State.VERIFIED)
    before = practice(selected=active, active=active)
    after, _ = saved(before, dialog(**changed))

    assert after.active == (active if stays else None)


def test_an_active_channel_survives_any_number_of_replacements() -> None:
    active = email_channel(State.VERIFIED)
    now = practice(selected=active, active=active)
    for email in (OTHER_EMAIL, "b@praxis.example", "c@praxis.example"):
        now, _ = saved(now, dialog(email=email))

    assert now.active == active


def test_a_channel_not_yet_proven_is_not_active() -> None:
    before = practice(selected=email_channel(State.UNVERIFIED))
    after = before.with_selected(email_channel(State.PENDING))

    assert after == evolve(before, selected=email_channel(State.PENDING))
    assert after.active is None


def test_a_proven_channel_becomes_the_active_one() -> None:
    old = Channel("old", address=FAX, verification=VERIFICATIONS[State.VERIFIED])
    before = practice(selected=email_channel(State.PENDING), active=old)
    after = before.with_selected(email_channel(State.VERIFIED))

    assert after.selected == after.active == email_channel(State.VERIFIED)


def test_a_channel_that_lost_its_proof_is_active_no_longer() -> None:
    before = practice(
        selected=email_channel(State.VERIFIED), active=email_channel(State.VERIFIED)
    )
    after = before.with_selected(email_channel(State.UNVERIFIED))

    assert after.active is None


def test_an_old_channel_stays_active_when_the_new_one_fails() -> None:
    old = Channel("old", address=FAX, verification=VERIFICATIONS[State.VERIFIED])
    before = practice(selected=email_channel(State.PENDING), active=old)

    assert before.with_selected(email_channel(State.LOCKED)).active == old


# Refused by the far end


def test_a_refused_address_needs_a_code_again() -> None:
    verified = email_channel(State.VERIFIED)
    before = practice(selected=verified, active=verified)
    after = before.refused("former")

    assert after.active is None
    assert after.selected == verified.after(Step.ADDRESS_REFUSED)
    assert saved(after, dialog())[1] is Effect.CODE_NEEDED


def test_a_refused_old_channel_leaves_the_new_one_alone() -> None:
    old = Channel("old", address=FAX, verification=VERIFICATIONS[State.VERIFIED])
    pending = email_channel(State.PENDING)
    after = practice(selected=pending, active=old).refused("old")

    assert after.active is None
    assert after.selected == pending


def test_a_refusal_of_another_version_changes_nothing() -> None:
    """
    An attempt begun before the address was replaced says nothing of the new one.
    """
    verified = email_channel(State.VERIFIED)
    before = practice(selected=verified, active=verified)

    assert before == before.refused("some-other")
    assert practice() == practice().refused("some-other")


@pytest.mark.parametrize("state", [State.UNVERIFIED, State.PENDING, State.LOCKED])
def test_a_late_refusal_does_not_move_a_channel_that_is_not_verified(
    state: State,
) -> None:
    before = practice(selected=email_channel(state))

    assert before == before.refused("former")
