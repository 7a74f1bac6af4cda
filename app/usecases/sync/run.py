"""One sync, step by step: read, reconcile, resolve, compare. What comes out is a changeset that nothing has written yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.changes import RowChanges
from app.domain.completeness import CI_CLASS, Judgement, judge
from app.domain.deletion_guard import Watched
from app.domain.errors import SourceFailed
from app.domain.nouns import CI, DEPENDENCY, REDUNDANCY_GROUP, Identity, Noun
from app.domain.payloads import record_of
from app.domain.records import SyncReport
from app.domain.rows import SourcedRow
from app.ports.ci_source import KINDS, SourceSnapshot
from app.ports.comparison import DependencyDifference
from app.ports.graph_store import GraphStore, Revision
from app.ports.staging import Staging, Workbench
from app.usecases.sync.after import AfterRun
from app.usecases.sync.dependencies import DependencyIntake, ledger_columns, whole_difference
from app.usecases.sync.facts import Facts
from app.usecases.sync.intake import CiIntake
from app.usecases.sync.open_needs import OpenNeeds
from app.usecases.sync.reconcile import Reconciliation
from app.usecases.sync.resolver import Resolver
from app.usecases.sync.rewire import Rewiring, merged
from app.usecases.sync.roster import KEPT, UNSEEN, Roster, whole_roster
from app.usecases.sync.setup import Ledgerkeeper, SyncSettings
from app.usecases.sync.small import NOUN_OF, SmallIntake, old_rows, small_changes

SMALL_KINDS = KINDS[2:]
GUARDED = ("group", "service")
ENDED_NAMED = 100
KIND_OF = {noun.name: kind for kind, noun in NOUN_OF.items()} | {DEPENDENCY.name: DEPENDENCY.name}


class LaterIncomplete(Exception):
    """The snapshot proved incomplete after its CIs were taken for complete: the run starts again, adding and updating only."""


@dataclass(slots=True)
class Outcome:
    """The changeset of a run: CIs as a stream that can be read again, dependencies as columns, the rest as rows."""

    reconciliation: Reconciliation
    dependencies: DependencyDifference
    others: list[RowChanges[Any]]
    counters: Mapping[str, int]
    watched: list[Watched]
    facts: Callable[[Revision], Facts]

    def empty(self) -> bool:
        if len(self.dependencies.begun["dependent_id"]) or len(self.dependencies.ended["dependent_id"]):
            return False
        if any(part.begun or part.ended for part in self.others):
            return False
        return not any(chunk.records_begun or chunk.records_ended for chunk in self.reconciliation.changes())


@dataclass(frozen=True, slots=True)
class Compared:
    """What a run read, compared with the ledger, before the rows follow that hang on CIs which changed.

    `settled(noun, row)` tells that a row of the ledger was compared, and `ends(kind)` that what the input does not state of a
    kind ends; `facts` makes what is noted with the input once its revision is known.
    """

    reconciliation: Reconciliation
    dependencies: DependencyDifference
    others: list[RowChanges[Any]]
    next_group: int
    watched: list[Watched]
    settled: Callable[[Noun[Any], SourcedRow], bool]
    ends: Callable[[str], bool]
    after: AfterRun
    facts: Callable[[Revision], Facts]


@dataclass(slots=True)
class Run:
    store: GraphStore
    base: Revision
    settings: SyncSettings
    staging: Staging
    workbench: Workbench
    books: Ledgerkeeper
    said_complete: bool
    adds_only: bool = False
    roster: Roster = field(default_factory=Roster)
    alone: bool = False

    def __post_init__(self) -> None:
        self.alone = all(
            other == self.settings.source_id or not self._has_records(other) for other in sorted(self.settings.sources)
        )

    def _has_records(self, source_id: int) -> bool:
        revision = self.base.revision
        return bool(revision and len(self.store.load_columns(revision, "source_record", ["ci_id"], source_id)["ci_id"]))

    @property
    def report(self) -> SyncReport:
        return self.books.report

    def full(self, snapshot: SourceSnapshot) -> Outcome:
        """Reads every record and compares it with everything that the ledger holds of this source."""
        store, revision, source_id = self.store, self.base.revision, self.settings.source_id
        self.roster = whole_roster(store, revision, source_id) if revision else Roster()
        self.books.where = snapshot.where
        intake = CiIntake(self.roster, self.staging, self.books, self.alone)
        intake.take(snapshot.cis())
        first_look = self.judge(snapshot)
        retired = intake.retire_unseen(first_look.ends_class)
        reconciliation = self.reconcile(intake)
        resolver = Resolver(store, revision, self.settings, self.roster, reconciliation, None)
        dependencies = DependencyIntake(resolver, self.books)
        dependencies.take(snapshot.dependencies())
        smalls = [SmallIntake(kind, self.settings, resolver, self.books) for kind in SMALL_KINDS]
        for small in smalls:
            small.take(snapshot.small(small.kind))
        judged = self.judge(snapshot)
        if not first_look.within(judged):
            raise LaterIncomplete(self.report.proof)
        self.report.warnings += snapshot.warnings()
        self.books.step("comparing dependencies", len(dependencies.rows.dependent))
        held = ledger_columns(store, revision, source_id)
        difference = whole_difference(dependencies, held, self.workbench.compare, judged.ends(DEPENDENCY.name))
        dependencies.settle(difference)
        left = {DEPENDENCY.name} if sum(difference.held.values()) > difference.named() else set[str]()
        others, next_group = [], self.base.counters.get(REDUNDANCY_GROUP.name, 1)
        small_retired: list[Watched] = []
        for small in smalls:
            old = old_rows(store, revision, small.kind, source_id) if revision else {}
            changes, next_group = small_changes(small, old, judged.ends(small.kind), next_group)
            others.append(changes)
            small_retired += self.watched_small(small.kind, len(old), changes)
            if not judged.ends(small.kind) and any(identity not in small.rows for identity in old):
                left.add(small.kind)
        self.report.unknown_classes = dict(sorted(intake.unknown_classes.items()))
        first = self.base.counters.get("ci", 1) <= 1  # nothing was there that the input could lack
        exact = first or not (left or self.roster.numbers_in(UNSEEN, KEPT))
        return self.outcome(
            Compared(
                reconciliation,
                difference,
                others,
                next_group,
                self.watched(retired, intake.known, intake.claims, difference, small_retired),
                settled=lambda noun, row: row.source_id == source_id and KIND_OF.get(noun.name) not in left,
                ends=lambda kind: judged.ends(kind) if kind != "ci" else judged.complete,
                after=resolver.after,
                facts=lambda at: Facts(
                    at.revision,
                    at.operation_id,
                    exact and not self.books.partly,
                    resolver.by_alias > 0,
                    intake.claims,
                    self.report.unknown_classes,
                    difference.held,
                ),
            )
        )

    def judge(self, snapshot: SourceSnapshot) -> Judgement:
        """Returns what may be retired; SourceFailed when nothing at all was delivered."""
        judged = judge(snapshot.evidence(), self.said_complete)
        if judged.nothing_proven():
            raise SourceFailed("; ".join(judged.reasons.values()) or "nothing was read")
        self.report.proof = judged.proof
        self.report.incomplete = dict(judged.reasons)
        self.report.read_whole = sorted(what.removeprefix(CI_CLASS) for what in judged.proven - judged.open)
        self.report.complete = judged.complete and not self.adds_only
        return Judgement(False, judged.proof) if self.adds_only else judged

    def reconcile(self, intake: CiIntake) -> Reconciliation:
        reconciliation = Reconciliation(self.store, self.base, self.settings, self.roster, self.staging, self.alone)
        self.books.step("reconciling", len(self.roster))
        reconciliation.run()
        shared = intake.shared_identifiers() if self.alone else []
        self.report.identity_conflicts = sorted(reconciliation.conflicts | set(shared))
        self.report.rows_reconciled = reconciliation.reconciled
        return reconciliation

    def watched_small(self, kind: str, claimed: int, changes: RowChanges[Any]) -> list[Watched]:
        """Returns the groups and services that would go, for the guard; incidents and observations come and go."""
        if kind not in GUARDED:
            return []
        begun = changes.noun.by_identity(changes.begun)
        retiring = sum(identity not in begun for identity in changes.ended)
        return [Watched(f"{kind}s", claimed, retiring, self.settings.retired_lately.get(f"{kind}s", 0))] if retiring else []

    def watched(
        self,
        retired: list[int],
        known: Mapping[str, int],
        claims: Mapping[str, int],
        difference: DependencyDifference,
        small: list[Watched],
    ) -> list[Watched]:
        """Returns what the deletion guard watches: per class the records known before, per kind the dependencies, groups and
        services. Of classes that come and go the net loss counts, and where such CIs go, that of dependencies."""
        retiring = self._classes(retired)
        lately, churning = self.settings.retired_lately, self.settings.short_lived
        rows = [
            Watched(
                f"class {name}",
                known.get(name, 0) + count,
                count,
                lately.get(f"class {name}", 0),
                max(claims.get(name, 0) - known.get(name, 0), 0) if name in churning else 0,
            )
            for name, count in sorted(retiring.items())
        ]
        came = self._added(difference) if churning & set(retiring) else {}
        rows += [
            Watched(
                f"dependencies {kind}", difference.claimed[kind], count, lately.get(f"dependencies {kind}", 0), came.get(kind, 0)
            )
            for kind, count in sorted(difference.retired.items())
        ]
        rows += small
        self.report.retired_of = {row.what: row.net for row in rows}
        return rows

    def _added(self, difference: DependencyDifference) -> dict[str, int]:
        """Counts new dependencies by kind: those that begin, less those that only change."""
        before = set(self._identities(difference.ended))
        new = [identity for identity in self._identities(difference.begun) if identity not in before]
        return Counter(kind for _, _, kind, _ in new)

    def _classes(self, numbers: list[int]) -> dict[str, int]:
        counts: dict[str, int] = {}
        keys = self.roster.keys() if numbers else []
        for start in range(0, len(numbers), 5_000):
            part = [":".join(keys[number]) for number in numbers[start : start + 5_000]]
            rows = self.store.rows(self.base.revision, "source_record", "source_key", part)
            for row in range(len(rows["source_key"])):
                if int(rows["source_id"][row]) == self.settings.source_id:
                    name = record_of(rows["payload"][row]).ci_class
                    counts[name] = counts.get(name, 0) + 1
        return counts

    def _begun(self, difference: DependencyDifference) -> set[Identity]:
        return set(self._identities(difference.begun))

    def _identities(self, columns: Mapping[str, Any]) -> list[Identity]:
        ends = zip(columns["dependent_id"], columns["provider_id"], strict=True)
        return [(int(a), int(b), columns["kind"][row], self.settings.source_id) for row, (a, b) in enumerate(ends)]

    def _name_of(self, source_id: int) -> str:
        return self.settings.rank(source_id).name

    def _ended(self, difference: DependencyDifference) -> list[str]:
        """Names the first dependencies of this source that end, by the keys of their ends."""
        begun = self._begun(difference)
        gone = [identity for identity in self._identities(difference.ended) if identity not in begun][:ENDED_NAMED]
        ids = sorted({ci_id for a, b, _, _ in gone for ci_id in (a, b)})
        states = self.store.states(self.base.revision, ids) if ids else {"ci_id": [], "key": []}
        keys = {int(ci_id): states["key"][row] for row, ci_id in enumerate(states["ci_id"])}
        return [f"{keys.get(a, f'CI {a}')} -> {keys.get(b, f'CI {b}')} ({kind})" for a, b, kind, _ in gone]

    def outcome(self, compared: Compared) -> Outcome:
        """Returns the whole changeset, with the rows that follow their CIs and the open needs that are resolved."""
        difference, reconciliation, after = compared.dependencies, compared.reconciliation, compared.after

        def begun() -> set[Identity]:
            return self._begun(difference)

        revision, fates = self.base.revision, reconciliation.fates
        rewiring = Rewiring(self.store, revision, fates, compared.settled, begun, self._name_of, after.key_of)
        rewired = merged([*compared.others, *rewiring.changes()])
        self.report.warnings += rewiring.warnings[:100]
        needs = OpenNeeds(self.store, revision, self.settings, after, rewiring.meant, reconciliation.doubts, begun)
        changed = any(chunk.begun or chunk.ended for chunk in reconciliation.changes()) if revision else False
        every, next_group = needs.settle(self.books.unread, rewiring.lost, compared.ends, rewired, compared.next_group, changed)
        self.report.warnings += after.called_before[:100]
        self.report.open_needs, self.report.needs_resolved = needs.open, needs.resolved
        self._report_dependencies(difference)
        counters = {CI.name: reconciliation.next_ci_id, REDUNDANCY_GROUP.name: next_group}
        return Outcome(reconciliation, difference, merged(every), counters, compared.watched, compared.facts)

    def _report_dependencies(self, difference: DependencyDifference) -> None:
        relations = self.report.counts[DEPENDENCY.name]
        if relations.rejected:
            share = f"{relations.rejected / relations.read:.1%}"
            self.report.warnings.append(f"{relations.rejected:,} of {relations.read:,} relations ({share}) were not understood")
        self.report.ended = self._ended(difference)
        self.report.dependencies_added = difference.added
        self.report.dependencies_changed = difference.changed
        self.report.dependencies_retired = sum(difference.retired.values())
