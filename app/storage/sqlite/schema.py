"""Makes the schema, or brings it up to date, when the store is opened. Each step is one transaction, so a kill leaves a whole
version."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime

from app.domain.errors import StoreUnavailable
from app.storage.sqlite.connection import Connected
from app.storage.statements import SQL_FOLDER, sql
from app.storage.times import time_text

APPLICATION_ID = 0x466F7273  # "Fors": tells our file from another SQLite file


def statements_of(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def migrate(store: Connected) -> None:
    steps = sorted(path.stem for path in (SQL_FOLDER / "sqlite_only" / "schema").glob("[0-9]*.sql"))
    while (version := _version(store)) < len(steps):
        with store.transaction() as connection:
            if _version(store) != version:
                continue  # another process was quicker
            _take_step(store, connection, version, steps[version])
            if version == 0:
                connection.execute(sql("sqlite_only/revision", "first"), (time_text(datetime.now(UTC)),))
                connection.execute(sql("sqlite_only/revision", "first_pointer"))
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {version + 1}")
    if version > len(steps):
        raise StoreUnavailable(
            f"{store.path.name} was written by a newer version: its schema is {version}, this one knows {len(steps)}"
        )


def _take_step(store: Connected, connection: sqlite3.Connection, version: int, step: str) -> None:
    try:
        for statement in statements_of(sql("sqlite_only/schema", step)):
            connection.execute(statement)
    except sqlite3.OperationalError as error:
        if not any(word in str(error) for word in ("duplicate column", "already exists", "no such")):
            raise
        raise StoreUnavailable(
            f"{store.path} says that its schema is {version}, but its tables are not those of that version ({error}): it was "
            "put together from two files, or its number was changed. Nothing was written. Move it away and fill a new one "
            "from the latest backup: forestay restore FILE"
        ) from error


def _version(store: Connected) -> int:
    try:
        version, owner, tables = store.connection.execute(sql("sqlite_only/schema", "version")).fetchone()
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{store.path.name} can't be read: {error}") from error
    if owner != APPLICATION_ID and tables:
        raise StoreUnavailable(f"{store.path.name} is a database of something else")
    return int(version)


def make_indexes(store: Connected) -> None:
    for statement in statements_of(sql("sqlite_only/schema", "indexes")):
        with store.transaction() as connection:
            connection.execute(statement)
