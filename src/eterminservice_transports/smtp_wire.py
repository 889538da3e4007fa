"""
What goes over the wire to a mail server, with every wait bounded.

The standard library's client, but for sending and reading:

1. Every wait ends at the time-out and at the message's deadline, whichever comes first,
   also when a server sends its reply byte by byte.
2. Whoever gives up, resets the connection: what still lies in the kernel's buffers is
   dropped, and does not leave later.
3. No text of the server and no address gets into an exception, and nothing is logged.

One wait is the system's own: looking up a host's name cannot be interrupted.  It comes
before anything is said, so it can delay a receipt, never content.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any, Final, TypeVar

from eterminservice_core.transport import Deadline

from .smtp_replies import Break, Reply
from .smtp_settings import SmtpSettings


T = TypeVar("T")

#: Octets read at once.
_READ: Final = 4_096
#: Octets of a reply line that are still believed; RFC 5321 section 4.5.3.1.5 has 512.
_LONGEST_LINE: Final = 4_096
#: Lines of a reply that are still believed; an EHLO's has about 20.
_MOST_LINES: Final = 200
#: The largest time-out Linux takes for unacknowledged data, in milliseconds.
_LONGEST_KERNEL_WAIT: Final = 2**31 - 1
#: Stands for the code of a reply that is none, as in `smtplib`.
_NO_CODE: Final = -1
#: RFC 5321 section 4.2: three digits, then a hyphen if more lines follow.
_REPLY_LINE: Final = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)


class Wire(smtplib.SMTP):
    """
    One connection; nothing on it takes longer than it may.

    Attributes:
        deadline: When whatever is under way must be over.
    """

    def __init__(self, settings: SmtpSettings, context: ssl.SSLContext) -> None:
        super().__init__(local_hostname=settings.hello_name)
        self._settings = settings
        self._context = context
        self.deadline = Deadline(0.0, clock=monotonic)
        self._patience = self.deadline
        self._unread = bytearray()

    def guard(self, act: Callable[[], T]) -> T | Break:
        """
        Do one thing within the time-out, and say how it broke if it did.
        """
        self._patience = Deadline(monotonic() + self._settings.timeout, clock=monotonic)
        try:
            return act()
        except TimeoutError:
            return Break.DEADLINE if self.deadline.is_over else Break.TIMED_OUT
        except OSError:
            return Break.LOST

    def abandon(self) -> None:
        """
        Close at once, and take back what the kernel has not sent yet.
        """
        if self.sock is not None:
            with suppress(OSError):  # it is broken already
                linger = struct.pack("ii", 1, 0)
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._unread.clear()
        self.close()

    # Opening

    def reach(self) -> None:
        """
        Connect to one address of the host after another, each with its share of time.
        """
        host, port = self._settings.host, self._settings.port
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        failure = OSError("the host has no address")
        for tried, (*_, address) in enumerate(found):
            share = self._time_left() / (len(found) - tried)
            try:
                self.sock = socket.create_connection((str(address[0]), port), share)
            except OSError as error:
                failure = error
            else:
                # The final dot is a small write of its own; it must not wait until
                # what came before it is acknowledged (Nagle's algorithm).
                self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return
        raise failure

    def encrypt(self) -> Break | None:
        """
        Shake hands for TLS; None if both sides trust each other.
        """
        try:
            self.sock = secured = self._context.wrap_socket(
                self.connected,
                server_hostname=self._settings.host,
                do_handshake_on_connect=False,
            )
            secured.settimeout(self._time_left())
            secured.do_handshake()
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError):
            raise  # the connection ended
        except ssl.SSLError:
            return Break.UNTRUSTED
        return None

    @property
    def connected(self) -> socket.socket:
        """
        The socket.

        Raises:
            ConnectionResetError: There is none, or no longer.
        """
        if self.sock is None:
            raise ConnectionResetError("the connection is closed")
        return self.sock

    def bind_kernel(self) -> None:
        """
        Let the kernel, too, give up at the deadline.

        It would try to bring the final dot across for minutes, also when this process
        is dead.  Only Linux has such an option; elsewhere `abandon` must do.
        """
        if not hasattr(socket, "TCP_USER_TIMEOUT"):  # pragma: no cover — CI has it
            return
        milliseconds = max(1, int(self.deadline.remaining() * 1000))
        with suppress(OSError):  # it is broken; the next stage will notice
            self.connected.setsockopt(
                socket.IPPROTO_TCP,
                socket.TCP_USER_TIMEOUT,
                min(milliseconds, _LONGEST_KERNEL_WAIT),
            )

    # Saying

    def send(self, s: Any) -> None:
        """
        Hand a command, or a part of the content, to the kernel.
        """
        octets = s.encode("ascii") if isinstance(s, str) else s
        self.connected.settimeout(self._time_left())
        self.connected.sendall(octets)

    # Hearing

    def reply(self) -> Reply | Break:
        """
        The server's reply.
        """
        return understand(self.getreply)

    def getreply(self) -> tuple[int, bytes]:
        """
        The server's reply with all its lines; its code is -1 if it is none.
        """
        lines: list[bytes] = []
        codes: set[bytes] = set()
        while len(lines) < _MOST_LINES:
            line = _REPLY_LINE.fullmatch(self._read_line())
            if line is None or len(codes | {line[1]}) > 1:
                break
            codes.add(line[1])
            lines.append(line[3] or b"")
            if line[2] != b"-":
                return int(line[1]), b"\n".join(lines)
        # Not an empty text: `smtplib.SMTP.ehlo` takes that for a closed connection.
        return _NO_CODE, b"not a reply"

    def has_spoken(self) -> bool:
        """
        Whether the server has said something without being asked.

        Raises:
            ConnectionResetError: It has hung up.
        """
        if not self._unread:
            self.connected.settimeout(0.0)
            try:
                self._read()
            except (BlockingIOError, ssl.SSLWantReadError):
                return False
        return True

    @property
    def has_unread(self) -> bool:
        """
        Whether more was read than the replies that were asked for.
        """
        return bool(self._unread)

    def _read_line(self) -> bytes:
        """
        One line without its end; an endless one is no reply, and neither is its start.
        """
        while (end := self._unread.find(b"\n")) < 0:
            if len(self._unread) > _LONGEST_LINE:
                return b""
            self.connected.settimeout(self._time_left())
            self._read()
        line = bytes(self._unread[:end])
        del self._unread[: end + 1]
        return line.removesuffix(b"\r")

    def _read(self) -> None:
        received = self.connected.recv(_READ)
        if not received:
            raise ConnectionResetError("the server closed the connection")
        self._unread += received

    def _time_left(self) -> float:
        seconds = min(self._patience.remaining(), self.deadline.remaining())
        if seconds <= 0.0:
            raise TimeoutError("no time is left")
        return seconds


def understand(ask: Callable[[], tuple[int, bytes]]) -> Reply | Break:
    """
    What the server answers to a question of `smtplib`.
    """
    code, text = ask()
    return Break.GARBAGE if code == _NO_CODE else Reply.read(code, text)
