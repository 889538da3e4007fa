"""
What goes into a message and what comes out: contents, and the rendered texts.
"""

from __future__ import annotations

from datetime import datetime

from attrs import Attribute, field, frozen

from ..domain.address import ChannelKind
from ..domain.codes import ConfirmationCode
from ..domain.digest import Digest
from ..domain.errors import InvalidValueError
from ..domain.identifiers import BSNR
from ..domain.practice import PracticeGroup
from .german import one_line


def _aware(_: object, attribute: Attribute[datetime], value: datetime) -> None:
    if value.utcoffset() is None:
        raise InvalidValueError(f"{attribute.name} needs an offset from UTC")


def _shown(code: str) -> str:
    """
    As it stands in the message: two groups of four upper-case letters.
    """
    return ConfirmationCode(code).reveal()


@frozen
class Rendered:
    r"""
    One message's texts, not yet bound to an address.

    Attributes:
        subject: One line without personal data.
        text: Plain text, lines ended by ``\n``, at most 72 characters each.
        html: The same as HTML.
    """

    subject: str
    text: str = field(repr=False, kw_only=True)
    html: str = field(repr=False, kw_only=True)


@frozen(kw_only=True)
class ConfirmationContent:
    """
    What a confirmation message says: a code, and nothing that could hold a notice (P4).

    Attributes:
        kind: The kind of address that is to be confirmed.
        code: The code as `ConfirmationCode.reveal` gives it.
        practice_name: The practice that selected the address.
        group: Picks the contact line (R12).
        valid_until: When the code ends to work; aware.

    Raises:
        InvalidCodeError: The code is none.
        InvalidValueError: The time is naive.
    """

    kind: ChannelKind
    code: str = field(repr=False, converter=_shown)
    practice_name: str = field(repr=False, converter=one_line)
    group: PracticeGroup
    valid_until: datetime = field(validator=_aware)


@frozen(kw_only=True)
class DigestContent:
    """
    What a digest says.

    Attributes:
        digest: The lines; patients and full codes in them are not rendered (P7).
        practice_name: The practice it is for.
        bsnr: Its number, for machines that several practices share.
        group: Picks the contact line (R12).
        now: When it is made; aware.
        message_number: Tells a repeated message from a new one.

    Raises:
        InvalidValueError: The time is naive.
    """

    digest: Digest = field(repr=False)
    practice_name: str = field(repr=False, converter=one_line)
    bsnr: BSNR
    group: PracticeGroup
    now: datetime = field(validator=_aware)
    message_number: str = field(converter=one_line)
