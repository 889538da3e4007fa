"""
`eterminservice demo`: the whole story, judged by what lies in its folder.

What is found there is compared with the sample data, which says who is who; the figures
are counted again from the mails.
"""

from __future__ import annotations

import email
import email.policy
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from attrs import frozen

from eterminservice_core import Keys, WorklistReason
from eterminservice_core.cli.command import run
from eterminservice_core.cli.demo import night_worker, post_office, report
from eterminservice_core.cli.demo.clock import SimulatedClock
from eterminservice_core.cli.demo.figures import Figures, Night
from eterminservice_core.cli.demo.places import CLOCK, DATABASE, KEY_FILE
from eterminservice_core.cli.demo.post_office import PostOffice
from eterminservice_core.cli.demo.sample import (
    EVENINGS,
    Habit,
    Sample,
    SamplePractice,
    at,
    sample,
)
from eterminservice_core.cli.exit_codes import ExitCode
from eterminservice_core.cli.store_files import create_or_upgrade, write_keys
from eterminservice_core.domain.message import Outcome
from eterminservice_core.testing.clock import FakeClock


BERLIN = ZoneInfo("Europe/Berlin")
MARK = "ggf. bereits mitgeteilt"
CODE = re.compile(r"^([A-Z]{4}-[A-Z]{4})\s*$", re.MULTILINE)
HEADER = "eTerminservice der Kassenärztlichen Vereinigungen"


@frozen(kw_only=True)
class Mail:
    """
    A mail as it lies in the folder.
    """

    file: Path
    parsed: EmailMessage
    at: datetime
    text: str

    @property
    def to(self) -> str:
        return str(self.parsed["To"])

    @property
    def code(self) -> str | None:
        found = CODE.search(self.text)
        return found[1] if found else None


@frozen(kw_only=True)
class Told:
    """
    One run of the demo.
    """

    out: str
    err: str
    folder: Path
    mails: tuple[Mail, ...]

    def figure(self, name: str) -> str:
        found = re.search(rf"^ *{re.escape(name)}  +(\S.*?) *$", self.out, re.MULTILINE)
        assert found is not None, name
        return found[1]

    @property
    def nights(self) -> list[list[int]]:
        """
        The rows of the table, without the date.
        """
        row = re.compile(r"^ \w{3} \d\d\.\d\d\.2026 +([\d ]+?) *$", re.MULTILINE)
        return [list(map(int, cells.split())) for cells in row.findall(self.out)]

    def digests(self) -> Mapping[str, list[Mail]]:
        boxes: dict[str, list[Mail]] = {}
        for mail in self.mails:
            if mail.code is None:
                boxes.setdefault(mail.to, []).append(mail)
        return boxes


def call_demo(folder: Path) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "eterminservice_core.cli", "demo"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={key: it for key, it in os.environ.items() if key != "COLUMNS"},
        timeout=300,
    )
    assert done.returncode == ExitCode.DONE, done.stderr
    return done.stdout, done.stderr


def read(file: Path) -> Mail:
    raw = file.read_bytes()
    parsed: EmailMessage = email.message_from_bytes(raw, policy=email.policy.default)
    body = parsed.get_body(("plain",))
    assert body is not None
    stamp, _, _ = file.name.partition("-")
    instant = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return Mail(file=file, parsed=parsed, at=instant, text=body.get_content())


@pytest.fixture(scope="module")
def told_twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Told, Told]:
    """
    Two runs in one place; the first one's folder is put aside.
    """
    place = tmp_path_factory.mktemp("demo")
    runs = []
    for number in (1, 2):
        out, err = call_demo(place)
        aside = place / f"run-{number}"
        shutil.copytree(place / "eterminservice-demo", aside)
        mails = tuple(read(file) for file in sorted((aside / "mails").iterdir()))
        runs.append(Told(out=out, err=err, folder=aside, mails=mails))
    return runs[0], runs[1]


@pytest.fixture(scope="module")
def told(told_twice: tuple[Told, Told]) -> Told:
    return told_twice[0]


@pytest.fixture(scope="module")
def who() -> Sample:
    return sample()


def of_habit(who: Sample, *habits: Habit) -> list[SamplePractice]:
    return [each for each in who.practices if each.habit in habits]


# The story


def test_run_twice_it_says_the_same(told_twice: tuple[Told, Told]) -> None:
    first, second = told_twice

    assert first.out == second.out
    assert first.err == second.err == ""
    assert {mail.file.name: mail.file.read_bytes() for mail in first.mails} == {
        mail.file.name: mail.file.read_bytes() for mail in second.mails
    }


