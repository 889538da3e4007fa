"""
The transport that writes files.
"""

from __future__ import annotations

import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from eterminservice_core.domain.address import ChannelKind, EmailAddress, FaxNumber
from eterminservice_core.domain.errors import (
    InvalidSettingsError,
    UnsupportedMessageError,
)
from eterminservice_core.domain.message import ContentProfile, Message, Reason, Receipt
from eterminservice_core.transport import Deadline, Transport
from eterminservice_transports import DirectorySettings
from eterminservice_transports.directory import open_directory


MakeMessage = Callable[..., Message]
NAME = "20260302T013000Z-attempt-1.eml"
UNFINISHED = f".{NAME}.part"


@pytest.fixture
def transport(tmp_path: Path) -> Iterator[Transport]:
    settings = DirectorySettings(path=tmp_path, sender="kv@kv.example")
    with open_directory(settings) as opened:
        yield opened


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def deadline_that(happens: Callable[[], object], *, at_reading: int) -> Deadline:
    """
    A deadline far away, with something that happens while it is looked at.
    """
    readings = 0

    def clock() -> float:
        nonlocal readings
        readings += 1
        if readings == at_reading:
            happens()
        return 0.0

    return Deadline(30.0, clock=clock)


def test_a_message_is_a_file_that_a_mail_program_can_read(
    transport: Transport, tmp_path: Path, message: Message, ample: Deadline
) -> None:
    assert Receipt.accepted() == transport.deliver(message, ample)

    mail = message_from_bytes((tmp_path / NAME).read_bytes(), policy=policy.default)
    assert message.subject == mail["Subject"]
    assert message.text == mail.get_content().replace("\r\n", "\n")


def test_a_files_name_says_when_and_which_and_only_its_owner_reads_it(
    transport: Transport, tmp_path: Path, message: Message, ample: Deadline
) -> None:
    transport.deliver(message, ample)

    assert names(tmp_path) == [NAME]
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


def test_a_file_that_is_there_stays_as_it_is(
    transport: Transport, tmp_path: Path, message: Message, ample: Deadline
) -> None:
    (tmp_path / NAME).write_text("somebody's", encoding="utf-8")

    assert Receipt.failed(Reason.POLICY) == transport.deliver(message, ample)
    assert (tmp_path / NAME).read_text(encoding="utf-8") == "somebody's"
    assert names(tmp_path) == [NAME]


def test_two_writers_of_one_message_do_not_meet(
    transport: Transport, tmp_path: Path, message: Message, ample: Deadline
) -> None:
    (tmp_path / UNFINISHED).write_text("another is writing", encoding="utf-8")

    assert Receipt.failed(Reason.UNREACHABLE) == transport.deliver(message, ample)
    assert names(tmp_path) == [UNFINISHED]


@contextmanager
def no_file_longer_than(octets: int) -> Iterator[None]:
    """
    As if the disk were full; Python turns the signal of that into an `OSError`.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_a_failure_and_leaves_nothing(
    transport: Transport, tmp_path: Path, make_message: MakeMessage, ample: Deadline
) -> None:
    message = make_message(text="lang\n" * 10_000)
    with no_file_longer_than(10_000):
        receipt = transport.deliver(message, ample)

    assert Receipt.failed(Reason.UNREACHABLE) == receipt
    assert names(tmp_path) == []


def test_a_directory_that_has_gone_is_a_failure(
    transport: Transport, tmp_path: Path, message: Message, ample: Deadline
) -> None:
    tmp_path.rmdir()

    assert Receipt.failed(Reason.UNREACHABLE) == transport.deliver(message, ample)


def test_nothing_is_written_after_the_deadline(
    transport: Transport, tmp_path: Path, message: Message
) -> None:
    over = Deadline(1.0, clock=lambda: 1.0)

    assert Receipt.failed(Reason.DEADLINE) == transport.deliver(message, over)
    assert names(tmp_path) == []


def test_a_deadline_that_ends_while_it_writes_leaves_nothing(
    transport: Transport, tmp_path: Path, message: Message
) -> None:
    readings = iter([0.0, 99.0])
    deadline = Deadline(30.0, clock=lambda: next(readings))

    assert Receipt.failed(Reason.DEADLINE) == transport.deliver(message, deadline)
    assert names(tmp_path) == []


def test_nobody_can_tell_after_a_renaming_that_went_wrong(
    transport: Transport, tmp_path: Path, message: Message
) -> None:
    deadline = deadline_that((tmp_path / UNFINISHED).unlink, at_reading=2)

    assert Receipt.unknown(Reason.CONNECTION_LOST) == transport.deliver(
        message, deadline
    )


def test_what_it_cannot_carry_is_refused(
    transport: Transport, tmp_path: Path, make_message: MakeMessage, ample: Deadline
) -> None:
    fax = FaxNumber("030 23125 001", allow_media=True)
    for changes in (
        {"kind": ChannelKind.FAX, "address": fax},
        {"kind": ChannelKind.FAX},
        {"address": fax},
        {"profile": ContentProfile.FULL},
        {"id": "../../etc/cron.d/x"},
        {"id": ""},
    ):
        with pytest.raises(UnsupportedMessageError):
            transport.deliver(make_message(**changes), ample)

    assert names(tmp_path) == []


def test_a_missing_directory_is_told_when_it_is_opened(tmp_path: Path) -> None:
    settings = DirectorySettings(path=tmp_path / "nowhere", sender="kv@kv.example")

    with pytest.raises(InvalidSettingsError, match="existing directory"):
        open_directory(settings).__enter__()


def test_wrong_settings_are_told_all_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettingsError) as caught:
        DirectorySettings(path=tmp_path, sender="kv", sender_name="a\nb")

    assert [problem.rpartition("$.")[2] for problem in caught.value.problems] == [
        "sender",
        "sender_name",
    ]


def test_no_address_shows_in_a_files_name(
    transport: Transport, tmp_path: Path, make_message: MakeMessage, ample: Deadline
) -> None:
    address = EmailAddress("sentinel-local@sentinel-domain.example")
    transport.deliver(make_message(address=address), ample)

    assert not [name for name in names(tmp_path) if "sentinel" in name]
