"""
The words a service says about itself: header, contact, signature.

Every value here is a setting; sentences that are not here stand in the templates, which
can be overridden one by one.
"""

from __future__ import annotations

from typing import assert_never

from attrs import asdict, frozen

from ..domain.errors import InvalidSettingsError
from ..domain.practice import PracticeGroup
from .columns import LONGEST


@frozen(kw_only=True)
class Wording:
    """
    What every message says about its sender; all texts are one line each.

    Attributes:
        header: First line of every message, and how its subject begins (R9).
        sender: Who signs: the KV's or the service's name.
        contact_doctors: Contact number for doctors (R12).
        contact_psychotherapists: Contact number for psychotherapists (R12).
        wrong_recipient: What to do with a message that reached the wrong place.
        automatic: That nobody reads replies.
        portal_hint: Where everything that is not in the message can be seen.
        portal_url: The portal's address, ``https://…``, or empty.

    Raises:
        InvalidSettingsError: A text that is empty, not one printable line, or too long
            for a line it has to itself; all such problems at once.
    """

    header: str = "eTerminservice der Kassenärztlichen Vereinigungen"
    sender: str = "Ihre Terminservicestelle"
    contact_doctors: str = "0711 7875-3960"
    contact_psychotherapists: str = "0711 7875-3949"
    wrong_recipient: str = (
        "Diese Nachricht ist nicht für Sie bestimmt? Dann rufen Sie bitte die"
        " Kontaktnummer an, vernichten Sie die Nachricht und geben Sie sie nicht"
        " weiter."
    )
    automatic: str = (
        "Dies ist eine automatische Nachricht. Antworten darauf werden nicht gelesen."
    )
    portal_hint: str = "Details im Portal"
    portal_url: str = ""

    def __attrs_post_init__(self) -> None:
        problems = [
            f"expected one printable line of text @ $.{name}"
            for name, text in asdict(self).items()
            if not _is_one_line(text) or not (text.strip() or name == "portal_url")
        ]
        if not problems:
            problems = [*self._too_long(), *self._no_address()]
        if problems:
            raise InvalidSettingsError("wording", problems)

    def contact(self, group: PracticeGroup) -> str:
        """
        The contact number for this group (R12).
        """
        match group:
            case PracticeGroup.DOCTORS:
                return self.contact_doctors
            case PracticeGroup.PSYCHOTHERAPISTS:
                return self.contact_psychotherapists
            case _:
                assert_never(group)

    def _too_long(self) -> list[str]:
        """
        The header and the portal's address have a line to themselves, never folded.
        """
        return [
            f"expected at most {LONGEST} characters @ $.{name}"
            for name in ("header", "portal_url")
            if len(getattr(self, name)) > LONGEST
        ]

    def _no_address(self) -> list[str]:
        """
        It becomes a link, so it must not be anything a mail program would run.
        """
        begins_well = self.portal_url.startswith(("https://", "http://"))
        if self.portal_url and (not begins_well or " " in self.portal_url):
            return ["expected an address like https://portal.example @ $.portal_url"]
        return []


def _is_one_line(text: object) -> bool:
    return isinstance(text, str) and text.isprintable()
