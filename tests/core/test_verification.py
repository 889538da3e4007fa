"""
The states of an address, cell by cell, and what a guess comes to.

The table below was written by hand from the promises, not read from the code.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given, strategies as st

from eterminservice_core.domain.codes import ConfirmationCode
from eterminservice_core.domain.errors import IllegalTransitionError
from eterminservice_core.domain.keys import Keys
from eterminservice_core.domain.verification import (
    TRANSITIONS,
    Challenge,
    State,
    Step,
    Verification,
    challenge,
    diagram,
    judge,
)


NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
DAY = timedelta(hours=24)
INSTANT = timedelta(microseconds=1)
KEYS = Keys(pseudonyms=b"p" * 32, codes=(b"n" * 32,))
CODE = ConfirmationCode("BCDF-GHJK")
WRONG = ConfirmationCode("BCDF-GHJL")
BINDING = ("391234511", "channel", "email", "anmeldung@praxis.example")
OUT = Challenge(code_hash="ab" * 32, issued_at=NOW, expires_at=NOW + DAY)
OTHER = Challenge(code_hash="cd" * 32, issued_at=NOW, expires_at=NOW + DAY)
LATER = NOW + timedelta(hours=3)

#: 4 states by 9 steps; "" where the step makes no sense in this state.
TABLE = """
                   unverified   pending      verified     locked
