"""
The 24-hour rule as interval arithmetic (interim).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from attrs import evolve, frozen


GAP = timedelta(hours=24)


@frozen
class Reservation:
    begun_at: datetime
    until: datetime


def reserve(begun_at: datetime, deadline: datetime, lingers: timedelta) -> Reservation:
    return Reservation(begun_at, deadline + lingers + GAP)


def shrunk(
    reservation: Reservation, settled_at: datetime, lingers: timedelta
) -> Reservation:
    until = max(reservation.begun_at + GAP, settled_at + lingers + GAP)
    return evolve(reservation, until=min(reservation.until, until))


def admits(reservations: Iterable[Reservation], begun_at: datetime) -> bool:
    return all(begun_at >= reservation.until for reservation in reservations)
