"""
An application's own templates: file by file, and found broken before the night.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from eterminservice_core.domain.address import ChannelKind
from eterminservice_core.domain.appointment import Appointment
from eterminservice_core.domain.digest import Digest, DigestLine, LineState
from eterminservice_core.domain.errors import InvalidSettingsError
from eterminservice_core.domain.identifiers import BSNR
from eterminservice_core.domain.practice import PracticeGroup
from eterminservice_core.rendering import (
    ConfirmationContent,
    DigestContent,
    Renderer,
)
from eterminservice_core.rendering.templating import TEMPLATES


NIGHT = datetime.fromisoformat("2026-03-01T23:10Z")
DIGEST = DigestContent(
    digest=Digest(
        (
            DigestLine(
                appointment=Appointment("a-1", starts_at=NIGHT, doctor="<i>Dr. Groß"),
                state=LineState.BOOKED,
            ),
        )
    ),
    practice_name="Praxis Geheim",
    bsnr=BSNR("391234511"),
    group=PracticeGroup.DOCTORS,
    now=NIGHT,
    message_number="7f3a21bc",
)
CONFIRMATION = ConfirmationContent(
    kind=ChannelKind.EMAIL,
    code="BCDF-GHJK",
    practice_name="Praxis Geheim",
    group=PracticeGroup.DOCTORS,
    valid_until=NIGHT,
)


def put(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_file_replaces_ours_and_the_others_stay(tmp_path: Path) -> None:
    put(tmp_path, "digest.txt.j2", "{{ header }}\nGrüße an {{ practice_name }}\n")

    renderer = Renderer(templates=tmp_path)

    assert renderer.digest(DIGEST).text == (
        "eTerminservice der Kassenärztlichen Vereinigungen\nGrüße an Praxis Geheim\n"
    )
    assert renderer.digest(DIGEST).html == Renderer().digest(DIGEST).html
    assert renderer.confirmation(CONFIRMATION) == Renderer().confirmation(CONFIRMATION)


def test_a_template_can_have_its_own_words_for_a_state(tmp_path: Path) -> None:
    put(
        tmp_path,
        "digest.txt.j2",
        '{% for line in lines %}{{ {"booked": "frisch gebucht"}.get(line.state, "–") }}'
        "{% endfor %}",
    )

    assert Renderer(templates=tmp_path).digest(DIGEST).text == "frisch gebucht\n"


def test_the_page_around_both_html_messages_can_be_replaced(tmp_path: Path) -> None:
    put(tmp_path, "page.html.j2", "<main>{% block main %}{% endblock %}</main>")

    renderer = Renderer(templates=tmp_path)

    assert renderer.digest(DIGEST).html.startswith("<main>")
    assert renderer.confirmation(CONFIRMATION).html.startswith("<main>")


def test_html_of_an_application_is_escaped_too(tmp_path: Path) -> None:
    put(
        tmp_path,
        "digest.html.j2",
        "{% for line in lines %}{{ line.doctor }}{% endfor %}",
    )

    html = Renderer(templates=tmp_path).digest(DIGEST).html

    assert html == "&lt;i&gt;Dr. Groß\n"


def test_a_template_may_include_files_of_its_own(tmp_path: Path) -> None:
    put(tmp_path, "digest.txt.j2", '{% include "gruss.txt" %}')
    put(tmp_path, "gruss.txt", "Mit freundlichen Grüßen")

    text = Renderer(templates=tmp_path).digest(DIGEST).text

    assert text == "Mit freundlichen Grüßen\n"


def test_long_lines_of_an_application_are_folded_too(tmp_path: Path) -> None:
    put(tmp_path, "digest.txt.j2", "Wort " * 50)

    text = Renderer(templates=tmp_path).digest(DIGEST).text

    assert max(map(len, text.split("\n"))) <= 60


def test_a_subject_stays_one_line_whatever_a_template_says(tmp_path: Path) -> None:
    put(tmp_path, "digest.subject.j2", "Termine\r\nBcc: jemand\n\n")

    assert Renderer(templates=tmp_path).digest(DIGEST).subject == "Termine Bcc: jemand"


def test_a_folder_may_be_given_as_text(tmp_path: Path) -> None:
    put(tmp_path, "digest.subject.j2", "Termine")

    renderer = Renderer(templates=str(tmp_path))

    assert renderer.digest(DIGEST).subject == "Termine"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        (
            "digest.txt.j2",
            "eins\nzwei\n{% if booked %}drei",
            "digest.txt.j2, line 3: Unexpected end of template.",
        ),
        (
            "confirmation.html.j2",
            "eins\n{{ code | geheim }}\n",
            "confirmation.html.j2, line 2: No filter named 'geheim'.",
        ),
        (
            "digest.txt.j2",
            "eins\n\n{{ practise_name }}\n",
            "digest.txt.j2, line 3: UndefinedError: 'practise_name' is undefined",
        ),
        (
            "digest.txt.j2",
            "{% for line in cancelled %}\n{{ line.patient }}\n{% endfor %}",
            "digest.txt.j2, line 2: UndefinedError:",
        ),
        (
            "confirmation.subject.j2",
            "{{ 1 / 0 }}",
            "confirmation.subject.j2, line 1: ZeroDivisionError",
        ),
        (
            "digest.html.j2",
            '\n{% include "fehlt.html" %}',
            "digest.html.j2, line 2: TemplateNotFound: fehlt.html",
        ),
    ],
)
def test_a_broken_template_is_named_with_its_line_before_the_night(
    tmp_path: Path, name: str, text: str, problem: str
) -> None:
    put(tmp_path, name, text)

    with pytest.raises(InvalidSettingsError) as caught:
        Renderer(templates=tmp_path)

    (found,) = caught.value.problems
    assert found.startswith(problem)
    assert caught.value.subject == "templates"


def test_a_broken_file_that_is_included_is_named_itself(tmp_path: Path) -> None:
    put(tmp_path, "digest.txt.j2", '\n{% include "gruss.txt" %}')
    put(tmp_path, "gruss.txt", "\n\n{% kaputt %}")

    with pytest.raises(InvalidSettingsError, match=r"gruss\.txt, line 3: "):
        Renderer(templates=tmp_path)


def test_an_included_file_in_another_encoding_is_an_error_of_the_line_that_includes(
    tmp_path: Path,
) -> None:
    put(tmp_path, "digest.txt.j2", '\n{% include "gruss.txt" %}')
    (tmp_path / "gruss.txt").write_bytes("Grüße".encode("cp1252"))

    with pytest.raises(
        InvalidSettingsError, match=r"digest\.txt\.j2, line 2: UnicodeDecodeError"
    ):
        Renderer(templates=tmp_path)


def test_a_template_in_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "digest.txt.j2").write_bytes("eins\nzwei\nGrüße".encode("cp1252"))

    with pytest.raises(
        InvalidSettingsError, match=r"digest\.txt\.j2, line 3: expected UTF-8"
    ):
        Renderer(templates=tmp_path)


@pytest.mark.skipif(
    not Path("/proc/self/mem").is_file(), reason="needs a file nobody can read"
)
def test_a_template_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """
    Tests may run as root, who may read every file but this one.
    """
    (tmp_path / "digest.txt.j2").symlink_to("/proc/self/mem")

    with pytest.raises(InvalidSettingsError, match=r"digest\.txt\.j2: cannot be read"):
        Renderer(templates=tmp_path)


@pytest.mark.parametrize("folder", ["nowhere", "."])
def test_a_folder_that_replaces_nothing_is_refused(tmp_path: Path, folder: str) -> None:
    """
    A misspelt name would be a text that is silently not used.
    """
    put(tmp_path, "digets.txt.j2", "Termine")

    with pytest.raises(InvalidSettingsError) as caught:
        Renderer(templates=tmp_path / folder)

    assert all(name in str(caught.value) for name in TEMPLATES)


def test_an_error_with_real_values_does_not_quote_them(tmp_path: Path) -> None:
    """
    This one passes the rehearsal, whose practice is called Praxis Topp.
    """
    put(tmp_path, "digest.txt.j2", '\n{{ {"Praxis Topp": 1}[practice_name] }}')
    renderer = Renderer(templates=tmp_path)

    with pytest.raises(InvalidSettingsError) as caught:
        renderer.digest(DIGEST)

    assert caught.value.problems == ("digest.txt.j2, line 2: UndefinedError",)
    assert caught.value.__suppress_context__


def test_an_unknown_time_zone_is_refused() -> None:
    for zone in ("Europe/Stuttgart", "/etc/passwd", ""):
        with pytest.raises(InvalidSettingsError, match=r"@ \$\.zone"):
            Renderer(zone=zone)


def test_another_time_zone_moves_the_times() -> None:
    renderer = Renderer(zone=ZoneInfo("America/New_York"))

    assert "So., 01.03.2026, 18:10 Uhr" in renderer.digest(DIGEST).text
