"""
Reads sections of settings, and collects what is wrong with them instead of stopping.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import time
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args

import attrs
from attrs import define
from cattrs import ClassValidationError, Converter, transform_error
from cattrs.v import format_exception

from .environment import Spelled, variable


SectionT = TypeVar("SectionT")


@define
class Reader:
    """
    Reads one section after another.

    Attributes:
        folder: Where relative paths count from.
        problems: What was found so far; one sentence each, with its path.
    """

    folder: Path
    problems: list[str]

    def add(self, problems: Iterable[str], path: str) -> None:
        """
        Take over problems whose own paths begin at this section.
        """
        for problem in problems:
            text, at, inner = problem.rpartition(" @ $")
            self.problems.append(
                f"{text} @ {path}{inner}" if at else f"{problem} @ {path}"
            )

    def known(
        self,
        table: Any,
        path: str,
        names: Iterable[str],
        *,
        hidden: Iterable[str] = (),
    ) -> bool:
        """
        Whether this is a table; keys in it that are not known are problems.

        Args:
            table: What was given.
            path: Where it stands.
            names: The keys that are known, and named to whoever uses another.
            hidden: Keys that are known, but better not named.
        """
        if not isinstance(table, Mapping):
            self.problems.append(f"expected a table @ {path}")
            return False
        known = sorted(names)
        self.problems += [
            f"unknown setting, known are {', '.join(known)} @ {path}.{key}"
            for key in table
            if key not in {*known, *hidden}
        ]
        return True

    def section(
        self, section: type[SectionT], table: Any, path: str
    ) -> SectionT | None:
        """
        A section as an object of its class, or None if something is wrong with it.
        """
        if not self.known(table, path, kinds_of(section)):
            return None
        before = len(self.problems)
        plain = self.plain(table, kinds_of(section), path)
        try:
            value = _converter().structure(plain, section)
        except ClassValidationError as error:
            self.add(transform_error(error, format_exception=_problem), path)
            return None
        return value if len(self.problems) == before else None

    def plain(
        self, table: Mapping[str, Any], kinds: Mapping[str, object], path: str
    ) -> dict[str, Any]:
        """
        The known settings, those from the environment made plain, paths made absolute.

        Args:
            table: The settings as given.
            kinds: The type of each setting that is known.
            path: Where the table stands.
        """
        plain: dict[str, Any] = {}
        for name, kind in kinds.items():
            if name not in table:
                continue
            try:
                plain[name] = self._plain(table[name], kind)
            except ValueError as error:
                self.problems.append(f"{error} @ {path}.{name}")
        return plain

    def _plain(self, value: Any, kind: object) -> Any:
        if isinstance(value, Spelled):
            value = value.as_plain(kind)
        if isinstance(value, str) and Path in {kind, *get_args(kind)}:
            return str(self.folder / value)
        return value

    def secrets(
        self, table: Mapping[str, Any], path: tuple[str, ...], names: Iterable[str]
    ) -> dict[str, Any]:
        """
        The table with each secret taken from the environment, or else from its file.

        Args:
            table: The settings as given; not changed.
            path: Where the table stands, such as ``("transports", "email")``.
            names: The settings that are secrets; ``NAME_file`` names a file with one.
        """
        kept = dict(table)
        for name in names:
            given, file = kept.pop(name, None), kept.pop(f"{name}_file", None)
            place = ".".join(("$", *path, name))
            if isinstance(given, Spelled):
                kept[name] = given.text
            elif given is not None:
                self.problems.append(
                    "a secret does not belong here: put it into a file of its own and"
                    f" name that file as {name}_file, or set"
                    f" {variable(*path, name)} @ {place}"
                )
            elif file is not None:
                kept[name] = self._secret_in_file(file, f"{place}_file")
        return kept

    def _secret_in_file(self, file: Any, place: str) -> str:
        name = file.text if isinstance(file, Spelled) else file
        if not isinstance(name, str):
            self.problems.append(f"expected the name of a file @ {place}")
            return ""
        try:
            return (self.folder / name).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            problem = f"this file cannot be read ({type(error).__name__}) @ {place}"
            self.problems.append(problem)
            return ""


def kinds_of(section: type) -> dict[str, object]:
    """
    The settings of a class and their types.
    """
    resolved = attrs.resolve_types(section)
    return {each.alias: each.type for each in attrs.fields(resolved) if each.init}


@cache
def _converter() -> Converter:
    converter = Converter()
    for simple in (str, int, float, bool):
        converter.register_structure_hook(simple, _exactly)
    converter.register_structure_hook(time, _time)
    return converter


def _exactly(value: Any, kind: type[Any]) -> Any:
    """
    Only what already is of the kind: TOML says what it means.
    """
    if type(value) is kind or (kind is float and type(value) is int):
        return kind(value)
    raise TypeError(f"expected {kind.__name__}")


def _time(value: Any, _: type) -> time:
    """
    A local time, as TOML writes it or as text.
    """
    try:
        read = time.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        read = None
    if not isinstance(read, time) or read.tzinfo is not None:
        raise TypeError("expected a local time like 20:00")
    return read


def _problem(error: BaseException, kind: type | None) -> str:
    """
    What is wrong, without the value.
    """
    text = str(error)
    return text if text.startswith("expected ") else format_exception(error, kind)
