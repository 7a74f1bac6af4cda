"""A snapshot of records in memory: for sources that fit into it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.domain.completeness import PAGES, SAID, Evidence, Part
from app.domain.records import CiRecord, DependencyRecord, RejectedRecord
from app.ports.ci_source import CiBlock, DependencyBlock, LeftOut, SmallBlock, SmallRecord, SourceDifference
from importers.mapping.mapped import KIND_OF, Ignored, Mapped

ROWS = "rows.json"


@dataclass(slots=True)
class Gathered:
    """Records by kind with their positions, refused and left-out records, and the evidence."""

    place: str
    proof: Evidence
    ci_records: list[CiRecord] = field(default_factory=list)
    dependency_records: list[DependencyRecord] = field(default_factory=list)
    small_records: dict[str, list[SmallRecord]] = field(default_factory=dict)
    rejected: dict[str, list[RejectedRecord]] = field(default_factory=dict)
    ignored: dict[str, dict[str, int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    cells: dict[str, list[RejectedRecord]] = field(default_factory=dict)  # that records go on without

    def ignore(self, kind: str, reason: str, count: int = 1) -> None:
        counts = self.ignored.setdefault(kind, {})
        counts[reason] = counts.get(reason, 0) + count

    def take(self, record: Mapped) -> None:
        """Puts what a row maps to where it belongs."""
        if isinstance(record, CiRecord):
            self.ci_records.append(record)
        elif isinstance(record, DependencyRecord):
            self.dependency_records.append(record)
        elif isinstance(record, RejectedRecord) and record.partly:
            self.cells.setdefault(record.kind, []).append(record)
        elif isinstance(record, RejectedRecord):
            self.rejected.setdefault(record.kind, []).append(record)
        elif isinstance(record, Ignored):
            self.ignore(record.kind, record.reason)
        else:
            self.small_records.setdefault(KIND_OF[type(record)], []).append(record)

    def reject(self, kind: str, where: str, key: str, fault: tuple[str, str, str], about: str = "") -> None:
        """Refuses a record. `about`: the CI whose need or value was refused."""
        self.rejected.setdefault(kind, []).append(RejectedRecord(kind, where, key[:200], *fault, about=about))

    def lose(self, kind: str, where: str, key: str, fault: tuple[str, str, str], about: str) -> None:
        """Notes that a record goes on without one of its cells."""
        self.cells.setdefault(kind, []).append(RejectedRecord(kind, where, key[:200], *fault, about=about, partly=True))

    def depend(self, dependent: str, provider: str, relation: str, kind: str = "hard", weight: float | None = None) -> None:
        self.dependency_records.append(DependencyRecord(dependent, provider, kind, weight, relation))

    def _left_out(self, kind: str) -> LeftOut:
        return LeftOut(self.rejected.get(kind, ()), (), self.ignored.get(kind, {}), (), self.cells.get(kind, ()))

    def cis(self) -> Iterator[CiBlock]:
        yield CiBlock(f"{self.place} ci", self.ci_records, range(1, len(self.ci_records) + 1), self._left_out("ci"))

    def dependencies(self) -> Iterator[DependencyBlock]:
        rows = self.dependency_records
        yield DependencyBlock(
            f"{self.place} dependency",
            [row.dependent for row in rows],
            [row.provider for row in rows],
            [row.kind for row in rows],
            [row.weight for row in rows],
            [row.relation for row in rows],
            range(1, len(rows) + 1),
            self._left_out("dependency"),
        )

    def small(self, kind: str) -> Iterator[SmallBlock]:
        records = self.small_records.get(kind, [])
        yield SmallBlock(f"{self.place} {kind}", records, range(1, len(records) + 1), self._left_out(kind))

    def evidence(self) -> Evidence:
        return self.proof

    def warnings(self) -> Sequence[str]:
        return self.notes

    def where(self, place: str, position: int) -> str:
        return f"{place} {position}"


class ReadWhole:
    """The base of sources that keep nothing between runs."""

    def difference(self, folder: Path) -> SourceDifference | None:
        return None

    def keep(self, folder: Path, facts: str, not_plain: Mapping[str, Collection[int]]) -> None:
        return None


class ReadByLists(ReadWhole):
    """The base of sources read whole, list by list: it keeps how many rows each list had when it was last applied, so that an
    emptied list is noticed."""

    _rows_read: Mapping[str, int] = {}

    def proof(self, parts: Sequence[Part], folder: Path) -> Evidence:
        """Returns the evidence of these parts, each with the rows it had."""
        self._rows_read = {part.name: part.received for part in parts if not part.problem}
        known = _counts(folder / ROWS)
        return Evidence(PAGES, tuple(replace(part, known=known.get(part.name, 0)) for part in parts))

    def keep(self, folder: Path, facts: str, not_plain: Mapping[str, Collection[int]]) -> None:
        counts = {**_counts(folder / ROWS), **self._rows_read}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{ROWS}.new").write_text(json.dumps(counts, sort_keys=True), "utf-8")
        (folder / f"{ROWS}.new").replace(folder / ROWS)


def _counts(path: Path) -> dict[str, int]:
    try:
        counts = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return counts if isinstance(counts, dict) else {}


def unproven(rows: int, name: str) -> Evidence:
    """Returns the evidence of a source that tells how many rows it gave, and proves nothing by it."""
    return Evidence(SAID, (Part(name, rows),))
