"""What people decide about CIs: two are one, one is two, a value is another.

Each decision is a record of the source `manual` in the ledger. It takes effect at once, in one revision, and every later sync
keeps to it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from app.domain.changes import RowChanges
from app.domain.decisions import JOIN, PART, SET, Decision, decision_of, decision_record
from app.domain.errors import InvalidInput, NotFound
from app.domain.identity import Place
from app.domain.nouns import CI, REDUNDANCY_GROUP, SOURCE_RECORD
from app.domain.payloads import content_hash, payload_of, record_of
from app.domain.precedence import SourceRank
from app.domain.record_checks import ci_fault, text_fault
from app.domain.records import CiRecord
from app.ports.graph_store import GraphStore, Revision
from app.usecases.find import identify_recorded
from app.usecases.keep.seal import Seal
from app.usecases.keep.sources import manual_source, told_of
from app.usecases.sync.after import AfterRun
from app.usecases.sync.components import Decisions, Member
from app.usecases.sync.open_needs import OpenNeeds, nothing_ends
from app.usecases.sync.reconcile import CiChanges, Reconciliation
from app.usecases.sync.rewire import Rewiring, merged
from app.usecases.sync.roster import NO_CI, Roster
from app.usecases.sync.setup import SyncSettings
from app.usecases.tools import Tools
from app.usecases.write_revision import turn

TEXTS = ("name", "ci_class", "lifecycle", "environment", "site", "team", "supplier", "restore_pool", "starts_without")
NUMBERS = (
    "failures_per_year", "repair_hours", "unavailability", "failure_on_demand", "level_share", "restart_hours",
    "backup_interval_hours", "transfer_lag_hours",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision did. `keys`: the keys of the CIs that the records belong to now; `warnings`: rows that could not follow."""

    revision: int
    keys: list[str]
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A decision before it is written: records to write, source keys to take back, and the CIs they are about.

    `records`: those whose CIs the answer names.
    """

    fresh: list[CiRecord]
    gone: list[str]
    ci_ids: list[int]
    records: list[Place]


def merge(tools: Tools, a: str, b: str, caller: str, reason: str = "", forgets: Sequence[tuple[str, str]] = ()) -> Decided:
    """Makes the CIs that answer to `a` and `b` one: the older key stays, the other redirects to it.

    InvalidInput where they are one already. `forgets`: documents, by kind and key, that are deleted with it.
    """

    def plan(store: GraphStore, base: int, known: Mapping[str, CiRecord]) -> _Plan:
        ids = [_ci(tools, base, text) for text in (a, b)]
        if ids[0] == ids[1]:
            raise InvalidInput(f"{a!r} and {b!r} are one CI already")
        left, right = (_places(store, base, ci_id) for ci_id in ids)
        gone = [key for key, record in known.items() if _parts(decision_of(record), left, right)]
        return _Plan([decision_record(Decision(JOIN, (left[0], right[0])), _words(caller, reason))], gone, ids, [*left, *right])

    return _decide(tools, plan, caller, "merged", f"{a} + {b}", forgets)


def part(tools: Tools, a: str, b: str, caller: str, reason: str = "", forgets: Sequence[tuple[str, str]] = ()) -> Decided:
    """Keeps two CIs apart, whatever their identifiers say or will say.

    `forgets`: documents, by kind and key, that are deleted with it.
    """

    def plan(store: GraphStore, base: int, known: Mapping[str, CiRecord]) -> _Plan:
        ids = [_ci(tools, base, text) for text in (a, b)]
        if ids[0] == ids[1]:
            raise InvalidInput(f"{a!r} and {b!r} are one CI; forestay split parts its records")
        left, right = (_places(store, base, ci_id) for ci_id in ids)
        decision = Decision(PART, tuple(left), tuple(right))
        return _Plan([decision_record(decision, _words(caller, reason))], [], ids, [*left, *right])

    return _decide(tools, plan, caller, "parted", f"{a} | {b}", forgets)


def split(tools: Tools, ci: str, records: Sequence[str], caller: str, reason: str = "") -> Decided:
    """Takes records ("source:class:id") out of their CI; no sync joins them with the others again.

    They stay together among themselves where their identifiers say so.
    """

    def plan(store: GraphStore, base: int, known: Mapping[str, CiRecord]) -> _Plan:
        ci_id = _ci(tools, base, ci)
        here = _places(store, base, ci_id)
        leaving = {_named(tools, record): record for record in records}
        for place, record in leaving.items():
            if place not in here:
                raise NotFound(f"{record!r} is no record of {ci!r}; see its records in forestay why {ci}")
        rest = [place for place in here if place not in leaving]
        if not rest or not leaving:
            raise InvalidInput(f"{ci!r}: name some of its {len(here)} records, not all: the others stay")
        joins = [key for key, kept in known.items() if kept.source_class == JOIN and _crosses(decision_of(kept), leaving)]
        decision = Decision(PART, tuple(sorted(leaving)), tuple(rest))
        return _Plan([decision_record(decision, _words(caller, reason))], joins, [ci_id], here)

    return _decide(tools, plan, caller, "split", f"{ci} {' '.join(records)}")


def _crosses(decision: Decision, leaving: Collection[Place]) -> bool:
    inside = sum(place in leaving for place in decision.places)
    return 0 < inside < len(decision.places)


def correct(
    tools: Tools, ci: str, values: Mapping[str, str], caller: str, new_attributes: bool = False, reason: str = ""
) -> Decided:
    """Sets values of a CI that are believed before those of any source; an empty value takes the correction back. The `reason`
    stands in the audit trail and in the note of the revision.

    The correction belongs to the CI, whatever becomes of the records of sources. InvalidInput for a name that neither is a field
    nor an attribute somewhere on this CI, unless `new_attributes`.
    """

    def plan(store: GraphStore, base: int, known: Mapping[str, CiRecord]) -> _Plan:
        ci_id = _ci(tools, base, ci)
        here = _places(store, base, ci_id)
        mine = _corrections(store, base, ci_id, known)
        key = str(store.states(base, [ci_id])["key"][0])
        empty = decision_record(Decision(SET, (here[0],)))._replace(source_id=key)
        before = mine[0] if mine else empty
        if not new_attributes:
            _check_names(values, _attributes(store, base, ci_id))
        after = _corrected(before, values)
        if after == empty._replace(source_id=before.source_id, identifiers=before.identifiers):
            return _Plan([], [record.source_key for record in mine], [ci_id], here)
        return _Plan([after], [], [ci_id], here)

    return _decide(tools, plan, caller, "corrected", ci, reason=reason)


def take_back(tools: Tools, decision: str, caller: str) -> Decided:
    """Ends a merge, a split or a correction as if it had never been decided; NotFound where no such decision holds.

    Identifiers and sources say again what is one CI, and what its values are.
    """

    def plan(store: GraphStore, base: int, known: Mapping[str, CiRecord]) -> _Plan:
        if decision not in known:
            raise NotFound(f"no decision {decision!r} holds: it was taken back, or later ones took its place")
        told = decision_of(known[decision])
        places = [*told.places, *told.others]
        rows = store.rows(base, SOURCE_RECORD.name, "source_key", sorted({decision, *(key for _, key in places)}))
        named = {(int(rows["source_id"][row]), key): int(rows["ci_id"][row]) for row, key in enumerate(rows["source_key"])}
        about = [place for place in places if place in named]
        own = [ci_id for (_, key), ci_id in named.items() if key == decision]
        ids = {ci_id for ci_id in (*(named[place] for place in about), *own) if ci_id > 0}
        return _Plan([], [decision], sorted(ids), about)

    return _decide(tools, plan, caller, "taken back", decision)


def _corrections(store: GraphStore, base: int, ci_id: int, known: Mapping[str, CiRecord]) -> list[CiRecord]:
    """Returns what people have corrected of a CI so far."""
    keys = store.rows(base, SOURCE_RECORD.name, "ci_id", [ci_id])["source_key"]
    return [known[key] for key in keys if key in known and known[key].source_class == SET]


def _attributes(store: GraphStore, base: int, ci_id: int) -> set[str]:
    payloads = store.rows(base, SOURCE_RECORD.name, "ci_id", [ci_id])["payload"]
    return {name for payload in payloads for name in record_of(payload).attributes}


def _check_names(values: Mapping[str, str], attributes: Collection[str]) -> None:
    known = [*TEXTS, *NUMBERS, *sorted(attributes)]
    for name, text in values.items():
        if name in known or not text:
            continue
        like = get_close_matches(name.casefold(), known, 1, 0.6)
        meant = f"did you mean {like[0]}? " if like else ""
        raise InvalidInput(
            f"{name}: no field, and no source gives this CI such an attribute; {meant}Fields: {', '.join((*TEXTS, *NUMBERS))}. "
            "To add it all the same: --new-attribute (API: new_attributes)",
            field=name,
        )


def _corrected(record: CiRecord, values: Mapping[str, str]) -> CiRecord:
    for name, text in values.items():
        if name in TEXTS:
            record = record._replace(**{name: text})  # type: ignore[arg-type]
        elif name in NUMBERS:
            try:
                record = record._replace(**{name: float(text) if text else None})  # type: ignore[arg-type]
            except ValueError:
                raise InvalidInput(f"{name}: {text!r} is not a number", field=name) from None
        else:
            kept = {key: value for key, value in record.attributes.items() if key != name}
            record = record._replace(attributes={**kept, name: text} if text else kept)
    whole = record._replace(
        name=record.name or "x",
        ci_class=record.ci_class or "other",
        lifecycle=record.lifecycle or "active",
        environment=record.environment or "production",
    )
    if fault := ci_fault(whole) or text_fault(payload_of(whole)):
        raise InvalidInput(f"{fault[0]}: {fault[1]}; {fault[2]}", field=fault[0])
    return record


def _ci(tools: Tools, base: int, text: str) -> int:
    ids = {source.name: source.source_id for source in told_of(tools.documents)}
    return identify_recorded(tools.store, base, text, ids).ci_id


def _places(store: GraphStore, base: int, ci_id: int) -> list[Place]:
    """Returns the records of a CI that sources brought, in order."""
    rows = store.rows(base, SOURCE_RECORD.name, "ci_id", [ci_id])
    places = [
        (int(rows["source_id"][row]), rows["source_key"][row])
        for row in range(len(rows["source_key"]))
        if record_of(rows["payload"][row]).source_class not in (JOIN, PART, SET)
    ]
    if not places:
        raise InvalidInput("no source brought this CI, so there is no record to decide about")
    return sorted(places)


def _named(tools: Tools, text: str) -> Place:
    name, _, key = text.partition(":")
    for source in told_of(tools.documents):
        if source.name == name and key:
            return source.source_id, key
    raise NotFound(f"{text!r}: name a record as source:class:id")


def _parts(decision: Decision, left: list[Place], right: list[Place]) -> bool:
    one, other = set(decision.places), set(decision.others)
    return decision.kind == PART and bool((one & set(left) and other & set(right)) or (one & set(right) and other & set(left)))


def _words(caller: str, reason: str) -> dict[str, str]:
    return {"by": caller, "at": datetime.now(UTC).isoformat(timespec="seconds")} | ({"why": reason} if reason else {})


def _decide(
    tools: Tools,
    plan: Callable[[GraphStore, int, Mapping[str, CiRecord]], _Plan],
    caller: str,
    verb: str,
    subject: str,
    forgets: Sequence[tuple[str, str]] = (),
    reason: str = "",
) -> Decided:
    store, documents = tools.store, tools.documents
    manual = manual_source(documents)
    ranks = {source.source_id: SourceRank(source.source_id, source.name, source.priority) for source in told_of(documents)}
    settings = SyncSettings(manual.name, manual.source_id, uuid.uuid4().hex, ranks)
    operation, note = f"decision:{settings.run_id}", f"{verb} {subject}, by {caller}" + (f": {reason}" if reason else "")
    with tools.workbench.one_at_a_time(tools.staging_folder), turn(store, documents, operation, note) as mine:
        base = store.current()
        rows = store.load_columns(base.revision, SOURCE_RECORD.name, ["source_key", "payload"], manual.source_id)
        known = {key: record_of(rows["payload"][row]) for row, key in enumerate(rows["source_key"])}
        planned = plan(store, base.revision, known)
        made = _worked_out(tools, settings, base, planned)
        mine.open(base)
        for part in made.parts:
            for batch in part.batches(settings.batch_rows):
                mine.write(batch)
        published = mine.publish(
            made.counters, Seal(caller, verb, subject, forgets=forgets, details={"reason": reason} if reason else {})
        )
    return Decided(published.revision, _keys(store, published.revision, planned.records), made.warnings)


@dataclass(frozen=True, slots=True)
class _Made:
    """Rows that a decision begins and ends, the counters after it, and rows that could not follow."""

    parts: list[RowChanges[Any]]
    counters: Mapping[str, int]
    warnings: list[str]


def _worked_out(tools: Tools, settings: SyncSettings, base: Revision, plan: _Plan) -> _Made:
    store, manual_id = tools.store, settings.source_id
    fresh = [
        Member(manual_id, record.source_key, record, payload, content_hash(payload), NO_CI, True)
        for record in plan.fresh
        for payload in (payload_of(record),)
    ]
    staging = tools.workbench.staging(tools.staging_folder / f"{settings.source}.staging")
    try:
        decisions = Decisions(store, base.revision, manual_id, fresh, plan.gone)
        work = Reconciliation(store, base, settings, Roster(), staging, alone=False, decisions=decisions)
        chunk = work.regroup(plan.ci_ids)
    finally:
        staging.close()
    after = AfterRun(store, base.revision, lambda: [chunk])
    rewiring = Rewiring(
        store, base.revision, work.fates, lambda noun, row: False, set, lambda number: settings.rank(number).name, after.key_of
    )
    needs = OpenNeeds(store, base.revision, settings, after, rewiring.meant, work.doubts)
    next_group = base.counters.get(REDUNDANCY_GROUP.name, 1)
    rewired = merged(rewiring.changes())
    every, next_group = needs.settle([], rewiring.lost, nothing_ends, rewired, next_group, bool(chunk.begun or chunk.ended))
    counters = {**base.counters, "ci": work.next_ci_id, REDUNDANCY_GROUP.name: next_group}
    return _Made([*_rows(chunk), *merged(every)], counters, rewiring.warnings)


def _rows(chunk: CiChanges) -> list[RowChanges[Any]]:
    return [RowChanges(CI, chunk.begun, chunk.ended), RowChanges(SOURCE_RECORD, chunk.records_begun, chunk.records_ended)]


def _keys(store: GraphStore, revision: int, places: Iterable[Place]) -> list[str]:
    wanted = set(places)
    rows = store.rows(revision, SOURCE_RECORD.name, "source_key", sorted({key for _, key in wanted}))
    ids = {int(rows["ci_id"][n]) for n, key in enumerate(rows["source_key"]) if (int(rows["source_id"][n]), key) in wanted}
    return list(store.states(revision, sorted(ids))["key"])
