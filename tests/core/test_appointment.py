"""
Bookings and cancellations: what is taken, what is refused, what is never shown.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from attrs import fields
from hypothesis import given, strategies as st

from eterminservice_core.domain.appointment import (
    Appointment,
    Booking,
    Cancellation,
    CancelledBy,
    Identity,
    NoticeKind,
    Patient,
    Site,
)
from eterminservice_core.domain.errors import (
    InvalidLANRError,
    InvalidNoticeError,
    InvalidVermittlungscodeError,
)
from eterminservice_core.domain.identifiers import BSNR, LANR, Vermittlungscode


TOPP = BSNR("391234511")
STARTS = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
MARCH = "2026-03-02T09:30+01:00"


def appointment(**changed: Any) -> Appointment:
    """
    An appointment as most are, but for what a test is about.
    """
    return Appointment(**{"id": "a-1", "starts_at": MARCH, **changed})


# Times


@pytest.mark.parametrize(
    "value",
    [
        MARCH,
        "2026-03-02T09:30:00+01:00",
        "2026-03-02T08:30Z",
        "2026-03-02 08:30:00+00:00",
        "2026-03-02T04:00-04:30",
        datetime(2026, 3, 2, 9, 30, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_an_instant_is_kept_in_utc_however_it_is_spelled(value: str | datetime) -> None:
    starts_at = appointment(starts_at=value).starts_at

    assert starts_at == STARTS
    assert starts_at.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-02T09:30",
        "2026-03-02",
        datetime(2026, 3, 2, 9, 30),  # noqa: DTZ001 — naive is what is tried
        20260302,
        None,
    ],
)
def test_a_time_without_an_offset_is_refused_and_not_guessed(value: object) -> None:
    with pytest.raises(InvalidNoticeError, match="needs an offset from UTC"):
        appointment(starts_at=value)


@pytest.mark.parametrize("value", ["", "tomorrow", "02.03.2026 09:30", "2026-13-01"])
def test_what_is_no_time_is_refused_without_being_quoted(value: str) -> None:
    with pytest.raises(InvalidNoticeError, match="must be ISO 8601") as caught:
        appointment(starts_at=value)

    assert value == "" or value not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "value",
    [
        "0001-01-01T00:00Z",
        "0001-01-01T00:00+01:00",
        "1999-12-31T23:59:59Z",
        "3000-01-01T00:00Z",
        "9999-12-31T23:59Z",
        "9999-12-31T23:59-01:00",
    ],
)
def test_a_year_that_stands_for_none_is_refused(value: str) -> None:
    """
    A digest that held one could never be rendered: local time ends with year 9999.
    """
    with pytest.raises(InvalidNoticeError, match="in the years 2000 to 2999"):
        appointment(starts_at=value)


@pytest.mark.parametrize("value", ["2000-01-01T00:00Z", "2999-12-31T23:59:59Z"])
def test_the_first_and_the_last_year_pass(value: str) -> None:
    assert datetime.fromisoformat(value) == appointment(starts_at=value).starts_at


def test_an_end_is_an_instant_too() -> None:
    ends_at = appointment(ends_at="2026-03-02T09:50+01:00").ends_at

    assert datetime(2026, 3, 2, 8, 50, tzinfo=UTC) == ends_at
    assert appointment().ends_at is None


@pytest.mark.parametrize("ends_at", [MARCH, "2026-03-02T09:29:59+01:00"])
def test_an_appointment_must_end_after_it_starts(ends_at: str) -> None:
    with pytest.raises(InvalidNoticeError, match="must end after it starts"):
        appointment(ends_at=ends_at)


def test_an_appointment_may_be_a_second_long() -> None:
    ends_at = appointment(ends_at="2026-03-02T09:30:01+01:00").ends_at

    assert STARTS + timedelta(seconds=1) == ends_at


def test_an_appointment_may_start_at_midnight() -> None:
    midnight = appointment(starts_at="2026-03-02T00:00+01:00")

    assert datetime(2026, 3, 1, 23, 0, tzinfo=UTC) == midnight.starts_at


# Texts


@pytest.mark.parametrize("length", [1, 200])
def test_an_id_has_up_to_200_characters(length: int) -> None:
    assert "x" * length == appointment(id="x" * length).id


@pytest.mark.parametrize("value", ["", "   ", "x" * 201])
def test_an_id_that_is_empty_or_longer_is_refused(value: str) -> None:
    with pytest.raises(InvalidNoticeError, match="1 to 200 characters"):
        appointment(id=value)


@pytest.mark.parametrize("field", ["id", "specialty", "doctor"])
@pytest.mark.parametrize(
    "value", ["a\nBcc: b", "a\r", "a\x00", "a\u2028b", "\u202eabc", "a\x1b[2J", 7, None]
)
def test_texts_are_one_line_of_printable_characters(field: str, value: object) -> None:
    """
    They may stand in a header, on a terminal or on a fax page.
    """
    with pytest.raises(InvalidNoticeError, match="one line of printable characters"):
        appointment(**{field: value})


def test_spaces_around_a_text_are_dropped() -> None:
    slot = appointment(id=" a-1 ", specialty="  Rheumatologie ", doctor=" Dr. Topp  ")

    assert slot.id == "a-1"
    assert slot.specialty == "Rheumatologie"
    assert slot.doctor == "Dr. Topp"


# Numbers and codes


def test_a_lanr_and_a_code_may_be_given_as_text() -> None:
    slot = appointment(lanr="838382202", code="xn6p-f4hp-z5kx")

    assert slot.lanr == LANR("838382202")
    assert slot.code == Vermittlungscode("XN6PF4HPZ5KX")
    assert slot == appointment(lanr=slot.lanr, code=slot.code)


def test_a_lanr_and_a_code_may_be_missing() -> None:
    assert appointment().lanr is None
    assert appointment().code is None


def test_a_wrong_lanr_or_code_is_refused() -> None:
    with pytest.raises(InvalidLANRError):
        appointment(lanr="123456701")
    with pytest.raises(InvalidVermittlungscodeError):
        appointment(code="XN6P-F4HP-Z5K0")


# Notices


@pytest.mark.parametrize("version", [0, 1, 2**63 - 1])
@pytest.mark.parametrize("kind", [Booking, Cancellation])
def test_a_version_is_a_whole_number(
    kind: type[Booking | Cancellation], version: int
) -> None:
    assert version == kind(TOPP, appointment(), version=version).version


@pytest.mark.parametrize("version", [-1, 1.0, "1", True, None, 2**63])
@pytest.mark.parametrize("kind", [Booking, Cancellation])
def test_other_versions_are_refused(
    kind: type[Booking | Cancellation], version: Any
) -> None:
    """
    Also those that no database column holds.
    """
    with pytest.raises(InvalidNoticeError, match="a version must be a whole number"):
        kind(TOPP, appointment(), version=version)


def test_identity_is_appointment_version_and_kind() -> None:
    slot = appointment()

    assert Identity("a-1", 3, NoticeKind.BOOKING) == (
        Booking(TOPP, slot, version=3).identity
    )
    assert Identity("a-1", 3, NoticeKind.CANCELLATION) == (
        Cancellation(TOPP, slot, version=3).identity
    )


def test_the_code_is_no_part_of_identity() -> None:
    """
    It is used again after a cancellation (KBV test case PF-07).
    """
    one = Booking(TOPP, appointment(code="XN6P-F4HP-Z5KX"), version=1)
    other = Booking(TOPP, appointment(code="28QN-5AHK-VAZD"), version=1)

    assert one != other
    assert one.identity == other.identity


def test_nobody_is_named_where_nobody_said_who_cancelled() -> None:
    cancellation = Cancellation(TOPP, appointment(), version=1)

    assert cancellation.cancelled_by is CancelledBy.UNKNOWN


def test_an_appointment_is_on_site_unless_it_says_otherwise() -> None:
    assert appointment().site is Site.ON_SITE
    assert appointment(site=Site.VIDEO).site is Site.VIDEO


# What is never shown


def test_neither_patient_nor_doctor_nor_code_shows() -> None:
    patient = Patient(name="Frühstück, Malta", born_on=date(1980, 5, 4))
    slot = appointment(
        patient=patient,
        doctor="Dr. med. Heribert Topp",
        code="XN6P-F4HP-Z5KX",
        lanr="838382202",
    )

    assert str(patient) == "Patient(…)"

    for shown in (
        repr(patient),
        str(patient),
        repr(slot),
        str(slot),
        repr(Booking(TOPP, slot, version=1)),
        repr(Cancellation(TOPP, slot, version=1)),
    ):
        for secret in ("Frühstück", "1980", "Topp", "F4HP", "8383822"):
            assert secret not in shown


def test_a_patients_name_is_one_line() -> None:
    with pytest.raises(InvalidNoticeError):
        Patient(name="Aufgelöst\nMonika")


@given(
    text=st.text(max_size=20),
    field=st.sampled_from(["id", "starts_at", "ends_at", "specialty", "doctor"]),
)
def test_whatever_is_typed_is_taken_or_refused_as_a_notice(
    text: str, field: str
) -> None:
    """
    Nothing but the library's own error leaves, and what is taken is one line.
    """
    with suppress(InvalidNoticeError):
        slot = appointment(**{field: text})

        assert all(
            value.isprintable()
            for it in fields(Appointment)
            if isinstance(value := getattr(slot, it.name), str)
        )


@given(text=st.text(min_size=4, max_size=20))
def test_no_refusal_of_a_time_quotes_it(text: str) -> None:
    try:
        appointment(starts_at=text)
    except InvalidNoticeError as error:
        shown = str(error)
    else:
        shown = ""

    assert text not in shown
