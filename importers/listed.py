"""Sources that are lists of raw rows (tables of an API): what an importer writes, and the CiSource made of it.

An importer says which lists there are, reads them, and maps each row by itself; `Listed` keeps the rows in a mirror, asks next time only
for what changed, finds what went, and gives the evidence list by list. See README.md beside this file.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from app.domain.completeness import CI_CLASS, PAGES, Evidence
from app.domain.records import (
    DependencyRecord,
    RejectedRecord,
)
from app.ports.ci_source import CiBlock, DependencyBlock, LeftOut, SmallBlock, SourceDifference, SourceSnapshot
from importers.mapped import KIND_OF, UNKNOWN_TYPE, Ignored, Mapped, unknown_types
from importers.mirror import FORM, SHIFT, Counts, Mirror, Pending, Row, Stored, decode, known_rows

BLOCK = 10_000
UNKNOWN = "unknown relation"  # as which dependencies of unknown types are counted beside what is ignored


@dataclass(frozen=True, slots=True)
class RawList:
    """One list of the source. `gives`: kinds of records its rows map to; `classes`: source classes of its CIs; `ordered`: its rows come in
    order of their key, as SQLite compares texts; `besides`: earlier lists whose rows it holds as well (they count there); `optional`: a
    source need not have it, and a refusal is a warning as long as none of its rows are known."""

    name: str
    gives: tuple[str, ...]
    classes: tuple[str, ...] = ()
    ordered: bool = True
    besides: tuple[str, ...] = ()
    optional: bool = False

    def proves(self) -> tuple[str, ...]:
        return (*(f"{CI_CLASS}{name}" for name in self.classes), *(kind for kind in self.gives if kind != "ci"))


class Lists(Protocol):
    """What an importer writes; subclass it for the defaults."""

    def check(self) -> Sequence[str]:
        """One sentence for each thing found; raises when the source cannot be reached or read."""
        ...

    def lists(self) -> Sequence[RawList]:
        """In the order in which they are read."""
        ...

    def fingerprint(self) -> str:
        """Another text where the same source would give other rows, or the same rows other records: place, settings, mapping."""
        ...

    def read(self, name: str, since: str) -> Iterator[Sequence[Row]]:
        """Pages of rows to the end of the list, all of it or those stamped `since` or later. Raises what the client raises, and SourceFailed
        where the end is not reached."""
        ...

    def records(self, name: str, key: str, body: Any) -> Iterable[Mapped]:
        """What one row means, and nothing but this row."""
        ...

    def latest(self, name: str) -> str:
        """The newest stamp in a list; "": it has none, so the list is always read whole."""
        return ""

    def earlier(self, stamp: str) -> str:
        """A stamp some minutes before (5 or more): the overlap of two runs."""
        return stamp

    def total(self, name: str, after: str, upto: str) -> int | None:
        """How many rows the source has with after < key <= upto ("": without end); None: it does not say."""
        return None

    def gone(self, name: str, since: str) -> Iterable[str]:
        """Keys that a record of deletes says went since a stamp, where the source keeps one; asked only where the numbers differ, and
        believed only where they agree afterwards."""
        return ()

    def keys(self, name: str, after: str, upto: str) -> Iterator[str]:
        """Keys of the rows with after < key <= upto."""
        return (key for page in self.read(name, "") for key, _, _ in page if after < key and (not upto or key <= upto))

    def warnings(self) -> Sequence[str]:
        """What is worth saying about what was read."""
        return ()


class Rows(SourceSnapshot):
    """Blocks of records from stored rows; counts what they give."""

    def __init__(self, lists: Lists, evidence: Evidence, notes: Sequence[str]) -> None:
        self._lists, self._evidence, self._notes = lists, evidence, notes
        self.counts = Counts()

    def _stored(self, kind: str) -> Iterator[tuple[Stored, Collection[int] | None]]:
        """Rows that may give records of a kind; with the places of those wanted, where not all are."""
        raise NotImplementedError

    def _blocks(self, kind: str, carried: Mapping[str, int]) -> Iterator[tuple[list[Any], list[int], LeftOut]]:
        """`carried`: left out by the mapping in rows that are not looked at."""
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


class WholeRows(Rows):
    """All rows of a mirror."""

    def __init__(self, lists: Lists, mirror: Mirror, evidence: Evidence, notes: Sequence[str]) -> None:
        super().__init__(lists, evidence, notes)
        self.mirror = mirror

    def _stored(self, kind: str) -> Iterator[tuple[Stored, Collection[int] | None]]:
        self.counts.given.pop(kind, None)
        for name in (kind, UNKNOWN) if kind == "dependency" else (kind,):
            self.counts.ignored.pop(name, None)
        names = [raw.name for raw in self._lists.lists() if kind in raw.gives]
        return ((row, None) for row in self.mirror.rows(names))

    def where(self, place: str, position: int) -> str:
        row = self.mirror.at(position >> SHIFT)
        return f"{row[1]} {row[2]}" if row else f"{place} {position}"


@dataclass(slots=True)
class Listed:
    """CiSource of lists. `full_hours`: after so long a difference is no longer trusted and everything is read."""

    lists: Lists
    full_hours: float = 168.0
    _fresh: WholeRows | None = None
    _changed: Any = None

    def check(self) -> Sequence[str]:
        return self.lists.check()

    def read(self, folder: Path) -> SourceSnapshot:
        from importers.reading import read_all

        self._forget()
        mirror = Mirror(folder / "reading.db", fresh=True)
        try:
            parts, notes = read_all(
                self.lists, mirror, known_rows(folder / "mirror.db", [raw.name for raw in self.lists.lists()])
            )
        except BaseException:
            mirror.drop()
            raise
        self._fresh = WholeRows(self.lists, mirror, Evidence(PAGES, tuple(parts)), notes)
        return self._fresh

    def difference(self, folder: Path) -> SourceDifference | None:
        from importers.listed_difference import difference

        self._forget()
        self._changed = difference(self.lists, folder / "mirror.db", self._print(), self.full_hours)
        found: SourceDifference | None = self._changed
        return found

    def keep(self, folder: Path, facts: str, not_plain: Mapping[str, Collection[int]]) -> None:
        if self._fresh is not None:
            kept = {"facts": facts, "print": self._print(), "full_at": str(time.time())}
            self._fresh.mirror.seal(folder / "mirror.db", kept, self._fresh.counts, not_plain)
        elif self._changed is not None:
            self._changed.keep(facts, not_plain)
        self._fresh = self._changed = None

    def _print(self) -> str:
        return json.dumps([FORM, self.lists.fingerprint(), [str(raw) for raw in self.lists.lists()]])

    def _forget(self) -> None:
        """What an earlier attempt of this run read is not applied."""
        if self._fresh is not None:
            self._fresh.mirror.drop()
        if self._changed is not None:
            with suppress(Exception):
                self._changed.mirror.close()
        self._fresh = self._changed = None


__all__ = ["Ignored", "Listed", "Lists", "Mapped", "Pending", "RawList", "Row"]
