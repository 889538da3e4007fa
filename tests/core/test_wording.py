"""
The words a service says about itself.
"""

from __future__ import annotations

import pytest

from eterminservice_core.domain.errors import InvalidSettingsError
from eterminservice_core.domain.practice import PracticeGroup
from eterminservice_core.rendering import Wording


def test_the_defaults_are_those_of_the_announcement() -> None:
    wording = Wording()

    assert wording.header == "eTerminservice der Kassenärztlichen Vereinigungen"
    assert wording.contact(PracticeGroup.DOCTORS) == "0711 7875-3960"
    assert wording.contact(PracticeGroup.PSYCHOTHERAPISTS) == "0711 7875-3949"


def test_the_wrong_recipient_is_told_to_call_destroy_and_not_pass_on() -> None:
    told = Wording().wrong_recipient

    assert "rufen Sie bitte die Kontaktnummer an" in told
    assert "vernichten Sie die Nachricht" in told
    assert "geben Sie sie nicht weiter" in told


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(InvalidSettingsError) as caught:
        Wording(header="eTermin\r\nBcc: jemand", sender=" ", contact_doctors="")

    assert caught.value.problems == (
        "expected one printable line of text @ $.header",
        "expected one printable line of text @ $.sender",
        "expected one printable line of text @ $.contact_doctors",
    )
    assert "jemand" not in str(caught.value)


@pytest.mark.parametrize(
    ("portal_url", "problem"),
    [
        ("javascript:alert(1)", "expected an address like"),
        ("portal.example", "expected an address like"),
        ("https://portal.example/a b", "expected an address like"),
        ("https://portal.example/" + "x" * 50, "expected at most 72 characters"),
    ],
)
def test_a_portal_that_is_no_link_is_refused(portal_url: str, problem: str) -> None:
    with pytest.raises(InvalidSettingsError, match=problem):
        Wording(portal_url=portal_url)


def test_a_header_longer_than_a_line_is_refused() -> None:
    with pytest.raises(InvalidSettingsError, match=r"72 characters @ \$\.header"):
        Wording(header="x" * 73)

    assert len(Wording(header="x" * 72).header) == 72
