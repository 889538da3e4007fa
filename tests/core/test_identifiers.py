"""
The numbers of the field: what passes, what is refused, and what is never shown.

Long because three numbers share one module, and each is tried the same way.
"""

from __future__ import annotations

import contextlib
import copy
import pickle
import string

import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import assume, given, strategies as st

from eterminservice_core.domain.errors import (
    InvalidBSNRError,
    InvalidLANRError,
    InvalidValueError,
    InvalidVermittlungscodeError,
)
from eterminservice_core.domain.identifiers import (
    BSNR,
    KV_KEYS,
    LANR,
    SPECIAL_FORMS,
    VERMITTLUNGSCODE_ALPHABET,
    Vermittlungscode,
)
from eterminservice_core.testing.strategies import bsnrs, lanrs, vermittlungscodes


#: KVDT rule 162 as the KBV prints it.
RULE_162 = "01-03, 06-21, 24, 25, 27, 28, 31, 37-73, 78-81, 83, 85-88, 93-96, 98, 99"
#: Spaces that people and spreadsheets leave at the ends.
PADDING = st.text(" \t\n\u00a0", max_size=3)


def allowed_by_rule_162() -> set[str]:
    """
    The two-digit keys that rule 162 lists, written out.
    """
    keys = set()
    for part in RULE_162.split(", "):
        first, _, last = part.partition("-")
        keys |= {f"{key:02}" for key in range(int(first), int(last or first) + 1)}
    return keys


# BSNR


@pytest.mark.parametrize("text", ["241234601", "391234511"])
def test_the_kbvs_own_practices_pass(text: str) -> None:
    assert text == str(BSNR(text)) == BSNR(text).value


def test_a_leading_zero_is_kept() -> None:
    assert str(BSNR("010123499")) == "010123499"


@given(bsnr=bsnrs(), before=PADDING, after=PADDING)
def test_spaces_around_a_bsnr_make_no_difference(
    bsnr: BSNR, before: str, after: str
) -> None:
    again = BSNR(f"{before}{bsnr}{after}")

    assert bsnr == again
    assert hash(bsnr) == hash(again)


@given(bsnr=bsnrs(), place=st.integers(0, 8), digit=st.sampled_from(string.digits))
def test_one_other_digit_is_another_practice_or_none(
    bsnr: BSNR, place: int, digit: str
) -> None:
    text = str(bsnr)
    assume(text[place] != digit)
    try:
        other = BSNR(text[:place] + digit + text[place + 1 :])
    except InvalidBSNRError:
        return

    assert bsnr != other


def test_the_keys_of_the_kvs_are_the_76_of_rule_162() -> None:
    keys = [key for keys in KV_KEYS.values() for key in keys]

    assert len(keys) == 76
    assert set(keys) == allowed_by_rule_162()


@pytest.mark.parametrize("key", [f"{key:02}" for key in range(100)])
def test_a_bsnr_begins_with_a_kvs_key_or_is_refused(key: str) -> None:
    """
    All hundred beginnings; the special ones need a KV's key behind them.
    """
    plain = f"{key}1234567"  # 12 is a KV's key too, so 35 and 75 pass
    if key in allowed_by_rule_162() | {"35", "75"}:
        assert str(BSNR(plain)) == plain
    else:
        with pytest.raises(InvalidBSNRError):
            BSNR(plain)


@pytest.mark.parametrize(
    ("keys", "kv"),
    [
        (["01"], "Schleswig-Holstein"),
        (["02"], "Hamburg"),
        (["03"], "Bremen"),
        ([17, *range(10, 17), "06", "07", "08", "09"], "Niedersachsen"),
        ([18, 19, 20], "Westfalen-Lippe"),
        ([21, 24, 25, 27, 28, 31, 37, 38], "Nordrhein"),
        (range(39, 47), "Hessen"),
        (range(47, 52), "Rheinland-Pfalz"),
        (range(52, 63), "Baden-Württemberg"),
        (range(63, 72), "Bayerns"),
        ([72], "Berlin"),
        ([73], "Saarland"),
        ([78], "Mecklenburg-Vorpommern"),
        ([79, 80, 81, 83], "Brandenburg"),
        ([85, 86, 87, 88], "Sachsen-Anhalt"),
        ([93], "Thüringen"),
        ([94, 95, 96, 98], "Sachsen"),
        ([99], "Knappschaft"),
    ],
)
def test_old_districts_belong_to_the_kv_that_took_them_over(
    keys: list[int | str], kv: str
) -> None:
    assert {BSNR(f"{key}1234567").kv for key in keys} == {kv}


