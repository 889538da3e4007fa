"""
The diagram of an address's states in the docs is the table that decides.
"""

from __future__ import annotations

import re
from pathlib import Path

from eterminservice_core.domain.verification import TRANSITIONS, diagram


PAGE = Path(__file__).parents[2] / "docs" / "reference" / "states.md"


def drawn() -> str:
    """
    The one diagram between the page's marks.
    """
    text = PAGE.read_text(encoding="utf-8")
    (block,) = re.findall(
        r"^<!-- diagram -->\n```mermaid\n(.*?)\n```\n<!-- /diagram -->$",
        text,
        re.MULTILINE | re.DOTALL,
    )
    assert isinstance(block, str)
    return block


def test_the_diagram_in_the_docs_is_printed_from_the_table() -> None:
    """
    To print it again: ``python -c "from … import diagram; print(diagram())"``.
    """
    assert diagram() == drawn()


def test_the_docs_draw_no_second_diagram_of_it() -> None:
    pages = [
        page.name
        for page in PAGE.parents[1].rglob("*.md")
        if "stateDiagram" in page.read_text(encoding="utf-8")
    ]

    assert pages == ["states.md"]


def test_the_diagram_shows_every_step_that_the_table_has() -> None:
    steps = sum(len(steps) for steps in TRANSITIONS.values())

    assert drawn().count("-->") == steps + 1
