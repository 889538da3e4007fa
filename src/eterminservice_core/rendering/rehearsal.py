"""
A rehearsal: contents that show every state, to try an application's templates on.

A template that fails at two o'clock in the night fails for every practice; tried on
these when the renderer is made, it fails while somebody is watching.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from ..domain.address import ChannelKind
from ..domain.appointment import Appointment, CancelledBy, Site, Urgency
from ..domain.digest import Digest, DigestLine, LineState
from ..domain.identifiers import BSNR
from ..domain.practice import PracticeGroup
from .content import ConfirmationContent, DigestContent


_NOW = datetime(2026, 3, 2, 3, tzinfo=UTC)


def confirmations() -> Iterator[ConfirmationContent]:
    """
    One for each kind of channel.
    """
    for kind in ChannelKind:
        yield ConfirmationContent(
            kind=kind,
            code="BCDF-GHJK",
            practice_name="Praxis Topp",
            group=PracticeGroup.DOCTORS,
            valid_until=_NOW + timedelta(hours=24),
        )


def digests() -> Iterator[DigestContent]:
    """
    All states at once with all that can be known, then each alone with nothing known.
    """
    alone = [DigestLine(appointment=_bare(), state=state) for state in LineState]
    for lines in [_full(), *([line] for line in alone)]:
        yield DigestContent(
            digest=Digest(tuple(lines)),
            practice_name="Praxis Topp",
            # One of KBV's test identities.
            bsnr=BSNR("391234511"),
            group=PracticeGroup.PSYCHOTHERAPISTS,
            now=_NOW,
            message_number="12345678",
        )


def _bare() -> Appointment:
    return Appointment("bare", starts_at=_NOW + timedelta(days=1))


def _full() -> list[DigestLine]:
    return [
        DigestLine(
            appointment=Appointment(
                f"full-{number}",
                starts_at=_NOW + timedelta(days=number - 1),
                ends_at=_NOW + timedelta(days=number - 1, minutes=25),
                specialty="Orthopädie",
                doctor="Dr. Monika von Kleinjung",
                urgency=Urgency.URGENT,
                site=Site.VIDEO,
                code="XN6P-F4HP-Z5KX",
            ),
            state=state,
            cancelled_by=None if state.is_on else CancelledBy.PRACTICE,
            possibly_known=True,
        )
        for number, state in enumerate(LineState)
    ]