def test_seventeen_kvs_and_the_knappschaft_give_numbers() -> None:
    assert len(KV_KEYS) == 17 + 1


@pytest.mark.parametrize(
    ("text", "kv"),
    [
        ("355212345", "Baden-Württemberg"),  # a hospital seeing patients of the TSS
        ("356112345", "Baden-Württemberg"),  # one with the old key of Stuttgart
        ("757212345", "Berlin"),  # a hospital prescribing on discharge
        ("740112363", "Schleswig-Holstein"),  # palliative care
    ],
)
def test_hospitals_and_palliative_care_tell_their_kv_behind_the_special_key(
    text: str, kv: str
) -> None:
    assert BSNR(text).kv == kv


@pytest.mark.parametrize("special", sorted(SPECIAL_FORMS))
@pytest.mark.parametrize("key", ["00", "04", "35", "74", "75", "89", "97"])
def test_a_special_form_needs_a_kvs_key_behind_it(special: str, key: str) -> None:
    with pytest.raises(InvalidBSNRError, match="digits 3 and 4"):
        BSNR(f"{special}{key}12363")


def test_palliative_care_ends_in_63() -> None:
    with pytest.raises(InvalidBSNRError, match="must end in 63"):
        BSNR("740112364")


@pytest.mark.parametrize(
    "value", [391234511, 10123499, 391234511.0, None, b"391234511"]
)
def test_a_bsnr_that_is_no_text_is_refused_with_a_hint(value: object) -> None:
    with pytest.raises(InvalidBSNRError, match="lose its leading zero"):
        BSNR(value)  # type: ignore[arg-type]  # what a spreadsheet would give


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10123499",  # lost its zero in Excel
        "16081989",  # HL7 Germany's example, eight digits
        "3912345110",
        "3912 34511",
        "39123451a",
        "2.41E+08 ",
        "³91234511",
        "٣٩١٢٣٤٥١١",
        "001234567",  # an ASV team, no practice
        "891234567",  # Erfurt: in rule 017, not in rule 162
    ],
)
def test_what_is_no_bsnr_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(InvalidBSNRError) as caught:
        BSNR(text)

    assert not text or text not in str(caught.value)


def test_bsnrs_sort_as_their_digits_do() -> None:
    texts = ["990000000", "010123499", "391234511", "241234601"]

    assert [str(bsnr) for bsnr in sorted(map(BSNR, texts))] == sorted(texts)


def test_a_bsnr_is_a_key_and_shows_itself() -> None:
    """
    It names a site and is what logs and errors refer to.
    """
    assert {BSNR("391234511"): 1}[BSNR(" 391234511")] == 1
    assert repr(BSNR("391234511")) == "BSNR('391234511')"
    assert f"{BSNR('391234511')}" == "391234511"


# LANR


@pytest.mark.parametrize("text", ["838382201", "838382202", "728382503", "123456699"])
def test_the_kbvs_own_doctors_pass(text: str) -> None:
    assert LANR(text).digits == text


@pytest.mark.parametrize("text", ["123456701", "838382101"])
def test_a_wrong_check_digit_is_refused(text: str) -> None:
    """
    The first is HL7 Germany's own example.
    """
    with pytest.raises(InvalidLANRError, match="check"):
        LANR(text)


