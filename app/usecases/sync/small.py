"""Groups, services, incidents and observations in: few enough to be held, compared row by row with the ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from app.domain.changes import Row, RowChanges, differences, rows_of, same_row
from app.domain.nouns import EXPOSURE, INCIDENT, OBSERVATION, REDUNDANCY_GROUP, Noun
from app.domain.payloads import canonical
from app.domain.record_checks import Fault, group_fault, incident_fault, observation_fault, service_fault
from app.domain.records import GroupRecord, IncidentRecord, ObservationRecord, ServiceRecord
from app.domain.references import Unresolved
from app.ports.ci_source import SmallBlock, SmallRecord
from app.ports.graph_store import GraphStore
from app.usecases.sync.resolver import Resolver
from app.usecases.sync.setup import Doubt, Ledgerkeeper, SyncSettings

NOUN_OF = {"group": REDUNDANCY_GROUP, "service": EXPOSURE, "incident": INCIDENT, "observation": OBSERVATION}
CLASH = ("key", "was given before in this run with other content; the first one counts", "remove one of the rows")


class Refused(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault[1])
        self.fault = fault


@dataclass(slots=True)
class SmallIntake:
    """Rows of one kind by identity; groups by (key,), as their ids are given at the end."""

    kind: str
    settings: SyncSettings
    resolver: Resolver
    books: Ledgerkeeper
    rows: dict[Row, Row] = field(default_factory=dict)
    positions: dict[Row, tuple[str, int]] = field(default_factory=dict)

    def take(self, blocks: Iterable[SmallBlock], lazy: bool = False) -> None:
        for block in blocks:
            self.books.read(self.kind, len(block.records), block.left_out)
            self.resolver.prepare(t for r in block.records for t in references(r)) if lazy else None
            own = self.resolver.own()
            self.resolver.others(t for r in block.records for t in references(r) if t not in own)
            for record, position in zip(block.records, block.positions, strict=True):
                self._take_one(record, block.place, position)
            self.books.step(f"reading {self.kind}s", len(self.rows))

    def _take_one(self, record: SmallRecord, place: str, position: int) -> None:
        try:
            identity, row = self.row_of(record)
        except Refused as refused:
            self.books.reject(self.kind, place, position, name_of(record), refused.fault)
            return
        if isinstance(record, GroupRecord) and record.needed == 0:
            self.books.ignore(self.kind, "needs no member", position)
            return
        before = self.rows.get(identity)
        if before is None:
            self.rows[identity] = row
            self.positions[identity] = (place, position)
        elif same_row(row, before):
            self.books.duplicate(self.kind, position)
        else:
            self.books.reject(self.kind, place, position, name_of(record), CLASH)

    def row_of(self, record: SmallRecord) -> tuple[Row, Row]:
        if isinstance(record, GroupRecord):
            return self._group(record)
        if isinstance(record, ServiceRecord):
            return self._service(record)
        if isinstance(record, IncidentRecord):
            return self._incident(record)
        return self._observation(record)

    def _group(self, record: GroupRecord) -> tuple[Row, Row]:
        _check(group_fault(record))
        dependent = self._ci("dependent", record.dependent)
        members = [self._ci("members", member) for member in record.members]
        if len(set(members)) < len(members):
            raise Refused(("members", "hold one CI twice", "list each member once"))
        if dependent in members:
            raise Refused(("members", "hold the dependent itself", "remove it"))
        key = f"{self.settings.source}:{record.key}"
        shares = canonical(list(record.shares)) if record.shares else ""
        return (key,), (
            0,
            key,
            dependent,
            record.kind,
            record.needed,
            canonical(members),
            shares,
            record.failover_minutes,
            record.failover_success,
            record.common_cause_share,
            record.common_cause_unavailability,
            self.settings.source_id,
        )

    def _service(self, record: ServiceRecord) -> tuple[Row, Row]:
        _check(service_fault(record))
        ci_id = self._ci("key", record.ci)
        impact = (
            canonical({name: [list(point) for point in points] for name, points in record.impact.items()})
            if record.impact
            else ""
        )
        row = (
            ci_id,
            self.settings.source_id,
            record.customers,
            record.customer_population or None,
            record.money_per_hour,
            record.currency or None,
            impact,
            record.mtpd_hours,
            record.rto_hours,
            record.rpo_hours,
            record.mbco_share,
            record.availability_target,
        )
        return row[:2], row

    def _incident(self, record: IncidentRecord) -> tuple[Row, Row]:
        _check(incident_fault(record))
        identity = (self.settings.source_id, record.key)
        return identity, (*identity, self._ci("ci", record.ci), record.started_at, record.ended_at, int(record.root_cause))

    def _observation(self, record: ObservationRecord) -> tuple[Row, Row]:
        _check(observation_fault(record))
        scope = record.scope
        if scope.startswith("ci:"):
            ci_id = self._ci("scope", scope[3:])
            scope = f"ci:{self.resolver.key_of(ci_id)}"
        identity = (self.settings.source_id, scope)
        return identity, (*identity, record.observed_from, record.observed_until)

    def _ci(self, field_name: str, text: str) -> int:
        answer = self.resolver.one(text)
        if isinstance(answer, Unresolved):
            raise Refused((field_name, answer.reason, answer.advice))
        return answer


def _check(fault: Fault | None) -> None:
    if fault:
        raise Refused(fault)


def references(record: SmallRecord) -> list[str]:
    if isinstance(record, GroupRecord):
        return [record.dependent, *record.members]
    if isinstance(record, ObservationRecord):
        return [record.scope[3:]] if record.scope.startswith("ci:") else []
    return [record.ci]


def name_of(record: SmallRecord) -> str:
    if isinstance(record, ObservationRecord):
        return record.scope
    return record.ci if isinstance(record, ServiceRecord) else record.key


def old_rows(store: GraphStore, revision: int, kind: str, source_id: int) -> dict[Row, Row]:
    """The ledger's rows of a source by the identity used here."""
    noun = NOUN_OF[kind]
    rows = rows_of(noun, store.load_columns(revision, noun.name, None, source_id))
    return _by_identity(noun, rows)


