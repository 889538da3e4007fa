"""
The German number plan: how fax numbers are written, and which of them may be dialed.

A number that is valid may still be a premium-rate one, so the *type* decides, as
`phonenumbers` knows it; the tables here only find the words for a refusal.  What can be
read in two ways is refused, not guessed, and no error quotes what was typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .errors import InvalidAddressError


#: Digits, a plus, brackets, slashes, dots, and any of the spaces and dashes that word
#: processors put in.
_CHARACTERS: Final = re.compile(
    r"\(?\+?[0-9()/. \u00a0\u2009\u202f\u2010-\u2015\u2212-]+"
)
_NOT_A_DIGIT: Final = re.compile(r"[^0-9]")
#: E.164 allows 15 digits, two of them the country's.
_LONGEST: Final = 13
#: Digits in the longest short number, 116117.
_LONGEST_SHORT_NUMBER: Final = 6

#: How a number begins, without its zero, and what that makes it; the longest beginning
#: counts (Bundesnetzagentur, Rufnummernbereiche).
_FAMILIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "11": "a short service number (11x)",
        "118": "a directory enquiry number (118)",
        "137": "a mass-calling number (0137)",
        "138": "a mass-calling number (0138)",
        "15": "a mobile number",
        "16": "a mobile number",
        "164": "a pager",
        "168": "a pager",
        "169": "a pager",
        "17": "a mobile number",
        "18": "a number of a closed user group (018)",
        "180": "a shared-cost service number (0180)",
        "19": "an online or network service (019x)",
        "700": "a personal number (0700)",
        "800": "a freephone number (0800)",
        "900": "a premium-rate number (0900)",
    }
)

#: Numbers for films and novels, never assigned: Berlin, Frankfurt, Hamburg, Cologne,
#: Munich, a thousand each (Bundesnetzagentur, Mitteilung 148/2021).  No number is the
#: beginning of another, so whatever begins like them is one of them.
_MEDIA_RANGES: Final = ("3023125", "6990009", "4066969", "2214710", "8999998")


def _refusal(problem: str) -> InvalidAddressError:
    return InvalidAddressError("fax", problem)


def national_fax_number(text: str, *, allow_media: bool) -> str:
    """
    The number a text spells, as 5 to 13 digits: area code without its zero, and rest.

    >>> national_fax_number("+49 (0)30 23125-001", allow_media=True)
    '3023125001'

    Args:
        text: One number with its area code, however it is spaced.
        allow_media: Whether numbers reserved for films pass.

    Raises:
        InvalidAddressError: It is none that a fax may be sent to; the text says why.
    """
    if not isinstance(text, str):
        raise _refusal("a fax number must be text: as a number it would lose its zero")
    typed = text.strip(" \u00a0")
    national = _national(typed)
    _require_ordinary_line(national)
    _require_one_number(typed, national)
    if not allow_media and national.startswith(_MEDIA_RANGES):
        raise _refusal(
            "this fax number is reserved for films and novels and belongs to nobody"
        )
    return national


def split_area_code(national: str) -> tuple[str, str]:
    """
    The area code without its zero, or 32, or nothing where none is known; and the rest.

    >>> split_area_code("3023125001")
    ('30', '23125001')
    """
    from phonenumbers import (  # noqa: PLC0415 — see the top of `address`
        PhoneNumber,
        length_of_geographical_area_code,
    )

    number = PhoneNumber(country_code=49, national_number=int(national))
    length = length_of_geographical_area_code(number)
    return national[:length], national[length:]


def _national(typed: str) -> str:
    """
    All digits after the country's code and the trunk zero, whether they make sense.
    """
    if any(c.isalpha() for c in typed):
        raise _refusal(
            "a fax number has no letters; an extension (Durchwahl) is written at its"
            " end, like 030 23125-001"
        )
    if not _CHARACTERS.fullmatch(typed):
        raise _refusal(
            "write one fax number with digits, spaces, brackets, hyphens, a slash or a"
            " leading plus, like 030 23125-001"
        )
    digits = _NOT_A_DIGIT.sub("", typed)
    if "+" in typed:
        digits = f"00{digits}"
    if digits.startswith("0049"):
        return digits.removeprefix("0049").removeprefix("0")
    if digits.startswith("00"):
        # Büsingen, a German village with Swiss lines (+41 52), is refused with them.
        raise _refusal("a fax number must be German (+49); this one is foreign")
    if digits.startswith("0"):
        return digits.removeprefix("0")
    if digits.startswith("11") and len(digits) <= _LONGEST_SHORT_NUMBER:
        return digits
    raise _refusal(
        "a fax number needs its area code, with a leading 0 or with +49, like"
        " 030 23125-001"
    )


def _require_ordinary_line(national: str) -> None:
    """
    Refuse what is no line of a practice; dialing some of them costs.
    """
    if _is_ordinary_line(national):
        return
    for beginning in (national[:3], national[:2]):
        if beginning in _FAMILIES:
            family = _FAMILIES[beginning]
            raise _refusal(f"a fax number must be a fixed line or 032, not {family}")
    raise _refusal(
        "there is no such fax number in Germany: its area code is unknown, or it has"
        " too few or too many digits"
    )


def _is_ordinary_line(national: str) -> bool:
    from phonenumbers import (  # noqa: PLC0415 — see the top of `address`
        PhoneNumber,
        PhoneNumberType,
        number_type,
    )

    if national.startswith("0") or not 0 < len(national) <= _LONGEST:
        return False
    number = PhoneNumber(country_code=49, national_number=int(national))
    # 032 is a fixed line to phonenumbers 9, and was VOIP to earlier ones.
    allowed = (PhoneNumberType.FIXED_LINE, PhoneNumberType.VOIP)
    return number_type(number) in allowed


def _require_one_number(typed: str, national: str) -> None:
    """
    Refuse ``030 23125001/02``: two numbers to people, a wrong one if dialed.
    """
    _, slash, after = typed.rpartition("/")
    _, subscriber = split_area_code(national)
    if slash and _NOT_A_DIGIT.sub("", after) != subscriber:
        raise _refusal(
            "write one fax number; a slash may stand after the area code only, like"
            " 030/23125001"
        )
