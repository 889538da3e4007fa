"""
The SMTP transport, open: one connection for many messages.
"""

from __future__ import annotations

import ssl
from threading import TIMEOUT_MAX, Lock

from attrs import field, frozen

from eterminservice_core.domain.address import EmailAddress
from eterminservice_core.domain.errors import InvalidSettingsError
from eterminservice_core.domain.message import Message, Reason, Receipt
from eterminservice_core.transport import Deadline

from .mime import address_for, build
from .smtp_dialogue import Dialogue
from .smtp_outcomes import Ending
from .smtp_replies import Break, Reply, Stage
from .smtp_settings import NAME, SmtpSettings


@frozen
class _Mail:
    """
    What goes through one dialogue.
    """

    sender: str = field(repr=False)
    recipient: str = field(repr=False)
    content: bytes = field(repr=False)


class SmtpTransport:
    """
    Hands messages to one mail server, one after another.

    Several threads may deliver; each waits for its turn, no longer than its deadline.
    """

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._context = _trusting(settings)
        self._turn = Lock()
        self._idle: Dialogue | None = None

    def deliver(self, message: Message, deadline: Deadline) -> Receipt:
        """
        Hand over one message; each way it can end is a row of `smtp_outcomes.RULES`.

        Raises:
            UnsupportedMessageError: It goes to no mailbox, or something in it would
                not arrive as it is.
        """
        mail = self._mail(message)
        if not self._turn.acquire(timeout=min(deadline.remaining(), TIMEOUT_MAX)):
            return Receipt.failed(Reason.DEADLINE)
        try:
            if deadline.is_over:
                return Receipt.failed(Reason.DEADLINE)
            return self._hand_over(mail, deadline).receipt
        finally:
            self._turn.release()

    def close(self) -> None:
        """
        Take leave of the server.
        """
        idle, self._idle = self._idle, None
        if idle is not None:
            idle.take_leave()

    def _mail(self, message: Message) -> _Mail:
        settings = self._settings
        recipient = address_for(message, transport=NAME)
        content = build(
            message,
            transport=NAME,
            recipient=recipient,
            sender=settings.sender,
            sender_name=settings.sender_name,
            reply_to=settings.reply_to,
        )
        sender = EmailAddress(settings.envelope_sender).normalized
        return _Mail(sender, recipient, content)

    def _hand_over(self, mail: _Mail, deadline: Deadline) -> Ending:
        """
        Through the idle connection; once more, through a new one, if it had died.
        """
        idle, self._idle = self._idle, None
        if idle is not None:
            ending = self._carry(idle, mail, deadline)
            if not _had_died(ending):
                return ending
        dialogue = Dialogue(self._settings, self._context)
        return self._carry(dialogue, mail, deadline, new=True)

    def _carry(
        self, dialogue: Dialogue, mail: _Mail, deadline: Deadline, *, new: bool = False
    ) -> Ending:
        try:
            ending = (dialogue.open(deadline) if new else None) or dialogue.carry(
                mail.sender, mail.recipient, mail.content, deadline
            )
        except BaseException:  # such as KeyboardInterrupt: nobody knows its state now
            dialogue.abandon()
            raise
        match ending:
            case Ending(answer=Break.NOT_OFFERED):
                dialogue.take_leave()
            # In the middle of the content, a QUIT would be a part of it.
            case Ending(answer=Break() | Reply(code=421)) | Ending(Stage.CONTENT):
                dialogue.abandon()
            case Ending(Stage.RECIPIENT | Stage.FINAL_DOT):
                self._idle = dialogue
            case _:
                dialogue.take_leave()
        return ending


def _had_died(ending: Ending) -> bool:
    """
    Whether a connection that was idle turns out to be dead.

    The server has not taken even the sender then: nothing of this message is anywhere.
    """
    match ending:
        case Ending(Stage.SENDER, Reply(code=421) | Break.LOST | Break.TIMED_OUT):
            return True
        case _:
            return False


def _trusting(settings: SmtpSettings) -> ssl.SSLContext:
    """
    The system's certificates and those of the settings; names are checked.

    From TLS 1.2 up, as BSI TR-02102-2 has it.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.ca_file is not None:
        try:
            context.load_verify_locations(settings.ca_file)
        except OSError:  # an SSLError is one
            raise InvalidSettingsError(
                f"transport {NAME!r}",
                ["expected a PEM file with certificates @ $.ca_file"],
            ) from None
    return context
