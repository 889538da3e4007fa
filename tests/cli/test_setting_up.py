"""
`init` and `transports`.
"""

from __future__ import annotations

import stat
from contextlib import AbstractContextManager
from datetime import timedelta
from importlib import metadata
from pathlib import Path

import pytest

from eterminservice_core import (
    Capabilities,
    ChannelKind,
    Transport,
    TransportRegistry,
    TransportSpec,
    hookimpl,
)
from eterminservice_core.cli.exit_codes import ExitCode
from eterminservice_core.testing.clock import FakeClock
from eterminservice_transports import RecordingSettings

from .conftest import TOPP, Command


def test_init_writes_settings_keys_and_database(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    answer = command("init")

    assert answer.code == ExitCode.DONE
    assert sorted(it.name for it in tmp_path.iterdir()) == [
        "eterminservice.key",
        "eterminservice.sqlite3",
        "eterminservice.toml",
    ]
    assert len(answer.out.splitlines()) == 3


def test_the_keys_are_for_their_owner_alone(command: Command, folder: Path) -> None:
    command("init")

    assert stat.S_IMODE((folder / "store.key").stat().st_mode) == 0o600


def test_init_again_changes_nothing(command: Command, store: Path) -> None:
    files = [store / "eterminservice.toml", store / "store.key"]
    before = [file.read_bytes() for file in files]

    again = command("init")

    assert again.code == ExitCode.DONE
    assert again.out == "checked the database 'store.sqlite3'\n"
    assert command("practice", "show", TOPP).code == ExitCode.DONE
    assert [file.read_bytes() for file in files] == before


def test_init_says_what_it_did_as_json(command: Command, folder: Path) -> None:
    assert folder.is_dir()
    assert command("init", "--json").json == {
        "done": ["wrote the keys 'store.key'", "made the database 'store.sqlite3'"]
    }


def test_init_can_live_on_the_environment(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    In a container there is no settings file, and none is written.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ETERMINSERVICE__STORE__PATH", str(tmp_path / "a.db"))
    monkeypatch.setenv("ETERMINSERVICE__STORE__KEY_FILE", str(tmp_path / "a.key"))

    assert command("init").code == ExitCode.DONE
    assert sorted(it.name for it in tmp_path.iterdir()) == ["a.db", "a.key"]


def test_the_keys_themselves_can_come_from_the_environment(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = f"pseudonyms {'11' * 32};code {'22' * 32}"
    monkeypatch.setenv("ETERMINSERVICE__STORE__KEY", keys)

    assert command("init").code == ExitCode.DONE
    assert not (folder / "store.key").exists()
    assert command("worklist").code == ExitCode.DONE


def test_a_lost_key_is_never_replaced(command: Command, store: Path) -> None:
    """
    With a new one, the 24-hour rule would forget whom it protected.
    """
    (store / "store.key").unlink()

    answer = command("init")

    assert answer.code == ExitCode.USAGE
    assert "bring it back" in answer.err
    assert not (store / "store.key").exists()


def test_other_keys_are_refused(command: Command, store: Path) -> None:
    (store / "store.key").write_text(
        f"pseudonyms {'11' * 32}\ncode {'22' * 32}\n", encoding="utf-8"
    )

    for call in ("init", "worklist"):
        answer = command(call)

        assert answer.code == ExitCode.STORE
        assert "made with other keys" in answer.err


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"nonsense", "holds no keys"),
        (b"", "holds no keys"),
        (b"\xff", "cannot be read (UnicodeDecodeError)"),
    ],
)
def test_a_key_file_that_holds_no_keys_is_named(
    command: Command, store: Path, content: bytes, complaint: str
) -> None:
    (store / "store.key").write_bytes(content)

    answer = command("worklist")

    assert answer.code == ExitCode.USAGE
    assert complaint in answer.err


