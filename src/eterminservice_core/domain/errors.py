"""
Every error this library raises, as one tree.

    EterminserviceError
    ├── ConfigurationError
    │   ├── InvalidSettingsError
    │   ├── UnknownTransportError
    │   ├── DuplicateTransportError
    │   ├── PluginLoadError
    │   ├── SchemaMismatchError
    │   └── WrongKeyError
    └── OperationError
        ├── InvalidValueError
        │   ├── InvalidBSNRError
        │   ├── InvalidLANRError
        │   ├── InvalidVermittlungscodeError
        │   ├── InvalidAddressError
        │   ├── InvalidSendWindowError
        │   ├── InvalidCodeError
        │   ├── InvalidNoticeError
        │   └── InvalidProfileError
        ├── VerificationError
        │   ├── IllegalTransitionError
        │   ├── CodeRejectedError
        │   ├── TooManyCodesError
        │   └── ChannelLockedError
        ├── StoreError
        │   ├── NotFoundError
        │   ├── ConflictError
        │   │   └── NoticeConflictError
        │   ├── ImplausibleClockError
        │   └── StoreUnavailableError
        └── TransportError
            ├── UnsupportedMessageError
            └── TransportCrashedError

A `ConfigurationError` needs a human: retrying cannot help, and loops must not
swallow it.  An `OperationError` is something in the doing; a loop may catch exactly
that.  Attributes carry the facts, and no text carries an address, a code or a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime


class EterminserviceError(Exception):
    """
    The root: everything this library raises on purpose.
    """


class ConfigurationError(EterminserviceError):
    """
    A human must change something; retrying cannot help.
    """


class InvalidSettingsError(ConfigurationError):
    """
    Settings do not fit; all problems at once, each with its path, never the values.

    Attributes:
        subject: What the settings are for: a transport's name, or a file.
        problems: One sentence each, such as ``expected int @ $.port``.
    """

    def __init__(self, subject: str, problems: Sequence[str]) -> None:
        self.subject = subject
        self.problems = tuple(problems)
        super().__init__(f"settings of {subject}: " + "; ".join(problems))


class UnknownTransportError(ConfigurationError):
    """
    No installed plugin announces a transport of this name.

    Attributes:
        name: What was asked for.
        installed: The names that would have worked.
    """

    def __init__(self, name: str, installed: Sequence[str], hint: str = "") -> None:
        self.name = name
        self.installed = tuple(installed)
        listed = ", ".join(installed) or "none"
        super().__init__(f"no transport named {name!r}; installed: {listed}{hint}")


class DuplicateTransportError(ConfigurationError):
    """
    Two transports claim one name, or one channel kind.

    Attributes:
        name: The name or kind both claim.
        origins: The distributions they come from.
    """

    def __init__(self, name: str, origins: Sequence[str]) -> None:
        self.name = name
        self.origins = tuple(origins)
        super().__init__(
            f"more than one transport for {name!r}: from {' and '.join(origins)}"
        )


class PluginLoadError(ConfigurationError):
    """
    A plugin could not be loaded; the cause is kept as ``__cause__``.

    Attributes:
        plugin: The entry point's name.
        distribution: The distribution that brings it.
    """

    def __init__(self, plugin: str, distribution: str, problem: str) -> None:
        self.plugin = plugin
        self.distribution = distribution
        super().__init__(f"plugin {plugin!r} of {distribution}: {problem}")


class SchemaMismatchError(ConfigurationError):
    """
    The database's schema is not the one this release works with.

    Attributes:
        found: The revision in the database, or None for an empty one.
        expected: The revision this release needs.
    """

    def __init__(self, found: str | None, expected: str) -> None:
        self.found = found
        self.expected = expected
        super().__init__(
            f"the database is at schema {found or 'none'}, this release needs"
            f" {expected}; 'eterminservice init' upgrades an older one"
        )


class WrongKeyError(ConfigurationError):
    """
    The store was made with other keys; with these the 24-hour rule would forget.
    """


class OperationError(EterminserviceError):
    """
    Something went wrong in the doing; loops may catch exactly this.
    """


class InvalidValueError(OperationError, ValueError):
    """
    The caller gave a value that cannot be right, found at the edge.
    """


class InvalidBSNRError(InvalidValueError):
    """
    Not a Betriebsstättennummer.
    """


class InvalidLANRError(InvalidValueError):
    """
    Not a lebenslange Arztnummer.
    """


class InvalidVermittlungscodeError(InvalidValueError):
    """
    Not a Vermittlungscode.
    """


class InvalidAddressError(InvalidValueError):
    """
    Not an address notifications can be sent to.

    Attributes:
        kind: ``"email"``, ``"fax"`` or ``"kim"``.
    """

    def __init__(self, kind: str, problem: str) -> None:
        self.kind = kind
        super().__init__(problem)


class InvalidSendWindowError(InvalidValueError):
    """
    A send window that is empty, too short, or in no known time zone.
    """


class InvalidCodeError(InvalidValueError):
    """
    What was typed does not even look like a confirmation code; it costs no guess.
    """


class InvalidNoticeError(InvalidValueError):
    """
    A booking or cancellation that cannot be right.
    """


class InvalidProfileError(InvalidValueError):
    """
    A dialog that cannot be saved, such as a channel selected without an address (R3).
    """


class VerificationError(OperationError):
    """
    Something about proving an address.
    """


class IllegalTransitionError(VerificationError):
    """
    The transition table has no such step in this state.

    Attributes:
        state: The state it was in.
        step: The step that was asked for.
    """

    def __init__(self, state: str, step: str) -> None:
        self.state = state
        self.step = step
        super().__init__(f"no step {step!r} in state {state!r}")


class CodeRejectedError(VerificationError):
    """
    Wrong, expired, used or never issued: one answer for all, so that it tells nothing.

    Attributes:
        guesses_left: How many more guesses this address has today.
    """

    def __init__(self, guesses_left: int) -> None:
        self.guesses_left = guesses_left
        super().__init__(f"this code does not confirm anything; {guesses_left} left")


class TooManyCodesError(VerificationError):
    """
    This practice, or this address, was sent enough codes for now (P6).

    Attributes:
        retry_at: From when another may be asked for.
    """

    def __init__(self, retry_at: datetime) -> None:
        self.retry_at = retry_at
        super().__init__(
            "enough codes for this address or practice; the next one from"
            f" {retry_at.isoformat(timespec='minutes')}"
        )


class ChannelLockedError(VerificationError):
    """
    Too many wrong guesses for this address.

    Attributes:
        until: When guessing opens again.
    """

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__(
            "too many wrong codes for this address; locked until"
            f" {until.isoformat(timespec='minutes')}"
        )


class StoreError(OperationError):
    """
    Something about what is stored.
    """


class NotFoundError(StoreError):
    """
    Nothing of this kind under this key.

    Attributes:
        kind: What was looked for, such as ``"practice"``.
        key: The key; a BSNR or an id, never an address.
    """

    def __init__(self, kind: str, key: str) -> None:
        self.kind = kind
        self.key = key
        super().__init__(f"no {kind} {key!r}")


class ConflictError(StoreError):
    """
    Someone else was faster, or what is there says otherwise; read again.
    """


class NoticeConflictError(ConflictError):
    """
    Same appointment and version as a notice already recorded, other content.

    The first stays as it was recorded; people must look at the second.

    Attributes:
        appointment_id: The appointment both speak of.
        version: The version both claim.
    """

    def __init__(self, appointment_id: str, version: int) -> None:
        self.appointment_id = appointment_id
        self.version = version
        super().__init__(
            f"appointment {appointment_id!r} version {version} is already recorded"
            " with other content"
        )


class ImplausibleClockError(StoreError):
    """
    The clock reads before the store's high-water mark, or implausibly far after it.

    Attributes:
        reads: What the clock says.
        high_water: The latest instant the store has seen.
    """

    def __init__(self, reads: datetime, high_water: datetime, advice: str) -> None:
        self.reads = reads
        self.high_water = high_water
        super().__init__(
            f"the clock reads {reads.isoformat(timespec='seconds')}, the store has"
            f" seen {high_water.isoformat(timespec='seconds')}: {advice}"
        )


class StoreUnavailableError(StoreError):
    """
    The store does not answer, or not in time.
    """


class TransportError(OperationError):
    """
    Something about carrying a message.

    Attributes:
        transport: The transport's name.
    """

    def __init__(self, transport: str, problem: str) -> None:
        self.transport = transport
        super().__init__(f"transport {transport!r}: {problem}")


class UnsupportedMessageError(TransportError):
    """
    This transport cannot carry this message unchanged, and would have to drop data.
    """


class TransportCrashedError(TransportError):
    """
    The plugin raised what it did not announce; the cause's type is named, not quoted.
    """


for _error in [value for value in vars().values() if isinstance(value, type)]:
    if issubclass(_error, EterminserviceError):
        _error.__module__ = "eterminservice_core"
