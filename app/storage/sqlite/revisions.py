"""The pointer, revisions and the lease."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.domain.errors import Conflict, Fenced, InvalidInput, NotFound
from app.domain.nouns import NOUNS
from app.ports.graph_store import Revision
from app.storage.sqlite.connection import CACHE_KIB, SORT_CACHE_KIB, Connected
from app.storage.sqlite.forget import forget_block
from app.storage.sqlite.schema import make_indexes, statements_of
from app.storage.statements import sql
from app.storage.times import time_of, time_text


def revision_of(row: Sequence[Any]) -> Revision:
    number, operation_id, state, batches, created_at, published_at, note, counters = row
    published = time_of(published_at) if published_at else None
    return Revision(number, operation_id, state, batches, time_of(created_at), published, note, json.loads(counters))


class Revisions(Connected):
    def current(self) -> Revision:
        return revision_of(self.select("revision", "current")[0])

    def pending(self) -> Revision | None:
        rows = self.select("revision", "unpublished")
        return revision_of(rows[0]) if rows and rows[0][2] == "pending" else None

    def revision(self, revision: int) -> Revision:
        rows = self.select("revision", "by_number", (revision,))
        if not rows or rows[0][2] == "abandoning":
            raise NotFound(f"there is no revision {revision}")
        return revision_of(rows[0])

    def revision_at(self, at: datetime) -> Revision:
        rows = self.select("revision", "at", (time_text(at),))
        return revision_of(rows[0]) if rows else self.revision(0)

    def revisions(self, after: int, limit: int) -> Sequence[Revision]:
        return [revision_of(row) for row in self.select("revision", "list", (after or 1 << 62, limit))]

    def horizon(self) -> int:
        return int(self.select("revision", "pointer")[0][1])

    def take_lease(self, fence: int) -> None:
        with self.transaction() as connection:
            connection.execute(sql("revision", "take_lease"), (fence,))

    def open_revision(
        self, operation_id: str, base: int, note: str = "", fence: int | None = None, at: datetime | None = None
    ) -> Revision:
        if not operation_id:
            raise InvalidInput("a revision needs an operation id", field="operation_id")
        self.finish_abandoning()
        with self.transaction() as connection:
            self._check_fence(fence)
            known = self.select("revision", "by_operation", (operation_id,))
            if known:
                return revision_of(known[0])
            other = self.select("revision", "unpublished")
            if other:
                raise Conflict(f"revision {other[0][0]} is being written by {other[0][1]}", operation_id=other[0][1])
            current = self.current()
            if current.revision != base:
                raise Conflict(f"the estate is at revision {current.revision}, not {base}", current=current.revision)
            row = (base + 1, operation_id, time_text(at or datetime.now(UTC)), note, json.dumps(dict(current.counters)))
            connection.execute(sql("revision", "open"), row)
        return self.revision(base + 1)

    def make_ready(self, revision: int) -> None:
        if revision == 1:
            self._finish_first_load()

    def publish(
        self, revision: int, base: int, counters: Mapping[str, int], fence: int | None = None, at: datetime | None = None
    ) -> Revision:
        row = self.revision(revision)
        if row.state == "published":
            return row  # a retry
        self._check_fence(fence)
        if not self.connection.in_transaction:
            self.make_ready(revision)
        with self.transaction() as connection:
            self._check_fence(fence)
            values = (time_text(at or datetime.now(UTC)), json.dumps(dict(counters), sort_keys=True), revision)
            if revision != base + 1 or not connection.execute(sql("revision", "publish"), values).rowcount:
                raise Conflict(f"revision {revision} on {base} is not pending")
            if not connection.execute(sql("revision", "move_pointer"), (revision, base)).rowcount:
                raise Conflict(f"the estate is no longer at revision {base}")
        self.use_cache(CACHE_KIB)
        return self.revision(revision)

    def abandon(self, revision: int) -> None:
        with self.transaction() as connection:
            if not connection.execute(sql("revision", "abandon"), (revision,)).rowcount:
                raise Conflict(f"revision {revision} is not pending")
        self.finish_abandoning()

    def _check_fence(self, fence: int | None) -> None:
        highest = self.select("revision", "pointer")[0][2]
        if fence is not None and fence < highest:
            raise Fenced(f"the lease {fence} was taken over by {highest}")

    def _finish_first_load(self) -> None:
        """Sort the staged aliases and make the indexes, before the ledger has readers. Each step can be done again."""
        self.use_cache(SORT_CACHE_KIB)
        with self.without_spilling():
            with self.transaction() as connection:
                connection.execute(sql("sqlite_only/ci", "sort_aliases"))
                connection.execute(sql("sqlite_only/ci", "clear_staged_aliases"))
            make_indexes(self)

    def finish_abandoning(self) -> None:
        """Take back what an abandoned revision wrote, in blocks; a kill in between is finished by the next caller."""
        rows = self.select("revision", "unpublished")
        if not rows or rows[0][2] != "abandoning":
            return
        revision = rows[0][0]
        if revision == 1:
            with self.transaction() as connection:
                for statement in statements_of(sql("sqlite_only/schema", "clear")):
                    connection.execute(statement)
        else:
            for noun in NOUNS.values():
                while forget_block(self, noun, "undo_begun", revision) or forget_block(self, noun, "undo_ended", revision):
                    pass
        with self.transaction() as connection:
            connection.execute(sql("revision", "forget"), (revision,))
        self.use_cache(CACHE_KIB)
