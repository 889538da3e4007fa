"""
The SMTP transport against real servers: one that is right, one that misbehaves.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from time import monotonic
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from attrs import field, frozen

from eterminservice_core.domain.address import ChannelKind, EmailAddress, FaxNumber
from eterminservice_core.domain.errors import UnsupportedMessageError
from eterminservice_core.domain.message import (
    ContentProfile,
    Message,
    Outcome,
    Reason,
    Receipt,
)
from eterminservice_core.transport import Deadline, Transport
from eterminservice_transports import SmtpSettings
from eterminservice_transports.smtp import open_smtp

from .conftest import Certificates, Hourglass
from .misbehaving import (
    RIGHT,
    Act,
    MisbehavingServer,
    do,
    drip,
    fall_silent,
    hang_up,
    reset,
    say_and_hang_up,
    stop_reading,
)


MakeMessage = Callable[..., Message]
QUEUED = Receipt.accepted("250 2.0.0")


@frozen
class Arrived:
    """
    One mail at a server that is right, and what it knows about who brought it.
    """

    envelope: Envelope
    peer: object
    encrypted: bool
    login: object


class Relay(Controller):
    """
    A server that is right, on a free port of the loopback.
    """

    def __init__(self, **options: Any) -> None:
        self.arrived: list[Arrived] = []
        super().__init__(self, hostname="127.0.0.1", port=0, **options)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()

    async def handle_DATA(  # noqa: N802 — aiosmtpd's name
        self, _server: object, session: Session, envelope: Envelope
    ) -> str:
        self.arrived.append(
            Arrived(
                envelope,
                session.peer,
                session.ssl is not None or self.ssl_context is not None,
                session.auth_data,
            )
        )
        return "250 2.0.0 queued"


@contextmanager
def relay(**options: Any) -> Iterator[Relay]:
    running = Relay(**options)
    running.start()
    try:
        yield running
    finally:
        running.stop()


def knows(name: str, password: str) -> Callable[..., AuthResult]:
    expected = LoginPassword(name.encode(), password.encode())

    def authenticate(*call: Any) -> AuthResult:
        given = call[-1]
        return AuthResult(success=given == expected, handled=False, auth_data=name)

    return authenticate


def settings(port: int, **changes: Any) -> SmtpSettings:
    given = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "kv@kv.example",
        "timeout": 10.0,
    }
    return SmtpSettings(**(given | changes))


@contextmanager
def misbehaving(
    script: dict[str, list[str | Act]], **changes: Any
) -> Iterator[tuple[MisbehavingServer, Transport]]:
    with (
        MisbehavingServer(script, tls=changes.pop("tls", None)) as server,
        open_smtp(settings(server.port, **changes)) as transport,
    ):
        yield server, transport


# A server that is right


@pytest.mark.parametrize("security", ["implicit", "starttls"])
def test_a_message_arrives_encrypted_and_with_a_login(
    security: str,
    make_message: MakeMessage,
    ample: Deadline,
    certificates: Certificates,
) -> None:
    tls = {
        "implicit": {"ssl_context": certificates.server, "auth_require_tls": False},
        "starttls": {"tls_context": certificates.server, "require_starttls": True},
    }[security]
    login = {"authenticator": knows("kv", "Schlüssel")}
    message = make_message(html="<p>Größe</p>", text="Größe\n.\n..\nEnde\n")

    with relay(**tls, **login) as server:
        changes = {
            "security": security,
            "username": "kv",
            "password": "Schlüssel",
            "ca_file": certificates.ca_file,
            "sender_name": "KV Süd",
            "envelope_sender": "bounces@kv.example",
        }
        with open_smtp(settings(server.port, **changes)) as transport:
            assert transport.deliver(message, ample).outcome is Outcome.ACCEPTED

    (arrived,) = server.arrived
    assert arrived.encrypted
    assert arrived.login == "kv"
    assert arrived.envelope.mail_from == "bounces@kv.example"
    assert arrived.envelope.rcpt_tos == ["anmeldung@praxis.example"]
    mail = message_from_bytes(arrived.envelope.original_content, policy=policy.default)
    assert mail["Subject"] == "eTerminservice der Kassenärztlichen Vereinigungen"
    assert mail["From"] == "KV Süd <kv@kv.example>"
    text, html = mail.iter_parts()
    assert text.get_content() == "Größe\r\n.\r\n..\r\nEnde\r\n"
    assert html.get_content() == "<p>Größe</p>\r\n"


def test_many_messages_go_through_one_connection(
    make_message: MakeMessage, ample: Deadline
) -> None:
    with relay() as server, open_smtp(settings(server.port)) as transport:
        for number in range(200):
            message = make_message(
                id=f"a{number}", message_id=f"<a{number}@kv.example>"
            )
            assert transport.deliver(message, ample) == QUEUED

    assert len({it.peer for it in server.arrived}) == 1
    assert len({it.envelope.original_content for it in server.arrived}) == 200


def test_a_server_that_knows_only_the_old_way_to_log_in(
    message: Message, ample: Deadline
) -> None:
    login = {
        "auth_require_tls": False,
        "auth_exclude_mechanism": ["PLAIN"],
        "authenticator": knows("kv", "geheim"),
    }
    with relay(**login) as server:
        credentials = {"username": "kv", "password": "geheim"}
        with open_smtp(settings(server.port, **credentials)) as transport:
            assert transport.deliver(message, ample) == QUEUED

    assert [it.login for it in server.arrived] == ["kv"]


@pytest.mark.parametrize("excluded", ["PLAIN", "LOGIN"])
def test_a_wrong_password_is_tried_once_and_speaks_of_us(
    excluded: str, message: Message, ample: Deadline
) -> None:
    tried = []

    def authenticate(*call: Any) -> AuthResult:
        tried.append(call[-1])
        return AuthResult(success=False, handled=False)

    login = {
        "auth_require_tls": False,
        "auth_exclude_mechanism": [excluded],
        "authenticator": authenticate,
    }
    with relay(**login) as server:
        credentials = {"username": "kv", "password": "falsch"}
        with open_smtp(settings(server.port, **credentials)) as transport:
            receipt = transport.deliver(message, ample)

    assert receipt == Receipt.failed(Reason.LOGIN_REFUSED, "535 5.7.8")
    assert len(tried) == 1
    assert server.arrived == []


def test_a_host_may_have_several_addresses(message: Message, ample: Deadline) -> None:
    """
    ``localhost`` is ``::1`` too on many machines, where nobody listens here.
    """
    with (
        relay() as server,
        open_smtp(settings(server.port, host="localhost")) as transport,
    ):
        assert transport.deliver(message, ample) == QUEUED


def test_threads_take_turns(make_message: MakeMessage, ample: Deadline) -> None:
    receipts: list[Receipt] = []

    with relay() as server, open_smtp(settings(server.port)) as transport:

        def deliver_some(name: str) -> None:
            for number in range(10):
                message = make_message(text=f"{name}{number}\n")
                receipts.append(transport.deliver(message, ample))

        threads = [threading.Thread(target=deliver_some, args=[it]) for it in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert receipts == [QUEUED] * 40
    assert len({it.envelope.original_content for it in server.arrived}) == 40
    assert len({it.peer for it in server.arrived}) == 1


# What it refuses to carry


def test_what_it_cannot_carry_is_refused_before_anything_is_said(
    make_message: MakeMessage, ample: Deadline
) -> None:
    fax = FaxNumber("030 23125 001", allow_media=True)
    with misbehaving({}) as (server, transport):
        for changes in (
            {"kind": ChannelKind.FAX, "address": fax},
            {"kind": ChannelKind.FAX},
            {"address": fax},
            {"profile": ContentProfile.FULL},
            {"subject": "a\r\nBcc: stranger@elsewhere.example"},
            {"text": "\ud800"},
        ):
            with pytest.raises(UnsupportedMessageError):
                transport.deliver(make_message(**changes), ample)

    assert server.visits == 0


# Encryption


def test_a_server_without_encryption_learns_nothing(
    message: Message, ample: Deadline, certificates: Certificates
) -> None:
    login = {"username": "kv", "password": "geheim", "ca_file": certificates.ca_file}
    with misbehaving({}, security="starttls", **login) as (server, transport):
        receipt = transport.deliver(message, ample)

    assert receipt == Receipt.failed(Reason.INSECURE)
    assert server.commands == ["ehlo [127.0.0.1]", "QUIT"]


def test_a_refused_starttls_is_no_reason_to_go_on_without(
    message: Message, ample: Deadline, certificates: Certificates
) -> None:
    changes = {"security": "starttls", "tls": certificates.server}
    script: dict[str, list[str | Act]] = {"STARTTLS": ["454 4.7.0 not now"]}
    with misbehaving(script, **changes) as (server, transport):
        receipt = transport.deliver(message, ample)

    assert receipt == Receipt.failed(Reason.TRY_LATER, "454 4.7.0")
    assert server.commands == ["ehlo [127.0.0.1]", "STARTTLS", "QUIT"]


def test_words_slipped_in_before_encryption_end_the_conversation(
    message: Message, ample: Deadline, certificates: Certificates
) -> None:
    changes = {
        "security": "starttls",
        "tls": certificates.server,
        "ca_file": certificates.ca_file,
    }
    slipped_in = "220 go on\r\n250-misbehaving.example\r\n250 AUTH PLAIN"
    script: dict[str, list[str | Act]] = {"STARTTLS": [slipped_in]}
    with misbehaving(script, **changes) as (server, transport):
        receipt = transport.deliver(message, ample)

    assert receipt == Receipt.failed(Reason.PROTOCOL)
    assert server.commands == ["ehlo [127.0.0.1]", "STARTTLS"]


@pytest.mark.parametrize("security", ["implicit", "starttls"])
def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    security: str, message: Message, ample: Deadline, certificates: Certificates
) -> None:
    name = "ssl_context" if security == "implicit" else "tls_context"
    with (
        relay(**{name: certificates.server}) as server,
        open_smtp(settings(server.port, security=security)) as transport,
    ):
        receipt = transport.deliver(message, ample)

    assert receipt == Receipt.failed(Reason.INSECURE)
    assert server.arrived == []


def test_a_certificate_for_another_name_is_not_trusted(
    message: Message, ample: Deadline, certificates_of_another: Certificates
) -> None:
    ca_file = certificates_of_another.ca_file
    with relay(ssl_context=certificates_of_another.server) as server:
        changes = {"security": "implicit", "ca_file": ca_file}
        with open_smtp(settings(server.port, **changes)) as transport:
            receipt = transport.deliver(message, ample)

    assert receipt == Receipt.failed(Reason.INSECURE)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
def test_an_old_tls_is_not_good_enough(
    message: Message, ample: Deadline, certificates: Certificates
) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old.minimum_version = ssl.TLSVersion.TLSv1_1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")  # else OpenSSL itself is too good for it
    changes = {"security": "starttls", "tls": old, "ca_file": certificates.ca_file}
    with misbehaving({}, **changes) as (_, transport):
        receipt = transport.deliver(message, ample)

    assert receipt == Receipt.failed(Reason.INSECURE)


# The final dot


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


def test_lines_that_begin_with_a_dot_are_doubled_and_end_nothing(
    make_message: MakeMessage, ample: Deadline
) -> None:
    message = make_message(text=".\n..\n.a\n\n.\n")
    with misbehaving({}) as (server, transport):
        assert transport.deliver(message, ample) == QUEUED

    (content,) = server.contents
    assert content.endswith(b"\r\n\r\n..\r\n...\r\n..a\r\n\r\n..\r\n.\r\n")


# The deadline


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
    outcomes = []
    while Outcome.ACCEPTED not in outcomes:
        with misbehaving({}) as (server, transport):
            countdown = Deadline(30.0, clock=Countdown(len(outcomes)))
            receipt = transport.deliver(message, countdown)
        outcomes.append(receipt.outcome)

        assert receipt.reason in {None, Reason.DEADLINE}
        assert len(server.contents) == (receipt.outcome is not Outcome.FAILED)
        assert b".\r\n" not in server.contents

    failed = outcomes.count(Outcome.FAILED)
    unknown = outcomes.count(Outcome.UNKNOWN)
    expected = [Outcome.FAILED] * failed + [Outcome.UNKNOWN] * unknown
    assert outcomes == [*expected, Outcome.ACCEPTED]
    assert failed > 10
    assert unknown > 0


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
    assert 0.25 < took < 0.9


def test_a_server_that_drips_its_reply_cannot_stretch_the_timeout(
    message: Message, ample: Deadline
) -> None:
    script: dict[str, list[str | Act]] = {"EHLO": [drip("250 a" * 20, every=0.03)]}
    with misbehaving(script, timeout=0.3) as (_, transport):
        begun = monotonic()
        receipt = transport.deliver(message, ample)
        took = monotonic() - begun

    assert receipt == Receipt.failed(Reason.UNREACHABLE)
    assert 0.25 < took < 0.9


def test_whoever_waits_for_another_thread_waits_no_longer_than_its_deadline(
    message: Message, ample: Deadline
) -> None:
    reached = threading.Event()
    script: dict[str, list[str | Act]] = {"MAIL": [do(reached.set, fall_silent)]}
    with misbehaving(script, timeout=1.0) as (server, transport):
        slow = threading.Thread(target=transport.deliver, args=[message, ample])
        slow.start()
        assert reached.wait(10.0)
        soon = Deadline(monotonic() + 0.1, clock=monotonic)
        assert transport.deliver(message, soon) == Receipt.failed(Reason.DEADLINE)
        slow.join()

    assert server.visits == 1


# One connection for many messages


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


# Leaving


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


# Replies that are none


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


# Nobody's data in a log


@pytest.mark.parametrize(
    "script",
    [
        {"RCPT": ["550 5.1.1 <sentinel-local@sentinel-domain.example> unknown"]},
        {"RCPT": ["550-sentinel-local@sentinel-domain.example\r\n550 unknown"]},
        {"MAIL": ["554 5.7.1 sentinel-sender"]},
        {"AUTH": ["535 5.7.8 sentinel-user sentinel-password"]},
        {"greeting": ["554 sentinel"]},
        {"EHLO": ["sentinel"]},
        {"DATA": ["sentinel"]},
        {"dot": ["250 2.0.0 sentinel"]},
        {"dot": ["554 5.6.0 sentinel"]},
        {"dot": ["sentinel"]},
        {"dot": [hang_up]},
        {"DATA": [reset]},
        {"QUIT": ["sentinel"]},
    ],
    ids=str,
)
def test_no_address_no_secret_and_no_word_of_the_server_shows(
    script: dict[str, list[str | Act]],
    make_message: MakeMessage,
    ample: Deadline,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(0)
    message = make_message(
        address=EmailAddress("sentinel-local@sentinel-domain.example"),
        text="sentinel text\n",
        html="sentinel html",
    )
    with MisbehavingServer(script) as server:
        given = settings(
            server.port, username="sentinel-user", password="sentinel-password"
        )
        with open_smtp(given) as transport:
            receipt = transport.deliver(message, ample)
            shown = [repr(receipt), repr(transport), repr(vars(transport)), repr(given)]

    assert "sentinel" not in "".join([*shown, caplog.text, *capfd.readouterr()])
