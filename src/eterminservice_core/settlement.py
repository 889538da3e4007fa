"""
What an outcome or a report does to the notices, the reservation and the schedule.

Every function here runs inside one transaction, under the practice's lock, and ends by
rescheduling.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import assert_never

from .domain.agenda import retry_after
from .domain.errors import NotFoundError
from .domain.message import DeliveryReport, Outcome, Reason, Receipt, Verdict
from .domain.practice import Practice
from .domain.quota import Reservation, reserve, shrunk
from .facts import Attempt
from .scheduling import reschedule
from .store import Transaction


logger = logging.getLogger("eterminservice_core")

#: How long a practice waits when the fault was ours and not its address's.
OUR_FAULT_PAUSE = timedelta(minutes=10)


def settle(
    tx: Transaction, attempt: Attempt, receipt: Receipt, *, worker: str | None
) -> bool:
    """
    Put an outcome on record and do what follows from it (DESIGN section 4.4).

    Args:
        tx: The open transaction.
        attempt: The attempt, as it was begun.
        receipt: What came of it.
        worker: Whose it must still be; None for whoever recovers it.

    Returns:
        Whether it was settled by this call.  A loser's knowledge is filed as a report.
    """
    try:
        practice = tx.practice(attempt.bsnr)
    except NotFoundError:  # erased meanwhile; the reservation stays as it was begun
        return False
    now = tx.now()
    kept = _what_stays_reserved(attempt, receipt, now)
    if not tx.settle(attempt.id, worker, receipt, now=now, reservation=kept):
        _file_late(tx, practice, attempt, receipt, now)
        return False
    practice = _follow(tx, practice, attempt, receipt, now)
    _apply_reports(tx, attempt.id, receipt.outcome)
    if attempt.worker:
        tx.release(attempt.bsnr, attempt.worker)
    reschedule(tx, practice, now)
    return True


def _what_stays_reserved(
    attempt: Attempt, receipt: Receipt, now: datetime
) -> Reservation | None:
    begun = reserve(attempt.begun_at, attempt.deadline, attempt.lingers)
    match receipt.outcome:
        case Outcome.ACCEPTED:
            return shrunk(begun, now, attempt.lingers)
        case Outcome.UNKNOWN:
            return begun
        case Outcome.REJECTED | Outcome.FAILED:
            return None
        case never:
            assert_never(never)


def _follow(
    tx: Transaction,
    practice: Practice,
    attempt: Attempt,
    receipt: Receipt,
    now: datetime,
) -> Practice:
    match receipt.outcome:
        case Outcome.ACCEPTED:
            tx.mark_told(attempt.id)
            tx.note_failures(practice.bsnr, failures=0, retry_at=None)
        case Outcome.UNKNOWN:
            tx.mark_waiting(attempt.id)
            tx.note_failures(practice.bsnr, failures=0, retry_at=None)
        case Outcome.REJECTED:
            practice = practice.refused(attempt.channel_id)
            tx.save_practice(practice)
            tx.note_failures(practice.bsnr, failures=0, retry_at=None)
        case Outcome.FAILED:
            _note_failure(tx, practice, receipt.reason, now)
        case never:
            assert_never(never)
    return practice


def _note_failure(
    tx: Transaction, practice: Practice, reason: Reason | None, now: datetime
) -> None:
    """
    What speaks of the recipient is tried a bounded number of times a night.
    """
    failures = tx.outlook(practice.bsnr).failures
    if reason is not None and reason.speaks_of_us:
        retry_at = now + OUR_FAULT_PAUSE
    else:
        failures += 1
        retry_at = retry_after(failures, now, practice.window)
    tx.note_failures(practice.bsnr, failures=failures, retry_at=retry_at)


def _file_late(
    tx: Transaction,
    practice: Practice,
    attempt: Attempt,
    receipt: Receipt,
    now: datetime,
) -> None:
    """
    Recovery was faster; what the slow worker knows still counts, as a report.
    """
    match receipt.outcome:
        case Outcome.ACCEPTED:
            verdict = Verdict.DELIVERED
        case Outcome.REJECTED | Outcome.FAILED:
            verdict = Verdict.UNDELIVERED
        case Outcome.UNKNOWN:
            return
        case never:
            assert_never(never)
    known = tx.attempt(attempt.id)
    if known is None or known.outcome is None or known.receipt == receipt:
        return
    tx.add_report(DeliveryReport(attempt.id, verdict=verdict))
    _apply_reports(tx, attempt.id, known.outcome)
    reschedule(tx, practice, now)


def take_report(tx: Transaction, report: DeliveryReport, now: datetime) -> bool:
    """
    File a report, and do what it says if its attempt is settled (DESIGN section 4.5).

    Returns:
        Whether it matched an attempt; an unmatched one is parked.
    """
    attempt = tx.attempt(report.attempt_id)
    tx.add_report(report)
    if attempt is None:
        return False
    if attempt.outcome is not None:
        _apply_reports(tx, attempt.id, attempt.outcome)
        reschedule(tx, tx.practice(attempt.bsnr), now)
    return True


def _apply_reports(tx: Transaction, attempt_id: str, outcome: Outcome) -> None:
    """
    "Undelivered" outweighs "delivered": a marked repeat is better than a lost notice.

    Quota and reservation are untouched.
    """
    if outcome not in {Outcome.ACCEPTED, Outcome.UNKNOWN}:
        return
    said = tx.reports(attempt_id)
    if Verdict.UNDELIVERED in said:
        tx.mark_waiting(attempt_id)
    elif Verdict.DELIVERED in said:
        tx.mark_told(attempt_id)


def recover(tx: Transaction, now: datetime, *, limit: int) -> int:
    """
    Settle as unknown what a dead worker left after its deadline; never send it again.

    Returns:
        How many attempts that were.
    """
    overdue = sorted(tx.overdue(now, limit=limit), key=lambda attempt: attempt.bsnr)
    for attempt in overdue:
        logger.warning("attempt recovered", extra={"attempt": attempt.id})
        settle(tx, attempt, Receipt.unknown(Reason.CONNECTION_LOST), worker=None)
    return len(overdue)
