"""
The first schema, and in its triggers the 24-hour rule (P1).

Whatever the Python above thinks, and also for somebody in the ``sqlite3`` shell: two
reservations of one practice that count never overlap, none is made shorter than the
hand-over it stands for, and none is deleted while it lasts.

How the triggers say no: ``RAISE(ABORT)`` takes back the statement, leaves the
transaction open, and is not weakened by ``OR IGNORE`` or ``OR REPLACE`` (by
``RAISE(IGNORE)`` a refused row would be skipped in silence).  All of them run *before*
the change: ``REPLACE`` would delete the row in its way without asking the delete
trigger, unless ``PRAGMA recursive_triggers`` is on, and a stranger's shell has it off.
For the same reason `reservation` has no rowid and only one key to collide on.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op


revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FLAG = sa.Boolean().with_variant(sa.Integer(), "sqlite")

GUARDS = (
    # A reservation enters as begun, once, for 24 hours at least, and never before the
    # end of another of its practice that was not freed; also when the clock went back.
    """
    CREATE TRIGGER eterminservice_reservation_begins
    BEFORE INSERT ON eterminservice_reservation
    BEGIN
      SELECT RAISE(ABORT, 'a reservation enters as begun and not settled')
       WHERE NEW.state IS NOT 'begun' OR NEW.settled_us IS NOT NULL;
      SELECT RAISE(ABORT, 'a reservation lasts at least 24 hours')
       WHERE typeof(NEW.begun_us) <> 'integer' OR typeof(NEW.until_us) <> 'integer'
          OR NEW.until_us < NEW.begun_us + 86400000000;
      SELECT RAISE(ABORT, 'an attempt reserves only once')
       WHERE EXISTS (SELECT 1 FROM eterminservice_reservation
                      WHERE attempt_id = NEW.attempt_id);
      SELECT RAISE(ABORT, 'another reservation of this practice still lasts')
       WHERE EXISTS (SELECT 1 FROM eterminservice_reservation
                      WHERE practice_key = NEW.practice_key AND state <> 'freed'
                        AND until_us > NEW.begun_us);
    END
    """,
    # It changes once, when its attempt is settled: to kept, perhaps shorter, or to
    # freed.  What changes nothing is let through.
    """
    CREATE TRIGGER eterminservice_reservation_settles
    BEFORE UPDATE ON eterminservice_reservation
    WHEN NEW.attempt_id IS NOT OLD.attempt_id
      OR NEW.practice_key IS NOT OLD.practice_key
      OR NEW.begun_us IS NOT OLD.begun_us
      OR NEW.until_us IS NOT OLD.until_us
      OR NEW.settled_us IS NOT OLD.settled_us
      OR NEW.state IS NOT OLD.state
    BEGIN
      SELECT RAISE(ABORT, 'a reservation keeps its attempt, its practice and its begin')
       WHERE NEW.attempt_id IS NOT OLD.attempt_id
          OR NEW.practice_key IS NOT OLD.practice_key
          OR NEW.begun_us IS NOT OLD.begun_us;
      SELECT RAISE(ABORT, 'a settled reservation never changes')
       WHERE OLD.state IS NOT 'begun';
      SELECT RAISE(ABORT, 'a reservation changes only by being kept or freed')
       WHERE (NEW.state IS NOT 'kept' AND NEW.state IS NOT 'freed')
          OR typeof(NEW.settled_us) <> 'integer' OR typeof(NEW.until_us) <> 'integer';
      SELECT RAISE(ABORT, 'a reservation never grows')
       WHERE NEW.until_us > OLD.until_us;
      SELECT RAISE(ABORT, 'a freed reservation keeps its end')
       WHERE NEW.state = 'freed' AND NEW.until_us <> OLD.until_us;
      SELECT RAISE(ABORT, 'a kept reservation lasts 24 hours from its settlement')
       WHERE NEW.state = 'kept' AND NEW.until_us <> OLD.until_us
         AND (NEW.until_us < NEW.begun_us + 86400000000
              OR NEW.until_us < NEW.settled_us + 86400000000);
    END
    """,
    # It cannot be deleted before the store has seen its end, and a freed one neither:
    # deleted and made again, its attempt could be begun twice.
    """
    CREATE TRIGGER eterminservice_reservation_outlives
    BEFORE DELETE ON eterminservice_reservation
    BEGIN
      SELECT RAISE(ABORT, 'a reservation cannot be deleted while it lasts')
       WHERE NOT EXISTS (SELECT 1 FROM eterminservice_store
                          WHERE high_water_us >= OLD.until_us);
    END
    """,
    """
    CREATE TRIGGER eterminservice_store_enters_once
    BEFORE INSERT ON eterminservice_store
    BEGIN
      SELECT RAISE(ABORT, 'a store has one row')
       WHERE EXISTS (SELECT 1 FROM eterminservice_store);
    END
    """,
    # The mark falls only in an update that also counts one more word of a human.
    """
    CREATE TRIGGER eterminservice_store_remembers
    BEFORE UPDATE ON eterminservice_store
    BEGIN
      SELECT RAISE(ABORT, 'a store keeps its keys')
       WHERE NEW.id IS NOT OLD.id OR NEW.key_check IS NOT OLD.key_check;
      SELECT RAISE(ABORT, 'the high-water mark is accepted one word at a time')
       WHERE typeof(NEW.accepted) <> 'integer'
          OR NEW.accepted NOT IN (OLD.accepted, OLD.accepted + 1);
      SELECT RAISE(ABORT, 'the high-water mark cannot be forgotten')
       WHERE typeof(NEW.high_water_us) <> 'integer' AND OLD.high_water_us IS NOT NULL;
      SELECT RAISE(ABORT, 'the high-water mark falls only if it is accepted')
       WHERE NEW.high_water_us < OLD.high_water_us AND NEW.accepted = OLD.accepted;
    END
    """,
    """
    CREATE TRIGGER eterminservice_store_stays
    BEFORE DELETE ON eterminservice_store
    BEGIN
      SELECT RAISE(ABORT, 'a store cannot be emptied of its memory');
    END
    """,
)


def upgrade() -> None:
    """
    Make the tables, the indexes, and the guards.
    """
    _store()
    _practice()
    _channel()
    _notice()
    _attempt()
    _what_outlives_a_practice()
    for guard in GUARDS:
        op.execute(guard)


def downgrade() -> None:
    """
    There is no way back: without its reservations, a store forgets the 24 hours.
    """
    raise NotImplementedError("a store cannot be taken back before its first schema")


def _table(name: str, *items: Any, with_rowid: bool = False) -> None:
    op.create_table(
        f"eterminservice_{name}",
        *items,
        sqlite_strict=True,
        sqlite_with_rowid=with_rowid,
    )


def _index(
    table: str, name: str, *columns: str, only: str = "", unique: bool = False
) -> None:
    where = sa.text(only) if only else None
    op.create_index(
        f"eterminservice_{table}_{name}",
        f"eterminservice_{table}",
        list(columns),
        unique=unique,
        sqlite_where=where,
        postgresql_where=where,
    )


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _whole(
    name: str, *, nullable: bool = False, server_default: str | None = None
) -> sa.Column[int]:
    return sa.Column(name, WHOLE, nullable=nullable, server_default=server_default)


def _of_a_practice() -> sa.Column[str]:
    owner = sa.ForeignKey("eterminservice_practice.bsnr", ondelete="CASCADE")
    return sa.Column("bsnr", sa.Text, owner, nullable=False)


def _store() -> None:
    _table(
        "store",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        _text("key_check"),
        _whole("high_water_us", nullable=True),
        _whole("accepted", server_default="0"),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("id = 1", name="eterminservice_store_is_one"),
        with_rowid=True,
    )


def _practice() -> None:
    _table(
        "practice",
        _text("bsnr"),
        _text("name"),
        _text("practice_group"),
        _text("master_email", nullable=True),
        _text("master_fax", nullable=True),
        _text("master_phone"),
        _text("public_email", nullable=True),
        _text("public_fax", nullable=True),
        _text("public_phone"),
        _text("notification_email", nullable=True),
        _text("notification_fax", nullable=True),
        _text("notification_phone"),
        _text("window_opens"),
        _text("window_closes"),
        _text("window_zone"),
        _whole("revision"),
        _text("due_kind", nullable=True),
        _whole("due_at_us", nullable=True),
        _text("held", nullable=True),
        _whole("retry_at_us", nullable=True),
        _whole("failures", server_default="0"),
        _text("lease_owner", nullable=True),
        _whole("lease_until_us", nullable=True),
        _whole("last_sequence", server_default="0"),
        sa.PrimaryKeyConstraint("bsnr"),
    )
    _index(
        "practice",
        "due",
        "due_kind",
        "due_at_us",
        "bsnr",
        only="due_at_us IS NOT NULL",
    )


def _channel() -> None:
    _table(
        "channel",
        _of_a_practice(),
        _text("role"),
        _text("id"),
        _text("kind"),
        _text("address"),
        _text("state"),
        _text("code_hash", nullable=True),
        _whole("code_issued_at_us", nullable=True),
        _whole("code_expires_at_us", nullable=True),
        _whole("locked_until_us", nullable=True),
        sa.Column("was_refused", FLAG, nullable=False),
        sa.PrimaryKeyConstraint("bsnr", "role"),
    )


def _notice() -> None:
    _table(
        "notice",
        _of_a_practice(),
        _text("appointment_id"),
        _whole("version"),
        _text("payload"),
        _whole("over_at_us"),
        _whole("recorded_at_us"),
        _whole("sequence", nullable=True),
        sa.Column("possibly_known", FLAG, nullable=False, server_default="0"),
        _text("attempt_id", nullable=True),
        sa.PrimaryKeyConstraint("bsnr", "appointment_id", "version"),
        with_rowid=True,
    )
    _index(
        "notice",
        "waiting",
        "bsnr",
        "sequence",
        only="sequence IS NOT NULL",
        unique=True,
    )
    _index("notice", "attempt", "attempt_id", only="attempt_id IS NOT NULL")
    _index("notice", "over", "over_at_us")


def _attempt() -> None:
    _table(
        "attempt",
        _text("id"),
        _of_a_practice(),
        _text("channel_id"),
        _text("kind"),
        _text("transport"),
        _text("worker"),
        _text("message_id"),
        _text("profile"),
        _whole("begun_at_us"),
        _whole("deadline_us"),
        _whole("lingers_us"),
        _text("outcome", nullable=True),
        _text("reason", nullable=True),
        _text("status", nullable=True),
        _whole("settled_at_us", nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    _index("attempt", "latest", "bsnr", "begun_at_us")
    _index("attempt", "begun", "deadline_us", only="outcome IS NULL")


def _what_outlives_a_practice() -> None:
    _table(
        "fingerprint",
        _text("practice_key"),
        _text("identity"),
        _text("content"),
        sa.PrimaryKeyConstraint("practice_key", "identity"),
    )
    _table(
        "reservation",
        _text("attempt_id"),
        _text("practice_key"),
        _whole("begun_us"),
        _whole("until_us"),
        _whole("settled_us", nullable=True),
        _text("state"),
        sa.PrimaryKeyConstraint("attempt_id"),
    )
    _index(
        "reservation", "lasting", "practice_key", "until_us", only="state <> 'freed'"
    )
    _table(
        "report",
        _text("attempt_id"),
        _text("verdict"),
        _whole("filed_at_us"),
        sa.PrimaryKeyConstraint("attempt_id", "verdict"),
    )
    _table(
        "tally",
        _text("key"),
        _whole("count"),
        _whole("opened_at_us"),
        _whole("resets_at_us"),
        sa.PrimaryKeyConstraint("key"),
    )
