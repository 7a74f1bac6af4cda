"""The pointer, revisions and the lease."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from app.domain.errors import Conflict, Fenced, InvalidInput
from app.ports.graph_store import Revision
from app.storage.neo4j.connection import Neo4jConnected, Transaction, rows
from app.storage.neo4j.schema import make_indexes
from app.storage.neo4j.undo import take_back
from app.storage.shared import ReadRevisions, revision_of
from app.storage.statements import cypher
from app.storage.times import time_text


class Revisions(ReadRevisions, Neo4jConnected):
    def take_lease(self, fence: int) -> None:
        self.write_in(lambda transaction: rows(transaction, cypher("revision", "take_lease"), {"fence": fence}))

    def open_revision(
        self, operation_id: str, base: int, note: str = "", fence: int | None = None, at: datetime | None = None
    ) -> Revision:
        if not operation_id:
            raise InvalidInput("a revision needs an operation id", field="operation_id")
        self.finish_abandoning()
        opened = time_text(at or datetime.now(UTC))

        def work(transaction: Transaction) -> Revision:
            _lock(transaction, fence)
            known = rows(transaction, cypher("revision", "by_operation"), {"operation_id": operation_id})
            if known:
                return revision_of(known[0])
            other = rows(transaction, cypher("revision", "unpublished"), {})
            if other:
                raise Conflict(
                    f"revision {other[0]['revision']} is being written by {other[0]['operation_id']}",
                    operation_id=other[0]["operation_id"],
                )
            current = rows(transaction, cypher("revision", "current"), {})[0]
            if current["revision"] != base:
                raise Conflict(f"the estate is at revision {current['revision']}, not {base}", current=current["revision"])
            new = {"revision": base + 1, "operation_id": operation_id, "at": opened, "note": note}
            new["counters"] = current["counters"]
            rows(transaction, cypher("revision", "open"), new)
            return revision_of(rows(transaction, cypher("revision", "by_number"), {"revision": base + 1})[0])

        return self.write_in(work)

    def make_ready(self, revision: int) -> None:
        if revision == 1:
            make_indexes(self)

    def publish(
        self, revision: int, base: int, counters: Mapping[str, int], fence: int | None = None, at: datetime | None = None
    ) -> Revision:
        row = self.revision(revision)
        if row.state == "published":
            return row  # a retry
        if not self.in_unit:
            self.make_ready(revision)
        parameters = {
            "revision": revision,
            "base": base,
            "at": time_text(at or datetime.now(UTC)),
            "counters": json.dumps(dict(counters), sort_keys=True),
        }

        def work(transaction: Transaction) -> None:
            _lock(transaction, fence)
            state = rows(transaction, cypher("revision", "progress"), parameters)
            if state and state[0]["state"] == "published":
                return  # an earlier try whose answer was lost
            if revision != base + 1 or not rows(transaction, cypher("revision", "publish"), parameters):
                raise Conflict(f"revision {revision} on {base} is not pending")
            if not rows(transaction, cypher("revision", "move_pointer"), parameters):
                raise Conflict(f"the estate is no longer at revision {base}")

        self.write_in(work)
        return self.revision(revision)

    def abandon(self, revision: int) -> None:
        def work(transaction: Transaction) -> None:
            if not rows(transaction, cypher("revision", "abandon"), {"revision": revision}):
                raise Conflict(f"revision {revision} is not pending")

        self.write_in(work)
        self.finish_abandoning()

    def finish_abandoning(self) -> None:
        """Takes back in blocks what an abandoned revision wrote; where a kill comes between, the next caller finishes."""
        records = self.select("revision", "unpublished")
        if records and records[0]["state"] == "abandoning":
            revision = records[0]["revision"]
            take_back(self, revision)
            self.write_in(lambda transaction: rows(transaction, cypher("revision", "forget"), {"revision": revision}))


def _lock(transaction: Transaction, fence: int | None) -> None:
    """Locks the ledger, so that of two writers, which would both look first and write after, the second waits here. Raises Fenced
    where a newer lease was taken."""
    highest = rows(transaction, cypher("neo4j_only/revision", "lock"), {})[0]["fence"]
    if fence is not None and fence < highest:
        raise Fenced(f"the lease {fence} was taken over by {highest}")
