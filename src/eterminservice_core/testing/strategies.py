"""
Hypothesis strategies for the values of the domain, for tests of whoever uses them.

Addresses lead nowhere: e-mail has `.example` domains (RFC 2606), fax numbers are those
the Bundesnetzagentur keeps for films.  BSNRs and LANRs have no such reserve: whatever
is drawn may be somebody's, so it stays inside the tests.

Needs Hypothesis: ``pip install hypothesis``.
"""

from __future__ import annotations

import string

from hypothesis import strategies as st

from eterminservice_core.domain.address import EmailAddress, FaxNumber
from eterminservice_core.domain.identifiers import (
    BSNR,
    KV_KEYS,
    LANR,
    VERMITTLUNGSCODE_ALPHABET,
    Vermittlungscode,
)


_KEYS = sorted(key for keys in KV_KEYS.values() for key in keys)
_MEDIA_RANGES = ("+493023125", "+496990009", "+494066969", "+492214710", "+498999998")
_LETTERS = string.ascii_letters + string.digits + "_+-"
_DOMAINS = ("praxis", "praxis-am-markt", "ärzte", "mvz.süd", "xn--rzte-koa", "fußarzt")


def _digits(length: int) -> st.SearchStrategy[str]:
    return st.text(string.digits, min_size=length, max_size=length)


def bsnrs() -> st.SearchStrategy[BSNR]:
    """
    Numbers of practices, and those of hospitals and SAPV (35, 74, 75).
    """
    return st.one_of(
        st.builds("{}{}".format, st.sampled_from(_KEYS), _digits(7)),
        st.builds(
            "{}{}{}".format,
            st.sampled_from(("35", "75")),
            st.sampled_from(_KEYS),
            _digits(5),
        ),
        st.builds("74{}{}63".format, st.sampled_from(_KEYS), _digits(3)),
    ).map(BSNR)


def _checked(number: str, group: str) -> str:
    """
    A LANR out of six digits and a Fachgruppe; the check digit of KVDT rule 050.
    """
    odd = sum(int(digit) for digit in number[0::2])
    even = sum(int(digit) for digit in number[1::2])
    return f"{number}{(10 - (4 * odd + 9 * even) % 10) % 10}{group}"


def lanrs() -> st.SearchStrategy[LANR]:
    """
    Numbers of doctors; now and then a pseudo number.
    """
    return st.one_of(
        st.builds(_checked, _digits(6), _digits(2)).filter("888888800".__ne__),
        st.just("999999900"),
        st.builds("555555{}".format, _digits(3)),
        st.builds("4444444{}".format, _digits(2)),
    ).map(LANR)


def vermittlungscodes() -> st.SearchStrategy[Vermittlungscode]:
    """
    Codes of referrals.
    """
    code = st.text(VERMITTLUNGSCODE_ALPHABET, min_size=12, max_size=12)
    return code.map(Vermittlungscode)


def email_addresses() -> st.SearchStrategy[EmailAddress]:
    """
    E-mail addresses below `.example`, some with umlauts in the domain.
    """
    atom = st.text(_LETTERS, min_size=1, max_size=20)
    local = st.lists(atom, min_size=1, max_size=3).map(".".join)
    domain = st.sampled_from(_DOMAINS)
    return st.builds("{}@{}.example".format, local, domain).map(EmailAddress)


def fax_numbers() -> st.SearchStrategy[FaxNumber]:
    """
    Fax numbers out of the media ranges, which belong to nobody.
    """
    number = st.builds("{}{}".format, st.sampled_from(_MEDIA_RANGES), _digits(3))
    return number.map(lambda text: FaxNumber(text, allow_media=True))
