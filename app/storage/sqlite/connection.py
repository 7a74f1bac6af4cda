"""The connections to SQLite: one for each thread, short transactions, and errors of the database as errors of the house."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.domain.errors import Conflict, StoreUnavailable
from app.storage.shared import NamedRows
from app.storage.statements import sql

SOUND_WAL = (3, 51, 3)  # versions before it may lose what a WAL reset and a checkpoint do at once
BUSY_SECONDS = 5.0
COMMIT_SECONDS = 60.0
PAGE_BYTES = 16 * 1024
CACHE_KIB = 64 * 1024
IMPORT_CACHE_KIB = 256 * 1024  # a smaller cache spills in the middle of a write and locks readers out
SORT_CACHE_KIB = 16 * 1024  # SQLite sorts in pieces of this size: in the processor's cache it is a quarter quicker


class _Connection(sqlite3.Connection):
    """A connection that can be referred to weakly, so that `close` reaches the connections of all threads."""


class Connected(NamedRows):
    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._local = threading.local()
        self._open: weakref.WeakSet[_Connection] = weakref.WeakSet()
        self._process = os.getpid()

    @property
    def connection(self) -> sqlite3.Connection:
        """Returns this thread's connection. Handles do not survive a fork, so a child opens its own."""
        if self._process != os.getpid():
            self._local, self._open, self._process = threading.local(), weakref.WeakSet(), os.getpid()
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
        elif _number_of(self.path) != self._local.file:
            raise StoreUnavailable(f"{self.path.name} is not there any more, or is another file")
        return connection

    def _connect(self) -> sqlite3.Connection:
        try:
            self._local.file = _number_of(self.path)
            connection = sqlite3.connect(
                f"{self.path.resolve().as_uri()}?mode=rw",  # a file that went away is not begun anew
                uri=True,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                factory=_Connection,
                cached_statements=256,
            )
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # counts for a new file only
            mode = "WAL" if sqlite3.sqlite_version_info >= SOUND_WAL else "TRUNCATE"
            connection.execute(f"PRAGMA journal_mode = {mode}")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            connection.create_function("fold", 1, lambda text: text.casefold(), deterministic=True)
        except (sqlite3.Error, OSError) as error:
            raise StoreUnavailable(f"{self.path.name} can't be opened: {error}") from error
        self._open.add(connection)
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Opens a write transaction, or joins the one that this thread is in already (`together`)."""
        connection = self.connection
        if connection.in_transaction:
            yield connection
            return
        with self._errors():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                _commit(connection)
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def select(self, noun: str, verb: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """Returns a short answer whole: a half-read one would keep a writer from committing."""
        with self._errors():
            return self.connection.execute(sql(noun, verb), parameters).fetchall()

    def named_rows(self, noun: str, verb: str, **parameters: Any) -> list[dict[str, Any]]:
        with self._errors():
            cursor = self.connection.execute(sql(noun, verb), parameters)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def use_cache(self, kib: int) -> None:
        if getattr(self._local, "cache", CACHE_KIB) != kib:
            self.connection.execute(f"PRAGMA cache_size = -{kib}")
            self._local.cache = kib

    @contextmanager
    def without_spilling(self) -> Iterator[None]:
        """Lets a cache that is too small for a transaction grow, instead of locking readers out."""
        self.connection.execute("PRAGMA cache_spill = OFF")
        try:
            yield
        finally:
            self.connection.execute("PRAGMA cache_spill = ON")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError as error:
            raise Conflict(f"the ledger refuses the write: {error}") from error
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the database does not answer: {error}") from error

    def close(self) -> None:
        for connection in list(self._open):
            connection.close()
        self._local = threading.local()


def _number_of(path: Path) -> int:
    """Returns the number of a file, which a file that takes its place does not have; 0 where there is none."""
    try:
        return os.stat(path).st_ino  # noqa: PTH116 - asked before every statement
    except OSError:
        return 0


def _commit(connection: sqlite3.Connection) -> None:
    """Commits. A reader in the middle of a block can hold a commit up; the transaction stays, so the commit is tried again."""
    give_up = time.monotonic() + COMMIT_SECONDS
    while True:
        try:
            connection.execute("COMMIT")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or time.monotonic() > give_up:
                raise
            time.sleep(0.01)
