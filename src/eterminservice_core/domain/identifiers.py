"""
The numbers of the field: of a practice, of a doctor, of a referral; parsed once.

Rules of this file:

1. Numbers are text: as an integer `010123499` would lose its leading zero, and a
   spreadsheet turns a LANR into ``8,38E+08``.
2. What tells of a person (LANR) or opens a door (Vermittlungscode) is masked by its
   type; the full text has a name of its own: `LANR.digits`, `Vermittlungscode.reveal`.
3. No error quotes what was typed.

Rule numbers are those of the KBV's „Datensatzbeschreibung KVDT“ 6.02, 9 March 2026.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from .errors import InvalidBSNRError, InvalidLANRError, InvalidVermittlungscodeError


#: Who gave out a BSNR, and the keys they use: today's, then those of former districts
#: (rule 017), as far as a BSNR may begin with them (rule 162; it has no 89-91).
KV_KEYS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Schleswig-Holstein": ("01",),
        "Hamburg": ("02",),
        "Bremen": ("03",),
        "Niedersachsen": (
            *("17", "06", "07", "08", "09", "10"),
            *("11", "12", "13", "14", "15", "16"),
        ),
        "Westfalen-Lippe": ("20", "18", "19"),
        "Nordrhein": ("38", "21", "24", "25", "27", "28", "31", "37"),
        "Hessen": ("46", "39", "40", "41", "42", "43", "44", "45"),
        "Rheinland-Pfalz": ("51", "47", "48", "49", "50"),
        "Baden-Württemberg": (
            *("52", "53", "54", "55", "56", "57"),
            *("58", "59", "60", "61", "62"),
        ),
        "Bayerns": ("71", "63", "64", "65", "66", "67", "68", "69", "70"),
        "Berlin": ("72",),
        "Saarland": ("73",),
        "Mecklenburg-Vorpommern": ("78",),
        "Brandenburg": ("83", "79", "80", "81"),
        "Sachsen-Anhalt": ("88", "85", "86", "87"),
        "Thüringen": ("93",),
        "Sachsen": ("98", "94", "95", "96"),
        # No KV.  Field 0214 calls 99 „Knappschaft“, rule 017 „KBV-Pseudo“: the one
        # that can be a practice's is taken.
        "Knappschaft": ("99",),
    }
)

#: First two digits that name no KV, and the form of the last five; the two digits in
#: between are the KV's key.
SPECIAL_FORMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Hospitals that see patients of the Terminservicestelle (rule 061; § 75 (1a)
        # SGB V, Anlage 28 BMV-Ä).
        "35": r"[0-9]{5}",
        # SAPV, specialized outpatient palliative care (rule 062).
        "74": r"[0-9]{3}63",
        # Hospitals prescribing on discharge, Entlassmanagement (§ 39 (1a) SGB V; KBV
        # guideline under § 75 (7) SGB V).
        "75": r"[0-9]{5}",
    }
)

#: Fachgruppen of psychotherapists (BAR Schlüsselverzeichnis, Anlage 35): psychiatry and
#: psychotherapy, psychosomatic medicine, doctors working as psychotherapists,
#: psychological psychotherapists, those for children and adolescents.
PSYCHOTHERAPY_GROUPS: Final = frozenset({"58", "60", "61", "68", "69"})

#: What a Vermittlungscode is made of: no O 0 E 3 I 1, which look like each other (FHIR
#: profile ``KBV_PR_KV_DIGITAL_TS_DRITTE_Identifier_Vermittlungscode``).
VERMITTLUNGSCODE_ALPHABET: Final = "ABCDFGHJKLMNPQRSTUVWXYZ2456789"

_KV_OF: Final = {key: kv for kv, keys in KV_KEYS.items() for key in keys}
_NINE_DIGITS: Final = re.compile(r"[0-9]{9}")


def _bsnr(text: str) -> str:
    if not isinstance(text, str):
        problem = "a BSNR must be text: as a number it would lose its leading zero"
        raise InvalidBSNRError(problem)
    value = text.strip()
    if not _NINE_DIGITS.fullmatch(value):
        raise InvalidBSNRError(
            "a BSNR has nine digits, a leading zero included, like 391234511; this"
            f" text has {len(value)} characters"
        )
    if value[:2] in SPECIAL_FORMS:
        if value[2:4] not in _KV_OF:
            problem = "digits 3 and 4 of a BSNR with 35, 74 or 75 must be a KV's key"
            raise InvalidBSNRError(problem)
        if not re.fullmatch(SPECIAL_FORMS[value[:2]], value[4:]):
            raise InvalidBSNRError("a BSNR with 74 is for SAPV and must end in 63")
    elif value[:2] not in _KV_OF:
        raise InvalidBSNRError(
            "a BSNR must begin with a KV's key, such as 52 or 72, or with 35, 74 or 75"
        )
    return value


@frozen(order=True)
class BSNR:
    """
    The number of a practice's site (Betriebsstättennummer); there is no check digit.

    Branches have one of their own (NBSNR), of the same form.

    >>> BSNR(" 010123499 ").value
    '010123499'
    >>> BSNR("355212345").kv
    'Baden-Württemberg'

    Attributes:
        value: The nine digits.

    Raises:
        InvalidBSNRError: It is no text of nine digits, or begins like none (rules 049,
            061, 062, 162).
    """

    value: str = field(converter=_bsnr)

    @property
    def kv(self) -> str:
        """
        Name of the Kassenärztliche Vereinigung, or of the Knappschaft, that gave it.

        For hospitals and SAPV, the one named by digits 3 and 4.
        """
        key = self.value[2:4] if self.value[:2] in SPECIAL_FORMS else self.value[:2]
        return _KV_OF[key]

    def __str__(self) -> str:
        return self.value

    def __repr__(self) -> str:
        return f"BSNR({self.value!r})"


#: Rule 762: obsolete and inadmissible, although its check digit is right.
_OBSOLETE_LANR: Final = "888888800"
#: Stands for "no LANR"; its check digit happens to be right.
_NO_LANR: Final = "999999900"
#: Hospital doctors in ASV (rule 063): the seventh digit is a serial number.
_HOSPITAL_DOCTORS: Final = "555555"
#: Accepted without a check digit by gematik's E-Rezept (A_23891).
_EXEMPT_DOCTOR: Final = "4444444"


def _check_digit(digits: str) -> str:
    """
    Digits 1 to 6 times 4, 9, 4, 9, 4, 9; what the sum lacks to the next ten.

    Footnote to rule 050.  The rule found on the web, with the seventh digit weighted
    too, refuses the KBV's own samples.
    """
    weighted = zip(digits[:6], (4, 9, 4, 9, 4, 9), strict=True)
    return str(-sum(int(digit) * weight for digit, weight in weighted) % 10)


def _lanr(text: str) -> str:
    if not isinstance(text, str):
        problem = "a LANR must be text: as a number it would lose its leading zero"
        raise InvalidLANRError(problem)
    digits = text.strip()
    if not _NINE_DIGITS.fullmatch(digits):
        raise InvalidLANRError(
            "a LANR has nine digits, a leading zero included; this text has"
            f" {len(digits)} characters"
        )
    if digits == _OBSOLETE_LANR:
        raise InvalidLANRError("this pseudo LANR is obsolete; 999999900 replaces it")
    exempt = digits.startswith((_HOSPITAL_DOCTORS, _EXEMPT_DOCTOR))
    if not exempt and digits[6] != _check_digit(digits):
        raise InvalidLANRError("the seventh digit of this LANR, its check, is wrong")
    return digits


@frozen
class LANR:
    """
    The number of a doctor for life (lebenslange Arztnummer); personal, so masked.

    >>> LANR("123456699")
    LANR(*******99)

    Attributes:
        digits: All nine digits.

    Raises:
        InvalidLANRError: It is no text of nine digits, its check digit is wrong (rule
            050), or it is the obsolete 888888800.
    """

    digits: str = field(converter=_lanr, repr=False)

    @property
    def doctor(self) -> str:
        """
        The first seven digits: one person, whatever the Fachgruppe; personal data.

        Pseudo numbers are shared, and tell of nobody.
        """
        return self.digits[:7]

    @property
    def group(self) -> str:
        """
        The Fachgruppe, two digits of BAR Anlage 35; ``00`` is tolerated for "none".
        """
        return self.digits[7:]

    @property
    def is_pseudo(self) -> bool:
        """
        Whether it stands for no particular doctor: 999999900, 555555nff, 4444444ff.
        """
        shared = self.digits.startswith((_HOSPITAL_DOCTORS, _EXEMPT_DOCTOR))
        return shared or self.digits == _NO_LANR

    @property
    def is_psychotherapy(self) -> bool:
        """
        Whether the Fachgruppe is one of psychotherapists.
        """
        return self.group in PSYCHOTHERAPY_GROUPS

    def __str__(self) -> str:
        return f"*******{self.group}"

    def __repr__(self) -> str:
        return f"LANR({self})"


_BLOCK: Final = f"([{VERMITTLUNGSCODE_ALPHABET}]{{4}})"
#: Both hyphens or none: KBV's catalogue stores 12 characters, its FHIR samples carry
#: 14.  ASCII, or ſ would be an S.
_CODE: Final = re.compile(
    rf"{_BLOCK}(?P<hyphen>-?){_BLOCK}(?P=hyphen){_BLOCK}", re.ASCII | re.IGNORECASE
)


def _vermittlungscode(text: str) -> str:
    if not isinstance(text, str):
        raise InvalidVermittlungscodeError("a Vermittlungscode must be text")
    code = _CODE.fullmatch(text.strip())
    if not code:
        raise InvalidVermittlungscodeError(
            "a Vermittlungscode has 12 letters and digits, like XN6P-F4HP-Z5KX, and"
            " never O, 0, E, 3, I or 1"
        )
    return "".join(code.group(1, 3, 4)).upper()


@frozen
class Vermittlungscode:
    """
    A referral's code, in 2017 also Dringlichkeitscode or Überweisungscode; masked.

    Who has it can cancel the appointment, so it is treated like a password.

    >>> Vermittlungscode("xn6p-f4hp-z5kx")
    Vermittlungscode(XN6P-****-****)

    Attributes:
        value: The 12 characters, upper case, without hyphens.

    Raises:
        InvalidVermittlungscodeError: It has not 12 characters (14 with hyphens after
            every four), or has some that no code has.
    """

    value: str = field(converter=_vermittlungscode, repr=False)

    @property
    def masked(self) -> str:
        """
        The first block: enough to find it again, not enough to use it.
        """
        return f"{self.value[:4]}-****-****"

    def reveal(self) -> str:
        """
        The whole code as people read it, a hyphen after every four characters.
        """
        return f"{self.value[:4]}-{self.value[4:8]}-{self.value[8:]}"

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"Vermittlungscode({self.masked})"
