"""
What lies where in the demo's folder.
"""

from __future__ import annotations

from typing import Final


DATABASE: Final = "eterminservice.sqlite3"
KEY_FILE: Final = "eterminservice.key"
LOG: Final = "eterminservice.log"
MAILS: Final = "mails"
#: Only while the story is told.
CLOCK: Final = ".clock"
#: Who writes.
SENDER: Final = "termine@kv.example"
