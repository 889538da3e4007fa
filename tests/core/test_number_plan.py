"""
Fax numbers as people write them, and the numbers no fax may be sent to.

Numbers outside the media ranges stand here because the number itself is the point; no
test dials.
"""

from __future__ import annotations

import pytest
from hypothesis import assume, given, strategies as st

from eterminservice_core.domain.errors import InvalidAddressError
from eterminservice_core.domain.number_plan import (
    national_fax_number,
    split_area_code,
)


#: The contact line of the announcement of 2017, spelled as in the wild.
SPELLINGS = [
    "0711 7875-3960",
    "0711/7875 3960",
    "+49 (0)711 7875-3960",
    "0049 711 78753960",
    "(0711) 78 75 - 39 60",
    "+4971178753960",
    "+49-711-7875-3960",
]

MORE_SPELLINGS = [
    " 071178753960 ",
    "\u00a00711\u00a07875\u20113960",  # as a word processor would have it
    "0711 7875 \u2013 3960",
    "0711.7875.3960",
    "(+49) 711/78753960",
    "+49 0711 78753960",
    "0049 (0) 711 / 78 75 39 60",
    "0711\u20097875\u202f3960",
    "0711 7875\u22123960",
]


def refusal(text: str, *, allow_media: bool = False) -> str:
    """
    Why this text is refused; it and its digits are not quoted.
    """
    with pytest.raises(InvalidAddressError) as caught:
        national_fax_number(text, allow_media=allow_media)

    error, problem = caught.value, str(caught.value)
    digits = "".join(c for c in text if c in "0123456789")
    assert error.kind == "fax"
    assert error.__cause__ is None
    assert not text.strip() or text not in problem
    assert len(digits) < 6 or digits not in problem.replace(" ", "").replace("-", "")
    return problem


@pytest.mark.parametrize("text", SPELLINGS + MORE_SPELLINGS)
def test_all_spellings_mean_one_number(text: str) -> None:
    assert national_fax_number(text, allow_media=False) == "71178753960"


@st.composite
def spellings(draw: st.DrawFn, national: str) -> str:
    """
    One number behind any prefix, with any formatting that is not a slash.
    """
    prefix = draw(st.sampled_from(["0", "+49", "0049", "+49 (0)", "0049(0)", "(+49)"]))
    gap = st.text(" -.()\u00a0\u2013\u2011", max_size=2)
    digits = "".join(digit + draw(gap) for digit in national)
    return f"{draw(st.sampled_from(['', ' ']))}{prefix}{draw(gap)}{digits}"


@given(data=st.data(), last=st.integers(0, 999))
def test_formatting_makes_no_difference(data: st.DataObject, last: int) -> None:
    national = f"8999998{last:03}"
    text = data.draw(spellings(national))

    assert national_fax_number(text, allow_media=True) == national


@given(place=st.integers(7, 9), digit=st.sampled_from("0123456789"))
def test_one_other_digit_is_another_number(place: int, digit: str) -> None:
    text = "03023125432"
    assume(text[place] != digit)
    other = text[:place] + digit + text[place + 1 :]

    assert national_fax_number(other, allow_media=True) == other[1:]


@pytest.mark.parametrize(
    ("text", "national"),
    [
        ("0711 7875-483891", "7117875483891"),  # the longest: 13 digits
        ("07082 1234", "70821234"),
        ("033205 123", "33205123"),
        ("030/123", "30123"),
        ("032 221 123456", "32221123456"),  # national number, tied to no place
        ("032/221123456", "32221123456"),
    ],
)
def test_area_codes_of_every_length_and_032_pass(text: str, national: str) -> None:
    assert national_fax_number(text, allow_media=False) == national


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0900 1234567", "premium-rate number (0900)"),
        ("+49 900 5 123456", "premium-rate number (0900)"),
        ("0137 7123456", "mass-calling number (0137)"),
        ("0137 1234567", "mass-calling number (0137)"),
        ("0138 1234", "mass-calling number (0138)"),
        ("0180 5123456", "shared-cost service number (0180)"),
        ("01801 23456", "shared-cost service number (0180)"),
        ("0700 12345678", "personal number (0700)"),
        ("0800 1234567", "freephone number (0800)"),
        ("11833", "directory enquiry number (118)"),
        ("118 33", "directory enquiry number (118)"),
        ("+49 11833", "directory enquiry number (118)"),
        ("110", "short service number (11x)"),
        ("112", "short service number (11x)"),
        ("115", "short service number (11x)"),
        ("116 117", "short service number (11x)"),
        ("0116117", "short service number (11x)"),
        ("0190 123456", "online or network service (019x)"),
        ("0191 12345", "online or network service (019x)"),
        ("0192 12345", "online or network service (019x)"),
        ("0193 12345", "online or network service (019x)"),
        ("0194 1234567", "online or network service (019x)"),
        ("0198 12345", "online or network service (019x)"),
        ("0199 123456", "online or network service (019x)"),
        ("0181 123456", "closed user group (018)"),
        ("0188 12345678", "closed user group (018)"),
        ("0151 12345678", "mobile number"),
        ("0152 28817386", "mobile number"),
        ("0160 1234567", "mobile number"),
        ("0171 3920001", "mobile number"),
        ("+49 (0) 176 04069012", "mobile number"),
        ("0171 1", "mobile number"),
        ("0164 1234567", "pager"),
        ("0168 1234567", "pager"),
        ("0169 1234567", "pager"),
    ],
)
def test_what_is_no_ordinary_line_is_refused_by_its_family(
    text: str, reason: str
) -> None:
    """
    `phonenumbers` calls most of them valid, and some of them cost.
    """
    problem = refusal(text)

    assert problem.startswith("a fax number must be a fixed line or 032, not ")
    assert problem.endswith(reason)


