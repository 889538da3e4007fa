"""
What a portal says after saving, in our own words (R6).
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eterminservice_core.domain.address import ChannelKind, EmailAddress, FaxNumber
from eterminservice_core.domain.codes import LIFETIME, PATIENCE
from eterminservice_core.rendering import portal


EMAIL, FAX = ChannelKind.EMAIL, ChannelKind.FAX
MASKED = str(EmailAddress("anmeldung@praxis.example"))
Sentence = Callable[[ChannelKind, str], str]
OF_AN_ADDRESS = [
    portal.code_on_its_way,
    portal.code_not_sent,
    portal.address_refused,
    portal.vouched_for,
    portal.nothing_to_do,
    portal.code_already_sent,
]


def test_a_code_on_its_way_to_a_mailbox_reads_like_this() -> None:
    assert portal.code_on_its_way(EMAIL, MASKED) == (
        "Ein Bestätigungscode ist an die E-Mail-Adresse a…g@p….example unterwegs. Bis"
        " er ankommt, können einige Minuten vergehen. Nichts im Posteingang? Sehen Sie"
        " bitte auch im Spam-Ordner nach. Geben Sie den Code danach hier im Profil"
        " ein; er gilt 24 Stunden."
    )


def test_a_code_on_its_way_to_a_fax_machine_reads_like_this() -> None:
    masked = str(FaxNumber("030 23125 001", allow_media=True))

    assert portal.code_on_its_way(FAX, masked) == (
        "Ein Bestätigungscode ist an die Faxnummer +49 30 …01 unterwegs. Bis er"
        " ankommt, können einige Minuten vergehen. Bitte lassen Sie Ihr Faxgerät so"
        " lange empfangsbereit. Geben Sie den Code danach hier im Profil ein; er gilt"
        " 24 Stunden."
    )


@pytest.mark.parametrize("say", [portal.code_on_its_way, portal.code_already_sent])
def test_only_mail_has_a_spam_folder(say: Sentence) -> None:
    assert "Spam-Ordner" in say(EMAIL, MASKED)
    assert "Faxgerät" not in say(EMAIL, MASKED)
    assert "Faxgerät" in say(FAX, MASKED)
    assert "Spam-Ordner" not in say(FAX, MASKED)


@pytest.mark.parametrize("say", OF_AN_ADDRESS)
@pytest.mark.parametrize(
    ("kind", "noun"), [(EMAIL, "E-Mail-Adresse"), (FAX, "Faxnummer")]
)
def test_every_sentence_about_an_address_names_its_kind_and_shows_it_masked(
    say: Sentence, kind: ChannelKind, noun: str
) -> None:
    said = say(kind, MASKED)

    assert f"{noun} {MASKED} " in said
    assert said.endswith(".")
    assert "  " not in said


def test_every_situation_has_a_sentence_of_its_own() -> None:
    said = [say(EMAIL, MASKED) for say in OF_AN_ADDRESS]

    assert len(set(said)) == len(OF_AN_ADDRESS)


def test_the_times_said_are_the_times_kept() -> None:
    hours = int(LIFETIME.total_seconds() // 3600)
    minutes = int(PATIENCE.total_seconds() // 60)

    assert f"gilt {hours} Stunden" in portal.code_on_its_way(EMAIL, MASKED)
    assert f" {minutes} Minuten " in portal.code_already_sent(EMAIL, MASKED)


def test_a_code_not_sent_says_that_saving_again_brings_a_new_one() -> None:
    """
    The old one is dead: it is stored as a hash only and cannot be sent again.
    """
    said = portal.code_not_sent(FAX, MASKED)

    assert "speichern Sie in einigen Minuten noch einmal" in said
    assert "einen neuen Code" in said


def test_silence_says_where_the_notices_stay() -> None:
    """
    R10: never in silence.
    """
    assert portal.no_notification() == (
        "Sie haben „Keine Benachrichtigung“ ausgewählt. Über neue Buchungen und Absagen"
        " erhalten Sie keine Nachricht; sie bleiben auf der Arbeitsliste der"
        " Terminservicestelle stehen. Bitte sehen Sie regelmäßig im Portal nach."
    )


def test_the_old_channel_is_said_to_go_on() -> None:
    """
    P9.
    """
    assert portal.old_channel_keeps_working(MASKED) == (
        "Ihre Benachrichtigungen gehen weiter an a…g@p….example, bis die neue Adresse"
        " bestätigt ist."
    )


@pytest.mark.parametrize(
    ("kind", "no_address", "no_transport"),
    [
        (
            EMAIL,
            "keine E-Mail-Adresse erfasst",
            "kein Versandweg für E-Mails eingerichtet",
        ),
        (FAX, "keine Faxnummer erfasst", "kein Versandweg für Faxe eingerichtet"),
    ],
)
def test_an_option_that_is_not_active_says_why(
    kind: ChannelKind, no_address: str, no_transport: str
) -> None:
    """
    R3.
    """
    assert portal.no_address(kind) == no_address
    assert portal.no_transport(kind) == no_transport
