"""Writes a changeset into the ledger, as numbered writes of one pending revision."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from app.domain.changes import RowChanges
from app.domain.columns import Batch, Categorical
from app.domain.nouns import CI, DEPENDENCY, SOURCE_RECORD
from app.ports.comparison import DependencyDifference
from app.usecases.sync.reconcile import CiChanges
from app.usecases.sync.setup import Ledgerkeeper

DEPENDENCY_BATCH = 250_000


class Writer:
    """Writes batches with `write`; None is a dry run, which only counts."""

    def __init__(self, write: Callable[[Batch], None] | None, size: int, books: Ledgerkeeper) -> None:
        self._give, self._size, self._books = write, size, books
        self.rows = 0

    def _write(self, batch: Batch) -> None:
        rows = batch.rows()
        if not rows:
            return
        self.rows += rows
        if self._give is not None:
            self._give(batch)
            self._books.step(f"writing {batch.noun}", rows)

    def cis(self, chunks: Iterable[CiChanges]) -> None:
        report = self._books.report
        cis, records = RowChanges(CI), RowChanges(SOURCE_RECORD)
        for chunk in chunks:
            created, changed, retired = chunk.counts()
            report.created += created
            report.changed += changed
            report.retired += retired
            cis.begun += chunk.begun
            cis.ended += chunk.ended
            records.begun += chunk.records_begun
            records.ended += chunk.records_ended
            if max(len(cis.begun), len(cis.ended), len(records.begun)) >= self._size:
                self._flush(cis, records)
                cis, records = RowChanges(CI), RowChanges(SOURCE_RECORD)
        self._flush(cis, records)

    def _flush(self, *parts: RowChanges[Any]) -> None:
        for part in parts:
            self.changes(part)

    def changes(self, changes: RowChanges[Any]) -> None:
        for batch in changes.batches(self._size):
            self._write(batch)

    def dependencies(self, difference: DependencyDifference, source_id: int) -> None:
        for start, part in _parts(difference.ended):
            self._write(Batch(DEPENDENCY.name, {}, part | {"source_id": [source_id] * start}))
        for start, part in _parts(difference.begun):
            self._write(Batch(DEPENDENCY.name, part | {"source_id": [source_id] * start}, {}))


def _parts(columns: Any) -> Iterable[tuple[int, dict[str, Any]]]:
    total = len(columns["dependent_id"])
    for start in range(0, total, DEPENDENCY_BATCH):
        stop = min(total, start + DEPENDENCY_BATCH)
        yield stop - start, {name: _cut(column, start, stop) for name, column in columns.items()}


def _cut(column: Any, start: int, stop: int) -> Any:
    if isinstance(column, Categorical):
        return Categorical(column.codes[start:stop], column.values)
    return column[start:stop]
