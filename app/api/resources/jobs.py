"""Jobs and sync runs: what is computed or imported, how far it is, what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import g

from app.api.bodies import Blueprint
from app.api.common import forestay, reply, route
from app.api.schemas.questions import NothingAsked, PageQuestion
from app.domain.errors import InvalidInput, NotAllowed
from app.domain.records import RejectedRecord, SyncReport
from app.usecases.approve import ask_approval
from app.usecases.cancel_job import cancel_job
from app.usecases.changes.read import ChangePage, change_page
from app.usecases.keep import runs
from app.usecases.keep.plan import Plan, plans
from app.usecases.keep.sync_runs import get_run, page_rejected, page_runs

blueprint = Blueprint("jobs", __name__, url_prefix="/api/v1", description="Jobs and sync runs")

CANCEL_NEEDS = {"assess": "assess", "study": "assess", "sync": "sync", "approve": "approve", "suggest": "edit", "answer": "read"}


@dataclass(frozen=True, slots=True)
class JobPage:
    items: Sequence[runs.Job]
    limit: int
    truncated: bool
    next: str | None


@dataclass(frozen=True, slots=True)
class RunPage:
    items: Sequence[SyncReport]
    limit: int
    truncated: bool
    next: str | None


@dataclass(frozen=True, slots=True)
class RejectedPage:
    run_id: str
    total: int
    items: Sequence[RejectedRecord]
    limit: int
    truncated: bool
    next: str | None


@route(blueprint, "/jobs", "read", JobPage)
@blueprint.arguments(PageQuestion, location="query")
def page(question: dict[str, Any]) -> Any:
    """Newest first."""
    stored = runs.page_jobs(forestay().documents, question.get("after", ""), question["limit"] + 1)
    more, rows = len(stored) > question["limit"], stored[: question["limit"]]
    return JobPage(rows, question["limit"], more, rows[-1].job_id if more else None)


@dataclass(frozen=True, slots=True)
class Schedule:
    items: Sequence[Plan]


@route(blueprint, "/schedule", "read", Schedule, called="schedule_get")
def schedule() -> Any:
    """Which source is due when, what was missed while no scheduler ran, and which one rests after failures; the next one
    first."""
    return Schedule(plans(forestay().documents))


@route(blueprint, "/jobs/<job_id>", "read", runs.Job)
def one(job_id: str) -> Any:
    """A job: how far it is and what came of it."""
    return runs.get_job(forestay().documents, job_id)


@route(blueprint, "/jobs/<job_id>", "read", runs.Job, method="DELETE")
def cancel(job_id: str) -> Any:
    """Ask a job to stop; it needs the permission the job itself needed."""
    documents = forestay().documents
    job = runs.get_job(documents, job_id)
    wanted = CANCEL_NEEDS.get(job.verb, "admin")
    if not g.caller.may(wanted):
        raise NotAllowed(f"role {g.caller.role} may not {wanted}", status=403)
    if job.verb == "answer" and job.caller != g.caller.name and not g.caller.may("admin"):
        raise NotAllowed("this answer was asked by another caller", status=403)
    return cancel_job(documents, job_id, g.caller.name)


@route(blueprint, "/runs", "read", RunPage, called="runs_list")
@blueprint.arguments(PageQuestion, location="query")
def run_page(question: dict[str, Any]) -> Any:
    """Sync runs, newest first, with counts that close."""
    stored = page_runs(forestay().documents, question.get("after", ""), question["limit"] + 1)
    more, rows = len(stored) > question["limit"], stored[: question["limit"]]
    return RunPage(rows, question["limit"], more, rows[-1].run_id if more else None)


@route(blueprint, "/runs/<run_id>", "read", SyncReport, called="runs_get")
def run(run_id: str) -> Any:
    """The report of a sync run."""
    return get_run(forestay().documents, run_id)


@route(blueprint, "/runs/<run_id>/changes", "read", ChangePage, called="runs_changes")
@blueprint.arguments(PageQuestion, location="query")
def changes(question: dict[str, Any], run_id: str) -> Any:
    """What a run that stopped before it wrote (dry run, held) would change: totals, what would go and whom it reaches, and the
    lines."""
    return change_page(forestay().documents, run_id, _offset(question), question["limit"])


def _offset(question: dict[str, Any]) -> int:
    """Returns the position at which the page starts: the `next` of the page before is a position in the list."""
    after = str(question.get("after") or "0")
    if not (after.isascii() and after.isdigit() and len(after) < 10):
        raise InvalidInput("after: the `next` of the page before", field="after")
    return int(after)


@route(blueprint, "/runs/<run_id>/approve", "approve", runs.Job, method="POST", status=202, called="runs_approve")
@blueprint.arguments(NothingAsked)
def approve(question: dict[str, Any], run_id: str) -> Any:
    """Write what a held run showed, as a job; it fails where the source or the estate has changed since."""
    job = ask_approval(forestay(), run_id, g.caller.name)
    return reply(job, 202, {"Location": f"/api/v1/jobs/{job.job_id}"})


@route(blueprint, "/runs/<run_id>/rejected", "read", RejectedPage, called="runs_rejected")
@blueprint.arguments(PageQuestion, location="query")
def rejected(question: dict[str, Any], run_id: str) -> Any:
    """Refused records of a run with place, field, reason and advice."""
    documents = forestay().documents
    offset = _offset(question)
    rows, total = page_rejected(documents, run_id, offset, question["limit"])
    following = offset + len(rows)
    return RejectedPage(
        run_id, total, rows, question["limit"], following < total, str(following) if following < total and rows else None
    )
