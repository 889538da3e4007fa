"""
A real SMTP server on this machine that plays the practices' mail servers.

It keeps every mail it takes as an ``.eml`` file and writes down when, by the clock of
the story.  What it saw is what the promises are judged by.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from subprocess import Popen
from typing import Any, Final

from aiosmtpd.smtp import SMTP, Envelope, Session
from attrs import define, field, frozen

from .clock import SimulatedClock


#: How long it takes to take a mail.
_TAKING_TIME: Final = timedelta(seconds=2)
#: A confirmation code stands on a line of its own.
_CODE: Final = re.compile(r"^([A-Z]{4}-[A-Z]{4})\s*$", re.MULTILINE)


@frozen(kw_only=True)
class Mail:
    """
    A mail that was taken.

    Attributes:
        to: Whose mailbox it is in.
        at: When it was taken, by the clock of the story.
        file: Where it lies.
        subject: Its subject.
        text: Its plain text.
    """

    to: str = field(repr=False)
    at: datetime
    file: Path
    subject: str
    text: str = field(repr=False)

    @property
    def code(self) -> str | None:
        """
        The confirmation code in it; None in a digest.
        """
        found = _CODE.search(self.text)
        return found[1] if found else None


@define
class PostOffice:
    """
    Takes mails, as the mailboxes of the practices do.

    Attributes:
        clock: The clock of the story.
        folder: Where mails are kept.
        mails: What was taken, in order.
        unknown: Mailboxes that do not exist.
        asks_again: Mailboxes that ask for another try, once.
    """

    clock: SimulatedClock = field(repr=False)
    folder: Path
    mails: list[Mail] = field(factory=list, repr=False)
    unknown: set[str] = field(factory=set, repr=False)
    asks_again: set[str] = field(factory=set, repr=False)
    _victim: Popen[bytes] | None = field(default=None, init=False, repr=False)
    _mails_until_death: int = field(default=0, init=False)

    def kill_after(self, mails: int, victim: Popen[bytes]) -> None:
        """
        Kill a process when its so many'th mail is taken, before it is told so.
        """
        self._victim, self._mails_until_death = victim, mails

    def digests(self) -> Mapping[str, list[Mail]]:
        """
        The mails without a code, by mailbox.
        """
        boxes: dict[str, list[Mail]] = {}
        for mail in self.mails:
            if mail.code is None:
                boxes.setdefault(mail.to, []).append(mail)
        return boxes

    # What aiosmtpd calls

    async def handle_RCPT(  # noqa: N802 — aiosmtpd names it
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        options: list[str],  # noqa: ARG002
    ) -> str:
        """
        Say whether there is such a mailbox.
        """
        if address in self.unknown:
            return "550 5.1.1 no such mailbox"
        if address in self.asks_again:
            self.asks_again.remove(address)
            return "451 4.7.1 please try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 — aiosmtpd names it
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
    ) -> str:
        """
        Take the mail; from here on it is ours, whoever hears of it.
        """
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content).encode()
        self.clock.advance(_TAKING_TIME)
        now = self.clock()
        file = self.folder / f"{now:%Y%m%dT%H%M%SZ}-{len(self.mails) + 1:03}.eml"
        file.write_bytes(raw)
        (to,) = envelope.rcpt_tos
        self.mails.append(_mail(raw, to, now, file))
        if self._victim is not None:
            self._mails_until_death -= 1
            if self._mails_until_death == 0:
                # Nobody is left to hear that it was taken.
                self._victim.kill()
                self._victim.wait()
                self._victim = None
        return "250 2.0.0 taken"


def _mail(raw: bytes, to: str, now: datetime, file: Path) -> Mail:
    parsed: EmailMessage[Any, Any] = message_from_bytes(raw, policy=policy.default)
    body = parsed.get_body(("plain",))
    text = body.get_content() if body is not None else ""
    return Mail(to=to, at=now, file=file, subject=parsed["Subject"], text=text)


@contextmanager
def opened(office: PostOffice) -> Iterator[int]:
    """
    The post office behind a free port of this machine, which is given back.
    """
    loop = asyncio.new_event_loop()

    def answer() -> SMTP:
        # With a name, so that nothing is looked up.
        return SMTP(office, hostname="localhost", loop=loop)

    server = loop.run_until_complete(loop.create_server(answer, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(_finish())
        loop.close()


async def _finish() -> None:
    """
    Let connections that just ended be put away.
    """
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
