"""
The transport that keeps what it is given.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from eterminservice_core.domain.address import ChannelKind, FaxNumber
from eterminservice_core.domain.errors import NotFoundError, UnsupportedMessageError
from eterminservice_core.domain.message import Message, Purpose, Reason, Receipt
from eterminservice_core.transport import Deadline
from eterminservice_transports import RecordingTransport
from eterminservice_transports.recording import RECORDING, RECORDING_FAX


MakeMessage = Callable[..., Message]


def test_it_keeps_what_it_is_given(make_message: MakeMessage, ample: Deadline) -> None:
    outbox = RecordingTransport()
    first, second = make_message(id="a"), make_message(id="b")

    assert Receipt.accepted() == outbox.deliver(first, ample)
    assert Receipt.accepted() == outbox.deliver(second, ample)

    assert (first, second) == outbox.messages
    assert second == outbox.last()


def test_it_answers_as_it_is_told_and_then_accepts(
    message: Message, ample: Deadline
) -> None:
    outbox = RecordingTransport()
    outbox.answer_with(Receipt.failed(Reason.TRY_LATER), Receipt.rejected())
    outbox.answer_with(ZeroDivisionError())

    assert Receipt.failed(Reason.TRY_LATER) == outbox.deliver(message, ample)
    assert Receipt.rejected() == outbox.deliver(message, ample)
    with pytest.raises(ZeroDivisionError):
        outbox.deliver(message, ample)
    assert Receipt.accepted() == outbox.deliver(message, ample)
    assert (message,) * 4 == outbox.messages


def test_nothing_is_kept_after_the_deadline(message: Message) -> None:
    outbox = RecordingTransport()
    outbox.answer_with(Receipt.rejected())
    over = Deadline(1.0, clock=lambda: 1.0)

    assert Receipt.failed(Reason.DEADLINE) == outbox.deliver(message, over)
    assert outbox.messages == ()


def test_it_reads_the_code_out_of_the_last_confirmation(
    make_message: MakeMessage, ample: Deadline
) -> None:
    outbox = RecordingTransport()
    for text in (
        "Ihr Code:\n\n    BCDF-GHJK\n",
        "Ihr Code:\n\nLMNP-QRST\n\nNicht XXXX-XXXX.\n",
    ):
        outbox.deliver(make_message(purpose=Purpose.CONFIRMATION, text=text), ample)
    digest = make_message(text="VWXZ-VWXZ\n")
    outbox.deliver(digest, ample)

    assert outbox.last_code() == "LMNP-QRST"
    assert (digest,) == outbox.digests()
    assert len(outbox.confirmations()) == 2


def test_what_is_not_there_is_an_error(
    make_message: MakeMessage, ample: Deadline
) -> None:
    outbox = RecordingTransport()
    with pytest.raises(NotFoundError, match="message"):
        outbox.last()
    with pytest.raises(NotFoundError, match="code"):
        outbox.last_code()

    outbox.deliver(make_message(purpose=Purpose.CONFIRMATION, text="bcdf-ghjk"), ample)

    with pytest.raises(NotFoundError, match="code"):
        outbox.last_code()


def test_another_kind_of_channel_is_refused(
    make_message: MakeMessage, message: Message, ample: Deadline
) -> None:
    outbox = RecordingTransport(ChannelKind.FAX)
    fax = FaxNumber("030 23125 001", allow_media=True)

    with pytest.raises(UnsupportedMessageError):
        outbox.deliver(message, ample)
    with pytest.raises(UnsupportedMessageError):
        outbox.deliver(make_message(kind=ChannelKind.EMAIL, address=fax), ample)
    outbox.deliver(make_message(kind=ChannelKind.FAX, address=fax), ample)

    assert fax == outbox.last().address


def test_it_says_what_it_is() -> None:
    assert RecordingTransport().spec == RECORDING
    assert RecordingTransport(ChannelKind.FAX).spec == RECORDING_FAX


def test_its_repr_shows_counts_only(message: Message, ample: Deadline) -> None:
    outbox = RecordingTransport()
    outbox.deliver(message, ample)

    assert repr(outbox) == "RecordingTransport(email, messages: 1)"


def test_threads_lose_nothing(make_message: MakeMessage, ample: Deadline) -> None:
    outbox = RecordingTransport()
    outbox.answer_with(*[Receipt.rejected()] * 100)

    with ThreadPoolExecutor(8) as threads:
        receipts = list(
            threads.map(
                lambda number: outbox.deliver(make_message(id=f"a{number}"), ample),
                range(200),
            )
        )

    assert receipts.count(Receipt.rejected()) == 100
    assert {f"a{number}" for number in range(200)} == {it.id for it in outbox.messages}
