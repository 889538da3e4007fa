"""
What a message must never say, whoever asks (P4, P7).
"""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from attrs import astuple, fields_dict

from eterminservice_core.domain.address import ChannelKind
from eterminservice_core.domain.appointment import (
    Appointment,
    Patient,
)
from eterminservice_core.domain.digest import Digest, DigestLine, LineState
from eterminservice_core.domain.identifiers import BSNR
from eterminservice_core.domain.practice import PracticeGroup
from eterminservice_core.rendering import (
    ConfirmationContent,
    DigestContent,
    Rendered,
    Renderer,
)
from eterminservice_core.rendering.view import line_views


BERLIN = ZoneInfo("Europe/Berlin")
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


def everything(rendered: Rendered) -> bytes:
    return f"{rendered.subject}\n{rendered.text}\n{rendered.html}".encode()


SENTINEL = DigestLine(
    appointment=Appointment(
        "sentinel-id",
        starts_at=NIGHT,
        doctor="Dr. Sentinel",
        lanr="838382201",
        code="XN6P-F4HP-Z5KX",
        patient=Patient(
            name="Prof. Dr. Karl-Frieder Graf Freiherr von Schaumberg",
            born_on=NIGHT.date(),
        ),
    ),
    state=LineState.BOOKED,
)


def test_no_patient_and_no_whole_code_is_in_any_byte() -> None:
    """
    P7 and check 8: asserted on the bytes, not on the template.
    """
    rendered = RENDERER.digest(digest_content(SENTINEL))

    for secret in ("Schaumberg", "F4HP", "Z5KX", "838382201", "sentinel-id"):
        assert secret.encode() not in everything(rendered)
    assert b"XN6P-****-****" in everything(rendered)


def test_templates_are_not_given_what_they_must_not_show() -> None:
    """
    So that no template, also none of an application's own, can show it.
    """
    (view,) = line_views(Digest((SENTINEL,)), NIGHT, BERLIN)

    assert all(isinstance(value, str | bool) for value in astuple(view))
    assert not re.search("Schaumberg|F4HP|Z5KX|838382201", str(astuple(view)))


def test_nothing_personal_shows_in_a_repr() -> None:
    confirmation = confirmation_content()
    digest = digest_content(SENTINEL, name="Praxis Geheim")
    shown = repr(
        [
            confirmation,
            digest,
            RENDERER.confirmation(confirmation),
            RENDERER.digest(digest),
            line_views(digest.digest, NIGHT, BERLIN),
        ]
    )

    assert not re.search("BCDF|Topp|Geheim|Schaumberg|Sentinel|F4HP", shown)


def test_a_confirmation_has_no_field_that_could_hold_a_notice() -> None:
    """
    P4: a new field must be thought about here.
    """
    types = {
        name: str(it.type) for name, it in fields_dict(ConfirmationContent).items()
    }

    assert types == {
        "kind": "ChannelKind",
        "code": "str",
        "practice_name": "str",
        "group": "PracticeGroup",
        "valid_until": "datetime",
    }
