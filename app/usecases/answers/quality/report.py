"""The quality of the data at the current revision, and what it does to the ranking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.domain.nouns import DEPENDENCY, SOURCE_RECORD
from app.domain.quality import ClassQuality, Finding, Quality, SourceQuality
from app.risk.first_order.areas import measure_of
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
from app.usecases.answers.quality.paper import paper_groups, redundant_groups
from app.usecases.answers.quality.sources import source_rows, unknown_relations
from app.usecases.answers.quality.unread import open_need_findings
from app.usecases.answers.quality.weighing import EXAMPLES, Scale, scale_of
from app.usecases.assess import assessed
from app.usecases.keep.sources import told_of
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools


@dataclass(frozen=True, slots=True)
class _OfLedger:
    """What the rows of a revision say, which takes seconds at a million CIs.

    By source: records in the ledger, dependencies of unknown types.
    """

    records: Mapping[int, int]
    relations: Mapping[int, Mapping[str, int]]
    classes: Sequence[ClassQuality]
    findings: Sequence[Finding]
    observed: bool


def quality(tools: Tools, limit: int = 100) -> Quality:
    """Returns sources, coverage by source and class (`limit` rows), findings by weight, and redundancy only on paper (`limit`
    rows)."""
    assessment = assessed(tools.estates, tools.cache, None)
    revision = assessment.estate.revision.revision
    scale = scale_of(assessment, measure_of(assessment.totals.values()))
    if "ledger" not in assessment.quality:
        assessment.quality["ledger"] = _read(scale, tools, revision)
    ledger: _OfLedger = assessment.quality["ledger"]
    sources = source_rows(tools.documents, ledger.records, ledger.relations)
    paper, paper_total, on_paper, groups, examined = paper_groups(scale, limit)
    cis = len(assessment.estate.compiled) - len(assessment.estate.causes)
    findings = [*ledger.findings, *on_paper, *_of_runs(sources)]
    return Quality(
        stamp_of(assessment.estate, tools.documents),
        scale.measure,
        scale.total,
        cis,
        len(assessment.estate.compiled.service_position),
        redundant_groups(scale),
        groups,
        min(examined, cis),
        sources,
        ledger.classes[:limit],
        len(ledger.classes),
        sorted((finding for finding in findings if finding.count), key=_weight),
        paper,
        paper_total,
        limit,
        len(ledger.classes) > limit or paper_total > limit,
        []
        if ledger.observed
        else ["no source observes calls, so nothing is said of dependencies that are declared and not seen"],
    )


def _read(scale: Scale, tools: Tools, revision: int) -> _OfLedger:
    records = tools.store.load_columns(revision, SOURCE_RECORD.name, ["source_id", "ci_id"])
    edges = tools.store.load_columns(revision, DEPENDENCY.name, ["dependent_id", "provider_id", "source_id", "relation"])
    known = {source.source_id: source for source in told_of(tools.documents)}
    observing = {number for number, source in known.items() if source.kind in OBSERVING}
    return _OfLedger(
        _counts(records["source_id"]),
        unknown_relations(edges),
        class_rows(scale, records["source_id"], records["ci_id"], {number: source.name for number, source in known.items()}),
        [
            *ci_findings(scale),
            *service_findings(scale),
            *open_need_findings(scale, tools.store),
            unclosed_finding(scale, tools.store),
            conflict_finding(scale, tools),
            unlike_names_finding(scale, tools),
            *observation_findings(scale, edges, observing),
        ],
        bool(observing),
    )


def _weight(finding: Finding) -> tuple[float, str]:
    return (-(finding.share if finding.share is not None else -1.0), finding.kind)


def _counts(source_ids: Any) -> Mapping[int, int]:
    ids, counts = np.unique(np.asarray(source_ids), return_counts=True)
    return dict(zip(map(int, ids), map(int, counts), strict=True))


def _of_runs(sources: Sequence[SourceQuality]) -> list[Finding]:
    """Returns findings on what the last runs left out. No CI stands for it, so it has no weight."""
    dangling = sum(source.dangling for source in sources)
    unknown = sum(sum(source.unknown_relations.values()) for source in sources)
    records = sum(source.records for source in sources)
    stale = [source.name for source in sources if source.stale or not source.synced_at]
    words = [(s.name, word, number) for s in sources for word, number in sorted(s.unknown_relations.items())]
    return [
        Finding(
            "dangling relation",
            dangling,
            records,
            None,
            None,
            "relations that name a CI nobody knows are not in the graph: what they carry is not counted",
            "import the class of the CI that is named, or remove the relation",
            [f"{source.name}: {source.dangling}" for source in sources if source.dangling],
        ),
        Finding(
            "unknown relation type",
            unknown,
            records,
            None,
            None,
            "relations under a word that no mapping names are left out, or taken with low confidence",
            "name the relation type in the source's mapping file",
            [f"{name}: {word} ({number})" for name, word, number in words[:EXAMPLES]],
        ),
        Finding(
            "source stale",
            len(stale),
            len(sources),
            None,
            None,
            "the ranking rests on what was last known",
            "see `forestay runs` and `forestay doctor`",
            stale[:EXAMPLES],
        ),
    ]
