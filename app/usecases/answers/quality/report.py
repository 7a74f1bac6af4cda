"""The quality of the data at the current revision, and what it does to the ranking."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.quality import Finding, Quality, SourceQuality
from app.risk.first_order.areas import measure_of
from app.usecases.answers.quality.found import found
from app.usecases.answers.quality.paper import paper_groups, redundant_groups
from app.usecases.answers.quality.sources import source_rows
from app.usecases.answers.quality.weighing import EXAMPLES, scale_of
from app.usecases.assess import assessed
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools


def quality(tools: Tools, limit: int = 100) -> Quality:
    """Returns sources, coverage by source and class (`limit` rows), findings by weight, and redundancy only on paper (`limit`
    rows)."""
    assessment = assessed(tools.estates, tools.cache, None)
    scale = scale_of(assessment, measure_of(assessment.totals.values()))
    ledger, on_one = found(tools, scale)
    sources = source_rows(tools.documents, dict(ledger.records), dict(ledger.relations))
    paper, paper_total, on_paper, groups = paper_groups(scale, on_one, limit)
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
        min(ledger.examined, cis),
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


def _weight(finding: Finding) -> tuple[float, str]:
    return (-(finding.share if finding.share is not None else -1.0), finding.kind)


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
