"""
The sample practices, and what is booked and cancelled for them; the same every time.

A BSNR has no check digit, so every invented one may be somebody's.  Those here are two
of KBV's own test sites, 241234601 and 391234511 (KBV Prüfpakete), and branches of
theirs: the first seven digits, which identify the site, stay the same.  E-mail goes to
``.example`` domains (RFC 2606); telephone and fax numbers are out of the ranges that
the Bundesnetzagentur keeps for films (Mitteilung 148/2021).  Patients are KBV's test
patients, given to show that they are never kept.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import Final
from zoneinfo import ZoneInfo

from attrs import field, frozen

from ...domain.address import EmailAddress, FaxNumber
from ...domain.appointment import (
    Appointment,
    Booking,
    Cancellation,
    CancelledBy,
    Notice,
    Patient,
    Site,
    Urgency,
)
from ...domain.identifiers import BSNR, VERMITTLUNGSCODE_ALPHABET
from ...domain.practice import Contact, Practice, PracticeGroup
from ...domain.send_window import NIGHT, SendWindow


BERLIN: Final = ZoneInfo("Europe/Berlin")
#: The evenings of the five nights; in the second one the clocks go forward.
EVENINGS: Final = tuple(date(2026, 3, 27) + timedelta(days=day) for day in range(5))
#: After most digests of a night have gone out: what comes in then waits for the next.
LATE: Final = time(23, 30)
#: When bookings come in, and how much of a day's each time.
_TIMES: Final = {time(9): 0.4, time(12, 30): 0.3, time(16, 30): 0.2, LATE: 0.1}
#: Bookings of each day, Friday to Tuesday; 116117 answers on Sundays, too.
_A_DAY: Final = (90, 70, 50, 110, 90)
#: One of so many bookings is given back later.
_GIVEN_BACK: Final = 6
_SATURDAY: Final = 5
_SEED: Final = 20260329

_PATIENTS: Final = (
    "Prof. Dr. Karl-Frieder Graf Freiherr von Schaumberg",
    "Dr. Monika von Kleinjung",
    "Malta Frühstück",
    "Aufgelöst Frühstück",
)
_TREES: Final = (
    *("Ahorn", "Akazien", "Birken", "Buchen", "Eben", "Eiben", "Eichen", "Erlen"),
    *("Eschen", "Espen", "Fichten", "Flieder", "Ginster", "Hasel", "Holunder"),
    *("Kastanien", "Kiefern", "Lärchen", "Linden", "Magnolien", "Mandel", "Mispel"),
    *("Nuss", "Pappel", "Pinien", "Platanen", "Quitten", "Robinien", "Rotdorn"),
    *("Sanddorn", "Schlehen", "Tannen", "Thuja", "Ulmen", "Wacholder", "Weiden"),
    *("Weißdorn", "Zedern", "Zirben", "Zypressen"),
)
_SPECIALTIES: Final = {
    PracticeGroup.DOCTORS: ("Dermatologie", "Kardiologie", "Neurologie", "Orthopädie"),
    PracticeGroup.PSYCHOTHERAPISTS: (
        "Psychotherapeutische Sprechstunde",
        "Akutbehandlung",
        "Probatorische Sitzung",
    ),
}


class Habit(Enum):
    """
    What a practice does with its profile, and its mailbox with our mail.
    """

    #: Enters an e-mail address and types the code.
    CONFIRMS = "confirms"
    #: The same, after a wrong code.
    MISTYPES = "mistypes first"
    #: The same; its mail server asks for another try once (greylisting).
    GREYLISTS = "greylists"
    #: The same; from the third night on its mailbox does not exist any more.
    MOVES_AWAY = "moves away"
    #: Enters an e-mail address and never types the code.
    FORGETS = "forgets"
    #: Enters an e-mail address that does not exist.
    MISSPELLS = "misspells"
    #: Wants faxes, and waits for a way to send them.
    WANTS_FAX = "wants fax"
    #: Selects „Keine Benachrichtigung“.
    WANTS_NOTHING = "wants nothing"


_HABITS: Final = (
    *([Habit.CONFIRMS] * 23),
    *(Habit.MISTYPES, Habit.GREYLISTS, Habit.MOVES_AWAY, Habit.MISSPELLS),
    *([Habit.FORGETS] * 4),
    *([Habit.WANTS_FAX] * 7),
    *([Habit.WANTS_NOTHING] * 2),
)


@frozen(kw_only=True)
class SamplePractice:
    """
    A practice of the sample and what it is going to do.
    """

    practice: Practice
    habit: Habit
    email: EmailAddress | None

    @property
    def bsnr(self) -> BSNR:
        """
        Its number.
        """
        return self.practice.bsnr

    @property
    def mailbox(self) -> str:
        """
        Its e-mail address on the wire; empty if it has none.
        """
        return self.email.normalized if self.email else ""


@frozen(kw_only=True)
class Batch:
    """
    Notices that come in together.
    """

    at: datetime
    notices: tuple[Notice, ...] = field(repr=False)


@frozen(kw_only=True)
class Sample:
    """
    All of the sample: who there is, and what comes in when.
    """

    practices: tuple[SamplePractice, ...]
    batches: tuple[Batch, ...]


def sample() -> Sample:
    """
    Make the sample; it is the same every time.
    """
    chance = random.Random(_SEED)  # noqa: S311 — the same story every time
    practices = tuple(_practices(chance))
    return Sample(practices=practices, batches=_Diary(chance, practices).batches())


def at(day: date, clock: time) -> datetime:
    """
    An instant in Berlin, in UTC.
    """
    return datetime.combine(day, clock, BERLIN).astimezone(UTC)


# Practices


def _practices(chance: random.Random) -> list[SamplePractice]:
    habits = list(_HABITS)
    chance.shuffle(habits)
    return [_practice(number, habit, chance) for number, habit in enumerate(habits)]


def _practice(number: int, habit: Habit, chance: random.Random) -> SamplePractice:
    half = len(_HABITS) // 2
    branch = number % half
    if number < half:
        bsnr, group = f"2412346{branch:02}", PracticeGroup.DOCTORS
        name = f"Praxis {_TREES[number]}weg"
    else:
        bsnr, group = f"3912345{branch:02}", PracticeGroup.PSYCHOTHERAPISTS
        name = f"Psychotherapie {_TREES[number]}hof"
    register = Contact(
        fax=FaxNumber(f"030 23125 {number:03}", allow_media=True),
        phone=f"089 99998-{number:03}",
    )
    letters = "".join(chance.choice("bcdfghjklmnpqrstvwxz") for _ in range(8))
    writes = habit not in {Habit.WANTS_FAX, Habit.WANTS_NOTHING}
    return SamplePractice(
        practice=Practice(
            BSNR(bsnr), name=name, group=group, master=register, window=_window(number)
        ),
        habit=habit,
        email=EmailAddress(f"{letters}@praxis-{number:02}.example") if writes else None,
    )


def _window(number: int) -> SendWindow:
    """
    Most keep the night; some want it short, or late, across the hour that is skipped.
    """
    match number % 10:
        case 3:
            return SendWindow("19:00", "23:30")
        case 7:
            return SendWindow("01:00", "06:00")
        case _:
            return NIGHT


# Bookings and cancellations


class _Diary:
    """
    Writes five days of bookings and cancellations.
    """

    def __init__(
        self, chance: random.Random, practices: tuple[SamplePractice, ...]
    ) -> None:
        self._chance = chance
        self._practices = practices
        self._booked: list[Booking] = []
        self._count = 0

    def batches(self) -> tuple[Batch, ...]:
        """
        What comes in, in order of time.
        """
        return tuple(
            self._batch(at(day, clock), round(bookings * share))
            for day, bookings in zip(EVENINGS, _A_DAY, strict=True)
            for clock, share in _TIMES.items()
        )

    def _batch(self, instant: datetime, bookings: int) -> Batch:
        notices: list[Notice] = []
        for _ in range(bookings):
            booking = self._booking(instant)
            self._booked.append(booking)
            notices.append(booking)
            if self._chance.randrange(_GIVEN_BACK) == 0:
                notices += self._given_back(instant)
        return Batch(at=instant, notices=tuple(notices))

    def _booking(self, instant: datetime, code: str | None = None) -> Booking:
        chance, self._count = self._chance, self._count + 1
        chosen = chance.choice(self._practices).practice
        today = instant.astimezone(BERLIN).date()
        day = today + timedelta(days=chance.randint(1, 28))
        while day.weekday() >= _SATURDAY:
            day += timedelta(days=1)
        starts_at = at(day, time(chance.randint(8, 17), chance.choice((0, 20, 40))))
        slot = Appointment(
            f"t-{self._count:04}",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=chance.choice((20, 50))),
            specialty=chance.choice(_SPECIALTIES[chosen.group]),
            doctor=f"Dr. med. {chance.choice(_TREES)}",
            urgency=self._urgency(day - today),
            site=Site.VIDEO if chance.randrange(10) == 0 else Site.ON_SITE,
            code=code or self._code(),
            patient=Patient(name=chance.choice(_PATIENTS)),
        )
        return Booking(chosen.bsnr, slot, version=1)

    def _urgency(self, ahead: timedelta) -> Urgency:
        if ahead == timedelta(days=1):
            return Urgency.ACUTE
        return self._chance.choice((Urgency.URGENT, Urgency.ROUTINE))

    def _code(self) -> str:
        return "".join(
            self._chance.choice(VERMITTLUNGSCODE_ALPHABET) for _ in range(12)
        )

    def _given_back(self, instant: datetime) -> list[Notice]:
        """
        A cancellation; every third one frees a code that books another appointment.
        """
        given = self._booked.pop(self._chance.randrange(len(self._booked)))
        by = self._chance.choice(list(CancelledBy))
        cancelled = Cancellation(
            given.bsnr, given.appointment, version=2, cancelled_by=by
        )
        if self._chance.randrange(3) or given.appointment.code is None:
            return [cancelled]
        # The code of a cancelled appointment is used again (KBV test case PF-07).
        again = self._booking(instant, given.appointment.code.reveal())
        self._booked.append(again)
        return [cancelled, again]
