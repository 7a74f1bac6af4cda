"""The health of the service: store, revision, age of the data, jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.usecases.keep import runs
from app.usecases.keep.sources import MANUAL, list_sources
from app.usecases.stamps import moment
from app.usecases.tools import Tools


@dataclass(frozen=True, slots=True)
class SourceHealth:
    name: str
    kind: str
    state: str
    age_seconds: float | None  # None: never read to the end


@dataclass(frozen=True, slots=True)
class Health:
    status: str  # ok; attention: a source failed, was read in part, or is held
    revision: int
    revision_at: str
    pending_revision: int | None
    jobs_open: int
    sources: Sequence[SourceHealth]


def health(tools: Tools, now: datetime | None = None) -> Health:
    now = now or datetime.now(UTC)
    current, pending = tools.store.current(), tools.store.pending()
    sources = [
        SourceHealth(
            source.name,
            source.kind,
            source.last_state or "never run",
            (now - datetime.fromisoformat(source.synced_at)).total_seconds() if source.synced_at else None,
        )
        for source in list_sources(tools.documents)
        if source.name != MANUAL
    ]
    trouble = any(source.state in ("failed", "held", "partial") for source in sources)
    return Health(
        "attention" if trouble else "ok",
        current.revision,
        moment(current),
        pending.revision if pending else None,
        len(runs.OPEN.page(tools.documents, "", 1000)),
        sources,
    )
