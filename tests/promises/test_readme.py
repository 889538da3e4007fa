"""
What the README says a newcomer can type.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest


ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]


def command(heading: str) -> str:
    """
    The one command below a heading.
    """
    _, _, after = README.partition(f"\n## {heading}\n")
    section = re.split(r"^## ", after, flags=re.MULTILINE)[0]
    (block,) = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    (line,) = block.splitlines()
    assert isinstance(line, str)
    return line


@pytest.mark.parametrize("heading", ["Run it", "Test it"])
def test_one_command_does_all_its_own_set_up(heading: str) -> None:
    steps = command(heading).split(" && ")

    assert steps[0] == "python3 -m venv .venv"
    assert all(step.startswith(".venv/bin/") for step in steps[1:])


@pytest.mark.parametrize("heading", ["Run it", "Test it"])
def test_the_command_installs_an_extra_that_exists(heading: str) -> None:
    (extra,) = re.findall(r'"\.\[(\w+)\]"', command(heading))

    assert extra in PROJECT["optional-dependencies"]


def test_the_first_command_runs_the_demo() -> None:
    last = command("Run it").split(" && ")[-1]

    assert last == ".venv/bin/eterminservice demo"
    assert "eterminservice" in PROJECT["scripts"]


def test_the_second_command_runs_the_tests() -> None:
    assert command("Test it").split(" && ")[-1] == ".venv/bin/pytest"


def test_what_it_is_for_takes_three_sentences() -> None:
    opening = README.split("\n## ")[0].split("\n", 1)[1].strip()

    assert len(opening.splitlines()) == 3


def test_the_library_takes_about_20_lines() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)

    assert 15 <= sum(len(block.splitlines()) for block in blocks) <= 27


def test_it_fits_on_a_screen_and_a_half() -> None:
    assert len(README.splitlines()) <= 85
