"""
The SMTP transport and time: nothing leaves after the deadline, nobody stretches it.
"""

from __future__ import annotations

import socket
import threading
from time import monotonic

import pytest
from attrs import field, frozen

from eterminservice_core.domain.message import Message, Outcome, Reason, Receipt
from eterminservice_core.transport import Deadline
from eterminservice_transports.smtp_transport import SmtpTransport

from .conftest import Hourglass
from .misbehaving import Act, MisbehavingServer, do, drip, fall_silent
from .servers import QUEUED, misbehaving, settings


@frozen
class Countdown:
    """
    A clock that stands still for some readings, and then is at the end of all time.
    """

    readings: int
    _taken: list[None] = field(factory=list)

    def __call__(self) -> float:
        self._taken.append(None)
        return 0.0 if len(self._taken) <= self.readings else 1e9


def test_at_whichever_moment_the_deadline_comes_no_content_leaves_after_it(
    message: Message,
) -> None:
    """
    From the first reading of the clock to the last, with a server that is right.

    What was complete at the server is accepted or unknown, and nothing else is; in
    particular there is no lone dot, which would be an empty mail.
    """
    outcomes: list[Outcome] = []
    while Outcome.ACCEPTED not in outcomes:
        with misbehaving({}) as (server, transport):
            countdown = Deadline(30.0, clock=Countdown(len(outcomes)))
            receipt = transport.deliver(message, countdown)
        outcomes.append(receipt.outcome)

        assert receipt.reason in {None, Reason.DEADLINE}
        assert len(server.contents) == (receipt.outcome is not Outcome.FAILED)
        assert b".\r\n" not in server.contents

    # One reading alone comes after the final dot: the one before waiting for its reply.
    # A second would be the one right before the dot, which must not leave then.
    *failed, unknown, _ = outcomes
    assert unknown is Outcome.UNKNOWN
    assert set(failed) == {Outcome.FAILED}
    assert len(failed) > 10


def test_after_its_deadline_a_message_makes_no_connection(message: Message) -> None:
    with misbehaving({}) as (server, transport):
        over = Deadline(1.0, clock=lambda: 1.0)
        assert transport.deliver(message, over) == Receipt.failed(Reason.DEADLINE)

    assert server.visits == 0


def test_a_deadline_that_comes_after_the_354_sends_no_empty_mail(
    message: Message, hourglass: Hourglass, ample: Deadline
) -> None:
    script: dict[str, list[str | Act]] = {"DATA": [do(hourglass.run_out, "354 go on")]}
    with misbehaving(script) as (server, transport):
        deadline = Deadline(30.0, clock=hourglass)
        assert transport.deliver(message, deadline) == Receipt.failed(Reason.DEADLINE)
        assert transport.deliver(message, ample) == QUEUED

    assert server.visits == 2
    assert len(server.contents) == 1
    assert b".\r\n" not in server.contents


@pytest.mark.parametrize(
    ("cue", "outcome"),
    [("greeting", Outcome.FAILED), ("EHLO", Outcome.FAILED), ("dot", Outcome.UNKNOWN)],
)
def test_a_server_that_drips_its_reply_cannot_stretch_the_deadline(
    cue: str, outcome: Outcome, message: Message
) -> None:
    reply = "250-misbehaving.example and many more words than time allows"
    with misbehaving({cue: [drip(reply, every=0.03)]}) as (_, transport):
        begun = monotonic()
        receipt = transport.deliver(message, Deadline(begun + 0.3, clock=monotonic))
        took = monotonic() - begun

    assert (receipt.outcome, receipt.reason) == (outcome, Reason.DEADLINE)
    assert 0.25 < took < 1.5


def test_a_server_that_drips_its_reply_cannot_stretch_the_timeout(
    message: Message, ample: Deadline
) -> None:
    script: dict[str, list[str | Act]] = {"EHLO": [drip("250 a" * 20, every=0.03)]}
    with misbehaving(script, timeout=0.3) as (_, transport):
        begun = monotonic()
        receipt = transport.deliver(message, ample)
        took = monotonic() - begun

    assert receipt == Receipt.failed(Reason.UNREACHABLE)
    assert 0.25 < took < 1.5


def test_whoever_waits_for_another_thread_waits_no_longer_than_its_deadline(
    message: Message, ample: Deadline
) -> None:
    reached = threading.Event()
    script: dict[str, list[str | Act]] = {"MAIL": [do(reached.set, fall_silent)]}
    with misbehaving(script, timeout=1.5) as (server, transport):
        slow = threading.Thread(target=transport.deliver, args=[message, ample])
        slow.start()
        assert reached.wait(10.0)
        begun = monotonic()
        soon = Deadline(begun + 0.1, clock=monotonic)
        assert transport.deliver(message, soon) == Receipt.failed(Reason.DEADLINE)
        took = monotonic() - begun
        slow.join()

    assert took < 1.0
    assert server.visits == 1


@pytest.mark.parametrize("cue", ["EHLO", "RCPT", "dot"])
def test_whoever_gives_up_takes_back_what_the_kernel_has_not_sent(
    cue: str, message: Message, ample: Deadline
) -> None:
    """
    A reset drops it; after an orderly close the kernel would go on trying for minutes.
    """
    with misbehaving({cue: [fall_silent]}, timeout=0.2) as (server, transport):
        transport.deliver(message, ample)

    assert server.resets == 1


def test_the_kernel_gives_up_at_the_deadline_too(message: Message) -> None:
    """
    Also when this process is dead by then: `TCP_USER_TIMEOUT` outlives it.
    """
    with MisbehavingServer() as server:
        transport = SmtpTransport(settings(server.port))
        for seconds in (5.0, 20.0, 1e12):
            deadline = Deadline(seconds, clock=lambda: 0.0)
            assert transport.deliver(message, deadline) == QUEUED
            idle = transport._idle
            assert idle is not None
            limit = idle._wire.connected.getsockopt(
                socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT
            )
            assert limit == min(seconds * 1000, 2**31 - 1)
        transport.close()
