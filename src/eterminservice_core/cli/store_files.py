"""
The two files of a store: the database, and the keys without which it is worthless.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from ..domain.errors import ConfigurationError, InvalidValueError, StoreUnavailableError
from ..domain.keys import Keys
from ..storage.sql import SqlStore, sqlite_engine, upgrade
from . import private_file
from .environment import variable
from .settings import StoreSettings


logger = logging.getLogger("eterminservice_core")

_STRANGERS: Final = stat.S_IROTH | stat.S_IWOTH
_HEADING: Final = """\
# The secrets of an eterminservice store; for the owner's eyes only.  Keep a copy apart
# from the database: without the first key, the 24-hour rule forgets.
"""


# Keys


def keys_of(settings: StoreSettings) -> Keys:
    """
    The store's keys: from the environment, or else from their file.

    Raises:
        ConfigurationError: There are none, or they cannot be read.
    """
    if not settings.key:
        return read_keys(settings.key_file)
    name = variable("store", "key")
    # A variable may have to be one line.
    return _parsed(settings.key.replace(";", "\n"), f"the variable {name}")


def read_keys(file: Path) -> Keys:
    """
    The keys in a file.

    Raises:
        ConfigurationError: It is missing, or holds no keys.
    """
    name = f"the key file {str(file)!r}"
    try:
        text = file.read_text(encoding="utf-8")
        mode = file.stat().st_mode
    except FileNotFoundError:
        problem = f"{name} is missing; 'eterminservice init' makes one for a new store"
        raise ConfigurationError(problem) from None
    except (OSError, UnicodeDecodeError) as error:
        problem = f"{name} cannot be read ({type(error).__name__})"
        raise ConfigurationError(problem) from None
    if mode & _STRANGERS and os.name == "posix":
        logger.warning("everybody can read the key file; make it 'chmod 600'")
    return _parsed(text, name)


def _parsed(text: str, name: str) -> Keys:
    try:
        return Keys.parse(text)
    except InvalidValueError as error:
        raise ConfigurationError(f"{name} holds no keys: {error}") from None


def write_keys(file: Path, keys: Keys) -> None:
    """
    Write a new key file that only its owner may read; never over an old one.

    Raises:
        ConfigurationError: It cannot be written.
    """
    text = _HEADING + keys.dump()
    try:
        with private_file.create(file) as created:
            created.write(text.encode())
            created.flush()
            os.fsync(created.fileno())
    except OSError as error:
        problem = f"cannot be written ({type(error).__name__})"
        raise ConfigurationError(f"the key file {str(file)!r} {problem}") from None


# The database


def create_or_upgrade(path: Path, keys: Keys) -> None:
    """
    Make the database, or bring an older one to this release's schema.

    Raises:
        SchemaMismatchError: It is of a newer release.
        WrongKeyError: It was made with other keys.
    """
    engine = sqlite_engine(path)
    try:
        upgrade(engine, keys)
    finally:
        engine.dispose()


@contextmanager
def opened_store(
    path: Path, keys: Keys, *, clock: Callable[[], datetime] | None = None
) -> Iterator[SqlStore]:
    """
    The store in a database that is there.

    Args:
        path: The SQLite file.
        keys: The store's keys.
        clock: Another clock than the machine's, for stories.

    Raises:
        StoreUnavailableError: There is no such file.
        SchemaMismatchError: It is of another release.
        WrongKeyError: It was made with other keys.
    """
    if not path.exists():
        raise StoreUnavailableError(
            f"there is no database {str(path)!r}; 'eterminservice init' makes it"
        )
    engine = sqlite_engine(path)
    try:
        yield SqlStore(engine, keys, **({"clock": clock} if clock else {}))
    finally:
        engine.dispose()
