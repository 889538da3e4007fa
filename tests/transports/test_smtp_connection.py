"""
One connection for many messages, and its end.
"""

from __future__ import annotations

from time import monotonic

import pytest

from eterminservice_core.domain.message import Message, Reason, Receipt
from eterminservice_core.transport import Deadline
from eterminservice_transports.smtp import open_smtp

from .misbehaving import (
    RIGHT,
    Act,
    MisbehavingServer,
    drip,
    fall_silent,
    hang_up,
    reset,
    say_and_hang_up,
    stop_reading,
)
from .servers import QUEUED, misbehaving, settings


@pytest.mark.parametrize(
    "death", [hang_up, reset, say_and_hang_up("421 4.4.2 idle for too long")]
)
def test_a_connection_that_died_idle_is_replaced_once(
    death: Act, message: Message, ample: Deadline
) -> None:
    with misbehaving({"MAIL": [RIGHT["MAIL"], death]}) as (server, transport):
        assert transport.deliver(message, ample) == QUEUED
        assert transport.deliver(message, ample) == QUEUED

    assert server.visits == 2
    assert len(server.contents) == 2


def test_a_connection_that_falls_silent_idle_is_replaced_once(
    message: Message, ample: Deadline
) -> None:
    script: dict[str, list[str | Act]] = {"MAIL": [RIGHT["MAIL"], fall_silent]}
    with misbehaving(script, timeout=0.3) as (server, transport):
        assert transport.deliver(message, ample) == QUEUED
        assert transport.deliver(message, ample) == QUEUED

    assert server.visits == 2


def test_a_connection_is_replaced_once_and_not_for_ever(
    message: Message, ample: Deadline
) -> None:
    script: dict[str, list[str | Act]] = {"MAIL": [RIGHT["MAIL"], hang_up, hang_up]}
    with misbehaving(script) as (server, transport):
        assert transport.deliver(message, ample) == QUEUED
        lost = Receipt.failed(Reason.CONNECTION_LOST)
        assert transport.deliver(message, ample) == lost
        assert transport.deliver(message, ample) == QUEUED

    assert server.visits == 3


@pytest.mark.parametrize("cue", ["RCPT", "DATA"])
def test_a_connection_that_dies_after_the_sender_was_taken_is_a_failure(
    cue: str, message: Message, ample: Deadline
) -> None:
    with misbehaving({cue: [RIGHT[cue], hang_up]}) as (server, transport):
        assert transport.deliver(message, ample) == QUEUED
        lost = Receipt.failed(Reason.CONNECTION_LOST)
        assert transport.deliver(message, ample) == lost

    assert server.visits == 1


def test_a_refused_recipient_does_not_cost_the_connection(
    message: Message, ample: Deadline
) -> None:
    script: dict[str, list[str | Act]] = {"RCPT": ["550 5.1.1 no such user"]}
    with misbehaving(script) as (server, transport):
        refused = Receipt.rejected(Reason.ADDRESS_REFUSED, "550 5.1.1")
        assert transport.deliver(message, ample) == refused
        assert transport.deliver(message, ample) == QUEUED
        assert transport.deliver(message, ample) == QUEUED

    assert [command.partition(" ")[0] for command in server.commands] == [
        "ehlo",
        *("MAIL", "RCPT"),
        *("RSET", "MAIL", "RCPT", "DATA"),
        *("MAIL", "RCPT", "DATA"),
        "QUIT",
    ]


def test_a_server_that_wants_no_more_on_this_connection_gets_a_new_one(
    message: Message, ample: Deadline
) -> None:
    script: dict[str, list[str | Act]] = {
        "MAIL": [RIGHT["MAIL"], "451 4.7.0 too many messages on this connection"]
    }
    with misbehaving(script) as (server, transport):
        assert transport.deliver(message, ample) == QUEUED
        later = Receipt.failed(Reason.TRY_LATER, "451 4.7.0")
        assert transport.deliver(message, ample) == later
        assert transport.deliver(message, ample) == QUEUED

    assert server.visits == 2


def test_an_interruption_leaves_no_connection_in_the_middle_of_a_message(
    message: Message, ample: Deadline
) -> None:
    def interrupted() -> float:
        if "DATA" in server.commands:
            raise KeyboardInterrupt
        return 0.0

    with misbehaving({"DATA": [drip("354 go on", every=0.01)]}) as (server, transport):
        with pytest.raises(KeyboardInterrupt):
            transport.deliver(message, Deadline(30.0, clock=interrupted))
        assert transport.deliver(message, ample) == QUEUED

    assert server.visits == 2
    assert len(server.contents) == 1


def test_it_takes_leave_when_it_is_closed(message: Message, ample: Deadline) -> None:
    with misbehaving({}) as (server, transport):
        transport.deliver(message, ample)

    assert server.commands[-1] == "QUIT"


@pytest.mark.parametrize("way", [fall_silent, stop_reading, hang_up, reset])
def test_closing_never_hangs(way: Act, message: Message, ample: Deadline) -> None:
    with MisbehavingServer({"QUIT": [way]}) as server:
        with open_smtp(settings(server.port)) as transport:
            transport.deliver(message, ample)
            begun = monotonic()
        took = monotonic() - begun

    assert took < 2.0
