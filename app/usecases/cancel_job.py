"""Ask a job to stop, and leave word of who asked."""

from __future__ import annotations

from app.ports.documents import Documents
from app.usecases.keep import audit, runs


def cancel_job(documents: Documents, job_id: str, caller: str) -> runs.Job:
    """The job as it is then. One that has ended stays as it is, and nothing is said of it. NotFound where there is none."""
    with documents.together():
        before = runs.get_job(documents, job_id)
        job = runs.cancel(documents, job_id)
        if job.version != before.version:
            audit.record(documents, caller, "job cancelled", job.job_id)
    return job
