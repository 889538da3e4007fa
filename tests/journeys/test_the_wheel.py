"""
What people install is the wheel: built, put into a clean environment, and used there.
"""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest


ROOT = Path(__file__).parents[2]

USE = """
import sys
from datetime import UTC, datetime
from eterminservice_core import *
from eterminservice_core.storage import MemoryStore
from eterminservice_transports import RecordingTransport

assert "sqlalchemy" not in sys.modules
outbox = RecordingTransport()
store = MemoryStore(clock=lambda: datetime(2026, 3, 2, 23, tzinfo=UTC))
service = NotificationService(store, transports=[outbox])
bsnr = BSNR("391234511")
service.register(Practice(bsnr, name="Praxis Topp"))
dialog = ProfileDialog(email="anmeldung@praxis.example", selected="email")
service.save_profile(bsnr, dialog)
service.confirm(bsnr, outbox.last_code())
slot = Appointment("a-1", starts_at="2026-03-09T09:30+01:00")
service.record(Booking(bsnr, slot, version=1))
service.dispatch_due()
assert "Mo., 09.03.2026" in outbox.last().text
print(sorted(TransportRegistry.installed().specs))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    Our wheel, built from the sources by the build backend the project names.
    """
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def clean_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A Python that has the wheel and, of this environment, only installed dependencies.

    Nothing is fetched: the dependencies are lent by path, the project is not, for it is
    installed there as editable sources or not at all.
    """
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=False)
    site = next(folder.glob("lib/python*/site-packages"))
    install = ["pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run(
        [sys.executable, "-m", *install, "--target", str(site), str(wheel)],
        check=True,
        capture_output=True,
    )
    lent = site / "_lent.py"
    lent.write_text(_LENDING.format(paths=[p for p in sys.path if "packages" in p]))
    (site / "lent.pth").write_text("import _lent\n")
    return folder / "bin" / "python"


_LENDING = '''\
"""Puts lent dependencies after the wheel, and takes editable finders out again."""
import sys
sys.path += {paths!r}
sys.meta_path = [it for it in sys.meta_path if "editable" not in repr(it).lower()]
'''


def test_the_wheel_ships_what_is_no_python(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert "eterminservice_core/py.typed" in names
    assert "eterminservice_transports/py.typed" in names
    assert any(name.endswith("digest.txt.j2") for name in names)
    assert any("migrations/versions/" in name for name in names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {
        "eterminservice_core",
        "eterminservice_transports",
        "eterminservice",
    }


def test_the_wheel_works_without_the_sources(
    clean_python: Path, tmp_path: Path
) -> None:
    finished = subprocess.run(
        [clean_python, "-c", USE],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.stderr == ""
    assert "'smtp'" in finished.stdout


def test_the_wheel_s_sql_store_brings_its_migrations(
    clean_python: Path, tmp_path: Path
) -> None:
    code = """
import secrets
import eterminservice_core
from eterminservice_core import Keys
from eterminservice_core.storage.sql import SqlStore, sqlite_engine, upgrade
assert "site-packages" in eterminservice_core.__file__
engine, keys = sqlite_engine("store.db"), Keys.generate(secrets.token_bytes)
upgrade(engine, keys)
SqlStore(engine, keys)
engine.dispose()
print("ready")
"""
    finished = subprocess.run(
        [clean_python, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.stderr == ""
    assert finished.stdout == "ready\n"
