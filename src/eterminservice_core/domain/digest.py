"""
`fold`: notices become one digest, one line an appointment, nothing dropped.

Rules of this file:

1. `fold` is pure, order-free and idempotent.
2. Every pending notice is in exactly one line; no line is dropped, also when a booking
   and its cancellation meet in one night.
3. What the practice was told before decides the word, the highest version decides the
   state: a booking that comes in after its cancellation was told does not revive it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum

from attrs import field, frozen

from .appointment import Appointment, Booking, Cancellation, CancelledBy, Notice
from .errors import InvalidValueError


class LineState(Enum):
    """
    What became of an appointment, in view of what the practice knows.
    """

    #: Neu gebucht.
    BOOKED = "booked"
    #: Abgesagt; the booking was told before.
    CANCELLED = "cancelled"
    #: Gebucht und wieder abgesagt, both since the last digest.
    BOOKED_AND_CANCELLED = "booked and cancelled"
    #: Abgesagt; its booking was never seen.
    CANCELLED_UNSEEN = "cancelled, booking never seen"
    #: Abgesagt und wieder gebucht, both since the last digest.
    CANCELLED_AND_BOOKED = "cancelled and booked"
    #: Wieder gebucht; the cancellation was told before.
    BOOKED_AGAIN = "booked again"
    #: Weiterhin gebucht, with other particulars or a late notice.
    STILL_BOOKED = "still booked"
    #: Weiterhin abgesagt; a late notice changes nothing.
    STILL_CANCELLED = "still cancelled"

    @property
    def is_on(self) -> bool:
        """
        Whether the patient is to be expected.
        """
        return self in _ON


_ON = frozenset(
    {
        LineState.BOOKED,
        LineState.BOOKED_AGAIN,
        LineState.CANCELLED_AND_BOOKED,
        LineState.STILL_BOOKED,
    }
)


@frozen
class Untold:
    """
    A notice waiting to be told.

    Attributes:
        notice: The booking or cancellation.
        possibly_known: It stood in a hand-over of which nobody knows whether it
            arrived (P3).
    """

    notice: Notice
    possibly_known: bool = field(default=False, kw_only=True)


@frozen(kw_only=True)
class DigestLine:
    """
    One appointment and what became of it.

    Attributes:
        appointment: As its newest version says.
        state: Its net state.
        cancelled_by: Who gave it back, where the net state is a cancellation.
        possibly_known: Marked „ggf. bereits mitgeteilt“ (P3).
    """

    appointment: Appointment
    state: LineState
    cancelled_by: CancelledBy | None = None
    possibly_known: bool = False


@frozen
class Digest:
    """
    What one message tells: never empty (R7), sorted by appointment time.
    """

    lines: tuple[DigestLine, ...] = field()

    @lines.validator
    def _never_empty(self, _: object, lines: tuple[DigestLine, ...]) -> None:
        if not lines:
            raise InvalidValueError("a digest is never empty (R7)")

    def is_past(self, line: DigestLine, now: datetime) -> bool:
        """
        Whether the appointment passed while the notice waited; it is still told.
        """
        return line.appointment.starts_at <= now


def fold(untold: Iterable[Untold], told: Iterable[Notice] = ()) -> Digest:
    """
    Fold what waits into one digest, in view of what was told before.

    Args:
        untold: The practice's waiting notices, in any order, repeats allowed; at least
            one.
        told: Notices of the same appointments that a former digest carried.
    """
    waiting = _by_appointment(entry for entry in untold)
    known = _newest(told)
    lines = [_line(group, known.get(key)) for key, group in waiting.items()]
    return Digest(
        tuple(
            sorted(lines, key=lambda it: (it.appointment.starts_at, it.appointment.id))
        )
    )


def _by_appointment(untold: Iterable[Untold]) -> Mapping[str, list[Untold]]:
    groups: dict[str, list[Untold]] = {}
    for entry in untold:
        groups.setdefault(entry.notice.appointment.id, []).append(entry)
    return groups


def _rank(notice: Notice) -> tuple[int, bool]:
    """
    Versions rise strictly across kinds; should they not, the cancellation is newer.
    """
    return notice.version, isinstance(notice, Cancellation)


def _newest(notices: Iterable[Notice]) -> Mapping[str, Notice]:
    newest: dict[str, Notice] = {}
    for notice in notices:
        best = newest.setdefault(notice.appointment.id, notice)
        if _rank(notice) > _rank(best):
            newest[notice.appointment.id] = notice
    return newest


def _line(group: list[Untold], known: Notice | None) -> DigestLine:
    newest = max((entry.notice for entry in group), key=_rank)
    if known is not None and _rank(known) > _rank(newest):
        newest = known
    return DigestLine(
        appointment=newest.appointment,
        state=_state(newest, [entry.notice for entry in group], known),
        cancelled_by=(
            newest.cancelled_by if isinstance(newest, Cancellation) else None
        ),
        possibly_known=any(entry.possibly_known for entry in group),
    )


def _state(newest: Notice, waiting: list[Notice], known: Notice | None) -> LineState:
    """
    The word for what happened since `known`; what is older came late, and changes none.
    """
    since = [it for it in waiting if known is None or _rank(it) > _rank(known)]
    cancels = any(isinstance(notice, Cancellation) for notice in since)
    books = any(isinstance(notice, Booking) for notice in since)
    match newest, known:
        case Booking(), None:
            return LineState.CANCELLED_AND_BOOKED if cancels else LineState.BOOKED
        case Cancellation(), None:
            if books:
                return LineState.BOOKED_AND_CANCELLED
            return LineState.CANCELLED_UNSEEN
        case Booking(), Booking():
            return LineState.CANCELLED_AND_BOOKED if cancels else LineState.STILL_BOOKED
        case Booking(), Cancellation():
            return LineState.BOOKED_AGAIN
        case Cancellation(), Booking():
            return LineState.CANCELLED
        case _:
            return (
                LineState.BOOKED_AND_CANCELLED if books else LineState.STILL_CANCELLED
            )
