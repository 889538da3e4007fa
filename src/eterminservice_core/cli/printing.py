"""
How the command talks: results on stdout, for people or programs; trouble on stderr.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import Final
from zoneinfo import ZoneInfo

import click
from rich.box import SIMPLE
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text


#: Columns where nobody says how wide the terminal is, as in a pipe.
_WIDE: Final = 200


def say(text: str) -> None:
    """
    A sentence or a block of text on stdout.
    """
    click.echo(text)


def complain(text: str) -> None:
    """
    One sentence about trouble on stderr.
    """
    click.echo(f"eterminservice: {text}", err=True)


def print_json(value: object, *, on_one_line: bool = False) -> None:
    """
    A value on stdout for programs; instants as ISO 8601, enums by their words.
    """
    indent = None if on_one_line else 2
    click.echo(json.dumps(value, ensure_ascii=False, indent=indent, default=_plain))


def _plain(value: datetime | Enum) -> object:
    return value.isoformat() if isinstance(value, datetime) else value.value


def print_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str | None = None,
) -> None:
    """
    A table on stdout for people; cells are shown as they are, never as markup.

    Args:
        headings: One for each column; empty ones for a list of facts.
        rows: As many cells each.
        title: What stands above.
    """
    table = Table(
        box=SIMPLE,
        title=Text(title) if title else None,
        title_justify="left",
        pad_edge=False,
        show_header=any(headings),
    )
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    show(table)


def show(renderable: RenderableType) -> None:
    """
    Something of Rich's on stdout; in a pipe plain, and as wide as it likes to be.
    """
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(renderable)
        return
    width = None if "COLUMNS" in os.environ else _WIDE
    plain = Console(highlight=False, file=io.StringIO(), width=width)
    with plain.capture() as captured:
        plain.print(renderable)
    for line in captured.get().splitlines():
        say(line.rstrip())


def local(instant: datetime | None, zone: str) -> str:
    """
    An instant as wall time, to the minute; a dash where there is none.
    """
    if instant is None:
        return "–"
    return f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def counted(number: int, thing: str) -> str:
    """
    A number and its word.

    >>> counted(1, "notice"), counted(2, "notice")
    ('1 notice', '2 notices')
    """
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
