"""The mirror: the raw rows of a source as last applied, in one local SQLite file, so that the next run needs only what changed.

A record's position is the number of its row times 2^16, plus its place among the records of that row. While a source is read for
the first time nothing guards the file (it is thrown away if the run fails); afterwards it changes in one transaction, when a run
was applied.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from app.domain.texts import marked

Row = tuple[str, str, Any]  # key, stamp ("" where the source has none), body (plain JSON)
Stored = tuple[int, str, str, bytes]  # number, list, key, body
SHIFT = 16
MARK = b""  # the body of a row that an earlier list holds as well
FORM = 1
Damaged = sqlite3.DatabaseError
_TABLES = (
    "CREATE TABLE list (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL)",
    "CREATE TABLE raw (number INTEGER PRIMARY KEY, list INTEGER NOT NULL, key TEXT NOT NULL, stamp TEXT NOT NULL, "
    "body BLOB NOT NULL)",
    "CREATE UNIQUE INDEX raw_key ON raw (list, key)",
    "CREATE TABLE open (kind TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (kind, position)) WITHOUT ROWID",
    "CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)
_encode = msgspec.json.Encoder(order="deterministic").encode
decode = msgspec.json.Decoder().decode


@dataclass(slots=True)
class Pending:
    """What changed in one list since the mirror: rows to put by key, keys that went, and how far the list was read."""

    put: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # key -> stamp, body
    new: set[str] = field(default_factory=set)  # keys in `put` that the mirror does not have
    gone: set[str] = field(default_factory=set)
    stamp: str = ""


@dataclass(slots=True)
class Counts:
    """By kind of record: how many the rows give, and how many of them the mapping leaves out, by reason."""

    given: dict[str, int] = field(default_factory=dict)
    ignored: dict[str, dict[str, int]] = field(default_factory=dict)

    def give(self, kind: str, number: int = 1) -> None:
        self.given[kind] = self.given.get(kind, 0) + number

    def ignore(self, kind: str, reason: str, number: int = 1) -> None:
        reasons = self.ignored.setdefault(kind, {})
        reasons[reason] = reasons.get(reason, 0) + number
        if not reasons[reason]:
            del reasons[reason]

    def copy(self) -> Counts:
        return Counts(dict(self.given), {kind: dict(reasons) for kind, reasons in self.ignored.items()})


class Mirror:
    def __init__(self, path: Path, fresh: bool = False) -> None:
        self.path = path
        if fresh:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA cache_size = -65536")
        self._db.execute(f"PRAGMA journal_mode = {'OFF' if fresh else 'TRUNCATE'}")
        self._db.execute(f"PRAGMA synchronous = {'OFF' if fresh else 'FULL'}")
        if fresh:
            for statement in _TABLES:
                self._db.execute(statement)
            self._db.execute("BEGIN")
        self._lists: dict[str, int] = dict(self._db.execute("SELECT name, number FROM list"))
        self._names = {number: name for name, number in self._lists.items()}
        self._counted: dict[str, int] = {}  # rows by list, until rows change

    def close(self) -> None:
        self._db.close()

    def drop(self) -> None:
        self.close()
        self.path.unlink(missing_ok=True)

    # --- rows
    def put(self, name: str, rows: Iterable[tuple[str, str, bytes]]) -> None:
        """Writes key, stamp and encoded body; a key that is there already gets the new body and keeps its number."""
        number = self._list(name)
        self._counted.clear()
        self._db.executemany(
            "INSERT INTO raw (list, key, stamp, body) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (list, key) DO UPDATE SET stamp = excluded.stamp, body = excluded.body",
            ((number, key, stamp, body) for key, stamp, body in rows),
        )

    def rows(self, names: Sequence[str]) -> Iterator[Stored]:
        for name in names:
            number = self._lists.get(name)
            cursor = self._db.execute("SELECT number, key, body FROM raw WHERE list = ? ORDER BY number", (number,))
            cursor.arraysize = 5_000
            for row, key, body in cursor:
                yield row, name, key, body

    def find(self, name: str, keys: Collection[str]) -> dict[str, tuple[int, bytes]]:
        """Returns number and body of those of the named keys that are there."""
        rows: dict[str, tuple[int, bytes]] = {}
        for part in _parts(keys):
            # S608 (a statement put together from texts): only question marks are
            statement = f"SELECT key, number, body FROM raw WHERE list = ? AND key IN ({_marks(part)})"  # noqa: S608
            for key, number, body in self._db.execute(statement, (self._lists.get(name), *part)):
                rows[key] = (number, body)
        return rows

    def holds(self, names: Sequence[str], keys: Collection[str]) -> set[str]:
        """Returns which of these keys any of some lists has."""
        held: set[str] = set()
        for name in names:
            for part in _parts(keys):
                statement = f"SELECT key FROM raw WHERE list = ? AND key IN ({_marks(part)})"  # noqa: S608 - only question marks
                held.update(key for (key,) in self._db.execute(statement, (self._lists.get(name), *part)))
        return held

    def at(self, number: int) -> Stored | None:
        row = self._db.execute("SELECT number, list, key, body FROM raw WHERE number = ?", (number,)).fetchone()
        return None if row is None else (row[0], self._names[row[1]], row[2], row[3])

    def count(self, name: str) -> int:
        if name not in self._counted:
            row = self._db.execute("SELECT count(*) FROM raw WHERE list = ?", (self._lists.get(name),)).fetchone()
            self._counted[name] = int(row[0])
        return self._counted[name]

    def edges(self, name: str, step: int) -> list[str]:
        """Returns every key whose place is a multiple of `step`, in order; this takes a tenth of the time of all keys."""
        statement = "SELECT key FROM raw WHERE list = ? AND key > ? ORDER BY key LIMIT 1 OFFSET ?"
        keys: list[str] = []
        while row := self._db.execute(statement, (self._lists.get(name), keys[-1] if keys else "", step - 1)).fetchone():
            keys.append(row[0])
        return keys

    def keys(self, name: str, after: str = "", upto: str = "") -> list[str]:
        """Returns the keys with after < key <= upto, in order; an empty `upto` sets no end."""
        bound = " AND key <= ?" if upto else ""
        statement = f"SELECT key FROM raw WHERE list = ? AND key > ?{bound} ORDER BY key"  # noqa: S608 - fixed texts
        return [key for (key,) in self._db.execute(statement, (self._lists.get(name), after, *([upto] if upto else [])))]

    def stamp(self, name: str) -> str:
        row = self._db.execute("SELECT stamp FROM list WHERE name = ?", (name,)).fetchone()
        return "" if row is None else str(row[0])

    def set_stamp(self, name: str, stamp: str) -> None:
        self._db.execute("UPDATE list SET stamp = ? WHERE number = ?", (stamp, self._list(name)))

    def next_number(self) -> int:
        return int(self._db.execute("SELECT coalesce(max(number), 0) + 1 FROM raw").fetchone()[0])

    # --- what is known of the run that was applied
    def fact(self, name: str) -> str:
        row = self._db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return "" if row is None else str(row[0])

    def set_facts(self, facts: Mapping[str, str]) -> None:
        self._db.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", facts.items())

    def counts(self) -> Counts:
        return Counts(json.loads(self.fact("given") or "{}"), json.loads(self.fact("ignored") or "{}"))

    def open(self, kind: str) -> list[int]:
        """Returns the positions of records that were not plainly accepted."""
        return [
            position for (position,) in self._db.execute("SELECT position FROM open WHERE kind = ? ORDER BY position", (kind,))
        ]

    # --- changing
    def seal(self, target: Path, facts: Mapping[str, str], counts: Counts, not_plain: Mapping[str, Collection[int]]) -> None:
        """Closes a fresh mirror and makes it the one that holds from now on."""
        self._note(facts, counts, not_plain)
        self._db.execute("COMMIT")
        self.close()
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
        self.path.replace(target)

    def apply(self, pending: Mapping[str, Pending], numbers: Mapping[tuple[str, str], int]) -> None:
        """Puts and removes rows. `numbers`: the numbers of new rows, by list and key, where they were given already."""
        for name, part in pending.items():
            number = self._list(name)
            self._counted.clear()
            self._db.executemany("DELETE FROM raw WHERE list = ? AND key = ?", ((number, key) for key in sorted(part.gone)))
            known = [(key, *value) for key, value in part.put.items() if (name, key) not in numbers]
            self.put(name, known)
            self._db.executemany(
                "INSERT INTO raw (number, list, key, stamp, body) VALUES (?, ?, ?, ?, ?)",
                ((numbers[name, key], number, key, *value) for key, value in part.put.items() if (name, key) in numbers),
            )
            self.set_stamp(name, part.stamp)

    def advance(
        self, pending: Mapping[str, Pending], numbers: Mapping[tuple[str, str], int], facts: Mapping[str, str], counts: Counts,
        not_plain: Mapping[str, Collection[int]],
    ) -> None:  # fmt: skip
        """Takes over what changed, all at once or not at all. Every record that was open was looked at again, so `not_plain`
        replaces the old list."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self.apply(pending, numbers)
            for kind in not_plain:
                self._db.execute("DELETE FROM open WHERE kind = ?", (kind,))
            self._note(facts, counts, not_plain)
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise

    def _note(self, facts: Mapping[str, str], counts: Counts, not_plain: Mapping[str, Collection[int]]) -> None:
        self.set_facts({**facts, "given": json.dumps(counts.given), "ignored": json.dumps(counts.ignored)})
        for kind, positions in not_plain.items():
            self._db.executemany("INSERT OR IGNORE INTO open VALUES (?, ?)", ((kind, position) for position in positions))

    def _list(self, name: str) -> int:
        if name not in self._lists:
            self._db.execute("INSERT INTO list (name, stamp) VALUES (?, '')", (name,))
            self._lists[name] = int(self._db.execute("SELECT number FROM list WHERE name = ?", (name,)).fetchone()[0])
            self._names[self._lists[name]] = name
        return self._lists[name]


def known_rows(path: Path, names: Sequence[str]) -> dict[str, int]:
    """Returns how many rows of each list the mirror at a path holds; empty where there is no mirror."""
    if not path.is_file():
        return {}
    try:
        mirror = Mirror(path)
        try:
            return {name: mirror.count(name) for name in names}
        finally:
            mirror.close()
    except Damaged:
        return {}


def encoded(body: Any) -> bytes:
    """Returns a body as it is kept: JSON with its keys in order, so that equal rows are equal texts. Half a character is marked,
    so that it costs its record and not the run."""
    try:
        text: bytes = _encode(body)
    except UnicodeEncodeError:
        text = _encode(_marked(body))
    return text


def _marked(value: Any) -> Any:
    if isinstance(value, str):
        return marked(value)
    if isinstance(value, Mapping):
        return {marked(str(name)): _marked(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_marked(part) for part in value]
    return value


def _parts(keys: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(keys)
    for start in range(0, len(ordered), 500):
        yield ordered[start : start + 500]


def _marks(part: Sequence[str]) -> str:
    return ",".join("?" * len(part))
