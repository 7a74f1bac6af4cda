"""Numbered writes of a pending revision: each transaction counts itself first, so retries apply it exactly once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import Any

import numpy as np

from app.domain.columns import ABSENT, Batch, Categorical
from app.domain.errors import Conflict, Fenced, StoreUnavailable
from app.storage.checked import CheckedBatch, checked_batch
from app.storage.neo4j.connection import Neo4jConnected, Transaction, count, rows
from app.storage.neo4j.items import end_items, item_columns, mark_services, put_items
from app.storage.neo4j.links import link
from app.storage.statements import cypher

ROWS = 5_000  # rows of one transaction; the server keeps all of two transactions in its heap
NO_FENCE = (1 << 63) - 1  # the token of a write without a lease
AT_ONCE = 2  # transactions at the same time: one is carried out, one commits


@dataclass(frozen=True, slots=True)
class Prepared:
    """One transaction's rows as the driver sends them."""

    noun: str
    ended: Mapping[str, list[Any]]
    begun: Mapping[str, list[Any]]
    ended_rows: int
    begun_rows: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One write of one revision, under its fencing token."""

    revision: int
    n: int
    fence: int


class Writing(Neo4jConnected):
    def write(self, revision: int, n: int, batch: Batch, fence: int | None = None) -> None:
        pieces = checked_batch(batch).parts(ROWS)
        turn = Turn(revision, n, NO_FENCE if fence is None else fence)
        alone = sum(piece.ended_rows > 0 for piece in pieces)  # what ends goes first: what begins may need its place
        self._one_by_one(turn, pieces, 0, alone)
        if len(pieces) - alone > 1:
            try:
                self._overlapping(turn, pieces, max(alone, self._applied(turn, pieces)))
                return
            except (Conflict, StoreUnavailable):
                pass  # written one by one, the failing piece raises its own error, and applied ones are skipped
        self._one_by_one(turn, pieces, alone, len(pieces))

    def _one_by_one(self, turn: Turn, pieces: Sequence[CheckedBatch], start: int, stop: int) -> None:
        for part in range(start + 1, stop + 1):
            prepared, last = _prepare(pieces[part - 1], turn.revision), part == len(pieces)
            try:
                self._write_piece(turn, part, last, prepared)
            except StoreUnavailable as error:
                if not error.details.get("unknown"):
                    raise
                self._write_piece(turn, part, last, prepared)  # the commit's answer was lost: the count tells

    def _overlapping(self, turn: Turn, pieces: Sequence[CheckedBatch], start: int) -> None:
        """Writes the pieces so that the server carries out one while it commits the one before, which takes half the time. Here
        each piece counts itself last, so that it waits for the one before where the server sees it, and a piece out of turn is
        rolled back."""
        turns = [Event() for _ in range(len(pieces) + 1)]
        turns[start].set()

        def write_piece(place: int) -> None:
            prepared = _prepare(pieces[place], turn.revision)
            turns[place].wait()
            try:
                self.write_in(lambda transaction: begin(transaction, place, prepared))
            finally:
                turns[place + 1].set()

        def begin(transaction: Transaction, place: int, prepared: Prepared) -> None:
            _begin(transaction, prepared, turn.revision)
            if not _advance(transaction, turn, place + 1, place + 1 == len(pieces)):
                raise Conflict(f"part {place + 1} of write {turn.n} was applied before")
            turns[place + 1].set()

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in pool.map(write_piece, range(start, len(pieces))):
                pass

    def _applied(self, turn: Turn, pieces: Sequence[CheckedBatch]) -> int:
        """Returns how many pieces of a write an earlier try applied."""
        records = self.select("revision", "progress", revision=turn.revision)
        if not records or records[0]["state"] != "pending" or records[0]["batches"] < turn.n - 1:
            return 0  # the count will refuse it
        return len(pieces) if records[0]["batches"] >= turn.n else int(records[0]["parts"])

    def _write_piece(self, turn: Turn, part: int, last: bool, prepared: Prepared) -> None:
        def work(transaction: Transaction) -> None:
            if _advance(transaction, turn, part, last):
                _end(transaction, prepared, turn.revision)
                _begin(transaction, prepared, turn.revision)

        self.write_in(work)


def _prepare(piece: CheckedBatch, revision: int) -> Prepared:
    begun = as_lists(piece.begun)
    if piece.noun.name == "ci" and begun:
        begun = item_columns(begun, [revision] * piece.begun_rows, piece.folded)
    elif piece.noun.name == "dependency" and begun:
        begun |= _runs(piece.begun["dependent_id"])
    return Prepared(piece.noun.name, as_lists(piece.ended), begun, piece.ended_rows, piece.begun_rows)


def _advance(transaction: Transaction, turn: Turn, part: int, last: bool) -> bool:
    """Counts the write; returns False where it was applied before."""
    parameters = {"revision": turn.revision, "n": turn.n, "part": part, "last": last, "fence": turn.fence}
    if rows(transaction, cypher("revision", "advance"), parameters):
        return True
    records = rows(transaction, cypher("revision", "progress"), {"revision": turn.revision})
    if records and turn.fence < records[0]["fence"]:
        raise Fenced(f"the lease {turn.fence} was taken over by {records[0]['fence']}")
    if not records or records[0]["state"] == "abandoning":
        raise Conflict(f"revision {turn.revision} is not pending")
    state, batches, parts = (records[0][name] for name in ("state", "batches", "parts"))
    if turn.n <= batches or (turn.n == batches + 1 and part <= parts):
        return False
    raise Conflict(f"revision {turn.revision} is {state} with {batches} writes: write {turn.n} does not follow")


def _end(transaction: Transaction, piece: Prepared, revision: int) -> None:
    if not piece.ended_rows:
        return
    if piece.noun == "ci":
        done = end_items(transaction, piece.ended["ci_id"], revision)
    else:
        done = count(transaction, cypher(piece.noun, "end"), {**piece.ended, "revision": revision})
    if done != piece.ended_rows:
        raise Conflict(f"{piece.ended_rows - done} rows of {piece.noun} that were to end do not hold")
    if piece.noun == "exposure":
        mark_services(transaction, piece.ended["ci_id"])


def _begin(transaction: Transaction, piece: Prepared, revision: int) -> None:
    if not piece.begun_rows:
        return
    if piece.noun == "ci":
        put_items(transaction, piece.begun, first=revision == 1)
        return
    parameters = {**piece.begun, "revision": revision}
    if piece.noun == "dependency":
        done = count(transaction, cypher(piece.noun, "begin"), parameters)
        if done != piece.begun_rows:
            raise Conflict(f"{piece.begun_rows - done} dependencies name a CI that does not hold")
        return
    rows(transaction, cypher(piece.noun, "begin"), parameters)
    link(transaction, piece.noun, piece.begun)


def _runs(column: Any) -> dict[str, list[int]]:
    """Returns the first and the last row of each run of equal values."""
    starts = np.flatnonzero(np.concatenate([[True], np.diff(column) != 0]))
    return {"starts": starts.tolist(), "ends": np.append(starts[1:] - 1, len(column) - 1).tolist()}


def as_lists(columns: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Returns columns as the driver sends them: an absent value is null, which a node does not keep; an absent text is empty."""
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
