"""
What leaves and what comes back: one message, its receipt, a later report.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import Enum
from typing import Final

from attrs import field, frozen

from .address import Address, ChannelKind
from .errors import InvalidValueError


#: A far end's status in digits, such as ``550 5.1.1``.
_STATUS: Final = re.compile(r"[0-9. ]{0,20}")


class Purpose(Enum):
    """
    What a message is for.
    """

    #: Carries a confirmation code, at once, to an address not yet verified (R6).
    CONFIRMATION = "confirmation"
    #: Carries notices, at most once in 24 hours, to a verified address (R8).
    DIGEST = "digest"


class ContentProfile(Enum):
    """
    How much a digest says (P7).
    """

    #: No patient, Vermittlungscode masked: what an open channel may carry.
    MINIMAL = "minimal"
    #: With the patient; only through a transport that encrypts end to end.
    FULL = "full"


class Outcome(Enum):
    """
    What one hand-over came to.
    """

    #: The far end took responsibility; not that anyone has read it.
    ACCEPTED = "accepted"
    #: This address will not work as it is; not that it is wrong for ever.
    REJECTED = "rejected"
    #: Nothing was handed over: no byte of content acknowledged, no page printed.
    FAILED = "failed"
    #: Nobody can tell; not that it was not delivered.
    UNKNOWN = "unknown"


class Reason(Enum):
    """
    Why a hand-over was not accepted: a closed set, safe for logs and metrics.
    """

    #: The far end says this recipient does not exist or takes no mail.
    ADDRESS_REFUSED = "address refused"
    #: The far end, or the line, asks for another try later (greylisting, busy).
    TRY_LATER = "try later"
    #: No connection to our own next hop.
    UNREACHABLE = "unreachable"
    #: Our next hop offers no encryption, or a certificate we do not trust.
    INSECURE = "insecure"
    #: Our next hop does not take our login.
    LOGIN_REFUSED = "login refused"
    #: Our next hop does not take our sender.
    SENDER_REFUSED = "sender refused"
    #: Refused for policy, size or content, which speaks of us.
    POLICY = "policy"
    #: The far end does not speak the protocol.
    PROTOCOL = "protocol"
    #: There was no time left before the deadline.
    DEADLINE = "deadline"
    #: This transport cannot carry this message unchanged.
    UNSUPPORTED = "unsupported"
    #: The connection or the process ended before there was an answer.
    CONNECTION_LOST = "connection lost"
    #: The transport raised what it did not announce.
    CRASHED = "crashed"

    @property
    def speaks_of_us(self) -> bool:
        """
        Whether the fault is ours or our next hop's, not this recipient's.
        """
        return self in _SPEAKS_OF_US


_SPEAKS_OF_US = frozenset(
    {
        Reason.UNREACHABLE,
        Reason.INSECURE,
        Reason.LOGIN_REFUSED,
        Reason.SENDER_REFUSED,
        Reason.POLICY,
        Reason.PROTOCOL,
        Reason.CRASHED,
    }
)


@frozen(kw_only=True)
class Message:
    """
    One rendered message, ready for one address.

    Attributes:
        id: Unguessable id of this attempt; reports are matched by it.
        message_id: The RFC 5322 Message-ID, with angle brackets.  It belongs to this
            attempt and these very bytes, so that a receiver can drop duplicates.
        kind: The kind of channel it goes to.
        address: The one recipient.
        purpose: Confirmation or digest.
        profile: How much it says.
        created_at: The instant for the ``Date`` header; aware, UTC.
        subject: One line without personal data.
        text: The message as plain text, lines ended by a single line feed.
        html: The same as HTML, or None.
    """

    id: str
    message_id: str
    kind: ChannelKind
    address: Address
    purpose: Purpose
    profile: ContentProfile = ContentProfile.MINIMAL
    created_at: datetime
    subject: str
    text: str = field(repr=False)
    html: str | None = field(default=None, repr=False)


@frozen
class Receipt:
    """
    What the far end answered at once.

    Attributes:
        outcome: What is promised.
        reason: Why it was not accepted; None for `Outcome.ACCEPTED`.
        status: The far end's status in its own digits, such as ``550 5.1.1``; never
            its free text, which may quote the address.
    """

    outcome: Outcome
    reason: Reason | None = field(default=None, kw_only=True)
    status: str = field(default="", kw_only=True)

    @status.validator
    def _no_free_text(self, _: object, status: str) -> None:
        if not _STATUS.fullmatch(status):
            raise InvalidValueError(
                "a status is up to 20 digits, dots and spaces: the far end's free text"
                " may quote the address"
            )

    @classmethod
    def accepted(cls, status: str = "") -> Receipt:
        """
        The far end took responsibility.
        """
        return cls(Outcome.ACCEPTED, status=status)

    @classmethod
    def rejected(
        cls, reason: Reason = Reason.ADDRESS_REFUSED, status: str = ""
    ) -> Receipt:
        """
        This address will not work as it is, and no content was taken.
        """
        return cls(Outcome.REJECTED, reason=reason, status=status)

    @classmethod
    def failed(cls, reason: Reason, status: str = "") -> Receipt:
        """
        Nothing was handed over; another try may come.
        """
        return cls(Outcome.FAILED, reason=reason, status=status)

    @classmethod
    def unknown(cls, reason: Reason, status: str = "") -> Receipt:
        """
        Something may have been handed over.
        """
        return cls(Outcome.UNKNOWN, reason=reason, status=status)


class Verdict(Enum):
    """
    What a later report says of an attempt.
    """

    #: It arrived, as far as the far end can tell.
    DELIVERED = "delivered"
    #: It did not arrive, and will not.
    UNDELIVERED = "undelivered"


@frozen
class DeliveryReport:
    """
    What arrives later, if ever: a DSN, a fax job's end.  Repeats and disorder are fine.

    Attributes:
        attempt_id: The unguessable id that was set before sending.
        verdict: What it says.
    """

    attempt_id: str
    verdict: Verdict = field(kw_only=True)
