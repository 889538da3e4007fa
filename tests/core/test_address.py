"""
Addresses: one value for all spellings, masked wherever it is shown.

Long because two kinds share one module; how fax numbers are read is tried in
`test_number_plan`.
"""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import assume, given, strategies as st

from eterminservice_core.domain.address import (
    Address,
    ChannelKind,
    EmailAddress,
    FaxNumber,
    address_from_normalized,
)
from eterminservice_core.domain.errors import InvalidAddressError
from eterminservice_core.testing.strategies import email_addresses, fax_numbers


MAIL = EmailAddress("anmeldung@praxis.example")
FAX = FaxNumber("030 23125-001", allow_media=True)


def addresses() -> st.SearchStrategy[Address]:
    """
    Addresses of both kinds.
    """
    return st.one_of(email_addresses(), fax_numbers())


def refusal(text: str) -> str:
    """
    Why this e-mail address is refused; neither it nor its parts are quoted.
    """
    with pytest.raises(InvalidAddressError) as caught:
        EmailAddress(text)

    error, problem = caught.value, str(caught.value)
    assert error.kind == "email"
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    assert not text or text not in problem
    assert all(part not in problem for part in text.split("@") if len(part) > 8)
    return problem


# E-mail


def test_an_address_of_the_reserved_domain_passes() -> None:
    assert MAIL.normalized == "anmeldung@praxis.example"
    assert MAIL.kind is ChannelKind.EMAIL


@pytest.mark.parametrize(
    "text",
    [
        "  info@ärzte-süd.example\u00a0",
        "info@ÄRZTE-SÜD.Example",
        "info@xn--rzte-sd-4wa6t.example",
        "info@XN--RZTE-SD-4WA6T.EXAMPLE",
        "info@a\u0308rzte-su\u0308d.example",  # decomposed, as macOS types it
        "info@ärzte-süd\u3002example",  # the ideographic full stop of IDNA
        "info@ärzte-süd.\uff45xample",  # a full-width e
    ],
)
def test_case_and_spelling_of_the_domain_make_no_difference(text: str) -> None:
    expected = EmailAddress("info@ärzte-süd.example")

    assert expected == EmailAddress(text)
    assert hash(expected) == hash(EmailAddress(text))
    assert expected.normalized == "info@xn--rzte-sd-4wa6t.example"


def test_sharp_s_is_a_letter_of_its_own() -> None:
    """
    IDNA 2008: faß.example and fass.example may have different owners.
    """
    assert EmailAddress("a@faß.example") != EmailAddress("a@fass.example")


def test_the_case_of_the_local_part_is_kept() -> None:
    """
    RFC 5321 section 2.4: only its own server knows whether it matters.
    """
    address = EmailAddress("Dr.Topp@Praxis.example")

    assert address.normalized == "Dr.Topp@praxis.example"
    assert address != EmailAddress("dr.topp@praxis.example")


@given(address=email_addresses(), picks=st.lists(st.booleans(), min_size=1, max_size=9))
def test_formatting_of_an_address_makes_no_difference(
    address: EmailAddress, picks: list[bool]
) -> None:
    local, _, domain = address.normalized.partition("@")
    cased = "".join(
        c.upper() if picks[index % len(picks)] else c for index, c in enumerate(domain)
    )

    assert address == EmailAddress(f" {local}@{cased} ")


@given(
    address=email_addresses(),
    place=st.integers(0, 80),
    sign=st.sampled_from("abcxyzABC019-+_"),
)
def test_one_other_character_is_another_address(
    address: EmailAddress, place: int, sign: str
) -> None:
    text = address.normalized
    place %= len(text)
    assume(text[place].lower() != sign.lower())
    try:
        other = EmailAddress(text[:place] + sign + text[place + 1 :])
    except InvalidAddressError:
        return

    assert address != other


@pytest.mark.parametrize(
    "text",
    [
        "a@praxis.example",
        "praxis+termine@praxis.example",
        "o'hara@praxis.example",
        "-_-@praxis.example",
        "!#$%&'*+/=?^_`{|}~@praxis.example",
        "anmeldung@haus.praxis.am-markt.example",
        f"{'a' * 64}@praxis.example",
    ],
)
def test_unusual_addresses_pass_as_they_are(text: str) -> None:
    assert EmailAddress(text).normalized == text


