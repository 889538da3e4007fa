"""
A new file that only its owner may read.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO, Final


_OWNER_ONLY: Final = stat.S_IRUSR | stat.S_IWUSR
#: Windows would turn line ends over otherwise.
_BINARY: Final = getattr(os, "O_BINARY", 0)


def create(path: Path) -> BinaryIO:
    """
    Open a new file for writing; nobody else can read it, at no moment.

    Raises:
        FileExistsError: There is one.
        OSError: It cannot be made.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
    return os.fdopen(os.open(path, flags, _OWNER_ONLY), "wb")
