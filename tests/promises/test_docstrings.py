"""
Examples in docstrings run.
"""

from __future__ import annotations

import doctest
from importlib import import_module
from pkgutil import walk_packages

import pytest

import eterminservice_core
import eterminservice_transports


MODULES = [
    found.name
    for package in (eterminservice_core, eterminservice_transports)
    for found in walk_packages(package.__path__, f"{package.__name__}.")
    # Alembic runs these itself, and only inside a migration.
    if ".migrations." not in found.name and not found.name.endswith("__main__")
]


def _examples(module: str) -> int:
    finder = doctest.DocTestFinder(exclude_empty=True)
    return sum(bool(it.examples) for it in finder.find(import_module(module)))


WITH_EXAMPLES = [module for module in MODULES if _examples(module)]


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_the_examples_of_a_module_run(module: str) -> None:
    results = doctest.testmod(import_module(module))

    assert results.attempted > 0
    assert results.failed == 0


def test_there_are_examples_to_run() -> None:
    assert "eterminservice_core.domain.codes" in WITH_EXAMPLES
