"""
What a domain expert checks first: one test for each check, named by its number.

Each is the short proof; the long ones stand where the name of the thing is.  Check 15
(the fax page) belongs to the fax transport, which this release does not have.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from eterminservice_core import (
    BSNR,
    LANR,
    Appointment,
    Booking,
    Cancellation,
    Capabilities,
    ChannelKind,
    CodeRejectedError,
    ContentProfile,
    Deadline,
    FaxNumber,
    InvalidLANRError,
    InvalidProfileError,
    InvalidVermittlungscodeError,
    LineState,
    Message,
    NotificationService,
    Patient,
    Practice,
    ProfileDialog,
    Purpose,
    Reason,
    Receipt,
    Recording,
    SendWindow,
    State,
    TransportRegistry,
    TransportSpec,
    UnsupportedMessageError,
    Untold,
    Vermittlungscode,
    WorklistReason,
    fold,
    hookimpl,
)
from eterminservice_core.storage import MemoryStore
from eterminservice_core.testing.clock import FakeClock
from eterminservice_transports import RecordingTransport
from eterminservice_transports.mime import build


HEADER = "eTerminservice der Kassenärztlichen Vereinigungen"
PRACTICE = BSNR("391234511")
OTHER_SITE = BSNR("391234502")
DAY = timedelta(hours=24)

Make = Callable[..., NotificationService]


@pytest.fixture
def service(make_service: Make) -> NotificationService:
    """
    A service with one practice that has proved its e-mail address.
    """
    return make_service()


def join(
    service: NotificationService, outbox: RecordingTransport, bsnr: BSNR = PRACTICE
) -> None:
    """
    Register, enter, select, confirm.
    """
    service.register(Practice(bsnr, name="Praxis Topp"))
    address = f"anmeldung{bsnr}@praxis.example"
    service.save_profile(bsnr, ProfileDialog(email=address, selected="email"))
    service.confirm(bsnr, outbox.last_code())


def slot(name: str = "a-1", day: int = 9, hour: int = 9) -> Appointment:
    """
    An appointment in March 2026.
    """
    start = datetime(2026, 3, day, hour, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    return Appointment(name, starts_at=start)


def night(service: NotificationService, clock: FakeClock) -> None:
    """
    Go to the next due instant, if there is one, and send.
    """
    with service.store.transaction() as tx:
        due_at = tx.next_due_at(list(ChannelKind))
    if due_at is not None and due_at > clock():
        clock.advance(due_at - clock())
    service.dispatch_due()


def test_check_01_the_header_is_exact_in_subject_and_body(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    join(service, outbox)
    service.record(Booking(PRACTICE, slot(), version=1))
    night(service, clock)

    for message in outbox.messages:
        mail = build(
            message,
            transport="smtp",
            recipient=message.address.normalized,
            sender="tss@kv.example",
        )
        parsed = message_from_bytes(mail, policy=policy.default)
        body = parsed.get_body(("plain",))
        assert body is not None
        assert str(parsed["Subject"]).startswith(HEADER)
        assert body.get_content().splitlines()[0] == HEADER
        assert b"=?utf-8?" in mail.split(b"\r\n\r\n")[0].lower()


def test_check_02_no_events_no_message_and_many_events_one_message(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    join(service, outbox)
    night(service, clock)
    assert outbox.digests() == ()

    for number in range(10):
        service.record(Booking(PRACTICE, slot(f"a-{number}", 25 - number), version=1))
    night(service, clock)

    (digest,) = outbox.digests()
    dates = [line[5:15] for line in digest.text.splitlines() if " Uhr" in line[12:]]
    told = [date for date in dates if date.endswith("03.2026")]
    assert len([it for it in told if it >= "16.03.2026"]) == 10
    assert sorted(told[-10:]) == told[-10:]


def test_check_03_never_two_in_24_hours_and_no_night_lost(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    join(service, outbox)
    sent_at = []
    for number in range(5):
        service.record(Booking(PRACTICE, slot(f"a-{number}", 20), version=1))
        night(service, clock)
        sent_at.append(clock())
        for _ in range(3):
            service.record(Booking(PRACTICE, slot(f"b-{number}", 21), version=1))
            service.dispatch_due()

    assert len(outbox.digests()) == 5
    gaps = [later - former for former, later in pairwise(sent_at)]
    assert min(gaps) >= DAY
    assert max(gaps) < DAY + timedelta(minutes=1)


@pytest.mark.parametrize("year", [2026, 2027])
def test_check_04_the_window_is_right_in_both_clock_change_nights(year: int) -> None:
    window, zone = SendWindow("20:00", "06:00"), ZoneInfo("Europe/Berlin")
    changes = {2026: ((3, 28), (10, 24)), 2027: ((3, 27), (10, 30))}[year]

    for (month, day), hours in zip(changes, (9, 11), strict=True):
        span = window.span(datetime(year, month, day, tzinfo=UTC).date())
        assert span.length == timedelta(hours=hours)
        assert span.opens_at.astimezone(zone).hour == 20
        assert span.closes_at.astimezone(zone).hour == 6


def test_check_05_an_unverified_channel_gets_nothing_but_the_code(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    service.register(Practice(PRACTICE, name="Praxis Topp"))
    dialog = ProfileDialog(email="anmeldung@praxis.example", selected="email")
    service.save_profile(PRACTICE, dialog)
    code = outbox.last_code()
    service.record(Booking(PRACTICE, slot(), version=1))
    night(service, clock)
    assert outbox.digests() == ()

    service.confirm(PRACTICE, code)
    with pytest.raises(CodeRejectedError):
        service.confirm(PRACTICE, code)


def test_check_06_one_character_resets_and_formatting_does_not(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    join(service, outbox)
    same = ProfileDialog(email=f"anmeldung{PRACTICE}@PRAXIS.example", selected="email")
    other = ProfileDialog(email=f"anmeldunk{PRACTICE}@praxis.example", selected="email")

    assert service.save_profile(PRACTICE, same).profile.state is State.VERIFIED
    assert service.save_profile(PRACTICE, other).profile.state is State.PENDING


def test_check_07_a_channel_needs_an_address_and_silence_stays_visible(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    join(service, outbox)
    for selected in ChannelKind:
        with pytest.raises(InvalidProfileError):
            service.save_profile(PRACTICE, ProfileDialog(selected=selected))

    service.save_profile(PRACTICE, ProfileDialog(selected=None))
    service.record(Booking(PRACTICE, slot(), version=1))

    (entry,) = service.worklist()
    assert entry.reason is WorklistReason.NO_CHANNEL


def test_check_08_an_open_channel_carries_no_patient_and_no_whole_code(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    join(service, outbox)
    secret = Appointment(
        "a-1",
        starts_at=slot().starts_at,
        code="XN6P-F4HP-Z5KX",
        patient=Patient(name="Frühstück, Malta"),
    )
    service.record(Booking(PRACTICE, secret, version=1))
    night(service, clock)

    digest = outbox.last()
    sent = f"{digest.subject} {digest.message_id} {digest.text} {digest.html}"
    for secret_text in ("Frühstück", "Malta", "F4HP", "Z5KX", "XN6PF4HPZ5KX"):
        assert secret_text not in sent
    assert "XN6P-****-****" in digest.text


def test_check_09_bsnr_and_lanr_are_strings_with_their_rules() -> None:
    assert str(BSNR("010123499")) == "010123499"
    assert BSNR("351234500").kv
    assert BSNR("741234563").kv
    for good in ("838382201", "838382202", "728382503", "123456699", "999999900"):
        LANR(good)
    for bad in ("123456701", "838382101", "888888800"):
        with pytest.raises(InvalidLANRError):
            LANR(bad)


def test_check_10_a_vermittlungscode_in_all_its_spellings() -> None:
    code = Vermittlungscode("xn6p-f4hp-z5kx")

    assert code == Vermittlungscode("XN6PF4HPZ5KX")
    assert code.value == "XN6PF4HPZ5KX"
    assert code.reveal() == "XN6P-F4HP-Z5KX"
    for look_alike in "O0E3I1":
        with pytest.raises(InvalidVermittlungscodeError):
            Vermittlungscode(f"XN6PF4HPZ5K{look_alike}")


def test_check_11_whatever_the_order_the_net_state_is_told(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    booking = Booking(PRACTICE, slot(), version=1)
    cancellation = Cancellation(PRACTICE, slot(), version=2)

    both = fold([Untold(cancellation), Untold(booking)])
    assert both.lines[0].state is LineState.BOOKED_AND_CANCELLED
    unseen = fold([Untold(cancellation)])
    assert unseen.lines[0].state is LineState.CANCELLED_UNSEEN
    late = fold([Untold(booking)], [cancellation])
    assert late.lines[0].state is LineState.STILL_CANCELLED

    join(service, outbox)
    assert service.record(booking) is Recording.NEW
    assert service.record(booking) is Recording.KNOWN
    same_code = Appointment("a-2", starts_at=slot().starts_at, code="XN6P-F4HP-Z5KX")
    assert service.record(Booking(PRACTICE, same_code, version=1)) is Recording.NEW
    clock.advance(timedelta(days=14))
    service.dispatch_due()  # by day it only finds out that it must wait
    night(service, clock)
    assert "liegt bereits zurück" in " ".join(outbox.last().text.split())


def test_check_12_another_site_s_events_never_reach_this_practice(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    join(service, outbox)
    join(service, outbox, OTHER_SITE)
    doctor = Appointment("a-1", starts_at=slot().starts_at, doctor="Dr. Nebenan")
    service.record(Booking(OTHER_SITE, doctor, version=1))
    service.record(Booking(PRACTICE, slot("a-1"), version=1))
    for _ in range(3):
        night(service, clock)

    for digest in outbox.digests():
        is_other = str(OTHER_SITE) in digest.address.normalized
        assert ("Dr. Nebenan" in digest.text) == is_other
    assert len(outbox.digests()) == 2


def test_check_13_an_event_during_the_hand_over_is_neither_lost_nor_doubled(
    clock: FakeClock, outbox: RecordingTransport, store: MemoryStore, make_service: Make
) -> None:
    class Interrupted(RecordingTransport):
        """
        Records a booking while a digest is on the wire.
        """

        def deliver(self, message: Message, deadline: Deadline) -> Receipt:
            receipt = super().deliver(message, deadline)
            if message in self.digests():
                late = Booking(PRACTICE, slot(f"late-{len(self.digests())}"), version=1)
                make_service().record(late)
            return receipt

    busy = Interrupted()
    service = NotificationService(store, transports=[busy], elapsed=clock.elapsed)
    join(service, busy)
    service.record(Booking(PRACTICE, slot("early"), version=1))
    night(service, clock)
    night(service, clock)

    assert [it.text.count("neu gebucht") for it in busy.digests()] == [1, 1]
    assert outbox.digests() == ()
    with store.transaction() as tx:
        (waiting,) = tx.waiting(PRACTICE)
    assert waiting.untold.notice.identity.appointment_id == "late-2"


def test_check_14_each_way_to_fail_has_its_own_rule(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    join(service, outbox)
    service.record(Booking(PRACTICE, slot("a-1", 25), version=1))
    outbox.answer_with(
        Receipt.failed(Reason.TRY_LATER), Receipt.unknown(Reason.CONNECTION_LOST)
    )
    night(service, clock)
    first = clock()
    night(service, clock)
    assert clock() - first < timedelta(hours=1)  # nothing was taken: soon again
    second = clock()
    night(service, clock)
    assert clock() - second >= DAY  # nobody knows: the next night, and marked

    assert "ggf. bereits mitgeteilt" not in outbox.digests()[1].text
    assert "ggf. bereits mitgeteilt" in outbox.digests()[2].text


def test_check_16_mail_says_what_it_is_and_encrypts_by_default(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    join(service, outbox)
    mail = build(
        outbox.last(), transport="smtp", recipient="a@b.example", sender="c@d.example"
    )
    parsed = message_from_bytes(mail, policy=policy.default)
    settings = TransportRegistry.installed().settings(
        "smtp", {"host": "relay.kv.example", "sender": "tss@kv.example"}
    )

    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed["Date"]
    assert parsed["Message-ID"] == outbox.last().message_id
    assert settings.security.value == "implicit"


def test_check_17_an_appointment_before_the_next_digest_is_on_the_worklist(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    join(service, outbox)
    tonight = Appointment("akut", starts_at=clock() + timedelta(hours=2))
    service.record(Booking(PRACTICE, tonight, version=1))

    (entry,) = service.worklist()
    assert entry.reason is WorklistReason.TOO_SOON
    night(service, clock)
    assert len(outbox.digests()) == 1  # and it is told all the same


def test_check_18_retention_and_erasure_leave_nothing_but_the_rule(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    join(service, outbox)
    service.record(Booking(PRACTICE, slot(), version=1))
    night(service, clock)
    assert service.export(PRACTICE)["notices"]
    clock.advance(timedelta(days=25))
    assert service.forget(keep=timedelta(days=10)) == 1
    assert service.export(PRACTICE)["notices"] == []

    clock.advance(timedelta(days=1))
    service.record(Booking(PRACTICE, slot("b-1", 31), version=1))
    night(service, clock)
    service.erase(PRACTICE)
    join(service, outbox)
    service.record(Booking(PRACTICE, slot("b-1", 31), version=1))
    service.record(Booking(PRACTICE, slot("c-1", 31), version=1))
    sent_at = clock()
    night(service, clock)

    assert clock() - sent_at >= DAY
    assert "neu gebucht" in outbox.last().text


def test_check_19_silence_is_visible(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    join(service, outbox)
    service.record(Booking(PRACTICE, slot("a-1", 30), version=1))
    assert service.worklist() == []

    clock.advance(timedelta(days=4))  # no worker ran

    (entry,) = service.worklist()
    assert entry.reason is WorklistReason.OVERDUE
    assert service.why(PRACTICE).outlook.waiting == 1


def test_check_20_a_plugin_is_found_and_full_content_never_meets_an_open_channel(
    tmp_path: Path,
) -> None:
    class Plugin:
        """
        A third party's, as the docs show it.
        """

        @hookimpl
        def provide_transports(self) -> list[TransportSpec[dict[str, object]]]:
            return [
                TransportSpec(
                    "pigeon",
                    ChannelKind.FAX,
                    dict,
                    open=lambda _: None,  # type: ignore[arg-type,return-value]  # not opened
                    capabilities=Capabilities(longest_message=280),
                )
            ]

    registry = TransportRegistry.from_plugins(Plugin())
    assert registry.spec("pigeon").capabilities.longest_message == 280

    full = Message(
        id="0" * 32,
        message_id="<0@kv.example>",
        kind=ChannelKind.FAX,
        address=FaxNumber("030 23125 001", allow_media=True),
        purpose=Purpose.DIGEST,
        profile=ContentProfile.FULL,
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
        subject="",
        text="",
    )
    settings = {"path": str(tmp_path), "sender": "tss@kv.example"}
    installed = TransportRegistry.installed()
    deadline = Deadline(1.0, clock=lambda: 0.0)
    with (
        installed.open("directory", settings) as directory,
        pytest.raises(UnsupportedMessageError),
    ):
        directory.deliver(full, deadline)
