"""The change list of a run that has written nothing yet, from its changeset and the rows of the ledger that it would end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

from app.domain.change_list import Change, ChangeList
from app.domain.changes import Row, rows_of
from app.domain.nouns import (
    CI,
    DEPENDENCY,
    EXPOSURE,
    INCIDENT,
    OBSERVATION,
    OPEN_NEED,
    REDUNDANCY_GROUP,
    SOURCE_RECORD,
    Identity,
    Noun,
)
from app.domain.rows import LedgerDependency, LedgerRecord
from app.ports.graph_store import GraphStore
from app.usecases.changes.names import Names, ids_in, line
from app.usecases.sync.run import Outcome

R = TypeVar("R", bound=Row)
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
            old, new = {ci_id for (ci_id,) in chunk.ended}, {row.ci_id for row in chunk.begun}
            self.retired += sorted(old - new)
            if not alone:
                self._minted |= new - old
        for chunk in outcome.reconciliation.changes():
            into.take(self._lines(CI, chunk.begun, chunk.ended))
            into.take(self._lines(SOURCE_RECORD, chunk.records_begun, chunk.records_ended))
            if not alone:
                self._take_joins(chunk.records_begun, set(chunk.records_ended))
        self.joins = sorted(self.joins)[:JOINS]
        for begun, ended in self._dependency_blocks(outcome):
            into.take(self._lines(DEPENDENCY, begun, ended))
        for part in outcome.others:
            into.take(self._lines(part.noun, part.begun, part.ended))

    def _take_joins(self, begun: list[LedgerRecord], ended: set[Identity]) -> None:
        new = [
            row
            for row in begun
            if row.source_id == self._source_id and SOURCE_RECORD.identity_of(row) not in ended and row.ci_id not in self._minted
        ]
        sources: dict[int, set[int]] = {}  # by CI, as the ledger has them
        ids = sorted({row.ci_id for row in new})
        for start in range(0, len(ids), BLOCK):
            columns = self._store.rows(self._revision, SOURCE_RECORD.name, "ci_id", ids[start : start + BLOCK])
            for ci_id, source_id in zip(map(int, columns["ci_id"]), map(int, columns["source_id"]), strict=True):
                sources.setdefault(ci_id, set()).add(source_id)
        for row in new:
            others = sorted(sources.get(row.ci_id, set()) - {self._source_id})
            if others:
                self.joins_total += 1
                names = ", ".join(map(self._names.source, others))
                self.joins.append(f"{row.source_key} becomes part of {self._names.key(row.ci_id)}, of which {names} tells too")
        if len(self.joins) > 2 * JOINS:
            self.joins = sorted(self.joins)[:JOINS]

    def _lines(self, noun: Noun[R], begun: list[R], ended: list[Identity]) -> Iterator[Change]:
        old = self._old(noun, ended) if ended else {}
        new = noun.by_identity(begun)
        if noun is not CI:
            self._names.fetch(ids_in(noun, [*old.values(), *begun]))
        for identity, row in old.items():
            yield line(noun, row, new.pop(identity, None), self._names)
        for row in new.values():
            yield line(noun, None, row, self._names)

    def _old(self, noun: Noun[R], ended: list[Identity]) -> dict[Identity, R]:
        """Returns the rows that end, by identity, in the order given."""
        rows: dict[Identity, R] = {}
        wanted = dict.fromkeys(map(tuple, ended))
        for columns in self._read(noun, list(wanted)):
            near = noun.by_identity(rows_of(noun, columns))
            rows.update((identity, row) for identity, row in near.items() if identity in wanted)
        return {identity: rows[identity] for identity in wanted}

    def _read(self, noun: Noun[Any], ended: list[Identity]) -> Iterator[Any]:
        store, revision = self._store, self._revision
        if noun in (INCIDENT, OBSERVATION, OPEN_NEED):
            for source_id in sorted({source_id for source_id, _ in ended}):
                yield store.load_columns(revision, noun.name, None, source_id)
            return
        for start in range(0, len(ended), BLOCK):
            part = ended[start : start + BLOCK]
            if noun is CI:
                yield store.states(revision, sorted(ci_id for (ci_id,) in part))
            elif noun is SOURCE_RECORD:
                yield store.rows(revision, noun.name, "source_key", sorted({source_key for _, source_key in part}))
            else:
                yield store.rows(revision, noun.name, _ASKED[noun.name], sorted({first for first, *_ in part}))

    def _dependency_blocks(self, outcome: Outcome) -> Iterator[tuple[list[LedgerDependency], list[Identity]]]:
        """Yields blocks in which a row that changes has both its end and its beginning: both sides come in order of the
        dependent."""
        begun = _by_dependent(map(LedgerDependency._make, _rows(outcome.dependencies.begun, DEPENDENCY.names(), self._source_id)))
        ended = _by_dependent(_rows(outcome.dependencies.ended, DEPENDENCY.identity, self._source_id))
        new, old = next(begun, None), next(ended, None)
        rows: list[LedgerDependency] = []
        identities: list[Identity] = []
        while new is not None or old is not None:
            first = min(group[0] for group in (new, old) if group is not None)
            if new is not None and new[0] == first:
                rows.extend(new[1])
                new = next(begun, None)
            if old is not None and old[0] == first:
                identities.extend(old[1])
                old = next(ended, None)
            if len(rows) + len(identities) >= BLOCK:
                yield rows, identities
                rows, identities = [], []
        yield rows, identities


def _by_dependent(rows: Iterable[R]) -> Iterator[tuple[int, list[R]]]:
    for dependent, group in groupby(rows, key=itemgetter(DEPENDENCY.names().index("dependent_id"))):
        yield int(dependent), list(group)


def _rows(columns: Mapping[str, Any], names: tuple[str, ...], source_id: int) -> Iterator[Row]:
    """Yields dependencies in order of dependent, provider and kind."""
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
