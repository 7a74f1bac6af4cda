"""The stamp that each answer carries: what the answer rests on and how old that is."""

from __future__ import annotations

from app.domain.results import SourceAge, Stamp
from app.ports.documents import Documents
from app.ports.graph_store import Revision
from app.usecases.estate import Estate
from app.usecases.keep.sources import MANUAL, known_sources
from app.usecases.keep.sync_runs import page_runs

MODEL_VERSION = "1.3"


READ = ("done", "unchanged", "approved")  # states of runs that read their source
RUNS_AT_ONCE = 200


def ages(documents: Documents, revision: int | None = None) -> list[SourceAge]:
    """Returns how old the data of each source is.

    At a revision of the past it is the age as it was then, without sources that had not been read yet.
    """
    sources = [source for source in known_sources(documents) if source.name != MANUAL]
    if revision is None or all(source.last_revision <= revision for source in sources):
        return [SourceAge(source.name, source.synced_at, source.last_state) for source in sources]
    later = {source.name for source in sources if source.last_revision > revision}
    then = _read_last(documents, later, revision)
    return [
        then[source.name] if source.name in later else SourceAge(source.name, source.synced_at, source.last_state)
        for source in sources
        if source.name not in later or source.name in then
    ]


def _read_last(documents: Documents, names: set[str], revision: int) -> dict[str, SourceAge]:
    """Returns, for each of these sources, the last run up to a revision that read it to its end."""
    by_source: dict[str, SourceAge] = {}
    after = ""
    while len(by_source) < len(names) and (page := page_runs(documents, after, RUNS_AT_ONCE)):
        for run in page:
            of = run.revision or run.base_revision
            if run.source in names and run.source not in by_source and run.state in READ and run.complete and 0 < of <= revision:
                by_source[run.source] = SourceAge(run.source, run.finished_at, run.state)
        after = page[-1].run_id
    return by_source


def stamp_of(estate: Estate, documents: Documents) -> Stamp:
    return Stamp(
        revision=estate.revision.revision,
        revision_at=moment(estate.revision),
        model_version=MODEL_VERSION,
        settings=estate.fingerprint,
        currency=estate.options.currency,
        sources=ages(documents, estate.revision.revision),
        left_out=dict(estate.assembled.left_out),
        warnings=[*estate.assembled.warnings, *estate.compiled.report.messages],
        needs_of_nobody=estate.assembled.needs_of_nobody,
    )


def plain_stamp(revision: Revision, documents: Documents) -> Stamp:
    """Returns the stamp of an answer that calculates nothing."""
    return Stamp(revision.revision, moment(revision), MODEL_VERSION, "", "", ages(documents, revision.revision))


def moment(revision: Revision) -> str:
    return (revision.published_at or revision.created_at).isoformat()
