"""
A mail server on the loopback that misbehaves on purpose.

It does what a script tells it at each cue, and what is right at all others.  A cue is
``greeting``, a verb such as ``MAIL``, ``handshake`` (instead of TLS) or ``dot`` (the
content is complete).  What to do is a list, used up one by one, of lines to say and of
functions such as `hang_up`.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Self


Act = Callable[["Visit"], None]

RIGHT = {
    "greeting": "220 misbehaving.example ESMTP",
    "STARTTLS": "220 2.0.0 go on",
    "AUTH": "235 2.7.0 welcome",
    "RSET": "250 2.0.0 forgotten",
    "MAIL": "250 2.1.0 sender taken",
    "RCPT": "250 2.1.5 recipient taken",
    "DATA": "354 go on",
    "dot": "250 2.0.0 queued",
    "QUIT": "221 2.0.0 farewell",
}


def hang_up(visit: Visit) -> None:
    """
    Close the connection in order.
    """
    visit.is_over = True


def reset(visit: Visit) -> None:
    """
    Close the connection as a machine does that has lost its memory.
    """
    linger = struct.pack("ii", 1, 0)
    visit.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    visit.is_over = True


def fall_silent(visit: Visit) -> None:
    """
    Say nothing more until the client gives up, and read what it says.
    """
    while visit.hear():
        pass
    visit.is_over = True


def stop_reading(visit: Visit) -> None:
    """
    Let the content pile up in the kernels until the server is stopped.
    """
    visit.server.stopping.wait(30.0)
    visit.is_over = True


def say_and_hang_up(line: str) -> Act:
    """
    A line and the end of the connection in one packet, so that they arrive together.
    """

    def act(visit: Visit) -> None:
        visit.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        visit.say(line)
        visit.is_over = True

    return act


def drip(line: str, *, every: float) -> Act:
    """
    A line, but byte by byte, with some seconds between them.
    """

    def act(visit: Visit) -> None:
        for byte in f"{line}\r\n".encode():
            visit.connection.sendall(bytes([byte]))
            if visit.server.stopping.wait(every):
                break

    return act


def do(happening: Callable[[], object], then: str | Act) -> Act:
    """
    Something that happens elsewhere at this very moment.
    """

    def act(visit: Visit) -> None:
        happening()
        visit.perform(then)

    return act


class Visit:
    """
    One connection, seen from the server.
    """

    def __init__(self, server: MisbehavingServer, connection: socket.socket) -> None:
        self.server = server
        self.connection = connection
        self.is_over = False
        self._encrypted = False
        self._said = ""
        self._unread = b""

    def run(self) -> None:
        if self.server.implicit_tls:
            self._encrypt()
        self._on("greeting")
        while not self.is_over and (line := self._line()):
            command = line.decode("ascii").rstrip("\r\n")
            self.server.commands.append(command)
            verb = command[:8].partition(" ")[0].upper()
            self._on(verb)
            if self.is_over:
                return
            if verb == "STARTTLS" and self._said.startswith("220"):
                self._encrypt()
            elif verb == "DATA" and self._said.startswith("354"):
                self._take_content()
            elif verb == "QUIT":
                return

    def say(self, lines: str) -> None:
        self._said = lines
        self.connection.sendall(f"{lines}\r\n".encode())

    def hear(self) -> bytes:
        """
        What the client says next; nothing, if it is gone.
        """
        try:
            return self.connection.recv(65_536)
        except ConnectionResetError:
            self.server.resets += 1
            return b""

    def perform(self, act: str | Act) -> None:
        if isinstance(act, str):
            self.say(act)
        else:
            act(self)

    def _on(self, cue: str) -> None:
        script = self.server.script.get(cue)
        self.perform(script.pop(0) if script else self._right(cue))

    def _right(self, cue: str) -> str:
        if cue != "EHLO":
            return RIGHT.get(cue, "502 5.5.1 not known here")
        offers = ["misbehaving.example", "AUTH PLAIN LOGIN"]
        if self.server.tls is not None and not self._encrypted:
            offers.append("STARTTLS")
        head = "".join(f"250-{offer}\r\n" for offer in offers)
        return f"{head}250 ENHANCEDSTATUSCODES"

    def _encrypt(self) -> None:
        if script := self.server.script.get("handshake"):
            self.perform(script.pop(0))
            self.is_over = True
            return
        assert self.server.tls is not None
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self._encrypted = True

    def _take_content(self) -> None:
        content = b""
        while content != b".\r\n" and not content.endswith(b"\r\n.\r\n"):
            if not (line := self._line()):
                self.server.cut_contents.append(content)
                self.is_over = True
                return
            content += line
        self.server.contents.append(content)
        self._on("dot")

    def _line(self) -> bytes:
        while b"\n" not in self._unread:
            if not (received := self.hear()):
                return b""
            self._unread += received
        line, end, self._unread = self._unread.partition(b"\n")
        return line + end


class MisbehavingServer:
    """
    Listens on the loopback as long as its context lasts.

    Attributes:
        port: Where it listens.
        commands: Every command it was given.
        contents: Every content that was complete, as it came, with its final dot.
        cut_contents: What had come of a content when the client was gone.
        visits: How many connections there were.
        resets: How many of them the client broke off.
        stopping: Is set at the end.
    """

    def __init__(
        self,
        script: Mapping[str, list[str | Act]] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
    ) -> None:
        self.script = {cue: list(acts) for cue, acts in (script or {}).items()}
        self.tls = tls
        self.implicit_tls = implicit_tls
        self.commands: list[str] = []
        self.contents: list[bytes] = []
        self.cut_contents: list[bytes] = []
        self.visits = 0
        self.resets = 0
        self.stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._visit: Visit | None = None
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        waiting = [self._listener]
        if self._visit is not None:
            waiting.append(self._visit.connection)
        for each in waiting:
            with suppress(OSError):  # it is closed already
                each.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        """
        One connection after another: a client has one at a time.
        """
        while not self.stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:  # the end
                return
            self.visits += 1
            self._visit = Visit(self, connection)
            try:
                with suppress(OSError):  # the client is gone
                    self._visit.run()
            finally:
                self._visit.connection.close()
