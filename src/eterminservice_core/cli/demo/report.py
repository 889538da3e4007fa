"""
What the story came to, for people and for programs.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.panel import Panel
from rich.text import Text

from ...domain.message import Outcome
from ..printing import print_table, say, show
from .figures import Figures, Night
from .post_office import Mail, PostOffice


def tell(figures: Figures, office: PostOffice, folder: Path) -> None:
    """
    The tables, where the mails lie, and one of them.
    """
    print_table(
        (
            *("night to", "digests", "notices told", "told again, marked"),
            *("failed", "refused", "unknown", "waiting after"),
        ),
        [_row(night) for night in figures.nights],
        title="Five nights",
    )
    print_table(("", ""), _sums(figures), title="In all")
    mail = _worth_showing(office)
    place = folder / mail.file.parent.name
    say(f"The mails lie in {place}; this one is {mail.file.name}:\n")
    body = Text(f"{mail.subject}\n\n{mail.text.replace(chr(13), '').rstrip()}")
    show(Panel.fit(body))
    say(f"\nLook around:  cd {folder}  and  eterminservice worklist")


def _row(night: Night) -> tuple[object, ...]:
    outcomes = night.outcomes
    return (
        f"{night.evening + timedelta(days=1):%a %d.%m.%Y}",
        night.digests,
        night.told,
        night.repeated,
        outcomes.get(Outcome.FAILED, 0),
        outcomes.get(Outcome.REJECTED, 0),
        outcomes.get(Outcome.UNKNOWN, 0),
        night.waiting,
    )


def _sums(figures: Figures) -> list[tuple[str, object]]:
    return [
        ("notices recorded", figures.recorded),
        ("told", figures.told),
        ("wait for the next night", figures.for_next_night),
        ("on the worklist", sum(figures.worklist.values())),
        *((f"  {reason.value}", number) for reason, number in figures.worklist.items()),
        ("longest wait of a notice that was told", spelled(figures.longest_wait)),
        ("smallest gap between two digests", spelled(figures.smallest_gap)),
        ("mails", figures.mails),
    ]


def spelled(span: timedelta) -> str:
    """
    A span in hours, minutes and seconds.

    >>> spelled(timedelta(days=1, seconds=3))
    '24 h 00 min 03 s'
    """
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min {seconds:02} s"


def _worth_showing(office: PostOffice) -> Mail:
    """
    The first digest that repeats something: it has the most to explain.
    """
    digests = [mail for mail in office.mails if mail.code is None]
    marked = (mail for mail in digests if "ggf. bereits mitgeteilt" in mail.text)
    return next(marked, digests[-1])


def as_json(figures: Figures) -> dict[str, Any]:
    """
    The figures for programs; spans in seconds.
    """
    return {
        "nights": [
            {
                "evening": night.evening.isoformat(),
                "digests": night.digests,
                "notices_told": night.told,
                "told_again": night.repeated,
                "outcomes": {
                    outcome.value: night.outcomes.get(outcome, 0) for outcome in Outcome
                },
                "longest_wait_seconds": night.longest_wait.total_seconds(),
                "waiting": night.waiting,
            }
            for night in figures.nights
        ],
        "notices_recorded": figures.recorded,
        "notices_told": figures.told,
        "worklist": {
            reason.value: number for reason, number in figures.worklist.items()
        },
        "for_next_night": figures.for_next_night,
        "longest_wait_seconds": figures.longest_wait.total_seconds(),
        "smallest_gap_seconds": figures.smallest_gap.total_seconds(),
        "mails": figures.mails,
    }
