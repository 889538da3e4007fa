"""
The command ``eterminservice``; it needs the extra ``cli``.
"""

from __future__ import annotations

import sys
from typing import Final

from ..domain.errors import ConfigurationError


#: What the extra brings; any other missing module is a defect and must be seen.
_EXTRA: Final = frozenset({"alembic", "click", "rich", "sqlalchemy"})
#: As `exit_codes.ExitCode.USAGE`, which cannot be asked when the extra is missing.
_USAGE: Final = 2


def main() -> None:
    """
    Run the command with the arguments of this process, and exit.
    """
    try:
        from .command import run  # noqa: PLC0415 — without the extra it cannot be had
    except (ModuleNotFoundError, ConfigurationError) as error:
        # `storage.sql` says it in other words, and keeps the cause.
        cause = error.__cause__ or error
        missing = str(getattr(cause, "name", None)).partition(".")[0]
        if missing not in _EXTRA:
            raise
        sys.stderr.write(
            f"eterminservice: the command needs {missing}:"
            ' pip install "eterminservice[cli]"\n'
        )
        sys.exit(_USAGE)
    sys.exit(run(sys.argv[1:]))
