"""
When the next digest is due (interim).
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from enum import Enum

from attrs import frozen

from .identifiers import BSNR
from .send_window import SendWindow


SEND_TIME = timedelta(minutes=1)
TRIES_A_NIGHT = 4


class HeldReason(Enum):
    NOTHING_PENDING = "nothing pending"
    NO_CHANNEL = "no channel selected"
    NOT_VERIFIED = "channel not verified"
    ADDRESS_REFUSED = "address refused"
    NO_TRANSPORT = "no transport"


@frozen
class Due:
    at: datetime


@frozen
class Held:
    reason: HeldReason


def slot_of(bsnr: BSNR, window: SendWindow) -> timedelta:
    early = min(window.shortest / 4, window.shortest - timedelta(hours=3))
    fraction = int.from_bytes(hashlib.sha256(str(bsnr).encode()).digest()[:4]) / 2**32
    return timedelta(seconds=int(early.total_seconds() * fraction))


def next_send(
    now: datetime,
    *,
    quota_free_at: datetime | None,
    retry_at: datetime | None,
    window: SendWindow,
    slot: timedelta,
) -> Due:
    base = max(it for it in (now, quota_free_at, retry_at) if it is not None)
    span = window.span_reaching(base)
    while True:
        at = max(base, span.opens_at + slot)
        if at <= span.closes_at - SEND_TIME:
            return Due(at)
        span = window.span_reaching(span.closes_at)


def retry_after(failures: int, now: datetime, window: SendWindow) -> datetime:
    if failures % TRIES_A_NIGHT == 0:
        return window.span_reaching(window.span_reaching(now).closes_at).opens_at
    return now + timedelta(minutes=(5, 15, 45)[failures % TRIES_A_NIGHT - 1])


def longest_wait(
    window: SendWindow, slot: timedelta, *, lease: timedelta
) -> timedelta:
    return timedelta(hours=49) + lease - (window.shortest - slot)
