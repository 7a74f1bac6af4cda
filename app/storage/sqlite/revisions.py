"""The pointer, revisions and the lease."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from app.domain.errors import Conflict, Fenced, InvalidInput
from app.domain.nouns import NOUNS
from app.ports.graph_store import Revision
from app.storage.shared import ReadRevisions, revision_of
from app.storage.sqlite.connection import CACHE_KIB, SORT_CACHE_KIB, Connected
from app.storage.sqlite.forget import forget_block
from app.storage.sqlite.schema import make_indexes, statements_of
from app.storage.statements import sql
from app.storage.times import time_text


class Revisions(ReadRevisions, Connected):
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
            known = self.first_row("revision", "by_operation", operation_id=operation_id)
            if known:
                return revision_of(known)
            other = self.first_row("revision", "unpublished")
            if other:
                writer = other["operation_id"]
                raise Conflict(f"revision {other['revision']} is being written by {writer}", operation_id=writer)
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
        highest = self.pointer()["fence"]
        if fence is not None and fence < highest:
            raise Fenced(f"the lease {fence} was taken over by {highest}")

    def _finish_first_load(self) -> None:
        """Sorts the staged aliases and makes the indexes, before the ledger has readers. Each step can be done again."""
        self.use_cache(SORT_CACHE_KIB)
        with self.without_spilling():
            with self.transaction() as connection:
                connection.execute(sql("sqlite_only/ci", "sort_aliases"))
                connection.execute(sql("sqlite_only/ci", "clear_staged_aliases"))
            make_indexes(self)

    def finish_abandoning(self) -> None:
        """Takes back in blocks what an abandoned revision wrote; where a kill comes between, the next caller finishes."""
        row = self.first_row("revision", "unpublished")
        if row is None or row["state"] != "abandoning":
            return
        revision = row["revision"]
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
