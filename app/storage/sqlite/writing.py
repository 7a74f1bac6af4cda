"""Numbered writes of a pending revision."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from app.domain.columns import ABSENT, Batch, Categorical
from app.domain.errors import Conflict, Fenced, InvalidInput
from app.storage.checked import CheckedBatch, checked_batch
from app.storage.sqlite.categories import Categories
from app.storage.sqlite.connection import IMPORT_CACHE_KIB, Connected
from app.storage.sqlite.ends import KnownEnds
from app.storage.statements import sql

ROWS = 250_000  # rows of one transaction: more would spill the cache and lock readers out


class Writing(Connected):
    _categories: Categories
    _ends: KnownEnds

    def write(self, revision: int, n: int, batch: Batch, fence: int | None = None) -> None:
        self.use_cache(IMPORT_CACHE_KIB)
        pieces = checked_batch(batch).parts(ROWS)
        for part, piece in enumerate(pieces, start=1):
            ended = self._rows(piece.ended, piece.noun.identity)
            begun = self._rows(piece.begun, piece.noun.names())
            with self.transaction():
                if self._advance(revision, n, part, last=part == len(pieces), fence=fence):
                    self._ends.follow(revision, n, piece.noun.name == "ci" and piece.ended_rows > 0)
                    self._end(piece, revision, ended)
                    self._begin(piece, revision, begun)

    def _advance(self, revision: int, n: int, part: int, last: bool, fence: int | None) -> bool:
        """Counts the write in the same transaction; returns False where it was applied before."""
        rows = self.select("revision", "progress", (revision,))
        if rows and fence is not None and fence < rows[0][3]:
            raise Fenced(f"the lease {fence} was taken over by {rows[0][3]}")
        if not rows or rows[0][0] == "abandoning":
            raise Conflict(f"revision {revision} is not pending")
        state, batches, parts, _ = rows[0]
        if n <= batches or (n == batches + 1 and part <= parts):
            return False
        if state != "pending" or n != batches + 1 or part != parts + 1:
            raise Conflict(f"revision {revision} is {state} with {batches} writes: write {n} does not follow")
        self.connection.execute(sql("revision", "advance"), (n, 0, revision) if last else (n - 1, part, revision))
        return True

    def _rows(self, columns: Any, names: tuple[str, ...]) -> list[list[Any]]:
        return [self._bound(columns[name]) for name in names] if columns else []

    def _bound(self, column: Any) -> Any:
        """Returns the column as the driver binds it: absent numbers become NULL (NaN does so by itself), absent categories 0."""
        if isinstance(column, Categorical):
            return self._categories.codes(column).tolist()
        if isinstance(column, np.ndarray):
            if column.dtype.kind == "i" and (column == ABSENT).any():
                return [None if value == ABSENT else value for value in column.tolist()]
            return column.tolist()
        return column

    def _end(self, piece: CheckedBatch, revision: int, ended: list[list[Any]]) -> None:
        if not piece.ended_rows:
            return
        rows = zip([revision] * piece.ended_rows, *ended, strict=True)
        count = self.connection.executemany(sql(piece.noun.name, "end"), rows).rowcount
        if count != piece.ended_rows:
            raise Conflict(f"{piece.ended_rows - count} rows of {piece.noun.name} that were to end do not hold")

    def _begin(self, piece: CheckedBatch, revision: int, begun: list[list[Any]]) -> None:
        if not piece.begun_rows:
            return
        if piece.noun.name == "dependency":
            self._ends.check(piece.begun, lambda values: self.select("sqlite_only/dependency", "lost_ends", {"values": values}))
        rows = zip(*begun, [revision] * piece.begun_rows, strict=True)
        self.connection.executemany(sql(piece.noun.name, "begin"), rows)
        ids = begun[0]
        if piece.noun.name == "ci":
            self._index_aliases(ids, piece.folded, revision)
        elif piece.noun.name == "redundancy_group":
            members = begun[piece.noun.names().index("members")]
            self.connection.executemany(sql("sqlite_only/redundancy_group", "index_members"), _members(ids, members, revision))

    def _index_aliases(self, ids: list[int], folded: Any, revision: int) -> None:
        if revision == 1:  # nobody reads it yet: sorted when it is published
            staged = ((value, ci_id) for ci_id, values in zip(ids, folded, strict=True) for value in values)
            self.connection.executemany(sql("sqlite_only/ci", "stage_aliases"), staged)
            return
        rows = sorted((value, ci_id, revision) for ci_id, values in zip(ids, folded, strict=True) for value in values)
        self.connection.executemany(sql("sqlite_only/ci", "index_aliases"), rows)


def _members(ids: list[int], members: list[str], revision: int) -> Iterator[tuple[int, int, int]]:
    for group_id, text in zip(ids, members, strict=True):
        try:
            listed = json.loads(text or "[]")
        except ValueError as error:
            raise InvalidInput(f"members of group {group_id} are not a JSON list of ci_ids", field="members") from error
        for ci_id in listed:
            yield ci_id, group_id, revision
