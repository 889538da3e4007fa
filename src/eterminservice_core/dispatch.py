"""
The protocol of one digest: claim, prepare, begin, deliver, settle.

`Dispatcher.dispatch_due` is the order on one screen (DESIGN section 4).  Between begin
and settle, no transaction is open: that is where a message is on the wire.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from attrs import define, field, frozen

from .carrying import Health, carry
from .composing import Composer
from .domain.address import ChannelKind
from .domain.agenda import Due, Held
from .domain.channel import Channel
from .domain.errors import NotFoundError, StoreError
from .domain.identifiers import BSNR
from .domain.message import Message, Receipt
from .domain.practice import Practice
from .domain.quota import reserve
from .facts import Attempt
from .scheduling import deciding_now, plan, reschedule
from .settlement import OUR_FAULT_PAUSE, recover, settle
from .store import Store, Transaction
from .transport import Deadline, ElapsedClock, OpenTransport


logger = logging.getLogger("eterminservice_core")


@frozen(kw_only=True)
class SendingPolicy:
    """
    How carefully and how many at a time.

    Attributes:
        lease: Longest time one hand-over may take.
        margin: How much earlier than its deadline a hand-over stops.
        claim_limit: Practices leased at once.
        claim_lease: How long a practice stays leased before its turn comes.
        faults_before_pause: Failures in a row that speak of us before a transport
            pauses.
        pause: How long it pauses.
    """

    lease: timedelta = timedelta(minutes=5)
    margin: timedelta = timedelta(seconds=2)
    claim_limit: int = 16
    claim_lease: timedelta = timedelta(minutes=15)
    faults_before_pause: int = 3
    pause: timedelta = OUR_FAULT_PAUSE


@frozen(kw_only=True)
class Settled:
    """
    One hand-over and what came of it.

    Attributes:
        attempt_id: The attempt.
        bsnr: The practice.
        transport: The transport's name.
        receipt: What came of it.
        lines: Appointments in the digest.
        notices: Notices in it.
    """

    attempt_id: str
    bsnr: BSNR
    transport: str
    receipt: Receipt
    lines: int
    notices: int


@frozen(kw_only=True)
class _Prepared:
    """
    A digest that is rendered and may be begun.
    """

    bsnr: BSNR
    channel: Channel
    sequences: tuple[int, ...]
    lines: int
    message: Message


@define(kw_only=True)
class Dispatcher:
    """
    Carries due digests through the protocol, one after another.

    Attributes:
        store: Where everything is kept.
        transports: The open transport for each kind of channel.
        composer: Makes the messages.
        worker: This process's own name; another one after every start.
        elapsed: Seconds on a clock that only goes forward.
        policy: How carefully and how many at a time.
    """

    store: Store
    transports: Mapping[ChannelKind, OpenTransport]
    composer: Composer
    worker: str
    elapsed: ElapsedClock
    policy: SendingPolicy = field(factory=SendingPolicy)
    _health: dict[ChannelKind, Health] = field(init=False)
    _in_hand: list[tuple[Attempt, Receipt]] = field(factory=list, init=False)

    @_health.default
    def _everybody_is_well(self) -> dict[ChannelKind, Health]:
        return {kind: Health() for kind in self.transports}

    def dispatch_due(
        self, should_stop: Callable[[], bool] = lambda: False
    ) -> list[Settled]:
        """
        Everything that is due, in order: claim, prepare, begin, deliver, settle.
        """
        self._settle_what_is_in_hand()
        self._recover()
        settled: list[Settled] = []
        while not should_stop() and (claimed := self._claim()):
            for bsnr in claimed:
                if should_stop():
                    self._release(bsnr)
                    continue
                prepared = self._prepare(bsnr)
                attempt_and_deadline = prepared and self._begin(prepared)
                if not prepared or not attempt_and_deadline:
                    continue
                attempt, deadline = attempt_and_deadline
                receipt = self._deliver(prepared.message, deadline)
                self._settle(attempt, receipt)
                settled.append(_summary(prepared, attempt, receipt))
        return settled

    def open_kinds(self) -> list[ChannelKind]:
        """
        The kinds of channel that can be sent through now: open, and not paused.
        """
        now = self.elapsed()
        return [
            kind for kind in self.transports if self._health[kind].paused_until <= now
        ]

    def paused_for(self) -> float | None:
        """
        Seconds until the next paused transport is tried again; None if none pauses.
        """
        now = self.elapsed()
        waits = [health.paused_until - now for health in self._health.values()]
        return min((wait for wait in waits if wait > 0), default=None)

    # 1. Claim

    def _claim(self) -> list[BSNR]:
        kinds = self.open_kinds()
        if not kinds:
            return []
        with self.store.transaction() as tx:
            now = deciding_now(tx)
            return list(
                tx.claim(
                    self.worker,
                    kinds,
                    limit=self.policy.claim_limit,
                    now=now,
                    until=now + self.policy.claim_lease,
                )
            )

    def _release(self, bsnr: BSNR) -> None:
        with self.store.transaction() as tx:
            tx.release(bsnr, self.worker)

    def _recover(self) -> None:
        limit = recovered = self.policy.claim_limit
        while recovered == limit:
            with self.store.transaction() as tx:
                recovered = recover(tx, deciding_now(tx), limit=limit)

    # 2. Prepare and begin

    def _prepare(self, bsnr: BSNR) -> _Prepared | None:
        """
        Fold and render what waits; hold it, with a reason, if it is not due after all.
        """
        with self.store.transaction() as tx:
            now = deciding_now(tx)
            practice = self._still_due(tx, bsnr, now)
            if practice is None or practice.active is None:
                return None
            waiting = tx.waiting(bsnr)
            ids = sorted({item.untold.notice.appointment.id for item in waiting})
            told = tx.told(bsnr, ids)
        channel = practice.active
        try:
            digest, message = self.composer.digest(
                practice, channel, waiting=waiting, told=told, now=now
            )
        except Exception as error:  # noqa: BLE001 — an overridden template may raise
            # Its text may quote the practice, so only its type is told.
            extra = {"bsnr": str(bsnr), "error": type(error).__name__}
            logger.error("digest cannot be rendered", extra=extra)  # noqa: TRY400
            self._put_off(bsnr)
            return None
        return _Prepared(
            bsnr=bsnr,
            channel=channel,
            sequences=tuple(item.sequence for item in waiting),
            lines=len(digest.lines),
            message=message,
        )

    def _put_off(self, bsnr: BSNR) -> None:
        """
        Nothing was begun, but it cannot be carried now: let the others go first.
        """
        with self.store.transaction() as tx:
            tx.schedule(bsnr, tx.now() + OUR_FAULT_PAUSE, None)
            tx.release(bsnr, self.worker)

    def _still_due(self, tx: Transaction, bsnr: BSNR, now: datetime) -> Practice | None:
        """
        The practice, if it is still ours, due, and its transport open.

        Otherwise it is rescheduled and released.
        """
        try:
            practice = tx.practice(bsnr)
        except NotFoundError:
            return None
        outlook = tx.outlook(bsnr)
        if outlook.leased_to != self.worker:
            return None
        match plan(practice, outlook, now):
            case Due(at) if (
                at <= now
                and practice.active is not None
                and practice.active.kind in self.open_kinds()
            ):
                return practice
            case Due() | Held():
                reschedule(tx, practice, now)
                tx.release(bsnr, self.worker)
                return None

    def _begin(self, prepared: _Prepared) -> tuple[Attempt, Deadline] | None:
        """
        Put the attempt on record before any byte leaves; None where facts have changed.

        All conditions are read under the practice's lock; the last one, the 24 hours,
        is the database's own.
        """
        started = self.elapsed()
        message = prepared.message
        with self.store.transaction() as tx:
            now = deciding_now(tx, mark=True)
            practice = self._still_due(tx, prepared.bsnr, now)
            if practice is None or practice.active is None:
                return None
            waiting = {item.sequence for item in tx.waiting(prepared.bsnr)}
            if practice.active != prepared.channel or not waiting.issuperset(
                prepared.sequences
            ):
                tx.release(prepared.bsnr, self.worker)
                return None
            spec = self.transports[message.kind].spec
            attempt = Attempt(
                id=message.id,
                bsnr=prepared.bsnr,
                channel_id=prepared.channel.id,
                kind=message.kind,
                transport=spec.name,
                worker=self.worker,
                message_id=message.message_id,
                profile=message.profile,
                begun_at=now,
                deadline=self._deadline(practice, now),
                lingers=spec.capabilities.lingers,
            )
            reservation = reserve(now, attempt.deadline, attempt.lingers)
            if not tx.begin(attempt, reservation, prepared.sequences):
                logger.error(
                    "the store refused a reservation", extra={"bsnr": str(attempt.bsnr)}
                )
                tx.schedule(prepared.bsnr, now + OUR_FAULT_PAUSE, None)
                tx.release(prepared.bsnr, self.worker)
                return None
        budget = attempt.deadline - attempt.begun_at - self.policy.margin
        deadline = Deadline(started + budget.total_seconds(), clock=self.elapsed)
        return attempt, deadline

    def _deadline(self, practice: Practice, now: datetime) -> datetime:
        closes_at = practice.window.span_reaching(now).closes_at
        return min(now + self.policy.lease, closes_at)

    # 3. Deliver

    def _deliver(self, message: Message, deadline: Deadline) -> Receipt:
        transport = self.transports[message.kind]
        receipt = carry(transport, message, deadline)
        self._health[message.kind].watch(
            transport.spec.name,
            receipt,
            limit=self.policy.faults_before_pause,
            pause=self.policy.pause,
            at=self.elapsed(),
        )
        return receipt

    # 4. Settle

    def _settle(self, attempt: Attempt, receipt: Receipt) -> None:
        """
        Put the outcome on record; if the store fails, it stays in hand for next time.
        """
        try:
            with self.store.transaction() as tx:
                settle(tx, attempt, receipt, worker=self.worker)
        except StoreError:
            logger.exception("outcome kept in hand", extra={"attempt": attempt.id})
            self._in_hand.append((attempt, receipt))

    def _settle_what_is_in_hand(self) -> None:
        in_hand, self._in_hand = self._in_hand, []
        for attempt, receipt in in_hand:
            self._settle(attempt, receipt)


def _summary(prepared: _Prepared, attempt: Attempt, receipt: Receipt) -> Settled:
    return Settled(
        attempt_id=attempt.id,
        bsnr=attempt.bsnr,
        transport=attempt.transport,
        receipt=receipt,
        lines=prepared.lines,
        notices=len(prepared.sequences),
    )
