"""
The SMTP transport and TLS: there is no way down.
"""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from eterminservice_core.domain.message import Message, Reason, Receipt
from eterminservice_core.transport import Deadline
from eterminservice_transports.smtp import open_smtp

from .conftest import Certificates
from .misbehaving import Act, fall_silent
from .servers import misbehaving, relay, settings


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
    script: dict[str, list[str | Act]] = {
        "STARTTLS": [slipped_in],
        "handshake": [fall_silent],
    }
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


def test_a_connection_that_ends_within_the_handshake_says_nothing_of_trust(
    message: Message, ample: Deadline, certificates: Certificates
) -> None:
    def read_and_hang_up(visit: Any) -> None:
        visit.connection.recv(65_536)

    changes = {"security": "starttls", "tls": certificates.server}
    with misbehaving({"handshake": [read_and_hang_up]}, **changes) as (_, transport):
        receipt = transport.deliver(message, ample)

    assert receipt == Receipt.failed(Reason.UNREACHABLE)


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