@pytest.mark.parametrize(
    "text",
    [
        "+41 52 6201234",  # Schaffhausen, and Büsingen in Germany
        "0041 52 620 12 34",
        "+43 1 5123456",
        "+1 202 555 0100",
        "+999 123456",
    ],
)
def test_a_foreign_number_is_refused(text: str) -> None:
    assert refusal(text).endswith("this one is foreign")


@pytest.mark.parametrize(
    "text",
    [
        "78753960",
        "7875-3960",
        "711 7875-3960",
        "4971178753960",
        "8999998001",  # would be valid if the area code were guessed
        "19222",
        "1180001",  # longer than any short number
    ],
)
def test_a_local_number_is_refused_and_not_guessed(text: str) -> None:
    assert "needs its area code" in refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "+49",
        "+49 0",
        "0711",
        "0711 1",
        "030 12",
        "078753960",  # a local number with a zero in front
        "0711 78753960000",  # one digit more than E.164 allows
        "0711 7875-3960 0711 7875-3961",
        "+49 (0)0711 78753960",
        "010 33 0711 787539",  # call-by-call
        "0310 12345",
        "0500 123456",
    ],
)
def test_a_number_that_cannot_exist_is_refused(text: str) -> None:
    assert "no such fax number" in refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "0711 ETERMIN",
        "Fax: 0711 7875-3960",
        "tel:+49-711-7875-3960",
        "0711 7875 ext. 3960",
        "0711 7875 x3960",
        "0711 7875 Durchwahl 3960",
        "0711 7875;ext=3960",
        "keine",
    ],
)
def test_letters_are_refused_and_extensions_belong_to_the_number(text: str) -> None:
    """
    `phonenumbers` would dial 0711 3837646 for a word, and drop the extension.
    """
    assert "has no letters; an extension (Durchwahl) is written" in refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "+",
        "0711 7875-3960, 0711 7875-3961",
        "0711 7875-3960\n",
        "0711\t78753960",
        "0711 7875-3960\r\n0900 1234567",
        "0711 7875#3960",
        "0711 7875*3960",
        "0711+78753960",
        "++49 711 78753960",
        "0711 7875_3960",
        "\uff10711 78753960",  # a full-width zero
        "\u0660711 78753960",  # an Arabic one
        "0711 \u200b78753960",
    ],
)
def test_other_characters_are_refused(text: str) -> None:
    assert refusal(text).startswith("write one fax number with digits")


@pytest.mark.parametrize(
    "text",
    [
        "0711 78753960/61",  # two numbers: dialed together, a stranger's
        "0711 7875-3960 / -61",
        "0711/7875/3960",
        "07/1178753960",
        "0711 78753960/",
        "/0711 78753960",
    ],
)
def test_a_slash_stands_after_the_area_code_only(text: str) -> None:
    assert "a slash may stand after the area code only" in refusal(text)


@pytest.mark.parametrize(
    "beginning",
    ["030 23125-", "069 90009-", "040 66969-", "0221 4710-", "089 99998-"],
)
@pytest.mark.parametrize("last", ["000", "432", "999", "0001"])
def test_the_five_media_ranges_need_leave(beginning: str, last: str) -> None:
    assert "belongs to nobody" in refusal(beginning + last)
    assert national_fax_number(beginning + last, allow_media=True).endswith(last)


@pytest.mark.parametrize(
    "text",
    ["030 23124-999", "030 23126-000", "0221 4709-000", "0221 4711-000", "089 99997-1"],
)
def test_the_neighbors_of_the_media_ranges_are_ordinary(text: str) -> None:
    assert national_fax_number(text, allow_media=False)


def test_leave_for_media_ranges_is_leave_for_nothing_else() -> None:
    assert "premium-rate" in refusal("0900 1234567", allow_media=True)


@pytest.mark.parametrize("value", [71178753960, 7.1e10, None, b"0711 78753960"])
def test_a_number_that_is_no_text_is_refused_with_a_hint(value: object) -> None:
    with pytest.raises(InvalidAddressError, match="lose its zero"):
        national_fax_number(value, allow_media=False)  # type: ignore[arg-type]  # Excel


@given(text=st.text(max_size=30) | st.text("0123456789+-/() .", max_size=30))
def test_any_text_is_taken_or_refused_with_our_own_error(text: str) -> None:
    """
    What is taken is 5 to 13 digits, all of which were typed, in this order.
    """
    try:
        national = national_fax_number(text, allow_media=True)
    except InvalidAddressError:
        return

    assert 5 <= len(national) <= 13
    assert "".join(c for c in text if c.isdigit()).endswith(national)


@pytest.mark.parametrize(
    ("national", "parts"),
    [
        ("71178753960", ("711", "78753960")),
        ("3023125001", ("30", "23125001")),
        ("33205123", ("33205", "123")),
        ("32221123456", ("32", "221123456")),
        ("1993123", ("", "1993123")),
    ],
)
def test_the_area_code_is_told_from_the_rest(
    national: str, parts: tuple[str, str]
) -> None:
    assert split_area_code(national) == parts
