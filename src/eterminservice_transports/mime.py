"""
A message as the bytes of a mail, for every transport that writes mails.

Rules of this file:

1. What is written is ASCII in lines of less than 998 octets, ended by CRLF
   (RFC 5322 section 2.1.1): any server can take it, whatever it announces.
2. One message gives the same bytes each time: its Message-ID promises so.
3. Nothing that stands in a header can begin another one.
"""

from __future__ import annotations

import hashlib
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Final

from eterminservice_core.domain.address import ChannelKind, EmailAddress
from eterminservice_core.domain.errors import UnsupportedMessageError
from eterminservice_core.domain.message import ContentProfile, Message

from .header_text import is_header_text


#: Makes an automatic answer to us unlikely, and a loop with one impossible (RFC 3834).
_AUTO_SUBMITTED: Final = "auto-generated"
#: Longer than 8bit, but no server can break it; readable in a file, unlike base64.
_ENCODING: Final = "quoted-printable"


def address_for(message: Message, *, transport: str) -> str:
    """
    The recipient as it stands in an envelope, if open mail may carry the message.

    Args:
        message: The message to carry.
        transport: The transport's name, for the error.

    Raises:
        UnsupportedMessageError: It goes to no mailbox, or says more than a channel
            without end-to-end encryption may carry (P7).
    """
    if message.kind is not ChannelKind.EMAIL or not isinstance(
        message.address, EmailAddress
    ):
        raise UnsupportedMessageError(
            transport, "carries mail to e-mail addresses only"
        )
    if message.profile is not ContentProfile.MINIMAL:
        raise UnsupportedMessageError(
            transport,
            "is not encrypted end to end and carries the minimal content profile only",
        )
    return message.address.normalized


def build(
    message: Message,
    *,
    transport: str,
    recipient: str,
    sender: str,
    sender_name: str = "",
    reply_to: str = "",
) -> bytes:
    """
    The mail, complete with its header, without dots doubled for SMTP.

    Six arguments: a mail has a reader, a writer, the writer's name and who is answered.

    Args:
        message: What it says.
        transport: The transport's name, for the error.
        recipient: The address in ``To``.
        sender: The address in ``From``.
        sender_name: The name shown with it.
        reply_to: The address answers go to, if it is another one.

    Raises:
        UnsupportedMessageError: Something in it would not arrive as it is.
    """
    _refuse_what_would_not_arrive(message, transport)
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = Address(sender_name, addr_spec=EmailAddress(sender).normalized)
    mail["To"] = Address(addr_spec=recipient)
    if reply_to:
        mail["Reply-To"] = Address(addr_spec=EmailAddress(reply_to).normalized)
    mail["Subject"] = message.subject
    mail["Date"] = message.created_at
    mail["Message-ID"] = message.message_id
    mail["Auto-Submitted"] = _AUTO_SUBMITTED
    mail.set_content(message.text, cte=_ENCODING)
    if message.html is not None:
        mail.add_alternative(message.html, subtype="html", cte=_ENCODING)
        mail.set_boundary(_boundary(message))
    # After the content: setting that drops every Content-… field there is.
    mail["Content-Language"] = "de"
    return mail.as_bytes()


def _boundary(message: Message) -> str:
    """
    What parts text from HTML: not random, so that the bytes stay the same.

    ``=_`` cannot stand in quoted-printable text (RFC 2045 section 6.7), so no content
    can hold a boundary.
    """
    return f"=_{hashlib.sha256(message.message_id.encode()).hexdigest()[:32]}"


def _refuse_what_would_not_arrive(message: Message, transport: str) -> None:
    """
    Raise before anything is built: the errors of `email` may quote what they hold.
    """
    for name, text in (
        ("subject", message.subject),
        ("Message-ID", message.message_id),
    ):
        if not is_header_text(text):
            raise UnsupportedMessageError(
                transport,
                f"needs a {name} of one line without control characters and '=?'",
            )
    try:
        f"{message.text}{message.html}".encode()
    except UnicodeEncodeError:
        raise UnsupportedMessageError(
            transport, "needs a text that can be written as UTF-8"
        ) from None
