"""
Digests in German: exact texts, header, contact, words for every state.
"""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from attrs import evolve

from eterminservice_core.domain.appointment import (
    Appointment,
    CancelledBy,
    Site,
    Urgency,
)
from eterminservice_core.domain.digest import Digest, DigestLine, LineState
from eterminservice_core.domain.errors import InvalidValueError
from eterminservice_core.domain.identifiers import BSNR
from eterminservice_core.domain.practice import PracticeGroup
from eterminservice_core.rendering import (
    DigestContent,
    Renderer,
    Wording,
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


def line(
    state: LineState = LineState.BOOKED,
    starts_at: str = "2026-03-02T09:30+01:00",
    cancelled_by: CancelledBy | None = None,
) -> DigestLine:
    return DigestLine(
        appointment=Appointment(f"a {starts_at}", starts_at=starts_at),
        state=state,
        cancelled_by=cancelled_by,
    )


FULL = DigestLine(
    appointment=Appointment(
        "a-1",
        starts_at="2026-03-02T09:30+01:00",
        ends_at="2026-03-02T09:55+01:00",
        specialty="Orthopädie",
        doctor="Dr. Groß",
        urgency=Urgency.URGENT,
        site=Site.VIDEO,
        code="XN6P-F4HP-Z5KX",
    ),
    state=LineState.BOOKED,
)
PAST = DigestLine(
    appointment=Appointment(
        "a-2", starts_at="2026-03-01T08:00+01:00", specialty="Augenheilkunde"
    ),
    state=LineState.CANCELLED,
    cancelled_by=CancelledBy.PATIENT,
    possibly_known=True,
)


GOLDEN_DIGEST = """\
eTerminservice der Kassenärztlichen Vereinigungen

Nachricht Nr. 7f3a21bc
vom Mo., 02.03.2026, 00:10 Uhr
Für: Praxis Töpp & Söhne, Weißgasse
BSNR: 391234511

2 Mitteilungen: 1 gebuchter Termin, 1 abgesagter Termin

------------------------------------------------------------
GEBUCHTE TERMINE (1)
Diese Termine sind vergeben.

Mo., 02.03.2026, 09:30–09:55 Uhr
  neu gebucht
  Orthopädie, Dr. Groß
  Dringlichkeit: dringend
  Videosprechstunde
  Vermittlungscode: XN6P-****-****

------------------------------------------------------------
ABGESAGTE TERMINE (1)
Diese Termine entfallen.

So., 01.03.2026, 08:00 Uhr
  abgesagt, durch Patientin oder Patient
  (Termin liegt bereits zurück)
  ggf. bereits mitgeteilt
  Augenheilkunde

------------------------------------------------------------
Details im Portal
https://portal.example/praxis

„ggf. bereits mitgeteilt“: Ob eine frühere Nachricht dazu
angekommen ist, wissen wir nicht.

Kommt diese Nachrichtennummer noch einmal an, ist es
dieselbe Nachricht.

Kontakt: 0711 7875-3960

Diese Nachricht ist nicht für Sie bestimmt? Dann rufen Sie
bitte die Kontaktnummer an, vernichten Sie die Nachricht und
geben Sie sie nicht weiter.

Dies ist eine automatische Nachricht. Antworten darauf
werden nicht gelesen.

Ihre Terminservicestelle
"""


def test_a_digest_reads_like_this() -> None:
    renderer = Renderer(Wording(portal_url="https://portal.example/praxis"))

    rendered = renderer.digest(digest_content(FULL, PAST))

    assert rendered.text == GOLDEN_DIGEST


def test_the_header_is_a_setting() -> None:
    renderer = Renderer(Wording(header="116117 Terminservice"))

    rendered = renderer.digest(digest_content(FULL))

    assert rendered.subject == "116117 Terminservice – 1 Mitteilung"
    assert rendered.text.startswith("116117 Terminservice\n")


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1 Mitteilung"), (2, "2 Mitteilungen")]
)
def test_the_subject_counts_and_says_nothing_else(number: int, words: str) -> None:
    lines = [line(starts_at=f"2026-03-0{day + 1}T09:30Z") for day in range(number)]

    subject = RENDERER.digest(digest_content(*lines)).subject

    assert subject == f"{HEADER.decode()} – {words}"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (LineState.BOOKED, "neu gebucht"),
        (LineState.CANCELLED, "abgesagt"),
        (LineState.BOOKED_AND_CANCELLED, "gebucht und wieder abgesagt"),
        (LineState.CANCELLED_UNSEEN, "abgesagt (Buchung war nicht mitgeteilt)"),
        (LineState.CANCELLED_AND_BOOKED, "abgesagt und wieder gebucht"),
        (LineState.BOOKED_AGAIN, "wieder gebucht"),
        (
            LineState.STILL_BOOKED,
            "weiterhin gebucht, Angaben geändert oder nachgereicht",
        ),
        (LineState.STILL_CANCELLED, "weiterhin abgesagt"),
    ],
)
def test_every_state_has_its_words_and_its_section(
    state: LineState, words: str
) -> None:
    rendered = RENDERER.digest(digest_content(line(state)))
    section, other = "GEBUCHTE TERMINE (1)", "ABGESAGTE TERMINE"
    if not state.is_on:
        section, other = "ABGESAGTE TERMINE (1)", "GEBUCHTE TERMINE"

    assert f"\n  {words}\n" in rendered.text
    assert f"<strong>{words}</strong>" in rendered.html
    assert section in rendered.text
    assert other not in rendered.text


