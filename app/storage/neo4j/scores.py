"""The scores of the latest assessment, as properties of the CIs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from app.domain.columns import Columns
from app.ports.graph_store import SCORES
from app.storage.neo4j.connection import Neo4jConnected, Transaction, count, rows
from app.storage.neo4j.lists import lists
from app.storage.neo4j.writing import as_lists
from app.storage.scores import changed_scores, checked_scores, score_columns
from app.storage.shared import ReadScoredBy
from app.storage.statements import cypher
from app.storage.tables import take
from app.storage.times import time_text

ROWS = 10_000
READ_BLOCK = 5_000


class Scores(ReadScoredBy, Neo4jConnected):
    def write_scores(self, assessment: str, revision: int, scores: Columns) -> int:
        ci_ids, values = checked_scores(scores)
        write, delete = changed_scores(ci_ids, values, *self._held())
        noted = {"assessment": assessment, "revision": revision, "at": time_text(datetime.now(UTC))}
        columns = score_columns(ci_ids, values)
        written = 0
        places = np.flatnonzero(write)
        for start in range(0, len(places), ROWS):
            part = {**as_lists(take(columns, places[start : start + ROWS])), **noted}
            written += self._write("write", part)
        gone = ci_ids[delete].tolist()
        for start in range(0, len(gone), ROWS):
            self._write("delete", {"ci_id": gone[start : start + ROWS]})
        self.write_in(lambda transaction: rows(transaction, cypher("score", "mark"), noted))
        return written + len(gone)

    def load_scores(self) -> Columns:
        return score_columns(*self._held())

    def _write(self, verb: str, parameters: dict[str, Any]) -> int:
        return self.write_in(lambda transaction: count(transaction, cypher("score", verb), parameters))

    def _held(self) -> tuple[Any, Any]:
        blocks = [np.zeros((0, 1 + len(SCORES)))]
        for label in ("ConfigurationItem", "RetiredItem"):
            bound = cypher("neo4j_only/dependency", "bound").replace("{label}", label)
            bounds = self.read(lambda transaction, bound=bound: rows(transaction, bound, {}))  # type: ignore[misc]
            statement = cypher("score", "load").replace("{label}", label)
            for low in range(0, bounds[0]["highest"] + 1 if bounds else 0, READ_BLOCK):
                block = {"low": low, "high": low + READ_BLOCK}

                def work(transaction: Transaction, statement: str = statement, block: dict[str, int] = block) -> Any:
                    return np.array(lists(transaction, statement, block)[0], np.float64).T

                blocks.append(self.read(work))
        table = np.concatenate(blocks)
        table = table[np.argsort(table[:, 0], kind="stable")]
        return table[:, 0].astype(np.int64), np.ascontiguousarray(table[:, 1:])
