"""Turns ids into the keys that people know, and rows into lines of a change list."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from operator import attrgetter
from typing import Any, TypeVar

from app.domain.change_list import Change
from app.domain.changes import Row
from app.domain.columns import ABSENT
from app.domain.json_columns import members_of
from app.domain.nouns import CI, DEPENDENCY, EXPOSURE, INCIDENT, OBSERVATION, OPEN_NEED, REDUNDANCY_GROUP, SOURCE_RECORD, Noun
from app.domain.rows import LedgerCi, LedgerGroup
from app.ports.graph_store import GraphStore

R = TypeVar("R", bound=Row)
BLOCK, MANY = 5_000, 100_000  # beyond so many ids the whole column is read
CALLED = {
    CI.name: "ci", DEPENDENCY.name: "dependency", REDUNDANCY_GROUP.name: "group", EXPOSURE.name: "service",
    INCIDENT.name: "incident", OBSERVATION.name: "observation", SOURCE_RECORD.name: "record", OPEN_NEED.name: "open need",
}  # fmt: skip
_OF = {CI.name: "ci_class", DEPENDENCY.name: "kind", OPEN_NEED.name: "kind", REDUNDANCY_GROUP.name: "kind"}
_CI_COLUMNS = ("ci_id", "dependent_id", "provider_id")
_LEFT_OUT = {
    CI.name: ("ci_id", "key"),
    REDUNDANCY_GROUP.name: ("group_id", "key"),
    SOURCE_RECORD.name: ("payload",),
    OPEN_NEED.name: ("statement",),
}


class Names:
    """Keys by id: those that a run gives out, then those of the ledger."""

    def __init__(self, store: GraphStore, revisions: Collection[int], sources: Mapping[int, str]) -> None:
        self._store, self._revisions, self._sources = store, [r for r in revisions if r], sources
        self._keys: dict[int, str] = {}

    def learn(self, rows: Iterable[LedgerCi]) -> None:
        self._keys.update((row.ci_id, row.key) for row in rows)

    def fetch(self, ids: Iterable[int]) -> None:
        for revision in self._revisions:
            missing = sorted(set(ids) - self._keys.keys())
            if len(missing) > MANY:
                columns = self._store.load_columns(revision, CI.name, ["ci_id", "key"])
                self._keys.update(zip(map(int, columns["ci_id"]), columns["key"], strict=True))
                continue
            for start in range(0, len(missing), BLOCK):
                columns = self._store.states(revision, missing[start : start + BLOCK])
                self._keys.update(zip(map(int, columns["ci_id"]), columns["key"], strict=True))

    def key(self, ci_id: int) -> str:
        return self._keys.get(ci_id) or f"CI {ci_id}"

    def source(self, source_id: int) -> str:
        return self._sources.get(source_id) or f"source {source_id}"


def ids_in(noun: Noun[R], rows: Iterable[R]) -> set[int]:
    """Returns the id of every CI that rows of a noun other than `ci` name."""
    columns = [attrgetter(name) for name in noun.names() if name in _CI_COLUMNS]
    ids = {int(ci_id) for row in rows for column in columns if (ci_id := column(row)) is not None}
    for row in rows:
        if isinstance(row, LedgerGroup):
            ids.update(members_of(row.members))
    return ids


def line(noun: Noun[R], old: R | None, new: R | None, names: Names) -> Change:
    """Returns one changed row as a line."""
    before, after = _said(noun, old, names), _said(noun, new, names)
    cells = after or before
    values = {
        name: [before.get(name), after.get(name)]
        for name in cells
        if before.get(name) != after.get(name) and name not in _LEFT_OUT.get(noun.name, ())
    }
    word = "created" if old is None else "retired" if new is None else "changed"
    return Change(CALLED[noun.name], word, _key(noun, cells), str(cells.get(_OF.get(noun.name, "")) or ""), values)


def _key(noun: Noun[Any], said: Mapping[str, Any]) -> str:
    if noun is DEPENDENCY:
        return f"{said['dependent_id']} -> {said['provider_id']} ({said['kind']}, {said['source_id']})"
    if noun is EXPOSURE:
        return f"{said['ci_id']} ({said['source_id']})"
    if noun in (CI, REDUNDANCY_GROUP):
        return str(said["key"])
    return f"{said['source_id']}: {said[noun.identity[1]]}"


def _said(noun: Noun[R], row: R | None, names: Names) -> dict[str, Any]:
    if row is None:
        return {}
    return {name: _plain(name, kind, value, names) for (name, kind), value in zip(noun.columns, row, strict=True)}


def _plain(name: str, kind: str, value: Any, names: Names) -> Any:
    """Returns a cell as a line shows it: keys for ids, the name of a source, absent as None; the same from a run and from a
    store."""
    if value is None or value == "" or value != value:
        return None
    if name == "members":
        return [names.key(member) for member in members_of(value)]
    if kind == "REAL":
        return float(value) + 0.0  # -0.0 is 0.0
    if kind != "INTEGER":
        return str(value)
    number = int(value)
    if name in _CI_COLUMNS:
        return names.key(number)
    if name == "source_id":
        return names.source(number)
    return None if number == ABSENT and name != "content_hash" else number
