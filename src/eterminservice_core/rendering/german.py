"""
What a German reads: dates, times, counts and the words for our values.

The tables are our own: the `locale` module depends on what a machine has installed and
changes the whole process.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from ..domain.address import ChannelKind
from ..domain.appointment import CancelledBy, Urgency
from ..domain.digest import LineState
from ..domain.errors import InvalidValueError


#: Monday first, as `datetime.weekday` counts.
WEEKDAYS = ("Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa.", "So.")


def one_line(text: str) -> str:
    r"""
    Composed characters (NFC), no control characters, single spaces.

    >>> one_line(" Praxis \r\n Töpp ")
    'Praxis Töpp'
    """
    spaced = "".join(c if c.isprintable() else " " for c in text)
    return unicodedata.normalize("NFC", " ".join(spaced.split()))


def counted(number: int, singular: str, plural: str) -> str:
    """
    A number and its word.

    >>> counted(1, "Absage", "Absagen"), counted(3, "Absage", "Absagen")
    ('1 Absage', '3 Absagen')
    """
    return f"{number} {singular if number == 1 else plural}"


def _local(instant: datetime, zone: ZoneInfo) -> datetime:
    if instant.utcoffset() is None:
        raise InvalidValueError("a time needs an offset from UTC to be shown")
    return instant.astimezone(zone)


def _day(local: datetime) -> str:
    return f"{WEEKDAYS[local.weekday()]}, {local:%d.%m.}{local.year:04}"


def moment(instant: datetime, zone: ZoneInfo) -> str:
    """
    An instant as wall time.

    >>> moment(datetime.fromisoformat("2026-03-02T08:30Z"), ZoneInfo("Europe/Berlin"))
    'Mo., 02.03.2026, 09:30 Uhr'
    """
    local = _local(instant, zone)
    return f"{_day(local)}, {local:%H:%M} Uhr"


def span(starts_at: datetime, ends_at: datetime | None, zone: ZoneInfo) -> str:
    """
    An appointment's time; both days are named where it ends on another one.

    >>> start = datetime.fromisoformat("2026-03-02T08:30Z")
    >>> span(start, start.replace(minute=55), ZoneInfo("Europe/Berlin"))
    'Mo., 02.03.2026, 09:30–09:55 Uhr'
    """
    if ends_at is None:
        return moment(starts_at, zone)
    start, end = _local(starts_at, zone), _local(ends_at, zone)
    if start.date() != end.date():
        return f"{moment(starts_at, zone)}, bis {moment(ends_at, zone)}"
    return f"{_day(start)}, {start:%H:%M}–{end:%H:%M} Uhr"


def state_words(state: LineState) -> str:
    """
    What became of an appointment.
    """
    match state:
        case LineState.BOOKED:
            words = "neu gebucht"
        case LineState.CANCELLED:
            words = "abgesagt"
        case LineState.BOOKED_AND_CANCELLED:
            words = "gebucht und wieder abgesagt"
        case LineState.CANCELLED_UNSEEN:
            words = "abgesagt (Buchung war nicht mitgeteilt)"
        case LineState.CANCELLED_AND_BOOKED:
            words = "abgesagt und wieder gebucht"
        case LineState.BOOKED_AGAIN:
            words = "wieder gebucht"
        case LineState.STILL_BOOKED:
            words = "weiterhin gebucht, Angaben geändert oder nachgereicht"
        case LineState.STILL_CANCELLED:
            words = "weiterhin abgesagt"
        case _:
            assert_never(state)
    return words


def canceller(cancelled_by: CancelledBy | None) -> str:
    """
    Who gave an appointment back; empty where nobody did, or nobody said.
    """
    match cancelled_by:
        case CancelledBy.PATIENT:
            return "durch Patientin oder Patient"
        case CancelledBy.PRACTICE:
            return "durch die Praxis"
        case CancelledBy.TSS:
            return "durch die Terminservicestelle"
        case CancelledBy.UNKNOWN | None:
            return ""
        case _:
            assert_never(cancelled_by)


def urgency_words(urgency: Urgency | None) -> str:
    """
    How soon the patient must be seen, in the words of the KVs' portal.
    """
    match urgency:
        case Urgency.ACUTE:
            return "akut"
        case Urgency.URGENT:
            return "dringend"
        case Urgency.ROUTINE:
            return "nicht dringend"
        case None:
            return ""
        case _:
            assert_never(urgency)


def address_noun(kind: ChannelKind) -> str:
    """
    What an address of this kind is called.
    """
    match kind:
        case ChannelKind.EMAIL:
            return "E-Mail-Adresse"
        case ChannelKind.FAX:
            return "Faxnummer"
        case _:
            assert_never(kind)
