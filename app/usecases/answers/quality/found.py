"""What takes seconds to find in the data of a large estate: found once for an assessment, and kept for every process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.domain.nouns import CI, DEPENDENCY, SOURCE_RECORD
from app.domain.quality import ClassQuality, Finding
from app.ports.graph_store import Revision
from app.ports.records import RecordText
from app.risk.first_order.areas import measure_of
from app.risk.first_order.paper_redundancy import PaperRedundancy, paper_redundancy
from app.usecases.answers.quality.cis import (
    OBSERVING,
    ci_findings,
    class_rows,
    conflict_finding,
    observation_findings,
    service_findings,
    unclosed_finding,
)
from app.usecases.answers.quality.merges import unlike_names_finding
from app.usecases.answers.quality.sources import unknown_relations
from app.usecases.answers.quality.unread import open_need_findings
from app.usecases.answers.quality.weighing import Scale, scale_of
from app.usecases.assess import Assessed, assessed, is_assessed
from app.usecases.keep.sources import told_of
from app.usecases.tools import Tools

PURPOSE = "quality-1"  # the number is raised when something is found otherwise
AT_ONCE = 20_000  # CIs of an estate that is looked through again by each process
COLUMNS = ("group", "shared", "lost", "members")


@dataclass(frozen=True, slots=True)
class InLedger:
    """What the rows of a revision say.

    `told`: the sources that were known; by source: records in the ledger, dependencies of unknown types. `examined`: CIs whose
    outage was tried for redundancy on paper.
    """

    told: Sequence[tuple[int, str, str]]
    records: Sequence[tuple[int, int]]
    relations: Sequence[tuple[int, Mapping[str, int]]]
    classes: Sequence[ClassQuality]
    findings: Sequence[Finding]
    observed: bool
    examined: int


TEXT = RecordText(InLedger)


def found(tools: Tools, scale: Scale) -> tuple[InLedger, PaperRedundancy]:
    """Returns what an assessment's data shows, and its redundancy on paper: from memory, from disk, or looked for now."""
    assessment, told = scale.assessment, _told(tools)
    known = assessment.quality.get("found")
    if known is None or known[0].told != told:
        known = _kept(tools, assessment)
    if known is None or known[0].told != told:
        known = _look(tools, scale, told)
        if len(assessment.estate.compiled) > AT_ONCE:
            entry = {"ledger": TEXT.text(known[0]), **{name: getattr(known[1], name) for name in COLUMNS}}
            tools.cache.save(assessment.estate.revision.revision, _purpose(assessment.estate.fingerprint), entry)
    assessment.quality["found"] = known
    return known


def keep_found(tools: Tools, revision: Revision) -> bool:
    """Looks through a large estate that is assessed and was not looked through yet, and keeps what is found; returns whether it
    did."""
    settings = tools.estates.settings_at(revision)
    if revision.counters.get(CI.name, 0) <= AT_ONCE or revision.revision in tools.cache.revisions(_purpose(settings)):
        return False
    if not is_assessed(tools.documents, revision.revision, settings):
        return False
    assessment = assessed(tools.estates, tools.cache, revision.revision)
    found(tools, scale_of(assessment, measure_of(assessment.totals.values())))
    return True


def _purpose(settings: str) -> str:
    return f"{PURPOSE}-{settings}"


def _told(tools: Tools) -> list[tuple[int, str, str]]:
    return sorted((source.source_id, source.name, source.kind) for source in told_of(tools.documents))


def _kept(tools: Tools, assessment: Assessed) -> tuple[InLedger, PaperRedundancy] | None:
    entry = tools.cache.load(assessment.estate.revision.revision, _purpose(assessment.estate.fingerprint))
    if entry is None:
        return None
    ledger = TEXT.read(entry["ledger"])
    columns = {name: entry[name] for name in COLUMNS}
    return ledger, PaperRedundancy(**columns, examined=ledger.examined)


def _look(tools: Tools, scale: Scale, told: Sequence[tuple[int, str, str]]) -> tuple[InLedger, PaperRedundancy]:
    estate = scale.assessment.estate
    revision = estate.revision.revision
    records = tools.store.load_columns(revision, SOURCE_RECORD.name, ["source_id", "ci_id"])
    edges = tools.store.load_columns(revision, DEPENDENCY.name, ["dependent_id", "provider_id", "source_id", "relation"])
    observing = {number for number, _, kind in told if kind in OBSERVING}
    paper = paper_redundancy(estate.compiled)
    ids, counts = np.unique(np.asarray(records["source_id"]), return_counts=True)
    findings: list[Any] = [
        *ci_findings(scale),
        *service_findings(scale),
        *open_need_findings(scale, tools.store),
        unclosed_finding(scale, tools.store),
        conflict_finding(scale, tools),
        unlike_names_finding(scale, tools),
        *observation_findings(scale, edges, observing),
    ]
    ledger = InLedger(
        told,
        list(zip(ids.tolist(), counts.tolist(), strict=True)),
        sorted(unknown_relations(edges).items()),
        class_rows(scale, records["source_id"], records["ci_id"], {number: name for number, name, _ in told}),
        findings,
        bool(observing),
        paper.examined,
    )
    return ledger, paper
