"""The connection to Neo4j: a driver made when first needed and once a process, managed transactions, and errors of the database
as errors of the house."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import neo4j
from neo4j.exceptions import ConstraintError, DriverError, IncompleteCommit, Neo4jError

from app.domain.errors import Conflict, StoreUnavailable
from app.storage.shared import NamedRows
from app.storage.statements import cypher

ACQUISITION_SECONDS = 5.0
RETRY_SECONDS = 10.0
TRANSACTION_SECONDS = 120.0
SCHEMA_SECONDS = 600.0
FETCH_ROWS = 5_000

Transaction = neo4j.ManagedTransaction | neo4j.Transaction
Rows = list[dict[str, Any]]
T = TypeVar("T")


class Neo4jConnected(NamedRows):
    def __init__(self, uri: str, auth: tuple[str, str] | None, database: str = "neo4j") -> None:
        self._uri, self._auth, self._database = uri, auth, database
        self._lock = threading.Lock()
        self._local = threading.local()
        self._driver: neo4j.Driver | None = None
        self._process = 0

    @property
    def driver(self) -> neo4j.Driver:
        """Returns the driver of this process. Sockets do not survive a fork, so a child makes its own."""
        with self._lock:
            if self._driver is None or self._process != os.getpid():
                self._process = os.getpid()
                self._bookmarks = (
                    neo4j.GraphDatabase.bookmark_manager()
                )  # so that this process reads what it wrote, on a cluster too
                self._driver = neo4j.GraphDatabase.driver(
                    self._uri,
                    auth=self._auth,
                    connection_acquisition_timeout=ACQUISITION_SECONDS,
                    max_transaction_retry_time=RETRY_SECONDS,
                    notifications_min_severity="OFF",
                    user_agent="forestay",
                )
            return self._driver

    def session(self) -> neo4j.Session:
        driver = self.driver
        return driver.session(database=self._database, fetch_size=FETCH_ROWS, bookmark_manager=self._bookmarks)

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Runs `work` in a read transaction, or in the unit of work this thread is in (`together`). It may be run again."""
        return self._run(work, "execute_read")

    def write_in(self, work: Callable[[Transaction], T]) -> T:
        """Runs `work` in a write transaction, or in the unit of work this thread is in. It may be run again, so it must be
        idempotent."""
        return self._run(work, "execute_write")

    def _run(self, work: Callable[[Transaction], T], kind: str) -> T:
        joined: Transaction | None = getattr(self._local, "transaction", None)
        with errors():
            if joined is not None:
                return work(joined)
            with self.session() as session:
                timed = neo4j.unit_of_work(timeout=TRANSACTION_SECONDS)(work)
                return getattr(session, kind)(timed)  # type: ignore[no-any-return]

    def select(self, noun: str, verb: str, **parameters: Any) -> Rows:
        return self.read(lambda transaction: rows(transaction, cypher(noun, verb), parameters))

    def named_rows(self, noun: str, verb: str, **parameters: Any) -> Rows:
        return self.select(noun, verb, **parameters)

    def run_alone(self, statement: str) -> None:
        """Runs a schema statement in a transaction of its own; run again, it changes nothing."""
        with errors(), self.session() as session:
            session.run(neo4j.Query(statement, timeout=SCHEMA_SECONDS)).consume()

    @property
    def in_unit(self) -> bool:
        """Whether this thread is in a unit of work."""
        return getattr(self._local, "transaction", None) is not None

    @contextmanager
    def together(self) -> Iterator[None]:
        """Makes all reads and writes of this thread one unit of work. It is not run again: a deadlock or a lost connection raises
        StoreUnavailable."""
        if self.in_unit:
            yield
            return
        with errors(), self.session() as session, session.begin_transaction(timeout=TRANSACTION_SECONDS) as transaction:
            self._local.transaction = transaction
            try:
                yield
                transaction.commit()
            finally:
                self._local.transaction = None

    def close(self) -> None:
        with self._lock:
            if self._driver is not None and self._process == os.getpid():
                self._driver.close()
            self._driver = None


def rows(transaction: Transaction, statement: str, parameters: Mapping[str, Any]) -> Rows:
    return transaction.run(statement, parameters).data()  # type: ignore[arg-type]


def count(transaction: Transaction, statement: str, parameters: Mapping[str, Any]) -> int:
    return int(rows(transaction, statement, parameters)[0]["count"])


@contextmanager
def errors() -> Iterator[None]:
    try:
        yield
    except ConstraintError as error:
        raise Conflict(f"the ledger refuses the write: {error.message}") from error
    except IncompleteCommit as error:
        raise StoreUnavailable("the connection broke in a commit: whether it was written is unknown", unknown=True) from error
    except (Neo4jError, DriverError) as error:
        raise StoreUnavailable(f"the database does not answer: {error}") from error
