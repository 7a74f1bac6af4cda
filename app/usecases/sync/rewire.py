"""When CIs merge, split or go, rows that name them by id follow: they move to the CI that their source now means, or end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from app.domain.changes import RowChanges, rows_of
from app.domain.identity_spelling import says_nothing
from app.domain.json_columns import aliases_of, members_of, members_text, shares_of, shares_text
from app.domain.nouns import CI, DEPENDENCY, EXPOSURE, INCIDENT, OBSERVATION, OPEN_NEED, REDUNDANCY_GROUP, Identity, Noun
from app.domain.observations import Window, scope_of
from app.domain.records import ObservationRecord
from app.domain.rows import (
    LedgerCi,
    LedgerDependency,
    LedgerExposure,
    LedgerGroup,
    LedgerIncident,
    LedgerObservation,
    SourcedRow,
)
from app.domain.stated import dependency_record, exposure_record, group_record, incident_record
from app.ports.graph_store import GraphStore
from app.usecases.sync.reconcile import Fates
from app.usecases.sync.unread import Stated, Unread
from app.usecases.sync.windows import add_windows

BLOCK = 2_000
TELLING = ("fqdn", "source id", "name")  # kinds of alias by which a CI that comes again is known, in this order
# those by which it is known under any name, unless they say nothing
IDENTITY = ("uuid", "cloud_id", "serial", "asset_tag", "mac")
SILENT = (*IDENTITY, "address", "host", "key")  # lent or shared: what has them next is another thing
S = TypeVar("S", LedgerDependency, LedgerGroup, LedgerExposure, LedgerIncident)
M = TypeVar("M", LedgerDependency, LedgerExposure)
OfCi = TypeVar("OfCi", LedgerExposure, LedgerIncident)


class Rewiring:
    """The changes of rows that name CIs which lost records or went.

    `settled(noun, row)` tells that this run has compared a row already, so it is left alone; `begun` returns the identities of
    the dependencies that the run begins anyway, `named` the name of a source, and `key_of` the key of a CI after the run.
    """

    def __init__(
        self,
        store: GraphStore,
        revision: int,
        fates: Fates,
        settled: Callable[[Noun[Any], SourcedRow], bool],
        begun: Callable[[], set[Identity]],
        named: Callable[[int], str],
        key_of: Callable[[int], str],
    ) -> None:
        self._named, self._key_of = named, key_of
        self._store, self._revision, self._fates, self._settled, self._begun = store, revision, fates, settled, begun
        self.warnings: list[str] = []
        self.lost: list[tuple[int, Unread]] = []  # what named a CI that is gone, by source: resolved again or kept open
        self._names: dict[int, tuple[str, tuple[str, ...]]] = {}

    def changes(self) -> list[RowChanges[Any]]:
        if not self._fates:
            return []
        exposures, incidents = self._exposures(), self._incidents()
        return [self._dependencies(), self._groups(), exposures, incidents, self._observations()]

    def meant(self, ci_id: int, source_id: int) -> int | None:
        fate = self._fates.get(ci_id)
        if fate is None:
            return ci_id
        return fate.get(source_id, fate.get(0))

    def _naming(self, noun: Noun[S], *columns: str) -> list[S]:
        """Returns the rows of a noun that name one of the CIs in one of these columns, in order, without those that are
        settled."""
        ids, rows = sorted(self._fates), dict[Identity, S]()
        for start in range(0, len(ids), BLOCK):
            for column in columns:
                part = self._store.rows(self._revision, noun.name, column, ids[start : start + BLOCK])
                rows.update(noun.by_identity(rows_of(noun, part)))
        in_order = sorted(rows.items(), key=lambda item: tuple(map(str, item[0])))
        return [row for _, row in in_order if not self._settled(noun, row)]

    def _dependencies(self) -> RowChanges[LedgerDependency]:
        changes, moved = RowChanges(DEPENDENCY), dict[Identity, LedgerDependency]()
        for row in self._naming(DEPENDENCY, "dependent_id", "provider_id"):
            a, b = self.meant(row.dependent_id, row.source_id), self.meant(row.provider_id, row.source_id)
            if (a, b) == (row.dependent_id, row.provider_id):
                continue
            changes.ended.append(DEPENDENCY.identity_of(row))
            if a is None or b is None:
                self._lose_dependency(row, a)
            elif a != b:
                new = row._replace(dependent_id=a, provider_id=b)
                moved.setdefault(DEPENDENCY.identity_of(new), new)
        if moved:
            begun = self._begun()
            moved = {identity: row for identity, row in moved.items() if identity not in begun}
        self._keep_new(changes, moved, "dependent_id")
        return changes

    def _keep_new(self, changes: RowChanges[M], moved: dict[Identity, M], column: str) -> None:
        """Begins moved rows, where no other row of the same identity goes on; `column` is the first of the identity."""
        ended, noun = set(changes.ended), changes.noun
        held = set[Identity]()
        firsts = sorted({identity[0] for identity in moved})
        for start in range(0, len(firsts), BLOCK):
            part = self._store.rows(self._revision, noun.name, column, firsts[start : start + BLOCK])
            held.update(map(noun.identity_of, rows_of(noun, part)))
        changes.begun.extend(row for identity, row in sorted(moved.items()) if identity not in held - ended)

    def _groups(self) -> RowChanges[LedgerGroup]:
        changes, ids = RowChanges(REDUNDANCY_GROUP), sorted(self._fates)
        groups = {row.group_id: row for row in self._naming(REDUNDANCY_GROUP, "dependent_id")}
        for start in range(0, len(ids), BLOCK):
            rows = rows_of(REDUNDANCY_GROUP, self._store.groups_of_members(self._revision, ids[start : start + BLOCK]))
            groups.update((row.group_id, row) for row in rows if not self._settled(REDUNDANCY_GROUP, row))
        for group_id, row in sorted(groups.items()):
            changed = self._moved_group(row)
            if changed == row:
                continue
            changes.ended.append((group_id,))
            if changed is not None:
                changes.begun.append(changed)
        return changes

    def _moved_group(self, row: LedgerGroup) -> LedgerGroup | None:
        """Returns the group with the members that go on, each CI once, or None where nothing of it goes on.

        What it lost is kept, to be resolved again.
        """
        source_id = row.source_id
        dependent, before = self.meant(row.dependent_id, source_id), members_of(row.members)
        goes_on = [self.meant(member, source_id) for member in before]
        members = list(dict.fromkeys(member for member in goes_on if member is not None and member != dependent))
        if len(members) < len(before) or dependent is None:
            self._lose_group(row, [member is None or member == dependent for member in goes_on], dependent, len(members))
        if dependent is None or not members:
            return None
        shares = shares_of(row.shares)
        return row._replace(
            dependent_id=dependent,
            needed=min(row.needed, len(members)),
            members=members_text(members),
            shares=shares_text([shares[goes_on.index(member)] for member in members]) if shares else row.shares,
        )

    def _lose_group(self, row: LedgerGroup, gone: Sequence[bool], dependent: int | None, left: int) -> None:
        ids = [row.dependent_id, *members_of(row.members)]
        name, *members = (self._called(ci_id)[0] for ci_id in ids)
        key = row.key.partition(":")[2]
        record = group_record(key, name, tuple(members), row)
        what = "its dependent is gone" if dependent is None else f"{sum(gone)} of {len(gone)} members are gone"
        reason = what if dependent is None or any(gone) else "redundancy only on paper, members are one CI"
        needs = 1 if dependent is None or not left else sum(gone)
        self.lost.append((row.source_id, self._unread("group", ids, f"group {key}", reason, record, needs)))
        self._warn(REDUNDANCY_GROUP, row.source_id, f"{row.key}: {reason}")

    def _lose_dependency(self, row: LedgerDependency, goes_on: int | None) -> None:
        """Keeps a dependency that lost an end.

        `goes_on`: the CI that the dependent became, None where it is gone; else the provider is gone.
        """
        ends = [row.dependent_id, row.provider_id]
        dependent, provider = (self._called(ci_id)[0] for ci_id in ends)
        what = f"{dependent} -> {provider}"
        reason = f"{dependent if goes_on is None else provider} is gone"
        record = dependency_record(dependent, provider, row)
        self.lost.append((row.source_id, self._unread("dependency", ends, what, reason, record)))
        self._warn(DEPENDENCY, row.source_id, f"{what} ended, as {reason}")

    def _unread(self, kind: str, ids: Sequence[int], text: str, reason: str, record: Stated, needs: int = 1) -> Unread:
        called = dict(map(self._called, ids))
        resolved = {self._called(ci_id)[0]: ci_id for ci_id in ids}
        return Unread(kind, self._called(ids[0])[0], text, reason, needs, record, called, resolved)

    def _called(self, ci_id: int) -> tuple[str, tuple[str, ...]]:
        """Returns the key that a CI had before the run, and what else a text of a source may have called it."""
        if ci_id not in self._names:
            rows = rows_of(CI, self._store.states(self._revision, [ci_id]))
            self._names[ci_id] = _names_of(rows[0]) if rows else (f"CI {ci_id}", ())
        return self._names[ci_id]

    def _exposures(self) -> RowChanges[LedgerExposure]:
        changes = RowChanges(EXPOSURE)
        self._keep_new(changes, self._moved(changes, self._lose_exposure), "ci_id")
        return changes

    def _incidents(self) -> RowChanges[LedgerIncident]:
        changes = RowChanges(INCIDENT)
        changes.begun.extend(self._moved(changes, self._lose_incident).values())
        return changes

    def _moved(self, changes: RowChanges[OfCi], lose: Callable[[OfCi], None]) -> dict[Identity, OfCi]:
        """Ends the rows whose CI is another now, and returns them with that CI, by identity; `lose` takes those whose CI is
        gone."""
        noun, moved = changes.noun, dict[Identity, OfCi]()
        for row in self._naming(noun, "ci_id"):
            ci_id = self.meant(row.ci_id, row.source_id)
            if ci_id == row.ci_id:
                continue
            changes.ended.append(noun.identity_of(row))
            if ci_id is None:
                lose(row)
            else:
                new = row._replace(ci_id=ci_id)
                moved.setdefault(noun.identity_of(new), new)
        return moved

    def _observations(self) -> RowChanges[LedgerObservation]:
        """Moves or ends windows of single CIs, which name their CI by key."""
        changes, rows = RowChanges(OBSERVATION), rows_of(OBSERVATION, self._store.load_columns(self._revision, OBSERVATION.name))
        of_cis = [row for row in rows if scope_of(row.scope).startswith("ci:") and not self._settled(OBSERVATION, row)]
        keys = sorted({scope_of(row.scope)[3:] for row in of_cis})
        ids = dict(self._store.ids_of_keys(self._revision, keys)) if keys else {}
        moved: list[tuple[int, str, Window]] = []
        for source_id, numbered, begin, end in of_cis:
            key = scope_of(numbered)[3:]
            before = ids.get(key)
            after = None if before is None else self.meant(before, source_id)
            if before is None or after == before:
                continue
            changes.ended.append((source_id, numbered))
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

    def _lose_exposure(self, row: LedgerExposure) -> None:
        name = self._called(row.ci_id)[0]
        self._lose_of_ci(EXPOSURE, row, "service", f"service {name}", exposure_record(name, row))

    def _lose_incident(self, row: LedgerIncident) -> None:
        name = self._called(row.ci_id)[0]
        self._lose_of_ci(INCIDENT, row, "incident", f"incident {row.incident_key}", incident_record(name, row))

    def _lose_of_ci(self, noun: Noun[OfCi], row: OfCi, kind: str, text: str, record: Stated) -> None:
        name = self._called(row.ci_id)[0]
        self.lost.append((row.source_id, self._unread(kind, [row.ci_id], text, f"{name} is gone", record)))
        self._warn(noun, row.source_id, f"{text} ended, as its CI {name} is gone")

    def _warn(self, noun: Noun[Any], source_id: int, what: str) -> None:
        self.warnings.append(f"{noun.name.replace('_', ' ')} of source {self._named(source_id)}: {what}")


def _names_of(row: LedgerCi) -> tuple[str, tuple[str, ...]]:
    """Returns key and other names of a CI: those that a source would write first, then names of its own kinds, then what only one
    thing has."""
    every = aliases_of(row.aliases)
    aliases = [(kind, value) for kind, value in every if kind not in SILENT]
    telling = [value for wanted in TELLING for kind, value in (("name", row.name), *aliases) if kind == wanted and value]
    others = [value for kind, value in aliases if kind not in TELLING]
    own = [value for wanted in IDENTITY for kind, value in every if kind == wanted and not says_nothing((kind, value))]
    return row.key, tuple(dict.fromkeys([*telling, *others, *own]))


def merged(changes: Iterable[RowChanges[Any]]) -> list[RowChanges[Any]]:
    """One `RowChanges` for each noun: an identity that several parts end or begin is written once, as the first part has it."""
    by_noun: dict[str, RowChanges[Any]] = {}
    for part in changes:
        whole = by_noun.setdefault(part.noun.name, RowChanges(part.noun))
        identity_of = part.noun.identity_of
        ended, begun = set(whole.ended), set(map(identity_of, whole.begun))
        whole.ended.extend(identity for identity in part.ended if identity not in ended)
        whole.begun.extend(row for row in part.begun if identity_of(row) not in begun)
    order: list[Noun[Any]] = [DEPENDENCY, REDUNDANCY_GROUP, EXPOSURE, INCIDENT, OBSERVATION, OPEN_NEED]
    return [by_noun[noun.name] for noun in order if noun.name in by_noun]
