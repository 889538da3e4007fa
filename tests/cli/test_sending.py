"""
`dispatch` and `worker`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from eterminservice_core import TransportRegistry
from eterminservice_core.cli.exit_codes import ExitCode
from eterminservice_core.testing.clock import FakeClock

from .conftest import TOPP, Command, booking, lines, mails


#: Late enough that every practice's place in the night has come.
NIGHT = timedelta(hours=15)


@pytest.fixture
def waiting(command: Command, joined: Path, clock: FakeClock) -> Path:
    """
    Praxis Topp has a notice waiting, and it is night.
    """
    command("record", "-", stdin=lines(booking()))
    clock.advance(NIGHT)
    return joined


def test_dispatch_sends_what_is_due_and_says_so(
    command: Command, waiting: Path
) -> None:
    answer = command("dispatch")

    assert answer.code == ExitCode.DONE
    assert answer.out == "1 digest with 1 notice: 1 accepted\n"
    assert len(mails(waiting)) == 2


def test_dispatch_again_sends_nothing(command: Command, waiting: Path) -> None:
    command("dispatch")
    command("record", "-", stdin=lines(booking(appointment="a-2")))

    again = command("dispatch")

    assert again.code == ExitCode.DONE
    assert again.out == "nothing was due\n"
    assert len(mails(waiting)) == 2


def test_dispatch_answers_as_json(command: Command, waiting: Path) -> None:
    assert waiting.is_dir()
    (settled,) = command("dispatch", "--json").json

    assert settled == {
        "attempt": settled["attempt"],
        "bsnr": TOPP,
        "transport": "directory",
        "outcome": "accepted",
        "reason": None,
        "status": "",
        "lines": 1,
        "notices": 1,
    }
    assert command("dispatch", "--json").json == []


def test_a_relay_that_is_down_has_the_exit_code_of_transports(
    command: Command, waiting: Path
) -> None:
    """
    So that a scheduler raises an alarm; a refused address would not.
    """
    settings = waiting / "eterminservice.toml"
    smtp = 'use = "smtp"\nhost = "localhost"\nport = 1\nsecurity = "none"'
    settings.write_text(
        settings.read_text().replace('use = "directory"\npath = "outbox"', smtp)
    )

    answer = command("dispatch")

    assert answer.code == ExitCode.TRANSPORT
    assert answer.out == "1 digest with 1 notice: 1 failed (unreachable)\n"


def test_a_transport_that_breaks_while_it_opens_is_named(
    command: Command, waiting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(_: TransportRegistry, *__: object) -> None:
        raise ZeroDivisionError("sentinel")

    assert waiting.is_dir()
    monkeypatch.setattr(TransportRegistry, "open", break_down)

    answer = command("dispatch")

    assert answer.code == ExitCode.TRANSPORT
    assert answer.err == (
        "eterminservice: transport 'directory': cannot be opened (ZeroDivisionError)\n"
    )


@pytest.mark.parametrize("call", ["dispatch", "worker"])
def test_without_a_transport_there_is_nothing_to_send_with(
    command: Command, store: Path, call: str
) -> None:
    settings = store / "eterminservice.toml"
    before, _ = settings.read_text().split("[transports.email]")
    settings.write_text(before)

    answer = command(call)

    assert answer.code == ExitCode.USAGE
    assert "[transports.email]" in answer.err


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_a_worker_sends_and_stops_when_it_is_told_to(
    command: Command, waiting: Path, clock: FakeClock, option: tuple[str, ...]
) -> None:
    """
    It is told as soon as somebody looks at the clock after the mail is there.
    """
    told: list[bool] = []

    def telling_clock() -> datetime:
        if not told and len(mails(waiting)) == 2:
            told.append(True)
            os.kill(os.getpid(), signal.SIGTERM)
        return clock()

    answer = command("worker", *option, clock=telling_clock)

    assert told
    assert answer.code == ExitCode.DONE
    if option:
        assert json.loads(answer.out)["outcome"] == "accepted"
        assert len(answer.out.splitlines()) == 1
    else:
        assert answer.out == "1 digest with 1 notice: 1 accepted\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_process_ends_well_on_a_signal(
    joined: Path, number: signal.Signals
) -> None:
    """
    On the machine's own clock, against which the store's is far ahead or behind.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "eterminservice_core.cli", "worker"],
        cwd=joined,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("the worker runs"):
                break
        process.send_signal(number)
        out, err = process.communicate(timeout=30)

    assert process.returncode == ExitCode.DONE
    assert out == ""
    assert "Traceback" not in err