@pytest.mark.parametrize(
    "text",
    [
        "anmeldung@praxis.example\n",
        "anmeldung@praxis.example\r\nBcc: all@praxis.example",
        "anmeldung\r@praxis.example",
        "anmel\tdung@praxis.example",
        "anmeldung@praxis.example\0",
        "anmel\u200bdung@praxis.example",
        "anmeldung@pra\u00adxis.example",
        "anmeldung@praxis.example\u2028",
        "anmel\u00a0dung@praxis.example",
        "\u202eanmeldung@praxis.example",
        "anmeldung\ud800@praxis.example",
        "anmeldung\x85@praxis.example",
    ],
)
def test_line_breaks_and_hidden_characters_are_refused(text: str) -> None:
    """
    A line break in an address would be a header of its own.
    """
    assert refusal(text).endswith("one line without hidden characters")


@pytest.mark.parametrize(
    "text",
    [
        "Praxis Topp <anmeldung@praxis.example>",
        "<anmeldung@praxis.example>",
        '"an meldung"@praxis.example',
        "anmeldung@praxis.example, topp@praxis.example",
        "anmeldung@praxis.example;topp@praxis.example",
    ],
)
def test_names_quotes_and_lists_are_refused(text: str) -> None:
    assert refusal(text).startswith("write one e-mail address alone")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anmeldung",
        "markt-topp.example",
        "anmeldung@@markt-topp.example",
        "anmeldung@topp@markt-topp.example",
        "anmeldung\uff20markt-topp.example",  # a full-width @
        "anmeldung(at)markt-topp.example",
    ],
)
def test_an_address_has_one_at_sign(text: str) -> None:
    assert "has one @" in refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "müller@praxis.example",
        "mu\u0308ller@praxis.example",
        "\u212aanzlei@praxis.example",  # the Kelvin sign, which normalizes to a K
        "\uff41nmeldung@praxis.example",
        "用户@praxis.example",
    ],
)
def test_letters_outside_ascii_are_refused_before_the_at_sign(text: str) -> None:
    assert "not every mail server takes them before it" in refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "@praxis.example",
        ".anmeldung@praxis.example",
        "anmeldung.@praxis.example",
        "an..meldung@praxis.example",
        "an meldung@praxis.example",
        "mailto:anmeldung@praxis.example",
        "an\\meldung@praxis.example",
        "an(kommentar)meldung@praxis.example",
    ],
)
def test_what_stands_before_the_at_sign_needs_no_quotes(text: str) -> None:
    assert refusal(text).startswith("before the @ there must be")


@pytest.mark.parametrize(
    "domain",
    [
        "",
        "praxis",
        "localhost",
        "praxis.example.",
        ".praxis.example",
        "praxis..example",
        "-praxis.example",
        "praxis-.example",
        "pra_xis.example",
        "praxis .example",
        "praxis.example/",
        "[192.0.2.1]",
        "[IPv6:2001:db8::1]",
        "192.0.2.1",
        "praxis.test",
        "praxis.invalid",
        "praxis.local",
        "praxis.onion",
        "xn--a.example",
        "xn--mller-praxis-4ob.example",
        f"{'p' * 64}.example",
        "praxis☎.example",
    ],
)
def test_mail_needs_a_domain_that_can_receive_it(domain: str) -> None:
    assert refusal(f"anmeldung@{domain}").startswith("after the @ there must be")


def test_a_local_part_has_at_most_64_characters() -> None:
    assert "at most 64" in refusal(f"{'a' * 65}@praxis.example")


def test_an_address_has_at_most_254_characters() -> None:
    domain = f"{'p' * 63}.{'p' * 63}.{'p' * 40}.example"
    longest = f"{'a' * 64}@{'p' * (254 - 65 - len(domain) - 1)}.{domain}"

    assert len(EmailAddress(longest).normalized) == 254
    assert refusal(f"{longest}e") == "an e-mail address has at most 254 characters"


