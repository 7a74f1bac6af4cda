"""The scores of the latest assessment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from app.domain.columns import Columns
from app.ports.graph_store import SCORES
from app.storage.scores import changed_scores, checked_scores, score_columns
from app.storage.shared import ReadScoredBy
from app.storage.sqlite.connection import Connected
from app.storage.statements import sql
from app.storage.times import time_text

ROWS = 250_000


class Scores(ReadScoredBy, Connected):
    def write_scores(self, assessment: str, revision: int, scores: Columns) -> int:
        ci_ids, values = checked_scores(scores)
        write, delete = changed_scores(ci_ids, values, *self._held())
        at = time_text(datetime.now(UTC))
        rows = [
            (ci_id, assessment, revision, at, *numbers)
            for ci_id, numbers in zip(ci_ids[write].tolist(), values[write].tolist(), strict=True)
        ]
        gone = [(ci_id,) for ci_id in ci_ids[delete].tolist()]
        for start in range(0, max(len(rows), len(gone)), ROWS):
            with self.transaction() as connection:
                connection.executemany(sql("score", "delete"), gone[start : start + ROWS])
                connection.executemany(sql("score", "write"), rows[start : start + ROWS])
        with self.transaction() as connection:
            connection.execute(sql("score", "mark"), (assessment, revision, at))
        return len(rows) + len(gone)

    def load_scores(self) -> Columns:
        return score_columns(*self._held())

    def _held(self) -> tuple[Any, Any]:
        fields = [("ci_id", "i8"), *((name, "f8") for name in SCORES)]
        with self._errors():
            rows = np.fromiter(self.connection.execute(sql("score", "load")), np.dtype(fields))
        return np.ascontiguousarray(rows["ci_id"]), np.stack([rows[name] for name in SCORES], axis=1)
