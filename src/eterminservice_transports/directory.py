"""
A transport that writes each message as an ``.eml`` file into a directory.

Rules of this file:

1. A file is there as a whole or not at all, and after `deliver` it survives a power
   cut: written under another name, flushed, renamed, and the directory flushed.
2. No file is ever overwritten.
3. A file's name says when and which attempt, never to whom.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC
from pathlib import Path
from typing import Final

from attrs import frozen

from eterminservice_core.domain.address import ChannelKind
from eterminservice_core.domain.errors import (
    InvalidSettingsError,
    UnsupportedMessageError,
)
from eterminservice_core.domain.message import Message, Reason, Receipt
from eterminservice_core.transport import (
    Capabilities,
    Deadline,
    Transport,
    TransportSpec,
)

from .header_text import address_problems, name_problems


_NAME: Final = "directory"
#: Ids that are safe as part of a file's name on any system.
_FILE_NAME_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
#: For the owner only: a mail holds an address.
_MODE: Final = 0o600


@frozen(kw_only=True)
class DirectorySettings:
    """
    Where the files go, and who writes them.

    Attributes:
        path: An existing directory.
        sender: The address in ``From``.
        sender_name: The name shown with it.

    Raises:
        InvalidSettingsError: All problems at once.
    """

    path: Path
    sender: str
    sender_name: str = ""

    def __attrs_post_init__(self) -> None:
        problems = [
            *address_problems("sender", self.sender),
            *name_problems("sender_name", self.sender_name),
        ]
        if problems:
            raise InvalidSettingsError(f"transport {_NAME!r}", problems)


class DirectoryTransport:
    """
    Writes ``.eml`` files that any mail program can open.
    """

    def __init__(self, settings: DirectorySettings) -> None:
        self._settings = settings

    def deliver(self, message: Message, deadline: Deadline) -> Receipt:
        """
        Write one message.

        Raises:
            UnsupportedMessageError: It goes to no mailbox, its id cannot be part of a
                file's name, or something in it would not arrive as it is.
        """
        from .mime import address_for, build  # noqa: PLC0415 — waits until one is open

        mail = build(
            message,
            transport=_NAME,
            recipient=address_for(message, transport=_NAME),
            sender=self._settings.sender,
            sender_name=self._settings.sender_name,
        )
        final = self._settings.path / _file_name(message)
        unfinished = final.with_name(f".{final.name}.part")
        if deadline.is_over:
            return Receipt.failed(Reason.DEADLINE)
        try:
            _write(unfinished, mail)
        except OSError:
            return Receipt.failed(Reason.UNREACHABLE)
        # Who could create the unfinished file is the only one who may rename it, so
        # nothing can take the final name between this look and the renaming.
        if final.exists():
            _discard(unfinished)
            return Receipt.failed(Reason.POLICY)
        if deadline.is_over:
            _discard(unfinished)
            return Receipt.failed(Reason.DEADLINE)
        try:
            unfinished.rename(final)
            _flush_directory(self._settings.path)
        except OSError:  # also a renaming that says it failed may have happened (NFS)
            return Receipt.unknown(Reason.CONNECTION_LOST)
        return Receipt.accepted()


def _file_name(message: Message) -> str:
    if not _FILE_NAME_ID.fullmatch(message.id):
        raise UnsupportedMessageError(
            _NAME, "needs an id of letters, digits, '-' and '_', at most 100"
        )
    created_at = message.created_at.astimezone(UTC)
    return f"{created_at:%Y%m%dT%H%M%SZ}-{message.id}.eml"


def _write(path: Path, mail: bytes) -> None:
    """
    A new file with all of the mail on the disk, or no file.
    """
    path.touch(_MODE, exist_ok=False)
    with path.open("wb") as file:
        try:
            file.write(mail)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            _discard(path)
            raise


def _discard(unfinished: Path) -> None:
    with suppress(OSError):  # left behind, it disturbs nobody: no id is used twice
        unfinished.unlink()


def _flush_directory(path: Path) -> None:
    """
    Make the new name survive a power cut; Windows cannot, and need not, be asked.
    """
    if os.name != "posix":  # pragma: no cover — CI runs on Linux
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def open_directory(settings: DirectorySettings) -> Iterator[Transport]:
    """
    A transport into an existing directory.

    Raises:
        InvalidSettingsError: There is no such directory.
    """
    if not settings.path.is_dir():
        raise InvalidSettingsError(
            f"transport {_NAME!r}", ["expected an existing directory @ $.path"]
        )
    yield DirectoryTransport(settings)


DIRECTORY: Final = TransportSpec(
    _NAME,
    ChannelKind.EMAIL,
    DirectorySettings,
    open=open_directory,
    capabilities=Capabilities(stops_at_deadline=True),
)
