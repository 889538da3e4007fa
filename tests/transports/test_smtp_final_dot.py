"""
What is known, and what is not, around the final dot.
"""

from __future__ import annotations

from typing import Any

import pytest

from eterminservice_core.domain.message import Message, Outcome, Reason, Receipt
from eterminservice_core.transport import Deadline

from .misbehaving import Act, hang_up, reset, say_and_hang_up
from .servers import QUEUED, MakeMessage, misbehaving


def test_a_reply_lost_after_the_final_dot_leaves_it_unknown_and_is_not_repeated(
    message: Message, ample: Deadline
) -> None:
    for way in (hang_up, reset, "", "25", "250-2.0.0 queued\r\nand so on"):
        with misbehaving({"dot": [way]}, timeout=0.3) as (server, transport):
            receipt = transport.deliver(message, ample)

        assert receipt.outcome is Outcome.UNKNOWN
        assert (len(server.contents), server.visits) == (1, 1)


def test_half_a_reply_after_the_final_dot_leaves_it_unknown(
    message: Message, ample: Deadline
) -> None:
    with misbehaving({"dot": [say_and_hang_up("250-2.0.0 queued")]}) as (_, transport):
        receipt = transport.deliver(message, ample)

    assert receipt == Receipt.unknown(Reason.CONNECTION_LOST)


def test_a_server_that_closes_down_after_the_final_dot_has_taken_nothing(
    message: Message, ample: Deadline
) -> None:
    """
    RFC 5321 section 4.2.1: after a 4yz the requested action did not occur.
    """
    script: dict[str, list[str | Act]] = {"dot": ["421 4.3.2 closing down"]}
    with misbehaving(script) as (server, transport):
        assert transport.deliver(message, ample) == Receipt.failed(
            Reason.TRY_LATER, "421 4.3.2"
        )
        assert transport.deliver(message, ample) == QUEUED

    assert server.visits == 2


def test_a_connection_cut_within_the_content_is_a_failure(
    make_message: MakeMessage, ample: Deadline
) -> None:
    def cut(visit: Any) -> None:
        visit.say("354 go on")
        visit.connection.recv(1)
        reset(visit)

    message = make_message(text="12345678901234567890\n" * 300_000)
    with misbehaving({"DATA": [cut]}) as (server, transport):
        receipt = transport.deliver(message, ample)

    assert receipt == Receipt.failed(Reason.CONNECTION_LOST)
    assert server.contents == []


def test_a_server_that_has_spoken_or_gone_gets_no_final_dot(
    message: Message, ample: Deadline
) -> None:
    for said, reason in (
        (say_and_hang_up("354 go on"), Reason.CONNECTION_LOST),
        ("354 go on\r\n421 4.3.2 closing down", Reason.TRY_LATER),
        ("354 go on\r\n250 2.0.0 queued", Reason.PROTOCOL),
    ):
        with misbehaving({"DATA": [said]}) as (server, transport):
            receipt = transport.deliver(message, ample)

        assert (receipt.outcome, receipt.reason) == (Outcome.FAILED, reason)
        assert server.contents == []
        # Nor is a QUIT made a part of the content.
        assert not [content for content in server.cut_contents if b"QUIT" in content]


def test_lines_that_begin_with_a_dot_are_doubled_and_end_nothing(
    make_message: MakeMessage, ample: Deadline
) -> None:
    message = make_message(text=".\n..\n.a\n\n.\n")
    with misbehaving({}) as (server, transport):
        assert transport.deliver(message, ample) == QUEUED

    (content,) = server.contents
    assert content.endswith(b"\r\n\r\n..\r\n...\r\n..a\r\n\r\n..\r\n.\r\n")


@pytest.mark.parametrize(
    "reply",
    [
        "hello there",
        "25",
        "2500 queued",
        "099 queued",
        "650 queued",
        "\u0662\u0665\u0660 queued",
        "250-queued\r\n251 queued",
        "250-queued\r\n" * 300 + "250 queued",
        "250 " + "queued " * 2_000,
        "250=queued",
    ],
)
def test_what_is_no_reply_is_never_taken_for_one(
    reply: str, message: Message, ample: Deadline
) -> None:
    with misbehaving({"dot": [reply]}) as (_, transport):
        receipt = transport.deliver(message, ample)

    assert receipt == Receipt.unknown(Reason.PROTOCOL)


@pytest.mark.parametrize(
    "reply", ["250", "250 ", "250-a\r\n250", "250 2.0.0 queued\n250 "]
)
def test_a_short_reply_is_one_too(
    reply: str, message: Message, ample: Deadline
) -> None:
    with misbehaving({"dot": [reply]}) as (_, transport):
        assert transport.deliver(message, ample).outcome is Outcome.ACCEPTED
