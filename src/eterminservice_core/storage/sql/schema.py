"""
The tables, as this release's statements see them; the migrations make them.

Rules of this file:

1. Every instant is a whole number: microseconds since 1970 in UTC, so that borders are
   exact and compare alike in every database.  Its column ends in ``_us``.
2. What belongs to a practice has its BSNR and goes with it.  What must outlive a
   practice has only keyed hashes and no foreign key: `reservation`, `fingerprint`,
   `tally`.
3. Every name begins with ``eterminservice_``: an application may keep its own tables
   in the same database, so that a booking and its notice commit together.
4. The 24-hour rule (P1) is in the triggers of the first migration, not here: a
   `Table` has no words for it.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)


#: The migration this release works with: the last in ``storage/migrations/versions``.
REVISION: Final = "0001"
#: Where Alembic keeps it; an application's own Alembic has another table.
VERSION_TABLE: Final = "eterminservice_version"

metadata = MetaData()

# SQLite's STRICT tables know INTEGER and TEXT, and INTEGER has 64 bits there.
_WHOLE: Final = BigInteger().with_variant(Integer(), "sqlite")
_FLAG: Final = Boolean().with_variant(Integer(), "sqlite")


def _table(name: str, *items: Any, with_rowid: bool = False) -> Table:
    """
    A table whose types SQLite enforces: a text in a time's place would outrank it.
    """
    return Table(
        f"eterminservice_{name}",
        metadata,
        *items,
        sqlite_strict=True,
        sqlite_with_rowid=with_rowid,
    )


def _index(name: str, *columns: str, only: str = "", unique: bool = False) -> Index:
    where = text(only) if only else None
    return Index(
        f"eterminservice_{name}",
        *columns,
        unique=unique,
        sqlite_where=where,
        postgresql_where=where,
    )


def _instant(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, _WHOLE, nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _of_a_practice(*, is_key: bool = False) -> Column[str]:
    owner = ForeignKey("eterminservice_practice.bsnr", ondelete="CASCADE")
    return Column("bsnr", Text, owner, primary_key=is_key, nullable=False)


#: One row: whose keys made the hashes, and the latest instant the store has seen.
store = _table(
    "store",
    Column("id", Integer, primary_key=True, autoincrement=False),
    _text("key_check"),
    _instant("high_water_us", nullable=True),
    # How often a human said that the clock is right: only then may the mark fall.
    Column("accepted", _WHOLE, nullable=False, server_default="0"),
    CheckConstraint("id = 1", name="eterminservice_store_is_one"),
    with_rowid=True,
)

#: A practice: its profile, then its timetable.
practice = _table(
    "practice",
    Column("bsnr", Text, primary_key=True),
    _text("name"),
    _text("practice_group"),
    *(
        _text(f"{contact}_{entry}", nullable=entry != "phone")
        for contact in ("master", "public", "notification")
        for entry in ("email", "fax", "phone")
    ),
    _text("window_opens"),
    _text("window_closes"),
    _text("window_zone"),
    Column("revision", _WHOLE, nullable=False),
    # The kind of the active channel, kept here so that one index answers "who is due".
    _text("due_kind", nullable=True),
    _instant("due_at_us", nullable=True),
    _text("held", nullable=True),
    _instant("retry_at_us", nullable=True),
    Column("failures", _WHOLE, nullable=False, server_default="0"),
    # A lease is not a moved due_at, or recording would pull it back.
    _text("lease_owner", nullable=True),
    _instant("lease_until_us", nullable=True),
    Column("last_sequence", _WHOLE, nullable=False, server_default="0"),
    _index(
        "practice_due", "due_kind", "due_at_us", "bsnr", only="due_at_us IS NOT NULL"
    ),
)

#: The channels a practice has: at most one for each role, often the same in both.
channel = _table(
    "channel",
    _of_a_practice(is_key=True),
    Column("role", Text, primary_key=True),
    _text("id"),
    _text("kind"),
    _text("address"),
    _text("state"),
    _text("code_hash", nullable=True),
    _instant("code_issued_at_us", nullable=True),
    _instant("code_expires_at_us", nullable=True),
    _instant("locked_until_us", nullable=True),
    Column("was_refused", _FLAG, nullable=False),
)

#: A notice: it waits while it has a sequence, and was told when it has none.
notice = _table(
    "notice",
    _of_a_practice(is_key=True),
    Column("appointment_id", Text, primary_key=True),
    Column("version", _WHOLE, primary_key=True),
    _text("payload"),
    # When its appointment is over, which is all that retention asks.
    _instant("over_at_us"),
    _instant("recorded_at_us"),
    Column("sequence", _WHOLE, nullable=True),
    Column("possibly_known", _FLAG, nullable=False, server_default="0"),
    # The latest attempt that carried it.
    _text("attempt_id", nullable=True),
    _index(
        "notice_waiting",
        "bsnr",
        "sequence",
        only="sequence IS NOT NULL",
        unique=True,
    ),
    _index("notice_attempt", "attempt_id", only="attempt_id IS NOT NULL"),
    _index("notice_over", "over_at_us"),
    with_rowid=True,
)

#: That a notice was recorded, beyond its erasure: which one, and its content, as hash.
fingerprint = _table(
    "fingerprint",
    Column("practice_key", Text, primary_key=True),
    Column("identity", Text, primary_key=True),
    _text("content"),
)

#: One call of `deliver`.
attempt = _table(
    "attempt",
    Column("id", Text, primary_key=True),
    _of_a_practice(),
    _text("channel_id"),
    _text("kind"),
    _text("transport"),
    _text("worker"),
    _text("message_id"),
    _text("profile"),
    _instant("begun_at_us"),
    _instant("deadline_us"),
    Column("lingers_us", _WHOLE, nullable=False),
    _text("outcome", nullable=True),
    _text("reason", nullable=True),
    _text("status", nullable=True),
    _instant("settled_at_us", nullable=True),
    _index("attempt_latest", "bsnr", "begun_at_us"),
    _index("attempt_begun", "deadline_us", only="outcome IS NULL"),
)

#: What an attempt reserves of its practice's time (P1).
reservation = _table(
    "reservation",
    Column("attempt_id", Text, primary_key=True),
    _text("practice_key"),
    _instant("begun_us"),
    _instant("until_us"),
    _instant("settled_us", nullable=True),
    _text("state"),
    _index("reservation_lasting", "practice_key", "until_us", only="state <> 'freed'"),
)

#: What was said of an attempt later; also of one that nobody knows.
report = _table(
    "report",
    Column("attempt_id", Text, primary_key=True),
    Column("verdict", Text, primary_key=True),
    _instant("filed_at_us"),
)

#: A count that is capped; its key is a hash made by whoever counts.
tally = _table(
    "tally",
    Column("key", Text, primary_key=True),
    Column("count", _WHOLE, nullable=False),
    _instant("opened_at_us"),
    _instant("resets_at_us"),
)
