"""
Making the schema, bringing it up to date, and refusing one that does not fit.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, Text, column, inspect, select, table

from ...domain.errors import SchemaMismatchError, WrongKeyError
from ...domain.keys import Keys
from . import schema
from .extra import naming_the_extra
from .sqlite import insert, require_ready, require_sqlite
from .unit_of_work import translated


if TYPE_CHECKING:
    from alembic.config import Config

# Alembic itself is imported where a schema is made: it costs as long as all the rest,
# and whoever opens a store that is up to date needs none of it.

_VERSION = select(column("version_num", Text)).select_from(table(schema.VERSION_TABLE))
_KEY_CHECK = select(schema.store.c.key_check)
_KEEP_KEY_CHECK = insert(schema.store)


def upgrade(engine: Engine, keys: Keys) -> None:
    """
    Bring a database to this release's schema; an empty one is a store from then on.

    All of it is one transaction.  A database that is up to date stays as it is.

    Args:
        engine: Made by `sqlite_engine`.
        keys: The store's secrets, now and for ever.

    Raises:
        ConfigurationError: The engine was not made as `sqlite_engine` makes them.
        SchemaMismatchError: A newer release has upgraded it.
        WrongKeyError: The store was made with other keys.
        StoreUnavailableError: The database does not answer, or not in time.
    """
    require_sqlite(engine)
    with naming_the_extra():
        from alembic import command  # noqa: PLC0415 — see the top of the module

    with translated(), engine.begin() as connection:
        require_ready(connection)
        config = _config(connection)
        found = _found(connection)
        if found is not None and found not in _known(config):
            raise SchemaMismatchError(found, schema.REVISION)
        command.upgrade(config, schema.REVISION)
        if connection.execute(_KEY_CHECK).scalar() is None:
            connection.execute(_KEEP_KEY_CHECK, {"id": 1, "key_check": _check(keys)})
        _require_keys(connection, keys)


def require_fit(connection: Connection, keys: Keys) -> None:
    """
    Refuse a database that is not this release's, or not made with these keys.

    Raises:
        SchemaMismatchError: It is empty, older or newer.
        WrongKeyError: It was made with other keys.
    """
    found = _found(connection)
    if found != schema.REVISION:
        raise SchemaMismatchError(found, schema.REVISION)
    _require_keys(connection, keys)


def _config(connection: Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415 — see the top of the module

    config = Config()
    config.set_main_option("script_location", "eterminservice_core.storage:migrations")
    config.attributes["connection"] = connection
    return config


def _known(config: Config) -> frozenset[str]:
    from alembic.script import (  # noqa: PLC0415 — see the top of the module
        ScriptDirectory,
    )

    steps = ScriptDirectory.from_config(config).walk_revisions()
    return frozenset(step.revision for step in steps)


def _found(connection: Connection) -> str | None:
    """
    The migration a database is at.
    """
    if not inspect(connection).has_table(schema.VERSION_TABLE):
        return None
    found: str | None = connection.execute(_VERSION).scalar()
    return found


def _check(keys: Keys) -> str:
    return keys.pseudonym("store")


def _require_keys(connection: Connection, keys: Keys) -> None:
    kept = connection.execute(_KEY_CHECK).scalar()
    if kept is None or not hmac.compare_digest(kept, _check(keys)):
        raise WrongKeyError(
            "the store was made with other keys; give it the key file it was made"
            " with, for with these it would forget whom it told in the last 24 hours"
        )
