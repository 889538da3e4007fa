"""
The renderer: contents become subject, plain text and HTML.

Rules of this file:

1. Templates see plain texts and views, never appointments, patients or whole codes.
2. An application's template that cannot be used is found when the renderer is made,
   by a rehearsal, and not in the night.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from attrs import field, frozen

from ..domain.errors import InvalidSettingsError
from ..domain.practice import PracticeGroup
from . import rehearsal
from .columns import fold_lines
from .content import ConfirmationContent, DigestContent, Rendered
from .german import address_noun, moment, one_line
from .templating import Templates
from .view import line_views
from .wording import Wording


def _templates(folder: str | Path | None) -> Templates:
    return Templates(Path(folder) if folder is not None else None)


def _zone(name: str | ZoneInfo) -> ZoneInfo:
    if isinstance(name, ZoneInfo):
        return name
    try:
        return ZoneInfo(name)
    # zoneinfo raises the first for an unknown name and the others for odd ones.
    except (KeyError, ValueError, OSError):
        problem = "expected a time zone like Europe/Berlin @ $.zone"
        raise InvalidSettingsError("rendering", [problem]) from None


def _berlin() -> ZoneInfo:
    return _zone("Europe/Berlin")


@frozen
class Renderer:
    """
    Makes the texts of every message; make one and keep it, it compiles its templates.

    Attributes:
        wording: Header, sender, contact numbers.
        templates: A folder whose files stand in for ours of the same name (see
            `templating.TEMPLATES`), in UTF-8; None for ours alone.
        zone: The time zone the practices live in.

    Raises:
        InvalidSettingsError: The folder replaces nothing or holds a template that
            cannot be used (named with its line), or there is no such time zone.
    """

    wording: Wording = field(factory=Wording)
    templates: Templates = field(default=None, converter=_templates)
    zone: ZoneInfo = field(factory=_berlin, converter=_zone)

    def __attrs_post_init__(self) -> None:
        if self.templates.folder is None:
            return
        for confirmation in rehearsal.confirmations():
            self._confirmation(confirmation, rehearsed=True)
        for digest in rehearsal.digests():
            self._digest(digest, rehearsed=True)

    def confirmation(self, content: ConfirmationContent) -> Rendered:
        """
        The message that carries a code, which has a line of its own.
        """
        return self._confirmation(content)

    def digest(self, content: DigestContent) -> Rendered:
        """
        The message that carries notices, in the minimal content profile (P7).
        """
        return self._digest(content)

    def _confirmation(
        self, content: ConfirmationContent, *, rehearsed: bool = False
    ) -> Rendered:
        values = {
            "address_noun": address_noun(content.kind),
            "code": content.code,
            "practice_name": content.practice_name,
            "valid_until": moment(content.valid_until, self.zone),
        }
        return self._render("confirmation", content.group, values, rehearsed=rehearsed)

    def _digest(self, content: DigestContent, *, rehearsed: bool = False) -> Rendered:
        lines = line_views(content.digest, content.now, self.zone)
        values = {
            "any_possibly_known": any(line.possibly_known for line in lines),
            "booked": [line for line in lines if line.is_on],
            "bsnr": str(content.bsnr),
            "cancelled": [line for line in lines if not line.is_on],
            "lines": lines,
            "message_number": content.message_number,
            "practice_name": content.practice_name,
            "sent_at": moment(content.now, self.zone),
        }
        return self._render("digest", content.group, values, rehearsed=rehearsed)

    def _render(
        self,
        template: str,
        group: PracticeGroup,
        values: Mapping[str, Any],
        *,
        rehearsed: bool,
    ) -> Rendered:
        wording = self.wording
        common = {
            "automatic": wording.automatic,
            "contact": wording.contact(group),
            "header": wording.header,
            "portal_hint": wording.portal_hint,
            "portal_url": wording.portal_url,
            "sender": wording.sender,
            "wrong_recipient": wording.wrong_recipient,
        }

        def fill(part: str, **more: str) -> str:
            name = f"{template}.{part}.j2"
            return self.templates.fill(
                name, {**common, **values, **more}, rehearsed=rehearsed
            )

        # A subject is one line, whatever a template says: a line break in it would
        # begin a header of its own.
        subject = one_line(fill("subject"))
        return Rendered(
            subject,
            text=fold_lines(fill("txt", subject=subject)),
            html=fill("html", subject=subject) + "\n",
        )
