"""
Notices as JSON: what is written can be read, and what cannot be read is named.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, strategies as st

from eterminservice_core.domain.appointment import (
    Appointment,
    Booking,
    Cancellation,
    CancelledBy,
    Notice,
    NoticeKind,
    Patient,
    Site,
    Urgency,
)
from eterminservice_core.domain.errors import InvalidNoticeError
from eterminservice_core.domain.identifiers import BSNR
from eterminservice_core.notice_json import from_json, to_json
from eterminservice_core.testing.strategies import bsnrs, lanrs, vermittlungscodes


TOPP = BSNR("391234511")
LINE: dict[str, Any] = {
    "kind": "booking",
    "bsnr": "391234511",
    "appointment": "a-1",
    "version": 3,
    "starts_at": "2026-03-02T09:30+01:00",
}
FULL = Cancellation(
    TOPP,
    Appointment(
        "a-1",
        starts_at="2026-03-02T09:30+01:00",
        ends_at="2026-03-02T09:50+01:00",
        specialty="Kinder- und Jugendärzte",
        doctor="Dr. med. Heribert Topp",
        lanr="838382202",
        urgency=Urgency.URGENT,
        site=Site.VIDEO,
        code="XN6P-F4HP-Z5KX",
    ),
    version=3,
    cancelled_by=CancelledBy.PATIENT,
)


def spelled(**changed: Any) -> str:
    """
    A line of JSON; `...` leaves a key out.
    """
    entry = {**LINE, **changed}
    return json.dumps({key: it for key, it in entry.items() if it is not ...})


def appointments() -> st.SearchStrategy[Appointment]:
    """
    Appointments with everything but a patient.
    """
    text = st.text(
        st.characters(exclude_categories=("C", "Z"), codec="utf-8"), max_size=10
    )
    instants = st.datetimes(
        datetime(2026, 3, 28),  # noqa: DTZ001 — Hypothesis adds the zone
        datetime(2026, 3, 30),  # noqa: DTZ001 — as above
        timezones=st.just(UTC),
    )
    return st.builds(
        lambda starts_at, minutes, **rest: Appointment(
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=minutes) if minutes else None,
            **rest,
        ),
        instants,
        st.integers(0, 60),
        id=text.filter(bool),
        specialty=text,
        doctor=text,
        lanr=st.none() | lanrs(),
        urgency=st.none() | st.sampled_from(Urgency),
        site=st.sampled_from(Site),
        code=st.none() | vermittlungscodes(),
    )


def notices() -> st.SearchStrategy[Notice]:
    """
    Bookings and cancellations of any practice.
    """
    version = st.integers(0, 2**63 - 1)
    return st.one_of(
        st.builds(Booking, bsnrs(), appointments(), version=version),
        st.builds(
            Cancellation,
            bsnrs(),
            appointments(),
            version=version,
            cancelled_by=st.sampled_from(CancelledBy),
        ),
    )


# Writing


@given(notice=notices())
def test_what_is_written_can_be_read_again(notice: Notice) -> None:
    written = to_json(notice)

    assert notice == from_json(written)
    assert "\n" not in written


@given(one=notices(), other=notices())
def test_two_notices_are_written_alike_only_if_they_are_the_same(
    one: Notice, other: Notice
) -> None:
    """
    A store tells a repeat from a conflict by this.
    """
    assert (one == other) == (to_json(one) == to_json(other))


def test_a_notice_is_one_line_with_sorted_keys() -> None:
    assert to_json(FULL) == (
        '{"appointment": "a-1", "bsnr": "391234511", "cancelled_by": "patient",'
        ' "code": "XN6P-F4HP-Z5KX", "doctor": "Dr. med. Heribert Topp",'
        ' "ends_at": "2026-03-02T08:50:00+00:00", "kind": "cancellation",'
        ' "lanr": "838382202", "site": "video",'
        ' "specialty": "Kinder- und Jugendärzte",'
        ' "starts_at": "2026-03-02T08:30:00+00:00", "urgency": "urgent",'
        ' "version": 3}'
    )


def test_defaults_are_left_out() -> None:
    plain = Booking(TOPP, Appointment("a-1", starts_at=LINE["starts_at"]), version=3)

    assert to_json(plain) == (
        '{"appointment": "a-1", "bsnr": "391234511", "kind": "booking",'
        ' "starts_at": "2026-03-02T08:30:00+00:00", "version": 3}'
    )


def test_another_offset_of_the_same_instant_is_written_alike() -> None:
    assert to_json(from_json(spelled(starts_at="2026-03-02T08:30Z"))) == (
        to_json(from_json(spelled()))
    )


def test_a_patient_is_never_written() -> None:
    patient = Patient(name="Frühstück, Malta", born_on=date(1980, 5, 4))
    with_patient = evolve(FULL, appointment=evolve(FULL.appointment, patient=patient))

    assert to_json(FULL) == to_json(with_patient)


def test_words_in_files_stay_as_they_are() -> None:
    """
    Files are written by others, and stores keep them for years.
    """
    assert [kind.value for kind in NoticeKind] == ["booking", "cancellation"]
    assert [urgency.value for urgency in Urgency] == ["acute", "urgent", "routine"]
    assert [site.value for site in Site] == ["on site", "video"]
    assert [who.value for who in CancelledBy] == [
        "patient",
        "practice",
        "tss",
        "unknown",
    ]


# Reading


def test_a_line_needs_five_keys_only() -> None:
    expected = Booking(TOPP, Appointment("a-1", starts_at=LINE["starts_at"]), version=3)

    assert expected == from_json(spelled())


def test_a_cancellation_may_say_who_gave_it_back() -> None:
    silent = from_json(spelled(kind="cancellation"))
    by_tss = from_json(spelled(kind="cancellation", cancelled_by="tss"))

    assert isinstance(silent, Cancellation)
    assert silent.cancelled_by is CancelledBy.UNKNOWN
    assert by_tss == evolve(silent, cancelled_by=CancelledBy.TSS)


@pytest.mark.parametrize("key", LINE)
def test_each_of_the_five_keys_is_required(key: str) -> None:
    with pytest.raises(InvalidNoticeError) as caught:
        from_json(spelled(**{key: ...}))

    assert f"required field missing @ $.{key}" == str(caught.value)


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(InvalidNoticeError) as caught:
        from_json(spelled(bsnr=391234511, version="3", site="moon", starts_at=...))

    text = str(caught.value)
    assert text.count(";") == 3
    for path in ("$.bsnr", "$.version", "$.site", "$.starts_at"):
        assert path in text


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"kind": "sale"}, "expected NoticeKind @ $.kind"),
        ({"kind": ["booking"]}, "expected NoticeKind @ $.kind"),
        ({"bsnr": 391234511}, "expected str @ $.bsnr"),
        ({"bsnr": "3912345"}, "a BSNR has nine digits"),
        ({"appointment": 7}, "expected str @ $.appointment"),
        ({"appointment": ""}, "an appointment id must have"),
        ({"version": True}, "expected int @ $.version"),
        ({"version": 3.0}, "expected int @ $.version"),
        ({"version": -1}, "a version must be a whole number"),
        ({"starts_at": 1772440200}, "expected str @ $.starts_at"),
        ({"starts_at": "2026-03-02T09:30"}, "needs an offset"),
        ({"ends_at": 5}, "$.ends_at"),
        ({"ends_at": "2026-03-02T09:30+01:00"}, "must end after it starts"),
        ({"specialty": None}, "expected str @ $.specialty"),
        ({"doctor": "Dr.\nTopp"}, "one line of printable characters"),
        ({"lanr": 838382202}, "$.lanr"),
        ({"lanr": "8,38E+08"}, "a LANR has nine digits"),
        ({"urgency": "very"}, "$.urgency"),
        ({"site": None}, "expected Site @ $.site"),
        ({"code": "XN6P"}, "a Vermittlungscode has 12"),
        ({"cancelled_by": "patient"}, "a booking has no 'cancelled_by'"),
        ({"cancelled_by": "nobody"}, "$.cancelled_by"),
        ({"patient": {"name": "Malta"}}, "extra fields found (patient) @ $"),
        ({"extra": 1}, "extra fields found (extra) @ $"),
    ],
)
def test_what_is_no_notice_is_refused_with_the_reason(
    changed: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidNoticeError) as caught:
        from_json(spelled(**changed))

    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "not a line of JSON"),
        ("{", "not a line of JSON"),
        ("kind;bsnr", "not a line of JSON"),
        ("[" * 100_000, "not a line of JSON"),
        ("7" * 10_000, "not a line of JSON"),
        ("[]", "must be a JSON object"),
        ("null", "must be a JSON object"),
        ('"booking"', "must be a JSON object"),
    ],
)
def test_what_is_no_object_of_json_is_refused(line: str, problem: str) -> None:
    with pytest.raises(InvalidNoticeError, match=problem):
        from_json(line)


@pytest.mark.parametrize(
    "key", ["kind", "bsnr", "appointment", "starts_at", "lanr", "code", "urgency"]
)
def test_no_refusal_quotes_a_value(key: str) -> None:
    secret = "Malta-\x00-Frühstück"
    with pytest.raises(InvalidNoticeError) as caught:
        from_json(spelled(**{key: secret}))

    assert "Malta" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(
    entry=st.dictionaries(
        st.sampled_from([*LINE, "ends_at", "code", "lanr", "site", "urgency", "x"]),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(allow_nan=False, allow_infinity=False),
            st.text(max_size=5),
            st.just([]),
            st.just({}),
        ),
    )
)
def test_whatever_stands_in_a_file_is_read_or_refused(entry: dict[str, Any]) -> None:
    try:
        notice = from_json(json.dumps({**LINE, **entry}))
    except InvalidNoticeError:
        return

    assert notice == from_json(to_json(notice))
