"""
The SMTP transport: what arrives, what it refuses to carry, what it never shows.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult

from eterminservice_core.domain.address import ChannelKind, EmailAddress, FaxNumber
from eterminservice_core.domain.errors import UnsupportedMessageError
from eterminservice_core.domain.message import (
    ContentProfile,
    Message,
    Outcome,
    Reason,
    Receipt,
)
from eterminservice_core.transport import Deadline
from eterminservice_transports.smtp import open_smtp

from .conftest import Certificates
from .misbehaving import Act, MisbehavingServer, hang_up, reset
from .servers import QUEUED, MakeMessage, knows, misbehaving, relay, settings


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
    content = arrived.envelope.original_content or b""
    mail = message_from_bytes(content, policy=policy.default)
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


def resolver(*addresses: str) -> Callable[..., list[Any]]:
    """
    A name service of our own: one host with these addresses, or unknown without any.
    """
    really = socket.getaddrinfo

    def look_up(host: str, *rest: Any, **named: Any) -> list[Any]:
        if host != "relay.kv.example":
            return really(host, *rest, **named)
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [each for it in addresses for each in really(it, *rest, **named)]

    return look_up


def test_a_host_may_have_addresses_where_nobody_listens(
    message: Message, ample: Deadline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolver("127.0.0.2", "127.0.0.1"))
    changes = {"host": "relay.kv.example", "allow_cleartext": True}
    with relay() as server, open_smtp(settings(server.port, **changes)) as transport:
        assert transport.deliver(message, ample) == QUEUED


def test_a_host_that_nobody_knows_is_unreachable(
    message: Message, ample: Deadline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolver())
    with open_smtp(settings(25, host="relay.kv.example", allow_cleartext=True)) as it:
        assert it.deliver(message, ample) == Receipt.failed(Reason.UNREACHABLE)


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
    ids=lambda script: next(iter(script)),
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
