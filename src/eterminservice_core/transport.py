"""
The port to everything that carries messages: what a transport is and announces.

A plugin author needs this module and `eterminservice_core.domain.message`:

- write a class with one method, `deliver`, that answers with a `Receipt` for
  everything that can be expected to happen;
- announce it with a `TransportSpec`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, Generic, Protocol, TypeVar

from attrs import field, frozen

from .domain.address import ChannelKind
from .domain.message import Message, Receipt


SettingsT = TypeVar("SettingsT")

#: Seconds on a clock that only goes forward and counts suspended time too.
ElapsedClock = Callable[[], float]


@frozen
class Deadline:
    """
    The instant after which not one more byte of content may leave.

    It counts on a clock of its own, from before the attempt was put on record, so a
    wall clock that is set, or a machine that sleeps, cannot stretch it.

    Attributes:
        ends_at: Reading of `clock` at which it is over.
        clock: Seconds that only go forward.
    """

    ends_at: float
    clock: ElapsedClock = field(repr=False, kw_only=True)

    def remaining(self) -> float:
        """
        Seconds left, never below zero.

        >>> Deadline(30.0, clock=lambda: 12.5).remaining()
        17.5
        """
        return max(0.0, self.ends_at - self.clock())

    @property
    def is_over(self) -> bool:
        """
        Whether no time is left.
        """
        return self.remaining() <= 0.0


class Transport(Protocol):
    """
    Carries one message to one address.
    """

    def deliver(self, message: Message, deadline: Deadline) -> Receipt:
        """
        Hand over one message, or say why not.

        Raises:
            UnsupportedMessageError: The message cannot be carried unchanged; nothing
                left.
        """
        ...


@frozen(kw_only=True)
class Capabilities:
    """
    What a transport can and cannot promise; read by dispatch, docs and contract kit.

    Attributes:
        end_to_end_encrypted: Only the practice can read what arrives, so the full
            content profile is allowed.
        reports_later: Delivery reports may follow the receipt.
        stops_at_deadline: `deliver` never hands over content after its deadline.  A
            transport that cannot promise it runs in a process that is killed at it.
        lingers: How long the next hop may still transmit after it accepted, as a fax
            server's queue does.  The reservation is that much longer.
        longest_message: Most characters of text it can carry, or None.
    """

    end_to_end_encrypted: bool = False
    reports_later: bool = False
    stops_at_deadline: bool = False
    lingers: timedelta = timedelta(0)
    longest_message: int | None = None


@frozen
class TransportSpec(Generic[SettingsT]):
    """
    What a plugin announces: a name, a kind, how to open it, what it can promise.

    Attributes:
        name: What configuration files say, such as ``smtp``.
        kind: The kind of channel it serves.
        settings: A frozen attrs class, structured from configuration by cattrs.
        open: Makes a transport out of settings; a context manager, so that
            connections are closed.  At a module's top level, so that a process of its
            own can find it.
        capabilities: What it can promise.
        secrets: Names of settings that come from the environment or a file only.
    """

    name: str
    kind: ChannelKind
    settings: type[SettingsT]
    open: Callable[[SettingsT], AbstractContextManager[Transport]] = field(kw_only=True)
    capabilities: Capabilities = field(default=Capabilities(), kw_only=True)
    secrets: tuple[str, ...] = field(default=(), kw_only=True)


class OpenTransport(Transport, Protocol):
    """
    A transport that is open and says what it is.
    """

    @property
    def spec(self) -> TransportSpec[Any]:
        """
        What was announced.
        """
        ...
