"""
What a portal shows of a profile, before and after saving (R3, R4, R6).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from eterminservice_core.confirmation import Saved
from eterminservice_core.domain.address import ChannelKind, EmailAddress, FaxNumber
from eterminservice_core.domain.channel import Channel
from eterminservice_core.domain.identifiers import BSNR
from eterminservice_core.domain.message import Reason, Receipt
from eterminservice_core.domain.practice import (
    Contact,
    Effect,
    Practice,
    PracticeGroup,
    ProfileDialog,
)
from eterminservice_core.domain.send_window import SendWindow
from eterminservice_core.domain.verification import State, Verification
from eterminservice_core.profile import ProfileView, saved_profile, view
from eterminservice_core.rendering import portal


TOPP = BSNR("391234511")
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
EMAIL = EmailAddress("anmeldung@praxis.example")
FAX = FaxNumber("030 23125 001", allow_media=True)
BOTH = frozenset(ChannelKind)
BY_EMAIL, BY_FAX = ChannelKind.EMAIL, ChannelKind.FAX
VERIFIED = Verification(state=State.VERIFIED)


def practice(**changed: Any) -> Practice:
    """
    A practice that has entered both addresses, but for what a test is about.
    """
    contacts = Contact(email=EMAIL, fax=FAX)
    return Practice(TOPP, **{"name": "Praxis Topp", "contacts": contacts, **changed})


def test_a_view_shows_all_of_a_profile_with_addresses_masked() -> None:
    locked = Verification(
        state=State.LOCKED, locked_until=NOW + timedelta(hours=3), was_refused=True
    )
    shown = view(
        practice(
            group=PracticeGroup.PSYCHOTHERAPISTS,
            public=Contact(phone="030 23125 000"),
            selected=Channel("new", address=EMAIL, verification=locked),
            active=Channel("old", address=FAX, verification=VERIFIED),
            window=SendWindow("09:00", "18:00"),
            revision=7,
        ),
        BOTH,
    )

    assert shown == ProfileView(
        bsnr=TOPP,
        name="Praxis Topp",
        group=PracticeGroup.PSYCHOTHERAPISTS,
        dialog=ProfileDialog(
            public=Contact(phone="030 23125 000"),
            email=EMAIL,
            fax=FAX,
            selected=BY_EMAIL,
        ),
        options=shown.options,
        state=State.LOCKED,
        selected_address="a…g@p….example",
        active_address="+49 30 …01",
        was_refused=True,
        locked_until=NOW + timedelta(hours=3),
        window=SendWindow("09:00", "18:00"),
        revision=7,
    )


def test_nothing_selected_is_shown_as_nothing() -> None:
    shown = view(practice(), BOTH)

    assert shown.state is None
    assert shown.locked_until is None
    assert shown.selected_address == shown.active_address == ""
    assert not shown.was_refused


@pytest.mark.parametrize(
    ("contacts", "open_kinds", "why_not"),
    [
        (Contact(email=EMAIL, fax=FAX), BOTH, ("", "")),
        (Contact(), BOTH, ("keine E-Mail-Adresse erfasst", "keine Faxnummer erfasst")),
        (Contact(email=EMAIL), BOTH, ("", "keine Faxnummer erfasst")),
        (Contact(fax=FAX), BOTH, ("keine E-Mail-Adresse erfasst", "")),
        (
            Contact(email=EMAIL, fax=FAX),
            {BY_EMAIL},
            ("", "kein Versandweg für Faxe eingerichtet"),
        ),
        (
            Contact(email=EMAIL, fax=FAX),
            {BY_FAX},
            ("kein Versandweg für E-Mails eingerichtet", ""),
        ),
        # What the practice can do something about is said first.
        (Contact(), (), ("keine E-Mail-Adresse erfasst", "keine Faxnummer erfasst")),
    ],
)
def test_each_channel_says_whether_it_can_be_selected_and_why_not(
    contacts: Contact, open_kinds: Any, why_not: tuple[str, str]
) -> None:
    options = view(practice(contacts=contacts), open_kinds).options

    assert tuple(option.kind for option in options) == (BY_EMAIL, BY_FAX)
    assert why_not == tuple(option.why_not for option in options)
    assert all(it.can_be_selected == (it.why_not == "") for it in options)


def test_a_view_hides_what_is_personal() -> None:
    channel = Channel("c", address=EMAIL, verification=VERIFIED)
    shown = repr(view(practice(selected=channel, active=channel), BOTH))

    for secret in ("Topp", "anmeldung", "23125"):
        assert secret not in shown


# After saving


def saved(effect: Effect, receipt: Receipt | None = None, **changed: Any) -> Saved:
    """
    What saving a dialog with e-mail selected came to.
    """
    selected = {"selected": Channel("new", address=EMAIL), **changed}
    return Saved(practice=practice(**selected), effect=effect, receipt=receipt)


MASKED = "a…g@p….example"


@pytest.mark.parametrize(
    ("outcome", "code_sent", "text"),
    [
        (
            saved(Effect.CODE_NEEDED, Receipt.accepted()),
            True,
            portal.code_on_its_way(BY_EMAIL, MASKED),
        ),
        (
            saved(Effect.CODE_NEEDED, Receipt.unknown(Reason.CONNECTION_LOST)),
            True,
            portal.code_on_its_way(BY_EMAIL, MASKED),
        ),
        (
            saved(Effect.CODE_NEEDED, Receipt.failed(Reason.TRY_LATER)),
            False,
            portal.code_not_sent(BY_EMAIL, MASKED),
        ),
        (
            saved(Effect.CODE_NEEDED, Receipt.rejected()),
            False,
            portal.address_refused(BY_EMAIL, MASKED),
        ),
        (
            saved(Effect.CODE_NEEDED),
            False,
            portal.code_not_sent(BY_EMAIL, MASKED),
        ),
        (
            saved(Effect.CODE_ALREADY_OUT),
            False,
            portal.code_already_sent(BY_EMAIL, MASKED),
        ),
        (saved(Effect.UNCHANGED), False, portal.nothing_to_do(BY_EMAIL, MASKED)),
        (saved(Effect.VOUCHED_FOR), False, portal.vouched_for(BY_EMAIL, MASKED)),
        (saved(Effect.SILENCED, selected=None), False, portal.no_notification()),
    ],
)
def test_each_effect_has_a_text_of_its_own(
    outcome: Saved, code_sent: bool, text: str
) -> None:
    shown = saved_profile(outcome, BOTH)

    assert text == shown.notice
    assert code_sent is shown.code_sent
    assert outcome.effect is shown.effect
    assert view(outcome.practice, BOTH) == shown.profile


@pytest.mark.parametrize(
    ("selected", "active", "is_said"),
    [
        ("new", "old", True),
        ("new", None, False),
        ("new", "new", False),
        (None, None, False),
        (None, "old", False),
    ],
)
def test_where_another_channel_keeps_working_that_is_said_too(
    selected: str | None, active: str | None, is_said: bool
) -> None:
    outcome = saved(
        Effect.CODE_NEEDED if selected else Effect.SILENCED,
        Receipt.accepted() if selected else None,
        selected=Channel(selected, address=EMAIL) if selected else None,
        active=Channel(active, address=FAX) if active else None,
    )
    notice = saved_profile(outcome, BOTH).notice

    assert is_said == notice.endswith(portal.old_channel_keeps_working("+49 30 …01"))
