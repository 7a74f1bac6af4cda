"""The reads that both stores do alike: each store answers a statement with rows by name, and these methods need no more than
that."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.domain.columns import Columns
from app.domain.errors import InvalidInput, NotFound
from app.domain.nouns import Noun
from app.ports.documents import Document
from app.ports.graph_store import Changes, Revision, ScoredBy
from app.storage.served import check_served
from app.storage.tables import digest, empty, noun_of
from app.storage.times import time_of, time_text

Row = Mapping[str, Any]
BEYOND_ALL = 1 << 62  # no revision has so high a number


class NamedRows(ABC):
    """What the classes below need of a store."""

    @abstractmethod
    def named_rows(self, noun: str, verb: str, **parameters: Any) -> Sequence[Row]:
        """Returns the whole answer of a short statement that both stores have; each row maps column names to values."""

    def first_row(self, noun: str, verb: str, **parameters: Any) -> Row | None:
        rows = self.named_rows(noun, verb, **parameters)
        return rows[0] if rows else None

    def pointer(self) -> Row:
        """Returns the revision that readers are at (`revision`), the oldest exact one (`horizon`) and the highest fencing token
        (`fence`)."""
        return self.named_rows("revision", "pointer")[0]


def revision_of(row: Row) -> Revision:
    return Revision(
        row["revision"],
        row["operation_id"],
        row["state"],
        row["batches"],
        time_of(row["created_at"]),
        time_of(row["published_at"]) if row["published_at"] else None,
        row["note"],
        json.loads(row["counters"]),
    )


class ReadRevisions(NamedRows):
    """Reads the list of revisions."""

    def current(self) -> Revision:
        return revision_of(self.named_rows("revision", "current")[0])

    def pending(self) -> Revision | None:
        row = self.first_row("revision", "unpublished")
        return revision_of(row) if row and row["state"] == "pending" else None

    def revision(self, revision: int) -> Revision:
        row = self.first_row("revision", "by_number", revision=revision)
        if row is None or row["state"] == "abandoning":
            raise NotFound(f"there is no revision {revision}")
        return revision_of(row)

    def revision_at(self, at: datetime) -> Revision:
        row = self.first_row("revision", "at", at=time_text(at))
        return revision_of(row) if row else self.revision(0)

    def revisions(self, after: int, limit: int) -> Sequence[Revision]:
        return [revision_of(row) for row in self.named_rows("revision", "list", after=after or BEYOND_ALL, limit=limit)]

    def horizon(self) -> int:
        return int(self.pointer()["horizon"])


class ReadColumns(NamedRows):
    """Reads the ledger at a revision. A store adds how it reads a noun whole, by values, and between two revisions."""

    @abstractmethod
    def load_columns(
        self, revision: int, noun: str, names: Sequence[str] | None = None, source_id: int | None = None
    ) -> Columns: ...

    @abstractmethod
    def _rows_by(self, revision: int, noun: str, column: str, values: Sequence[int | str]) -> Columns:
        """Returns the rows that hold at a revision and have one of the values in the column, in order of their identity."""

    @abstractmethod
    def _between(self, noun: Noun[Any], a: int, b: int) -> Changes:
        """Returns what began and what ended after revision `a` (not 0) and up to `b`; both are readable."""

    def check_readable(self, *revisions: int) -> Row:
        """Returns the pointer, under which all of these revisions can be read; NotFound where one cannot."""
        pointer = self.pointer()
        for revision in revisions:
            if not 0 <= revision <= pointer["revision"]:
                raise NotFound(f"there is no revision {revision}")
            if 0 < revision < pointer["horizon"]:  # revision 0 is the empty estate for ever
                raise NotFound(f"revision {revision} was forgotten: the oldest kept is {pointer['horizon']}")
        return pointer

    def changes(self, a: int, b: int, noun: str) -> Changes:
        kind = noun_of(noun)
        self.check_readable(a, b)
        if a > b:
            raise InvalidInput(f"revision {a} is after {b}", field="a")
        if a == 0:
            return Changes(self.load_columns(b, noun), empty(kind, kind.names()))
        return self._between(kind, a, b)

    def digest(self, a: int, b: int, noun: str) -> str:
        change = self.changes(a, b, noun)
        return f"{digest(change.begun)}-{digest(change.ended)}"

    def states(self, revision: int, ci_ids: Sequence[int]) -> Columns:
        return self._rows_by(revision, "ci", "ci_id", ci_ids)

    def rows(self, revision: int, noun: str, column: str, values: Sequence[int | str]) -> Columns:
        check_served(noun_of(noun), column)
        return self._rows_by(revision, noun, column, values)

    def groups_of_members(self, revision: int, ci_ids: Sequence[int]) -> Columns:
        return self._rows_by(revision, "redundancy_group", "member", ci_ids)


class ReadScoredBy(NamedRows):
    """Reads which assessment the scores in the store come from."""

    def scored_by(self) -> ScoredBy | None:
        row = self.first_row("score", "marked")
        return ScoredBy(row["assessment"], row["revision"], time_of(row["at"])) if row else None


class ReadDocuments(NamedRows):
    """Reads documents."""

    def get(self, kind: str, key: str) -> Document | None:
        row = self.first_row("document", "get", kind=kind, key=key)
        return Document(**row) if row else None

    def page(self, kind: str, after: str = "", limit: int = 100, descending: bool = False) -> Sequence[Document]:
        verb = "page_down" if descending else "page_up"
        return [Document(**row) for row in self.named_rows("document", verb, kind=kind, after=after, limit=limit)]
