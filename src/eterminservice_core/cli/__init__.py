"""
The command ``eterminservice``; it needs the extra ``cli``.
"""

from __future__ import annotations

import sys
from typing import Final

from ..domain.errors import ConfigurationError


#: What the extra brings; any other missing module is a defect and must be seen.
_EXTRA: Final = frozenset({"aiosmtpd", "alembic", "click", "rich", "sqlalchemy"})
#: As `exit_codes.ExitCode.USAGE`, which cannot be asked when the extra is missing.
_USAGE: Final = 2


def main() -> None:
    """
    Run the command with the arguments of this process, and exit.
    """
    try:
        from .command import run  # noqa: PLC0415 — without the extra it cannot be had
    except (ModuleNotFoundError, ConfigurationError) as error:
        missing = _missing(error)
        if missing is None:
            raise
        sys.stderr.write(
            f"eterminservice: the command needs {missing}:"
            ' pip install "eterminservice[cli]"\n'
        )
        sys.exit(_USAGE)
    sys.exit(run(sys.argv[1:]))


def _missing(error: BaseException | None) -> str | None:
    """
    The missing part of the extra, also where `storage.sql` has put it in other words.
    """
    while error is not None:
        if isinstance(error, ModuleNotFoundError):
            name = (error.name or "").partition(".")[0]
            return name if name in _EXTRA else None
        error = error.__cause__
    return None
