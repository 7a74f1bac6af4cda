"""The run ledger and the job queue: every sync, assessment and other long computation is a numbered row that anybody can follow.

A door writes a job (`enqueue`); a runner takes it under a lease with a fencing token (`take`), reports progress and finishes it.
A runner that dies leaves a lease that runs out, and its job is taken again. Tokens only grow, so a runner that lost the lease
cannot publish any more.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from app.domain.errors import Conflict, Fenced, NotFound, TooBusy
from app.ports.documents import Documents
from app.ports.records import Kept, Records

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


@dataclass(frozen=True, slots=True)
class OpenJob:
    """The mark of a job that is not finished, under its key, so that a runner need not read history.

    `caller`: who waits for it; "" nobody.
    """

    caller: str = ""


OPEN = Records("job_open", OpenJob)
JOBS = Records("job", Job, older=lambda body: {**body, "job_id": "", "version": 0})  # key and version are the row's own


def enqueue(documents: Documents, verb: str, arguments: Mapping[str, Any], caller: str) -> Job:
    job = Job("", verb, dict(arguments), caller, created_at=_now())
    with documents.together():
        written = JOBS.append(documents, job)
        OPEN.put(documents, written.key, OpenJob(caller))
    return _job(written)


def admit(documents: Documents, caller: str, in_all: int, per_caller: int) -> None:
    """Raises TooBusy where so many jobs wait or run already that this caller may queue no other one now."""
    rows = OPEN.page(documents, "", in_all)
    if sum(row.value.caller == caller for row in rows) >= per_caller:
        raise TooBusy(f"{per_caller} jobs of yours wait or run already: cancel some, or wait", retry_after=RETRY_AFTER)
    if len(rows) >= in_all:
        raise TooBusy(f"{in_all} jobs wait or run already, more than this service takes", retry_after=RETRY_AFTER)


def begin(documents: Documents, verb: str, arguments: Mapping[str, Any], caller: str) -> Job:
    """Writes a job that its writer works on at once, reporting and finishing it as a runner would."""
    with documents.together():
        job = Job(
            "", verb, dict(arguments), caller, RUNNING, created_at=_now(), started_at=_now(), fence=next_fence(documents),
            lease_until=time.time() + LEASE_SECONDS,
        )  # fmt: skip
        written = JOBS.append(documents, job)
        OPEN.put(documents, written.key, OpenJob())
    return _job(written)


def get_job(documents: Documents, job_id: str) -> Job:
    kept = JOBS.kept(documents, job_id)
    if kept is None:
        raise NotFound(f"no job {job_id}")
    return _job(kept)


def page_jobs(documents: Documents, after: str = "", limit: int = 50) -> list[Job]:
    """Returns a page of jobs, the newest first."""
    return [_job(kept) for kept in JOBS.page(documents, after, limit, newest_first=True)]


def open_jobs(documents: Documents) -> list[Job]:
    """Returns waiting and running jobs, the oldest first, at most 100."""
    return [get_job(documents, row.key) for row in OPEN.page(documents, "", 100)]


def take(documents: Documents, clock: float | None = None) -> Job | None:
    """Returns the oldest waiting job, or one whose lease ran out, with a fencing token higher than any before; None when nothing
    waits."""
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
    """Raises Fenced where another runner took over the job that was taken with this token. It is called inside a unit of work."""
    if not any(job.fence == fence and job.state == RUNNING for job in open_jobs(documents)):
        raise Fenced(f"the lease {fence} of this job was taken over by another runner")


def report(documents: Documents, job: Job, progress: float, step: str) -> Job:
    """Notes the progress of a running job and renews the lease.

    Conflict when the lease was lost. The job that is returned shows a wish to cancel.
    """
    now = get_job(documents, job.job_id)
    if now.fence != job.fence or now.state != RUNNING:
        raise Conflict("the job was taken over by another runner")
    return _write(documents, replace(now, progress=progress, step=step, lease_until=time.time() + LEASE_SECONDS))


def put_back(documents: Documents, job: Job) -> Job:
    """Lets a job in hand wait again, for another runner, which need not wait for the end of a lease."""
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
        OPEN.delete(documents, job.job_id)
    return done


def cancel(documents: Documents, job_id: str) -> Job:
    """Asks a job to stop: a waiting one is cancelled at once, a running one at its next report."""
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


def _job(kept: Kept[Job]) -> Job:
    return replace(kept.value, job_id=kept.key, version=kept.version)


def _write(documents: Documents, job: Job) -> Job:
    return _job(JOBS.put(documents, job.job_id, job, expected=job.version))