def test_the_rule_found_on_the_web_is_not_used() -> None:
    """
    With the seventh digit weighted too, 1234564 makes 160 and would pass.
    """
    with pytest.raises(InvalidLANRError):
        LANR("123456499")


@given(
    lanr=lanrs().filter(lambda lanr: not lanr.is_pseudo),
    digit=st.sampled_from(string.digits),
)
def test_only_one_check_digit_fits(lanr: LANR, digit: str) -> None:
    text = lanr.digits
    assume(text[6] != digit)
    other = text[:6] + digit + text[7:]
    assume(not other.startswith(("555555", "4444444")))

    with pytest.raises(InvalidLANRError):
        LANR(other)


@given(lanr=lanrs(), place=st.integers(0, 8), digit=st.sampled_from(string.digits))
def test_one_other_digit_is_another_lanr_or_none(
    lanr: LANR, place: int, digit: str
) -> None:
    """
    Some pass: weight 4 does not see a digit 5 more, and no group is checked.
    """
    text = lanr.digits
    assume(text[place] != digit)
    try:
        other = LANR(text[:place] + digit + text[place + 1 :])
    except InvalidLANRError:
        return

    assert lanr != other


@pytest.mark.parametrize(
    "text", ["999999900", "555555058", "555555901", "444444400", "444444468"]
)
def test_pseudo_numbers_pass(text: str) -> None:
    assert LANR(text).is_pseudo


def test_a_real_doctor_is_no_pseudo() -> None:
    assert not LANR("838382201").is_pseudo


def test_the_obsolete_pseudo_number_is_refused_although_its_check_is_right() -> None:
    with pytest.raises(InvalidLANRError, match="obsolete"):
        LANR("888888800")


def test_a_doctor_with_two_groups_is_one_doctor() -> None:
    one, other = LANR("838382201"), LANR("838382202")

    assert one != other
    assert one.doctor == other.doctor == "8383822"
    assert (one.group, other.group) == ("01", "02")


def test_psychotherapists_are_known_by_five_groups() -> None:
    groups = {
        f"{group:02}"
        for group in range(100)
        if LANR(f"8383822{group:02}").is_psychotherapy
    }

    assert groups == {"58", "60", "61", "68", "69"}


@pytest.mark.parametrize("value", [838382201, 8.38e8, None])
def test_a_lanr_that_is_no_text_is_refused_with_a_hint(value: object) -> None:
    with pytest.raises(InvalidLANRError, match="lose its leading zero"):
        LANR(value)  # type: ignore[arg-type]  # what a spreadsheet would give


@pytest.mark.parametrize(
    "text", ["83838220", "8383822010", "8,38E+08", "83838220x", "٨٣٨٣٨٢٢٠١"]
)
def test_what_is_no_lanr_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(InvalidLANRError) as caught:
        LANR(text)

    assert text not in str(caught.value)


@given(lanr=lanrs(), padding=PADDING)
def test_spaces_around_a_lanr_make_no_difference(lanr: LANR, padding: str) -> None:
    assert lanr == LANR(f"{padding}{lanr.digits}{padding}")


@given(lanr=lanrs())
def test_a_lanr_shows_its_group_only(lanr: LANR) -> None:
    assert str(lanr) == f"{lanr}" == f"*******{lanr.group}"
    assert repr(lanr) == f"LANR(*******{lanr.group})"


# Vermittlungscode


@pytest.mark.parametrize("text", ["XN6P-F4HP-Z5KX", "28QN-5AHK-VAZD"])
def test_the_kbvs_own_codes_pass_with_and_without_hyphens(text: str) -> None:
    code = Vermittlungscode(text)

    assert code.value == text.replace("-", "")
    assert code.reveal() == text
    assert code == Vermittlungscode(code.value)


def test_the_made_up_code_of_a_faq_is_refused() -> None:
    """
    A1B2-C3D4-E5F6 has 1, 3 and E, which no code has.
    """
    with pytest.raises(InvalidVermittlungscodeError, match="never O, 0, E, 3, I or 1"):
        Vermittlungscode("A1B2-C3D4-E5F6")


