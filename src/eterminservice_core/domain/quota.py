"""
The 24-hour rule (P1) as interval arithmetic: what a hand-over keeps reserved.

A hand-over reserves ``[begun_at, until)``.  The next one may begin at `until`, not
before, and never before a reservation has begun: a clock set back frees nothing.  Two
reservations of one practice are therefore disjoint, which a database can enforce.

All of it is elapsed time in UTC.  The same clock time on the next day may be 23 hours
later, and that is too soon.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from attrs import evolve, field, frozen

from .errors import InvalidValueError
from .send_window import in_utc


#: At most one hand-over in any stretch of this length (R8).
GAP: Final = timedelta(hours=24)

_NOTHING: Final = timedelta(0)


@frozen
class Reservation:
    """
    The time one hand-over keeps for itself, half-open: aware, in UTC.

    Both instants are read as one interval, so they may be given by position.

    Attributes:
        begun_at: When the hand-over began, before any byte left.
        until: From when the next may begin; `GAP` after `begun_at`, or later.

    Raises:
        InvalidValueError: It is shorter than `GAP`, or an instant is naive.
    """

    begun_at: datetime = field(converter=in_utc)
    until: datetime = field(converter=in_utc)

    def __attrs_post_init__(self) -> None:
        if self.until < self.begun_at + GAP:
            raise InvalidValueError("a reservation lasts 24 hours or longer")


def reserve(begun_at: datetime, deadline: datetime, lingers: timedelta) -> Reservation:
    """
    What a hand-over reserves as long as nobody knows what came of it.

    Args:
        begun_at: When it begins.
        deadline: After which no byte of its content leaves; not before `begun_at`.
        lingers: How long the next hop may still transmit after it took the content.

    Returns:
        ``[begun_at, deadline + lingers + 24 h)``: 24 hours from the last instant at
        which it can have reached the practice.

    Raises:
        InvalidValueError: The deadline is before the begin, `lingers` is negative, or
            an instant is naive.
    """
    begun_at, deadline = in_utc(begun_at), in_utc(deadline)
    if deadline < begun_at:
        raise InvalidValueError("a hand-over's deadline must not be before its begin")
    return Reservation(begun_at, deadline + _lasting(lingers) + GAP)


def shrunk(
    reservation: Reservation, settled_at: datetime, lingers: timedelta
) -> Reservation:
    """
    What stays reserved once a hand-over was accepted; never more than before.

    Args:
        reservation: What was reserved when it began.
        settled_at: When it was known to be accepted.  Before the begin, where the clock
            was set back meanwhile, it counts as the begin.
        lingers: How long the next hop may still transmit after it took the content.

    Returns:
        ``[begun_at, settled_at + lingers + 24 h)``, or `reservation` if that ends
        sooner.

    Raises:
        InvalidValueError: `lingers` is negative, or an instant is naive.
    """
    last_left_at = max(in_utc(settled_at), reservation.begun_at) + _lasting(lingers)
    return evolve(reservation, until=min(reservation.until, last_left_at + GAP))


def free_at(reservations: Iterable[Reservation]) -> datetime | None:
    """
    From when the next hand-over may begin; None if nothing is reserved.

    Args:
        reservations: Those of one practice that were not freed, in any order.
    """
    return max((reservation.until for reservation in reservations), default=None)


def admits(reservations: Iterable[Reservation], begun_at: datetime) -> bool:
    """
    Whether a hand-over may begin: not before the end of any reservation.

    So it is also refused where the clock went back to before one had begun.

    Args:
        reservations: Those of one practice that were not freed, in any order.
        begun_at: When it would begin.

    Raises:
        InvalidValueError: `begun_at` is naive.
    """
    begun_at = in_utc(begun_at)
    return all(begun_at >= reservation.until for reservation in reservations)


def _lasting(lingers: timedelta) -> timedelta:
    if lingers < _NOTHING:
        raise InvalidValueError("a time to linger must be zero or longer")
    return lingers
