"""
Statements in one transaction, and what becomes of the database's refusals.

No error of the database or its driver leaves this package: their texts may quote a
value, so they are neither passed on nor kept as the cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from attrs import define
from sqlalchemy import Connection, CursorResult, Executable, Row
from sqlalchemy.exc import DBAPIError, IntegrityError, TimeoutError as PoolTimeoutError

from ...domain.errors import ConflictError, StoreUnavailableError
from .instants import from_us
from .sqlite import NOW


AnswerT = TypeVar("AnswerT")


@contextmanager
def translated() -> Iterator[None]:
    """
    Turn what the database raises into errors of this library.

    Raises:
        ConflictError: The schema refused a change.
        StoreUnavailableError: The database does not answer, or not in time.
    """
    try:
        yield
    except IntegrityError as error:
        problem = f"the database refused a change: {_refusal(error)}"
        raise ConflictError(problem) from None
    except DBAPIError as error:
        problem = f"the store does not answer ({_code(error)}); try again later"
        raise StoreUnavailableError(problem) from None
    except PoolTimeoutError:
        problem = "all connections to the store are in use; try again later"
        raise StoreUnavailableError(problem) from None


def _refusal(error: IntegrityError) -> str:
    """
    What a trigger of ours says, which quotes nothing; of anything else only the code.
    """
    code = _code(error)
    return str(error.orig) if code == "SQLITE_CONSTRAINT_TRIGGER" else code


def _code(error: DBAPIError) -> str:
    """
    The database's own word for it, such as ``SQLITE_BUSY``; never its sentence.
    """
    return getattr(error.orig, "sqlite_errorname", type(error.orig).__name__)


@define
class UnitOfWork:
    """
    Runs statements in one open transaction.

    Attributes:
        connection: With the transaction.
        has_failed: The database did not answer once.  SQLite may have rolled back by
            itself then, and what comes after would be committed alone.
    """

    connection: Connection
    has_failed: bool = False

    def rows(self, statement: Executable, **values: Any) -> Sequence[Row[Any]]:
        """
        Run a statement and fetch all that it answers.
        """
        return self._run(statement, values, lambda result: result.all())

    def row(self, statement: Executable, **values: Any) -> Row[Any] | None:
        """
        Run a statement and fetch the one row it answers, if any.
        """
        return self._run(statement, values, lambda result: result.one_or_none())

    def write(self, statement: Executable, **values: Any) -> int:
        """
        Run a statement that answers nothing.

        Returns:
            How many rows it changed.
        """
        return self._run(statement, values, lambda result: result.rowcount)

    def write_all(
        self, statement: Executable, many: Sequence[Mapping[str, Any]]
    ) -> None:
        """
        Run a statement that answers nothing once for each of these.
        """
        if many:
            self._run(statement, many, lambda _: None)

    def now(self) -> datetime:
        """
        The store's clock, asked by the database.
        """
        with self._noting_failure():
            now_us: int = self.connection.exec_driver_sql(NOW).scalar_one()
        return from_us(now_us)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """
        Several statements of which all count or none; the transaction goes on.
        """
        with self._noting_failure(), self.connection.begin_nested():
            yield

    def _run(
        self,
        statement: Executable,
        values: Any,
        fetch: Callable[[CursorResult[Any]], AnswerT],
    ) -> AnswerT:
        with self._noting_failure():
            return fetch(self.connection.execute(statement, values))

    @contextmanager
    def _noting_failure(self) -> Iterator[None]:
        self.require_alive()
        try:
            with translated():
                yield
        except StoreUnavailableError:
            self.has_failed = True
            raise

    def require_alive(self) -> None:
        """
        Refuse to go on after a failure.

        Raises:
            StoreUnavailableError: There was one in this transaction.
        """
        if self.has_failed:
            problem = "this transaction failed before; open another one"
            raise StoreUnavailableError(problem)
