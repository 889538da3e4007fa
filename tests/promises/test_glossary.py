"""
One word per thing: every public name has a row in the glossary, and no row is a ghost.
"""

from __future__ import annotations

import re
from pathlib import Path

import eterminservice_core


GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"


def rows() -> list[str]:
    """
    The names in the first cells, as they are written.
    """
    lines = GLOSSARY.read_text(encoding="utf-8").splitlines()
    return [
        name
        for line in lines
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    ]


def test_every_public_name_has_a_row() -> None:
    assert sorted(set(eterminservice_core.__all__) - set(rows())) == []


def test_every_row_is_about_a_public_name() -> None:
    assert sorted(set(rows()) - set(eterminservice_core.__all__)) == []


def test_no_name_has_two_rows() -> None:
    assert sorted(set(rows())) == sorted(rows())
