"""
The store in a database, and its transactions.

It passes the same `StoreContract` as the store in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from attrs import define
from sqlalchemy import Connection, Engine, and_, bindparam, delete, select

from ...domain.errors import NotFoundError
from ...domain.identifiers import BSNR
from ...domain.keys import Keys
from . import schema
from .attempts import Attempts
from .instants import to_us
from .sqlite import lend_clock, require_ready, require_sqlite
from .unit_of_work import UnitOfWork, translated
from .upgrading import require_fit


_attempt, _notice = schema.attempt, schema.notice
_report, _reservation, _tally = schema.report, schema.reservation, schema.tally

_ERASE = delete(schema.practice).where(schema.practice.c.bsnr == bindparam("of"))
_ERASE_REPORTS = delete(_report).where(
    _report.c.attempt_id.in_(
        select(_attempt.c.id).where(_attempt.c.bsnr == bindparam("of"))
    )
)

_FORGET_NOTICES = delete(_notice).where(_notice.c.over_at_us < bindparam("before_us"))
_FORGET_ATTEMPTS = delete(_attempt).where(
    _attempt.c.settled_at_us < bindparam("before_us"),
    ~select(_notice.c.bsnr).where(_notice.c.attempt_id == _attempt.c.id).exists(),
)
_FORGET_REPORTS = delete(_report).where(
    _report.c.filed_at_us < bindparam("before_us"),
    ~select(_attempt.c.id).where(_attempt.c.id == _report.c.attempt_id).exists(),
)
# Whoever recovers an attempt must still find what it reserved.
_FORGET_RESERVATIONS = delete(_reservation).where(
    _reservation.c.until_us < bindparam("before_us"),
    ~select(_attempt.c.id)
    .where(
        and_(
            _attempt.c.id == _reservation.c.attempt_id,
            _attempt.c.outcome.is_(None),
        )
    )
    .exists(),
)
_FORGET_TALLIES = delete(_tally).where(_tally.c.resets_at_us < bindparam("before_us"))


def _wall_clock() -> datetime:
    return datetime.now(UTC)


class SqlStore:
    """
    A store in a SQLite file, for any number of threads and processes of one machine.

    Args:
        engine: Made by `sqlite_engine`, its database prepared by `upgrade`.
        keys: The secrets the store was made with.
        clock: The store's own clock; the machine's by default.

    Raises:
        ConfigurationError: The engine was not made as `sqlite_engine` makes them.
        SchemaMismatchError: The database is empty, or of another release.
        WrongKeyError: The store was made with other keys.
        StoreUnavailableError: The database does not answer, or not in time.
    """

    def __init__(
        self,
        engine: Engine,
        keys: Keys,
        *,
        clock: Callable[[], datetime] = _wall_clock,
    ) -> None:
        require_sqlite(engine)
        self._engine = engine
        self._keys = keys
        self._clock = clock
        with translated(), engine.begin() as connection:
            require_ready(connection)
            require_fit(connection, keys)

    @property
    def engine(self) -> Engine:
        """
        The engine, for an application that keeps its own tables in the same database.
        """
        return self._engine

    @property
    def keys(self) -> Keys:
        """
        The secrets its hashes are made with.
        """
        return self._keys

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        """
        Open a unit of work; an exception rolls all of it back.

        Raises:
            StoreUnavailableError: The database does not answer, or not in time.
        """
        with translated():
            connection = self._engine.connect()
        with connection:  # its end rolls back what was not committed
            with translated():
                transaction = connection.begin()
            work = self._work(connection)
            yield SqlTransaction(work, self._keys)
            work.require_alive()
            with translated():
                transaction.commit()

    def within(self, connection: Connection) -> SqlTransaction:
        """
        Join the caller's own transaction, so that both commit together, or neither.

            with engine.begin() as connection:
                connection.execute(...)               # the application's own tables
                service.record_all([booking], within=store.within(connection))

        Args:
            connection: With an open transaction, on the same database, of an engine
                made by `sqlite_engine`.

        Raises:
            InvalidValueError: No transaction is open on it.
            ConfigurationError: It is of another kind of engine, or another database.
        """
        require_ready(connection)
        with translated():
            require_fit(connection, self._keys)
        return SqlTransaction(self._work(connection), self._keys)

    def _work(self, connection: Connection) -> UnitOfWork:
        lend_clock(connection, self._clock)
        return UnitOfWork(connection)

    def close(self) -> None:
        """
        Close the connections that are not in use; they open again when needed.
        """
        self._engine.dispose()


@define
class SqlTransaction(Attempts):
    """
    One unit of work on a `SqlStore`; the parts stand one on the other.
    """

    def erase(self, bsnr: BSNR) -> None:
        """
        Forget a practice with all it has; keyed hashes and reservations stay.
        """
        self._work.write(_ERASE_REPORTS, of=str(bsnr))
        if not self._work.write(_ERASE, of=str(bsnr)):
            raise NotFoundError("practice", str(bsnr))

    def forget(self, before: datetime) -> int:
        """
        Erase notices of appointments, and attempts, that were over before an instant.
        """
        before_us = to_us(before)
        forgotten = self._work.write(_FORGET_NOTICES, before_us=before_us)
        self._work.write(_FORGET_ATTEMPTS, before_us=before_us)
        self._work.write(_FORGET_REPORTS, before_us=before_us)
        self._work.write(_FORGET_TALLIES, before_us=before_us)
        seen = self.high_water()
        if seen is not None:
            self._work.write(
                _FORGET_RESERVATIONS, before_us=min(before_us, to_us(seen))
            )
        return forgotten
