"""What is wrong, and what to do about it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from app.ports.documents import Documents
from app.ports.graph_store import GraphStore
from app.usecases.keep import runs, sync_runs
from app.usecases.keep.audit_verify import verify as verify_trail
from app.usecases.keep.sources import MANUAL, list_sources

OLD_DAYS = 7


@dataclass(frozen=True, slots=True)
class Finding:
    severity: str  # fault, attention
    what: str
    cure: str


def examine(store: GraphStore, documents: Documents, now: datetime | None = None) -> list[Finding]:
    """Store, audit trail, sources and jobs; faults first."""
    now = now or datetime.now(UTC)
    found = [
        Finding("fault", fault, "restore the latest backup into an empty store: forestay restore FILE") for fault in store.check()
    ]
    found += [
        Finding("fault", fault, "keep the store as evidence and restore from a backup") for fault in verify_trail(documents)
    ]
    pending = store.pending()
    if pending is not None and (now - pending.created_at).total_seconds() > 3600:
        found.append(
            Finding(
                "attention",
                f"revision {pending.revision} has been pending for over an hour",
                "sync its source again: what was left is cleared away",
            )
        )
    sources = [source for source in list_sources(documents) if source.name != MANUAL]
    if not sources:
        found.append(Finding("attention", "no source is registered", "forestay source add NAME KIND LOCATION"))
    for source in sources:
        if source.last_state == "held":
            why = "; ".join(sync_runs.get_run(documents, source.last_run).held_because)
            found.append(
                Finding("attention", f"{source.name} is held: {why}", f"if it is right: forestay sync {source.name} --approve")
            )
        elif source.last_state == "failed":
            error = sync_runs.get_run(documents, source.last_run).error
            found.append(Finding("attention", f"{source.name} failed: {error}", f"forestay source check {source.name}"))
        for name, reason in sorted(source.incomplete.items()):
            last = source.complete_at.get(name, "never")[:16]
            found.append(
                Finding(
                    "attention", f"{source.name}: {reason}; stale, last read whole {last}", f"forestay source check {source.name}"
                )
            )
        if source.synced_at and (now - datetime.fromisoformat(source.synced_at)).days >= OLD_DAYS:
            found.append(
                Finding("attention", f"{source.name} was last read on {source.synced_at[:10]}", f"forestay sync {source.name}")
            )
    for row in documents.page(runs.OPEN_KIND, "", 100):
        job = runs.get_job(documents, row.key)
        if job.state == runs.WAITING and (now - datetime.fromisoformat(job.created_at)).total_seconds() > 300:
            found.append(
                Finding(
                    "attention", f"job {job.job_id} ({job.verb}) has waited for over 5 minutes", "start a runner: forestay work"
                )
            )
        if job.state == runs.RUNNING and job.lease_until < time.time():
            found.append(
                Finding(
                    "attention", f"the runner of job {job.job_id} is gone", "start a runner: forestay work takes the job over"
                )
            )
    return found
