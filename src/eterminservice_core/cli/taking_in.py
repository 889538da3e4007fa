"""
Takes lines in while somebody may be watching, and says what became of them.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click
from attrs import define, field
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from ..intake import LinesTaken, RefusedLine
from . import private_file
from .exit_codes import ExitCode
from .printing import complain, counted, print_json, say


def take_in(  # six arguments: what, from where, its words, and how to answer
    steps: Iterable[LinesTaken],
    file: BinaryIO,
    thing: str,
    words: tuple[str, str],
    *,
    as_json: bool,
    rejects: Path | None = None,
) -> int:
    """
    Go through the steps; name every refused line on stderr, and sum up on stdout.

    Args:
        steps: What became of the lines, some at a time.
        file: Where they come from.
        thing: What a line is, such as ``"notice"``.
        words: What the new and the known ones are called.
        as_json: Sum up as JSON.
        rejects: Where refused lines are written, unchanged.
    """
    total, reasons = LinesTaken(), []
    with _rejects(rejects) as writer, _progress(file, thing) as progress:
        for step in steps:
            writer.write(step.refused)
            for refused in step.refused:
                progress.complain(f"line {refused.number}: {refused.error}")
                reasons.append({"line": refused.number, "reason": str(refused.error)})
            # The lines themselves were passed on; a long file must not pile them up.
            total += LinesTaken(lines=step.lines, new=step.new, known=step.known)
            progress.advance(step)
    if as_json:
        new, known = words
        print_json({new: total.new, known: total.known, "refused": reasons})
    else:
        say(_summary(total, len(reasons), thing, words))
    return ExitCode.REFUSED if reasons else ExitCode.DONE


def _summary(
    total: LinesTaken, refused: int, thing: str, words: tuple[str, str]
) -> str:
    new, known = words
    text = f"{counted(total.new + total.known, thing)} taken"
    text += f" ({total.new} {new}, {total.known} {known})"
    return f"{text}, {counted(refused, 'line')} refused" if refused else text


# Refused lines


@define
class _Rejects:
    """
    Writes refused lines, so that they can be mended and given again.
    """

    file: BinaryIO | None

    def write(self, refused: Iterable[RefusedLine]) -> None:
        if self.file is None:
            return
        for each in refused:
            self.file.write(each.line + b"\n")


@contextmanager
def _rejects(path: Path | None) -> Iterator[_Rejects]:
    """
    A new file for its owner only, for lines hold codes; gone if nothing was refused.
    """
    if path is None:
        yield _Rejects(None)
        return
    try:
        file = private_file.create(path)
    except FileExistsError:
        problem = "this file exists already; move it away or name another"
        raise click.BadParameter(problem, param_hint="'--rejects'") from None
    except OSError as error:
        problem = f"this file cannot be written ({type(error).__name__})"
        raise click.BadParameter(problem, param_hint="'--rejects'") from None
    with file:
        yield _Rejects(file)
        is_empty = file.tell() == 0
    if is_empty:
        path.unlink()


# Progress


@define
class _Watched:
    """
    A bar on stderr where a person watches; nothing where nobody does.
    """

    _bar: Progress | None = None
    _task: TaskID = field(default=TaskID(0))

    def advance(self, step: LinesTaken) -> None:
        if self._bar is not None:
            self._bar.advance(self._task, step.size)

    def complain(self, text: str) -> None:
        if self._bar is not None:
            # Above the bar, and as it is: brackets are no markup.
            self._bar.console.print(f"eterminservice: {text}", markup=False)
        else:
            complain(text)


@contextmanager
def _progress(file: BinaryIO, thing: str) -> Iterator[_Watched]:
    if not sys.stderr.isatty():
        yield _Watched()
        return
    columns = (TextColumn(f"{thing}s"), BarColumn(), TimeRemainingColumn())
    console = Console(stderr=True, highlight=False)
    with Progress(*columns, console=console, transient=True) as bar:
        yield _Watched(bar, bar.add_task(thing, total=_size(file)))


def _size(file: BinaryIO) -> int | None:
    """
    How many bytes there are to read; None where nobody knows, as in a pipe.
    """
    facts = os.fstat(file.fileno())
    return facts.st_size if stat.S_ISREG(facts.st_mode) else None
