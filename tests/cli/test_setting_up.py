"""
`init` and `transports`.
"""

from __future__ import annotations

import os
import stat
from importlib.metadata import version
from pathlib import Path

import pytest

from eterminservice_core import BSNR, Keys, Practice
from eterminservice_core.cli.exit_codes import ExitCode
from eterminservice_core.cli.store_files import opened_store, read_keys
from eterminservice_core.testing.clock import FakeClock

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
