"""
Confirmation messages in German, and what all messages have in common.
"""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from attrs import evolve

from eterminservice_core.domain.address import ChannelKind
from eterminservice_core.domain.appointment import (
    Appointment,
)
from eterminservice_core.domain.digest import Digest, DigestLine, LineState
from eterminservice_core.domain.errors import InvalidCodeError, InvalidValueError
from eterminservice_core.domain.identifiers import BSNR
from eterminservice_core.domain.practice import PracticeGroup
from eterminservice_core.rendering import (
    ConfirmationContent,
    DigestContent,
    Rendered,
    Renderer,
)


HEADER = b"eTerminservice der Kassen\xc3\xa4rztlichen Vereinigungen"
NIGHT = datetime.fromisoformat("2026-03-01T23:10Z")
RENDERER = Renderer()


def digest_content(
    *lines: DigestLine,
    name: str = "Praxis Töpp & Söhne, Weißgasse",
    group: PracticeGroup = PracticeGroup.DOCTORS,
) -> DigestContent:
    return DigestContent(
        digest=Digest(lines),
        practice_name=name,
        bsnr=BSNR("391234511"),
        group=group,
        now=NIGHT,
        message_number="7f3a21bc",
    )


def confirmation_content(
    kind: ChannelKind = ChannelKind.EMAIL,
    group: PracticeGroup = PracticeGroup.DOCTORS,
) -> ConfirmationContent:
    return ConfirmationContent(
        kind=kind,
        code="BCDF-GHJK",
        practice_name="Praxis Topp",
        group=group,
        valid_until=datetime.fromisoformat("2026-03-03T08:30Z"),
    )


LINE = DigestLine(
    appointment=Appointment("a-1", starts_at=NIGHT), state=LineState.BOOKED
)


def everything(rendered: Rendered) -> bytes:
    return f"{rendered.subject}\n{rendered.text}\n{rendered.html}".encode()


GOLDEN_CONFIRMATION = """\
eTerminservice der Kassenärztlichen Vereinigungen

Bestätigungscode für Ihre Faxnummer
Für: Praxis Topp

Im Praxisprofil wurde diese Faxnummer für Benachrichtigungen
ausgewählt. Mit dem Code bestätigen Sie, dass Nachrichten
hier bei Ihnen ankommen. Vorher senden wir an diese
Faxnummer keine Benachrichtigungen.

Ihr Bestätigungscode:

BCDF-GHJK

Gültig bis Di., 03.03.2026, 09:30 Uhr

Bitte öffnen Sie im Portal Ihr Praxisprofil und geben Sie
den Code dort bei den Kontaktinformationen ein. Groß- und
Kleinschreibung und der Bindestrich spielen keine Rolle.
Fordern Sie einen neuen Code an, gilt dieser nicht mehr.

Sie haben keinen Code angefordert? Dann brauchen Sie nichts
zu tun: Ohne Eingabe des Codes bleibt alles, wie es ist.

------------------------------------------------------------
Kontakt: 0711 7875-3949

Diese Nachricht ist nicht für Sie bestimmt? Dann rufen Sie
bitte die Kontaktnummer an, vernichten Sie die Nachricht und
geben Sie sie nicht weiter.

Dies ist eine automatische Nachricht. Antworten darauf
werden nicht gelesen.

Ihre Terminservicestelle
"""


def test_a_confirmation_reads_like_this() -> None:
    content = confirmation_content(ChannelKind.FAX, PracticeGroup.PSYCHOTHERAPISTS)

    assert RENDERER.confirmation(content).text == GOLDEN_CONFIRMATION


@pytest.mark.parametrize(
    "rendered",
    [
        RENDERER.digest(digest_content(LINE)),
        RENDERER.confirmation(confirmation_content()),
    ],
    ids=["digest", "confirmation"],
)
def test_the_header_heads_subject_text_and_html_byte_by_byte(
    rendered: Rendered,
) -> None:
    """
    R9 and check 1 of the facts of the field: umlaut composed, UTF-8.
    """
    assert rendered.subject.encode().startswith(HEADER + " – ".encode())
    assert rendered.text.encode().startswith(HEADER + b"\n")
    assert b"<h1>" + HEADER + b"</h1>" in rendered.html.encode()


def test_the_subject_of_a_confirmation_does_not_give_the_code_away() -> None:
    """
    Subjects show on lock screens and in fax job lists (trap 15).
    """
    rendered = RENDERER.confirmation(confirmation_content())

    assert rendered.subject == f"{HEADER.decode()} – Bestätigungscode"


def test_the_code_has_a_line_of_its_own() -> None:
    rendered = RENDERER.confirmation(confirmation_content())

    shown = re.findall(r"^[B-Z]{4}-[B-Z]{4}$", rendered.text, re.MULTILINE)

    assert shown == ["BCDF-GHJK"]
    assert '<p class="code">BCDF-GHJK</p>' in rendered.html


def test_a_code_is_shown_in_two_groups_however_it_is_given() -> None:
    assert evolve(confirmation_content(), code="bcdf ghjk").code == "BCDF-GHJK"


def test_what_is_no_code_is_not_rendered() -> None:
    with pytest.raises(InvalidCodeError):
        evolve(confirmation_content(), code="XN6P-F4HP-Z5KX")


def test_a_validity_without_an_offset_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="valid_until needs an offset from UTC"):
        evolve(confirmation_content(), valid_until=NIGHT.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("kind", "noun"),
    [(ChannelKind.EMAIL, "E-Mail-Adresse"), (ChannelKind.FAX, "Faxnummer")],
)
def test_a_confirmation_says_what_it_confirms(kind: ChannelKind, noun: str) -> None:
    rendered = RENDERER.confirmation(confirmation_content(kind))

    assert f"Bestätigungscode für Ihre {noun}" in rendered.text
    assert f"Bestätigungscode für Ihre {noun}" in rendered.html


@pytest.mark.parametrize(
    ("group", "number", "other"),
    [
        (PracticeGroup.DOCTORS, "0711 7875-3960", "0711 7875-3949"),
        (PracticeGroup.PSYCHOTHERAPISTS, "0711 7875-3949", "0711 7875-3960"),
    ],
)
def test_the_group_picks_the_contact_line_of_every_message(
    group: PracticeGroup, number: str, other: str
) -> None:
    """
    R12.
    """
    for rendered in (
        RENDERER.digest(digest_content(LINE, group=group)),
        RENDERER.confirmation(confirmation_content(group=group)),
    ):
        assert f"Kontakt: {number}\n" in rendered.text
        assert f"Kontakt: {number}<" in rendered.html
        assert other.encode() not in everything(rendered)
