"""
What the tests of the transports share: a message, a deadline, certificates.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import trustme
from attrs import frozen

from eterminservice_core.domain.address import ChannelKind, EmailAddress
from eterminservice_core.domain.message import Message, Purpose
from eterminservice_core.transport import Deadline


@pytest.fixture
def make_message() -> Callable[..., Message]:
    """
    A digest; every part of it can be another.
    """

    def make(**changes: Any) -> Message:
        parts: dict[str, Any] = {
            "id": "attempt-1",
            "message_id": "<attempt-1@kv.example>",
            "kind": ChannelKind.EMAIL,
            "address": EmailAddress("anmeldung@praxis.example"),
            "purpose": Purpose.DIGEST,
            "created_at": datetime(2026, 3, 2, 1, 30, tzinfo=UTC),
            "subject": "eTerminservice der Kassenärztlichen Vereinigungen",
            "text": "Neu gebucht: Mo., 02.03.2026, 09:30 Uhr\n",
        }
        return Message(**(parts | changes))

    return make


@pytest.fixture
def message(make_message: Callable[..., Message]) -> Message:
    """
    The digest as it is.
    """
    return make_message()


@pytest.fixture
def ample() -> Deadline:
    """
    A deadline that no test reaches.
    """
    return Deadline(monotonic() + 30.0, clock=monotonic)


class Hourglass:
    """
    A clock that stands still until a test lets it run out.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def run_out(self) -> None:
        self.seconds = 1_000_000.0


@pytest.fixture
def hourglass() -> Hourglass:
    return Hourglass()


@frozen
class Certificates:
    """
    An authority, what a client needs to trust it, and a server it vouches for.
    """

    ca_file: Path
    server: ssl.SSLContext


def _certificates(folder: Path, *names: str) -> Certificates:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(server)
    return Certificates(folder / "ca.pem", server)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """
    For a server on the loopback.
    """
    return _certificates(tmp_path_factory.mktemp("ca"), "127.0.0.1", "localhost")


@pytest.fixture(scope="session")
def certificates_of_another(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """
    For a server of another name.
    """
    return _certificates(tmp_path_factory.mktemp("other-ca"), "mail.example")