def test_who_confirmed_gets_digests_and_nobody_else(told: Told, who: Sample) -> None:
    confirmed = of_habit(
        who, Habit.CONFIRMS, Habit.MISTYPES, Habit.GREYLISTS, Habit.MOVES_AWAY
    )
    forgot = of_habit(who, Habit.FORGETS)
    codes = [mail.to for mail in told.mails if mail.code]

    assert set(told.digests()) <= {each.mailbox for each in confirmed}
    assert sorted(codes) == sorted(each.mailbox for each in confirmed + forgot)


def test_a_code_comes_at_once_and_digests_come_at_night(told: Told) -> None:
    for mail in told.mails:
        wall = mail.at.astimezone(BERLIN).time()
        if mail.code:
            assert time(7) <= wall < time(9)
        else:
            assert wall >= time(19) or wall < time(6)


def test_nobody_gets_two_digests_in_24_hours(told: Told) -> None:
    """
    Counted again from what lies in the folder, across the night that is an hour short.
    """
    gaps = [
        later.at - earlier.at
        for digests in told.digests().values()
        for earlier, later in pairwise(digests)
    ]

    assert len(gaps) > 80
    assert min(gaps) >= timedelta(hours=24)
    assert report.spelled(min(gaps)) == told.figure("smallest gap between two digests")


def test_the_night_the_clocks_go_forward_makes_the_next_digest_an_hour_later(
    told: Told,
) -> None:
    """
    By the clock on the wall: 24 hours are 24 hours.
    """
    later = 0
    for digests in told.digests().values():
        walls = {
            mail.at.astimezone(BERLIN).date(): mail.at.astimezone(BERLIN)
            for mail in digests
        }
        saturday, sunday = walls.get(EVENINGS[1]), walls.get(EVENINGS[2])
        if saturday and sunday and sunday.time() >= time(saturday.hour + 1):
            later += 1

    assert later >= 5


def test_every_night_counts_what_lies_in_the_folder(told: Told) -> None:
    counted = [0] * len(EVENINGS)
    for digests in told.digests().values():
        for mail in digests:
            evening = (mail.at.astimezone(BERLIN) - timedelta(hours=7)).date()
            counted[EVENINGS.index(evening)] += 1

    assert [night[0] for night in told.nights] == counted
    assert told.figure("mails") == str(len(told.mails))


def test_no_notice_is_lost(told: Told, who: Sample) -> None:
    """
    Every one is told, waits for the next night, or is on the worklist.
    """
    recorded = sum(len(batch.notices) for batch in who.batches)
    told_in_all = sum(night[1] for night in told.nights)

    assert int(told.figure("notices recorded")) == recorded
    assert int(told.figure("told")) == told_in_all
    assert recorded == (
        told_in_all
        + int(told.figure("wait for the next night"))
        + int(told.figure("on the worklist"))
    )


def test_the_worklist_says_why(told: Told, who: Sample) -> None:
    """
    Every notice of whoever has no verified channel, and none of anybody else's.
    """
    silent = {each.bsnr for each in of_habit(who, Habit.WANTS_FAX, Habit.WANTS_NOTHING)}
    unproven = {each.bsnr for each in of_habit(who, Habit.FORGETS)}
    notices = [notice for batch in who.batches for notice in batch.notices]

    assert int(told.figure(WorklistReason.NO_CHANNEL.value)) == sum(
        notice.bsnr in silent for notice in notices
    )
    assert int(told.figure(WorklistReason.NOT_VERIFIED.value)) == sum(
        notice.bsnr in unproven for notice in notices
    )
    assert int(told.figure(WorklistReason.ADDRESS_REFUSED.value)) > 0


def test_a_killed_worker_leaves_one_digest_nobody_can_tell_of(told: Told) -> None:
    """
    Its notices come again the next night, marked; nothing else ever does.
    """
    fatal = [
        mail
        for mail in told.mails
        if at(EVENINGS[1], time(12)) < mail.at < at(EVENINGS[2], time(12))
    ][7]
    marked = [mail for mail in told.mails if MARK in mail.text]

    assert "A worker is killed" in told.out
    assert [night[5] for night in told.nights] == [0, 1, 0, 0, 0]
    assert [mail.to for mail in marked] == [fatal.to]
    assert marked[0].at >= fatal.at + timedelta(hours=24)
    assert told.nights[2][2] >= 1


def test_a_mailbox_that_asks_for_another_try_gets_its_digest_the_same_night(
    told: Told, who: Sample
) -> None:
    (greylisting,) = of_habit(who, Habit.GREYLISTS)
    first = told.digests()[greylisting.mailbox][0]

    assert told.nights[0][3] == 1, "one failed"
    assert first.at < at(EVENINGS[1], time(6))


