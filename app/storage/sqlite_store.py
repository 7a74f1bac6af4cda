"""The ledger and the documents in one SQLite file: the embedded default.

Rows carry (since, until); nothing is hidden from readers, so moving the pointer is a tiny transaction. See docs/decisions for why
transactions stay below 250,000 rows and why the journal is not WAL on older libraries.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from app.domain.errors import StoreUnavailable
from app.storage.private_files import lone_journals, make_file, name_once, remove_database
from app.storage.sqlite.care import Care
from app.storage.sqlite.categories import Categories
from app.storage.sqlite.connection import Connected
from app.storage.sqlite.documents import SqliteDocuments
from app.storage.sqlite.ends import KnownEnds
from app.storage.sqlite.revisions import Revisions
from app.storage.sqlite.schema import migrate
from app.storage.sqlite.scores import Scores
from app.storage.sqlite.search import Search
from app.storage.sqlite.writing import Writing


class SqliteStore(Revisions, Writing, Search, Scores, Care, SqliteDocuments):
    """GraphStore and Documents. Safe for many threads and processes; opening makes (where `make` allows it) or migrates the
    schema."""

    def __init__(self, path: Path | str, make: bool = True) -> None:
        super().__init__(path)
        self._categories = Categories(self)
        self._ends = KnownEnds()
        if left := lone_journals(self.path):
            raise StoreUnavailable(
                f"{self.path} is not there, but its journal {left[0].name} is, and would be played into a new one. Put the "
                f"file back; or, to begin anew, take {left[0].name} away too"
            )
        if not self.path.exists():
            if not make:
                raise StoreUnavailable(f"{self.path.name} is not there")
            _make(self.path)
        elif self.path.stat().st_size == 0:
            raise StoreUnavailable(
                f"{self.path} is empty (0 bytes), which no estate is, not even a new one: it was cut off. Put the file back, "
                "or move it away and fill a new one from the latest backup: forestay restore FILE"
            )
        migrate(self)


def _make(path: Path) -> None:
    """Makes a new database for its owner alone, as its journals take over its permissions. It gets its name when it is whole."""
    new = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    database = Connected(new)
    try:
        make_file(new)
        migrate(database)
        database.close()
        name_once(new, path)  # unless another process was quicker
    except OSError as error:
        raise StoreUnavailable(f"{path} can't be made: {error.strerror}") from error
    finally:
        database.close()
        remove_database(new)
