"""
What people may look at: the worklist, and why a practice has (not) been told.

The worklist is a query, never a state: nothing has to be taken off it by hand for a
notice to be due again.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping
from datetime import datetime, timedelta
from enum import Enum

from attrs import field, frozen

from .dispatch import SendingPolicy
from .domain.address import ChannelKind
from .domain.agenda import (
    TRIES_A_NIGHT,
    Due,
    Held,
    HeldReason,
    longest_wait,
    slot_of,
)
from .domain.appointment import Notice
from .domain.channel import Channel
from .domain.errors import NotFoundError
from .domain.identifiers import BSNR
from .domain.practice import Contact, Practice
from .facts import Attempt, Outlook, Waiting
from .notice_json import to_json
from .scheduling import plan
from .store import Store, Transaction


#: Practices read in one transaction.
PAGE = 200
#: Attempts shown of one practice.
RECENT = 10


class WorklistReason(Enum):
    """
    Why a notice does not reach its practice in time by itself (R10).
    """

    #: „Keine Benachrichtigung“ is selected.
    NO_CHANNEL = "no channel selected"
    #: The selected channel is not verified, and no former one is active.
    NOT_VERIFIED = "channel not verified"
    #: The far end refused the address.
    ADDRESS_REFUSED = "address refused"
    #: No transport for its kind of channel is set up here.
    NO_TRANSPORT = "no transport for the channel"
    #: The appointment begins before the next possible digest.
    TOO_SOON = "appointment begins before the next digest"
    #: Hand-overs fail night after night.
    FAILING = "hand-overs keep failing"
    #: It waits longer than the longest wait the library promises (P5).
    OVERDUE = "waits longer than it should"


_HELD = {
    HeldReason.NO_CHANNEL: WorklistReason.NO_CHANNEL,
    HeldReason.NOT_VERIFIED: WorklistReason.NOT_VERIFIED,
    HeldReason.ADDRESS_REFUSED: WorklistReason.ADDRESS_REFUSED,
    HeldReason.NO_TRANSPORT: WorklistReason.NO_TRANSPORT,
}


@frozen(kw_only=True)
class WorklistEntry:
    """
    One notice that people must tell, and why.

    Attributes:
        bsnr: The practice.
        practice_name: Its name.
        phone: Its telephone, as it wants it shown.
        notice: What it must be told.
        reason: Why it will not learn it in time by itself.
        waiting_since: When it was recorded.
    """

    bsnr: BSNR
    practice_name: str = field(repr=False)
    phone: str = field(repr=False)
    notice: Notice
    reason: WorklistReason
    waiting_since: datetime


@frozen(kw_only=True)
class Explanation:
    """
    Why a practice is, or is not, told something next (`NotificationService.why`).

    Attributes:
        practice: The practice.
        verdict: When its next digest is due, or why none is.
        outlook: What decides that: what waits, its quota, its failures.
        attempts: Its latest attempts, newest first.
        now: The store's clock.
    """

    practice: Practice
    verdict: Due | Held
    outlook: Outlook
    attempts: tuple[Attempt, ...]
    now: datetime

    @property
    def constraint(self) -> str:
        """
        What sets the time of the next digest, in a few words.
        """
        match self.verdict:
            case Held(reason):
                return reason.value
            case Due(at) if at <= self.now:
                return "it is due now"
            case Due(at) if at == self.outlook.quota_free_at:
                return "24 hours after the last digest"
            case Due(at) if at == self.outlook.retry_at:
                return "another try after a failure"
            case Due():
                return "its place in the night"


def worklist(
    store: Store, lingers: Mapping[ChannelKind, timedelta], policy: SendingPolicy
) -> list[WorklistEntry]:
    """
    Every waiting notice that will not reach its practice in time, and why (R10).

    Sorted by when the appointment is.

    Args:
        store: Where it is looked up.
        lingers: The kinds of channel that can be sent through here, and how long the
            next hop of each may linger.
        policy: How long a hand-over may take.
    """
    entries = list(_entries(store, lingers, policy))
    return sorted(
        entries,
        key=lambda entry: (
            entry.notice.appointment.starts_at,
            entry.bsnr,
            entry.notice.identity.appointment_id,
            entry.notice.version,
        ),
    )


def _entries(
    store: Store, lingers: Mapping[ChannelKind, timedelta], policy: SendingPolicy
) -> Iterator[WorklistEntry]:
    after: BSNR | None = None
    while True:
        with store.transaction() as tx:
            now = tx.now()
            page = tx.waiting_practices(after=after, limit=PAGE)
            found = [
                entry for bsnr in page for entry in _of(tx, bsnr, lingers, policy, now)
            ]
        yield from found
        if len(page) < PAGE:
            return
        after = page[-1]


def _of(
    tx: Transaction,
    bsnr: BSNR,
    lingers: Mapping[ChannelKind, timedelta],
    policy: SendingPolicy,
    now: datetime,
) -> Iterator[WorklistEntry]:
    try:
        practice = tx.practice(bsnr)
    except NotFoundError:
        return
    outlook = tx.outlook(bsnr)
    for waiting in tx.waiting(bsnr):
        reason = _reason(practice, outlook, waiting, lingers, policy, now)
        if reason is not None:
            yield WorklistEntry(
                bsnr=bsnr,
                practice_name=practice.name,
                phone=practice.public.phone,
                notice=waiting.untold.notice,
                reason=reason,
                waiting_since=waiting.recorded_at,
            )


def _reason(
    practice: Practice,
    outlook: Outlook,
    waiting: Waiting,
    lingers: Mapping[ChannelKind, timedelta],
    policy: SendingPolicy,
    now: datetime,
) -> WorklistReason | None:
    verdict = plan(practice, outlook, now)
    if isinstance(verdict, Held):
        return _HELD[verdict.reason]
    if practice.active is None or practice.active.kind not in lingers:
        return WorklistReason.NO_TRANSPORT
    if waiting.untold.notice.appointment.starts_at < verdict.at:
        return WorklistReason.TOO_SOON
    if outlook.failures >= TRIES_A_NIGHT:
        return WorklistReason.FAILING
    slot = slot_of(practice.bsnr, practice.window)
    bound = longest_wait(
        practice.window,
        slot,
        lease=policy.lease,
        lingers=lingers[practice.active.kind],
    )
    if now > waiting.recorded_at + bound:
        return WorklistReason.OVERDUE
    return None


def why(store: Store, bsnr: BSNR, kinds: Container[ChannelKind]) -> Explanation:
    """
    Everything that decides about one practice, read in one moment.

    Args:
        store: Where it is looked up.
        bsnr: The practice.
        kinds: The kinds of channel that can be sent through here.
    """
    with store.transaction() as tx:
        practice, now = tx.practice(bsnr), tx.now()
        outlook = tx.outlook(bsnr)
        verdict = plan(practice, outlook, now)
        active = practice.active
        if isinstance(verdict, Due) and active and active.kind not in kinds:
            verdict = Held(HeldReason.NO_TRANSPORT)
        return Explanation(
            practice=practice,
            verdict=verdict,
            outlook=outlook,
            attempts=tuple(tx.attempts(bsnr, limit=RECENT)),
            now=now,
        )


def export(store: Store, bsnr: BSNR) -> dict[str, object]:
    """
    All that is kept of a practice, ready for JSON; unmasked, for its owner's eyes.
    """
    with store.transaction() as tx:
        practice = tx.practice(bsnr)
        notices = tx.notices(bsnr)
        attempts = tx.attempts(bsnr, limit=1_000_000)
        channels = {"selected": practice.selected, "active": practice.active}
        return {
            "bsnr": str(practice.bsnr),
            "name": practice.name,
            "group": practice.group.value,
            "window": {
                "opens": practice.window.opens.isoformat(),
                "closes": practice.window.closes.isoformat(),
                "zone": practice.window.zone,
            },
            "contacts": {
                "register": _contact(practice.master),
                "public": _contact(practice.public),
                "notification": _contact(practice.contacts),
            },
            "channels": {
                role: _channel(channel)
                for role, channel in channels.items()
                if channel is not None
            },
            "notices": [json.loads(to_json(notice)) for notice in notices],
            "attempts": [_attempt(attempt) for attempt in attempts],
        }


def _contact(contact: Contact) -> dict[str, str]:
    entries = {
        "email": contact.email.normalized if contact.email else "",
        "fax": contact.fax.normalized if contact.fax else "",
        "phone": contact.phone,
    }
    return {key: value for key, value in entries.items() if value}


def _channel(channel: Channel) -> dict[str, str]:
    return {
        "kind": channel.kind.value,
        "address": channel.address.normalized,
        "state": channel.verification.state.value,
    }


def _attempt(attempt: Attempt) -> dict[str, str]:
    return {
        "id": attempt.id,
        "transport": attempt.transport,
        "begun_at": attempt.begun_at.isoformat(),
        "outcome": attempt.outcome.value if attempt.outcome else "begun",
    }
