"""
One tree of errors: as it is drawn, so it is; nothing else is raised on purpose.
"""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

import eterminservice_core
from eterminservice_core import (
    ConfigurationError,
    EterminserviceError,
    InvalidValueError,
    OperationError,
)
from eterminservice_core.domain import errors


SOURCE = Path(errors.__file__).parents[1]
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

#: What each error that has facts to carry is made of.
MADE_OF: dict[str, tuple[object, ...]] = {
    "InvalidSettingsError": ("transport 'smtp'", ["expected int @ $.port"]),
    "UnknownTransportError": ("fxa", ["recording", "smtp"]),
    "DuplicateTransportError": ("smtp", ["one", "other"]),
    "PluginLoadError": ("pigeon", "eterminservice-pigeon", "cannot be imported"),
    "SchemaMismatchError": ("0001", "0002"),
    "InvalidAddressError": ("fax", "a fax number must be text"),
    "IllegalTransitionError": ("locked", "code issued"),
    "CodeRejectedError": (3,),
    "TooManyCodesError": (NOW,),
    "ChannelLockedError": (NOW,),
    "NotFoundError": ("practice", "391234511"),
    "NoticeConflictError": ("a-1", 3),
    "ImplausibleClockError": (NOW, NOW, "nothing is sent"),
    "TransportError": ("smtp", "does not open"),
    "UnsupportedMessageError": ("smtp", "cannot carry this message"),
    "TransportCrashedError": ("smtp", "RuntimeError"),
}


def drawn() -> dict[str, str]:
    """
    The tree in the module's docstring: every error and its parent.
    """
    parents: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if not (found := re.fullmatch(r"    ([│├└─ ]*)(\w+Error)", line)):
            continue
        depth = len(found[1]) // 4
        above = [*above[:depth], found[2]]
        parents[found[2]] = above[depth - 1] if depth else "Exception"
    return parents


def existing() -> dict[str, type[EterminserviceError]]:
    """
    Every error of the package, whether it is drawn or not.
    """
    found: list[type[EterminserviceError]] = [EterminserviceError]
    for error in found:
        found += error.__subclasses__()
    return {
        error.__name__: error
        for error in found
        if error.__module__.startswith("eterminservice_core")
    }


def example(error: type[EterminserviceError]) -> EterminserviceError:
    """
    One error of this class.
    """
    return error(*MADE_OF.get(error.__name__, ("it does not fit",)))


every_error = pytest.mark.parametrize("error", existing().values())


def test_the_drawn_tree_is_the_tree_of_classes() -> None:
    assert drawn() == {
        name: error.__bases__[0].__name__ for name, error in existing().items()
    }


def test_the_tree_is_drawn_with_two_branches() -> None:
    assert [
        name for name, parent in drawn().items() if parent == "EterminserviceError"
    ] == ["ConfigurationError", "OperationError"]


@every_error
def test_every_error_is_exported_under_the_name_a_traceback_shows(
    error: type[EterminserviceError],
) -> None:
    assert error.__name__ in eterminservice_core.__all__
    assert getattr(eterminservice_core, error.__name__) is error
    assert error.__module__ == "eterminservice_core"


@every_error
def test_every_error_says_what_it_is_and_what_it_carries(
    error: type[EterminserviceError],
) -> None:
    carried = set(vars(example(error)))

    assert error.__doc__
    if "__init__" in vars(error):
        for name in carried:
            assert re.search(rf"^ +{name}: ", error.__doc__, re.MULTILINE), name


@every_error
def test_every_text_is_a_sentence_without_a_full_stop(
    error: type[EterminserviceError],
) -> None:
    text = str(example(error))

    assert text
    assert text == text.strip()
    assert not text.endswith((".", "!"))
    assert "\n" not in text


@every_error
def test_every_error_is_caught_by_one_branch_only(
    error: type[EterminserviceError],
) -> None:
    """
    A loop that catches `OperationError` must not swallow what needs a human.
    """
    if error is not EterminserviceError:
        assert issubclass(error, ConfigurationError) != issubclass(
            error, OperationError
        )


def test_a_value_that_cannot_be_right_is_a_value_error() -> None:
    assert issubclass(InvalidValueError, ValueError)


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("InvalidSettingsError", {"subject", "problems"}),
        ("UnknownTransportError", {"name", "installed"}),
        ("DuplicateTransportError", {"name", "origins"}),
        ("PluginLoadError", {"plugin", "distribution"}),
        ("SchemaMismatchError", {"found", "expected"}),
        ("InvalidAddressError", {"kind"}),
        ("IllegalTransitionError", {"state", "step"}),
        ("CodeRejectedError", {"guesses_left"}),
        ("TooManyCodesError", {"retry_at"}),
        ("ChannelLockedError", {"until"}),
        ("NotFoundError", {"kind", "key"}),
        ("NoticeConflictError", {"appointment_id", "version"}),
        ("ImplausibleClockError", {"reads", "high_water"}),
        ("TransportError", {"transport"}),
        ("UnsupportedMessageError", {"transport"}),
        ("TransportCrashedError", {"transport"}),
    ],
)
def test_the_attributes_carry_the_facts(name: str, facts: set[str]) -> None:
    assert facts == set(vars(example(existing()[name])))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("InvalidSettingsError", "settings of transport 'smtp': expected int @ $.port"),
        (
            "UnknownTransportError",
            "no transport named 'fxa'; installed: recording, smtp",
        ),
        (
            "DuplicateTransportError",
            "more than one transport for 'smtp': from one and other",
        ),
        (
            "PluginLoadError",
            "plugin 'pigeon' of eterminservice-pigeon: cannot be imported",
        ),
        ("IllegalTransitionError", "no step 'code issued' in state 'locked'"),
        ("NotFoundError", "no practice '391234511'"),
        ("TransportCrashedError", "transport 'smtp': RuntimeError"),
    ],
)
def test_the_text_names_what_was_asked_for(name: str, text: str) -> None:
    assert text == str(example(existing()[name]))


def test_nothing_installed_is_said_as_such() -> None:
    error = eterminservice_core.UnknownTransportError("smtp", [])

    assert str(error) == "no transport named 'smtp'; installed: none"


def test_an_empty_database_is_said_as_such() -> None:
    error = eterminservice_core.SchemaMismatchError(None, "0002")

    assert "at schema none, this release needs 0002" in str(error)


def raised_in_public(file: Path) -> set[str]:
    """
    The built-in errors that a file's public functions and methods raise by name.
    """
    names = set()
    for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef):
            continue
        if function.name.startswith("_") and not function.name.startswith("__"):
            continue  # its callers turn them into ours, as cattrs expects them
        for node in ast.walk(function):
            if isinstance(node, ast.Raise) and node.exc is not None:
                made = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
                names.add(made.id if isinstance(made, ast.Name) else "")
    return names & {"Exception", "KeyError", "RuntimeError", "TypeError", "ValueError"}


def test_no_built_in_error_leaves_the_package_on_purpose() -> None:
    """
    Outside of `testing`, where a wrong test is what is wrong.
    """
    found = {
        file.relative_to(SOURCE).as_posix(): names
        for file in sorted(SOURCE.rglob("*.py"))
        if (names := raised_in_public(file)) and "testing" not in file.parts
    }

    assert found == {}
