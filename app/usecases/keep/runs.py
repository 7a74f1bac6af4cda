"""The run ledger and the job queue: every sync, assessment and other long computation is a numbered row that anybody can follow.

A door writes a job (`enqueue`); a runner takes it under a lease with a fencing token (`take`), reports progress and finishes it. A runner that
died leaves a lease that runs out; its job is taken again. Tokens only grow: the one who lost the lease cannot publish any more.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from app.domain.errors import Conflict, Fenced, NotFound, TooBusy
from app.ports.documents import Document, Documents

KIND = "job"
OPEN_KIND = "job_open"  # keys of jobs that are not finished, so that a runner need not read history
LEASE_SECONDS = 60.0
RETRY_AFTER = 10
WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"


@dataclass(frozen=True, slots=True)
class Job:
    job_id: str
    verb: str  # sync, assess
    arguments: Mapping[str, Any]
    caller: str
    state: str = WAITING
    progress: float = 0.0  # 0..1
    step: str = ""
    created_at: str = ""
    started_at: str = ""
    finished_at: str = ""
    fence: int = 0
    lease_until: float = 0.0  # unix seconds
    cancel_asked: bool = False
    result: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    version: int = 0


def enqueue(documents: Documents, verb: str, arguments: Mapping[str, Any], caller: str) -> Job:
    job = Job("", verb, dict(arguments), caller, created_at=_now())
    with documents.together():
        written = documents.append(KIND, _body(job))
        documents.put(OPEN_KIND, written.key, json.dumps({"caller": caller}))
    return _job(written)


def admit(documents: Documents, caller: str, in_all: int, per_caller: int) -> None:
    """TooBusy where so many jobs wait or run already that this caller may ask for no other one now."""
    rows = documents.page(OPEN_KIND, "", in_all)
    if sum(json.loads(row.body).get("caller") == caller for row in rows) >= per_caller:
        raise TooBusy(f"{per_caller} jobs of yours wait or run already: cancel some, or wait", retry_after=RETRY_AFTER)
    if len(rows) >= in_all:
        raise TooBusy(f"{in_all} jobs wait or run already, more than this service takes", retry_after=RETRY_AFTER)


def begin(documents: Documents, verb: str, arguments: Mapping[str, Any], caller: str) -> Job:
    """A job that the one who writes it has in hand already; it reports and finishes it as a runner would."""
    with documents.together():
        job = Job(
            "", verb, dict(arguments), caller, RUNNING, created_at=_now(), started_at=_now(), fence=next_fence(documents),
            lease_until=time.time() + LEASE_SECONDS,
        )  # fmt: skip
        written = documents.append(KIND, _body(job))
        documents.put(OPEN_KIND, written.key, "{}")
    return _job(written)


def get_job(documents: Documents, job_id: str) -> Job:
    document = documents.get(KIND, job_id)
    if document is None:
        raise NotFound(f"no job {job_id}")
    return _job(document)


def page_jobs(documents: Documents, after: str = "", limit: int = 50) -> list[Job]:
    """Newest first."""
    return [_job(document) for document in documents.page(KIND, after, limit, descending=True)]


def open_jobs(documents: Documents) -> list[Job]:
    """Waiting and running ones, the oldest first; of more than 100 the first."""
    return [get_job(documents, row.key) for row in documents.page(OPEN_KIND, "", 100)]


def take(documents: Documents, clock: float | None = None) -> Job | None:
    """The oldest waiting job, or one whose lease ran out, with a fencing token higher than any before; None when nothing waits."""
    clock = time.time() if clock is None else clock
    for job in open_jobs(documents):
        if job.state == RUNNING and job.lease_until > clock:
            continue
        try:
            with documents.together():
                fence = next_fence(documents)
                return _write(
                    documents,
                    replace(
                        job, state=RUNNING, fence=fence, lease_until=clock + LEASE_SECONDS, started_at=job.started_at or _now()
                    ),
                )
        except Conflict:
            continue
    return None


def next_fence(documents: Documents) -> int:
    row = documents.get("fence", "fence")
    fence = int(row.body) + 1 if row else 1
    documents.put("fence", "fence", str(fence), expected=row.version if row else 0)
    return fence


def holding(documents: Documents, fence: int) -> None:
    """To be called inside a unit of work: Fenced where the job that was taken with this token was taken over by another runner."""
    if not any(job.fence == fence and job.state == RUNNING for job in open_jobs(documents)):
        raise Fenced(f"the lease {fence} of this job was taken over by another runner")


def report(documents: Documents, job: Job, progress: float, step: str) -> Job:
    """Progress of a running job; renews the lease. Raises Conflict when the lease was lost. A wish to cancel shows in the job returned."""
    now = get_job(documents, job.job_id)
    if now.fence != job.fence or now.state != RUNNING:
        raise Conflict("the job was taken over by another runner")
    return _write(documents, replace(now, progress=progress, step=step, lease_until=time.time() + LEASE_SECONDS))


def put_back(documents: Documents, job: Job) -> Job:
    """A job in hand waits again, for another runner, which need not wait for the end of a lease."""
    now = get_job(documents, job.job_id)
    if now.fence != job.fence:
        raise Conflict("the job was taken over by another runner")
    return _write(documents, replace(now, state=WAITING, progress=0.0, step="", lease_until=0.0))


def finish(documents: Documents, job: Job, state: str, result: Mapping[str, Any] | None = None, error: str = "") -> Job:
    now = get_job(documents, job.job_id)
    if now.fence != job.fence:
        raise Conflict("the job was taken over by another runner")
    with documents.together():
        done = _write(
            documents,
            replace(
                now,
                state=state,
                result=dict(result or {}),
                error=error,
                finished_at=_now(),
                progress=1.0 if state == DONE else now.progress,
            ),
        )
        documents.delete(OPEN_KIND, job.job_id)
    return done


def cancel(documents: Documents, job_id: str) -> Job:
    """Ask to stop: a waiting job is cancelled at once, a running one at its next report."""
    for _ in range(20):
        job = get_job(documents, job_id)
        try:
            if job.state == WAITING:
                return finish(documents, job, CANCELLED)
            if job.state == RUNNING:
                return _write(documents, replace(job, cancel_asked=True))
            return job
        except Conflict:
            continue
    raise Conflict("the job changes too quickly; try again")


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _body(job: Job) -> str:
    return json.dumps({name: value for name, value in asdict(job).items() if name not in ("job_id", "version")}, sort_keys=True)


def _job(document: Document) -> Job:
    return Job(job_id=document.key, version=document.version, **json.loads(document.body))


def _write(documents: Documents, job: Job) -> Job:
    return _job(documents.put(KIND, job.job_id, _body(job), expected=job.version))
