"""Finds what changed in the lists of a source since the mirror; maps only changed rows and those that were not plainly
accepted."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from app.domain.completeness import PAGES, Evidence
from app.domain.records import DependencyRecord, RejectedRecord
from app.ports.ci_source import KINDS, NOTHING_LEFT_OUT, CiBlock, DependencyBlock, LeftOut, SmallBlock, SourceDifference
from importers.lists.mirror import SHIFT, Damaged, Mirror, Stored, decode
from importers.lists.raw_lists import Lists
from importers.lists.reading import Reader, TooMuch, read_changes
from importers.lists.rows import BLOCK, UNKNOWN, Rows, dependency_block
from importers.mapping.mapped import KIND_OF, UNKNOWN_TYPE, Ignored

PLACES = (1 << SHIFT) - 1


def difference(lists: Lists, path: Path, fingerprint: str, full_hours: float) -> ChangedRows | None:
    """Returns the difference; None where there is no mirror, or it is of another mapping or place, too old, or too much
    changed."""
    if not path.is_file():
        return None
    try:
        mirror = Mirror(path)
        trusted = mirror.fact("print") == fingerprint and time.time() - float(mirror.fact("full_at") or 0) < full_hours * 3600
    except Damaged:
        return None
    try:
        if trusted:
            return ChangedRows(lists, mirror, read_changes(lists, mirror))
    except TooMuch:
        pass
    except BaseException:
        mirror.close()
        raise
    mirror.close()
    return None


class ChangedRows(Rows, SourceDifference):
    def __init__(self, lists: Lists, mirror: Mirror, reader: Reader) -> None:
        super().__init__(lists, Evidence(PAGES, tuple(reader.parts)), reader.notes)
        self.mirror, self.facts = mirror, mirror.fact("facts")
        self.classes = tuple(name for raw in lists.lists() for name in raw.classes)
        self._pending = reader.pending
        self._gives = {raw.name: raw.gives for raw in lists.lists()}
        self._old: dict[int, Stored] = {}
        self._new: dict[int, Stored] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._sort_out()
        self._open = {kind: self._open_rows(kind) for kind in KINDS}
        self.counts = mirror.counts()
        self._went = dict.fromkeys(KINDS, 0)
        self._settle_counts()

    def _sort_out(self) -> None:
        number = self.mirror.next_number()
        for name, part in self._pending.items():
            for key, (row, body) in self.mirror.find(name, [*part.put, *part.gone]).items():
                self._old[row] = (row, name, key, body)
            known = {key: row for row, of, key, _ in self._old.values() if of == name}
            for key, (_, body) in sorted(part.put.items()):
                row = known.get(key, 0)
                if not row:
                    row = self._numbers[name, key] = number
                    number += 1
                self._new[row] = (row, name, key, body)

    def _open_rows(self, kind: str) -> dict[int, set[int]]:
        rows: dict[int, set[int]] = {}
        for position in self.mirror.open(kind):
            rows.setdefault(position >> SHIFT, set()).add(position & PLACES)
        return rows

    def _settle_counts(self) -> None:
        """Takes out of the counts what the old rows gave; what the new ones give is added as it streams."""
        for kind in KINDS:
            open_count = sum(map(len, self._open[kind].values()))
            for number, name, key, body in self._old.values():
                if kind not in self._gives[name]:
                    continue
                for place, record in enumerate(self._lists.records(name, key, decode(body)) if body else ()):
                    if isinstance(record, Ignored) and record.kind == kind:
                        self.counts.ignore(kind, record.reason, -1)
                        continue
                    if isinstance(record, DependencyRecord) and kind == "dependency" and record.relation.startswith(UNKNOWN_TYPE):
                        self.counts.ignore(UNKNOWN, record.relation, -1)
                    if _kind(record) == kind and place not in self._open[kind].get(number, ()):
                        self._went[kind] += 1
            self.counts.give(kind, -self._went[kind] - open_count)
        self._untouched = dict(self.counts.given)
        self._carried = {kind: dict(reasons) for kind, reasons in self.counts.ignored.items()}

    def untouched(self, kind: str) -> int:
        return self._untouched.get(kind, 0)

    def _stored(self, kind: str) -> Iterator[tuple[Stored, Collection[int] | None]]:
        for row in self._new.values():
            if kind in self._gives[row[1]]:
                yield row, None
        for number, places in self._open[kind].items():
            if number not in self._new and number not in self._old and (row_there := self.mirror.at(number)):
                yield row_there, places

    def _counted(self, kind: str, carried: Mapping[str, int]) -> Iterator[tuple[list[object], list[int], LeftOut]]:
        """Yields the changed blocks and counts the untouched rows' share of what the mapping leaves out, so that the counts are
        those of a full read."""
        self.counts.give(kind, self.untouched(kind) - self.counts.given.get(kind, 0))
        self.counts.ignored.pop(kind, None)
        return super()._counted(kind, self._carried.get(kind, {}))

    def _gone(self, kind: str) -> Iterator[tuple[list[object], list[int]]]:
        records: list[object] = []
        positions: list[int] = []
        for number, name, key, body in self._old.values():
            if kind in self._gives[name] and body:
                for place, record in enumerate(self._lists.records(name, key, decode(body))):
                    if KIND_OF.get(type(record)) == kind and place not in self._open[kind].get(number, ()):
                        records.append(record)
                        positions.append(number << SHIFT | place)
        if records:
            yield records, positions

    def gone_cis(self) -> Iterator[CiBlock]:
        for records, positions in self._gone("ci"):
            yield CiBlock("ci", records, positions)  # type: ignore[arg-type]

    def gone_dependencies(self) -> Iterator[DependencyBlock]:
        for records, positions in self._gone("dependency"):
            yield dependency_block(records, positions, NOTHING_LEFT_OUT)  # type: ignore[arg-type]

    def gone_small(self, kind: str) -> Iterator[SmallBlock]:
        for records, positions in self._gone(kind):
            yield SmallBlock(kind, records, positions)  # type: ignore[arg-type]

    def referring(self, ids: Collection[str]) -> Iterator[DependencyBlock]:
        wanted, texts = set(ids), [name.encode() for name in ids] if len(ids) <= 20 else []
        records: list[DependencyRecord] = []
        positions: list[int] = []
        opened = self._open["dependency"]
        for number, name, key, body in self.mirror.rows([name for name, gives in self._gives.items() if "dependency" in gives]):
            if number in self._old or (texts and not any(text in body for text in texts)) or not body:
                continue
            for place, record in enumerate(self._lists.records(name, key, decode(body))):
                if isinstance(record, DependencyRecord) and _names(record, wanted) and place not in opened.get(number, ()):
                    records.append(record)
                    positions.append(number << SHIFT | place)
            if len(records) >= BLOCK:
                yield dependency_block(records, positions, NOTHING_LEFT_OUT)
                records, positions = [], []
        if records:
            yield dependency_block(records, positions, NOTHING_LEFT_OUT)

    def where(self, place: str, position: int) -> str:
        row = self._new.get(position >> SHIFT) or self.mirror.at(position >> SHIFT)
        return f"{row[1]} {row[2]}" if row else f"{place} {position}"

    def keep(self, facts: str, not_plain: Mapping[str, Collection[int]]) -> None:
        self.mirror.advance(self._pending, self._numbers, {"facts": facts}, self.counts, not_plain)
        self.mirror.close()


def _kind(record: object) -> str:
    if isinstance(record, RejectedRecord):
        return "" if record.partly else record.kind
    return KIND_OF.get(type(record), "")


def _names(record: DependencyRecord, ids: set[str]) -> bool:
    return any(text in ids or text.partition(":")[2] in ids for text in (record.dependent, record.provider))


__all__: Sequence[str] = ["ChangedRows", "difference"]
