"""
Taking bookings and cancellations in: idempotent, and nothing is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from attrs import frozen

from .domain.appointment import Notice
from .domain.errors import NotFoundError, NoticeConflictError
from .facts import Recording
from .scheduling import observe, reschedule
from .store import Transaction


@frozen(kw_only=True)
class Refused:
    """
    A notice that could not be recorded; the caller still has it.

    Attributes:
        position: Its place in what was given, from 0.
        notice: The notice.
        error: A conflict with one that is recorded, or an unknown practice.
    """

    position: int
    notice: Notice
    error: NoticeConflictError | NotFoundError


@frozen(kw_only=True)
class Recorded:
    """
    What recording several notices came to; the three together are all of them.

    Attributes:
        new: How many wait to be told from now on.
        known: How many were recorded before; nothing changed.
        refused: Those that people must look at.
    """

    new: int = 0
    known: int = 0
    refused: tuple[Refused, ...] = ()

    def __add__(self, other: Recorded) -> Recorded:
        return Recorded(
            new=self.new + other.new,
            known=self.known + other.known,
            refused=self.refused + other.refused,
        )


def record(tx: Transaction, notices: Sequence[Notice], *, first: int = 0) -> Recorded:
    """
    Record notices in one transaction; practices are locked in BSNR order.

    Args:
        tx: The open transaction, perhaps the caller's own.
        notices: In the order of the source, which is kept within a practice.
        first: Position of the first of them in what the caller was given.
    """
    now = observe(tx)
    new = known = 0
    refused: list[Refused] = []
    ordered = sorted(enumerate(notices, start=first), key=lambda it: it[1].bsnr)
    for bsnr, group in groupby(ordered, key=lambda it: it[1].bsnr):
        practice = None
        for position, notice in group:
            try:
                practice = practice or tx.practice(bsnr)
                outcome = tx.add_notice(notice)
            except (NoticeConflictError, NotFoundError) as error:
                refused.append(Refused(position=position, notice=notice, error=error))
                continue
            new += outcome is Recording.NEW
            known += outcome is Recording.KNOWN
        if practice is not None:
            reschedule(tx, practice, now)
    refused.sort(key=lambda it: it.position)
    return Recorded(new=new, known=known, refused=tuple(refused))
