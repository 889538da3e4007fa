"""
The command as a whole: exit codes, errors in one sentence, help, a missing extra.
"""

from __future__ import annotations

import logging
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import click
import pytest

import eterminservice_core
from eterminservice_core import (
    BSNR,
    ConfigurationError,
    EterminserviceError,
    NotificationService,
    OperationError,
    TransportError,
)
from eterminservice_core.cli.command import eterminservice
from eterminservice_core.cli.exit_codes import (
    MEANINGS,
    ExitCode,
    exit_code,
    exit_code_table,
)
from eterminservice_core.cli.invocation import Invocation
from eterminservice_core.cli.logs import FactsFormatter

from .conftest import TOPP, Command, booking, last_code, lines


PAGE = Path(__file__).parents[2] / "docs" / "reference" / "command.md"


# Exit codes


def test_the_table_of_exit_codes_in_the_docs_is_that_of_the_code() -> None:
    assert exit_code_table() in PAGE.read_text(encoding="utf-8")


def test_every_exit_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(ExitCode)


def test_every_error_has_an_exit_code_that_is_no_bug() -> None:
    """
    But for the roots, which nobody raises.
    """
    errors = {
        value
        for value in vars(eterminservice_core).values()
        if isinstance(value, type) and issubclass(value, EterminserviceError)
    }
    codes = {
        error.__name__: exit_code(error.__new__(error))
        for error in errors - {EterminserviceError, OperationError}
    }

    assert [name for name, code in codes.items() if code is ExitCode.BUG] == []
    assert codes["NotFoundError"] is ExitCode.NOT_FOUND
    assert codes["CodeRejectedError"] is ExitCode.VERIFICATION
    assert codes["InvalidCodeError"] is ExitCode.VERIFICATION
    assert codes["ImplausibleClockError"] is ExitCode.STORE
    assert codes["WrongKeyError"] is ExitCode.STORE
    assert codes["InvalidSettingsError"] is ExitCode.USAGE
    assert codes["TransportError"] is ExitCode.TRANSPORT
    assert codes["InvalidProfileError"] is ExitCode.REFUSED
    assert exit_code(EterminserviceError()) is ExitCode.BUG


# The docs


