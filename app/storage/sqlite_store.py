"""The ledger and the documents in one SQLite file: the embedded default.

Rows carry (since, until); nothing is hidden from readers, so moving the pointer is a tiny transaction. See docs/decisions for why
transactions stay below 250,000 rows and why the journal is not WAL on older libraries.
"""

from __future__ import annotations

from pathlib import Path

from app.storage.sqlite.care import Care
from app.storage.sqlite.categories import Categories
from app.storage.sqlite.documents import SqliteDocuments
from app.storage.sqlite.ends import KnownEnds
from app.storage.sqlite.revisions import Revisions
from app.storage.sqlite.schema import migrate
from app.storage.sqlite.scores import Scores
from app.storage.sqlite.search import Search
from app.storage.sqlite.writing import Writing


class SqliteStore(Revisions, Writing, Search, Scores, Care, SqliteDocuments):
    """GraphStore and Documents. Safe for many threads and processes; opening makes or migrates the schema."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(path)
        self._categories = Categories(self)
        self._ends = KnownEnds()
        migrate(self)
