"""The stamp each answer carries: what it rests on and how old that is."""

from __future__ import annotations

from app.domain.results import SourceAge, Stamp
from app.ports.documents import Documents
from app.ports.graph_store import Revision
from app.usecases.estate import Estate
from app.usecases.keep.sources import MANUAL, known_sources

MODEL_VERSION = "1.2"


def ages(documents: Documents) -> list[SourceAge]:
    return [
        SourceAge(source.name, source.synced_at, source.last_state)
        for source in known_sources(documents)
        if source.name != MANUAL
    ]


def stamp_of(estate: Estate, documents: Documents) -> Stamp:
    return Stamp(
        revision=estate.revision.revision,
        revision_at=moment(estate.revision),
        model_version=MODEL_VERSION,
        settings=estate.fingerprint,
        currency=estate.options.currency,
        sources=ages(documents),
        left_out=dict(estate.assembled.left_out),
        warnings=[*estate.assembled.warnings, *estate.compiled.report.messages],
    )


def plain_stamp(revision: Revision, documents: Documents) -> Stamp:
    """For answers that calculate nothing."""
    return Stamp(revision.revision, moment(revision), MODEL_VERSION, "", "", ages(documents))


def moment(revision: Revision) -> str:
    return (revision.published_at or revision.created_at).isoformat()
