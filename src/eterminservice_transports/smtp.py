"""
A transport that hands messages to a mail server: what it is and how it is opened.

The conversation is in `smtp_dialogue`, what its end means in `smtp_outcomes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final

from eterminservice_core.domain.address import ChannelKind
from eterminservice_core.transport import Capabilities, Transport, TransportSpec

from .smtp_settings import NAME, SmtpSettings


@contextmanager
def open_smtp(settings: SmtpSettings) -> Iterator[Transport]:
    """
    A transport to one mail server; it connects when there is something to deliver.

    Raises:
        InvalidSettingsError: The file of trusted certificates cannot be read.
    """
    from .smtp_transport import SmtpTransport  # noqa: PLC0415 — waits until one is open

    with closing(SmtpTransport(settings)) as transport:
        yield transport


SMTP: Final = TransportSpec(
    NAME,
    ChannelKind.EMAIL,
    SmtpSettings,
    open=open_smtp,
    capabilities=Capabilities(stops_at_deadline=True),
    secrets=("password",),
)
