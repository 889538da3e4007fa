"""
``eterminservice demo``: the whole story, told in a folder of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from ...domain.errors import ConfigurationError
from ..parameters import json_option
from .places import CLOCK, DATABASE, KEY_FILE, LOG, MAILS, SENDER


_OUTBOX: Final = "outbox"
_SETTINGS: Final = "eterminservice.toml"
#: Says that the folder is ours, and may be emptied.
_MARK: Final = ".made-by-eterminservice-demo"
_OURS: Final = (
    *(f"{MAILS}/*.eml", f"{_OUTBOX}/*.eml", f"{DATABASE}*", KEY_FILE, LOG, CLOCK),
    _SETTINGS,
)
_TOML: Final = f"""\
# Written by 'eterminservice demo', so that you can look around in this folder:
#     eterminservice worklist
#     eterminservice practice show 241234601
#     eterminservice why 241234601
# By your clock, what waited for the next night is late: it is on the worklist, too.
# The demo's keys come out of a seed that everybody knows: never use them elsewhere.

[store]
path = "{DATABASE}"
key_file = "{KEY_FILE}"

[transports.email]
use = "directory"          # the demo's mail server is gone; mails become files
path = "{_OUTBOX}"
sender = "{SENDER}"

[sending]
allow_media_numbers = true
"""


@click.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default="eterminservice-demo",
    show_default=True,
    help="Where the demo puts everything; a folder of its own.",
)
@json_option
def demo(folder: Path, *, as_json: bool) -> None:
    """
    Watch 40 practices and five nights, on sample data.

    Nothing leaves this machine: the mail server is the demo's own.  Time is simulated;
    the SMTP conversations, the SQLite file, and a worker that is killed are real.
    """
    try:
        # What it needs, such as a mail server, no other command needs.
        from .play import play  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name not in {"aiosmtpd", "aiosmtpd.smtp"}:
            raise
        raise ConfigurationError(
            'the demo needs aiosmtpd: pip install "eterminservice[cli]"'
        ) from error
    _make_room(folder)
    play(folder, as_json=as_json)


def _make_room(folder: Path) -> None:
    """
    A folder with nothing of a former demo in it.

    Raises:
        ConfigurationError: The folder is somebody else's.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise ConfigurationError(
            f"the folder {str(folder)!r} is not empty and was not made by"
            " 'eterminservice demo'; name another with --folder"
        )
    for pattern in _OURS:
        for file in folder.glob(pattern):
            file.unlink()
    for inner in (MAILS, _OUTBOX):
        (folder / inner).mkdir(parents=True, exist_ok=True)
    (folder / _MARK).touch()
    (folder / _SETTINGS).write_text(_TOML, encoding="utf-8")
