"""
What may stand in the header of a mail: one line that can never become two.

Light on purpose: settings are checked with it long before a mail is built.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

from eterminservice_core.domain.address import EmailAddress
from eterminservice_core.domain.errors import InvalidAddressError


#: Control characters, halves of surrogate pairs, line and paragraph separators: each
#: of them ends a line for some program on the way, or cannot be encoded.
_BREAKING: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
#: Begins an encoded word (RFC 2047); `email` decodes what looks like one and, before
#: Python 3.12.5, wrote a line break found inside as it was (CVE-2024-6923).
_ENCODED_WORD: Final = "=?"


def is_header_text(text: str) -> bool:
    r"""
    Whether the text arrives in a header as it is, and as nothing else.

    >>> is_header_text("KV Musterland, Körperschaft des öffentlichen Rechts")
    True
    >>> is_header_text("KV Musterland\r\nBcc: stranger@elsewhere.example")
    False
    """
    return _ENCODED_WORD not in text and not any(
        unicodedata.category(character) in _BREAKING for character in text
    )


def address_problems(name: str, address: str) -> Iterable[str]:
    """
    What is wrong with a setting that holds one of our own addresses.

    Args:
        name: The setting, such as ``sender``.
        address: Its value.
    """
    try:
        EmailAddress(address)
    except InvalidAddressError as error:
        yield f"{error} @ $.{name}"


def name_problems(name: str, text: str) -> Iterable[str]:
    """
    What is wrong with a setting that is shown in a header.

    Args:
        name: The setting, such as ``sender_name``.
        text: Its value.
    """
    if not is_header_text(text):
        yield f"expected one line without control characters and '=?' @ $.{name}"
