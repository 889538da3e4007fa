"""
Templates: ours from the package, an application's in their place, errors with a line.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen
from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    TemplateSyntaxError,
    select_autoescape,
)

from ..domain.errors import InvalidSettingsError
from .german import counted


#: The files an application's folder may hold to replace ours; others it may include.
TEMPLATES: Final = (
    "confirmation.html.j2",
    "confirmation.subject.j2",
    "confirmation.txt.j2",
    "digest.html.j2",
    "digest.subject.j2",
    "digest.txt.j2",
    "page.html.j2",
)


def _invalid(problem: str) -> InvalidSettingsError:
    return InvalidSettingsError("templates", [problem])


@frozen
class Templates:
    """
    The compiled templates.

    Attributes:
        folder: A folder of files that stand in for ours of the same name, or None.

    Raises:
        InvalidSettingsError: The folder replaces nothing, or a file in it is no
            template in UTF-8.
    """

    folder: Path | None
    _environment: Environment = field(init=False, repr=False, eq=False)

    @_environment.default
    def _load(self) -> Environment:
        loaders: list[BaseLoader] = [PackageLoader(__package__ or "")]
        if self.folder is not None:
            loaders.insert(0, FileSystemLoader(self.folder))
        environment = Environment(
            loader=ChoiceLoader(loaders),
            autoescape=select_autoescape(enabled_extensions=("html.j2",)),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            # What was compiled at the start is what is used until the end.
            auto_reload=False,
        )
        environment.globals["counted"] = counted
        return environment

    def __attrs_post_init__(self) -> None:
        folder = self.folder
        if folder is not None and not any((folder / it).is_file() for it in TEMPLATES):
            # A misspelt name would be a text that is silently not used.
            known = ", ".join(TEMPLATES)
            raise _invalid(f"expected a folder with at least one of {known}")
        for name in TEMPLATES:
            self._compile(name)

    def _compile(self, name: str) -> None:
        try:
            self._environment.get_template(name)
        except TemplateSyntaxError as error:
            raise _invalid(_syntax_problem(error)) from None
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise _invalid(f"{name}, line {line}: expected UTF-8") from None
        except OSError:
            raise _invalid(f"{name}: cannot be read") from None

    def fill(self, name: str, values: Mapping[str, Any], *, rehearsed: bool) -> str:
        """
        One template with these values.

        Args:
            name: One of `TEMPLATES`.
            values: Plain texts and views.
            rehearsed: The values are made up, so that an error may quote them.

        Raises:
            InvalidSettingsError: The template uses what is not there, or fails
                otherwise; template and line are named.
        """
        try:
            return self._environment.get_template(name).render(values)
        except TemplateSyntaxError as error:
            raise _invalid(_syntax_problem(error)) from None
        except Exception as error:  # noqa: BLE001 — a template may raise anything
            problem = type(error).__name__
            if rehearsed:
                problem += f": {error}"
            # The cause is dropped, for its text may quote a practice.
            raise _invalid(f"{_place(error, name)}: {problem}") from None


def _syntax_problem(error: TemplateSyntaxError) -> str:
    return f"{error.name}, line {error.lineno}: {error.message}"


def _place(error: Exception, name: str) -> str:
    """
    Template and line: Jinja2 puts templates into the traceback like Python files.
    """
    frames = reversed(traceback.extract_tb(error.__traceback__))
    templates = (
        f"{Path(frame.filename).name}, line {frame.lineno}"
        for frame in frames
        if not frame.filename.endswith(".py") and not frame.filename.startswith("<")
    )
    return next(templates, name)
