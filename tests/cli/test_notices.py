"""
`record`, `worklist` and `why`.
"""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest

from eterminservice_core.cli.exit_codes import ExitCode
from eterminservice_core.testing.clock import FakeClock

from .conftest import MORE, TOPP, Command, booking, lines


# Recording


def test_a_file_is_recorded(command: Command, store: Path) -> None:
    (store / "today.jsonl").write_bytes(
        lines(booking(), booking(appointment="a-2", bsnr=MORE))
    )

    first = command("record", "today.jsonl")
    again = command("record", "today.jsonl")

    assert (first.code, again.code) == (ExitCode.DONE, ExitCode.DONE)
    assert first.out == "2 notices taken (2 new, 0 known)\n"
    assert again.out == "2 notices taken (0 new, 2 known)\n"


def test_a_minus_is_standard_input(command: Command, store: Path) -> None:
    assert store.is_dir()
    answer = command("record", "-", "--json", stdin=lines(booking()))

    assert answer.json == {"new": 1, "known": 0, "refused": []}


def test_bad_lines_are_named_and_the_rest_is_recorded(
    command: Command, store: Path
) -> None:
    assert store.is_dir()
    given = (
        lines(booking())
        + b"nonsense\n"
        + lines(
            booking(starts_at="2026-03-17T09:30+01:00"),
            booking(bsnr="241234602"),
            booking(appointment="a-2"),
        )
    )

    answer = command("record", "-", "--json", stdin=given)

    assert answer.code == ExitCode.REFUSED
    assert answer.json["new"] == 2
    assert [it["line"] for it in answer.json["refused"]] == [2, 3, 4]
    conflict = "appointment 'a-1' version 1 is already recorded with other content"
    assert answer.err.splitlines() == [
        "eterminservice: line 2: this is not a line of JSON",
        f"eterminservice: line 3: {conflict}",
        "eterminservice: line 4: no practice '241234602'",
    ]


def test_refused_lines_are_kept_unchanged_for_their_owner_alone(
    command: Command, store: Path
) -> None:
    """
    They hold codes: nobody else may read them.
    """
    bad = b'{"doctor": "Dr. M\xfcller"}\n'

    answer = command(
        "record", "-", "--rejects", "bad.jsonl", stdin=bad + lines(booking())
    )
    rejects = store / "bad.jsonl"

    assert answer.code == ExitCode.REFUSED
    assert answer.out == "1 notice taken (1 new, 0 known), 1 line refused\n"
    assert rejects.read_bytes() == bad
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600


def test_where_nothing_is_refused_no_file_is_left(
    command: Command, store: Path
) -> None:
    command("record", "-", "--rejects", "bad.jsonl", stdin=lines(booking()))

    assert not (store / "bad.jsonl").exists()


def test_former_rejects_are_never_written_over(command: Command, store: Path) -> None:
    """
    They may be all that is left of some bookings.
    """
    (store / "bad.jsonl").write_text("of yesterday")

    answer = command("record", "-", "--rejects", "bad.jsonl", stdin=lines(booking()))

    assert answer.code == ExitCode.USAGE
    assert "exists already" in answer.err
    assert (store / "bad.jsonl").read_text() == "of yesterday"
    assert command("why", TOPP, "--json").json["waiting"] == 0


def test_rejects_that_cannot_be_written_are_a_usage_error(
    command: Command, store: Path
) -> None:
    assert store.is_dir()
    answer = command("record", "-", "--rejects", "no/such/folder")

    assert answer.code == ExitCode.USAGE


def test_a_file_that_is_not_there_is_a_usage_error(
    command: Command, store: Path
) -> None:
    assert store.is_dir()
    assert command("record", "nowhere.jsonl").code == ExitCode.USAGE


def test_recording_needs_no_transport_to_be_up(command: Command, joined: Path) -> None:
    for file in (joined / "outbox").iterdir():
        file.unlink()
    (joined / "outbox").rmdir()

    assert command("record", "-", stdin=lines(booking())).code == ExitCode.DONE


