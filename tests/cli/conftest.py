"""
The command in this process: in a folder of its own, at a time of its own.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
from collections.abc import Callable
from contextlib import chdir, redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from eterminservice_core.cli.command import run
from eterminservice_core.testing.clock import FakeClock


SETTINGS = """\
[store]
path = "store.sqlite3"
key_file = "store.key"

[transports.email]
use = "directory"
path = "outbox"
sender = "termine@kv.example"

[sending]
allow_media_numbers = true
"""

NOON = datetime.fromisoformat("2026-03-02T12:00+01:00")

TOPP = "391234511"
MORE = "241234601"

REGISTER = [
    {
        "bsnr": TOPP,
        "name": "Praxis Topp",
        "group": "psychotherapists",
        "fax": "089 99998-123",
        "phone": "089 99998-001",
    },
    {"bsnr": MORE, "name": "Praxis Annie More", "group": "doctors"},
]

CODE = re.compile(r"^([A-Z]{4}-[A-Z]{4})", re.MULTILINE)


@frozen(kw_only=True)
class Answer:
    """
    What a call of the command came to.
    """

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Answer]


@pytest.fixture
def clock() -> FakeClock:
    """
    Monday noon; no digest goes out at this hour.
    """
    return FakeClock(NOON)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    Where the command is called, with settings and an empty outbox.
    """
    monkeypatch.chdir(tmp_path)
    furnish(tmp_path)
    return tmp_path


@pytest.fixture
def command(
    clock: FakeClock,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Command:
    """
    Call the command; what stands on its standard input may be given.
    """
    monkeypatch.delenv("COLUMNS", raising=False)  # pytest-xdist sets it

    def call(*arguments: str, stdin: bytes = b"", clock: object = clock) -> Answer:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        code = run(arguments, clock=clock)  # type: ignore[arg-type]
        captured = capsys.readouterr()
        return Answer(code=code, out=captured.out, err=captured.err)

    return call


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    Two folders that are made once and copied for each test.

    ``store`` knows two practices; in ``joined``, Praxis Topp has confirmed an address.
    """
    made = tmp_path_factory.mktemp("prepared")
    store, joined = made / "store", made / "joined"
    furnish(store)
    (store / "register.jsonl").write_bytes(lines(*REGISTER))
    call_in(store, "init")
    call_in(store, "practice", "import", "register.jsonl")
    shutil.copytree(store, joined)
    select = ("--email", "anmeldung@praxis.example", "--select", "email")
    call_in(joined, "profile", "save", TOPP, *select)
    call_in(joined, "confirm", TOPP, last_code(joined))
    return made


@pytest.fixture
def store(folder: Path, prepared: Path) -> Path:
    """
    A folder with a store that knows two practices.
    """
    shutil.copytree(prepared / "store", folder, dirs_exist_ok=True)
    return folder


@pytest.fixture
def joined(folder: Path, prepared: Path) -> Path:
    """
    The same, and Praxis Topp has confirmed an e-mail address.
    """
    shutil.copytree(prepared / "joined", folder, dirs_exist_ok=True)
    return folder


def furnish(folder: Path) -> None:
    """
    Put settings and an outbox into a folder.
    """
    (folder / "outbox").mkdir(parents=True)
    (folder / "eterminservice.toml").write_text(SETTINGS)


def call_in(folder: Path, *arguments: str) -> None:
    """
    Call the command on Monday noon; it must not fail.
    """
    noon = FakeClock(NOON)
    with chdir(folder), redirect_stdout(io.StringIO()):
        assert run(arguments, clock=noon) == 0


def lines(*entries: dict[str, Any]) -> bytes:
    """
    JSON Lines.
    """
    return b"".join(json.dumps(entry).encode() + b"\n" for entry in entries)


def booking(**changes: Any) -> dict[str, Any]:
    """
    A booking as a line of a file says it.
    """
    return {
        "kind": "booking",
        "bsnr": TOPP,
        "appointment": "a-1",
        "version": 1,
        "starts_at": "2026-03-16T09:30+01:00",
        "specialty": "Akutbehandlung",
        **changes,
    }


def mails(folder: Path) -> list[str]:
    """
    What went out, oldest first.
    """
    return [file.read_text() for file in sorted((folder / "outbox").glob("*.eml"))]


def last_code(folder: Path) -> str:
    """
    The code in the mail that went out last.
    """
    newest = max(
        (folder / "outbox").glob("*.eml"), key=lambda it: it.stat().st_mtime_ns
    )
    found = CODE.search(newest.read_text())
    assert found is not None
    return found[1]
