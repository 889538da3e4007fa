"""
The states of an address, as one table.

Rules of this file:

1. Everything that moves a verification stands here: states, steps, table, guards.
2. The table is total: a pair it does not list is an error, never a silent no-op.
3. A changed address is a new channel, so "a verified address never changes" needs no
   step.
4. Nothing here counts: the store counts a guess before `judge` compares it.

The diagram in ``docs/reference/states.md`` is printed from `TRANSITIONS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Final

from attrs import evolve, frozen

from .codes import LIFETIME, ConfirmationCode
from .errors import IllegalTransitionError
from .keys import Keys


class State(Enum):
    """
    How far the proof has come that an address is the practice's.
    """

    #: Nothing is proven, no code is out.
    UNVERIFIED = "unverified"
    #: A code is on its way or waits to be typed.
    PENDING = "pending"
    #: The address is the practice's.
    VERIFIED = "verified"
    #: Too many wrong guesses; nothing is accepted for a while.
    LOCKED = "locked"


class Step(Enum):
    """
    What moves a verification.
    """

    #: A new code was made; an old one is dead from now on.
    CODE_ISSUED = "code issued"
    #: The code could not be sent, so it must not stay valid.
    CODE_WITHDRAWN = "code withdrawn"
    #: The right code came in time.
    CODE_MATCHED = "code matched"
    #: A wrong code, with guesses left.
    CODE_MISSED = "code missed"
    #: A code came too late.
    CODE_EXPIRED = "code expired"
    #: A wrong code, and it was the last guess.
    GUESSES_SPENT = "guesses spent"
    #: The lock's time is over.
    LOCK_ELAPSED = "lock elapsed"
    #: The KV register guarantees this address.
    VOUCHED_FOR = "vouched for"
    #: The far end says this address will not work.
    ADDRESS_REFUSED = "address refused"


TRANSITIONS: Final[Mapping[State, Mapping[Step, State]]] = {
    State.UNVERIFIED: {
        Step.CODE_ISSUED: State.PENDING,
        Step.VOUCHED_FOR: State.VERIFIED,
    },
    State.PENDING: {
        Step.CODE_ISSUED: State.PENDING,
        Step.CODE_WITHDRAWN: State.UNVERIFIED,
        Step.CODE_MATCHED: State.VERIFIED,
        Step.CODE_MISSED: State.PENDING,
        Step.CODE_EXPIRED: State.UNVERIFIED,
        Step.GUESSES_SPENT: State.LOCKED,
        Step.VOUCHED_FOR: State.VERIFIED,
        Step.ADDRESS_REFUSED: State.UNVERIFIED,
    },
    State.VERIFIED: {
        Step.ADDRESS_REFUSED: State.UNVERIFIED,
    },
    State.LOCKED: {
        Step.LOCK_ELAPSED: State.UNVERIFIED,
    },
}


@frozen(kw_only=True)
class Challenge:
    """
    A code that is out: its keyed hash and its time, never the code.
    """

    code_hash: str
    issued_at: datetime
    expires_at: datetime


@frozen(kw_only=True)
class Verification:
    """
    Where the proof of one address stands.

    Attributes:
        state: The state.
        challenge: The code that is out; only in `State.PENDING`.
        locked_until: When guessing opens again; only in `State.LOCKED`.
        was_refused: The far end refused this address since it was last proven.
    """

    state: State = State.UNVERIFIED
    challenge: Challenge | None = None
    locked_until: datetime | None = None
    was_refused: bool = False

    def after(
        self,
        step: Step,
        *,
        challenge: Challenge | None = None,
        locked_until: datetime | None = None,
    ) -> Verification:
        """
        The verification one step later.

        Args:
            step: What happened.
            challenge: The new code's, with `Step.CODE_ISSUED` only.
            locked_until: With `Step.GUESSES_SPENT` only.

        Raises:
            IllegalTransitionError: The table has no such step in this state.
        """
        state = TRANSITIONS[self.state].get(step)
        if state is None:
            raise IllegalTransitionError(self.state.value, step.value)
        refused = step is Step.ADDRESS_REFUSED or (
            self.was_refused and state is not State.VERIFIED
        )
        if step is Step.CODE_MISSED:
            challenge = self.challenge
        return evolve(
            self,
            state=state,
            challenge=challenge,
            locked_until=locked_until,
            was_refused=refused,
        )


def challenge(
    code: ConfirmationCode, binding: tuple[str, ...], keys: Keys, now: datetime
) -> Challenge:
    """
    What to store of a code that is about to be sent.

    Args:
        code: The code.
        binding: What it is bound to: practice, channel, exact address (P6).
        keys: The store's keys.
        now: When it is issued; aware, UTC.
    """
    return Challenge(
        code_hash=keys.code_hash(code.letters, *binding),
        issued_at=now,
        expires_at=now + LIFETIME,
    )


def judge(
    verification: Verification,
    guess: ConfirmationCode,
    binding: tuple[str, ...],
    keys: Keys,
    now: datetime,
) -> Step | None:
    """
    Turn a guess, counted before, into a step; None where no code is out.
    """
    out = verification.challenge
    if out is None:
        return None
    is_right = keys.matches(out.code_hash, guess.letters, *binding)
    if now >= out.expires_at:
        return Step.CODE_EXPIRED
    return Step.CODE_MATCHED if is_right else Step.CODE_MISSED


def diagram() -> str:
    """
    The table as a Mermaid state diagram, for the docs.
    """
    lines = ["stateDiagram-v2", "    [*] --> unverified"]
    lines += [
        f"    {state.value} --> {target.value}: {step.value}"
        for state, steps in TRANSITIONS.items()
        for step, target in steps.items()
    ]
    return "\n".join(lines)
