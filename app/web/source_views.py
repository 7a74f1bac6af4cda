"""The pages of the admin: sources and their runs, one run with what it would change, and the approval of a held one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.api.auth import caller, permission
from app.api.common import forestay, room_for_a_job
from app.domain.errors import InvalidInput, NotFound
from app.domain.sentences import minute
from app.usecases.approve import ask_approval, held_runs
from app.usecases.ask_about_source import ask_about_source
from app.usecases.changes.read import ChangePage, change_page
from app.usecases.keep import runs
from app.usecases.keep.plan import ARGUMENTS, plans
from app.usecases.keep.sources import MANUAL, list_sources
from app.usecases.keep.sync_runs import get_run, page_rejected, page_runs
from app.web.views import ROWS

blueprint = Blueprint("sources_web", __name__)


@blueprint.app_template_filter("moment")
def moment(text: str) -> str:
    """Returns a stored time to the minute; all are UTC."""
    return minute(text)


@blueprint.app_template_filter("run_number")
def run_number(run_id: str) -> str:
    return str(int(run_id)) if run_id else ""


@blueprint.get("/sources")
@permission("read")
def sources() -> str:
    """Every source with its schedule and last run, what waits for a person, what is in hand, and the runs, newest first."""
    documents = forestay().documents
    rows = page_runs(documents, request.args.get("after", ""), ROWS + 1)
    return render_template(
        "sources.html",
        sources=[source for source in list_sources(documents) if source.name != MANUAL],
        plans={plan.source: plan for plan in plans(documents)},
        waiting=held_runs(documents),
        jobs=runs.open_jobs(documents),
        runs=rows[:ROWS],
        next=rows[ROWS - 1].run_id if len(rows) > ROWS else None,
        may_sync=caller().may("sync"),
        may_add=caller().may("admin"),
    )


@blueprint.get("/run")
@permission("read")
def run() -> str:
    """One run: its counts, what it could not read or take, and, where it stopped before it wrote, what it would change."""
    documents, run_id = forestay().documents, request.args.get("id", "")
    report = get_run(documents, run_id)
    run_id = report.run_id
    refused, refused_total = page_rejected(documents, run_id, 0, ROWS)
    waits = any(held.run_id == run_id for held in held_runs(documents))
    return render_template(
        "run.html",
        run=report,
        refused=refused,
        refused_total=refused_total,
        changes=_changes(run_id),
        waits=waits,
        may_approve=caller().may("approve"),
    )


def _changes(run_id: str) -> ChangePage | None:
    after = request.args.get("after", "0")
    if not (after.isascii() and after.isdigit() and len(after) < 10):
        raise InvalidInput("after is a whole number")
    try:
        return change_page(forestay().documents, run_id, int(after), ROWS)
    except NotFound:
        return None


@blueprint.post("/sources/sync")
@permission("sync")
def sync() -> Response:
    """Asks for a run of a source; `look` makes it a dry run."""
    room_for_a_job()
    arguments: dict[str, Any] = {**ARGUMENTS, "dry_run": bool(request.form.get("look"))}
    ask_about_source(forestay().documents, "sync", "sync asked", request.form.get("source", ""), arguments, caller().name)
    return redirect(url_for("sources_web.sources"), 303)


@blueprint.post("/run/approve")
@permission("approve")
def approve() -> Response:
    """Asks for a held run to be written as it was shown."""
    room_for_a_job()
    ask_approval(forestay(), request.form.get("id", ""), caller().name)
    return redirect(url_for("sources_web.sources"), 303)
