"""
The proof of an address: save the dialog, send a code, take it in (R6, P6).

Codes never wait for the night, and are never stored: if one cannot be sent, the portal
is told, and another try means another code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import assert_never

from attrs import evolve, field, frozen

from .carrying import carry
from .composing import Composer
from .domain import practice as practices
from .domain.address import Address, ChannelKind
from .domain.channel import Channel
from .domain.codes import (
    CODES_PER_ADDRESS,
    CODES_PER_PRACTICE,
    CODES_PERIOD,
    GUESSES,
    GUESSES_PERIOD,
    ConfirmationCode,
)
from .domain.errors import (
    ChannelLockedError,
    CodeRejectedError,
    ConflictError,
    InvalidProfileError,
    TooManyCodesError,
)
from .domain.identifiers import BSNR
from .domain.message import Outcome, Receipt
from .domain.practice import Effect, Practice, ProfileDialog
from .domain.verification import Step, challenge, judge
from .facts import Tally
from .scheduling import observe, reschedule
from .store import Store, Transaction
from .transport import Deadline, ElapsedClock, OpenTransport


#: How long a portal may be kept waiting while a code is handed over.
CODE_TIME = timedelta(seconds=60)


@frozen(kw_only=True)
class Saved:
    """
    What saving a dialog came to.

    Attributes:
        practice: As it is now.
        effect: What it led to.
        receipt: What came of sending a code, where one was sent.
    """

    practice: Practice
    effect: Effect
    receipt: Receipt | None = None


@frozen(kw_only=True)
class _Issued:
    """
    A code that was put on record, as a hash, and must be sent now.
    """

    code: ConfirmationCode = field(repr=False)
    practice: Practice
    channel: Channel
    now: datetime


@frozen(kw_only=True)
class Confirmer:
    """
    Issues codes and takes them in.

    Attributes:
        store: Where everything is kept.
        transports: The open transport for each kind of channel.
        composer: Makes the messages.
        trusts_register: Addresses from the KV register need no code.
        new_id: Makes unguessable ids.
        choose: Picks one letter of a code, as `secrets.choice` does.
        elapsed: Seconds on a clock that only goes forward.
    """

    store: Store
    transports: Mapping[ChannelKind, OpenTransport]
    composer: Composer
    trusts_register: bool
    new_id: Callable[[], str]
    choose: Callable[[str], str]
    elapsed: ElapsedClock

    def save(self, bsnr: BSNR, dialog: ProfileDialog, revision: int | None) -> Saved:
        """
        Save the whole dialog in one transaction; then send the code, if one is needed.
        """
        with self.store.transaction() as tx:
            now = observe(tx)
            practice = tx.practice(bsnr)
            if revision is not None and revision != practice.revision:
                raise ConflictError("somebody else saved this profile; open it again")
            if dialog.selected is not None and dialog.selected not in self.transports:
                raise InvalidProfileError(
                    f"{dialog.selected.value} cannot be selected: no transport is"
                    " set up for it"
                )
            saved, effect = practices.save(
                practice,
                dialog,
                channel_id=self.new_id(),
                is_vouched_for=self._vouches(practice, dialog),
                now=now,
            )
            issued = None
            if effect is Effect.CODE_NEEDED and saved.selected is not None:
                issued = self._issue(tx, saved, saved.selected, now)
                saved = issued.practice
            tx.save_practice(saved)
            reschedule(tx, saved, now)
        if issued is None:
            return Saved(practice=saved, effect=effect)
        receipt = carry(
            self.transports[issued.channel.kind],
            self.composer.confirmation(
                issued.practice, issued.channel, code=issued.code, now=issued.now
            ),
            Deadline(self.elapsed() + CODE_TIME.total_seconds(), clock=self.elapsed),
        )
        return Saved(
            practice=self._settle_code(issued, receipt), effect=effect, receipt=receipt
        )

    def _vouches(self, practice: Practice, dialog: ProfileDialog) -> bool:
        if not self.trusts_register or dialog.selected is None:
            return False
        registered = practice.master.address(dialog.selected)
        chosen = {ChannelKind.EMAIL: dialog.email, ChannelKind.FAX: dialog.fax}
        return registered is not None and registered == chosen[dialog.selected]

    # Issuing

    def _issue(
        self, tx: Transaction, practice: Practice, channel: Channel, now: datetime
    ) -> _Issued:
        guesses = tx.tally(
            self._guesses_key(practice.bsnr, channel.address),
            limit=0,
            period=GUESSES_PERIOD,
        )
        if guesses.count >= GUESSES:
            raise ChannelLockedError(guesses.resets_at)
        self._spend(tx, practice, channel.address)
        code = ConfirmationCode.issue(self.choose)
        out = challenge(code, channel.binding(practice.bsnr), self.store.keys, now)
        pending = channel.after(Step.CODE_ISSUED, challenge=out)
        return _Issued(
            code=code,
            practice=practice.with_selected(pending),
            channel=pending,
            now=now,
        )

    def _spend(self, tx: Transaction, practice: Practice, address: Address) -> None:
        """
        Count this code against both caps, or refuse; the transaction takes it back.
        """
        name = self.store.keys.pseudonym
        # Letter case makes another address, but hardly another letter box.
        bsnr, to = (
            str(practice.bsnr),
            (address.kind.value, address.normalized.casefold()),
        )
        by_practice = name("codes of practice", bsnr)
        # A stranger must not use up the cap of the practice whose number it is.
        is_own = address == practice.master.address(address.kind)
        by_address = (
            name("codes to own", bsnr, *to) if is_own else name("codes to", *to)
        )
        for key, limit in (
            (by_practice, CODES_PER_PRACTICE),
            (by_address, CODES_PER_ADDRESS),
        ):
            tally = tx.tally(key, limit=limit, period=CODES_PERIOD)
            if not tally.admitted:
                raise TooManyCodesError(tally.resets_at)

    def _settle_code(self, issued: _Issued, receipt: Receipt) -> Practice:
        """
        A code that was not taken must not stay valid, or the next try would wait.
        """
        match receipt.outcome:
            case Outcome.ACCEPTED | Outcome.UNKNOWN:
                return issued.practice
            case Outcome.FAILED:
                step = Step.CODE_WITHDRAWN
            case Outcome.REJECTED:
                step = Step.ADDRESS_REFUSED
            case never:
                assert_never(never)
        with self.store.transaction() as tx:
            practice = tx.practice(issued.practice.bsnr)
            channel = practice.selected
            # Somebody may have saved again, or typed the code, in the meantime.
            if channel is None or channel != issued.channel:
                return practice
            practice = practice.with_selected(channel.after(step))
            tx.save_practice(practice)
            reschedule(tx, practice, tx.now())
        return practice

    # Taking in

    def confirm(self, bsnr: BSNR, typed: str) -> Practice:
        """
        Take in a code that somebody typed.

        The guess is counted in a transaction of its own, before it is compared: taking
        back the comparison does not give the guess back.
        """
        guess = ConfirmationCode(typed)
        with self.store.transaction() as tx:
            asked = tx.practice(bsnr).selected
            counted = tx.tally(
                self._guesses_key(bsnr, asked.address if asked else None),
                limit=GUESSES,
                period=GUESSES_PERIOD,
            )
        if not counted.admitted:
            raise ChannelLockedError(counted.resets_at)
        with self.store.transaction() as tx:
            practice = tx.practice(bsnr)
            channel = practice.selected
            # Somebody may have selected another address since: this guess is not its.
            if channel is not None and asked is not None and channel.id == asked.id:
                step = self._step(tx, practice, channel, guess, counted)
                if step is not None:
                    practice = self._move(tx, practice, channel, step, counted)
                if step is Step.CODE_MATCHED:
                    return practice
        raise CodeRejectedError(GUESSES - counted.count)

    def _step(
        self,
        tx: Transaction,
        practice: Practice,
        channel: Channel,
        guess: ConfirmationCode,
        counted: Tally,
    ) -> Step | None:
        binding = channel.binding(practice.bsnr)
        keys, now = self.store.keys, observe(tx)
        step = judge(channel.verification, guess, binding, keys, now)
        if step is Step.CODE_MISSED and counted.count >= GUESSES:
            return Step.GUESSES_SPENT
        return step

    def _move(
        self,
        tx: Transaction,
        practice: Practice,
        channel: Channel,
        step: Step,
        counted: Tally,
    ) -> Practice:
        locked_until = counted.resets_at if step is Step.GUESSES_SPENT else None
        moved = practice.with_selected(channel.after(step, locked_until=locked_until))
        practice = evolve(moved, revision=moved.revision + 1)
        tx.save_practice(practice)
        if step is Step.CODE_MATCHED:
            tx.clear_tally(self._guesses_key(practice.bsnr, channel.address))
            reschedule(tx, practice, tx.now())
        return practice

    def _guesses_key(self, bsnr: BSNR, address: Address | None) -> str:
        """
        Guesses are counted per practice and address, or a new code would buy new ones.
        """
        to = (address.kind.value, address.normalized) if address else ()
        return self.store.keys.pseudonym("guesses", str(bsnr), *to)
