"""
Where notifications go: e-mail addresses and fax numbers, parsed once, masked for ever.

Rules of this file:

1. Two spellings of one address are equal; two addresses never are.
2. No error quotes what was typed, and nothing but `normalized` shows all of it.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, assert_never

from attrs import field, frozen

from .errors import InvalidAddressError
from .number_plan import national_fax_number, split_area_code


# email-validator, here, and phonenumbers, in `number_plan`, are imported inside the
# functions that need them: each costs 30 to 60 ms, a third of what `import
# eterminservice_core` may take together, and who reads addresses back from a store
# needs neither.


class ChannelKind(Enum):
    """
    The ways a practice can be reached (R1).
    """

    EMAIL = "email"
    FAX = "fax"


#: RFC 5321 section 4.5.3.1.1.
_LONGEST_LOCAL_PART: Final = 64
#: RFC 5321 section 4.5.3.1.3: a path has 256 octets, two of them angle brackets.
_LONGEST_EMAIL: Final = 254
#: RFC 5322 section 3.2.3, dot-atom: the local parts that need no quotes.
_LOCAL_PART: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
)
#: A domain on the wire: at least two labels, in lower case (RFC 1123 section 2.1).
_WIRE_DOMAIN: Final = re.compile(
    r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+"
)
#: A local part this long shows its last letter too when it is masked.
_SHORTEST_WITH_END: Final = 4
#: A fax number on the wire.
_WIRE_FAX: Final = re.compile(r"\+49[1-9][0-9]{4,12}")
#: Digits of the subscriber's part that always stay hidden when a number is masked.
_HIDDEN_DIGITS: Final = 3


def _bad_email(problem: str) -> InvalidAddressError:
    return InvalidAddressError(ChannelKind.EMAIL.value, problem)


def _parse_email(text: str) -> str:
    """
    The address as it stands in an SMTP envelope: the domain in lower case and ASCII.
    """
    if not isinstance(text, str):
        raise _bad_email("an e-mail address must be text")
    typed = text.strip(" \u00a0")
    if not all(c.isprintable() for c in typed):
        raise _bad_email("an e-mail address must be one line without hidden characters")
    if len(typed) > _LONGEST_EMAIL:
        problem = f"an e-mail address has at most {_LONGEST_EMAIL} characters"
        raise _bad_email(problem)
    local, domain = _email_parts(typed)
    return f"{local}@{_wire_domain(local, domain)}"


def _email_parts(typed: str) -> tuple[str, str]:
    """
    What stands before the @, found good, and after it, not yet looked at.
    """
    if any(c in typed for c in '<>",;'):
        raise _bad_email(
            "write one e-mail address alone, without a name, angle brackets, quotes,"
            " commas or semicolons"
        )
    local, at, domain = typed.partition("@")
    if not at or "@" in domain:
        raise _bad_email("an e-mail address has one @, like name@praxis.example")
    if not local.isascii():
        # RFC 6531 allows them, but every relay on the way must too (SMTPUTF8); one
        # that does not would bounce each digest of this practice.
        raise _bad_email(
            "umlauts and other letters outside ASCII work after the @ only: not every"
            " mail server takes them before it"
        )
    if not _LOCAL_PART.fullmatch(local):
        raise _bad_email(
            "before the @ there must be letters, digits or signs like . - _ +, with"
            " single dots in between and no spaces"
        )
    if len(local) > _LONGEST_LOCAL_PART:
        raise _bad_email(
            f"before the @ there are at most {_LONGEST_LOCAL_PART} letters"
        )
    return local, domain


def _wire_domain(local: str, domain: str) -> str:
    from email_validator import (  # noqa: PLC0415 — see the top of the module
        EmailNotValidError,
        validate_email,
    )

    try:
        # Each option is named: their defaults are globals an application may change.
        # No DNS: parsing does no I/O.
        parsed = validate_email(
            f"{local}@{domain}",
            allow_smtputf8=False,
            allow_empty_local=False,
            allow_quoted_local=False,
            allow_domain_literal=False,
            check_deliverability=False,
            test_environment=False,
            globally_deliverable=True,
        )
    except EmailNotValidError:
        # Its texts quote the address, so it is not kept as the cause.
        raise _bad_email(
            "after the @ there must be a domain that can receive e-mail, like"
            " praxis.example: no IP address, no reserved name such as .test, and with"
            f" xn-- for umlauts at most {_LONGEST_EMAIL} characters in all"
        ) from None
    return parsed.ascii_domain


def _first_letter(domain: str) -> str:
    """
    How a domain begins, for people: ``xn--rzte-…`` begins with ä.
    """
    label, _, _ = domain.partition(".")
    if label.startswith("xn--"):
        try:
            label = label[4:].encode("ascii").decode("punycode")
        except UnicodeError:
            return ""
    return label[:1] if label[:1].isalnum() else ""


@frozen(init=False)
class EmailAddress:
    """
    An e-mail address, masked when shown.

    The local part is kept as it is: only its own server knows whether case matters
    (RFC 5321 section 2.4).  The domain's case and spelling, with umlauts or as
    ``xn--…``, make no difference.

    >>> EmailAddress("anmeldung@Ärzte.Example")
    EmailAddress(a…g@ä….example)

    Args:
        text: One address, without a name; spaces at its ends are tolerated.

    Attributes:
        normalized: The address on the wire, ASCII, at most 254 characters.

    Raises:
        InvalidAddressError: Mail cannot be sent there; the text says why.
    """

    normalized: str = field(repr=False)

    def __init__(self, text: str) -> None:
        self.__attrs_init__(_parse_email(text))

    @classmethod
    def of(cls, value: str | EmailAddress) -> EmailAddress:
        """
        The address itself, or the one that a text spells.
        """
        return value if isinstance(value, EmailAddress) else cls(value)

    @property
    def kind(self) -> ChannelKind:
        """
        Always `ChannelKind.EMAIL`.
        """
        return ChannelKind.EMAIL

    @property
    def masked(self) -> str:
        """
        Like ``a…g@p….example``: its owner recognizes it, nobody can write to it.
        """
        local, _, domain = self.normalized.partition("@")
        begins = local[0] if len(local) > 1 else ""
        ends = local[-1] if len(local) >= _SHORTEST_WITH_END else ""
        _, _, top_level = domain.rpartition(".")
        return f"{begins}…{ends}@{_first_letter(domain)}….{top_level}"

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"EmailAddress({self.masked})"


@frozen(init=False)
class FaxNumber:
    """
    A German fax number, masked when shown.

    Whether a fax machine answers there, only a call can tell; what is certain to be
    none, or costs, is refused: premium and service numbers, mobile, foreign.

    >>> FaxNumber("(030) 2 31 25 - 001", allow_media=True)
    FaxNumber(+49 30 …01)

    Args:
        text: One number with its area code, however it is spaced.
        allow_media: Whether numbers reserved for films pass, as in tests and demos.

    Attributes:
        normalized: The number as E.164, such as ``+49`` and 5 to 13 digits.

    Raises:
        InvalidAddressError: A fax cannot or must not be sent there; the text says why.
    """

    normalized: str = field(repr=False)

    def __init__(self, text: str, *, allow_media: bool = False) -> None:
        self.__attrs_init__(f"+49{national_fax_number(text, allow_media=allow_media)}")

    @classmethod
    def of(cls, value: str | FaxNumber, *, allow_media: bool = False) -> FaxNumber:
        """
        The number itself, or the one that a text spells.
        """
        if isinstance(value, FaxNumber):
            return value
        return cls(value, allow_media=allow_media)

    @property
    def kind(self) -> ChannelKind:
        """
        Always `ChannelKind.FAX`.
        """
        return ChannelKind.FAX

    @property
    def masked(self) -> str:
        """
        Like ``+49 30 …01``: its owner recognizes it, nobody can dial it.
        """
        area_code, subscriber = split_area_code(self.normalized.removeprefix("+49"))
        shown = max(0, min(2, len(subscriber) - _HIDDEN_DIGITS))
        last = subscriber[len(subscriber) - shown :]
        return " ".join(part for part in ("+49", area_code, f"…{last}") if part)

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"FaxNumber({self.masked})"


#: Where a notification can go.
Address = EmailAddress | FaxNumber


def address_from_normalized(kind: ChannelKind, normalized: str) -> Address:
    """
    An address as a store kept it: `Address.normalized`, parsed once before.

    No policy is applied again: a rule or a table of numbers that has changed since must
    not keep a store from being read.

    Raises:
        InvalidAddressError: This is not how such an address is kept.
    """
    match kind:
        case ChannelKind.EMAIL:
            return _email_from_wire(normalized)
        case ChannelKind.FAX:
            return _fax_from_wire(normalized)
        case _:
            assert_never(kind)


def _email_from_wire(normalized: str) -> EmailAddress:
    local, _, domain = normalized.partition("@")
    if (
        len(normalized) > _LONGEST_EMAIL
        or not _LOCAL_PART.fullmatch(local)
        or not _WIRE_DOMAIN.fullmatch(domain)
    ):
        raise _bad_email("this is not how an e-mail address is kept: local@domain")
    address = EmailAddress.__new__(EmailAddress)
    address.__attrs_init__(normalized)
    return address


def _fax_from_wire(normalized: str) -> FaxNumber:
    if not _WIRE_FAX.fullmatch(normalized):
        raise InvalidAddressError(
            ChannelKind.FAX.value,
            "this is not how a fax number is kept: +49 and 5 to 13 digits",
        )
    number = FaxNumber.__new__(FaxNumber)
    number.__attrs_init__(normalized)
    return number