def _by_identity(noun: Noun, rows: Iterable[Row]) -> dict[Row, Row]:
    if noun is REDUNDANCY_GROUP:
        return {(row[1],): row for row in rows}
    return {row[: len(noun.identity)]: row for row in rows}


def rows_about(
    store: GraphStore, revision: int, kind: str, source_id: int, identities: Collection[Row], ci_ids: Collection[int]
) -> dict[Row, Row]:
    """Of `old_rows` at least those with these identities and those that name one of these CIs. Groups and exposures are as many as the estate is
    large, so they are asked for by name; incidents and observations are read whole."""
    noun = NOUN_OF[kind]
    asked: list[tuple[str, Collection[int | str]]] = []
    if noun is REDUNDANCY_GROUP:
        asked = [("key", {identity[0] for identity in identities}), ("dependent_id", ci_ids)]
    elif noun is EXPOSURE:
        asked = [("ci_id", {identity[0] for identity in identities} | set(ci_ids))]
    else:
        return old_rows(store, revision, kind, source_id)
    found = [
        row
        for column, values in asked
        if values
        for row in rows_of(noun, store.rows(revision, noun.name, column, sorted(values)))
    ]
    if noun is REDUNDANCY_GROUP and ci_ids:
        found += rows_of(noun, store.groups_of_members(revision, sorted(ci_ids)))
    return _by_identity(noun, [row for row in found if row[noun.names().index("source_id")] == source_id])


def small_changes(intake: SmallIntake, old: dict[Row, Row], retire: bool, next_group_id: int) -> tuple[RowChanges, int]:
    """The changes of one kind and the next free group id; counts go to the books."""
    noun: Noun = NOUN_OF[intake.kind]
    new, next_id = intake.rows, next_group_id
    if noun is REDUNDANCY_GROUP:
        numbered: dict[Row, Row] = {}
        for identity, row in sorted(new.items()):
            if identity in old:
                numbered[identity] = (old[identity][0], *row[1:])
            else:
                numbered[identity] = (next_id, *row[1:])
                next_id += 1
        new, old = {row[:1]: row for row in numbered.values()}, {row[:1]: row for row in old.values()}
    changes, added, changed, _, unchanged = differences(noun, new, old, retire)
    counts = intake.books.counts(intake.kind)
    counts.stored += added + changed
    counts.unchanged += unchanged
    return changes, next_id


def drop_untouched(intake: SmallIntake, old: dict[Row, Row], gone: set[Row]) -> dict[Row, Row]:
    """For a line difference: examined rows whose key an untouched row holds are duplicates, or a reason to read everything."""
    for identity in [identity for identity in intake.rows if identity in old and identity not in gone]:
        row, before = intake.rows.pop(identity), old[identity]
        start = 1 if intake.kind == "group" else 0
        if not same_row(row[start:], before[start:]):
            raise Doubt(f"a {intake.kind} says otherwise than an untouched row")
        intake.books.duplicate(intake.kind, intake.positions[identity][1])
    return {identity: row for identity, row in old.items() if identity in gone}
