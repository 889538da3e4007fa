"""
eterminservice tells medical practices about appointments booked or cancelled for them.

Bookings and cancellations are collected and handed over as one digest, at most once in
any 24 hours, to an address the practice has proved to be its own.

Stores are in `eterminservice_core.storage`, transports in `eterminservice_transports`
and in anybody's package that announces some.
"""

from __future__ import annotations

from .dispatch import SendingPolicy, Settled
from .domain.address import Address, ChannelKind, EmailAddress, FaxNumber
from .domain.agenda import Due, Held, HeldReason
from .domain.appointment import (
    Appointment,
    Booking,
    Cancellation,
    CancelledBy,
    Notice,
    NoticeKind,
    Patient,
    Site,
    Urgency,
)
from .domain.channel import Channel
from .domain.codes import ConfirmationCode
from .domain.digest import Digest, DigestLine, LineState, Untold, fold
from .domain.errors import (
    ChannelLockedError,
    CodeRejectedError,
    ConfigurationError,
    ConflictError,
    DuplicateTransportError,
    EterminserviceError,
    IllegalTransitionError,
    ImplausibleClockError,
    InvalidAddressError,
    InvalidBSNRError,
    InvalidCodeError,
    InvalidLANRError,
    InvalidNoticeError,
    InvalidProfileError,
    InvalidSendWindowError,
    InvalidSettingsError,
    InvalidValueError,
    InvalidVermittlungscodeError,
    NotFoundError,
    NoticeConflictError,
    OperationError,
    PluginLoadError,
    SchemaMismatchError,
    StoreError,
    StoreUnavailableError,
    TooManyCodesError,
    TransportCrashedError,
    TransportError,
    UnknownTransportError,
    UnsupportedMessageError,
    VerificationError,
    WrongKeyError,
)
from .domain.identifiers import BSNR, LANR, Vermittlungscode
from .domain.keys import Keys
from .domain.message import (
    ContentProfile,
    DeliveryReport,
    Message,
    Outcome,
    Purpose,
    Reason,
    Receipt,
    Verdict,
)
from .domain.practice import (
    Contact,
    Effect,
    Practice,
    PracticeGroup,
    ProfileDialog,
)
from .domain.quota import Reservation
from .domain.send_window import SendWindow
from .domain.verification import Challenge, State, Step, Verification
from .facts import Attempt, Outlook, Recording, Tally, Waiting
from .hookspecs import hookimpl
from .overview import Explanation, WorklistEntry, WorklistReason
from .profile import ProfileView, SavedProfile, Selectable
from .recording import Recorded, Refused
from .registry import Origin, TransportRegistry
from .rendering import Renderer, Wording
from .service import NotificationService
from .store import Store, Transaction
from .transport import (
    Capabilities,
    Deadline,
    OpenTransport,
    Transport,
    TransportSpec,
)
from .worker import Worker


__all__ = [
    "BSNR",
    "LANR",
    "Address",
    "Appointment",
    "Attempt",
    "Booking",
    "Cancellation",
    "CancelledBy",
    "Capabilities",
    "Challenge",
    "Channel",
    "ChannelKind",
    "ChannelLockedError",
    "CodeRejectedError",
    "ConfigurationError",
    "ConfirmationCode",
    "ConflictError",
    "Contact",
    "ContentProfile",
    "Deadline",
    "DeliveryReport",
    "Digest",
    "DigestLine",
    "Due",
    "DuplicateTransportError",
    "Effect",
    "EmailAddress",
    "EterminserviceError",
    "Explanation",
    "FaxNumber",
    "Held",
    "HeldReason",
    "IllegalTransitionError",
    "ImplausibleClockError",
    "InvalidAddressError",
    "InvalidBSNRError",
    "InvalidCodeError",
    "InvalidLANRError",
    "InvalidNoticeError",
    "InvalidProfileError",
    "InvalidSendWindowError",
    "InvalidSettingsError",
    "InvalidValueError",
    "InvalidVermittlungscodeError",
    "Keys",
    "LineState",
    "Message",
    "NotFoundError",
    "Notice",
    "NoticeConflictError",
    "NoticeKind",
    "NotificationService",
    "OpenTransport",
    "OperationError",
    "Origin",
    "Outcome",
    "Outlook",
    "Patient",
    "PluginLoadError",
    "Practice",
    "PracticeGroup",
    "ProfileDialog",
    "ProfileView",
    "Purpose",
    "Reason",
    "Receipt",
    "Recorded",
    "Recording",
    "Refused",
    "Renderer",
    "Reservation",
    "SavedProfile",
    "SchemaMismatchError",
    "Selectable",
    "SendWindow",
    "SendingPolicy",
    "Settled",
    "Site",
    "State",
    "Step",
    "Store",
    "StoreError",
    "StoreUnavailableError",
    "Tally",
    "TooManyCodesError",
    "Transaction",
    "Transport",
    "TransportCrashedError",
    "TransportError",
    "TransportRegistry",
    "TransportSpec",
    "UnknownTransportError",
    "UnsupportedMessageError",
    "Untold",
    "Urgency",
    "Verdict",
    "Verification",
    "VerificationError",
    "Vermittlungscode",
    "Waiting",
    "Wording",
    "Worker",
    "WorklistEntry",
    "WorklistReason",
    "WrongKeyError",
    "fold",
    "hookimpl",
]
