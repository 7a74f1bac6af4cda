"""When CIs merge, split or go, rows that name them by id follow: they move to the CI their source now means, or end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

from app.domain.changes import Row, RowChanges, rows_of
from app.domain.identity_spelling import says_nothing
from app.domain.nouns import CI, DEPENDENCY, EXPOSURE, INCIDENT, NOUNS, OBSERVATION, OPEN_NEED, REDUNDANCY_GROUP, Noun
from app.domain.observations import Window, scope_of
from app.domain.payloads import canonical
from app.domain.records import DependencyRecord, GroupRecord, IncidentRecord, ObservationRecord, ServiceRecord
from app.ports.graph_store import GraphStore
from app.usecases.sync.reconcile import Fates
from app.usecases.sync.unread import Stated, Unread
from app.usecases.sync.windows import add_windows

BLOCK = 2_000
DEPENDENT, PROVIDER, SOURCE = 0, 1, 3  # places in a dependency row
GROUP_DEPENDENT, MEMBERS, SHARES, GROUP_SOURCE = (
    REDUNDANCY_GROUP.names().index(name) for name in ("dependent_id", "members", "shares", "source_id")
)
NEEDED = REDUNDANCY_GROUP.names().index("needed")
_KEY, _NAME, _ALIASES = (CI.names().index(name) for name in ("key", "name", "aliases"))
TELLING = ("fqdn", "source id", "name")  # kinds of alias by which a CI that comes again is known, in this order
IDENTITY = (
    "uuid",
    "cloud_id",
    "serial",
    "asset_tag",
    "mac",
)  # by which it is known under any name, where the value says something
SILENT = (*IDENTITY, "address", "host", "key")  # lent or shared: what has them next is another thing


class Rewiring:
    """`settled(noun, row)`: the row was compared already in this run, so it is left alone. `begun`: identities of dependencies that this
    run begins anyway. `named`: the name of a source; `key_of`: the key of a CI after the run."""

    def __init__(
        self,
        store: GraphStore,
        revision: int,
        fates: Fates,
        settled: Callable[[Noun, Row], bool],
        begun: Callable[[], set[Row]],
        named: Callable[[int], str],
        key_of: Callable[[int], str],
    ) -> None:
        self._named, self._key_of = named, key_of
        self._store, self._revision, self._fates, self._settled, self._begun = store, revision, fates, settled, begun
        self.warnings: list[str] = []
        self.lost: list[
            tuple[int, Unread]
        ] = []  # what named a CI that is gone, by source: resolved again or kept as an open need
        self._names: dict[int, tuple[str, tuple[str, ...]]] = {}

    def changes(self) -> list[RowChanges]:
        if not self._fates:
            return []
        exposures, incidents = self._simple(EXPOSURE, "ci_id"), self._simple(INCIDENT, "ci_id")
        return [self._dependencies(), self._groups(), exposures, incidents, self._observations()]

    def meant(self, ci_id: int, source_id: int) -> int | None:
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
            a, b = self.meant(row[DEPENDENT], row[SOURCE]), self.meant(row[PROVIDER], row[SOURCE])
            if (a, b) == row[:2]:
                continue
            changes.ended.append(row[:4])
            if a is None or b is None:
                self._lose_dependency(row, a, b)
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
            changed = self._moved_group(row)
            if changed == row:
                continue
            changes.ended.append((group_id,))
            if changed is not None:
                changes.begun.append(changed)
        return changes

    def _moved_group(self, row: Row) -> Row | None:
        """The group with the members that go on, each CI once; what it lost is kept, to be resolved again. None: nothing of it goes on."""
        source_id = row[GROUP_SOURCE]
        dependent, before = self.meant(row[GROUP_DEPENDENT], source_id), json.loads(row[MEMBERS])
        goes_on = [self.meant(member, source_id) for member in before]
        members = list(dict.fromkeys(member for member in goes_on if member is not None and member != dependent))
        if len(members) < len(before) or dependent is None:
            self._lose_group(row, [member is None or member == dependent for member in goes_on], dependent, len(members))
        if dependent is None or not members:
            return None
        shares = json.loads(row[SHARES]) if row[SHARES] else []
        kept = canonical([shares[goes_on.index(member)] for member in members]) if shares else row[SHARES]
        changed = list(row)
        changed[GROUP_DEPENDENT], changed[NEEDED], changed[MEMBERS] = (
            dependent,
            min(row[NEEDED], len(members)),
            canonical(members),
        )
        changed[SHARES] = kept
        return tuple(changed)

    def _lose_group(self, row: Row, gone: Sequence[bool], dependent: int | None, left: int) -> None:
        ids = [row[GROUP_DEPENDENT], *json.loads(row[MEMBERS])]
        name, *members = (self._called(ci_id)[0] for ci_id in ids)
        key = row[1].partition(":")[2]
        record = GroupRecord(
            key, name, tuple(members), row[NEEDED], row[3], tuple(json.loads(row[SHARES])) if row[SHARES] else (), *row[7:11]
        )
        what = "its dependent is gone" if dependent is None else f"{sum(gone)} of {len(gone)} members are gone"
        reason = what if dependent is None or any(gone) else "redundancy only on paper, members are one CI"
        needs = 1 if dependent is None or not left else sum(gone)
        self.lost.append((row[GROUP_SOURCE], self._unread("group", ids, f"group {key}", reason, record, needs)))
        self._warn(REDUNDANCY_GROUP, row[GROUP_SOURCE], f"{row[1]}: {reason}")

    def _lose_dependency(self, row: Row, a: int | None, b: int | None) -> None:
        dependent, provider = self._called(row[DEPENDENT])[0], self._called(row[PROVIDER])[0]
        what = f"{dependent} -> {provider}"
        reason = f"{dependent if a is None else provider} is gone"
        record = DependencyRecord(dependent, provider, row[2], row[4], row[5] or "")
        self.lost.append((row[SOURCE], self._unread("dependency", [row[DEPENDENT], row[PROVIDER]], what, reason, record)))
        self._warn(DEPENDENCY, row[SOURCE], f"{what} ended, as {reason}")

    def _unread(self, kind: str, ids: Sequence[int], text: str, reason: str, record: Stated, needs: int = 1) -> Unread:
        called = dict(map(self._called, ids))
        resolved = {self._called(ci_id)[0]: ci_id for ci_id in ids}
        return Unread(kind, self._called(ids[0])[0], text, reason, needs, record, called, resolved)

    def _called(self, ci_id: int) -> tuple[str, tuple[str, ...]]:
        """The key a CI had before the run, and what else a text of a source may have called it."""
        if ci_id not in self._names:
            rows = rows_of(CI, self._store.states(self._revision, [ci_id]))
            self._names[ci_id] = _names_of(rows[0]) if rows else (f"CI {ci_id}", ())
        return self._names[ci_id]

    def _simple(self, noun: Noun, column: str) -> RowChanges:
        changes, moved = RowChanges(noun), dict[Row, Row]()
        place = noun.names().index(column)
        source = noun.names().index("source_id")
        size = len(noun.identity)
        for row in self._found(noun, column):
            ci_id = self.meant(row[place], row[source])
            if ci_id == row[place]:
                continue
            changes.ended.append(row[:size])
            if ci_id is None:
                self._lose_small(noun, row, place, row[source])
            else:
                new = (*row[:place], ci_id, *row[place + 1 :])
                moved.setdefault(new[:size], new)
        if noun is EXPOSURE:
            self._keep_new(changes, moved, "ci_id")
        else:
            changes.begun.extend(moved.values())
        return changes

    def _observations(self) -> RowChanges:
        """Windows of single CIs, which name them by key."""
        changes, rows = RowChanges(OBSERVATION), rows_of(OBSERVATION, self._store.load_columns(self._revision, OBSERVATION.name))
        of_cis = [row for row in rows if scope_of(row[1]).startswith("ci:") and not self._settled(OBSERVATION, row)]
        keys = sorted({scope_of(row[1])[3:] for row in of_cis})
        ids = dict(self._store.ids_of_keys(self._revision, keys)) if keys else {}
        moved: list[tuple[int, str, Window]] = []
        for source_id, told, begin, end in of_cis:
            key = scope_of(told)[3:]
            before = ids.get(key)
            after = None if before is None else self.meant(before, source_id)
            if before is None or after == before:
                continue
            changes.ended.append((source_id, told))
            if after is not None:
                moved.append((source_id, f"ci:{self._key_of(after)}", (begin, end)))
                continue
            record = ObservationRecord(f"ci:{key}", begin, end)
            text = f"observation of {key} from {begin}"
            self.lost.append((source_id, self._unread("observation", [before], text, f"{key} is gone", record)))
            self._warn(OBSERVATION, source_id, f"{text} ended, as its CI is gone")
        for source_id, scope, window in moved:
            add_windows(changes, rows, source_id, scope, [window])
        return changes

    def _lose_small(self, noun: Noun, row: Row, place: int, source_id: int) -> None:
        name = self._called(row[place])[0]
        record: Stated
        if noun is EXPOSURE:
            curves = {kind: tuple(map(tuple, points)) for kind, points in json.loads(row[6]).items()} if row[6] else {}
            record = ServiceRecord(
                name, row[2], row[4], row[5] or "", curves, row[7], row[8], row[9], row[10], row[11], row[3] or ""
            )
            kind, text = "service", f"service {name}"
        else:
            record = IncidentRecord(row[1], name, row[3], row[4], bool(row[5]))
            kind, text = "incident", f"incident {row[1]}"
        self.lost.append((source_id, self._unread(kind, [row[place]], text, f"{name} is gone", record)))
        self._warn(noun, source_id, f"{text} ended, as its CI {name} is gone")

    def _warn(self, noun: Noun, source_id: int, what: str) -> None:
        self.warnings.append(f"{noun.name.replace('_', ' ')} of source {self._named(source_id)}: {what}")


def _names_of(row: Row) -> tuple[str, tuple[str, ...]]:
    """Key and other names of a CI: those a source would write first, then names of its own kinds, then what only one thing has."""
    every: list[tuple[str, str]] = [(kind, value) for kind, value in json.loads(row[_ALIASES] or "[]")]
    aliases = [(kind, value) for kind, value in every if kind not in SILENT]
    told = [value for wanted in TELLING for kind, value in (("name", row[_NAME]), *aliases) if kind == wanted and value]
    others = [value for kind, value in aliases if kind not in TELLING]
    own = [value for wanted in IDENTITY for kind, value in every if kind == wanted and not says_nothing((kind, value))]
    return row[_KEY], tuple(dict.fromkeys([*told, *others, *own]))


def merged(changes: Iterable[RowChanges]) -> list[RowChanges]:
    """One `RowChanges` for each noun: an identity that several parts end or begin is written once, the first part deciding."""
    by_noun: dict[str, RowChanges] = {}
    for part in changes:
        whole = by_noun.setdefault(part.noun.name, RowChanges(part.noun))
        size = len(part.noun.identity)
        ended, begun = set(whole.ended), {row[:size] for row in whole.begun}
        whole.ended.extend(identity for identity in part.ended if identity not in ended)
        whole.begun.extend(row for row in part.begun if row[:size] not in begun)
    order = [
        NOUNS[name]
        for name in (DEPENDENCY.name, REDUNDANCY_GROUP.name, EXPOSURE.name, INCIDENT.name, OBSERVATION.name, OPEN_NEED.name)
    ]
    return [by_noun[noun.name] for noun in order if noun.name in by_noun]
