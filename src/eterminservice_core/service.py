"""
`NotificationService`: the use cases by name, for applications to call.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from attrs import evolve, field, frozen

from . import overview, recording, upkeep
from .composing import Composer
from .confirmation import Confirmer
from .dispatch import Dispatcher, SendingPolicy, Settled
from .domain.address import ChannelKind
from .domain.appointment import Notice
from .domain.errors import DuplicateTransportError
from .domain.identifiers import BSNR
from .domain.message import DeliveryReport
from .domain.practice import Practice, ProfileDialog
from .domain.send_window import SendWindow
from .facts import Recording
from .overview import Explanation, WorklistEntry
from .profile import ProfileView, SavedProfile, saved_profile, view
from .recording import Recorded
from .rendering import Renderer
from .scheduling import observe, reschedule
from .settlement import take_report
from .store import Store, Transaction
from .transport import ElapsedClock, OpenTransport
from .upkeep import in_chunks


def elapsed_with_suspend() -> float:
    """
    Seconds on a clock that only goes forward and, where there is one, counts suspend.
    """
    boot = getattr(time, "CLOCK_BOOTTIME", None)  # Linux only
    return time.monotonic() if boot is None else time.clock_gettime(boot)


def _new_id() -> str:
    return secrets.token_hex(16)


@frozen
class NotificationService:
    """
    Tells practices about their bookings and cancellations, at most once in 24 hours.

    Args:
        store: Where everything is kept.
        transports: Open transports, at most one for each kind of channel.
        renderer: Makes the texts; the German ones of this library by default.
        trusts_register: Addresses that stand in the KV register need no code.
        policy: How carefully and how many at a time to send.
        message_id_domain: What stands after the ``@`` of a Message-ID; a domain of the
            sender's.
        new_id: Makes unguessable ids of at least 128 bits.
        choose: Picks one letter of a code.
        elapsed: Seconds on a clock that only goes forward.

    Raises:
        DuplicateTransportError: Two transports serve one kind of channel.
    """

    store: Store
    transports: Sequence[OpenTransport] = field(default=(), kw_only=True)
    renderer: Renderer = field(factory=Renderer, kw_only=True)
    trusts_register: bool = field(default=False, kw_only=True)
    policy: SendingPolicy = field(factory=SendingPolicy, kw_only=True)
    message_id_domain: str = field(default="eterminservice.invalid", kw_only=True)
    new_id: Callable[[], str] = field(default=_new_id, kw_only=True, repr=False)
    choose: Callable[[str], str] = field(
        default=secrets.choice, kw_only=True, repr=False
    )
    elapsed: ElapsedClock = field(
        default=elapsed_with_suspend, kw_only=True, repr=False
    )
    _composer: Composer = field(init=False, repr=False)
    _confirmer: Confirmer = field(init=False, repr=False)
    _dispatcher: Dispatcher = field(init=False, repr=False)

    @_composer.default
    def _make_composer(self) -> Composer:
        return Composer(
            renderer=self.renderer,
            new_id=self.new_id,
            message_id_domain=self.message_id_domain,
        )

    @_confirmer.default
    def _make_confirmer(self) -> Confirmer:
        return Confirmer(
            store=self.store,
            transports=_by_kind(self.transports),
            composer=self._composer,
            trusts_register=self.trusts_register,
            new_id=self.new_id,
            choose=self.choose,
            elapsed=self.elapsed,
        )

    @_dispatcher.default
    def _make_dispatcher(self) -> Dispatcher:
        return Dispatcher(
            store=self.store,
            transports=_by_kind(self.transports),
            composer=self._composer,
            worker=self.new_id(),
            elapsed=self.elapsed,
            policy=self.policy,
        )

    @property
    def _kinds(self) -> frozenset[ChannelKind]:
        return frozenset(transport.spec.kind for transport in self.transports)

    # Practices

    def register(self, practice: Practice) -> None:
        """
        Take a practice in; the register's fax number is pre-filled, not verified (R4).

        Raises:
            ConflictError: It is registered already; `import_practices` updates.
        """
        with self.store.transaction() as tx:
            observe(tx)
            tx.add_practice(practice.prefilled())

    def import_practices(self, practices: Iterable[Practice]) -> int:
        """
        Take practices in, or update name, group and master data of those known.

        What a practice entered, selected and proved stays as it is.

        Returns:
            How many were new.
        """
        return upkeep.import_practices(self.store, practices)

    def set_window(self, bsnr: BSNR, window: SendWindow) -> None:
        """
        Change when a practice may be disturbed.
        """
        with self.store.transaction() as tx:
            now, practice = observe(tx), tx.practice(bsnr)
            changed = evolve(practice, window=window, revision=practice.revision + 1)
            tx.save_practice(changed)
            reschedule(tx, changed, now)

    # The profile

    def profile(self, bsnr: BSNR) -> ProfileView:
        """
        The profile as a portal shows it.
        """
        with self.store.transaction() as tx:
            return view(tx.practice(bsnr), self._kinds)

    def save_profile(
        self, bsnr: BSNR, dialog: ProfileDialog, *, revision: int | None = None
    ) -> SavedProfile:
        """
        Save the whole dialog; a code goes to the selected address at once (R6).

        Args:
            bsnr: The practice.
            dialog: All of it: a field left out is a field emptied.
            revision: The `ProfileView.revision` it was opened with, to notice that
                somebody else saved in between.

        Raises:
            InvalidProfileError: A channel is selected that cannot be (R3).
            TooManyCodesError: This practice or address got enough codes; nothing is
                saved.
            ChannelLockedError: Too many wrong guesses for this address; nothing is
                saved.
            ConflictError: Somebody else saved in between.
        """
        return saved_profile(self._confirmer.save(bsnr, dialog, revision), self._kinds)

    def confirm(self, bsnr: BSNR, typed: str) -> ProfileView:
        """
        Take in a confirmation code that somebody typed.

        Raises:
            InvalidCodeError: It does not look like a code; it costs no guess.
            CodeRejectedError: Wrong, expired, used or never issued.
            ChannelLockedError: Too many wrong guesses.
        """
        return view(self._confirmer.confirm(bsnr, typed), self._kinds)

    # Notices

    def record(self, notice: Notice) -> Recording:
        """
        Record one booking or cancellation.

        Raises:
            NoticeConflictError: The same appointment and version, with other content.
            NotFoundError: There is no such practice.
        """
        with self.store.transaction() as tx:
            recorded = recording.record(tx, [notice])
        for refused in recorded.refused:
            raise refused.error
        return Recording.NEW if recorded.new else Recording.KNOWN

    def record_all(
        self, notices: Iterable[Notice], *, within: Transaction | None = None
    ) -> Recorded:
        """
        Record many; good ones are kept, the others come back with the reason.

        Args:
            notices: In the order of the source.
            within: The caller's own transaction on this store, so that a booking and
                its notice commit together; by default small chunks commit on their own.
        """
        if within is not None:
            return recording.record(within, list(notices))
        total, first = Recorded(), 0
        for chunk in in_chunks(notices):
            with self.store.transaction() as tx:
                total += recording.record(tx, chunk, first=first)
            first += len(chunk)
        return total

    def report(self, report: DeliveryReport) -> bool:
        """
        Take in what is said of an attempt later; repeats and disorder do no harm.

        Returns:
            Whether it matched an attempt; an unmatched one is parked.
        """
        with self.store.transaction() as tx:
            return take_report(tx, report, observe(tx))

    # Sending

    def dispatch_due(
        self, should_stop: Callable[[], bool] = lambda: False
    ) -> list[Settled]:
        """
        Send what is due, if anything is; as often as anyone likes (P1).

        Raises:
            ImplausibleClockError: The clock contradicts what the store has seen.
        """
        return self._dispatcher.dispatch_due(should_stop)

    def next_wake(self, *, at_most: timedelta) -> timedelta:
        """
        How long there is nothing to do: until something is due, but not for ever.
        """
        with self.store.transaction() as tx:
            now, due_at = tx.now(), tx.next_due_at(self._dispatcher.open_kinds())
        wait = at_most if due_at is None else min(at_most, due_at - now)
        paused = self._dispatcher.paused_for()
        if paused is not None:
            wait = min(wait, timedelta(seconds=paused))
        return max(timedelta(0), wait)

    def sweep(self) -> int:
        """
        Look for notices that wait but are neither due nor held; there should be none.

        Returns:
            How many practices had to be rescheduled.
        """
        return upkeep.sweep(self.store)

    def accept_clock(self) -> datetime:
        """
        Take the clock's reading for true, on a human's word, and send again.
        """
        with self.store.transaction() as tx:
            now = tx.now()
            tx.raise_high_water(now, accept=True)
            return now

    # Looking

    def worklist(self) -> list[WorklistEntry]:
        """
        Every waiting notice that will not reach its practice in time, and why (R10).
        """
        lingers = {
            transport.spec.kind: transport.spec.capabilities.lingers
            for transport in self.transports
        }
        return overview.worklist(self.store, lingers, self.policy)

    def why(self, bsnr: BSNR) -> Explanation:
        """
        When the practice is told next, what sets that time, and what happened before.
        """
        return overview.why(self.store, bsnr, self._kinds)

    # Privacy

    def export(self, bsnr: BSNR) -> dict[str, object]:
        """
        All that is kept of a practice, ready for JSON (Article 15 GDPR); unmasked.
        """
        return overview.export(self.store, bsnr)

    def erase(self, bsnr: BSNR) -> None:
        """
        Forget a practice (Article 17 GDPR); what keeps the 24-hour rule stays, as hash.

        An attempt already begun may still arrive until its deadline.
        """
        with self.store.transaction() as tx:
            tx.erase(bsnr)

    def forget(self, *, keep: timedelta = timedelta(days=30)) -> int:
        """
        Erase notices and attempts whose appointments were over this long ago.

        Returns:
            How many notices were erased.
        """
        with self.store.transaction() as tx:
            return tx.forget(observe(tx) - keep)


def _by_kind(transports: Iterable[OpenTransport]) -> dict[ChannelKind, OpenTransport]:
    by_kind: dict[ChannelKind, OpenTransport] = {}
    for transport in transports:
        former = by_kind.setdefault(transport.spec.kind, transport)
        if former is not transport:
            names = former.spec.name, transport.spec.name
            raise DuplicateTransportError(transport.spec.kind.value, names)
    return by_kind
