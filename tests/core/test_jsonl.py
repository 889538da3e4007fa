"""
Notices and practices from JSON Lines: good lines are taken, bad ones come back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import reduce
from operator import add
from typing import Any

import pytest

from eterminservice_core import (
    BSNR,
    InvalidAddressError,
    InvalidBSNRError,
    InvalidNoticeError,
    InvalidValueError,
    NotFoundError,
    NoticeConflictError,
    NotificationService,
    Practice,
    PracticeGroup,
    SendWindow,
)
from eterminservice_core.intake import LinesTaken, import_lines, record_lines
from eterminservice_core.upkeep import CHUNK


TOPP = BSNR("391234511")
MORE = BSNR("241234601")


def line(**changes: Any) -> bytes:
    """
    A booking as a line; None takes a key away.
    """
    entry = {
        "kind": "booking",
        "bsnr": str(TOPP),
        "appointment": "a-1",
        "version": 1,
        "starts_at": "2026-03-04T09:30+01:00",
        **changes,
    }
    kept = {key: value for key, value in entry.items() if value is not None}
    return json.dumps(kept).encode() + b"\n"


def register_line(**changes: Any) -> bytes:
    """
    A practice as a line; None takes a key away.
    """
    entry = {
        "bsnr": str(TOPP),
        "name": "Praxis Topp",
        "group": "psychotherapists",
        **changes,
    }
    kept = {key: value for key, value in entry.items() if value is not None}
    return json.dumps(kept).encode() + b"\n"


def record(service: NotificationService, *lines: bytes) -> LinesTaken:
    return reduce(add, record_lines(service, lines), LinesTaken())


def take_in(service: NotificationService, *lines: bytes, **options: Any) -> LinesTaken:
    return reduce(add, import_lines(service, lines, **options), LinesTaken())


@pytest.fixture
def registered(service: NotificationService) -> NotificationService:
    service.register(Practice(TOPP, name="Praxis Topp"))
    return service


def test_every_good_line_is_recorded(registered: NotificationService) -> None:
    taken = record(registered, line(), line(kind="cancellation", version=2))

    assert (taken.new, taken.known, taken.refused) == (2, 0, ())
    assert registered.why(TOPP).outlook.waiting == 2


def test_the_same_file_again_records_nothing_new(
    registered: NotificationService,
) -> None:
    lines = [line(), line(appointment="a-2")]
    record(registered, *lines)

    again = record(registered, *lines)

    assert (again.new, again.known) == (0, 2)


def test_a_bad_line_stops_no_other_one(registered: NotificationService) -> None:
    taken = record(
        registered,
        line(),
        b"{broken\n",
        line(version=None),
        line(bsnr=str(MORE)),
        line(starts_at="2026-03-05T09:30+01:00"),
        b"\xff\xfe\n",
        line(appointment="a-2"),
    )

    assert taken.new == 2
    assert [(it.number, type(it.error)) for it in taken.refused] == [
        (2, InvalidNoticeError),
        (3, InvalidNoticeError),
        (4, NotFoundError),
        (5, NoticeConflictError),
        (6, InvalidValueError),
    ]


def test_a_refused_line_comes_back_unchanged(registered: NotificationService) -> None:
    """
    Whoever mends it has the very bytes, in whatever encoding they are.
    """
    taken = record(registered, b'{"doctor": "M\xfcller"}\r\n')

    assert [it.line for it in taken.refused] == [b'{"doctor": "M\xfcller"}']


def test_the_reason_names_the_place_and_quotes_nothing(
    registered: NotificationService,
) -> None:
    (refused,) = record(registered, line(code="GEHEIM-GEHEIM", urgency="x")).refused

    assert "$.urgency" in str(refused.error)
    assert "GEHEIM" not in f"{refused!r} {refused.error}"


def test_a_number_is_no_bsnr(registered: NotificationService) -> None:
    """
    It would have lost its leading zero.
    """
    (refused,) = record(registered, line(bsnr=391234511)).refused

    assert "$.bsnr" in str(refused.error)


def test_a_patient_is_refused_and_not_dropped_in_silence(
    registered: NotificationService,
) -> None:
    (refused,) = record(registered, line(patient="Malta")).refused

    assert "patient" in str(refused.error)
    assert "Malta" not in str(refused.error)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_line_ends_of_every_system_are_taken(
    registered: NotificationService, end: bytes
) -> None:
    assert record(registered, line().rstrip() + end).new == 1


def test_a_byte_order_mark_is_no_part_of_the_first_line(
    registered: NotificationService,
) -> None:
    assert record(registered, b"\xef\xbb\xbf" + line()).new == 1


def test_empty_lines_are_passed_over_but_counted(
    registered: NotificationService,
) -> None:
    """
    Or the number of a bad line would be wrong.
    """
    taken = record(registered, b"\n", line(), b"   \r\n", b"nonsense")

    assert (taken.lines, taken.new) == (4, 1)
    assert [it.number for it in taken.refused] == [4]


def test_a_chunk_is_committed_before_the_next_one_is_read(
    registered: NotificationService,
) -> None:
    """
    A source that breaks off in the middle loses nothing that was read before.
    """

    def breaking_off() -> Iterator[bytes]:
        for number in range(CHUNK + 10):
            yield line(appointment=f"a-{number}")
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(record_lines(registered, breaking_off()))

    assert registered.why(TOPP).outlook.waiting == CHUNK


def test_what_was_taken_adds_up_over_the_chunks(
    registered: NotificationService,
) -> None:
    lines = [line(appointment=f"a-{number}") for number in range(CHUNK)]
    lines += [b"nonsense\n", line(appointment="a-0"), line(appointment="b")]

    steps = list(record_lines(registered, lines))
    taken = reduce(add, steps)

    assert len(steps) == 2
    assert (taken.lines, taken.new, taken.known) == (CHUNK + 3, CHUNK + 1, 1)
    assert taken.size == sum(map(len, lines))
    assert [it.number for it in taken.refused] == [CHUNK + 1]


def test_a_practice_is_registered_with_what_the_register_says(
    service: NotificationService,
) -> None:
    taken = take_in(
        service,
        register_line(
            email="anmeldung@praxis.example",
            fax="089 99998-123",
            phone="06151 000-0",
        ),
        allow_media=True,
    )
    profile = service.profile(TOPP)

    assert (taken.new, taken.known, taken.refused) == (1, 0, ())
    assert (profile.name, profile.group) == (
        "Praxis Topp",
        PracticeGroup.PSYCHOTHERAPISTS,
    )
    assert profile.dialog.fax is not None, "the register's fax is pre-filled (R4)"
    assert profile.dialog.selected is None


def test_a_known_practice_is_brought_up_to_date(
    service: NotificationService,
) -> None:
    take_in(service, register_line())

    taken = take_in(service, register_line(name="Praxis Topp und Kollegen"))

    assert (taken.new, taken.known) == (0, 1)
    assert service.profile(TOPP).name == "Praxis Topp und Kollegen"


def test_new_practices_get_the_window_that_is_asked_for(
    service: NotificationService,
) -> None:
    window = SendWindow("21:00", "05:00")

    take_in(service, register_line(), window=window)

    assert service.profile(TOPP).window == window


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (register_line(bsnr="12"), InvalidBSNRError),
        (register_line(bsnr=391234511), InvalidValueError),
        (register_line(email="anmeldung"), InvalidAddressError),
        (register_line(fax="0900 123456"), InvalidAddressError),
        (register_line(group="dentists"), InvalidValueError),
        (register_line(group=None), InvalidValueError),
        (register_line(name=None), InvalidValueError),
        (register_line(telefax="x"), InvalidValueError),
        (register_line(name="two\nlines"), InvalidValueError),
        (b"[]\n", InvalidValueError),
        (b"[" * 100_000, InvalidValueError),
    ],
)
def test_a_practice_that_cannot_be_right_is_refused_alone(
    service: NotificationService, bad: bytes, error: type[Exception]
) -> None:
    taken = take_in(service, bad, register_line(bsnr=str(MORE)))

    assert taken.new == 1
    assert [it.number for it in taken.refused] == [1]
    assert isinstance(taken.refused[0].error, error)


def test_a_fax_number_kept_for_films_is_refused_unless_it_is_allowed(
    service: NotificationService,
) -> None:
    taken = take_in(service, register_line(fax="030 23125 123"))

    assert [type(it.error) for it in taken.refused] == [InvalidAddressError]
    assert "23125" not in str(taken.refused[0].error)
