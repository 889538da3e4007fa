"""
From facts to a message that can be carried: fold, render, name it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from attrs import frozen

from .domain.appointment import Notice
from .domain.channel import Channel
from .domain.codes import LIFETIME, ConfirmationCode
from .domain.digest import Digest, fold
from .domain.message import ContentProfile, Message, Purpose
from .domain.practice import Practice
from .facts import Waiting
from .rendering import ConfirmationContent, DigestContent, Rendered, Renderer


#: Digits of the attempt's id that stand on the message, so that people can tell two
#: apart; the rest of its 128 bits stays unguessable.
_NUMBER_LENGTH = 8


@frozen(kw_only=True)
class Composer:
    """
    Makes messages, each with an id and a Message-ID of its own.

    Attributes:
        renderer: Makes the texts.
        new_id: Makes unguessable ids.
        message_id_domain: What stands after the ``@`` of a Message-ID.
    """

    renderer: Renderer
    new_id: Callable[[], str]
    message_id_domain: str

    def digest(
        self,
        practice: Practice,
        channel: Channel,
        *,
        waiting: Sequence[Waiting],
        told: Sequence[Notice],
        now: datetime,
    ) -> tuple[Digest, Message]:
        """
        One digest of all that waits, in the minimal content profile (P7).
        """
        digest = fold((item.untold for item in waiting), told)
        message_id = self.new_id()
        rendered = self.renderer.digest(
            DigestContent(
                digest=digest,
                practice_name=practice.name,
                bsnr=practice.bsnr,
                group=practice.group,
                now=now,
                message_number=message_id[:_NUMBER_LENGTH],
            )
        )
        return digest, self._message(message_id, channel, Purpose.DIGEST, rendered, now)

    def confirmation(
        self,
        practice: Practice,
        channel: Channel,
        *,
        code: ConfirmationCode,
        now: datetime,
    ) -> Message:
        """
        The message that carries a code, and could not carry anything else (P4).
        """
        rendered = self.renderer.confirmation(
            ConfirmationContent(
                kind=channel.kind,
                code=code.reveal(),
                practice_name=practice.name,
                group=practice.group,
                valid_until=now + LIFETIME,
            )
        )
        return self._message(
            self.new_id(), channel, Purpose.CONFIRMATION, rendered, now
        )

    def _message(
        self,
        message_id: str,
        channel: Channel,
        purpose: Purpose,
        rendered: Rendered,
        now: datetime,
    ) -> Message:
        return Message(
            id=message_id,
            message_id=f"<{message_id}@{self.message_id_domain}>",
            kind=channel.kind,
            address=channel.address,
            purpose=purpose,
            profile=ContentProfile.MINIMAL,
            created_at=now,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
        )
