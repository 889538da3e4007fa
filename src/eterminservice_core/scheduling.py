"""
`reschedule`: the one operation that keeps "waiting implies due, or held with a reason".

It runs under the practice's lock, in the transaction of every event that changes one of
its inputs: a notice, a confirmation, a profile, a window, a settlement, a report.  A
notice that nobody reschedules can wait for ever.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from .domain.agenda import Due, Held, HeldReason, next_send, slot_of
from .domain.errors import ImplausibleClockError
from .domain.practice import Practice
from .facts import Outlook
from .store import Transaction


#: A clock further ahead of what the store has seen needs a human's word.  A worker
#: looks at the clock at least every few minutes, so only an idle store falls behind.
LONGEST_LEAP = timedelta(days=31)
#: How stale the high-water mark may get before it is written again.
_MARK_EVERY = timedelta(minutes=1)


def reschedule(tx: Transaction, practice: Practice, now: datetime) -> Due | Held:
    """
    Put on record when this practice's next digest is due, or why none is.
    """
    verdict = plan(practice, tx.outlook(practice.bsnr), now)
    match verdict:
        case Due(at):
            tx.schedule(practice.bsnr, at, None)
        case Held(reason):
            tx.schedule(practice.bsnr, None, reason)
    return verdict


def plan(practice: Practice, outlook: Outlook, now: datetime) -> Due | Held:
    """
    When the next digest is due, or why none is; decides, keeps nothing.
    """
    if not outlook.waiting:
        return Held(HeldReason.NOTHING_PENDING)
    if practice.active is None:
        return Held(why_no_channel(practice))
    return next_send(
        now,
        quota_free_at=outlook.quota_free_at,
        retry_at=outlook.retry_at,
        window=practice.window,
        slot=slot_of(practice.bsnr, practice.window),
    )


def why_no_channel(practice: Practice) -> HeldReason:
    """
    Why a practice has no active channel.
    """
    if practice.selected is None:
        return HeldReason.NO_CHANNEL
    if practice.selected.verification.was_refused:
        return HeldReason.ADDRESS_REFUSED
    return HeldReason.NOT_VERIFIED


def deciding_now(tx: Transaction, *, mark: bool = False) -> datetime:
    """
    The store's clock, for what decides about sending; a clock that lies is refused.

    Args:
        tx: The open transaction.
        mark: Write the high-water mark in any case, as a begin does.

    Raises:
        ImplausibleClockError: It reads before what the store has seen, or far after.
    """
    now, seen = tx.now(), tx.high_water()
    if seen is not None and now < seen:
        raise ImplausibleClockError(now, seen, "nothing is sent until it has caught up")
    if seen is not None and now > seen + LONGEST_LEAP:
        advice = "if the clock is right, 'eterminservice init --accept-clock' says so"
        raise ImplausibleClockError(now, seen, advice)
    if mark or seen is None or now > seen + _MARK_EVERY:
        tx.raise_high_water(now)
    return now


def observe(tx: Transaction) -> datetime:
    """
    The store's clock, for what only keeps facts; never refuses, marks where plausible.
    """
    now, seen = tx.now(), tx.high_water()
    if seen is None or timedelta(0) < now - seen - _MARK_EVERY <= LONGEST_LEAP:
        tx.raise_high_water(now)
    return now
