"""
Instants as the tables keep them: whole microseconds since 1970 in UTC.

A float would round; text would compare by its spelling.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, overload


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@overload
def to_us(instant: datetime) -> int: ...
@overload
def to_us(instant: datetime | None) -> int | None: ...
def to_us(instant: datetime | None) -> int | None:
    """
    An aware instant as microseconds.
    """
    return None if instant is None else (instant - _EPOCH) // _MICROSECOND


@overload
def from_us(microseconds: int) -> datetime: ...
@overload
def from_us(microseconds: int | None) -> datetime | None: ...
def from_us(microseconds: int | None) -> datetime | None:
    """
    Microseconds as an instant in UTC.
    """
    if microseconds is None:
        return None
    return _EPOCH + timedelta(microseconds=microseconds)


def span_to_us(span: timedelta) -> int:
    """
    A length of time as microseconds.
    """
    return span // _MICROSECOND


def span_from_us(microseconds: int) -> timedelta:
    """
    Microseconds as a length of time.
    """
    return timedelta(microseconds=microseconds)
