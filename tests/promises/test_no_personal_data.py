"""
P7: addresses, codes, Vermittlungscodes, patients and names show nowhere by accident.

Sentinels are planted in every field that holds one, then everything is exercised, also
what fails, and every log record, repr, error, subject and Message-ID is searched.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from eterminservice_core import (
    BSNR,
    LANR,
    Appointment,
    Booking,
    Cancellation,
    ConfirmationCode,
    Contact,
    DeliveryReport,
    EmailAddress,
    EterminserviceError,
    FaxNumber,
    Keys,
    Message,
    NotificationService,
    Patient,
    Practice,
    ProfileDialog,
    Purpose,
    Reason,
    Receipt,
    Verdict,
    Vermittlungscode,
)
from eterminservice_core.storage import MemoryStore
from eterminservice_core.testing.clock import FakeClock
from eterminservice_transports import RecordingTransport


PRACTICE = BSNR("391234511")
MAILBOX = "wachposten-postfach"
PATIENT = "Wachposten-Patientin"
NAME = "Wachposten-Praxis"
PHONE = "0711-wachposten"
DOCTOR = "Dr. Wachposten"
FAX = "+493023125777"
CODE = "28QN5AHKVAZD"
LANR_DIGITS = "728382503"
SENTINELS = (
    MAILBOX,
    PATIENT,
    NAME,
    PHONE,
    DOCTOR,
    FAX,
    "23125777",
    "23125 777",
    CODE,
    "5AHK",
    LANR_DIGITS,
)

ADDRESS = EmailAddress(f"{MAILBOX}@praxis.example")
NUMBER = FaxNumber("030 23125777", allow_media=True)


def _slot(name: str = "a-1", start: str = "2026-03-09T09:30+01:00") -> Appointment:
    return Appointment(
        name,
        starts_at=start,
        doctor=DOCTOR,
        lanr=LANR_DIGITS,
        code="28QN-5AHK-VAZD",
        patient=Patient(name=PATIENT),
    )


def _practice() -> Practice:
    contact = Contact(email=ADDRESS, fax=NUMBER, phone=PHONE)
    return Practice(PRACTICE, name=NAME, master=contact)


def _assert_clean(text: str, *more: str) -> None:
    found = [it for it in (*SENTINELS, *more) if it.casefold() in text.casefold()]

    assert found == []


def _shown(value: object) -> str:
    return f"{value!r} {value!s} {value}"


def test_values_show_masked_whatever_holds_them() -> None:
    code = ConfirmationCode("BCDFGHJK")
    values: list[object] = [
        ADDRESS,
        NUMBER,
        LANR(LANR_DIGITS),
        Vermittlungscode("28QN-5AHK-VAZD"),
        _slot(),
        Booking(PRACTICE, _slot(), version=1),
        Cancellation(PRACTICE, _slot(), version=2),
        _practice(),
        ProfileDialog(email=ADDRESS, fax=NUMBER),
        code,
        Keys(pseudonyms=b"wachposten" * 4, codes=(b"wachposten" * 4,)),
    ]

    for value in values:
        _assert_clean(_shown(value), "BCDF", "wachposten")


class _Capture(logging.Handler):
    """
    Keeps all a record holds, not only its text.
    """

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += f"{record.getMessage()} {vars(record)!r}\n"
        self.text += f"{logging.Formatter().format(record)}\n"


@pytest.fixture
def log() -> Iterator[_Capture]:
    """
    Everything any logger says, at every level.
    """
    capture, root = _Capture(), logging.getLogger()
    level = root.level
    root.addHandler(capture)
    root.setLevel(logging.DEBUG)
    yield capture
    root.setLevel(level)
    root.removeHandler(capture)


def _attempted(act: Callable[[], object]) -> str:
    """
    What an operation shows: its answer, or its error with everything attached.
    """
    try:
        return _shown(act())
    except EterminserviceError as error:
        return f"{_shown(error)} {vars(error)!r} {error.__cause__!r}"


def _gossip(message: Message) -> Exception:
    """
    A plugin's error that quotes all it was given, as real ones do.
    """
    return RuntimeError(f"{message.address.normalized} {message.text}")


def test_nothing_slips_out_of_a_night_in_which_all_goes_wrong(
    clock: FakeClock, log: _Capture
) -> None:
    outbox = RecordingTransport()
    store = MemoryStore(clock=clock)
    service = NotificationService(store, transports=[outbox], elapsed=clock.elapsed)
    shown: list[str] = []

    def does(act: Callable[[], object]) -> None:
        shown.append(_attempted(act))

    dialog = ProfileDialog(email=ADDRESS, fax=NUMBER, selected="email")
    does(lambda: service.save_profile(PRACTICE, dialog))
    service.register(_practice())
    does(lambda: service.register(_practice()))
    does(lambda: service.profile(PRACTICE))
    does(lambda: service.save_profile(PRACTICE, dialog))
    code = outbox.last_code()
    does(lambda: service.confirm(PRACTICE, "BBBB-BBBB"))
    does(lambda: service.confirm(PRACTICE, f"{MAILBOX}"))
    does(lambda: service.confirm(PRACTICE, code))
    does(lambda: service.confirm(PRACTICE, code))
    does(lambda: service.record(Booking(PRACTICE, _slot(), version=1)))
    changed = _slot(start="2026-03-09T10:30+01:00")
    does(lambda: service.record(Booking(PRACTICE, changed, version=1)))
    does(lambda: service.record_all([Booking(PRACTICE, changed, version=1)]))
    does(lambda: service.record(Booking(BSNR("241234601"), _slot(), version=1)))
    for answer in (
        _gossip,
        Receipt.failed(Reason.TRY_LATER, "451 4.7.1"),
        Receipt.failed(Reason.LOGIN_REFUSED),
        Receipt.accepted(),
        Receipt.rejected(),
    ):
        _advance_to_due(clock, store)
        if callable(answer):
            outbox.answer_with(_gossip(_digest_like(outbox)))
        else:
            outbox.answer_with(answer)
        does(service.dispatch_due)
        does(lambda: service.why(PRACTICE))
        does(service.worklist)
        again = Booking(PRACTICE, _slot(f"a-{len(shown)}"), version=1)
        does(lambda notice=again: service.record(notice))  # type: ignore[misc]  # a default binds it
    attempt_id = outbox.messages[-1].id
    does(
        lambda: service.report(DeliveryReport(attempt_id, verdict=Verdict.UNDELIVERED))
    )
    does(service.sweep)
    does(lambda: service.erase(PRACTICE))
    does(lambda: store)

    # An entry shows the doctor to nobody either; the field itself is there to be read.
    for text in (*shown, log.text):
        _assert_clean(text, code, code.replace("-", ""))
    assert any(it.purpose is Purpose.DIGEST for it in outbox.messages)
    for message in outbox.messages:
        _assert_clean(message.subject, code)
        _assert_clean(message.message_id, code)
        _assert_clean(repr(message), code)
        body = f"{message.text} {message.html}"
        for secret in (PATIENT, CODE, "5AHK", MAILBOX, LANR_DIGITS, PHONE):
            assert secret not in body


def _digest_like(outbox: RecordingTransport) -> Message:
    return outbox.messages[-1]


def _advance_to_due(clock: FakeClock, store: MemoryStore) -> None:
    from eterminservice_core import ChannelKind  # noqa: PLC0415 — only here

    with store.transaction() as tx:
        due_at = tx.next_due_at(list(ChannelKind))
    if due_at is not None and due_at > clock():
        clock.advance(due_at - clock())


@pytest.mark.parametrize(
    "make",
    [
        lambda: EmailAddress(f"{MAILBOX}@@praxis.example"),
        lambda: EmailAddress(f"{MAILBOX}@praxis.example\nBcc: x@y.example"),
        lambda: FaxNumber("030 23125777"),
        lambda: FaxNumber(f"0900 {FAX}"),
        lambda: LANR("728382603"),
        lambda: Vermittlungscode("XN6PF4HPZ5K1"),
        lambda: ConfirmationCode(MAILBOX),
        lambda: Practice(PRACTICE, name=f"{NAME}\n"),
        lambda: Appointment("a", starts_at=PATIENT),
        lambda: Appointment("a", starts_at="2026-03-09T09:30Z", doctor=f"{DOCTOR}\r"),
        lambda: Keys.parse(f"pseudonyms {MAILBOX}"),
    ],
)
def test_an_error_never_quotes_what_was_wrong(make: Callable[[], Any]) -> None:
    with pytest.raises(EterminserviceError) as caught:
        make()

    _assert_clean(_attempted(lambda: (_ for _ in ()).throw(caught.value)))
    assert caught.value.__cause__ is None
