"""
A transport that keeps what it is given: for tests, demonstrations and trying out.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

from attrs import frozen

from eterminservice_core.domain.address import ChannelKind
from eterminservice_core.domain.errors import NotFoundError, UnsupportedMessageError
from eterminservice_core.domain.message import Message, Purpose, Reason, Receipt
from eterminservice_core.transport import (
    Capabilities,
    Deadline,
    Transport,
    TransportSpec,
)


#: A confirmation code stands on a line of its own, as two groups of four letters.
_CODE_LINE: Final = re.compile(r"^\s*([A-Z]{4}-[A-Z]{4})\s*$", re.MULTILINE)


@frozen
class RecordingSettings:
    """
    There is nothing to set.
    """


class RecordingTransport:
    """
    Keeps every message in memory, and answers as it is told to.

    A message is kept whatever the answer to it was, also when the answer was raised.
    Several threads may deliver at once.

    Args:
        kind: The kind of channel it serves.
    """

    def __init__(self, kind: ChannelKind = ChannelKind.EMAIL) -> None:
        self._kind = kind
        self._lock = Lock()
        self._messages: list[Message] = []
        self._answers: deque[Receipt | Exception] = deque()

    @property
    def spec(self) -> TransportSpec[RecordingSettings]:
        """
        What is announced for this kind of channel.
        """
        return _SPECS[self._kind]

    def answer_with(self, *answers: Receipt | Exception) -> None:
        """
        Answer the next deliveries so, in this order; after them, accept again.

        Args:
            answers: Receipts to give back, exceptions to raise.
        """
        with self._lock:
            self._answers.extend(answers)

    def deliver(self, message: Message, deadline: Deadline) -> Receipt:
        """
        Keep the message, and answer what `answer_with` put first in line.

        Raises:
            UnsupportedMessageError: The message goes to another kind of channel.
        """
        if message.kind is not self._kind or message.address.kind is not self._kind:
            raise UnsupportedMessageError(
                self.spec.name, f"carries messages of kind {self._kind.value!r} only"
            )
        if deadline.is_over:
            return Receipt.failed(Reason.DEADLINE)
        with self._lock:
            self._messages.append(message)
            answer = self._answers.popleft() if self._answers else Receipt.accepted()
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def messages(self) -> tuple[Message, ...]:
        """
        Everything it was given, oldest first.
        """
        with self._lock:
            return tuple(self._messages)

    def confirmations(self) -> tuple[Message, ...]:
        """
        The messages that carry a confirmation code, oldest first.
        """
        return self._of(Purpose.CONFIRMATION)

    def digests(self) -> tuple[Message, ...]:
        """
        The messages that carry notices, oldest first.
        """
        return self._of(Purpose.DIGEST)

    def last(self) -> Message:
        """
        What it was given last.

        Raises:
            NotFoundError: Nothing was delivered yet.
        """
        if not (messages := self.messages):
            raise NotFoundError("message", "last")
        return messages[-1]

    def last_code(self) -> str:
        """
        The code in the last confirmation, such as ``BCDF-GHJK``.

        It is what someone at the practice would read off it and type in.

        Raises:
            NotFoundError: No confirmation was delivered yet, or it shows no code.
        """
        confirmations = self.confirmations()
        found = _CODE_LINE.search(confirmations[-1].text) if confirmations else None
        if found is None:
            raise NotFoundError("confirmation code", "last")
        return found[1]

    def _of(self, purpose: Purpose) -> tuple[Message, ...]:
        return tuple(it for it in self.messages if it.purpose is purpose)

    def __repr__(self) -> str:
        count = len(self.messages)
        return f"RecordingTransport({self._kind.value}, messages: {count})"


@contextmanager
def open_recording(settings: RecordingSettings) -> Iterator[Transport]:  # noqa: ARG001 — every open takes settings
    """
    A recording transport for e-mail.
    """
    yield RecordingTransport(ChannelKind.EMAIL)


@contextmanager
def open_recording_fax(settings: RecordingSettings) -> Iterator[Transport]:  # noqa: ARG001 — every open takes settings
    """
    A recording transport for faxes.
    """
    yield RecordingTransport(ChannelKind.FAX)


_CAPABILITIES: Final = Capabilities(stops_at_deadline=True)

RECORDING: Final = TransportSpec(
    "recording",
    ChannelKind.EMAIL,
    RecordingSettings,
    open=open_recording,
    capabilities=_CAPABILITIES,
)
RECORDING_FAX: Final = TransportSpec(
    "recording-fax",
    ChannelKind.FAX,
    RecordingSettings,
    open=open_recording_fax,
    capabilities=_CAPABILITIES,
)

_SPECS: Final = {spec.kind: spec for spec in (RECORDING, RECORDING_FAX)}
