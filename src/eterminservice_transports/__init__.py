"""
The built-in transports: recording, directory and SMTP.

They are found like everybody's: through the entry point group ``eterminservice`` and
the hook below.  What only an open transport needs is imported when one is opened.
"""

from __future__ import annotations

from typing import Any

from eterminservice_core.hookspecs import hookimpl
from eterminservice_core.transport import TransportSpec

from .directory import DIRECTORY, DirectorySettings
from .recording import RECORDING, RECORDING_FAX, RecordingSettings, RecordingTransport
from .smtp import SMTP
from .smtp_settings import Security, SmtpSettings


__all__ = [
    "DirectorySettings",
    "RecordingSettings",
    "RecordingTransport",
    "Security",
    "SmtpSettings",
    "provide_transports",
]


@hookimpl
def provide_transports() -> list[TransportSpec[Any]]:
    """
    Announce the transports of this package.
    """
    return [DIRECTORY, RECORDING, RECORDING_FAX, SMTP]
