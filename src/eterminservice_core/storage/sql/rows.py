"""
Values of the domain as rows of the tables, and back.

An address is kept normalized and read back without applying any policy again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Row

from ...domain.address import Address, ChannelKind, address_from_normalized
from ...domain.appointment import Notice
from ...domain.channel import Channel
from ...domain.identifiers import BSNR
from ...domain.message import ContentProfile, Outcome, Reason, Receipt
from ...domain.practice import Contact, Practice, PracticeGroup
from ...domain.send_window import SendWindow
from ...domain.verification import Challenge, State, Verification
from ...facts import Attempt
from .instants import from_us, span_from_us, span_to_us, to_us


Values = dict[str, Any]

#: The parts a channel can play for its practice; often one plays both.
ROLES: Final = ("selected", "active")


# Practices


def practice_values(practice: Practice) -> Values:
    """
    A practice's profile, without its channels.
    """
    return {
        "name": practice.name,
        "practice_group": practice.group.value,
        **_contact_values("master", practice.master),
        **_contact_values("public", practice.public),
        **_contact_values("notification", practice.contacts),
        "window_opens": f"{practice.window.opens:%H:%M}",
        "window_closes": f"{practice.window.closes:%H:%M}",
        "window_zone": practice.window.zone,
        "revision": practice.revision,
        "due_kind": practice.active.kind.value if practice.active else None,
    }


def _contact_values(prefix: str, contact: Contact) -> Values:
    return {
        f"{prefix}_email": contact.email.normalized if contact.email else None,
        f"{prefix}_fax": contact.fax.normalized if contact.fax else None,
        f"{prefix}_phone": contact.phone,
    }


def channel_values(practice: Practice) -> Iterator[Values]:
    """
    The channels a practice has: one for each role that is taken.
    """
    for role, channel in zip(ROLES, (practice.selected, practice.active), strict=True):
        if channel is None:
            continue
        out = channel.verification.challenge
        yield {
            "bsnr": str(practice.bsnr),
            "role": role,
            "id": channel.id,
            "kind": channel.kind.value,
            "address": channel.address.normalized,
            "state": channel.verification.state.value,
            "code_hash": out.code_hash if out else None,
            "code_issued_at_us": to_us(out.issued_at) if out else None,
            "code_expires_at_us": to_us(out.expires_at) if out else None,
            "locked_until_us": to_us(channel.verification.locked_until),
            "was_refused": channel.verification.was_refused,
        }


def practice_from(row: Row[Any]) -> Practice:
    """
    A practice out of its row, joined with a channel for each role.
    """
    entries = row._mapping  # noqa: SLF001 — SQLAlchemy's public name for it
    return Practice(
        BSNR(entries["bsnr"]),
        name=entries["name"],
        group=PracticeGroup(entries["practice_group"]),
        master=_contact_from(entries, "master"),
        public=_contact_from(entries, "public"),
        contacts=_contact_from(entries, "notification"),
        selected=_channel_from(entries, "selected"),
        active=_channel_from(entries, "active"),
        window=SendWindow(
            entries["window_opens"], entries["window_closes"], entries["window_zone"]
        ),
        revision=entries["revision"],
    )


def _contact_from(entries: Mapping[Any, Any], prefix: str) -> Contact:
    return Contact(
        email=_address_from(ChannelKind.EMAIL, entries[f"{prefix}_email"]),
        fax=_address_from(ChannelKind.FAX, entries[f"{prefix}_fax"]),
        phone=entries[f"{prefix}_phone"],
    )


def _address_from(kind: ChannelKind, normalized: str | None) -> Any:
    return None if normalized is None else address_from_normalized(kind, normalized)


def _channel_from(entries: Mapping[Any, Any], role: str) -> Channel | None:
    channel_id = entries[f"{role}_id"]
    if channel_id is None:
        return None
    address: Address = address_from_normalized(
        ChannelKind(entries[f"{role}_kind"]), entries[f"{role}_address"]
    )
    code_hash = entries[f"{role}_code_hash"]
    out = None
    if code_hash is not None:
        out = Challenge(
            code_hash=code_hash,
            issued_at=from_us(entries[f"{role}_code_issued_at_us"]),
            expires_at=from_us(entries[f"{role}_code_expires_at_us"]),
        )
    return Channel(
        channel_id,
        address=address,
        verification=Verification(
            state=State(entries[f"{role}_state"]),
            challenge=out,
            locked_until=from_us(entries[f"{role}_locked_until_us"]),
            was_refused=bool(entries[f"{role}_was_refused"]),
        ),
    )


# Notices


def over_at_us(notice: Notice) -> int:
    """
    When a notice's appointment is over.
    """
    slot = notice.appointment
    return to_us(slot.ends_at or slot.starts_at)


# Attempts


def attempt_values(attempt: Attempt) -> Values:
    """
    An attempt as it is begun.
    """
    return {
        "id": attempt.id,
        "bsnr": str(attempt.bsnr),
        "channel_id": attempt.channel_id,
        "kind": attempt.kind.value,
        "transport": attempt.transport,
        "worker": attempt.worker,
        "message_id": attempt.message_id,
        "profile": attempt.profile.value,
        "begun_at_us": to_us(attempt.begun_at),
        "deadline_us": to_us(attempt.deadline),
        "lingers_us": span_to_us(attempt.lingers),
    }


def receipt_values(receipt: Receipt) -> Values:
    """
    What came of an attempt.
    """
    return {
        "outcome": receipt.outcome.value,
        "reason": receipt.reason.value if receipt.reason else None,
        "status": receipt.status,
    }


def attempt_from(row: Row[Any]) -> Attempt:
    """
    An attempt out of its row.
    """
    return Attempt(
        id=row.id,
        bsnr=BSNR(row.bsnr),
        channel_id=row.channel_id,
        kind=ChannelKind(row.kind),
        transport=row.transport,
        worker=row.worker,
        message_id=row.message_id,
        profile=ContentProfile(row.profile),
        begun_at=from_us(row.begun_at_us),
        deadline=from_us(row.deadline_us),
        lingers=span_from_us(row.lingers_us),
        receipt=_receipt_from(row),
        settled_at=from_us(row.settled_at_us),
    )


def _receipt_from(row: Row[Any]) -> Receipt | None:
    if row.outcome is None:
        return None
    return Receipt(
        Outcome(row.outcome),
        reason=Reason(row.reason) if row.reason else None,
        status=row.status or "",
    )
