"""The change list of a run that has written nothing yet, out of its changeset and the rows of the ledger that it would end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from app.domain.change_list import Change, ChangeList
from app.domain.changes import Row, rows_of
from app.domain.nouns import CI, DEPENDENCY, EXPOSURE, INCIDENT, OBSERVATION, OPEN_NEED, REDUNDANCY_GROUP, SOURCE_RECORD, Noun
from app.ports.graph_store import GraphStore
from app.usecases.changes.names import Names, ids_in, line
from app.usecases.sync.run import Outcome

BLOCK, JOINS = 5_000, 200
_ASKED = {DEPENDENCY.name: "dependent_id", REDUNDANCY_GROUP.name: "group_id", EXPOSURE.name: "ci_id"}


class RunChanges:
    """`source_id`: of the source that is synced; `sources`: names by id."""

    def __init__(self, store: GraphStore, revision: int, source_id: int, sources: Mapping[int, str]) -> None:
        self._store, self._revision, self._source_id = store, revision, source_id
        self._names = Names(store, [revision], sources)
        self._minted: set[int] = set()
        self.retired: list[int] = []  # CIs that would go
        self.joins: list[str] = []  # records of this source that become part of a CI that others tell of: the first of them
        self.joins_total = 0

    def take(self, outcome: Outcome, into: ChangeList) -> None:
        alone = outcome.reconciliation.alone
        for chunk in outcome.reconciliation.changes():
            self._names.learn(chunk.begun)
            old, new = {row[0] for row in chunk.ended}, {row[0] for row in chunk.begun}
            self.retired += sorted(old - new)
            if not alone:
                self._minted |= new - old
        for chunk in outcome.reconciliation.changes():
            into.take(self._lines(CI, chunk.begun, chunk.ended))
            into.take(self._lines(SOURCE_RECORD, chunk.records_begun, chunk.records_ended))
            if not alone:
                self._take_joins(chunk.records_begun, {row[:2] for row in chunk.records_ended})
        self.joins = sorted(self.joins)[:JOINS]
        for begun, ended in self._dependency_blocks(outcome):
            into.take(self._lines(DEPENDENCY, begun, ended))
        for part in outcome.others:
            into.take(self._lines(part.noun, part.begun, part.ended))

    def _take_joins(self, begun: list[Row], ended: set[Row]) -> None:
        new = [row for row in begun if row[0] == self._source_id and row[:2] not in ended and row[2] not in self._minted]
        told: dict[int, set[int]] = {}
        ids = sorted({row[2] for row in new})
        for start in range(0, len(ids), BLOCK):
            columns = self._store.rows(self._revision, SOURCE_RECORD.name, "ci_id", ids[start : start + BLOCK])
            for ci_id, source_id in zip(map(int, columns["ci_id"]), map(int, columns["source_id"]), strict=True):
                told.setdefault(ci_id, set()).add(source_id)
        for row in new:
            others = sorted(told.get(row[2], set()) - {self._source_id})
            if others:
                self.joins_total += 1
                names = ", ".join(map(self._names.source, others))
                self.joins.append(f"{row[1]} becomes part of {self._names.key(row[2])}, of which {names} tells too")
        if len(self.joins) > 2 * JOINS:
            self.joins = sorted(self.joins)[:JOINS]

    def _lines(self, noun: Noun, begun: list[Row], ended: list[Row]) -> Iterator[Change]:
        size = len(noun.identity)
        old = self._old(noun, ended) if ended else {}
        new = {row[:size]: row for row in begun}
        if noun is not CI:
            self._names.fetch(ids_in(noun, [*old.values(), *begun]))
        for identity, row in old.items():
            yield line(noun, row, new.pop(identity, None), self._names)
        for row in new.values():
            yield line(noun, None, row, self._names)

    def _old(self, noun: Noun, ended: list[Row]) -> dict[Row, Row]:
        """The rows that end, by identity, in the order given."""
        found: dict[Row, Row] = {}
        size, wanted = len(noun.identity), dict.fromkeys(map(tuple, ended))
        for columns in self._read(noun, list(wanted)):
            found.update((row[:size], row) for row in rows_of(noun, columns) if row[:size] in wanted)
        return {identity: found[identity] for identity in wanted}

    def _read(self, noun: Noun, ended: list[Row]) -> Iterator[Any]:
        store, revision = self._store, self._revision
        if noun in (INCIDENT, OBSERVATION, OPEN_NEED):
            for source_id in sorted({row[0] for row in ended}):
                yield store.load_columns(revision, noun.name, None, source_id)
            return
        for start in range(0, len(ended), BLOCK):
            part = ended[start : start + BLOCK]
            if noun is CI:
                yield store.states(revision, sorted(row[0] for row in part))
            elif noun is SOURCE_RECORD:
                yield store.rows(revision, noun.name, "source_key", sorted({row[1] for row in part}))
            else:
                yield store.rows(revision, noun.name, _ASKED[noun.name], sorted({row[0] for row in part}))

    def _dependency_blocks(self, outcome: Outcome) -> Iterator[tuple[list[Row], list[Row]]]:
        """Blocks in which a row that changes has both its end and its beginning: both sides come in order of the dependent."""
        begun = _by_dependent(_rows(outcome.dependencies.begun, DEPENDENCY.names(), self._source_id))
        ended = _by_dependent(_rows(outcome.dependencies.ended, DEPENDENCY.identity, self._source_id))
        new, old = next(begun, None), next(ended, None)
        block: tuple[list[Row], list[Row]] = ([], [])
        while new is not None or old is not None:
            first = min(group[0] for group in (new, old) if group is not None)
            if new is not None and new[0] == first:
                block[0].extend(new[1])
                new = next(begun, None)
            if old is not None and old[0] == first:
                block[1].extend(old[1])
                old = next(ended, None)
            if len(block[0]) + len(block[1]) >= BLOCK:
                yield block
                block = ([], [])
        yield block


def _by_dependent(rows: Iterable[Row]) -> Iterator[tuple[int, list[Row]]]:
    for dependent, group in groupby(rows, key=lambda row: int(row[0])):
        yield dependent, list(group)


def _rows(columns: Mapping[str, Any], names: tuple[str, ...], source_id: int) -> Iterator[Row]:
    """Dependencies in order of dependent, provider and kind."""
    total = len(columns["dependent_id"])
    for start in range(0, total, BLOCK):
        rows = range(start, min(start + BLOCK, total))
        yield from zip(*(_cells(columns, name, rows, source_id) for name in names), strict=True)


def _cells(columns: Mapping[str, Any], name: str, rows: range, source_id: int) -> list[Any]:
    if name == "source_id":
        return [source_id] * len(rows)
    if name in ("kind", "relation"):
        return [columns[name][row] for row in rows]
    return list(columns[name][rows.start : rows.stop].tolist())