def test_a_key_file_that_everybody_can_read_is_warned_of(
    command: Command, store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (store / "store.key").chmod(0o644)

    command("worklist")

    assert "everybody can read the key file" in caplog.text


def test_without_its_key_file_a_store_stays_shut(command: Command, store: Path) -> None:
    (store / "store.key").unlink()

    answer = command("worklist")

    assert answer.code == ExitCode.USAGE
    assert "is missing" in answer.err


def test_without_a_database_the_command_says_what_makes_one(
    command: Command, store: Path
) -> None:
    (store / "store.sqlite3").unlink()

    answer = command("worklist")

    assert answer.code == ExitCode.STORE
    assert "'eterminservice init' makes it" in answer.err
    assert not (store / "store.sqlite3").exists(), "looking makes no database"


def test_a_clock_that_leapt_is_refused_until_a_human_takes_it_for_true(
    command: Command, joined: Path, clock: FakeClock
) -> None:
    assert joined.is_dir()
    clock.advance(timedelta(days=40))
    refused = command("dispatch")

    accepted = command("init", "--accept-clock")

    assert refused.code == ExitCode.STORE
    assert "'eterminservice init --accept-clock'" in refused.err
    assert "2026-04-11 13:00" in accepted.out
    assert command("dispatch").code == ExitCode.DONE


def test_a_folder_that_cannot_be_written_to_is_named(
    command: Command, tmp_path: Path
) -> None:
    answer = command("--settings", str(tmp_path / "no" / "such.toml"), "init")

    assert answer.code == ExitCode.USAGE
    assert "cannot be written (FileNotFoundError)" in answer.err


def test_keys_that_cannot_be_written_are_named(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ETERMINSERVICE__STORE__KEY_FILE", str(folder / "no" / "key"))

    answer = command("init")

    assert answer.code == ExitCode.USAGE
    assert "cannot be written (FileNotFoundError)" in answer.err


# Transports


def never(_: RecordingSettings) -> AbstractContextManager[Transport]:
    """
    Listing opens nothing.
    """
    raise AssertionError


def test_transports_are_listed_with_who_brought_them(command: Command) -> None:
    answer = command("transports", "--json")
    by_name = {it["name"]: it for it in answer.json["transports"]}

    assert answer.code == ExitCode.DONE
    assert {"directory", "recording", "recording-fax", "smtp"} <= set(by_name)
    assert by_name["smtp"]["kind"] == "email"
    assert by_name["smtp"]["distribution"] == "eterminservice"
    assert by_name["smtp"]["secrets"] == ["password"]
    assert by_name["smtp"]["capabilities"]["stops_at_deadline"] is True
    assert by_name["smtp"]["capabilities"]["lingers_seconds"] == 0
    assert "host" in by_name["smtp"]["settings"]
    assert answer.json["not_loaded"] == {}


def test_transports_are_listed_for_people_too(command: Command) -> None:
    out = command("transports").out

    (row,) = [line for line in out.splitlines() if " smtp " in line]
    assert "email" in row
    assert "eterminservice" in row
    assert "stops at its deadline" in row


def test_what_a_transport_can_and_cannot_is_said_in_words(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Capabilities(
        end_to_end_encrypted=True,
        reports_later=True,
        lingers=timedelta(hours=2),
        longest_message=500,
    )
    spec = TransportSpec(
        "pigeon", ChannelKind.FAX, RecordingSettings, open=never, capabilities=slow
    )

    class Plugin:
        @staticmethod
        @hookimpl
        def provide_transports() -> list[TransportSpec[RecordingSettings]]:
            return [spec]

    found = TransportRegistry.from_plugins(Plugin)
    monkeypatch.setattr(TransportRegistry, "installed", lambda: found)

    out = command("transports").out
    (as_json,) = command("transports", "--json").json["transports"]

    assert "(given by the application)" in out
    assert (
        "end-to-end encrypted, reports later, killed at its deadline, may transmit"
        " 2:00:00 later, at most 500 characters"
    ) in out
    assert as_json["capabilities"] == {
        "end_to_end_encrypted": True,
        "reports_later": True,
        "stops_at_deadline": False,
        "longest_message": 500,
        "lingers_seconds": 7200,
    }


def test_a_plugin_that_cannot_be_loaded_is_named(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    And the others are listed all the same.
    """
    broken = metadata.EntryPoint("pigeon", "no_such_module", "eterminservice")
    found = [*metadata.entry_points(group="eterminservice"), broken]
    monkeypatch.setattr(metadata, "entry_points", lambda **_: found)

    answer = command("transports", "--json")

    assert "plugin 'pigeon'" in answer.err
    assert "plugin 'pigeon'" in answer.json["not_loaded"]["pigeon"]
    assert len(answer.json["transports"]) >= 4
