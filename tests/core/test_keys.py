"""
Keyed hashes: the same parts give the same name, for whoever holds the key.
"""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import assume, given, strategies as st

from eterminservice_core.domain.errors import InvalidValueError
from eterminservice_core.domain.keys import KEY_LENGTH, Keys


PSEUDONYMS = b"p" * 32
OLD, NEW, STRANGE = b"o" * 32, b"n" * 32, b"s" * 32
KEYS = Keys(pseudonyms=PSEUDONYMS, codes=(NEW, OLD))
#: Parts as they come: practices, channels, addresses; also empty ones and emoji.
PARTS = st.lists(st.text(max_size=8), max_size=4).map(tuple)


def test_a_hash_is_an_hmac_over_each_part_and_its_length() -> None:
    """
    Spelled out, because a store keeps these hashes for years.
    """
    spelled = b"\x00\x00\x00\x01a" + b"\x00\x00\x00\x02\xc3\xa4"

    assert hmac.new(PSEUDONYMS, spelled, hashlib.sha256).hexdigest() == KEYS.pseudonym(
        "a", "ä"
    )


@given(one=PARTS, other=PARTS)
def test_no_two_lists_of_parts_look_alike(
    one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    assume(one != other)

    assert KEYS.pseudonym(*one) != KEYS.pseudonym(*other)


def test_moving_a_border_between_parts_makes_another_name() -> None:
    assert KEYS.pseudonym("ab", "c") != KEYS.pseudonym("a", "bc")
    assert KEYS.pseudonym("ab") != KEYS.pseudonym("ab", "")


def test_pseudonyms_and_codes_have_keys_of_their_own() -> None:
    assert KEYS.pseudonym("a") != KEYS.code_hash("a")


def test_another_store_gives_other_names() -> None:
    other = Keys(pseudonyms=STRANGE, codes=(NEW,))

    assert KEYS.pseudonym("a") != other.pseudonym("a")


def test_a_code_is_hashed_with_the_newest_key() -> None:
    assert Keys(pseudonyms=STRANGE, codes=(NEW,)).code_hash("x") == KEYS.code_hash("x")


def test_a_code_hashed_before_the_keys_rotated_still_matches() -> None:
    before = Keys(pseudonyms=PSEUDONYMS, codes=(OLD,)).code_hash("code", "practice")

    assert KEYS.matches(before, "code", "practice")


def test_a_dropped_key_matches_nothing_any_more() -> None:
    before = Keys(pseudonyms=PSEUDONYMS, codes=(OLD,)).code_hash("code")

    assert not Keys(pseudonyms=PSEUDONYMS, codes=(NEW,)).matches(before, "code")


def test_the_key_of_pseudonyms_proves_no_code() -> None:
    assert not KEYS.matches(KEYS.pseudonym("code"), "code")


@pytest.mark.parametrize(
    "parts", [("cod",), ("code", ""), ("code", "practice", "x"), ("practice", "code")]
)
def test_other_parts_do_not_match(parts: tuple[str, ...]) -> None:
    assert not KEYS.matches(KEYS.code_hash("code", "practice"), *parts)


@pytest.mark.parametrize(
    ("pseudonyms", "codes"),
    [
        (b"x" * (KEY_LENGTH - 1), (OLD,)),
        (PSEUDONYMS, (b"x" * (KEY_LENGTH - 1),)),
        (PSEUDONYMS, (OLD, b"x" * (KEY_LENGTH - 1))),
        (PSEUDONYMS, (OLD, b"")),
    ],
)
def test_a_key_of_31_bytes_is_refused(
    pseudonyms: bytes, codes: tuple[bytes, ...]
) -> None:
    with pytest.raises(InvalidValueError, match="at least 32 bytes"):
        Keys(pseudonyms=pseudonyms, codes=codes)


def test_keys_without_any_for_codes_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="at least 32 bytes"):
        Keys(pseudonyms=PSEUDONYMS, codes=())


def test_generating_asks_the_source_for_two_keys_of_32_bytes() -> None:
    asked: list[int] = []

    def source(count: int) -> bytes:
        asked.append(count)
        return bytes([len(asked)]) * count

    keys = Keys.generate(source)

    assert asked == [KEY_LENGTH, KEY_LENGTH]
    assert keys == Keys(pseudonyms=b"\x01" * 32, codes=(b"\x02" * 32,))


@given(
    pseudonyms=st.binary(min_size=32, max_size=40),
    codes=st.lists(st.binary(min_size=32, max_size=40), min_size=1, max_size=3),
)
def test_what_is_dumped_can_be_read_again(
    pseudonyms: bytes, codes: list[bytes]
) -> None:
    keys = Keys(pseudonyms=pseudonyms, codes=tuple(codes))

    assert keys == Keys.parse(keys.dump())


def test_a_dump_has_a_line_for_each_key_newest_first() -> None:
    expected = f"pseudonyms {PSEUDONYMS.hex()}\ncode {NEW.hex()}\ncode {OLD.hex()}\n"

    assert expected == KEYS.dump()


def test_empty_lines_and_comments_are_passed_over() -> None:
    text = f"# made in March\n\n   \n{KEYS.dump()}\n# end"

    assert Keys.parse(text) == KEYS


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pseudonyms zz", "line 1 must be"),
        (f"pseudonyms {PSEUDONYMS.hex()}\ncodes {OLD.hex()}", "line 2 must be"),
        (f"# a\n\ncode{OLD.hex()}", "line 3 must be"),
        (f"code {OLD.hex()}", "exactly one line 'pseudonyms HEX'"),
        (f"{KEYS.dump()}pseudonyms {OLD.hex()}", "exactly one line 'pseudonyms HEX'"),
        (f"pseudonyms {PSEUDONYMS.hex()}", "at least 32 bytes"),
        ("", "exactly one line 'pseudonyms HEX'"),
    ],
)
def test_a_file_of_another_form_is_refused_without_quoting_it(
    text: str, problem: str
) -> None:
    with pytest.raises(InvalidValueError, match=problem) as caught:
        Keys.parse(text)

    assert OLD.hex() not in str(caught.value)
    assert caught.value.__cause__ is None


def test_no_key_shows_in_the_repr() -> None:
    shown = repr(KEYS)

    assert shown == "Keys()"
