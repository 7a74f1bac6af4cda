"""The local file in which a sync keeps what it read until it is known what to do with it."""

from __future__ import annotations

import marshal
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.domain.errors import Conflict
from app.domain.identity_spelling import Identifier
from app.ports.staging import StagedRecord


class StagingFile:
    """Payloads of new and changed records by their number in the roster, and spilled chunks of changes. It has no journal and is
    not synced to disk."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._path = path
        self._db = sqlite3.connect(path, isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            "PRAGMA locking_mode = EXCLUSIVE",
            "PRAGMA cache_size = -131072",
            "CREATE TABLE record (number INTEGER PRIMARY KEY, key TEXT NOT NULL, payload TEXT NOT NULL, row BLOB NOT NULL)",
            "CREATE TABLE identifier (text TEXT NOT NULL, number INTEGER NOT NULL)",
            "CREATE TABLE chunk (number INTEGER PRIMARY KEY, body BLOB NOT NULL)",
            "BEGIN",
        ):
            self._db.execute(statement)

    def put(self, rows: Sequence[StagedRecord]) -> None:
        staged = ((number, key, payload, marshal.dumps(row)) for number, key, payload, row in rows)
        self._db.executemany("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?)", staged)

    def records(self) -> Iterator[StagedRecord]:
        for number, key, payload, row in self._db.execute("SELECT number, key, payload, row FROM record ORDER BY key"):
            yield number, key, payload, marshal.loads(row)  # noqa: S302 - written by this process

    def payloads(self, numbers: Sequence[int]) -> dict[int, str]:
        bodies: dict[int, str] = {}
        for start in range(0, len(numbers), 500):
            part = numbers[start : start + 500]
            marks = ",".join("?" * len(part))
            statement = f"SELECT number, payload FROM record WHERE number IN ({marks})"  # noqa: S608 - only question marks go in
            bodies.update(self._db.execute(statement, part))
        return bodies

    def put_identifiers(self, rows: Iterable[tuple[Identifier, int]]) -> None:
        self._db.executemany("INSERT INTO identifier VALUES (?, ?)", ((f"{kind}\n{value}", n) for (kind, value), n in rows))

    def index_identifiers(self) -> None:
        self._db.execute("CREATE INDEX identifier_text ON identifier (text)")

    def holders(self, identifiers: Sequence[Identifier]) -> dict[Identifier, list[int]]:
        """Returns the numbers of staged records that hold an identifier."""
        numbers: dict[Identifier, list[int]] = {}
        for start in range(0, len(identifiers), 500):
            part = [f"{kind}\n{value}" for kind, value in identifiers[start : start + 500]]
            marks = ",".join("?" * len(part))
            statement = f"SELECT text, number FROM identifier WHERE text IN ({marks})"  # noqa: S608 - only question marks go in
            for text, number in self._db.execute(statement, part):
                kind, _, value = text.partition("\n")
                numbers.setdefault((kind, value), []).append(number)
        return numbers

    def spill(self, chunk: Any) -> None:
        self._db.execute("INSERT INTO chunk (body) VALUES (?)", (marshal.dumps(chunk),))

    def spilled(self) -> Iterator[Any]:
        for (body,) in self._db.execute("SELECT body FROM chunk ORDER BY number"):
            yield marshal.loads(body)  # noqa: S302 - written by this process

    def close(self) -> None:
        self._db.close()
        self._path.unlink(missing_ok=True)


class OneAtATime:
    """A lock that is held while a sync runs on this machine; the operating system frees it when the process dies."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "sync.lock", isolation_level=None, timeout=0)

    def __enter__(self) -> OneAtATime:
        try:
            self._db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self._db.close()
            raise Conflict("another sync is running in this staging folder", reason=str(error)) from error
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(sqlite3.OperationalError):
            self._db.execute("ROLLBACK")
        self._db.close()
