"""
Dates and times as a German reads them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from eterminservice_core.domain.errors import InvalidValueError
from eterminservice_core.rendering.german import moment, span


BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = datetime.fromisoformat("2026-03-01T23:10Z")


@pytest.mark.parametrize(
    ("instant", "shown"),
    [
        ("2026-03-02T08:30+00:00", "Mo., 02.03.2026, 09:30 Uhr"),
        ("2026-03-28T23:30+00:00", "So., 29.03.2026, 00:30 Uhr"),
        ("2026-03-29T01:00+00:00", "So., 29.03.2026, 03:00 Uhr"),
        ("2026-10-24T23:30+00:00", "So., 25.10.2026, 01:30 Uhr"),
        ("2026-10-25T01:00+00:00", "So., 25.10.2026, 02:00 Uhr"),
        ("2026-07-01T06:05+00:00", "Mi., 01.07.2026, 08:05 Uhr"),
    ],
)
def test_times_are_berlin_wall_time_on_both_sides_of_a_clock_change(
    instant: str, shown: str
) -> None:
    assert moment(datetime.fromisoformat(instant), BERLIN) == shown


@pytest.mark.parametrize(
    ("day", "word"), list(enumerate(["Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa.", "So."]))
)
def test_every_weekday_has_its_german_name(day: int, word: str) -> None:
    monday = datetime.fromisoformat("2026-03-02T12:00+01:00")

    assert moment(monday + timedelta(days=day), BERLIN).startswith(word)


def test_an_appointment_over_midnight_names_both_days() -> None:
    starts_at = datetime.fromisoformat("2026-03-02T23:30+01:00")

    shown = span(starts_at, starts_at + timedelta(hours=1), BERLIN)

    assert shown == "Mo., 02.03.2026, 23:30 Uhr, bis Di., 03.03.2026, 00:30 Uhr"


def test_a_time_without_an_offset_is_refused_not_guessed() -> None:
    naive = NIGHT.replace(tzinfo=None)

    with pytest.raises(InvalidValueError, match="offset from UTC"):
        moment(naive, BERLIN)
