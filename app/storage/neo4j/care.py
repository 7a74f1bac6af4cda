"""Forgets old revisions and checks the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from app.domain.errors import NotFound
from app.domain.nouns import NOUNS
from app.storage.neo4j.connection import Neo4jConnected, Transaction, rows
from app.storage.neo4j.undo import prune
from app.storage.statements import cypher
from app.storage.times import time_text

OLDEST = (5, 26)
RETRIED_DAYS = 30  # how long an operation id is remembered


class Care(Neo4jConnected):
    def engine(self) -> str:
        return f"Neo4j {self._version()}, schema {self.select('neo4j_only/schema', 'version')[0]['schema']}"

    def outdated(self) -> str:
        version = self._version()
        parts = [int(part) for part in version.split(".")[:2] if part.isdecimal()]
        return (
            "" if tuple(parts) >= OLDEST else f"the layout was measured and is tested on Neo4j {OLDEST[0]}.{OLDEST[1]} and later"
        )

    def _version(self) -> str:
        return str(self.select("neo4j_only/schema", "server")[0]["version"])

    def prune(self, before: int) -> int:
        current = self.select("revision", "pointer")[0]["revision"]
        if not 0 <= before <= current:
            raise NotFound(f"there is no revision {before}")
        oldest = time_text(datetime.now(UTC) - timedelta(days=RETRIED_DAYS))

        def work(transaction: Transaction) -> None:
            rows(transaction, cypher("revision", "move_horizon"), {"revision": before})
            rows(transaction, cypher("document", "forget_operations"), {"at": oldest})

        self.write_in(work)
        return prune(self, before)

    def check(self) -> Iterable[str]:
        faults = []
        for noun in NOUNS:
            count = self.select(noun, "overlaps")[0]["count"]
            if count:
                faults.append(f"{count} rows of {noun} overlap another row of the same identity")
        current = self.select("revision", "pointer")[0]["revision"]
        dangling = self.select("dependency", "dangling", revision=current)[0]["count"]
        if dangling:
            faults.append(f"{dangling} dependencies hold on a CI that does not")
        return faults
