"""
What Alembic runs around the migrations: on the connection that `upgrade` lends it.

There is no ``alembic.ini``, and no address of a database: the application has both.
"""

from __future__ import annotations

from alembic import context

# Alembic runs this file by its path, so there is no package to be relative to.
from eterminservice_core.storage.sql.schema import VERSION_TABLE, metadata


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    # True with `sqlite_engine`, which begins its transactions itself.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
