"""The narrow path: a run over the lines that came or went, with the result that a full read would have.

It raises a Doubt at whatever it cannot be sure of, and everything is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import replace
from typing import Any

from app.domain.changes import RowChanges
from app.domain.ci_classes import OTHER
from app.domain.deletion_guard import Watched
from app.domain.json_columns import members_of
from app.domain.nouns import REDUNDANCY_GROUP, Identity
from app.domain.records import CiRecord, GroupRecord, IncidentRecord, ServiceRecord
from app.domain.references import Unresolved
from app.domain.rows import LedgerGroup, LedgerObservation, SmallRow
from app.domain.texts import is_text
from app.ports.ci_source import KINDS, DependencyBlock, SmallRecord, SourceDifference
from app.usecases.sync.dependencies import CODES, DependencyIntake, Key, ledger_rows, partial_difference
from app.usecases.sync.facts import Facts
from app.usecases.sync.intake import CiIntake
from app.usecases.sync.resolver import Resolver
from app.usecases.sync.roster import KEPT, NEW, RETIRED, UNCHANGED, UNSEEN, add_from_ledger
from app.usecases.sync.run import SMALL_KINDS, Compared, Outcome, Run
from app.usecases.sync.setup import Doubt
from app.usecases.sync.small import SmallIntake, drop_untouched, references, rows_about, small_changes

MANY = 300_000  # examined rows beyond which a full read is no slower


def narrow(run: Run, difference: SourceDifference, before: Facts) -> Outcome:
    run.report.path = "difference"
    run.books.where = difference.where
    judged = run.judge(difference)
    if not judged.complete and not judged.part_by_part:
        raise Doubt("the input is not proven complete")
    intake, gone_records = _take_cis(run, difference)
    if not difference.untouched("ci") and not run.report.counts["ci"].read:
        raise Doubt("no CI is left")  # a full read takes an empty list for no proof
    retired = intake.retire_unseen(judged.ends_class)
    if len(retired) < len(run.roster.numbers_in(RETIRED, UNSEEN)):
        raise Doubt("records went of a class that is not proven complete")
    if run.roster.numbers_in(KEPT):
        raise Doubt("a record that is known was refused")
    reconciliation = run.reconcile(intake)
    if any(reconciliation.fates.values()):
        raise Doubt("CIs merge or split")
    if before.by_alias and reconciliation.reconciled:
        raise Doubt("references depend on aliases, and CIs have changed")
    resolver = Resolver(run.store, run.base.revision, run.settings, run.roster, reconciliation, difference.classes)
    gone = _gone_keys(run, resolver, difference, list(difference.gone_dependencies()))
    again: list[DependencyBlock] = []
    if _still_named(run, {run.roster.ci_ids[n] for n in retired}) - gone:
        keys = run.roster.keys()
        again = list(difference.referring({keys[n][1] for n in retired}))
        gone |= _gone_keys(run, resolver, difference, again)
    dependencies = DependencyIntake(resolver, run.books)
    dependencies.take([*difference.dependencies(), *again], lazy=True)
    old = ledger_rows(run.store, run.base.revision, run.settings.source_id, gone | set(dependencies.keys()))
    rows = partial_difference(dependencies, gone, old, run.workbench.compare)
    dependencies.settle(rows)
    others, next_group, small_retired = _small_kinds(run, difference, resolver, {run.roster.ci_ids[n] for n in retired})
    if run.books.partly:
        raise Doubt("records were read in part")
    if resolver.by_alias and reconciliation.reconciled:
        raise Doubt("references are answered by aliases, and CIs have changed")
    _count_untouched(run, difference, sum(len(block.dependents) for block in again))
    run.report.warnings += difference.warnings()
    rows = replace(rows, claimed=before.dependencies, held=_moved_on(before.dependencies, rows.claimed, rows.held))
    went = Counter(record.ci_class for record in gone_records)
    known = Counter(_moved_on(before.claims, went, intake.known))
    claims = _moved_on(before.claims, went, intake.claims)
    unknown = Counter(record.raw_class for record in gone_records if record.ci_class == OTHER and record.raw_class)
    run.report.unknown_classes = dict(sorted(_moved_on(before.unknown_classes, unknown, intake.unknown_classes).items()))
    return run.outcome(
        Compared(
            reconciliation,
            rows,
            others,
            next_group,
            run.watched(retired, known, claims, rows, small_retired),
            settled=lambda noun, row: row.source_id == run.settings.source_id,
            ends=lambda kind: True,
            after=resolver.after,
            facts=lambda at: Facts(
                at.revision,
                at.operation_id,
                True,
                before.by_alias or resolver.by_alias > 0,
                claims,
                run.report.unknown_classes,
                rows.held,
            ),
        )
    )


def _moved_on(before: Mapping[str, int], went: Mapping[str, int], came: Mapping[str, int]) -> dict[str, int]:
    """Counts as they are after what went and what came; those that are used up are left out."""
    counts = Counter(before)
    counts.subtract(went)
    counts.update(came)
    return dict(+counts)


def _take_cis(run: Run, difference: SourceDifference) -> tuple[CiIntake, list[CiRecord]]:
    """Takes gone records as unseen and all other known ones as untouched; then takes the examined ones as in a full read."""
    gone = [record for block in difference.gone_cis() for record in block.records]
    blocks = list(difference.cis())
    if sum(len(block.records) for block in blocks) + len(gone) > MANY:
        raise Doubt("most records changed")
    gone_keys = {record.source_key for record in gone}
    wanted = [record.source_key for block in blocks for record in block.records]
    refused = [rejected.key for block in blocks for rejected in block.left_out.rejected if rejected.key]
    wanted += [f"{name}:{key}" for key in refused for name in difference.classes] + [key for key in refused if ":" in key]
    texts = filter(is_text, [*sorted(gone_keys), *wanted])
    add_from_ledger(run.roster, run.store, run.base.revision, run.settings.source_id, list(texts))
    intake = CiIntake(run.roster, run.staging, run.books, run.alone)
    for number, (source_class, source_id) in enumerate(run.roster.keys()):
        if f"{source_class}:{source_id}" not in gone_keys:
            run.roster.states[number] = UNCHANGED
            intake.untouched.add(number)
    intake.take(blocks)
    _check_ids(run, difference)
    return intake, gone


def _check_ids(run: Run, difference: SourceDifference) -> None:
    """Raises a Doubt where a new record has an id that another class has too: it makes references by that id ambiguous, in
    untouched rows as well."""
    keys, others = run.roster.keys(), list[str]()
    for number in run.roster.numbers_in(NEW) if len(difference.classes) > 1 else ():
        name, text = keys[number]
        others += [f"{other}:{text}" for other in difference.classes if other != name]
    if len(set(others)) < len(others):
        raise Doubt("several new records have one id")
    known = [key for key in others if run.roster.number(key) is not None]
    if any(run.roster.states[run.roster.number(key) or 0] != UNSEEN for key in known):
        raise Doubt("a new record has the id of one of another class")
    wanted = sorted(set(others) - set(known))
    for start in range(0, len(wanted), 5_000):
        rows = run.store.rows(run.base.revision, "source_record", "source_key", wanted[start : start + 5_000])
        if any(int(source_id) == run.settings.source_id for source_id in rows["source_id"]):
            raise Doubt("a new record has the id of one of another class")


def _gone_keys(run: Run, resolver: Resolver, difference: SourceDifference, blocks: list[DependencyBlock]) -> set[Key]:
    """Returns the identities under which the ledger holds the dependencies whose lines went."""
    texts = [text for block in blocks for text in (*block.dependents, *block.providers)]
    if len(texts) > 2 * MANY:
        raise Doubt("most dependencies changed")
    resolver.prepare(texts)
    earlier = _earlier(run, resolver, difference, texts)
    keys: set[Key] = set()
    for block in blocks:
        for a, b, kind in zip(block.dependents, block.providers, block.kinds, strict=True):
            if a in earlier and b in earlier and kind in CODES:
                keys.add((earlier[a], earlier[b], CODES[kind]))
    return keys


def _still_named(run: Run, ci_ids: Collection[int]) -> set[Key]:
    """Returns the dependencies of this source that the ledger holds at CIs that go."""
    keys: set[Key] = set()
    ordered = sorted(ci_ids)
    for start in range(0, len(ordered), 5_000):
        for column in ("dependent_id", "provider_id"):
            rows = run.store.rows(run.base.revision, "dependency", column, ordered[start : start + 5_000])
            for row in range(len(rows["dependent_id"])):
                if int(rows["source_id"][row]) == run.settings.source_id:
                    keys.add((int(rows["dependent_id"][row]), int(rows["provider_id"][row]), CODES[rows["kind"][row]]))
    return keys


def _earlier(run: Run, resolver: Resolver, difference: SourceDifference, texts: Iterable[str]) -> dict[str, int]:
    """Returns what references meant before this run: own records, those that go now among them, else aliases."""
    meant: dict[str, int] = {}
    open_texts: list[str] = []
    for text in dict.fromkeys(texts):
        known = [ids[text] for name in difference.classes if text in (ids := run.roster.by_class.get(name, {}))]
        number = run.roster.number(text) if not known and ":" in text else None
        if len(known) == 1 or number is not None:
            meant[text] = run.roster.ci_ids[known[0] if number is None else number]
        else:
            open_texts.append(text)
    answers = resolver.others(open_texts) if open_texts else {}
    for text in open_texts:
        answer = answers[text]
        if not isinstance(answer, Unresolved):
            meant[text] = answer
    return meant


def _small_kinds(
    run: Run, difference: SourceDifference, resolver: Resolver, vanished: Set[int]
) -> tuple[list[RowChanges[Any]], int, list[Watched]]:
    changes: list[RowChanges[Any]] = []
    watched: list[Watched] = []
    next_group = run.base.counters.get(REDUNDANCY_GROUP.name, 1)
    for kind in SMALL_KINDS:
        blocks = list(difference.small(kind))
        gone_records = [record for block in difference.gone_small(kind) for record in block.records]
        intake = SmallIntake(kind, run.settings, resolver, run.books)
        intake.take(blocks, lazy=True)
        untouched = difference.untouched(kind)
        if not (intake.rows or gone_records or (vanished and untouched)):
            continue  # what the ledger has of this source is what the source said
        gone = _gone_rows(run, resolver, difference, kind, gone_records)
        old = rows_about(run.store, run.base.revision, kind, run.settings.source_id, gone | set(intake.rows), vanished)
        if vanished and any(_names_one(row, vanished) for identity, row in old.items() if identity not in gone):
            raise Doubt(f"a {kind} names a CI that goes")
        part, next_group = small_changes(intake, drop_untouched(intake, old, gone), True, next_group)
        changes.append(part)
        watched += run.watched_small(kind, untouched + len(gone_records), part)
    return changes, next_group, watched


def _gone_rows(
    run: Run, resolver: Resolver, difference: SourceDifference, kind: str, records: list[SmallRecord]
) -> set[Identity]:
    source_id, identities = run.settings.source_id, set[Identity]()
    texts = [text for record in records for text in references(record)]
    resolver.prepare(texts)
    earlier = _earlier(run, resolver, difference, texts) if kind == "service" else {}
    for record in records:
        if isinstance(record, GroupRecord):
            identities.add((f"{run.settings.source}:{record.key}",))
        elif isinstance(record, ServiceRecord):
            if record.ci in earlier:
                identities.add((earlier[record.ci], source_id))
        elif isinstance(record, IncidentRecord):
            identities.add((source_id, record.key))
        elif record.scope.startswith("ci:"):
            raise Doubt("an observation of one CI went")
        else:
            identities.add((source_id, record.scope))
    return identities


def _names_one(row: SmallRow, ci_ids: Set[int]) -> bool:
    """Whether a row of the ledger names one of these CIs. An observation of a single CI may name any of them."""
    if isinstance(row, LedgerGroup):
        return row.dependent_id in ci_ids or not ci_ids.isdisjoint(members_of(row.members))
    if isinstance(row, LedgerObservation):
        return row.scope.startswith("ci:")
    return row.ci_id in ci_ids


def _count_untouched(run: Run, difference: SourceDifference, examined_again: int) -> None:
    for kind in KINDS:
        untouched = difference.untouched(kind) - (examined_again if kind == "dependency" else 0)
        counts = run.books.counts(kind)
        counts.read += untouched
        counts.unchanged += untouched
