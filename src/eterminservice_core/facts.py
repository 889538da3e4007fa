"""
What is on record: the values that pass between a store and everybody else.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from attrs import frozen

from .domain.address import ChannelKind
from .domain.agenda import HeldReason
from .domain.digest import Untold
from .domain.identifiers import BSNR
from .domain.message import ContentProfile, Outcome, Receipt


class Recording(Enum):
    """
    What recording a notice came to.
    """

    #: It waits to be told from now on.
    NEW = "new"
    #: The very same notice was recorded before; nothing changed.
    KNOWN = "known"


@frozen(kw_only=True)
class Tally:
    """
    A count that is capped for a period from its first entry on (P6).

    Attributes:
        admitted: Whether this one was still within the limit and has been counted.
        count: How many there are in this period.
        resets_at: When the period ends.
    """

    admitted: bool
    count: int
    resets_at: datetime


@frozen
class Waiting:
    """
    A notice that waits to be told.

    Attributes:
        sequence: Its place in the practice's order; another one whenever something
            makes it wait again.
        untold: The notice and whether it is possibly known.
        recorded_at: When it was recorded.
    """

    sequence: int
    untold: Untold
    recorded_at: datetime


@frozen(kw_only=True)
class Outlook:
    """
    Everything about one practice that decides when its next digest is due.

    Attributes:
        waiting: How many notices wait.
        waiting_since: Since when the oldest of them does.
        quota_free_at: End of its last reservation that was not freed.
        retry_at: Not before this, after hand-overs that failed.
        failures: How many failed in a row.
        due_at: When its digest is due, as last scheduled.
        held: Why none is due, as last scheduled.
        leased_to: The worker that has it now, if its lease lasts.
    """

    waiting: int = 0
    waiting_since: datetime | None = None
    quota_free_at: datetime | None = None
    retry_at: datetime | None = None
    failures: int = 0
    due_at: datetime | None = None
    held: HeldReason | None = None
    leased_to: str | None = None


@frozen(kw_only=True)
class Attempt:
    """
    One call of `deliver`, on record before anything leaves (Zustellversuch).

    Attributes:
        id: Unguessable; reports are matched by it.
        bsnr: The practice.
        channel_id: The version of the address it goes to.
        kind: The kind of channel.
        transport: The transport's name.
        worker: Who carries it.
        message_id: Its own RFC 5322 Message-ID.
        profile: How much it says.
        begun_at: When it was put on record.
        deadline: No content leaves after this.
        lingers: How long the next hop may still transmit after accepting.
        receipt: What came of it; None while it is begun.
        settled_at: When that was put on record.
    """

    id: str
    bsnr: BSNR
    channel_id: str
    kind: ChannelKind
    transport: str
    worker: str
    message_id: str
    profile: ContentProfile
    begun_at: datetime
    deadline: datetime
    lingers: timedelta
    receipt: Receipt | None = None
    settled_at: datetime | None = None

    @property
    def outcome(self) -> Outcome | None:
        """
        Its outcome; None while it is begun.
        """
        return self.receipt.outcome if self.receipt else None