# The worklist


def test_the_worklist_is_empty_where_everything_will_be_told(
    command: Command, joined: Path
) -> None:
    assert joined.is_dir()
    command("record", "-", stdin=lines(booking()))

    assert command("worklist").out.startswith("nothing to do")
    assert command("worklist", "--json").json == []


def test_the_worklist_says_who_must_be_told_what_and_why(
    command: Command, store: Path
) -> None:
    assert store.is_dir()
    line = booking(doctor="Dr. Eiche", code="XN6PF4HPZ5KX")
    command("record", "-", stdin=lines(line))

    (entry,) = command("worklist", "--json").json
    shown = command("worklist").out

    assert entry == {
        "bsnr": TOPP,
        "practice": "Praxis Topp",
        "phone": "089 99998-001",
        "kind": "booking",
        "appointment": "a-1",
        "version": 1,
        "starts_at": "2026-03-16T08:30:00+00:00",
        "specialty": "Akutbehandlung",
        "doctor": "Dr. Eiche",
        "reason": "no channel selected",
        "waiting_since": "2026-03-02T11:00:00+00:00",
    }
    for part in ("2026-03-16 09:30", "Praxis Topp", "089 99998-001", "Dr. Eiche"):
        assert part in shown
    assert "1 notice: 1 no channel selected" in shown
    assert "XN6P" not in shown, "whoever knows it can cancel the appointment"


def test_brackets_in_a_name_are_no_markup(command: Command, store: Path) -> None:
    assert store.is_dir()
    command("record", "-", stdin=lines(booking(doctor="Dr. [bold red]Eiche[/]")))

    assert "Dr. [bold red]Eiche[/]" in command("worklist").out


def test_a_table_is_as_wide_as_whoever_reads_it_says(
    command: Command, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.is_dir()
    command("record", "-", stdin=lines(booking()))
    wide = command("worklist").out
    monkeypatch.setenv("COLUMNS", "60")

    narrow = command("worklist").out

    assert max(map(len, narrow.splitlines())) <= 60 < max(map(len, wide.splitlines()))
    assert all(line == line.rstrip() for line in wide.splitlines())


# Why


def test_why_says_when_a_practice_is_told_next_and_what_sets_it(
    command: Command, joined: Path
) -> None:
    assert joined.is_dir()
    command("record", "-", stdin=lines(booking()))

    answer = command("why", TOPP, "--json").json
    shown = command("why", TOPP).out

    assert answer["waiting"] == 1
    assert answer["because"] == "its place in the night"
    assert answer["next_digest_at"] > "2026-03-02T19:00"
    assert answer["attempts"] == []
    assert "its place in the night" in shown
    assert "1 notice, the oldest since 2026-03-02 12:00" in shown


def test_why_says_what_happened_before(
    command: Command, joined: Path, clock: FakeClock
) -> None:
    assert joined.is_dir()
    command("record", "-", stdin=lines(booking()))
    clock.advance(timedelta(hours=15))
    command("dispatch")

    answer = command("why", TOPP, "--json").json
    shown = command("why", TOPP).out

    assert [it["outcome"] for it in answer["attempts"]] == ["accepted"]
    assert answer["quota_free_at"] == "2026-03-04T02:00:00+00:00"
    assert answer["next_digest_at"] is None
    assert "accepted" in shown
    assert "2026-03-04 03:00" in shown


@pytest.mark.parametrize("call", ["worklist", "why"])
def test_what_people_look_at_shows_no_address(
    command: Command, joined: Path, call: str
) -> None:
    assert joined.is_dir()
    command("record", "-", stdin=lines(booking(), booking(bsnr=MORE)))
    arguments = (call, TOPP) if call == "why" else (call,)

    for json in ((), ("--json",)):
        assert "anmeldung" not in command(*arguments, *json).out
