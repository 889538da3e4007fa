"""
Confirmation codes: typed by tired people, shown to nobody else.
"""

from __future__ import annotations

import math
import pickle
from datetime import timedelta

import pytest
from hypothesis import assume, given, strategies as st

from eterminservice_core.domain import codes
from eterminservice_core.domain.codes import ALPHABET, LENGTH, ConfirmationCode
from eterminservice_core.domain.errors import InvalidCodeError


LETTERS = st.text(ALPHABET, min_size=LENGTH, max_size=LENGTH)


def test_a_code_is_worth_more_than_six_digits() -> None:
    """
    P6 asks for six digits' worth, NIST SP 800-63A-4 for 20 bits.
    """
    assert len(set(ALPHABET)) == len(ALPHABET) == 20
    assert math.log2(len(set(ALPHABET))) * LENGTH > 34
    assert len(set(ALPHABET)) ** LENGTH > 10**6


def test_nothing_in_the_alphabet_looks_like_something_else_on_a_fax() -> None:
    assert set("AEIOUY0123456789").isdisjoint(ALPHABET)
    assert ALPHABET.isascii()
    assert ALPHABET.isupper()


def test_the_limits_are_those_of_the_promise() -> None:
    assert timedelta(hours=24) == codes.LIFETIME
    assert codes.GUESSES == 5
    assert timedelta(hours=24) == codes.GUESSES_PERIOD
    assert codes.CODES_PER_PRACTICE == 10
    assert codes.CODES_PER_ADDRESS == 5
    assert timedelta(hours=24) == codes.CODES_PERIOD
    assert timedelta(minutes=10) == codes.PATIENCE


def test_each_letter_is_chosen_from_the_whole_alphabet() -> None:
    offered: list[str] = []

    def choose(letters: str) -> str:
        offered.append(letters)
        return letters[len(offered)]

    code = ConfirmationCode.issue(choose)

    assert offered == [ALPHABET] * 8
    assert code.reveal() == "CDFG-HJKL"


def test_a_code_is_revealed_in_two_groups_of_four() -> None:
    assert ConfirmationCode("BCDFGHJK").reveal() == "BCDF-GHJK"


@pytest.mark.parametrize(
    "typed",
    [
        "BCDF-GHJK",
        "bcdf-ghjk",
        "BcDfGhJk",
        "BCDF GHJK",
        "  BCDF - GHJK\t",
        "BCDF–GHJK",
        "B.C.D.F.G.H.J.K.",
        "BCDF\u00a0GHJK",
        "BCDF-GHJK\r\n",
    ],
)
def test_how_a_code_is_written_makes_no_difference(typed: str) -> None:
    assert ConfirmationCode("BCDFGHJK") == ConfirmationCode(typed)


@given(letters=LETTERS, separators=st.lists(st.sampled_from(" -."), max_size=9))
def test_separators_anywhere_make_no_difference(
    letters: str, separators: list[str]
) -> None:
    typed = letters.lower()
    for place, separator in enumerate(separators):
        typed = typed[: 2 * place] + separator + typed[2 * place :]

    assert ConfirmationCode(letters) == ConfirmationCode(typed)


@given(one=LETTERS, other=LETTERS)
def test_other_letters_are_another_code(one: str, other: str) -> None:
    assume(one != other)

    assert ConfirmationCode(one) != ConfirmationCode(other)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "BCDFGHJ",
        "BCDFGHJKL",
        "ACDFGHJK",
        "BCDF-GHJ0",
        "BCDF-GHJY",
        "BCDF_GHJK",
        "123456",
        "ＢCDFGHJK",
    ],
)
def test_what_is_no_code_is_refused_without_being_quoted(typed: str) -> None:
    with pytest.raises(InvalidCodeError, match="8 letters out of BCD") as caught:
        ConfirmationCode(typed)

    assert typed == "" or typed not in str(caught.value).replace(ALPHABET, "")


def test_what_is_no_text_is_no_code() -> None:
    with pytest.raises(InvalidCodeError, match="must be text"):
        ConfirmationCode(None)  # type: ignore[arg-type]  # what a form may hand over


def test_neither_repr_nor_str_shows_the_code() -> None:
    code = ConfirmationCode("QRST-VWXZ")

    assert repr(code) == "ConfirmationCode(…)" == str(code) == f"{code}"


def test_a_code_does_not_change_on_its_way_to_another_process() -> None:
    code = ConfirmationCode("QRST-VWXZ")

    assert code == pickle.loads(pickle.dumps(code))  # noqa: S301 — our own bytes
