"""
Sets the stage for the story, lets it be told, and reports.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Final

from ...domain.keys import Keys
from ..logs import logged_to
from ..printing import print_json, say
from ..store_files import create_or_upgrade, write_keys
from . import post_office, report
from .clock import SimulatedClock
from .figures import Figures
from .places import CLOCK, DATABASE, KEY_FILE, LOG, MAILS
from .post_office import PostOffice
from .sample import sample
from .stage import on_stage
from .story import BEGINS_AT, Story


#: Of the keys, and of ids and codes in this process.
_SEED: Final = 1


def play(folder: Path, *, as_json: bool) -> None:
    """
    Tell the story in a folder that is ready for it.
    """
    with logged_to(folder / LOG):
        figures, office = _told(folder, quietly=as_json)
    if as_json:
        print_json(report.as_json(figures))
    else:
        report.tell(figures, office, folder)


def _told(folder: Path, *, quietly: bool) -> tuple[Figures, PostOffice]:
    seeded = random.Random(_SEED)  # noqa: S311 — two runs say the same
    keys = Keys.generate(seeded.randbytes)
    write_keys(folder / KEY_FILE, keys)
    create_or_upgrade(folder / DATABASE, keys)
    SimulatedClock.make(folder / CLOCK, BEGINS_AT)
    with SimulatedClock.opened(folder / CLOCK) as clock:
        office = PostOffice(clock, folder / MAILS)
        with (
            post_office.opened(office) as port,
            on_stage(folder, port=port, seed=_SEED) as stage,
        ):
            story = Story(
                folder=folder,
                port=port,
                sample=sample(),
                stage=stage,
                office=office,
                tell=_keep_quiet if quietly else say,
            )
            figures = story.run()
    (folder / CLOCK).unlink()
    return figures, office


def _keep_quiet(_: str) -> None:
    pass