def test_the_alphabet_has_thirty_signs() -> None:
    everything = set(string.ascii_uppercase + string.digits)

    assert everything - set(VERMITTLUNGSCODE_ALPHABET) == set("O0E3I1")
    assert len(VERMITTLUNGSCODE_ALPHABET) == 30


@pytest.mark.parametrize("sign", "O0E3I1oei")
@pytest.mark.parametrize("place", range(12))
def test_a_look_alike_is_refused_wherever_it_stands(sign: str, place: int) -> None:
    with pytest.raises(InvalidVermittlungscodeError):
        Vermittlungscode("A" * place + sign + "A" * (11 - place))


@given(
    code=vermittlungscodes(), picks=st.lists(st.booleans(), min_size=12, max_size=12)
)
def test_case_hyphens_and_spaces_make_no_difference(
    code: Vermittlungscode, picks: list[bool]
) -> None:
    mixed = "".join(
        sign.lower() if pick else sign
        for sign, pick in zip(code.value, picks, strict=True)
    )
    hyphened = f"{mixed[:4]}-{mixed[4:8]}-{mixed[8:]}"

    assert code == Vermittlungscode(mixed) == Vermittlungscode(f" {hyphened}\n")
    assert hash(code) == hash(Vermittlungscode(hyphened))


@given(
    code=vermittlungscodes(),
    place=st.integers(0, 11),
    sign=st.sampled_from(VERMITTLUNGSCODE_ALPHABET),
)
def test_one_other_sign_is_another_code(
    code: Vermittlungscode, place: int, sign: str
) -> None:
    assume(code.value[place] != sign)

    assert code != Vermittlungscode(code.value[:place] + sign + code.value[place + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "XN6PF4HPZ5K",
        "XN6PF4HPZ5KXX",
        "XN6P-F4HPZ5KX",  # one hyphen
        "XN6PF4HP-Z5KX",
        "XN6-PF4HP-Z5KX",
        "XN6P F4HP Z5KX",
        "XN6P--F4HP-Z5KX",
        "XN6P-F4HP-Z5K\u017f",  # ſ, whose upper case is S
        "XN6P-F4HP-Z5\u212aX",  # the Kelvin sign, whose lower case is k
        "XN6P-F4HP-Z5KÄ",
        "\uff38N6P-F4HP-Z5KX",  # a full-width X
    ],
)
def test_what_is_no_code_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(InvalidVermittlungscodeError) as caught:
        Vermittlungscode(text)

    assert not text or text not in str(caught.value)


def test_a_code_that_is_no_text_is_refused() -> None:
    with pytest.raises(InvalidVermittlungscodeError, match="must be text"):
        Vermittlungscode(284_567_892_456)  # type: ignore[arg-type]  # from a spreadsheet


@given(code=vermittlungscodes())
def test_a_code_shows_its_first_block_only(code: Vermittlungscode) -> None:
    """
    Whoever has the whole code can cancel the appointment.
    """
    masked = f"{code.value[:4]}-****-****"

    assert masked == code.masked == str(code) == f"{code}"
    assert repr(code) == f"Vermittlungscode({masked})"


# All of them


@given(text=st.text(max_size=20))
def test_any_text_is_taken_or_refused_with_our_own_error(text: str) -> None:
    for kind in (BSNR, LANR, Vermittlungscode):
        with contextlib.suppress(InvalidValueError):
            assert kind(text) == kind(text.strip())


@pytest.mark.parametrize(
    "value", [BSNR("391234511"), LANR("838382201"), Vermittlungscode("XN6PF4HPZ5KX")]
)
def test_identifiers_are_frozen_and_survive_copies(value: object) -> None:
    """
    A copy by pickle is what a transport in a process of its own receives.
    """
    assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301 — just made
    assert copy.deepcopy(value) == value
    for name in ("value", "digits"):
        with pytest.raises((FrozenInstanceError, AttributeError)):
            setattr(value, name, "010123499")
