"""
The service under a hostile world, against a model that knows what really happened.

The far end keeps its own log: what it took, when, and from whom.  Promises are judged
by that log alone, never by what the store believes.  True time only goes forward; the
store's clock may be set back against it.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from attrs import define, evolve, field
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from sqlalchemy import event

from eterminservice_core import (
    BSNR,
    Appointment,
    Booking,
    Cancellation,
    ChannelKind,
    ChannelLockedError,
    CodeRejectedError,
    Contact,
    DeliveryReport,
    EmailAddress,
    FaxNumber,
    ImplausibleClockError,
    InvalidProfileError,
    Keys,
    Message,
    Notice,
    NoticeConflictError,
    NotificationService,
    Outcome,
    Outlook,
    Practice,
    ProfileDialog,
    Purpose,
    Reason,
    Receipt,
    Recording,
    Renderer,
    TooManyCodesError,
    Verdict,
)
from eterminservice_core.storage import MemoryStore
from eterminservice_core.storage.sql import SqlStore, sqlite_engine, upgrade
from eterminservice_core.transport import Capabilities, Deadline, TransportSpec


PRACTICES = [BSNR("241234601"), BSNR("391234511")]
START = datetime(2026, 3, 27, 11, 0, tzinfo=UTC)
DAY = timedelta(hours=24)
#: Examples and steps are set by the profile: a sample by default, more in CI, most by
#: hand (`HYPOTHESIS_PROFILE`, see conftest).
STEPS = int(os.environ.get("ETERMINSERVICE_MACHINE_STEPS", "50"))


class Crash(BaseException):
    """
    The process is gone; nothing catches it but the machine.
    """


@define
class Fuse:
    """
    Burns down with every call of store or transport, and kills the process at zero.
    """

    left: int | None = None

    def burn(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                self.left = None
                raise Crash


class FusedTransaction:
    """
    A transaction whose every verb may be the last thing the process does.

    A forgetful one hides the quota from Python: then the rule in the database is all
    that keeps the 24 hours.
    """

    def __init__(self, tx: Any, fuse: Fuse, *, forgets_quota: bool) -> None:
        self._tx = tx
        self._fuse = fuse
        self._forgets_quota = forgets_quota

    def outlook(self, bsnr: BSNR) -> Outlook:
        self._fuse.burn()
        outlook: Outlook = self._tx.outlook(bsnr)
        return evolve(outlook, quota_free_at=None) if self._forgets_quota else outlook

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._tx, name)

        def fused(*args: Any, **kwargs: Any) -> Any:
            self._fuse.burn()
            answer = verb(*args, **kwargs)
            self._fuse.burn()
            return answer

        return fused


class FusedStore:
    """
    A store that may lose its process before, inside and after every transaction.
    """

    def __init__(self, store: Any, fuse: Fuse, *, forgets_quota: bool) -> None:
        self._store = store
        self._fuse = fuse
        self._forgets_quota = forgets_quota

    @property
    def keys(self) -> Keys:
        return self._store.keys

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        self._fuse.burn()
        with self._store.transaction() as tx:
            yield FusedTransaction(tx, self._fuse, forgets_quota=self._forgets_quota)
            self._fuse.burn()
        self._fuse.burn()


@define
class Taken:
    """
    What the far end took, and when in true time.
    """

    at: timedelta
    message: Message
    bsnr: BSNR
    recorded: dict[str, int]


@define
class World:
    """
    True time, the store's clock, and the far end with its moods.
    """

    true: timedelta = timedelta(0)
    offset: timedelta = timedelta(0)
    fuse: Fuse = field(factory=Fuse)
    taken: list[Taken] = field(factory=list)
    moods: list[str] = field(factory=list)
    meanwhile: Callable[[str], None] | None = None
    recorded: dict[str, int] = field(factory=dict)
    owners: dict[str, BSNR] = field(factory=dict)

    def now(self) -> datetime:
        return START + self.true + self.offset

    def elapsed(self) -> float:
        return self.true.total_seconds()


@define
class FarEnd:
    """
    A transport whose far end accepts, refuses, loses replies, raises, or dies midway.
    """

    world: World
    spec: TransportSpec[Any]

    def deliver(  # noqa: C901 — one case a mood
        self, message: Message, deadline: Deadline
    ) -> Receipt:
        world = self.world
        world.fuse.burn()
        mood = world.moods.pop(0) if world.moods else "accept"
        if deadline.is_over:
            return Receipt.failed(Reason.DEADLINE)
        match mood:
            case "reject":
                return Receipt.rejected()
            case "busy":
                return Receipt.failed(Reason.TRY_LATER)
            case "down":
                return Receipt.failed(Reason.UNREACHABLE)
            case "raise before":
                raise RuntimeError(message.address.normalized)
            case "slow" | "slow and lost":
                world.true += timedelta(minutes=4)
                if deadline.is_over:
                    return Receipt.failed(Reason.DEADLINE)
            case "lie":
                return True  # type: ignore[return-value]  # a plugin that breaks the port
        world.taken.append(
            Taken(
                world.true,
                message,
                world.owners[message.address.normalized],
                dict(world.recorded),
            )
        )
        world.fuse.burn()
        match mood:
            case "lose reply" | "slow and lost":
                return Receipt.unknown(Reason.CONNECTION_LOST)
            case "raise after":
                raise SystemExit
            case "freeze" | "record meanwhile" | "save meanwhile" | "erase meanwhile":
                if world.meanwhile is not None:
                    world.meanwhile(mood)
        return Receipt.accepted()


MOODS = st.sampled_from(
    [
        "accept",
        "accept",
        "accept",
        "reject",
        "busy",
        "down",
        "lose reply",
        "slow",
        "slow and lost",
        "raise before",
        "raise after",
        "lie",
        "freeze",
        "record meanwhile",
        "save meanwhile",
        "erase meanwhile",
    ]
)
WHO = st.integers(0, len(PRACTICES) - 1)


def _spec(kind: ChannelKind) -> TransportSpec[Any]:
    return TransportSpec(
        f"far-end-{kind.value}",
        kind,
        dict,
        open=lambda _: None,  # type: ignore[arg-type,return-value]  # never opened
        capabilities=Capabilities(stops_at_deadline=True),
    )


def _email(who: int, letter: str) -> EmailAddress:
    return EmailAddress(f"{letter}{who}@praxis.example")


def _fax(who: int, digit: int) -> FaxNumber:
    return FaxNumber(f"030 23125 {who}{digit}0", allow_media=True)


class ServiceMachine(RuleBasedStateMachine):
    """
    Profile changes, codes, notices, time, crashes, lost replies, restarts, two workers.
    """

    def make_store(self, world: World) -> Any:
        return MemoryStore(KEYS, clock=world.now)

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.world = World()
        self.world.meanwhile = self._meanwhile
        self.store = self.make_store(self.world)
        self.ids = random.Random(0)  # noqa: S311 — ids of a test
        self._start_workers()
        self.notices: dict[BSNR, list[Notice]] = {bsnr: [] for bsnr in PRACTICES}
        self.versions: dict[str, int] = {}
        self.ever_recorded: list[Notice] = []
        self.confirmed: dict[BSNR, list[str]] = {bsnr: [] for bsnr in PRACTICES}
        self.active: dict[BSNR, str | None] = dict.fromkeys(PRACTICES)
        self.codes: dict[BSNR, list[tuple[str, str, timedelta]]] = {
            bsnr: [] for bsnr in PRACTICES
        }
        self.dialogs: dict[BSNR, ProfileDialog] = {}
        self.rejected_seen: set[str] = set()
        self.undelivered: set[str] = set()
        self.dispatching: NotificationService | None = None
        for who, bsnr in enumerate(PRACTICES):
            for letter in "ab":
                self.world.owners[_email(who, letter).normalized] = bsnr
            for digit in (1, 2):
                self.world.owners[_fax(who, digit).normalized] = bsnr
            self._register(bsnr)

    def teardown(self) -> None:
        try:
            self._liveness()
        finally:
            self.stack.close()

    # Helpers

    def _start_workers(self) -> None:
        """
        Two processes; the second is of a release that has lost every quota check.
        """
        self.workers = [self._worker(), self._worker(forgets_quota=True)]

    def _worker(self, *, forgets_quota: bool = False) -> NotificationService:
        store = FusedStore(self.store, self.world.fuse, forgets_quota=forgets_quota)
        return NotificationService(
            store,
            transports=[FarEnd(self.world, _spec(kind)) for kind in ChannelKind],
            renderer=RENDERER,
            new_id=lambda: f"{self.ids.getrandbits(128):032x}",
            choose=self.ids.choice,
            elapsed=self.world.elapsed,
        )

    def _register(self, bsnr: BSNR) -> None:
        who = PRACTICES.index(bsnr)
        master = Contact(fax=_fax(who, 1))
        self.workers[0].register(Practice(bsnr, name="Praxis", master=master))

    def _surviving(self, act: Callable[[], Any]) -> Any:
        """
        Do something; if the process dies over it, both workers start anew.
        """
        try:
            return act()
        except Crash:
            self._start_workers()
            self.world.fuse.left = None
            self._register_who_is_missing()
            return None
        finally:
            self.world.fuse.left = None
            self._learn()

    def _register_who_is_missing(self) -> None:
        """
        An erasure may have been the last thing that a process did.
        """
        with self.store.transaction() as tx:
            present = set(tx.practices(after=None, limit=100))
        for bsnr in PRACTICES:
            if bsnr not in present:
                self._forget(bsnr)
                self._register(bsnr)

    def _forget(self, bsnr: BSNR) -> None:
        self.notices[bsnr] = []
        self.active[bsnr] = None

    def _learn(self) -> None:
        """
        Bring the model of what is active up to what the far end's answers imply.
        """
        for taken in self.world.taken:
            if taken.message.purpose is Purpose.CONFIRMATION:
                code = next(
                    line.strip()
                    for line in taken.message.text.splitlines()
                    if _looks_like_a_code(line.strip())
                )
                entry = (code, taken.message.address.normalized, taken.at)
                if entry not in self.codes[taken.bsnr]:
                    self.codes[taken.bsnr].append(entry)
        with self.store.transaction() as tx:
            for bsnr in PRACTICES:
                practice = tx.practice(bsnr)
                for attempt in tx.attempts(bsnr, limit=1000):
                    if (
                        attempt.outcome is Outcome.REJECTED
                        and attempt.id not in self.rejected_seen
                    ):
                        self.rejected_seen.add(attempt.id)
                        if practice.active is None:
                            self.active[bsnr] = None

    def _meanwhile(self, mood: str) -> None:
        """
        What happens elsewhere while a message is on the wire.
        """
        other = self.workers[1]
        if self.dispatching is other:
            other = self.workers[0]
        match mood:
            case "freeze":
                self.world.true += timedelta(hours=1)
                self.world.moods.clear()
                self._quietly(other.dispatch_due)
            case "record meanwhile":
                self._record(other, 0, "meanwhile", cancels=False)
            case "save meanwhile":
                self._save(other, 0, email="b", fax=None, selected=ChannelKind.EMAIL)
            case "erase meanwhile":
                self._erase(other, PRACTICES[0])

    def _quietly(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except ImplausibleClockError:
            return None

    def _save(
        self,
        service: NotificationService,
        who: int,
        *,
        email: str | None,
        fax: int | None,
        selected: ChannelKind | None,
    ) -> None:
        bsnr = PRACTICES[who]
        dialog = ProfileDialog(
            email=_email(who, email) if email else None,
            fax=_fax(who, fax) if fax else None,
            selected=selected,
        )
        try:
            service.save_profile(bsnr, dialog)
        except (InvalidProfileError, TooManyCodesError, ChannelLockedError):
            return
        finally:
            with self.store.transaction() as tx:
                practice = tx.practice(bsnr)
                if ProfileDialog.of(practice) == _with_public(dialog, practice):
                    self._follow_dialog(bsnr, dialog)

    def _follow_dialog(self, bsnr: BSNR, dialog: ProfileDialog) -> None:
        """
        P9 as the model has it: kept unless silenced or emptied.
        """
        active = self.active[bsnr]
        if active is None:
            return
        kind = ChannelKind.EMAIL if "@" in active else ChannelKind.FAX
        entered = dialog.email if kind is ChannelKind.EMAIL else dialog.fax
        if dialog.selected is None or entered is None:
            self.active[bsnr] = None

    def _record(
        self, service: NotificationService, who: int, name: str, *, cancels: bool
    ) -> None:
        bsnr = PRACTICES[who]
        key = f"{bsnr}-{name}"
        version = self.versions.get(key, 0) + 1
        slot = Appointment(
            key, starts_at=START + timedelta(days=9), doctor=f"Marke-{key}."
        )
        make = Cancellation if cancels else Booking
        notice = make(bsnr, slot, version=version)
        outcome = service.record(notice)
        self.versions[key] = version
        assert outcome is Recording.NEW
        self.notices[bsnr].append(notice)
        self.world.recorded[key] = self.world.recorded.get(key, 0) + 1

    def _erase(self, service: NotificationService, bsnr: BSNR) -> None:
        service.erase(bsnr)
        self._forget(bsnr)
        self._register(bsnr)

    # Rules

    @initialize(joins=st.lists(WHO, unique=True))
    def begin_with(self, joins: list[int]) -> None:
        for who in joins:
            self.join(who=who)

    @rule(
        who=WHO,
        email=st.sampled_from([None, "a", "b"]),
        fax=st.sampled_from([None, 1, 2]),
        selected=st.sampled_from([None, *ChannelKind]),
        moods=st.lists(MOODS, max_size=1),
    )
    def save(
        self,
        who: int,
        email: str | None,
        fax: int | None,
        selected: ChannelKind | None,
        moods: list[str],
    ) -> None:
        self.world.moods = [mood for mood in moods if "meanwhile" not in mood]
        self._surviving(
            lambda: self._save(
                self.workers[0], who, email=email, fax=fax, selected=selected
            )
        )

    @rule(who=WHO)
    def join(self, who: int) -> None:
        """
        The happy road, so that most examples have somebody to send to.
        """
        self.world.moods = []
        self._surviving(
            lambda: self._save(
                self.workers[0], who, email="a", fax=1, selected=ChannelKind.EMAIL
            )
        )
        self.confirm(who=who, age=0)

    @rule(who=WHO, age=st.integers(0, 3))
    def confirm(self, who: int, age: int) -> None:
        """
        Type the newest code, or an older one; only the newest may ever work.
        """
        bsnr = PRACTICES[who]
        codes = self.codes[bsnr]
        if age >= len(codes):
            return
        code, address, sent_at = codes[-1 - age]

        def act() -> None:
            try:
                self.workers[0].confirm(bsnr, code)
            except (CodeRejectedError, ChannelLockedError):
                return
            assert age == 0 or codes[-1][0] == code
            assert self.world.true - sent_at <= DAY - self.world.offset

        before = self.active[bsnr]
        self._surviving(act)
        with self.store.transaction() as tx:
            practice = tx.practice(bsnr)
        now_active = practice.active.address.normalized if practice.active else None
        if now_active != before:
            assert now_active == address
            assert practice.selected is not None
            assert practice.selected.is_verified
            self.active[bsnr] = now_active
            self.confirmed[bsnr].append(address)

    @rule(who=WHO)
    def guess(self, who: int) -> None:
        """
        A made-up code never verifies.
        """
        bsnr = PRACTICES[who]

        def act() -> None:
            try:
                self.workers[0].confirm(bsnr, "BBBB-BBBB")
            except (CodeRejectedError, ChannelLockedError):
                return
            raise AssertionError("a made-up code was accepted")

        self._surviving(act)

    @rule(who=WHO, name=st.sampled_from("xyz"), cancels=st.booleans())
    def record(self, who: int, name: str, cancels: bool) -> None:
        self._surviving(
            lambda: self._record(self.workers[0], who, name, cancels=cancels)
        )
        self._forget_crashed(who, name)

    def _forget_crashed(self, who: int, name: str) -> None:
        """
        A record that died may have been kept or not; the store says which.
        """
        bsnr = PRACTICES[who]
        key = f"{bsnr}-{name}"
        with self.store.transaction() as tx:
            kept = {notice.identity for notice in tx.notices(bsnr)}
        known = {notice.identity for notice in self.notices[bsnr]}
        assert known <= kept
        versions = [it.version for it in kept if it.appointment_id == key]
        if versions and max(versions) > self.versions.get(key, 0):
            self.versions[key] = max(versions)
            self.world.recorded[key] = self.world.recorded.get(key, 0) + 1

    @precondition(lambda self: any(self.notices.values()))
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        """
        The same again is known; the same with other content is a conflict, no loss.
        """
        notice = data.draw(
            st.sampled_from([it for group in self.notices.values() for it in group])
        )
        assert self.workers[0].record(notice) is Recording.KNOWN
        other = Booking(
            notice.bsnr,
            Appointment(notice.appointment.id, starts_at=START),
            version=notice.version,
        )
        try:
            self.workers[0].record(other)
        except NoticeConflictError:
            return
        raise AssertionError("a conflict went unnoticed")

    @rule(hours=st.integers(0, 60), minutes=st.integers(0, 59))
    def wait(self, hours: int, minutes: int) -> None:
        self.world.true += timedelta(hours=hours, minutes=minutes)

    @rule(hours=st.integers(1, 30))
    def set_clock_back(self, hours: int) -> None:
        self.world.offset -= timedelta(hours=hours)

    @rule(moods=st.lists(MOODS, max_size=6), which=st.integers(0, 1))
    def dispatch(self, moods: list[str], which: int) -> None:
        self.world.moods = list(moods)
        self.dispatching = self.workers[which]
        self._surviving(lambda: self._quietly(self.workers[which].dispatch_due))

    @rule(
        moods=st.lists(MOODS, max_size=6),
        which=st.integers(0, 1),
        fuse=st.none() | st.integers(1, 120),
    )
    def night(self, moods: list[str], which: int, fuse: int | None) -> None:
        """
        Go to the next due instant and send, perhaps with a crash on the way.
        """
        self._go_to_next_due()
        self.world.moods = list(moods)
        self.world.fuse.left = fuse
        self.dispatching = self.workers[which]
        self._surviving(lambda: self._quietly(self.workers[which].dispatch_due))

    def _go_to_next_due(self) -> None:
        with self.store.transaction() as tx:
            due_at, seen = tx.next_due_at(list(ChannelKind)), tx.high_water()
        target = max(it for it in (due_at, seen, self.world.now()) if it is not None)
        self.world.true += target - self.world.now()

    @rule(
        nights=st.lists(st.tuples(MOODS, st.integers(0, 1)), min_size=1, max_size=4),
        names=st.lists(st.sampled_from("xyz"), min_size=1, max_size=3),
        who=WHO,
        cancels=st.booleans(),
        fuse=st.none() | st.integers(1, 150),
    )
    def busy_nights(
        self,
        nights: list[tuple[str, int]],
        names: list[str],
        who: int,
        cancels: bool,
        fuse: int | None,
    ) -> None:
        """
        Night after night something to tell, and the last one may end in a crash.
        """
        for number, (mood, which) in enumerate(nights, start=1):
            for name in names:
                self.record(who=who, name=name, cancels=cancels)
            self.night([mood], which, fuse if number == len(nights) else None)

    @rule(fuse=st.integers(1, 40), who=WHO, name=st.sampled_from("xyz"))
    def record_and_die(self, fuse: int, who: int, name: str) -> None:
        self.world.fuse.left = fuse
        self._surviving(lambda: self._record(self.workers[0], who, name, cancels=False))
        self._forget_crashed(who, name)

    @rule(fuse=st.integers(1, 60), who=WHO, moods=st.lists(MOODS, max_size=1))
    def save_and_die(self, fuse: int, who: int, moods: list[str]) -> None:
        self.world.moods = [mood for mood in moods if "meanwhile" not in mood]
        self.world.fuse.left = fuse

        def act() -> None:
            self._save(
                self.workers[0], who, email="b", fax=1, selected=ChannelKind.EMAIL
            )

        self._surviving(act)

    @rule()
    def restart(self) -> None:
        self._start_workers()

    @rule(data=st.data(), verdict=st.sampled_from(list(Verdict)))
    def report(self, data: st.DataObject, verdict: Verdict) -> None:
        """
        Reports repeat, come late, and may speak of nothing we know.
        """
        ids = [taken.message.id for taken in self.world.taken] or ["0" * 32]
        attempt_id = data.draw(st.sampled_from(ids))
        if verdict is Verdict.DELIVERED and attempt_id in self.undelivered:
            return
        self.workers[0].report(DeliveryReport(attempt_id, verdict=verdict))
        if verdict is Verdict.UNDELIVERED:
            self.undelivered.add(attempt_id)

    @rule(who=WHO)
    def erase_and_register_again(self, who: int) -> None:
        self._erase(self.workers[0], PRACTICES[who])

    # Promises

    def _digests(self, bsnr: BSNR) -> list[Taken]:
        return [
            taken
            for taken in self.world.taken
            if taken.bsnr == bsnr and taken.message.purpose is Purpose.DIGEST
        ]

    @invariant()
    def promises_hold(self) -> None:
        """
        All of them after every step, on one reading of the store.
        """
        with self.store.transaction() as tx:
            for bsnr in PRACTICES:
                self._p1_at_most_one_in_24_hours(bsnr)
                self._p2_nothing_is_lost(bsnr, tx)
                self._p3_repeats_are_marked(bsnr)
                self._p4_only_verified_addresses_and_never_empty(bsnr)
                self._p9_the_old_channel_keeps_working(bsnr, tx)
                self._waiting_implies_due_or_held(bsnr, tx)

    def _p1_at_most_one_in_24_hours(self, bsnr: BSNR) -> None:
        for former, later in pairwise(self._digests(bsnr)):
            assert later.at - former.at >= DAY

    def _p2_nothing_is_lost(self, bsnr: BSNR, tx: Any) -> None:
        """
        What is recorded waits, or stood in a digest that the far end took after it.
        """
        waiting = {item.untold.notice.identity for item in tx.waiting(bsnr)}
        kept = {notice.identity for notice in tx.notices(bsnr)}
        for notice in self.notices[bsnr]:
            assert notice.identity in kept
            if notice.identity in waiting:
                continue
            key = notice.appointment.id
            assert any(
                f"Marke-{key}." in digest.message.text
                and digest.recorded.get(key, 0) >= notice.version
                for digest in self._digests(bsnr)
            )

    def _p3_repeats_are_marked(self, bsnr: BSNR) -> None:
        digests = self._digests(bsnr)
        for number, later in enumerate(digests):
            for former in digests[:number]:
                self._check_repeats(former, later)

    def _check_repeats(self, former: Taken, later: Taken) -> None:
        for key, count in later.recorded.items():
            mark = f"Marke-{key}."
            if mark not in later.message.text or mark not in former.message.text:
                continue
            if former.recorded.get(key) == count:
                paragraph = next(
                    part for part in later.message.text.split("\n\n") if mark in part
                )
                assert "bereits mitgeteilt" in " ".join(paragraph.split())

    def _p4_only_verified_addresses_and_never_empty(self, bsnr: BSNR) -> None:
        for taken in self.world.taken:
            if taken.bsnr != bsnr:
                continue
            if taken.message.purpose is Purpose.DIGEST:
                assert taken.message.address.normalized in self.confirmed[bsnr]
                assert "Marke-" in taken.message.text
            else:
                assert "Marke-" not in taken.message.text

    def _p9_the_old_channel_keeps_working(self, bsnr: BSNR, tx: Any) -> None:
        active = tx.practice(bsnr).active
        assert self.active[bsnr] == (active.address.normalized if active else None)

    def _waiting_implies_due_or_held(self, bsnr: BSNR, tx: Any) -> None:
        outlook = tx.outlook(bsnr)
        if outlook.waiting:
            assert outlook.due_at is not None or outlook.held is not None

    def _liveness(self) -> None:
        """
        Once the world behaves again, whoever can be told is told (P2, P5).
        """
        if not hasattr(self, "workers"):
            return
        self.world.moods = []
        self.world.fuse.left = None
        self.workers = [self._worker()]
        self.world.true += -self.world.offset + timedelta(days=3)
        for _ in range(8):
            with self.store.transaction() as tx:
                due_at = tx.next_due_at(list(ChannelKind))
            if due_at is None:
                break
            self.world.true += max(timedelta(0), due_at - self.world.now())
            self.workers[0].dispatch_due()
        for bsnr in PRACTICES:
            with self.store.transaction() as tx:
                if tx.practice(bsnr).active is not None:
                    assert not tx.waiting(bsnr)
        self.promises_hold()


def _looks_like_a_code(line: str) -> bool:
    return len(line) == 9 and line[4] == "-" and line.replace("-", "").isupper()


def _with_public(dialog: ProfileDialog, practice: Practice) -> ProfileDialog:
    return ProfileDialog(
        public=practice.public,
        email=dialog.email,
        fax=dialog.fax,
        selected=dialog.selected,
    )


RENDERER = Renderer()
KEYS = Keys(pseudonyms=b"p" * 32, codes=(b"c" * 32,))


def _without_waiting_for_the_disk(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA synchronous = OFF").close()


@cache
def _empty_database() -> bytes:
    """
    The file after all migrations, made once.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        engine = sqlite_engine(path)
        upgrade(engine, KEYS)
        engine.dispose()
        return path.read_bytes()


class SqliteServiceMachine(ServiceMachine):
    """
    The same world over a real SQLite file.
    """

    def make_store(self, world: World) -> Any:
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        path = Path(folder) / "store.db"
        path.write_bytes(_empty_database())
        engine = sqlite_engine(path)
        # A crash here is an exception, not a power cut: no need to wait for the disk.
        event.listen(engine, "connect", _without_waiting_for_the_disk)
        self.stack.callback(engine.dispose)
        return SqlStore(engine, KEYS, clock=world.now)


TestMemoryStore = ServiceMachine.TestCase
TestMemoryStore.settings = settings(
    stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck)
)
TestSqliteStore = SqliteServiceMachine.TestCase
TestSqliteStore.settings = TestMemoryStore.settings