def test_a_mailbox_that_moved_away_gets_nothing_more(told: Told, who: Sample) -> None:
    (moved,) = of_habit(who, Habit.MOVES_AWAY)
    latest = told.digests()[moved.mailbox][-1]

    assert sum(night[4] for night in told.nights) == 1, "one refused"
    assert latest.at < at(EVENINGS[2], time(12))


def test_every_mail_is_headed_as_it_must_be(told: Told, who: Sample) -> None:
    contacts = {each.mailbox: each.practice.group for each in who.practices}
    number = {"doctors": "0711 7875-3960", "psychotherapists": "0711 7875-3949"}

    for mail in told.mails:
        assert str(mail.parsed["Subject"]).startswith(HEADER)
        assert mail.text.startswith(HEADER)
        assert number[contacts[mail.to].value] in mail.text


def test_one_mail_is_shown(told: Told) -> None:
    (marked,) = [mail for mail in told.mails if MARK in mail.text]

    assert marked.file.name in told.out
    for line in marked.text.splitlines():
        assert line.strip() in told.out


def test_its_folder_is_one_to_look_around_in(
    told_twice: tuple[Told, Told],
    who: Sample,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = told_twice[1]
    monkeypatch.chdir(told.folder)
    morning = FakeClock(at(EVENINGS[-1] + timedelta(days=1), time(7)))

    assert run(["worklist"], clock=morning) == ExitCode.DONE
    listed = capsys.readouterr().out
    (moved,) = of_habit(who, Habit.MOVES_AWAY)
    assert run(["practice", "show", str(moved.bsnr)], clock=morning) == ExitCode.DONE
    shown = capsys.readouterr().out

    assert "the address was refused" in shown
    assert "nowhere" in shown
    assert f"{told.figure('on the worklist')} notices: " in listed


# What must not be there


def names_of_people(who: Sample) -> set[str]:
    names = {
        notice.appointment.patient.name
        for batch in who.batches
        for notice in batch.notices
        if notice.appointment.patient
    }
    return {word for name in names for word in name.split() if len(word) > 4}


def vermittlungscodes(who: Sample) -> set[str]:
    codes = {
        notice.appointment.code.reveal()
        for batch in who.batches
        for notice in batch.notices
        if notice.appointment.code
    }
    return codes | {code.replace("-", "") for code in codes}


def local_parts(who: Sample) -> set[str]:
    return {each.mailbox.partition("@")[0] for each in who.practices if each.mailbox}


def fax_numbers(who: Sample) -> set[str]:
    return {
        each.practice.master.fax.normalized
        for each in who.practices
        if each.practice.master.fax
    }


def codes_of(told: Told) -> set[str]:
    codes = {mail.code for mail in told.mails if mail.code}
    return codes | {code.replace("-", "") for code in codes}


def found_in(text: str, forbidden: set[str]) -> set[str]:
    assert forbidden
    lowered = text.lower()
    return {each for each in forbidden if each.lower() in lowered}


def test_the_sample_has_something_to_find(told: Told, who: Sample) -> None:
    """
    Or the tests below would search for nothing.
    """
    assert len(local_parts(who)) == 31
    assert len(vermittlungscodes(who)) > 500
    assert len(codes_of(told)) == 60
    assert names_of_people(who) >= {"Schaumberg", "Kleinjung", "Frühstück"}


def test_nothing_personal_is_printed_or_logged(told: Told, who: Sample) -> None:
    log = (told.folder / "eterminservice.log").read_text(encoding="utf-8")
    forbidden = (
        local_parts(who)
        | fax_numbers(who)
        | vermittlungscodes(who)
        | codes_of(told)
        | names_of_people(who)
    )

    assert "attempt recovered" in log, "there is something to search"
    assert found_in(told.out + told.err + log, forbidden) == set()


def test_nothing_personal_is_in_names_subjects_and_message_ids(
    told: Told, who: Sample
) -> None:
    names = [str(file.relative_to(told.folder)) for file in told.folder.rglob("*")]
    headers = [
        f"{mail.parsed['Subject']} {mail.parsed['Message-ID']}" for mail in told.mails
    ]
    forbidden = (
        local_parts(who)
        | {str(each.bsnr) for each in who.practices}
        | {each.practice.name for each in who.practices}
        | vermittlungscodes(who)
        | codes_of(told)
        | names_of_people(who)
    )

    assert len(names) > len(told.mails)
    assert found_in("\n".join(names + headers), forbidden) == set()


def test_a_mail_holds_an_address_in_its_to_and_a_code_only_as_a_confirmation(
    told: Told, who: Sample
) -> None:
    for mail in told.mails:
        parts = [
            part.get_content()
            for part in mail.parsed.walk()
            if part.get_content_maintype() == "text"
        ]
        others = {key: value for key, value in mail.parsed.items() if key != "To"}
        text = "\n".join([*parts, *map(str, others.values())])
        allowed = {mail.code, mail.code.replace("-", "")} if mail.code else set()

        assert len(parts) == 2
        assert found_in(text, local_parts(who)) == set()
        assert found_in(text, codes_of(told) - allowed) == set()
        assert found_in(text, vermittlungscodes(who)) == set()
        assert found_in(text, names_of_people(who)) == set()


def test_the_database_holds_no_patient_and_no_code_in_clear(
    told: Told, who: Sample
) -> None:
    kept = b"".join(file.read_bytes() for file in told.folder.glob(f"{DATABASE}*"))
    text = kept.decode("utf-8", errors="replace")

    assert who.practices[0].practice.name in text, "it can be searched"
    assert found_in(text, names_of_people(who)) == set()
    assert found_in(text, codes_of(told)) == set()


# Its folder


def test_a_folder_of_somebody_else_is_left_alone(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mails").mkdir()
    (tmp_path / "mails" / "mine.eml").write_text("mine")

    code = run(["demo", "--folder", "."])

    assert code == ExitCode.USAGE
    assert "name another with --folder" in capsys.readouterr().err
    assert [file.name for file in tmp_path.rglob("*.*")] == ["mine.eml"]


def test_the_demo_answers_as_json(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    told: Told,
) -> None:
    """
    In a folder that a former demo left, in which somebody put something.
    """
    folder = tmp_path / "elsewhere"
    shutil.copytree(told.folder, folder)
    (folder / "notes.txt").write_text("mine")

    code = run(["demo", "--folder", str(folder), "--json"])
    answer = json.loads(capsys.readouterr().out)

    assert code == ExitCode.DONE
    assert (folder / "notes.txt").read_text() == "mine"
    assert answer["mails"] == len(told.mails)
    assert answer["smallest_gap_seconds"] >= 24 * 3600
    assert [night["digests"] for night in answer["nights"]] == [
        night[0] for night in told.nights
    ]
    assert answer["nights"][1]["outcomes"]["unknown"] == 1


# Its parts


def test_the_worker_that_is_killed_otherwise_works_until_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    In this process, so that what it does can be seen.
    """
    begins_at = at(EVENINGS[0], time(20))
    keys = Keys(pseudonyms=b"p" * 32, codes=(b"c" * 32,))
    write_keys(tmp_path / KEY_FILE, keys)
    create_or_upgrade(tmp_path / DATABASE, keys)
    SimulatedClock.make(tmp_path / CLOCK, begins_at)
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    with SimulatedClock.opened(tmp_path / CLOCK) as clock:
        with post_office.opened(PostOffice(clock, tmp_path)) as port:
            end = begins_at + timedelta(hours=2)
            night_worker.work([str(tmp_path), str(port), "7", end.isoformat()])

        assert clock() == end


def test_the_simulated_clock_never_goes_back(tmp_path: Path) -> None:
    begins_at = at(EVENINGS[0], time(20))
    SimulatedClock.make(tmp_path / CLOCK, begins_at)

    with SimulatedClock.opened(tmp_path / CLOCK) as clock:
        clock.advance_to(begins_at - timedelta(hours=1))
        wait: Callable[[float], bool] = clock.sleeping_until(
            begins_at + timedelta(seconds=10)
        )

        assert clock() == begins_at
        assert [wait(6), wait(6)] == [False, True]
        assert clock() == begins_at + timedelta(seconds=10)


def test_the_figures_of_a_program_are_those_of_people() -> None:
    night = Night(
        evening=EVENINGS[0],
        digests=2,
        told=3,
        repeated=1,
        outcomes={Outcome.ACCEPTED: 2},
        longest_wait=timedelta(hours=5),
        waiting=4,
    )
    figures = Figures(
        nights=(night,),
        recorded=7,
        told=3,
        worklist={WorklistReason.NO_CHANNEL: 4},
        for_next_night=0,
        smallest_gap=timedelta(hours=24, seconds=2),
        mails=2,
    )

    answer = report.as_json(figures)

    assert answer["nights"][0]["evening"] == "2026-03-27"
    assert answer["nights"][0]["outcomes"] == {
        "accepted": 2,
        "rejected": 0,
        "failed": 0,
        "unknown": 0,
    }
    assert answer["worklist"] == {"no channel selected": 4}
    assert answer["longest_wait_seconds"] == 5 * 3600
