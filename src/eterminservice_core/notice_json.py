"""
Notices as JSON: one shape for stores, files and fingerprints.

The patient is left out: no channel of this release may tell who comes, and what is not
kept cannot leak (DSK position paper of 16 June 2025, data minimisation).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any

from attrs import frozen
from cattrs import ClassValidationError, Converter, transform_error

from .domain.appointment import (
    Appointment,
    Booking,
    Cancellation,
    CancelledBy,
    Notice,
    NoticeKind,
    Site,
    Urgency,
)
from .domain.errors import InvalidNoticeError, OperationError
from .domain.identifiers import BSNR


@frozen(kw_only=True)
class _Shape:
    """
    One notice, flat, as a line of a file has it.
    """

    kind: NoticeKind
    bsnr: str
    appointment: str
    version: int
    starts_at: str
    ends_at: str | None = None
    specialty: str = ""
    doctor: str = ""
    lanr: str | None = None
    urgency: Urgency | None = None
    site: Site = Site.ON_SITE
    code: str | None = None
    cancelled_by: CancelledBy | None = None


@cache
def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)
    for simple in (str, int):
        converter.register_structure_hook(simple, _exactly)
    return converter


def _exactly(value: object, kind: type) -> Any:
    """
    Only what already is of the kind: a number is no BSNR, for it has lost its zeros.
    """
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}")
    return value


def to_json(notice: Notice) -> str:
    """
    A notice as one line of JSON, keys sorted, defaults left out.
    """
    slot = notice.appointment
    entry: dict[str, object] = {
        "kind": notice.identity.kind,
        "bsnr": str(notice.bsnr),
        "appointment": slot.id,
        "version": notice.version,
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "specialty": slot.specialty or None,
        "doctor": slot.doctor or None,
        "lanr": slot.lanr.digits if slot.lanr else None,
        "urgency": slot.urgency,
        "site": slot.site if slot.site is not Site.ON_SITE else None,
        "code": slot.code.reveal() if slot.code else None,
    }
    if isinstance(notice, Cancellation):
        entry["cancelled_by"] = notice.cancelled_by
    kept = {key: _plain(value) for key, value in entry.items() if value is not None}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True)


def _plain(value: object) -> object:
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.isoformat()
        case _:
            return value


def from_json(line: str) -> Notice:
    """
    Read one line of JSON.

    Raises:
        InvalidNoticeError: It is no notice; every problem is named with its path, no
            value is quoted.
    """
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):  # the latter: thousands of brackets
        raise InvalidNoticeError("this is not a line of JSON") from None
    if not isinstance(entry, Mapping):
        raise InvalidNoticeError("a notice must be a JSON object")
    try:
        shape = _converter().structure(entry, _Shape)
    except ClassValidationError as error:
        raise InvalidNoticeError("; ".join(transform_error(error))) from None
    try:
        return _notice(shape)
    except InvalidNoticeError:
        raise
    except OperationError as error:
        raise InvalidNoticeError(str(error)) from None


def _notice(shape: _Shape) -> Notice:
    bsnr = BSNR(shape.bsnr)
    slot = Appointment(
        shape.appointment,
        starts_at=shape.starts_at,
        ends_at=shape.ends_at,
        specialty=shape.specialty,
        doctor=shape.doctor,
        lanr=shape.lanr,
        urgency=shape.urgency,
        site=shape.site,
        code=shape.code,
    )
    match shape.kind:
        case NoticeKind.BOOKING:
            if shape.cancelled_by is not None:
                raise InvalidNoticeError("a booking has no 'cancelled_by'")
            return Booking(bsnr, slot, version=shape.version)
        case NoticeKind.CANCELLATION:
            return Cancellation(
                bsnr,
                slot,
                version=shape.version,
                cancelled_by=shape.cancelled_by or CancelledBy.UNKNOWN,
            )
