"""
What to say where the extra ``sql`` is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final


#: What the extra brings; any other missing module is a defect and must be seen.
_BROUGHT: Final = frozenset({"alembic", "sqlalchemy"})


@contextmanager
def naming_the_extra() -> Iterator[None]:
    """
    Name the line that installs what an import inside does not find.

    Raises:
        ModuleNotFoundError: What the extra brings is not there.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        needed = (error.name or "").partition(".")[0]
        if needed not in _BROUGHT:
            raise
        raise ModuleNotFoundError(
            f'the SQL store needs {needed}: pip install "eterminservice[sql]"',
            name=needed,
        ) from None