code issued        pending      pending      -            -
code withdrawn     -            unverified   -            -
code matched       -            verified     -            -
code missed        -            pending      -            -
code expired       -            unverified   -            -
guesses spent      -            locked       -            -
lock elapsed       -            -            -            unverified
vouched for        verified     verified     -            -
address refused    -            unverified   unverified   -
"""


def cells() -> list[tuple[State, Step, State | None]]:
    """
    The table above, cell by cell.
    """
    head, *rows = TABLE.strip("\n").splitlines()
    states = [State(word) for word in head.split()]
    found = []
    for row in rows:
        words = row.rsplit(maxsplit=len(states))
        found += [
            (state, Step(words[0].strip()), None if word == "-" else State(word))
            for state, word in zip(states, words[1:], strict=True)
        ]
    return found


CELLS = cells()
LEGAL = [(state, step, after) for state, step, after in CELLS if after is not None]


def in_state(state: State) -> Verification:
    """
    A verification in a state, with what belongs to it.
    """
    match state:
        case State.PENDING:
            return Verification(state=state, challenge=OUT)
        case State.LOCKED:
            return Verification(state=state, locked_until=LATER)
        case State.UNVERIFIED | State.VERIFIED:
            return Verification(state=state)


def test_the_table_has_every_state_and_every_step() -> None:
    assert len(State) * len(Step) == len(CELLS) == 36
    assert {(state, step) for state in State for step in Step} == {
        (state, step) for state, step, _ in CELLS
    }


@pytest.mark.parametrize(("state", "step", "after"), CELLS)
def test_each_cell_of_the_table(state: State, step: Step, after: State | None) -> None:
    before = in_state(state)
    if after is None:
        with pytest.raises(IllegalTransitionError) as caught:
            before.after(step)

        assert (state.value, step.value) == (caught.value.state, caught.value.step)
        assert f"no step {step.value!r} in state {state.value!r}" == str(caught.value)
    else:
        assert after is before.after(step).state


def test_the_code_knows_no_cell_that_the_table_does_not() -> None:
    known = {
        (state, step, after)
        for state, steps in TRANSITIONS.items()
        for step, after in steps.items()
    }

    assert set(LEGAL) == known


def test_a_verification_begins_unproven() -> None:
    assert Verification(state=State.UNVERIFIED) == Verification()


@pytest.mark.parametrize("state", [State.UNVERIFIED, State.PENDING])
def test_an_issued_code_replaces_the_one_that_was_out(state: State) -> None:
    after = in_state(state).after(Step.CODE_ISSUED, challenge=OTHER)

    assert after == Verification(state=State.PENDING, challenge=OTHER)


def test_a_missed_guess_leaves_the_code_as_it_was() -> None:
    assert in_state(State.PENDING) == in_state(State.PENDING).after(Step.CODE_MISSED)


@pytest.mark.parametrize(
    "step", [step for state, step, _ in LEGAL if state is State.PENDING]
)
def test_only_a_missed_guess_leaves_the_old_code_alive(step: Step) -> None:
    after = in_state(State.PENDING).after(step)

    assert (step is Step.CODE_MISSED) == (after.challenge is OUT)


def test_spent_guesses_lock_until_an_instant_and_kill_the_code() -> None:
    after = in_state(State.PENDING).after(Step.GUESSES_SPENT, locked_until=LATER)

    assert after == Verification(state=State.LOCKED, locked_until=LATER)


def test_an_elapsed_lock_leaves_nothing_behind() -> None:
    assert in_state(State.LOCKED).after(Step.LOCK_ELAPSED) == Verification()


@pytest.mark.parametrize("state", [State.PENDING, State.VERIFIED])
def test_a_refused_address_says_so(state: State) -> None:
    after = in_state(state).after(Step.ADDRESS_REFUSED)

    assert Verification(was_refused=True) == after


def test_a_refusal_is_remembered_until_the_address_is_proven_again() -> None:
    refused = Verification(was_refused=True)
    pending = refused.after(Step.CODE_ISSUED, challenge=OUT)
    missed = pending.after(Step.CODE_MISSED)
    locked = missed.after(Step.GUESSES_SPENT, locked_until=LATER)
    free = locked.after(Step.LOCK_ELAPSED)
    proven = free.after(Step.CODE_ISSUED, challenge=OUT).after(Step.CODE_MATCHED)

    assert all(it.was_refused for it in (pending, missed, locked, free))
    assert Verification(state=State.VERIFIED) == proven


def test_vouching_clears_a_refusal() -> None:
    refused = Verification(was_refused=True)

    assert Verification(state=State.VERIFIED) == refused.after(Step.VOUCHED_FOR)


@given(steps=st.lists(st.sampled_from(Step), max_size=30))
def test_after_any_steps_a_code_is_out_only_while_pending(steps: list[Step]) -> None:
    verification = Verification()
    for step in steps:
        if step not in TRANSITIONS[verification.state]:
            continue
        verification = verification.after(
            step,
            challenge=OUT if step is Step.CODE_ISSUED else None,
            locked_until=LATER if step is Step.GUESSES_SPENT else None,
        )

        assert (verification.challenge is not None) == (
            verification.state is State.PENDING
        )
        assert (verification.locked_until is not None) == (
            verification.state is State.LOCKED
        )


# Codes and guesses


def pending() -> Verification:
    """
    A verification with `CODE` out since `NOW`.
    """
    out = challenge(CODE, BINDING, KEYS, NOW)
    return Verification().after(Step.CODE_ISSUED, challenge=out)


def test_a_challenge_keeps_a_hash_and_its_times_never_the_code() -> None:
    out = challenge(CODE, BINDING, KEYS, NOW)

    assert out == Challenge(
        code_hash=KEYS.code_hash("BCDFGHJK", *BINDING),
        issued_at=NOW,
        expires_at=NOW + DAY,
    )
    assert "BCDF" not in repr(out)


def test_the_right_code_matches() -> None:
    assert judge(pending(), CODE, BINDING, KEYS, NOW) is Step.CODE_MATCHED


def test_a_wrong_code_misses() -> None:
    assert judge(pending(), WRONG, BINDING, KEYS, NOW) is Step.CODE_MISSED


def test_the_last_instant_of_a_code_still_counts() -> None:
    last = NOW + DAY - INSTANT

    assert judge(pending(), CODE, BINDING, KEYS, last) is Step.CODE_MATCHED
    assert judge(pending(), WRONG, BINDING, KEYS, last) is Step.CODE_MISSED


@pytest.mark.parametrize("guess", [CODE, WRONG])
@pytest.mark.parametrize("late", [timedelta(0), INSTANT, DAY])
def test_after_exactly_24_hours_any_code_has_expired(
    guess: ConfirmationCode, late: timedelta
) -> None:
    at = NOW + DAY + late

    assert judge(pending(), guess, BINDING, KEYS, at) is Step.CODE_EXPIRED


@pytest.mark.parametrize("place", range(4))
def test_a_code_is_bound_to_practice_channel_kind_and_exact_address(
    place: int,
) -> None:
    """
    Any other one of them, and the right letters are a wrong code (P6).
    """
    others = ("241234601", "channel2", "fax", "anmeldung2@praxis.example")
    binding = (*BINDING[:place], others[place], *BINDING[place + 1 :])

    assert judge(pending(), CODE, binding, KEYS, NOW) is Step.CODE_MISSED


def test_a_code_outlives_one_rotation_of_the_keys() -> None:
    rotated = evolve(KEYS, codes=(b"f" * 32, *KEYS.codes))
    dropped = evolve(KEYS, codes=(b"f" * 32,))

    assert judge(pending(), CODE, BINDING, rotated, NOW) is Step.CODE_MATCHED
    assert judge(pending(), CODE, BINDING, dropped, NOW) is Step.CODE_MISSED


@pytest.mark.parametrize("state", [State.UNVERIFIED, State.VERIFIED, State.LOCKED])
def test_where_no_code_is_out_a_guess_is_no_step(state: State) -> None:
    assert judge(in_state(state), CODE, BINDING, KEYS, NOW) is None


def test_a_new_code_kills_the_old_one() -> None:
    new = challenge(WRONG, BINDING, KEYS, NOW)
    again = pending().after(Step.CODE_ISSUED, challenge=new)

    assert judge(again, CODE, BINDING, KEYS, NOW) is Step.CODE_MISSED
    assert judge(again, WRONG, BINDING, KEYS, NOW) is Step.CODE_MATCHED


# The diagram


def test_the_diagram_draws_each_legal_step_once() -> None:
    head, start, *arrows = diagram().splitlines()

    assert head == "stateDiagram-v2"
    assert start == "    [*] --> unverified"
    assert len(LEGAL) == len(arrows)
    assert {
        f"    {state.value} --> {after.value}: {step.value}"
        for state, step, after in LEGAL
    } == set(arrows)