def test_an_address_is_measured_on_the_wire() -> None:
    """
    230 characters with umlauts are more than 254 with ``xn--…``.
    """
    typed = "anmeldung@" + ".".join(["ä" * 40] * 5) + ".example"

    assert len(typed) < 254
    assert "at most 254" in refusal(typed)


def test_a_very_long_text_is_refused_at_once() -> None:
    assert "at most 254" in refusal("a" * 10_000_000)


@pytest.mark.parametrize("value", [None, 5, b"anmeldung@praxis.example", MAIL])
def test_an_address_that_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(InvalidAddressError, match="must be text"):
        EmailAddress(value)  # type: ignore[arg-type]  # what a careless caller gives


@given(text=st.text(max_size=40) | st.emails() | st.text("a.@-ä\u0308ßxn", max_size=30))
def test_any_text_is_taken_or_refused_with_our_own_error(text: str) -> None:
    try:
        address = EmailAddress(text)
    except InvalidAddressError:
        return

    assert address.normalized.isascii()
    assert address.normalized.isprintable()
    assert address == EmailAddress(address.normalized)
    assert address == address_from_normalized(ChannelKind.EMAIL, address.normalized)


# Fax


def test_all_spellings_of_a_fax_number_are_one_value() -> None:
    spellings = [
        "0711 7875-3960",
        "0711/7875 3960",
        "+49 (0)711 7875-3960",
        "0049 711 78753960",
        "(0711) 78 75 - 39 60",
        "+4971178753960",
        "+49-711-7875-3960",
    ]

    assert {FaxNumber(text) for text in spellings} == {FaxNumber("071178753960")}
    assert FaxNumber(spellings[0]).normalized == "+4971178753960"
    assert FAX.kind is ChannelKind.FAX


@given(
    number=fax_numbers(), place=st.integers(1, 3), digit=st.sampled_from("0123456789")
)
def test_one_other_digit_is_another_fax_number(
    number: FaxNumber, place: int, digit: str
) -> None:
    text = number.normalized
    assume(text[-place] != digit)
    other = f"{text[:-place]}{digit}{text[len(text) - place + 1 :]}"

    assert number != FaxNumber(other, allow_media=True)


def test_media_numbers_need_leave() -> None:
    with pytest.raises(InvalidAddressError, match="belongs to nobody") as caught:
        FaxNumber("030 23125-001")

    assert caught.value.kind == "fax"
    with pytest.raises(InvalidAddressError):
        FaxNumber.of("030 23125-001")
    assert FaxNumber.of("030 23125-001", allow_media=True) == FAX


# Both


def test_of_takes_a_text_or_the_value_itself() -> None:
    assert EmailAddress.of(MAIL) is MAIL
    assert EmailAddress.of("anmeldung@PRAXIS.example") == MAIL
    assert FaxNumber.of(FAX) is FAX
    assert FaxNumber.of("0711 78753960").normalized == "+4971178753960"


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        (MAIL, "a…g@p….example"),
        (EmailAddress("topp@praxis.example"), "t…p@p….example"),
        (EmailAddress("abc@praxis.example"), "a…@p….example"),
        (EmailAddress("ab@praxis.example"), "a…@p….example"),
        (EmailAddress("a@praxis.example"), "…@p….example"),
        (EmailAddress("topp@haus.praxis.example"), "t…p@h….example"),
        (EmailAddress("topp@ärzte.example"), "t…p@ä….example"),
        (EmailAddress("topp@praxis-süd.example"), "t…p@p….example"),
        (FAX, "+49 30 …01"),
        (FaxNumber("0711 7875-3960"), "+49 711 …60"),
        (FaxNumber("032 221 123456"), "+49 32 …56"),
        (FaxNumber("033205 12345"), "+49 33205 …45"),
        (FaxNumber("033205 1234"), "+49 33205 …4"),
        (FaxNumber("033205 123"), "+49 33205 …"),
    ],
)
def test_an_address_is_recognizable_to_its_owner_only(
    address: Address, masked: str
) -> None:
    assert address.masked == masked


