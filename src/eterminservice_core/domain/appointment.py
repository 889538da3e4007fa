"""
What a practice is told about: bookings and cancellations of appointments.

A move arrives as a cancellation plus a booking: the source knows no third kind.
Identity of a notice is appointment, version and kind, never the Vermittlungscode,
which is used again after a cancellation (KBV test case PF-07).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import Enum
from typing import NamedTuple

from attrs import field, frozen

from .errors import InvalidNoticeError
from .identifiers import BSNR, LANR, Vermittlungscode


#: Characters in an appointment id; a UUID has 36.
LONGEST_ID = 200
#: What a signed 64-bit column of a database holds.
LARGEST_VERSION = 2**63 - 1
#: Feeds write 0001-01-01 or 9999-12-31 for "none".  In local time those may lie beyond
#: what `datetime` knows, and a digest that held one could never be rendered.
YEARS = range(2000, 3000)


class Urgency(Enum):
    """
    How soon the patient must be seen (KVDT field 4103).
    """

    #: Akut: within 24 hours.
    ACUTE = "acute"
    #: Dringend: within four weeks.
    URGENT = "urgent"
    #: Nicht dringend.
    ROUTINE = "routine"


class Site(Enum):
    """
    Where the patient appears.
    """

    ON_SITE = "on site"
    VIDEO = "video"


class CancelledBy(Enum):
    """
    Who gave the appointment back.
    """

    PATIENT = "patient"
    PRACTICE = "practice"
    #: The Terminservicestelle, or a KV.
    TSS = "tss"
    #: Another system, or nobody said.
    UNKNOWN = "unknown"


class NoticeKind(Enum):
    """
    The two things that can happen to an appointment.
    """

    BOOKING = "booking"
    CANCELLATION = "cancellation"


class Identity(NamedTuple):
    """
    What makes two notices of one practice the same notice.
    """

    appointment_id: str
    version: int
    kind: NoticeKind


def _instant(value: object) -> datetime:
    """
    An aware instant in UTC; naive ones are refused, not guessed.
    """
    try:
        parsed = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        problem = "a time must be ISO 8601 with an offset, like 2026-03-02T09:30+01:00"
        raise InvalidNoticeError(problem) from None
    if not isinstance(parsed, datetime) or parsed.utcoffset() is None:
        problem = "a time needs an offset from UTC, like 2026-03-02T09:30+01:00"
        raise InvalidNoticeError(problem)
    if parsed.year not in YEARS:
        raise InvalidNoticeError(
            f"a time must be in the years {YEARS.start} to {YEARS.stop - 1}; what lies"
            " outside stands for none at all"
        )
    return parsed.astimezone(UTC)


def _optional_instant(value: str | datetime | None) -> datetime | None:
    return None if value is None else _instant(value)


def _line(value: object) -> str:
    """
    One line of printable text: it may stand in a header or on a fax page.
    """
    if not isinstance(value, str) or not all(c.isprintable() for c in value):
        raise InvalidNoticeError("a text must be one line of printable characters")
    return value.strip()


def _appointment_id(value: object) -> str:
    text = _line(value)
    if not 1 <= len(text) <= LONGEST_ID:
        raise InvalidNoticeError(
            f"an appointment id must have 1 to {LONGEST_ID} characters"
        )
    return text


def _code(value: str | Vermittlungscode | None) -> Vermittlungscode | None:
    return Vermittlungscode(value) if isinstance(value, str) else value


def _lanr(value: str | LANR | None) -> LANR | None:
    return LANR(value) if isinstance(value, str) else value


@frozen(kw_only=True)
class Patient:
    """
    Who comes.  Never in an open channel; not rendered at all until KIM is there.
    """

    name: str = field(converter=_line, repr=False)
    born_on: date | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return "Patient(…)"


@frozen
class Appointment:
    """
    A slot at a time (Termin).

    Attributes:
        id: The source's own id.
        starts_at: ISO 8601 with an offset, or an aware datetime; kept in UTC.
        ends_at: The same, or None.
        specialty: Terminprofil or Fachgebiet, as the practice knows it.
        doctor: The doctor it was booked with.
        lanr: That doctor's Arztnummer.
        urgency: How soon the patient must be seen.
        site: On site or by video.
        code: The Vermittlungscode, shown masked.
        patient: Who comes; never in an open channel.
    """

    id: str = field(converter=_appointment_id)
    starts_at: datetime = field(kw_only=True, converter=_instant)
    ends_at: datetime | None = field(
        default=None, kw_only=True, converter=_optional_instant
    )
    specialty: str = field(default="", kw_only=True, converter=_line)
    doctor: str = field(default="", kw_only=True, converter=_line, repr=False)
    lanr: LANR | None = field(default=None, kw_only=True, converter=_lanr)
    urgency: Urgency | None = field(default=None, kw_only=True)
    site: Site = field(default=Site.ON_SITE, kw_only=True)
    code: Vermittlungscode | None = field(default=None, kw_only=True, converter=_code)
    patient: Patient | None = field(default=None, kw_only=True, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.ends_at is not None and self.ends_at <= self.starts_at:
            raise InvalidNoticeError("an appointment must end after it starts")


def _version(value: object) -> int:
    if type(value) is not int or not 0 <= value <= LARGEST_VERSION:
        raise InvalidNoticeError(
            f"a version must be a whole number from 0 to {LARGEST_VERSION}"
        )
    return value


@frozen
class Booking:
    """
    The fact that an appointment was taken (Buchung).

    Attributes:
        bsnr: The practice it is for.
        appointment: The slot.
        version: Rises with every change of this appointment, across both kinds.
    """

    bsnr: BSNR
    appointment: Appointment
    version: int = field(kw_only=True, converter=_version)

    @property
    def identity(self) -> Identity:
        """
        What makes two notices the same.
        """
        return Identity(self.appointment.id, self.version, NoticeKind.BOOKING)


@frozen
class Cancellation:
    """
    The fact that an appointment was given back (Absage).

    Attributes:
        bsnr: The practice it is for.
        appointment: The slot.
        version: Rises with every change of this appointment, across both kinds.
        cancelled_by: Who gave it back.
    """

    bsnr: BSNR
    appointment: Appointment
    version: int = field(kw_only=True, converter=_version)
    cancelled_by: CancelledBy = field(default=CancelledBy.UNKNOWN, kw_only=True)

    @property
    def identity(self) -> Identity:
        """
        What makes two notices the same.
        """
        return Identity(self.appointment.id, self.version, NoticeKind.CANCELLATION)


#: One thing worth telling a practice.
Notice = Booking | Cancellation
