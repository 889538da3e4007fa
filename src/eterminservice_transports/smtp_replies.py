"""
What a mail server can answer, and when: the words the SMTP transport thinks in.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from attrs import frozen


class Stage(Enum):
    """
    Where a conversation can end.
    """

    #: Finding the server and connecting to it.
    REACH = "connect"
    GREETING = "greeting"
    HELLO = "EHLO"
    #: ``STARTTLS``, and the TLS handshake of either kind.
    ENCRYPTION = "TLS"
    LOGIN = "AUTH"
    #: Also ``RSET``, which clears away what was left before it.
    SENDER = "MAIL"
    RECIPIENT = "RCPT"
    START = "DATA"
    #: The content, as long as the final dot has not been handed over.
    CONTENT = "content"
    FINAL_DOT = "final dot"


class Break(Enum):
    """
    What can come instead of a reply.
    """

    LOST = "the connection fails or ends"
    TIMED_OUT = "no complete reply within the time-out"
    DEADLINE = "the deadline comes first"
    GARBAGE = "no well-formed reply"
    UNTRUSTED = "a certificate that is not trusted, or no common TLS version"
    NOT_OFFERED = "what the settings ask for is not offered"


#: RFC 3463: class, subject and detail, at the start of the text; qmail puts them at its
#: end, as ``(#5.7.1)``.
_ENHANCED: Final = re.compile(rb"(?:^|\(#)([245])\.(\d{1,3})\.(\d{1,3})(?=[ )\n]|$)")
#: What may echo an address, which may well contain the words looked for.
_ECHO: Final = re.compile(rb"<[^>]*>|\S+@\S+")
#: Old relays refuse strangers with a bare 550 and such words (Exim: ``relay not
#: permitted``), and that speaks of us, not of a mailbox.
_ACCESS: Final = re.compile(rb"\brelay|authenticat", re.IGNORECASE)


@frozen
class Reply:
    """
    A well-formed reply, without its text, which may quote an address.

    Attributes:
        code: Three digits (RFC 5321 section 4.2).
        enhanced: Like ``5.1.1`` (RFC 3463), or an empty string.
        speaks_of_access: Whether its text is about relaying or authentication.
    """

    code: int
    enhanced: str = ""
    speaks_of_access: bool = False

    @classmethod
    def read(cls, code: int, text: bytes) -> Reply:
        """
        Keep what decides, drop the text.

        >>> Reply.read(550, b"relay not permitted")
        Reply(code=550, enhanced='', speaks_of_access=True)
        """
        enhanced = ""
        found = _ENHANCED.search(text)
        # One that contradicts the code is worth no more than none.
        if found and int(found[1]) == code // 100:
            enhanced = b".".join(found.groups()).decode("ascii")
        access = _ACCESS.search(_ECHO.sub(b"", text)) is not None
        return cls(code, enhanced, access)

    @property
    def status(self) -> str:
        """
        The digits alone.

        >>> Reply(550, "5.1.1").status
        '550 5.1.1'
        """
        return f"{self.code} {self.enhanced}".rstrip()


#: Codes with which a conversation goes on, by stage; at the others it ends in any case.
GOES_ON: Final = {
    Stage.GREETING: re.compile("220"),
    Stage.HELLO: re.compile("250"),
    Stage.ENCRYPTION: re.compile("220"),
    Stage.LOGIN: re.compile("235"),
    Stage.SENDER: re.compile("2.."),
    Stage.RECIPIENT: re.compile("2.."),
    Stage.START: re.compile("354"),
}