def subcommands(
    group: click.Group, above: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    for name, found in group.commands.items():
        words = (*above, name)
        if isinstance(found, click.Group):
            yield from subcommands(found, words)
        else:
            yield " ".join(words), found


def test_every_command_and_every_option_is_in_the_docs() -> None:
    page = PAGE.read_text(encoding="utf-8")

    for name, found in subcommands(eterminservice):
        assert f"| `{name}" in page, name
        for parameter in found.params:
            if isinstance(parameter, click.Option):
                for option in parameter.opts:
                    assert f"`{option}" in page or f" {option}" in page, (name, option)


def test_the_docs_name_no_command_that_is_not_there() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `((?:[a-z]+ ?)+)", page, re.MULTILINE)

    assert {row.strip() for row in rows} == dict(subcommands(eterminservice)).keys()


def test_what_is_only_announced_is_not_open(store: Path) -> None:
    """
    Commands that only look or record know the transports and open none.
    """
    call = Invocation(environment={}, settings_file=store / "eterminservice.toml")

    with call.service() as service:
        (transport,) = service.transports
        with pytest.raises(TransportError, match="'directory': is not open"):
            transport.deliver(None, None)  # type: ignore[arg-type]  # never looked at


def test_every_command_helps(command: Command) -> None:
    for name, _ in subcommands(eterminservice):
        answer = command(*name.split(), "--help")

        assert answer.code == ExitCode.DONE
        assert answer.out.startswith(f"Usage: eterminservice {name}")


# Errors


def test_a_misspelt_command_is_a_usage_error(command: Command) -> None:
    answer = command("dispach")

    assert answer.code == ExitCode.USAGE
    assert "No such command" in answer.err


def test_without_settings_the_command_says_what_writes_them(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    answer = command("worklist")

    assert answer.code == ExitCode.USAGE
    assert "'eterminservice init' writes one" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_settings_that_were_named_and_are_not_there_are_an_error(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Also where the environment would be enough: a name is meant.
    """
    monkeypatch.setenv("ETERMINSERVICE__STORE__PATH", str(folder / "x"))

    answer = command("--settings", "elsewhere.toml", "worklist")

    assert answer.code == ExitCode.USAGE
    assert "'elsewhere.toml'" in answer.err


def test_the_environment_can_name_the_settings(
    command: Command, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ETERMINSERVICE_SETTINGS", str(store / "eterminservice.toml"))
    monkeypatch.chdir("/")

    assert command("practice", "show", TOPP).code == ExitCode.DONE


def test_an_operators_mistake_is_one_sentence_and_no_traceback(
    command: Command, folder: Path
) -> None:
    (folder / "eterminservice.toml").write_text("[store\n")

    answer = command("worklist")

    assert answer.code == ExitCode.USAGE
    assert len(answer.err.splitlines()) == 1
    assert answer.err.startswith("eterminservice: settings of file")


def test_a_defect_is_one_sentence_that_says_how_to_see_more(
    command: Command, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Its text may quote anything, so only its type is told.
    """

    def break_down(_: NotificationService, bsnr: BSNR) -> None:
        raise ZeroDivisionError(f"sentinel {bsnr}")

    assert store.is_dir()
    monkeypatch.setattr(NotificationService, "why", break_down)
    plain = command("why", TOPP)
    traced = command("--debug", "why", TOPP)

    assert plain.code == traced.code == ExitCode.BUG
    assert len(plain.err.splitlines()) == 1
    assert "ZeroDivisionError" in plain.err
    assert "--debug" in plain.err
    assert "sentinel" not in plain.err
    assert "Traceback" in traced.err
    assert "sentinel" in traced.err


def test_debug_shows_where_an_expected_error_came_from_too(
    command: Command, store: Path
) -> None:
    assert store.is_dir()
    answer = command("--debug", "why", "241234602")

    assert answer.code == ExitCode.NOT_FOUND
    assert "Traceback" in answer.err


def test_an_interruption_is_told_as_shells_tell_it(
    command: Command, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: NotificationService, bsnr: BSNR) -> None:
        raise KeyboardInterrupt(bsnr)

    assert store.is_dir()
    monkeypatch.setattr(NotificationService, "why", interrupted)

    assert command("why", TOPP).code == ExitCode.INTERRUPTED


def test_a_plugin_of_two_makers_is_a_settings_error(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def confused(_: object) -> None:
        raise ConfigurationError("two of a name")

    assert folder.is_dir()
    monkeypatch.setattr(
        "eterminservice_core.registry.TransportRegistry.installed",
        classmethod(confused),
    )
    answer = command("transports")

    assert answer.code == ExitCode.USAGE
    assert answer.err == "eterminservice: two of a name\n"


# The process


def test_the_command_is_a_module_too() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "eterminservice_core.cli", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert answer.stdout.strip() == version("eterminservice")


@pytest.mark.parametrize("missing", ["click", "rich", "sqlalchemy"])
def test_without_the_extra_one_sentence_names_it(missing: str) -> None:
    blocked = (
        f"import sys; sys.modules[{missing!r}] = None;"
        "from eterminservice_core.cli import main; main()"
    )

    answer = subprocess.run(
        [sys.executable, "-c", blocked], capture_output=True, text=True, check=False
    )

    assert answer.returncode == ExitCode.USAGE
    assert answer.stdout == ""
    assert answer.stderr == (
        f"eterminservice: the command needs {missing}:"
        ' pip install "eterminservice[cli]"\n'
    )


def test_only_the_demo_needs_a_mail_server(
    command: Command, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [it for it in sys.modules if it.startswith("eterminservice_core.cli.")]:
        if name.endswith((".play", ".post_office")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "aiosmtpd.smtp", None)

    answer = command("demo")

    assert answer.code == ExitCode.USAGE
    assert answer.err == (
        'eterminservice: the demo needs aiosmtpd: pip install "eterminservice[cli]"\n'
    )
    assert not (store / "eterminservice-demo").exists()
    assert command("worklist").code == ExitCode.DONE


def test_a_module_that_is_missing_for_another_reason_is_a_defect() -> None:
    blocked = (
        "import sys; sys.modules['eterminservice_core.intake'] = None;"
        "from eterminservice_core.cli import main; main()"
    )

    answer = subprocess.run(
        [sys.executable, "-c", blocked], capture_output=True, text=True, check=False
    )

    assert "Traceback" in answer.stderr


def seen_by_a_person(folder: Path, *arguments: str, stdin: bytes) -> tuple[str, bytes]:
    """
    Call the command with a terminal as its standard error.

    Returns:
        What the terminal showed, and standard output.
    """
    person, program = pty.openpty()
    shown = b""
    with subprocess.Popen(
        [sys.executable, "-m", "eterminservice_core.cli", *arguments],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=program,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
    ) as process:
        os.close(program)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(stdin)
        process.stdin.close()
        with suppress(OSError):  # how Linux says that nobody writes there any more
            while more := os.read(person, 4096):
                shown += more
        out = process.stdout.read()
    os.close(person)
    return shown.decode(), out


@pytest.mark.parametrize("source", ["many.jsonl", "-"])
def test_a_person_who_watches_sees_progress(store: Path, source: str) -> None:
    """
    Of a file it is known how long it is; of a pipe it is not.
    """
    many = b"nonsense [bold]\n" + lines(
        *(booking(appointment=f"a-{number}") for number in range(600))
    )
    (store / "many.jsonl").write_bytes(many)

    stdin = many if source == "-" else b""
    shown, out = seen_by_a_person(store, "record", source, stdin=stdin)

    assert out == b"600 notices taken (600 new, 0 known), 1 line refused\n"
    assert "━" in shown
    assert "line 1: this is not a line of JSON" in shown


def test_a_person_is_asked_for_the_code(command: Command, store: Path) -> None:
    """
    On the machine's own clock, for the other process has no other.
    """
    select = ("--email", "anmeldung@praxis.example", "--select", "email")
    command("profile", "save", TOPP, *select, clock=None)
    code = last_code(store)

    person, program = pty.openpty()
    os.write(person, f"{code}\n".encode())
    done = subprocess.run(
        [sys.executable, "-m", "eterminservice_core.cli", "confirm", TOPP],
        cwd=store,
        stdin=program,
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(program)
    os.close(person)

    assert done.returncode == ExitCode.DONE
    assert done.stderr.startswith("Code: ")
    assert done.stdout.startswith("confirmed")


# Logs


def test_a_log_line_is_the_event_and_then_its_facts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logging.getLogger("eterminservice_core").warning(
        "attempt recovered", extra={"attempt": "4f", "bsnr": TOPP}
    )
    (record,) = caplog.records
    formatter = FactsFormatter("%(levelname)s %(message)s")

    assert formatter.format(record) == (
        f"WARNING attempt recovered attempt=4f bsnr={TOPP}"
    )
