"""
The mail servers the SMTP transport is tested against, and how to meet them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from attrs import frozen

from eterminservice_core.domain.message import Message, Receipt
from eterminservice_core.transport import Transport
from eterminservice_transports import SmtpSettings
from eterminservice_transports.smtp import open_smtp

from .misbehaving import Act, MisbehavingServer


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
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd's

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
    given: dict[str, Any] = {
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
