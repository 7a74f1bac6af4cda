"""Numbered writes of a pending revision: each transaction counts itself first, so retries apply it exactly once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from app.domain.columns import ABSENT, Batch, Categorical
from app.domain.errors import Conflict, StoreUnavailable
from app.storage.checked import CheckedBatch, checked_batch
from app.storage.neo4j.connection import Neo4jConnected, Transaction, count, rows
from app.storage.neo4j.items import end_items, mark_services, put_items
from app.storage.neo4j.links import link
from app.storage.statements import cypher

ROWS = 10_000  # of one transaction


class Writing(Neo4jConnected):
    def write(self, revision: int, n: int, batch: Batch) -> None:
        pieces = checked_batch(batch).parts(ROWS)
        for part, piece in enumerate(pieces, start=1):
            last = part == len(pieces)
            try:
                self._write_piece(revision, n, part, last, piece)
            except StoreUnavailable as error:
                if not error.details.get("unknown"):
                    raise
                self._write_piece(revision, n, part, last, piece)  # the commit's answer was lost: the count tells

    def _write_piece(self, revision: int, n: int, part: int, last: bool, piece: CheckedBatch) -> None:
        ended = as_lists(piece.ended)
        begun = as_lists(piece.begun)

        def work(transaction: Transaction) -> None:
            if _advance(transaction, revision, n, part, last):
                _end(transaction, piece, ended, revision)
                _begin(transaction, piece, begun, revision)

        self.write_in(work)


def _advance(transaction: Transaction, revision: int, n: int, part: int, last: bool) -> bool:
    """Count the write; False where it was applied before."""
    if rows(transaction, cypher("revision", "advance"), {"revision": revision, "n": n, "part": part, "last": last}):
        return True
    found = rows(transaction, cypher("revision", "progress"), {"revision": revision})
    if not found or found[0]["state"] == "abandoning":
        raise Conflict(f"revision {revision} is not pending")
    state, batches, parts = (found[0][name] for name in ("state", "batches", "parts"))
    if n <= batches or (n == batches + 1 and part <= parts):
        return False
    raise Conflict(f"revision {revision} is {state} with {batches} writes: write {n} does not follow")


def _end(transaction: Transaction, piece: CheckedBatch, ended: Mapping[str, list[Any]], revision: int) -> None:
    if not piece.ended_rows:
        return
    noun = piece.noun.name
    if noun == "ci":
        done = end_items(transaction, ended["ci_id"], revision)
    else:
        done = count(transaction, cypher(noun, "end"), {**ended, "revision": revision})
    if done != piece.ended_rows:
        raise Conflict(f"{piece.ended_rows - done} rows of {noun} that were to end do not hold")
    if noun == "exposure":
        mark_services(transaction, ended["ci_id"])


def _begin(transaction: Transaction, piece: CheckedBatch, begun: Mapping[str, list[Any]], revision: int) -> None:
    if not piece.begun_rows:
        return
    noun = piece.noun.name
    if noun == "ci":
        put_items(transaction, begun, [revision] * piece.begun_rows, first=revision == 1)
        return
    parameters = {**begun, "revision": revision}
    if noun == "dependency":
        done = count(transaction, cypher(noun, "begin"), {**parameters, **_runs(piece.begun["dependent_id"])})
        if done != piece.begun_rows:
            raise Conflict(f"{piece.begun_rows - done} dependencies name a CI that does not hold")
        return
    rows(transaction, cypher(noun, "begin"), parameters)
    link(transaction, noun, begun)


def _runs(column: Any) -> dict[str, list[int]]:
    """First and last row of each run of one value."""
    starts = np.flatnonzero(np.concatenate([[True], np.diff(column) != 0]))
    return {"starts": starts.tolist(), "ends": np.append(starts[1:] - 1, len(column) - 1).tolist()}


def as_lists(columns: Mapping[str, Any]) -> dict[str, list[Any]]:
    """As the driver sends them: absent values are null, which a node does not keep; an absent text is empty."""
    return {name: _as_list(column) for name, column in columns.items()}


def _as_list(column: Any) -> list[Any]:
    if isinstance(column, Categorical):
        values = np.array([*column.values, None], dtype=object)
        return values[column.codes].tolist()  # type: ignore[no-any-return]
    if isinstance(column, np.ndarray):
        absent = np.isnan(column) if column.dtype.kind == "f" else column == ABSENT
        if absent.any():
            column = column.astype(object)
            column[absent] = None
        return column.tolist()  # type: ignore[no-any-return]
    return column  # type: ignore[no-any-return]
