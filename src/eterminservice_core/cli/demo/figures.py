"""
What a night came to: read from the store, and from the post office's own book.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise

from attrs import field, frozen

from ...domain.appointment import Identity
from ...domain.identifiers import BSNR
from ...domain.message import Outcome
from ...facts import Attempt
from ...overview import WorklistReason
from ...service import NotificationService
from ...store import Store
from .post_office import Mail, PostOffice


#: More attempts than any practice has in five nights.
_ALL = 1_000

#: The notices that wait, by practice, and since when.
Waiting = Mapping[BSNR, Mapping[Identity, datetime]]


@frozen(kw_only=True)
class Snapshot:
    """
    What the store holds at one moment.

    Attributes:
        waiting: The notices that wait, and since when.
        possibly_known: How many of them may be known to their practice already.
        attempts: Every attempt, by practice.
    """

    waiting: Waiting = field(repr=False)
    possibly_known: int
    attempts: Mapping[BSNR, tuple[Attempt, ...]] = field(repr=False)

    @classmethod
    def of(cls, store: Store) -> Snapshot:
        """
        Take one.
        """
        with store.transaction() as tx:
            bsnrs = tx.practices(after=None, limit=_ALL)
            waits = {bsnr: tx.waiting(bsnr) for bsnr in bsnrs}
            return cls(
                waiting={
                    bsnr: {
                        each.untold.notice.identity: each.recorded_at for each in waits
                    }
                    for bsnr, waits in waits.items()
                },
                possibly_known=sum(
                    each.untold.possibly_known
                    for waits in waits.values()
                    for each in waits
                ),
                attempts={bsnr: tuple(tx.attempts(bsnr, limit=_ALL)) for bsnr in bsnrs},
            )

    @property
    def count(self) -> int:
        """
        How many notices wait.
        """
        return sum(map(len, self.waiting.values()))


@frozen(kw_only=True)
class Night:
    """
    One night.

    Attributes:
        evening: The date on which it began.
        digests: How many the post office took.
        told: How many notices a practice was told for certain.
        repeated: How many of them were marked „ggf. bereits mitgeteilt“.
        outcomes: How the hand-overs ended.
        longest_wait: Of a notice that was told.
        waiting: How many notices wait when it is over.
    """

    evening: date
    digests: int
    told: int
    repeated: int
    outcomes: Mapping[Outcome, int]
    longest_wait: timedelta
    waiting: int


@frozen(kw_only=True)
class Leg:
    """
    A part of a night, in which nothing was recorded.
    """

    before: Snapshot
    after: Snapshot
    digests: int

    def waits(self) -> list[timedelta]:
        """
        How long each notice waited that was told in this leg.
        """
        waits = []
        for bsnr, before in self.before.waiting.items():
            still = self.after.waiting[bsnr]
            told_at = _accepted_at(self.after.attempts[bsnr])
            waits += [
                told_at - recorded_at
                for identity, recorded_at in before.items()
                if identity not in still and told_at is not None
            ]
        return waits

    def outcomes(self) -> Counter[Outcome]:
        """
        How the hand-overs of this leg ended.
        """
        return _outcomes(self.after) - _outcomes(self.before)


def _accepted_at(attempts: tuple[Attempt, ...]) -> datetime | None:
    """
    When the latest digest was handed over; attempts come newest first.
    """
    accepted = (each for each in attempts if each.outcome is Outcome.ACCEPTED)
    latest = next(accepted, None)
    return latest.settled_at if latest is not None else None


def _outcomes(snapshot: Snapshot) -> Counter[Outcome]:
    return Counter(
        attempt.outcome
        for attempts in snapshot.attempts.values()
        for attempt in attempts
        if attempt.outcome is not None
    )


def night_of(evening: date, legs: list[Leg]) -> Night:
    """
    A night out of its legs.
    """
    waits = [wait for leg in legs for wait in leg.waits()]
    marked = [leg.before.possibly_known - leg.after.possibly_known for leg in legs]
    return Night(
        evening=evening,
        digests=sum(leg.digests for leg in legs),
        told=len(waits),
        repeated=sum(max(0, each) for each in marked),
        outcomes=sum((leg.outcomes() for leg in legs), Counter[Outcome]()),
        longest_wait=max(waits, default=timedelta(0)),
        waiting=legs[-1].after.count,
    )


@frozen(kw_only=True)
class Figures:
    """
    What the five nights came to.

    Attributes:
        nights: One after another.
        recorded: How many notices were recorded.
        told: How many practices were told for certain.
        worklist: How many people must tell, by reason.
        for_next_night: How many wait for the night that comes.
        smallest_gap: Between two digests in one mailbox, as the post office saw it.
        mails: How many it took in all.
    """

    nights: tuple[Night, ...]
    recorded: int
    told: int
    worklist: Mapping[WorklistReason, int]
    for_next_night: int
    smallest_gap: timedelta
    mails: int

    @property
    def longest_wait(self) -> timedelta:
        """
        Of a notice that was told.
        """
        return max(night.longest_wait for night in self.nights)


def figures(
    service: NotificationService, office: PostOffice, nights: list[Night], recorded: int
) -> Figures:
    """
    Sum up.
    """
    worklist = Counter(entry.reason for entry in service.worklist())
    return Figures(
        nights=tuple(nights),
        recorded=recorded,
        told=sum(night.told for night in nights),
        worklist=dict(worklist.most_common()),
        for_next_night=nights[-1].waiting - worklist.total(),
        smallest_gap=_smallest_gap(office.digests()),
        mails=len(office.mails),
    )


def _smallest_gap(boxes: Mapping[str, list[Mail]]) -> timedelta:
    return min(
        later.at - earlier.at
        for digests in boxes.values()
        for earlier, later in pairwise(digests)
    )
