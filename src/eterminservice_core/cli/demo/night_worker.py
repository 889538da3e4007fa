"""
A worker of the demo in a process of its own, so that it can really be killed.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from ..logs import logged_to
from .places import LOG
from .stage import on_stage


@contextmanager
def started(
    folder: Path, *, port: int, seed: int, end: datetime
) -> Iterator[subprocess.Popen[bytes]]:
    """
    A worker that waits for `go`.

    Then it runs until this time of the story, unless it dies before.
    """
    arguments = [str(folder), str(port), str(seed), end.isoformat()]
    # This very module, with our own arguments.
    command = [sys.executable, "-m", __name__, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as worker:  # noqa: S603
        yield worker


def go(worker: subprocess.Popen[bytes]) -> None:
    """
    Let a worker begin.
    """
    if worker.stdin is not None:
        worker.stdin.close()


def work(arguments: Sequence[str]) -> None:
    """
    What the process does.
    """
    folder, port, seed, end = arguments
    with (
        logged_to(Path(folder, LOG)),
        on_stage(Path(folder), port=int(port), seed=int(seed)) as stage,
    ):
        sys.stdin.read()  # ends with `go`
        stage.work_until(datetime.fromisoformat(end))


if __name__ == "__main__":
    work(sys.argv[1:])