@given(address=addresses())
def test_nothing_shows_an_address_but_its_normalized_form(address: Address) -> None:
    shown = {str(address), f"{address}", address.masked}

    assert len(shown) == 1
    assert repr(address) == f"{type(address).__name__}({address.masked})"
    local, _, domain = address.normalized.partition("@")
    assert address.normalized not in repr(address)
    assert local not in address.masked.split("@")
    assert not domain or domain not in repr(address)
    assert not domain or domain.split(".")[0] not in repr(address)


@given(address=addresses())
def test_a_store_reads_back_what_it_kept(address: Address) -> None:
    assert address_from_normalized(address.kind, address.normalized) == address


def test_no_policy_is_applied_to_what_a_store_kept() -> None:
    """
    What may be entered changes with the years; what was entered stays readable.
    """
    mail = address_from_normalized(ChannelKind.EMAIL, "topp@praxis.test")
    fax = address_from_normalized(ChannelKind.FAX, "+49199312345")

    assert str(mail) == "t…p@p….test"
    assert str(fax) == "+49 …45"


@pytest.mark.parametrize(
    "normalized",
    [
        "",
        "praxis.example",
        "anmeldung@praxis",
        "anmeldung@Praxis.example",
        "anmeldung@ärzte.example",
        "müller@praxis.example",
        " anmeldung@praxis.example",
        "anmeldung@praxis.example\n",
        "anmeldung@topp@praxis.example",
        "Topp <topp@praxis.example>",
        f"a@{'p' * 60}.{'p' * 60}.{'p' * 60}.{'p' * 60}.{'p' * 60}.example",
        "+493023125001",
    ],
)
def test_a_store_cannot_give_back_a_broken_email_address(normalized: str) -> None:
    with pytest.raises(InvalidAddressError) as caught:
        address_from_normalized(ChannelKind.EMAIL, normalized)

    assert caught.value.kind == "email"
    assert not normalized or normalized not in str(caught.value)


@pytest.mark.parametrize(
    "normalized",
    [
        "",
        "03023125001",
        "+49 30 23125001",
        "+4903023125001",
        "+4930231250011111",
        "+4911",
        "+41526201234",
        "+493023125001\n",
        "anmeldung@praxis.example",
    ],
)
def test_a_store_cannot_give_back_a_broken_fax_number(normalized: str) -> None:
    with pytest.raises(InvalidAddressError) as caught:
        address_from_normalized(ChannelKind.FAX, normalized)

    assert caught.value.kind == "fax"
    assert not normalized or normalized not in str(caught.value)


@given(label=st.from_regex(r"\A(xn--)?[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?\Z"))
def test_whatever_a_store_gives_back_can_be_shown(label: str) -> None:
    """
    Also a label that only looks like one with umlauts.
    """
    address = address_from_normalized(ChannelKind.EMAIL, f"topp@{label}.example")

    assert str(address).isprintable()
    assert str(address).startswith("t…p@")
    assert str(address).endswith("….example")


def test_an_address_equals_no_other_kind_and_no_text() -> None:
    others: list[object] = [FAX, MAIL.normalized, MAIL.masked]

    assert MAIL not in others
    assert len({MAIL, FAX}) == 2


@pytest.mark.parametrize("address", [MAIL, FAX])
def test_addresses_are_frozen_and_survive_copies(address: Address) -> None:
    """
    A copy by pickle is what a transport in a process of its own receives.
    """
    assert pickle.loads(pickle.dumps(address)) == address  # noqa: S301 — just made
    assert copy.deepcopy(address) == address
    with pytest.raises(FrozenInstanceError):
        address.normalized = "topp@praxis.example"  # type: ignore[misc]  # the point


def test_importing_addresses_imports_no_parser() -> None:
    """
    Both parsers together would take a third of the time an import may take.
    """
    program = (
        "import sys, eterminservice_core.domain.address as a;"
        "a.address_from_normalized(a.ChannelKind.FAX, '+493023125001');"
        "print(sorted({'email_validator', 'phonenumbers'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
