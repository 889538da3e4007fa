"""
Logging to stderr, or to a file: the event, then its facts.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final


#: What every record has; the rest was given as ``extra``.
_USUAL: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class FactsFormatter(logging.Formatter):
    """
    ``WARNING attempt recovered attempt=4f…``: the facts of ``extra`` follow the event.
    """

    def format(self, record: logging.LogRecord) -> str:
        """
        The record as text; a traceback, if there is one, on lines of its own.
        """
        facts = [
            f" {name}={value}"
            for name, value in sorted(vars(record).items())
            if name not in _USUAL
        ]
        event, *trace = super().format(record).split("\n", 1)
        return "\n".join([event + "".join(facts), *trace])


def log_to_stderr() -> None:
    """
    Show warnings and worse, with the local time.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(FactsFormatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


@contextmanager
def logged_to(file: Path) -> Iterator[None]:
    """
    Let the library's warnings and worse go to a file, without the time, for a while.
    """
    logger = logging.getLogger("eterminservice_core")
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(FactsFormatter("%(levelname)s %(message)s"))
    propagates = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.propagate = propagates
        logger.removeHandler(handler)
        handler.close()
