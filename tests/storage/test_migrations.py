"""
How a database becomes a store, stays one, and is refused where it does not fit.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from eterminservice_core import (
    BSNR,
    Keys,
    Practice,
    SchemaMismatchError,
    StoreUnavailableError,
    WrongKeyError,
)
from eterminservice_core.storage.sql import SqlStore, schema, sqlite_engine, upgrade


PRACTICE = BSNR("391234511")


def _steps() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", "eterminservice_core.storage:migrations")
    return ScriptDirectory.from_config(config)


def _schema_of(path: Path, kinds: Sequence[str] = ("table", "index")) -> dict[str, str]:
    """
    What SQLite was told to make, in one line each.
    """
    with closing(sqlite3.connect(path)) as connection:
        made = connection.execute(
            "SELECT name, sql, type FROM sqlite_master"
        ).fetchall()
    return {
        name: " ".join(sql.replace('"', "").split())
        for name, sql, kind in made
        if sql and kind in kinds and name != schema.VERSION_TABLE
    }


def _pretend(engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE eterminservice_version SET version_num = ?", (revision,)
        )


# What the migrations make


def test_the_migrations_make_what_the_statements_expect(engine: Engine) -> None:
    with engine.begin() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": schema.VERSION_TABLE}
        )
        assert compare_metadata(context, schema.metadata) == []


def test_the_migrations_make_it_to_the_letter(
    engine: Engine, path: Path, tmp_path: Path
) -> None:
    """
    Alembic does not compare STRICT, WITHOUT ROWID, checks and partial indexes.
    """
    other = sqlite_engine(tmp_path / "expected.db")
    with other.begin() as connection:
        schema.metadata.create_all(connection)
    other.dispose()

    assert engine.dialect.name == "sqlite"
    assert _schema_of(path) == _schema_of(tmp_path / "expected.db")


@pytest.mark.usefixtures("engine")
def test_the_migrations_make_the_guards(path: Path) -> None:
    assert set(_schema_of(path, ("trigger",))) == {
        "eterminservice_reservation_begins",
        "eterminservice_reservation_settles",
        "eterminservice_reservation_outlives",
        "eterminservice_store_enters_once",
        "eterminservice_store_remembers",
        "eterminservice_store_stays",
    }


@pytest.mark.usefixtures("engine")
def test_all_that_is_made_bears_our_name(path: Path) -> None:
    """
    An application may keep tables of its own in the same file.
    """
    names = _schema_of(path, ("table", "index", "trigger", "view"))

    assert names
    assert all(name.startswith("eterminservice_") for name in names)


def test_the_release_works_with_the_last_migration() -> None:
    assert _steps().get_current_head() == schema.REVISION


def test_there_is_no_way_back_before_the_first() -> None:
    first = _steps().get_revision("0001")
    assert first is not None

    with pytest.raises(NotImplementedError):
        first.module.downgrade()


# Upgrading


def test_upgrading_twice_changes_nothing(
    engine: Engine, keys: Keys, path: Path
) -> None:
    with SqlStore(engine, keys).transaction() as tx:
        tx.add_practice(Practice(PRACTICE, name="Praxis Topp"))
    before = path.read_bytes()

    upgrade(engine, keys)

    assert path.read_bytes() == before
    with SqlStore(engine, keys).transaction() as tx:
        assert tx.practice(PRACTICE).name == "Praxis Topp"


def test_two_upgrades_at_once_make_one_store(path: Path, keys: Keys) -> None:
    def upgrade_and_open(_: int) -> bool:
        engine = sqlite_engine(path)
        upgrade(engine, keys)
        opened = SqlStore(engine, keys)
        opened.close()
        return True

    with ThreadPoolExecutor(max_workers=4) as threads:
        assert all(threads.map(upgrade_and_open, range(4)))


def test_an_upgrade_that_fails_leaves_nothing(
    empty: Engine, keys: Keys, path: Path
) -> None:
    with empty.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE eterminservice_tally (other TEXT)")
    before = _schema_of(path, ("table", "index", "trigger"))

    with pytest.raises(StoreUnavailableError):
        upgrade(empty, keys)

    assert _schema_of(path, ("table", "index", "trigger")) == before


def test_an_application_s_own_tables_and_migrations_stay_as_they_are(
    empty: Engine, keys: Keys, path: Path
) -> None:
    with empty.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE practice (name TEXT)")
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num TEXT)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('cafe')")

    upgrade(empty, keys)

    assert SqlStore(empty, keys).keys == keys
    with closing(sqlite3.connect(path)) as connection:
        version = connection.execute("SELECT * FROM alembic_version").fetchall()
    assert version == [("cafe",)]
    assert _schema_of(path)["practice"] == "CREATE TABLE practice (name TEXT)"


# Refusing


def test_an_empty_database_is_no_store(empty: Engine, keys: Keys) -> None:
    with pytest.raises(SchemaMismatchError) as refused:
        SqlStore(empty, keys)

    assert (refused.value.found, refused.value.expected) == (None, schema.REVISION)


@pytest.mark.parametrize("other", ["0000", "9999"])
def test_a_store_of_another_release_is_not_opened(
    engine: Engine, keys: Keys, other: str
) -> None:
    _pretend(engine, other)

    with pytest.raises(SchemaMismatchError, match=f"is at schema {other}") as refused:
        SqlStore(engine, keys)

    assert (refused.value.found, refused.value.expected) == (other, schema.REVISION)


def test_a_store_of_a_newer_release_is_not_upgraded(
    engine: Engine, keys: Keys, path: Path
) -> None:
    _pretend(engine, "9999")
    before = path.read_bytes()

    with pytest.raises(SchemaMismatchError, match="9999"):
        upgrade(engine, keys)

    assert path.read_bytes() == before


def test_a_store_opens_only_with_the_keys_it_was_made_with(
    engine: Engine, keys: Keys
) -> None:
    others = Keys.generate(secrets.token_bytes)

    with pytest.raises(WrongKeyError):
        SqlStore(engine, others)
    with pytest.raises(WrongKeyError):
        upgrade(engine, others)

    assert SqlStore(engine, keys).keys == keys


def test_rotated_code_keys_open_the_store(engine: Engine, keys: Keys) -> None:
    rotated = Keys(pseudonyms=keys.pseudonyms, codes=(b"n" * 32, *keys.codes))

    assert SqlStore(engine, rotated).keys == rotated
