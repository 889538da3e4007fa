"""
Settings from the environment.

Rules of this file:

1. One rule makes every name: the prefix, then the path, in capitals, joined by two
   underscores; ``ETERMINSERVICE__STORE__PATH`` is ``path`` in ``[store]``.
2. The environment outweighs the file.
3. Its values are text; what they become is decided by the type of the setting.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import Any, Final

from attrs import field, frozen


PREFIX: Final = "ETERMINSERVICE__"
_JOINT: Final = "__"


@frozen
class Spelled:
    """
    A value from the environment: text, until the type of its setting is known.
    """

    text: str = field(repr=False)

    def as_plain(self, kind: object) -> object:
        """
        The value as TOML would give it for a setting of this type.

        Raises:
            ValueError: It does not spell such a value; the text is not quoted.
        """
        for wanted in _alternatives(kind):
            if wanted is bool:
                return _truth(self.text)
            if wanted in {int, float}:
                return _number(self.text, wanted)
        return self.text


def variable(*path: str) -> str:
    """
    The name of the variable for a setting.

    >>> variable("store", "key_file")
    'ETERMINSERVICE__STORE__KEY_FILE'
    """
    return PREFIX + _JOINT.join(path).upper()


def overlay(
    table: Mapping[str, Any], environment: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    """
    Lay what the environment says over a table of settings.

    Returns:
        The table, with a `Spelled` wherever the environment speaks, and one sentence
        for each variable that cannot be laid over.
    """
    laid = _copied(table)
    problems = []
    for name in sorted(environment):
        if not name.startswith(PREFIX):
            continue
        *sections, setting = name.removeprefix(PREFIX).lower().split(_JOINT)
        target: Any = laid
        for section in sections:
            target = target.setdefault(section, {})
            if not isinstance(target, dict):
                break
        if not sections or not isinstance(target, dict):
            problems.append(
                f"{name} names no setting; {variable('store', 'path')} would"
            )
            continue
        target[setting] = Spelled(environment[name])
    return laid, problems


def _copied(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _copied(value) if isinstance(value, Mapping) else value
        for key, value in table.items()
    }


def _alternatives(kind: object) -> tuple[object, ...]:
    """
    The types of a union, such as ``Path | None``, or the type alone.
    """
    if typing.get_origin(kind) in {types.UnionType, typing.Union}:
        return typing.get_args(kind)
    return (kind,)


def _truth(text: str) -> bool:
    try:
        return {"true": True, "false": False}[text.strip().lower()]
    except KeyError:
        raise ValueError("expected true or false") from None


def _number(text: str, kind: Any) -> int | float:
    try:
        number: int | float = kind(text)
    except ValueError:
        raise ValueError(f"expected {kind.__name__}") from None
    return number
