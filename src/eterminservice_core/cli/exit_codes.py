"""
What the command's exit code says; the table in the docs is printed from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from ..domain.errors import (
    ConfigurationError,
    ConflictError,
    EterminserviceError,
    InvalidCodeError,
    InvalidValueError,
    NotFoundError,
    SchemaMismatchError,
    StoreError,
    TransportError,
    VerificationError,
    WrongKeyError,
)


class ExitCode(IntEnum):
    """
    What the command's exit code says; the meanings are in `MEANINGS`.
    """

    DONE = 0
    REFUSED = 1
    USAGE = 2
    VERIFICATION = 3
    STORE = 4
    TRANSPORT = 5
    NOT_FOUND = 6
    BUG = 70
    INTERRUPTED = 130


#: For people; 70 is ``EX_SOFTWARE`` of ``sysexits.h``, 130 what shells say of SIGINT.
MEANINGS: Final[Mapping[ExitCode, str]] = MappingProxyType(
    {
        ExitCode.DONE: "Done.",
        ExitCode.REFUSED: (
            "Some of the input was refused and named; the rest is done, so the same"
            " input can be given again."
        ),
        ExitCode.USAGE: (
            "The command line or the settings do not fit; nothing was done."
        ),
        ExitCode.VERIFICATION: (
            "A code was not taken: wrong, expired, used, locked, or too many asked for."
        ),
        ExitCode.STORE: (
            "The store does not answer, is of another release or other keys, or its"
            " clock cannot be right."
        ),
        ExitCode.TRANSPORT: (
            "A transport cannot be opened, or handed nothing over for a reason that"
            " speaks of us."
        ),
        ExitCode.NOT_FOUND: "There is no such practice.",
        ExitCode.BUG: "An error nobody expected; `--debug` shows where.",
        ExitCode.INTERRUPTED: "Interrupted at the keyboard.",
    }
)

#: The first class that fits decides, so the special ones come first.
_CODES: Final = (
    (NotFoundError, ExitCode.NOT_FOUND),
    (VerificationError, ExitCode.VERIFICATION),
    (InvalidCodeError, ExitCode.VERIFICATION),
    (InvalidValueError, ExitCode.REFUSED),
    (ConflictError, ExitCode.REFUSED),
    (StoreError, ExitCode.STORE),
    (SchemaMismatchError, ExitCode.STORE),
    (WrongKeyError, ExitCode.STORE),
    (TransportError, ExitCode.TRANSPORT),
    (ConfigurationError, ExitCode.USAGE),
)


def exit_code(error: EterminserviceError) -> ExitCode:
    """
    What an error means to whoever called the command.
    """
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    return ExitCode.BUG


def exit_code_table() -> str:
    """
    The table of exit codes as it stands in ``docs/reference/command.md``.
    """
    lines = ["| code | meaning |", "|---|---|"]
    lines += [f"| {code.value} | {MEANINGS[code]} |" for code in ExitCode]
    return "\n".join(lines)
