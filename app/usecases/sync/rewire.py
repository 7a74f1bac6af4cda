"""When CIs merge, split or go, rows that name them by id follow: they move to the CI their source now means, or end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from app.domain.changes import Row, RowChanges, rows_of
from app.domain.nouns import DEPENDENCY, EXPOSURE, INCIDENT, NOUNS, OBSERVATION, REDUNDANCY_GROUP, Noun
from app.domain.payloads import canonical
from app.ports.graph_store import GraphStore
from app.usecases.sync.reconcile import Fates

BLOCK = 2_000
DEPENDENT, PROVIDER, SOURCE = 0, 1, 3  # places in a dependency row


class Rewiring:
    """`settled(noun, row)`: the row was compared already in this run, so it is left alone. `begun`: identities of dependencies that this
    run begins anyway."""

    def __init__(
        self, store: GraphStore, revision: int, fates: Fates, settled: Callable[[Noun, Row], bool], begun: Callable[[], set[Row]]
    ) -> None:
        self._store, self._revision, self._fates, self._settled, self._begun = store, revision, fates, settled, begun
        self.warnings: list[str] = []

    def changes(self) -> list[RowChanges]:
        if not self._fates:
            return []
        return [self._dependencies(), self._groups(), self._simple(EXPOSURE, "ci_id"), self._simple(INCIDENT, "ci_id")]

    def _meant(self, ci_id: int, source_id: int) -> int | None:
        fate = self._fates.get(ci_id)
        if fate is None:
            return ci_id
        return fate.get(source_id, fate.get(0))

    def _found(self, noun: Noun, *columns: str) -> list[Row]:
        ids, found = sorted(self._fates), dict[Row, Row]()
        size = len(noun.identity)
        for start in range(0, len(ids), BLOCK):
            for column in columns:
                part = self._store.rows(self._revision, noun.name, column, ids[start : start + BLOCK])
                found.update((row[:size], row) for row in rows_of(noun, part))
        return [
            row for _, row in sorted(found.items(), key=lambda item: tuple(map(str, item[0]))) if not self._settled(noun, row)
        ]

    def _dependencies(self) -> RowChanges:
        changes, moved = RowChanges(DEPENDENCY), dict[Row, Row]()
        for row in self._found(DEPENDENCY, "dependent_id", "provider_id"):
            a, b = self._meant(row[DEPENDENT], row[SOURCE]), self._meant(row[PROVIDER], row[SOURCE])
            if (a, b) == row[:2]:
                continue
            changes.ended.append(row[:4])
            if a is None or b is None:
                self._warn(DEPENDENCY, row[SOURCE], "ended, as a CI it names is gone")
            elif a != b:
                moved.setdefault((a, b, *row[2:4]), (a, b, *row[2:]))
        if moved:
            begun = self._begun()
            moved = {identity: row for identity, row in moved.items() if identity not in begun}
        self._keep_new(changes, moved, "dependent_id")
        return changes

    def _keep_new(self, changes: RowChanges, moved: dict[Row, Row], column: str) -> None:
        """Begin moved rows, where no other row of the same identity goes on."""
        ended, noun = set(changes.ended), changes.noun
        size = len(noun.identity)
        held = set[Row]()
        firsts = sorted({identity[0] for identity in moved})
        for start in range(0, len(firsts), BLOCK):
            part = self._store.rows(self._revision, noun.name, column, firsts[start : start + BLOCK])
            held.update(row[:size] for row in rows_of(noun, part))
        changes.begun.extend(row for identity, row in sorted(moved.items()) if identity not in held - ended)

    def _groups(self) -> RowChanges:
        changes, ids = RowChanges(REDUNDANCY_GROUP), sorted(self._fates)
        found = {row[0]: row for row in self._found(REDUNDANCY_GROUP, "dependent_id")}
        for start in range(0, len(ids), BLOCK):
            rows = rows_of(REDUNDANCY_GROUP, self._store.groups_of_members(self._revision, ids[start : start + BLOCK]))
            found.update((row[0], row) for row in rows if not self._settled(REDUNDANCY_GROUP, row))
        for group_id, row in sorted(found.items()):
            dependent = self._meant(row[2], row[9])
            members = [self._meant(member, row[9]) for member in json.loads(row[5])]
            changed = (*row[:2], dependent, *row[3:5], canonical(members), *row[6:])
            if changed == row:
                continue
            changes.ended.append((group_id,))
            if dependent is None or None in members or dependent in members or len(set(members)) < len(members):
                self._warn(REDUNDANCY_GROUP, row[9], f"{row[1]} ended, as its CIs are gone or became one")
            else:
                changes.begun.append(changed)
        return changes

    def _simple(self, noun: Noun, column: str) -> RowChanges:
        changes, moved = RowChanges(noun), dict[Row, Row]()
        place = noun.names().index(column)
        source = noun.names().index("source_id")
        size = len(noun.identity)
        for row in self._found(noun, column):
            ci_id = self._meant(row[place], row[source])
            if ci_id == row[place]:
                continue
            changes.ended.append(row[:size])
            if ci_id is None:
                self._warn(noun, row[source], "ended, as its CI is gone")
            else:
                new = (*row[:place], ci_id, *row[place + 1 :])
                moved.setdefault(new[:size], new)
        if noun is EXPOSURE:
            self._keep_new(changes, moved, "ci_id")
        else:
            changes.begun.extend(moved.values())
        return changes

    def _warn(self, noun: Noun, source_id: int, what: str) -> None:
        self.warnings.append(f"{noun.name.replace('_', ' ')} of source {source_id} {what}")


def merged(changes: Iterable[RowChanges]) -> list[RowChanges]:
    """One `RowChanges` for each noun: an identity that several parts end or begin is written once, the first part deciding."""
    by_noun: dict[str, RowChanges] = {}
    for part in changes:
        whole = by_noun.setdefault(part.noun.name, RowChanges(part.noun))
        size = len(part.noun.identity)
        ended, begun = set(whole.ended), {row[:size] for row in whole.begun}
        whole.ended.extend(identity for identity in part.ended if identity not in ended)
        whole.begun.extend(row for row in part.begun if row[:size] not in begun)
    order = [NOUNS[name] for name in (DEPENDENCY.name, REDUNDANCY_GROUP.name, EXPOSURE.name, INCIDENT.name, OBSERVATION.name)]
    return [by_noun[noun.name] for noun in order if noun.name in by_noun]
