"""
One conversation with a mail server, stage by stage.

`smtplib.SMTP.sendmail` hides whether the final dot had left when something broke; here
each stage is one call, and where a conversation ended is an `Ending`.

The final dot is a write of its own.  Right before it, the deadline is looked at, and
whether the server has spoken or hung up meanwhile; nothing is lost then.
"""

from __future__ import annotations

import re
import ssl
from base64 import b64encode
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Final

from eterminservice_core.transport import Deadline

from .smtp_outcomes import Ending
from .smtp_replies import GOES_ON, Break, Reply, Stage
from .smtp_settings import Security, SmtpSettings
from .smtp_wire import Wire, understand


#: Octets of content handed to the kernel between two looks at the deadline.
_CHUNK: Final = 16_384
#: Seconds a server gets to answer QUIT.
_FAREWELL: Final = 1.0
_LEADING_DOT: Final = re.compile(rb"^\.", re.MULTILINE)
_FINAL_DOT: Final = b".\r\n"
#: With this the server asks for the next part of a login (RFC 4954 section 4).
_CHALLENGE: Final = re.compile("334")


class Dialogue:
    """
    From the greeting to QUIT; several messages one after another.

    `open` and `carry` say where they ended; after an ending of `open`, or one that is a
    `Break`, nothing can be said any more.
    """

    def __init__(self, settings: SmtpSettings, context: ssl.SSLContext) -> None:
        self._settings = settings
        self._wire = Wire(settings, context)
        self._needs_reset = False

    def open(self, deadline: Deadline) -> Ending | None:
        """
        Connect, encrypt, introduce ourselves, log in; None when ready to carry.
        """
        self._wire.deadline = deadline
        at_once = self._settings.security is Security.IMPLICIT
        return (
            self._reach()
            or (self._shake_hands() if at_once else None)
            or self._hear(Stage.GREETING, self._wire.getreply)
            or self._hear(Stage.HELLO, self._wire.ehlo)
            or self._upgrade()
            or self._log_in()
        )

    def carry(
        self, sender: str, recipient: str, content: bytes, deadline: Deadline
    ) -> Ending:
        """
        Hand over one mail to one recipient.

        Args:
            sender: The envelope's sender, which bounces go to.
            recipient: The envelope's recipient.
            content: The mail; its lines end with CRLF.
            deadline: When it must be over.
        """
        self._wire.deadline = deadline
        self._wire.bind_kernel()
        ending = (
            (self._say(Stage.SENDER, "RSET") if self._needs_reset else None)
            or self._say(Stage.SENDER, f"MAIL FROM:<{sender}>")
            or self._say(Stage.RECIPIENT, f"RCPT TO:<{recipient}>")
            or self._say(Stage.START, "DATA")
            or self._transmit(_LEADING_DOT.sub(b"..", content))
            or self._end_content()
        )
        self._needs_reset = ending.stage is Stage.RECIPIENT
        return ending

    def take_leave(self) -> None:
        """
        Say QUIT and close; who does not answer soon is not waited for.
        """
        self._wire.deadline = Deadline(monotonic() + _FAREWELL, clock=monotonic)
        if isinstance(self._wire.guard(partial(self._wire.docmd, "QUIT")), Break):
            self._wire.abandon()
        self._wire.close()

    def abandon(self) -> None:
        """
        Close at once; what has not left yet, does not leave any more.
        """
        self._wire.abandon()

    # The stages

    def _reach(self) -> Ending | None:
        broken = self._wire.guard(self._wire.reach)
        return Ending(Stage.REACH, broken) if broken else None

    def _shake_hands(self) -> Ending | None:
        broken = self._wire.guard(self._wire.encrypt)
        return Ending(Stage.ENCRYPTION, broken) if broken else None

    def _upgrade(self) -> Ending | None:
        """
        STARTTLS; there is no way on without it.
        """
        if self._settings.security is not Security.STARTTLS:
            return None
        if not self._wire.has_extn("starttls"):
            return Ending(Stage.ENCRYPTION, Break.NOT_OFFERED)
        return (
            self._say(Stage.ENCRYPTION, "STARTTLS")
            or self._refuse_early_words()
            or self._shake_hands()
            # RFC 3207 section 4.2: what was said in the clear counts no more.
            or self._hear(Stage.HELLO, self._wire.ehlo)
        )

    def _refuse_early_words(self) -> Ending | None:
        """
        What a stranger slips in before encryption must not count as said after it.

        That was CVE-2011-0411 in many programs.
        """
        slipped_in = self._wire.has_unread
        return Ending(Stage.ENCRYPTION, Break.GARBAGE) if slipped_in else None

    def _log_in(self) -> Ending | None:
        """
        With PLAIN or LOGIN, as UTF-8 (RFC 4616).

        `SmtpSettings` sees to it that a password leaves through TLS only, or on this
        machine, or because it was told so.  `smtplib.SMTP.login` takes ASCII only, and
        asks again with the next mechanism after a refusal: two strikes for an account.
        """
        if not self._settings.username:
            return None
        username = self._settings.username.encode()
        password = self._settings.password.encode()
        offered = self._wire.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" in offered:
            words = _base64(b"\0%b\0%b" % (username, password))
            return self._say(Stage.LOGIN, f"AUTH PLAIN {words}")
        if "LOGIN" in offered:
            return (
                self._say(Stage.LOGIN, "AUTH LOGIN", goes_on=_CHALLENGE)
                or self._say(Stage.LOGIN, _base64(username), goes_on=_CHALLENGE)
                or self._say(Stage.LOGIN, _base64(password))
            )
        return Ending(Stage.LOGIN, Break.NOT_OFFERED)

    def _transmit(self, content: bytes) -> Ending | None:
        """
        All of the content but the final dot.
        """
        for start in range(0, len(content), _CHUNK):
            chunk = content[start : start + _CHUNK]
            if broken := self._wire.guard(partial(self._wire.send, chunk)):
                return Ending(Stage.CONTENT, broken)
        interruption = self._wire.guard(self._interruption)
        return Ending(Stage.CONTENT, interruption) if interruption else None

    def _interruption(self) -> Reply | Break | None:
        return self._wire.reply() if self._wire.has_spoken() else None

    def _end_content(self) -> Ending:
        """
        The final dot; once `dot` has begun, only a reply can tell.
        """

        def dot() -> Reply | Break:
            connected.sendall(_FINAL_DOT)
            return self._wire.reply()

        connected = self._wire.connected
        seconds = min(self._settings.timeout, self._wire.deadline.remaining())
        if seconds <= 0.0:
            return Ending(Stage.CONTENT, Break.DEADLINE)
        connected.settimeout(seconds)
        return Ending(Stage.FINAL_DOT, self._wire.guard(dot))

    # Asking

    def _say(
        self, stage: Stage, command: str, *, goes_on: re.Pattern[str] | None = None
    ) -> Ending | None:
        """
        Send one command; None if the reply lets the conversation go on.
        """
        return self._hear(stage, partial(self._wire.docmd, command), goes_on=goes_on)

    def _hear(
        self,
        stage: Stage,
        ask: Callable[[], tuple[int, bytes]],
        *,
        goes_on: re.Pattern[str] | None = None,
    ) -> Ending | None:
        answer = self._wire.guard(partial(understand, ask))
        hoped_for = goes_on or GOES_ON[stage]
        if isinstance(answer, Reply) and hoped_for.fullmatch(str(answer.code)):
            return None
        return Ending(stage, answer)


def _base64(octets: bytes) -> str:
    return b64encode(octets).decode("ascii")
