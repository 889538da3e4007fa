"""
Confirmation codes: made for paper, typed by tired people, kept only as a keyed hash.

Eight of twenty consonants are 34 bits; NIST SP 800-63A-4 asks for 20.  No vowels, so no
words; no digits, so that nothing looks like something else after a fax (RFC 8628
section 6.1 gives the same alphabet).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from attrs import field, frozen

from .errors import InvalidCodeError


#: Letters that survive a fax: no vowels, no digits, no Y.
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
#: Letters in a code.
LENGTH = 8
#: How long a code works (NIST SP 800-63A-4: at most 24 hours by e-mail).
LIFETIME = timedelta(hours=24)
#: Wrong guesses an address allows in `GUESSES_PERIOD`, whatever codes it got.
GUESSES = 5
#: From the first guess on.
GUESSES_PERIOD = timedelta(hours=24)
#: Codes one practice may ask for in `CODES_PERIOD`.
CODES_PER_PRACTICE = 10
#: Codes one address may be sent in `CODES_PERIOD`, whoever asks.
CODES_PER_ADDRESS = 5
#: From the first code on.
CODES_PERIOD = timedelta(hours=24)
#: Saving an unchanged dialog again within this time issues no new code.
PATIENCE = timedelta(minutes=10)


def _parse(text: str) -> str:
    """
    Letters only: case, spaces, hyphens and dots are how people write, not what.
    """
    if not isinstance(text, str):
        raise InvalidCodeError("a confirmation code must be text")
    letters = "".join(c for c in text.upper() if c not in " \u00a0\t\r\n-–.")
    if len(letters) != LENGTH or any(letter not in ALPHABET for letter in letters):
        raise InvalidCodeError(
            f"a confirmation code has {LENGTH} letters out of {ALPHABET}, such as"
            " BCDF-GHJK"
        )
    return letters


@frozen
class ConfirmationCode:
    """
    The secret sent to an address (Bestätigungscode); not a Vermittlungscode.

    >>> ConfirmationCode("bcdf ghjk").reveal()
    'BCDF-GHJK'
    >>> ConfirmationCode("BCDF-GHJK")
    ConfirmationCode(…)
    """

    letters: str = field(converter=_parse, repr=False)

    @classmethod
    def issue(cls, choose: Callable[[str], str]) -> ConfirmationCode:
        """
        A new code; `choose` picks one letter, as `secrets.choice` does.
        """
        return cls("".join(choose(ALPHABET) for _ in range(LENGTH)))

    def reveal(self) -> str:
        """
        The code as it stands in the message: two groups of four.
        """
        half = LENGTH // 2
        return f"{self.letters[:half]}-{self.letters[half:]}"

    def __repr__(self) -> str:
        return "ConfirmationCode(…)"

    __str__ = __repr__
