"""
The story: practices join, five nights pass, a worker is killed and another takes over.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from attrs import define, evolve, field

from ...domain.address import ChannelKind
from ...domain.errors import CodeRejectedError
from ...domain.practice import ProfileDialog
from ...profile import ProfileView
from . import night_worker
from .figures import Figures, Leg, Night, Snapshot, figures, night_of
from .post_office import PostOffice
from .sample import EVENINGS, LATE, Batch, Habit, Sample, SamplePractice, at
from .stage import Stage


#: When the story begins: Friday, before work.
BEGINS_AT: Final = at(EVENINGS[0], time(7))
_EVENING: Final = time(18, 30)
_MORNING: Final = time(7)
#: The night in which a worker is killed: the clocks go forward in it.
_FATAL_NIGHT: Final = EVENINGS[1]
#: The digest of that night over which it dies.
_FATAL_MAIL: Final = 8
#: The seed of the worker that dies; this process has another one.
_FATAL_SEED: Final = 2
#: From this night on, one mailbox does not exist any more.
_MOVING_NIGHT: Final = EVENINGS[2]
_MINUTE: Final = timedelta(minutes=1)
#: Well formed, and sent to nobody.
_WRONG_CODE: Final = "BBBB-BBBB"


@define
class Story:
    """
    Tells the story from beginning to end.

    Attributes:
        folder: The demo's folder.
        port: Where the post office answers.
        sample: Who there is, and what comes in when.
        stage: What this process works with.
        office: The post office.
        tell: Called with each sentence.
    """

    folder: Path
    port: int
    sample: Sample
    stage: Stage
    office: PostOffice
    tell: Callable[[str], None]
    _recorded: int = field(default=0, init=False)
    _to_come: deque[Batch] = field(init=False)

    @_to_come.default
    def _all_batches(self) -> deque[Batch]:
        return deque(self.sample.batches)

    def run(self) -> Figures:
        """
        Tell it.
        """
        self._everybody_joins()
        nights = []
        for evening in EVENINGS:
            nights.append(self._night(evening))
            self.tell(_sentence(nights[-1]))
        return figures(self.stage.service, self.office, nights, self._recorded)

    # Practices join

    def _everybody_joins(self) -> None:
        practices = self.sample.practices
        self.stage.service.import_practices(each.practice for each in practices)
        self.tell(f"{len(practices)} practices are registered.")
        for each in practices:
            self.stage.clock.advance(_MINUTE)
            self._join(each)
        habits = Counter(each.habit for each in practices)
        codes = len(self.office.mails)
        self.tell(
            f"{codes + habits[Habit.MISSPELLS]} enter an e-mail address and select it;"
            f" {codes} confirmation codes arrive, {codes - habits[Habit.FORGETS]} are"
            " typed in."
        )
        self.tell(
            f"{habits[Habit.WANTS_FAX]} would like faxes („{self._why_no_fax()}“),"
            f" {habits[Habit.WANTS_NOTHING]} want no notification,"
            f" {habits[Habit.MISSPELLS]} entered an address that does not exist."
        )

    def _join(self, each: SamplePractice) -> None:
        profile = self.stage.service.profile(each.bsnr)
        match each.habit:
            case Habit.WANTS_FAX:
                pass  # the number is there, pre-filled; its option is not active
            case Habit.WANTS_NOTHING:
                silence = evolve(profile.dialog, selected=None)
                self._save(profile, silence)
            case Habit.MISSPELLS:
                self.office.unknown.add(each.mailbox)
                self._select_email(profile, each)
            case Habit.FORGETS:
                self._select_email(profile, each)
            case Habit.MISTYPES:
                self._select_email(profile, each)
                self._type_wrong_code(each)
                self._type_code(each)
            case Habit.CONFIRMS | Habit.GREYLISTS | Habit.MOVES_AWAY:
                self._select_email(profile, each)
                self._type_code(each)

    def _save(self, profile: ProfileView, dialog: ProfileDialog) -> None:
        self.stage.service.save_profile(profile.bsnr, dialog, revision=profile.revision)

    def _select_email(self, profile: ProfileView, each: SamplePractice) -> None:
        self._save(
            profile,
            evolve(profile.dialog, email=each.email, selected=ChannelKind.EMAIL),
        )

    def _why_no_fax(self) -> str:
        """
        What the portal says beside the option of those who want faxes (R3).
        """
        wanting = (it for it in self.sample.practices if it.habit is Habit.WANTS_FAX)
        profile = self.stage.service.profile(next(wanting).bsnr)
        options = {option.kind: option.why_not for option in profile.options}
        return options[ChannelKind.FAX]

    def _type_code(self, each: SamplePractice) -> None:
        """
        Read the code off the latest mail in the practice's mailbox, and type it.
        """
        codes = [mail.code for mail in self.office.mails if mail.to == each.mailbox]
        self.stage.clock.advance(_MINUTE)
        self.stage.service.confirm(each.bsnr, codes[-1] or "")

    def _type_wrong_code(self, each: SamplePractice) -> None:
        try:
            self.stage.service.confirm(each.bsnr, _WRONG_CODE)
        except CodeRejectedError as error:
            left = error.guesses_left
            self.tell(f"One types a wrong code, and has {left} more guesses.")

    # Days and nights

    def _record_until(self, instant: datetime) -> None:
        """
        Record what comes in until this time, each batch at its own.
        """
        while self._to_come and self._to_come[0].at <= instant:
            batch = self._to_come.popleft()
            self.stage.clock.advance_to(batch.at)
            self._recorded += self.stage.service.record_all(batch.notices).new
        self.stage.clock.advance_to(instant)

    def _night(self, evening: date) -> Night:
        """
        A night in two legs: between them, something more comes in.
        """
        self._prepare_mailboxes(evening)
        self._record_until(at(evening, _EVENING))
        late = at(evening, LATE)
        first = self._leg(late, is_fatal=evening == _FATAL_NIGHT)
        self._record_until(late)
        second = self._leg(at(evening + timedelta(days=1), _MORNING))
        return night_of(evening, [first, second])

    def _leg(self, end: datetime, *, is_fatal: bool = False) -> Leg:
        store, taken = self.stage.service.store, len(self.office.mails)
        before = Snapshot.of(store)
        if is_fatal:
            self._let_a_worker_die(end)
        self.stage.work_until(end)
        return Leg(
            before=before,
            after=Snapshot.of(store),
            digests=len(self.office.mails) - taken,
        )

    def _let_a_worker_die(self, end: datetime) -> None:
        """
        A worker in a process of its own is killed over a mail that just was taken.
        """
        with night_worker.started(
            self.folder, port=self.port, seed=_FATAL_SEED, end=end
        ) as worker:
            self.office.kill_after(_FATAL_MAIL, worker)
            night_worker.go(worker)
            worker.wait()
        self.tell(
            f"A worker is killed: its digest number {_FATAL_MAIL} of this night was"
            " taken, and it never heard so.  Another one takes over."
        )

    def _prepare_mailboxes(self, evening: date) -> None:
        for each in self.sample.practices:
            if each.habit is Habit.GREYLISTS and evening == EVENINGS[0]:
                self.office.asks_again.add(each.mailbox)
            if each.habit is Habit.MOVES_AWAY and evening == _MOVING_NIGHT:
                self.office.unknown.add(each.mailbox)


def _sentence(night: Night) -> str:
    morning = night.evening + timedelta(days=1)
    skipped = ", an hour shorter" if night.evening == _FATAL_NIGHT else ""
    return (
        f"Night to {morning:%d.%m.%Y}{skipped}: {night.digests} digests,"
        f" {night.told} notices told."
    )
