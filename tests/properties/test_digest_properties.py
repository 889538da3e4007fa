"""
`fold` on any notices: order-free, idempotent, loses nothing, and agrees with a model.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given, strategies as st

from eterminservice_core.domain.appointment import (
    Appointment,
    Booking,
    Cancellation,
    CancelledBy,
    Notice,
)
from eterminservice_core.domain.digest import LineState, Untold, fold
from eterminservice_core.domain.identifiers import BSNR


TOPP = BSNR("391234511")
FIRST = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)
#: What people read: net state, what was told, whether it went to and fro since.
WORDS = {
    ("on", "nothing", False): LineState.BOOKED,
    ("on", "nothing", True): LineState.CANCELLED_AND_BOOKED,
    ("on", "on", False): LineState.STILL_BOOKED,
    ("on", "on", True): LineState.CANCELLED_AND_BOOKED,
    ("on", "off", False): LineState.BOOKED_AGAIN,
    ("on", "off", True): LineState.BOOKED_AGAIN,
    ("off", "nothing", False): LineState.CANCELLED_UNSEEN,
    ("off", "nothing", True): LineState.BOOKED_AND_CANCELLED,
    ("off", "on", False): LineState.CANCELLED,
    ("off", "on", True): LineState.CANCELLED,
    ("off", "off", False): LineState.STILL_CANCELLED,
    ("off", "off", True): LineState.BOOKED_AND_CANCELLED,
}


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Untold], list[Notice]]:
    """
    What waits and what was told: a few appointments, each with its versions.
    """
    untold: list[Untold] = []
    told: list[Notice] = []
    for name in draw(st.sets(st.sampled_from("abcd"), min_size=1)):
        for version in draw(st.sets(st.integers(0, 6), min_size=1)):
            start = FIRST + timedelta(hours=draw(st.integers(0, 3)))
            notice = draw(st.sampled_from([booking, cancellation]))(
                Appointment(name, starts_at=start), version
            )
            match draw(st.sampled_from(["waits", "waits, maybe known", "told"])):
                case "waits":
                    untold.append(Untold(notice))
                case "waits, maybe known":
                    untold.append(Untold(notice, possibly_known=True))
                case _:
                    told.append(notice)
    if not untold:
        untold.append(Untold(told.pop()))
    return untold, told


def booking(appointment: Appointment, version: int) -> Notice:
    """
    A booking of the practice.
    """
    return Booking(TOPP, appointment, version=version)


def cancellation(appointment: Appointment, version: int) -> Notice:
    """
    A cancellation; the version says by whom, so that each is told from the others.
    """
    by = list(CancelledBy)[version % len(CancelledBy)]
    return Cancellation(TOPP, appointment, version=version, cancelled_by=by)


def kind(notice: Notice | None) -> str:
    """
    Whether the patient is to come, after this notice.
    """
    if notice is None:
        return "nothing"
    return "on" if isinstance(notice, Booking) else "off"


def newest(notices: list[Notice]) -> Notice | None:
    """
    The notice with the highest version.
    """
    return max(notices, key=lambda it: it.version, default=None)


@given(history=histories())
def test_each_appointment_has_one_line_and_no_other_has_any(
    history: tuple[list[Untold], list[Notice]],
) -> None:
    untold, told = history
    ids = [line.appointment.id for line in fold(untold, told).lines]

    assert len(set(ids)) == len(ids)
    assert {entry.notice.appointment.id for entry in untold} == set(ids)


@given(history=histories())
def test_each_line_says_what_became_of_its_appointment(
    history: tuple[list[Untold], list[Notice]],
) -> None:
    untold, told = history
    for line in fold(untold, told).lines:
        name = line.appointment.id
        waiting = [it.notice for it in untold if it.notice.appointment.id == name]
        known = newest([it for it in told if it.appointment.id == name])
        last = newest([*waiting, *([known] if known else [])])
        floor = known.version if known else -1
        to_and_fro = any(
            it.version > floor and kind(it) != kind(last) for it in waiting
        )

        assert last is not None
        assert last.appointment == line.appointment
        assert WORDS[kind(last), kind(known), to_and_fro] is line.state
        assert getattr(last, "cancelled_by", None) is line.cancelled_by
        assert line.state.is_on == (kind(last) == "on")


@given(history=histories())
def test_a_line_is_marked_if_any_of_its_notices_may_be_known(
    history: tuple[list[Untold], list[Notice]],
) -> None:
    untold, told = history
    marked = {it.notice.appointment.id for it in untold if it.possibly_known}

    assert marked == {
        line.appointment.id for line in fold(untold, told).lines if line.possibly_known
    }


@given(history=histories(), seed=st.integers(0, 2**32))
def test_order_makes_no_difference(
    history: tuple[list[Untold], list[Notice]], seed: int
) -> None:
    untold, told = history
    shuffled = Random(seed)  # noqa: S311 — an order, not a secret

    assert fold(untold, told) == fold(
        shuffled.sample(untold, len(untold)), shuffled.sample(told, len(told))
    )


@given(history=histories())
def test_repeats_make_no_difference(
    history: tuple[list[Untold], list[Notice]],
) -> None:
    untold, told = history

    assert fold(untold, told) == fold([*untold, *untold], [*told, *told])


@given(history=histories())
def test_lines_are_in_order_of_time(
    history: tuple[list[Untold], list[Notice]],
) -> None:
    lines = fold(*history).lines
    order = [(line.appointment.starts_at, line.appointment.id) for line in lines]

    assert sorted(order) == order


@given(history=histories())
def test_folding_night_by_night_ends_in_the_state_of_all_at_once(
    history: tuple[list[Untold], list[Notice]],
) -> None:
    """
    However the notices are spread over nights, the last word is the same.
    """
    untold, told = history
    last: dict[str, bool] = {}
    for entry in untold:
        for line in fold([entry], told).lines:
            last[line.appointment.id] = line.state.is_on
        told = [*told, entry.notice]

    assert last == {
        line.appointment.id: line.state.is_on for line in fold(*history).lines
    }
