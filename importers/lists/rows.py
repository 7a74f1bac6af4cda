"""Makes blocks of records from stored rows of lists."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from app.domain.completeness import Evidence
from app.domain.records import DependencyRecord, RejectedRecord
from app.ports.ci_source import CiBlock, DependencyBlock, LeftOut, SmallBlock, SourceSnapshot
from importers.lists.mirror import SHIFT, Counts, Stored, decode
from importers.lists.raw_lists import Lists
from importers.mapping.mapped import KIND_OF, UNKNOWN_TYPE, Ignored, unknown_types

BLOCK = 10_000
UNKNOWN = "unknown relation"  # as which dependencies of unknown types are counted beside what is ignored


class Rows(SourceSnapshot):
    """Makes blocks of records from stored rows, and counts what they give."""

    def __init__(self, lists: Lists, evidence: Evidence, notes: Sequence[str]) -> None:
        self._lists, self._evidence, self._notes = lists, evidence, notes
        self.counts = Counts()

    def _stored(self, kind: str) -> Iterator[tuple[Stored, Collection[int] | None]]:
        """Yields rows that may give records of a kind, with the places of the wanted ones where not all are wanted."""
        raise NotImplementedError

    def _blocks(self, kind: str, carried: Mapping[str, int]) -> Iterator[tuple[list[Any], list[int], LeftOut]]:
        """Yields blocks. `carried`: what the mapping leaves out in rows that are not looked at."""
        records: list[Any] = []
        positions: list[int] = []
        rejected: list[RejectedRecord] = []
        rejected_at: list[int] = []
        cells: list[RejectedRecord] = []
        ignored = dict(carried)
        for (number, name, key, body), wanted in self._stored(kind):
            for place, record in enumerate(self._lists.records(name, key, decode(body)) if body else ()):
                if KIND_OF.get(type(record)) == kind:
                    if wanted is None or place in wanted:
                        records.append(record)
                        positions.append(number << SHIFT | place)
                    if wanted is None and isinstance(record, DependencyRecord) and record.relation.startswith(UNKNOWN_TYPE):
                        self.counts.ignore(UNKNOWN, record.relation)
                elif isinstance(record, RejectedRecord) and record.partly:
                    if record.kind == kind and wanted is None:
                        cells.append(record)
                elif isinstance(record, RejectedRecord) and record.kind == kind and (wanted is None or place in wanted):
                    rejected.append(record)
                    rejected_at.append(number << SHIFT | place)
                elif isinstance(record, Ignored) and record.kind == kind and wanted is None:
                    ignored[record.reason] = ignored.get(record.reason, 0) + 1
            if len(records) >= BLOCK:
                yield records, positions, LeftOut(rejected, rejected_at, ignored, lost_cells=cells)
                records, positions, rejected, rejected_at, ignored, cells = [], [], [], [], {}, []
        if records or rejected or ignored or cells:
            yield records, positions, LeftOut(rejected, rejected_at, ignored, lost_cells=cells)

    def _counted(self, kind: str, carried: Mapping[str, int]) -> Iterator[tuple[list[Any], list[int], LeftOut]]:
        for records, positions, left_out in self._blocks(kind, carried):
            self.counts.give(kind, len(records) + len(left_out.rejected))
            for reason, number in left_out.ignored.items():
                self.counts.ignore(kind, reason, number)
            yield records, positions, left_out

    def cis(self) -> Iterator[CiBlock]:
        for records, positions, left_out in self._counted("ci", {}):
            yield CiBlock("ci", records, positions, left_out)

    def dependencies(self) -> Iterator[DependencyBlock]:
        for records, positions, left_out in self._counted("dependency", {}):
            yield dependency_block(records, positions, left_out)

    def small(self, kind: str) -> Iterator[SmallBlock]:
        for records, positions, left_out in self._counted(kind, {}):
            yield SmallBlock(kind, records, positions, left_out)

    def evidence(self) -> Evidence:
        return self._evidence

    def warnings(self) -> Sequence[str]:
        return [*self._notes, *self._lists.warnings(), *unknown_types(self.counts.ignored.get(UNKNOWN, {}))]


def dependency_block(rows: Sequence[DependencyRecord], positions: Sequence[int], left_out: LeftOut) -> DependencyBlock:
    return DependencyBlock(
        "dependency",
        [row.dependent for row in rows],
        [row.provider for row in rows],
        [row.kind for row in rows],
        [row.weight for row in rows],
        [row.relation for row in rows],
        positions,
        left_out,
    )
