"""
Notices and practices from JSON Lines: one JSON object a line, UTF-8.

Rules of this file:

1. A bad line stops no other one: it comes back with its number and the reason, and
   unchanged, so that it can be mended and given again.
2. Lines are taken in chunks, each committed before the next one is read, so a file may
   be longer than memory, and a broken-off one can be given again: recording and
   importing are idempotent.
3. No reason quotes a value.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Generic, TypeVar

from attrs import evolve, field, frozen
from cattrs import ClassValidationError, Converter, transform_error

from ..domain.address import FaxNumber
from ..domain.errors import InvalidValueError, OperationError
from ..domain.identifiers import BSNR
from ..domain.practice import Contact, Practice, PracticeGroup
from ..domain.send_window import NIGHT, SendWindow
from ..notice_json import from_json
from ..service import NotificationService
from ..upkeep import in_chunks


ValueT = TypeVar("ValueT")

#: Windows programs put it in front of UTF-8; it is no part of the first line.
_BYTE_ORDER_MARK = "\ufeff".encode()


@frozen(kw_only=True)
class RefusedLine:
    """
    A line that was not taken.

    Attributes:
        number: Its number in the file, from 1.
        line: The line as it was, without its line end.
        error: Why; its text names what was wrong and quotes nothing.
    """

    number: int
    line: bytes = field(repr=False)
    error: OperationError


@frozen(kw_only=True)
class LinesTaken:
    """
    What taking some lines came to; several can be added up.

    Attributes:
        lines: How many lines were read, empty ones too.
        size: How many bytes they have, line ends included.
        new: How many were recorded, or registered, for the first time.
        known: How many were known before: a notice stayed as it was, a practice got
            the register's present name, group and contact.
        refused: Those that people must look at, in the order of the file.
    """

    lines: int = 0
    size: int = 0
    new: int = 0
    known: int = 0
    refused: tuple[RefusedLine, ...] = ()

    def __add__(self, other: LinesTaken) -> LinesTaken:
        return LinesTaken(
            lines=self.lines + other.lines,
            size=self.size + other.size,
            new=self.new + other.new,
            known=self.known + other.known,
            refused=self.refused + other.refused,
        )


def record_lines(
    service: NotificationService, lines: Iterable[bytes]
) -> Iterator[LinesTaken]:
    """
    Record the notices of a JSON Lines file; see `notice_json` for their shape.

    Args:
        service: Where they are recorded.
        lines: Such as a file opened in binary mode.

    Yields:
        What became of the next lines, as soon as they are committed.
    """
    for chunk in _chunks(lines, from_json):
        recorded = service.record_all(read.value for read in chunk.good)
        refused = [
            chunk.good[each.position].refused(each.error) for each in recorded.refused
        ]
        yield chunk.taken(new=recorded.new, known=recorded.known, refused=refused)


def import_lines(
    service: NotificationService,
    lines: Iterable[bytes],
    *,
    allow_media: bool = False,
    window: SendWindow = NIGHT,
) -> Iterator[LinesTaken]:
    """
    Register the practices of a JSON Lines file, or update those that are known.

    A line has the keys ``bsnr``, ``name`` and ``group`` (``"doctors"`` or
    ``"psychotherapists"``), and may have the register's ``email``, ``fax`` and
    ``phone``.

    Args:
        service: Where they are registered.
        lines: Such as a file opened in binary mode.
        allow_media: Whether fax numbers reserved for films pass, as in tests.
        window: When new practices may be disturbed.

    Yields:
        What became of the next lines, as soon as they are committed.
    """

    def parse(line: str) -> Practice:
        return _practice(line, allow_media=allow_media, window=window)

    for chunk in _chunks(lines, parse):
        new = service.import_practices(read.value for read in chunk.good)
        yield chunk.taken(new=new, known=len(chunk.good) - new, refused=[])


# Lines


@frozen(kw_only=True)
class _Read(Generic[ValueT]):
    """
    A good line and what it says.
    """

    number: int
    line: bytes
    value: ValueT

    def refused(self, error: OperationError) -> RefusedLine:
        """
        The line, as one that was not taken after all.
        """
        return RefusedLine(number=self.number, line=self.line, error=error)


@frozen(kw_only=True)
class _Chunk(Generic[ValueT]):
    """
    Some lines after parsing: the good ones, and what became of the others.
    """

    good: tuple[_Read[ValueT], ...]
    so_far: LinesTaken

    def taken(self, *, new: int, known: int, refused: list[RefusedLine]) -> LinesTaken:
        """
        With what became of the good ones.
        """
        both = sorted([*self.so_far.refused, *refused], key=lambda it: it.number)
        return evolve(self.so_far, new=new, known=known, refused=tuple(both))


def _chunks(
    lines: Iterable[bytes], parse: Callable[[str], ValueT]
) -> Iterator[_Chunk[ValueT]]:
    for some in in_chunks(enumerate(lines, start=1)):
        yield _parsed(some, parse)


def _parsed(
    some: list[tuple[int, bytes]], parse: Callable[[str], ValueT]
) -> _Chunk[ValueT]:
    good: list[_Read[ValueT]] = []
    refused: list[RefusedLine] = []
    for number, ended in some:
        line = ended.rstrip(b"\r\n")
        if number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if not line.strip():
            continue
        try:
            value = parse(_text(line))
        except OperationError as error:
            refused.append(RefusedLine(number=number, line=line, error=error))
            continue
        good.append(_Read(number=number, line=line, value=value))
    return _Chunk(
        good=tuple(good),
        so_far=LinesTaken(
            lines=len(some),
            size=sum(len(ended) for _, ended in some),
            refused=tuple(refused),
        ),
    )


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise InvalidValueError("this line is not UTF-8") from None


# Practices


@frozen(kw_only=True)
class _PracticeLine:
    """
    One practice as the KV register has it, flat.
    """

    bsnr: str
    name: str
    group: PracticeGroup
    email: str | None = None
    fax: str | None = None
    phone: str | None = None


@cache
def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)
    converter.register_structure_hook(str, _only_text)
    return converter


def _only_text(value: object, _: type) -> str:
    """
    Only what already is text: a number is no BSNR, for it has lost its zeros.
    """
    if not isinstance(value, str):
        raise TypeError("expected str")
    return value


def _practice(line: str, *, allow_media: bool, window: SendWindow) -> Practice:
    """
    Read one line; every problem with its shape is named with its path.
    """
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):  # the latter: thousands of brackets
        raise InvalidValueError("this is not a line of JSON") from None
    if not isinstance(entry, Mapping):
        raise InvalidValueError("a practice must be a JSON object")
    try:
        given = _converter().structure(entry, _PracticeLine)
    except ClassValidationError as error:
        raise InvalidValueError("; ".join(transform_error(error))) from None
    fax = FaxNumber(given.fax, allow_media=allow_media) if given.fax else None
    return Practice(
        BSNR(given.bsnr),
        name=given.name,
        group=given.group,
        master=Contact(email=given.email, fax=fax, phone=given.phone or ""),
        window=window,
    )
