"""Ask a job to stop, and record who asked."""

from __future__ import annotations

from app.ports.documents import Documents
from app.usecases.keep import audit, runs


def cancel_job(documents: Documents, job_id: str, caller: str) -> runs.Job:
    """Asks the job to stop and returns it as it is then.

    A job that has ended stays as it is, and nothing is recorded. NotFound where there is none.
    """
    with documents.together():
        before = runs.get_job(documents, job_id)
        job = runs.cancel(documents, job_id)
        if job.version != before.version:
            audit.record(documents, caller, "job cancelled", job.job_id)
    return job
