"""
`fold`: one line an appointment, and the right word for each.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from eterminservice_core.domain.appointment import (
    Appointment,
    Booking,
    Cancellation,
    CancelledBy,
    Notice,
)
from eterminservice_core.domain.digest import (
    Digest,
    DigestLine,
    LineState,
    Untold,
    fold,
)
from eterminservice_core.domain.errors import InvalidValueError
from eterminservice_core.domain.identifiers import BSNR


TOPP = BSNR("391234511")
MONDAY = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


def slot(name: str = "a-1", *, starts_at: datetime = MONDAY) -> Appointment:
    """
    An appointment of the practice.
    """
    return Appointment(name, starts_at=starts_at, code="XN6P-F4HP-Z5KX")


def notices(spelled: str, appointment: Appointment | None = None) -> list[Notice]:
    """
    Notices of one appointment: ``b1 c2`` is a booking and its cancellation.
    """
    kinds = {"b": Booking, "c": Cancellation}
    return [
        kinds[word[0]](TOPP, appointment or slot(), version=int(word[1:]))
        for word in spelled.split()
    ]


def line(untold: str, told: str = "") -> DigestLine:
    """
    The one line that untold notices of one appointment come to.
    """
    (only,) = fold(map(Untold, notices(untold)), notices(told)).lines
    return only


#: What waits, what was told before, and what the practice reads.
STATES = [
    # Nothing was told before.
    ("b1", "", LineState.BOOKED),
    ("b1 b2", "", LineState.BOOKED),
    ("c2", "", LineState.CANCELLED_UNSEEN),
    ("c2 c3", "", LineState.CANCELLED_UNSEEN),
    ("b1 c2", "", LineState.BOOKED_AND_CANCELLED),
    ("b1 c2 b3 c4", "", LineState.BOOKED_AND_CANCELLED),
    ("c1 b2", "", LineState.CANCELLED_AND_BOOKED),
    # PF-07: the same code, booked, cancelled and booked again in one night.
    ("b1 c2 b3", "", LineState.CANCELLED_AND_BOOKED),
    # The booking was told.
    ("c2", "b1", LineState.CANCELLED),
    ("c2 b3 c4", "b1", LineState.CANCELLED),
    ("c2 b3", "b1", LineState.CANCELLED_AND_BOOKED),
    ("b2", "b1", LineState.STILL_BOOKED),
    # The cancellation was told.
    ("b3", "b1 c2", LineState.BOOKED_AGAIN),
    ("c3 b4", "b1 c2", LineState.BOOKED_AGAIN),
    ("c3", "b1 c2", LineState.STILL_CANCELLED),
    ("b3 c4", "b1 c2", LineState.BOOKED_AND_CANCELLED),
    # A late booking does not revive what was cancelled, nor a late cancellation undo.
    ("b1", "c2", LineState.STILL_CANCELLED),
    ("b1 c2", "c3", LineState.STILL_CANCELLED),
    ("c2", "b1 b3", LineState.STILL_BOOKED),
    ("c2 b1", "b3", LineState.STILL_BOOKED),
    ("b2 c3", "c1 b4", LineState.STILL_BOOKED),
]


@pytest.mark.parametrize(("untold", "told", "state"), STATES)
def test_each_net_state(untold: str, told: str, state: LineState) -> None:
    assert state is line(untold, told).state


@pytest.mark.parametrize(("untold", "told", "state"), STATES)
def test_versions_out_of_order_come_to_the_same(
    untold: str, told: str, state: LineState
) -> None:
    def backwards(spelled: str) -> str:
        return " ".join(reversed(spelled.split()))

    assert state is line(backwards(untold), backwards(told)).state


def test_every_state_can_be_reached() -> None:
    assert set(LineState) == {state for _, _, state in STATES}


def test_the_patient_is_to_be_expected_where_the_slot_is_booked() -> None:
    expected = {
        LineState.BOOKED,
        LineState.BOOKED_AGAIN,
        LineState.CANCELLED_AND_BOOKED,
        LineState.STILL_BOOKED,
    }

    assert expected == {state for state in LineState if state.is_on}


def test_states_keep_their_words() -> None:
    """
    An application's own templates choose their texts by them.
    """
    assert [state.value for state in LineState] == [
        "booked",
        "cancelled",
        "booked and cancelled",
        "cancelled, booking never seen",
        "cancelled and booked",
        "booked again",
        "still booked",
        "still cancelled",
    ]


def test_a_cancellation_wins_over_a_booking_of_the_same_version() -> None:
    """
    Versions rise across kinds; should a source break that, nobody waits in vain.
    """
    assert line("b1 c1").state is LineState.BOOKED_AND_CANCELLED
    assert line("c1 b1").state is LineState.BOOKED_AND_CANCELLED
    assert line("c1", "b1").state is LineState.CANCELLED
    assert line("b1", "c1").state is LineState.STILL_CANCELLED


# Particulars


def test_a_line_shows_the_particulars_of_the_newest_version() -> None:
    moved = slot(starts_at=MONDAY + timedelta(hours=1))
    old, new = Booking(TOPP, slot(), version=1), Booking(TOPP, moved, version=2)

    for both in ([new, old], [old, new]):
        assert moved == fold(map(Untold, both)).lines[0].appointment


def test_a_late_notice_does_not_bring_old_particulars_back() -> None:
    moved = slot(starts_at=MONDAY + timedelta(hours=1))
    late, told = Booking(TOPP, slot(), version=1), Booking(TOPP, moved, version=2)

    assert moved == fold([Untold(late)], [told]).lines[0].appointment


def test_a_cancelled_line_says_who_cancelled() -> None:
    by_patient = Cancellation(TOPP, slot(), version=2, cancelled_by=CancelledBy.PATIENT)
    by_practice = Cancellation(
        TOPP, slot(), version=3, cancelled_by=CancelledBy.PRACTICE
    )

    def canceller(untold: list[Notice], told: list[Notice]) -> CancelledBy | None:
        return fold(map(Untold, untold), told).lines[0].cancelled_by

    assert canceller([by_patient], []) is CancelledBy.PATIENT
    assert canceller([by_practice, by_patient], []) is CancelledBy.PRACTICE
    assert canceller(notices("b1"), [by_patient]) is CancelledBy.PATIENT
    assert canceller([by_patient, *notices("b3")], []) is None
    assert canceller(notices("b1"), []) is None


# Repeats


def test_a_line_with_a_possibly_known_notice_is_marked() -> None:
    first, second = notices("b1 c2")
    unsure = Untold(first, possibly_known=True)

    assert fold([unsure]).lines[0].possibly_known
    assert fold([unsure, Untold(second)]).lines[0].possibly_known
    assert fold([Untold(second), unsure]).lines[0].possibly_known


def test_a_line_of_new_notices_is_not_marked() -> None:
    assert not line("b1 c2").possibly_known
    assert not line("c2", "b1").possibly_known


def test_the_mark_stays_with_its_own_appointment() -> None:
    marked, plain = (Booking(TOPP, slot(name), version=1) for name in ("a-1", "a-2"))
    lines = fold([Untold(marked, possibly_known=True), Untold(plain)]).lines

    assert [it.possibly_known for it in lines] == [True, False]


# The digest as a whole


def test_lines_are_sorted_by_time_and_then_by_id() -> None:
    hour = timedelta(hours=1)
    slots = [
        slot("b", starts_at=MONDAY + hour),
        slot("z", starts_at=MONDAY),
        slot("a", starts_at=MONDAY + hour),
        slot("c", starts_at=MONDAY - hour),
    ]
    digest = fold(Untold(Booking(TOPP, each, version=1)) for each in slots)

    assert [it.appointment.id for it in digest.lines] == ["c", "z", "a", "b"]


def test_what_was_told_of_other_appointments_makes_no_difference() -> None:
    told = notices("c9", slot("a-2"))

    assert fold([Untold(notices("b1")[0])], told) == fold([Untold(notices("b1")[0])])


@pytest.mark.parametrize("told", ["", "b1", "b1 c2"])
def test_a_digest_is_never_empty(told: str) -> None:
    """
    Whatever was told before: there is nothing new (R7).
    """
    with pytest.raises(InvalidValueError, match="never empty"):
        fold([], notices(told))


def test_nor_is_one_made_by_hand() -> None:
    with pytest.raises(InvalidValueError, match="never empty"):
        Digest(())


@pytest.mark.parametrize(
    ("late", "is_past"),
    [
        (timedelta(0), True),
        (timedelta(microseconds=1), True),
        (timedelta(microseconds=-1), False),
    ],
)
def test_an_appointment_is_past_from_the_instant_it_starts(
    late: timedelta, is_past: bool
) -> None:
    digest = fold([Untold(notices("b1")[0])])

    assert is_past == digest.is_past(digest.lines[0], MONDAY + late)