@pytest.mark.parametrize(
    ("cancelled_by", "words"),
    [
        (CancelledBy.PATIENT, "abgesagt, durch Patientin oder Patient"),
        (CancelledBy.PRACTICE, "abgesagt, durch die Praxis"),
        (CancelledBy.TSS, "abgesagt, durch die Terminservicestelle"),
        (CancelledBy.UNKNOWN, "abgesagt"),
    ],
)
def test_a_cancellation_says_who_gave_the_appointment_back(
    cancelled_by: CancelledBy, words: str
) -> None:
    shown = line(LineState.CANCELLED, cancelled_by=cancelled_by)

    rendered = RENDERER.digest(digest_content(shown))

    assert f"\n  {words}\n" in rendered.text
    assert f"<strong>{words}</strong>" in rendered.html


@pytest.mark.parametrize(
    ("urgency", "words"),
    [
        (Urgency.ACUTE, "Dringlichkeit: akut\n"),
        (Urgency.URGENT, "Dringlichkeit: dringend\n"),
        (Urgency.ROUTINE, "Dringlichkeit: nicht dringend\n"),
    ],
)
def test_urgency_is_said_in_the_words_of_the_portal(
    urgency: Urgency, words: str
) -> None:
    shown = DigestLine(
        appointment=Appointment("a", starts_at=NIGHT, urgency=urgency),
        state=LineState.BOOKED,
    )

    assert words in RENDERER.digest(digest_content(shown)).text


def test_bookings_and_cancellations_stand_apart_each_by_time() -> None:
    """
    Check 2 of the facts of the field; also where nobody sorted the lines.
    """
    lines = [
        line(LineState.CANCELLED, "2026-03-05T08:00+01:00"),
        line(LineState.BOOKED, "2026-03-04T08:00+01:00"),
        line(LineState.CANCELLED, "2026-03-03T08:00+01:00"),
        line(LineState.BOOKED_AGAIN, "2026-03-02T08:00+01:00"),
    ]

    rendered = RENDERER.digest(digest_content(*lines))

    order = ["02.03.2026", "04.03.2026", "03.03.2026", "05.03.2026"]
    assert re.findall(r"(\S+), 08:00 Uhr", rendered.text) == order
    assert re.findall(r"(\S+), 08:00 Uhr", rendered.html) == order
    assert "4 Mitteilungen: 2 gebuchte Termine, 2 abgesagte Termine" in rendered.text


def test_nothing_is_said_about_repeats_where_nothing_repeats() -> None:
    rendered = RENDERER.digest(digest_content(FULL))

    assert "ggf." not in rendered.text
    assert "ggf." not in rendered.html


def test_a_line_break_in_a_practice_name_begins_no_line() -> None:
    """
    Trap 23.
    """
    content = digest_content(FULL, name="Praxis\r\nBcc: jemand\x85Topp")

    rendered = RENDERER.digest(content)

    assert "\nFür: Praxis Bcc: jemand Topp\n" in rendered.text
    assert "\n" not in rendered.subject


def test_decomposed_umlauts_are_composed() -> None:
    """
    Trap 20: a fax font has no combining diaeresis.
    """
    content = digest_content(FULL, name="Praxis To\u0308pp")

    assert "Für: Praxis Töpp\n" in RENDERER.digest(content).text


def test_a_digest_made_at_a_time_without_an_offset_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="now needs an offset from UTC"):
        evolve(digest_content(FULL), now=NIGHT.replace(tzinfo=None))
