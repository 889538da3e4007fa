"""
What the SMTP transport can be told.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from enum import Enum
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from attrs import field, frozen

from eterminservice_core.domain.errors import InvalidSettingsError

from .header_text import address_problems, name_problems


NAME: Final = "smtp"


class Security(Enum):
    """
    How the connection is encrypted.
    """

    #: TLS from the first byte (RFC 8314), usually on port 465.
    IMPLICIT = "implicit"
    #: TLS after ``STARTTLS`` (RFC 3207), usually on port 587; without it, no mail.
    STARTTLS = "starttls"
    #: None: to this very machine, or where `SmtpSettings.allow_cleartext` says so.
    NONE = "none"


_PORTS: Final = {Security.IMPLICIT: 465, Security.STARTTLS: 587, Security.NONE: 25}
_HIGHEST_PORT: Final = 65_535
_HOST_NAME: Final = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*"
)
_LITERAL: Final = re.compile(r"\[[0-9A-Za-z:.]+\]")


def _security(value: Security | str) -> Security:
    try:
        return Security(value)
    except ValueError:
        expected = ", ".join(repr(each.value) for each in Security)
        raise InvalidSettingsError(
            f"transport {NAME!r}", [f"expected one of {expected} @ $.security"]
        ) from None


@frozen(kw_only=True)
class SmtpSettings:
    """
    The next hop, how to reach it, and who writes.

    Attributes:
        host: Name or IP address of our own relay; its certificate must name it.
        security: ``"implicit"``, ``"starttls"`` or ``"none"``.
        port: By default what is usual for `security`: 465, 587 or 25.
        username: For ``AUTH``; empty if the relay knows us otherwise.
        password: For ``AUTH``.
        sender: The address in ``From``.
        sender_name: The name shown with it.
        reply_to: The address answers go to; by default there is none but `sender`.
        envelope_sender: The address bounces go to; by default `sender`.
        hello_name: How we introduce ourselves; by default without telling the name of
            this machine.
        ca_file: PEM file with certificates to trust besides the system's.
        timeout: Seconds to wait for the reply to one command, at most.
        allow_cleartext: Whether ``"none"`` may go to another machine.

    Raises:
        InvalidSettingsError: All problems at once.
    """

    host: str
    security: Security = field(default=Security.IMPLICIT, converter=_security)
    port: int = field()
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    sender: str
    sender_name: str = ""
    reply_to: str = ""
    envelope_sender: str = field()
    hello_name: str = "[127.0.0.1]"
    ca_file: Path | None = None
    timeout: float = 60.0
    allow_cleartext: bool = False

    @port.default
    def _usual_port(self) -> int:
        return _PORTS[self.security]

    @envelope_sender.default
    def _same_sender(self) -> str:
        return self.sender

    def __attrs_post_init__(self) -> None:
        if problems := list(self._problems()):
            raise InvalidSettingsError(f"transport {NAME!r}", problems)

    def _problems(self) -> Iterator[str]:
        if not _HOST_NAME.fullmatch(self.host) and not _is_ip_address(self.host):
            yield "expected a host name or an IP address @ $.host"
        if not 1 <= self.port <= _HIGHEST_PORT:
            yield f"expected a port from 1 to {_HIGHEST_PORT} @ $.port"
        if bool(self.username) != bool(self.password):
            yield "expected username and password, or neither of them @ $.username"
        if "\0" in self.username + self.password:
            yield "expected no NUL in username and password @ $.username"
        yield from address_problems("sender", self.sender)
        yield from name_problems("sender_name", self.sender_name)
        if self.reply_to:
            yield from address_problems("reply_to", self.reply_to)
        if self.envelope_sender != self.sender:
            yield from address_problems("envelope_sender", self.envelope_sender)
        if not _HOST_NAME.fullmatch(self.hello_name) and not _LITERAL.fullmatch(
            self.hello_name
        ):
            yield "expected a host name or an IP address in [] @ $.hello_name"
        if not (math.isfinite(self.timeout) and self.timeout > 0):
            yield "expected a number of seconds above 0 @ $.timeout"
        if (
            self.security is Security.NONE
            and not self.allow_cleartext
            and not _is_this_machine(self.host)
        ):
            yield (
                "expected 'implicit' or 'starttls', a host that is this machine"
                " (localhost, 127.0.0.1, ::1), or allow_cleartext @ $.security"
            )


def _is_ip_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_this_machine(host: str) -> bool:
    """
    Whether the host is this very machine, by its own words: no name is looked up.

    ``localhost`` always is (RFC 6761 section 6.3).
    """
    if _is_ip_address(host):
        return ip_address(host).is_loopback
    return host.lower() == "localhost"
