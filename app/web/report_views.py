"""The page of reports: what can be made, what was made, and the board page as it prints."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.api.auth import caller, permission
from app.api.common import forestay, room_for_a_job
from app.api.heavy import heavy
from app.api.resources.reports import download
from app.reports.board_page import page_of
from app.reports.html_pages import board_html, style_sheet
from app.usecases.keep import runs
from app.usecases.reports.board import board_of
from app.usecases.reports.make import KINDS, ReportRequest, check, page_reports
from app.usecases.reports.tables import TABLES
from app.web.views import ROWS, viewed_revision

blueprint = Blueprint("reports_web", __name__)


@blueprint.get("/reports")
@permission("read")
def reports() -> str:
    """What can be made, what is being made, and what was made, the newest first."""
    service = forestay()
    page = page_reports(service, request.args.get("after", ""), ROWS)
    making = [job for job in runs.open_jobs(service.documents) if job.verb == "report"]
    failed = [job for job in runs.page_jobs(service.documents, limit=20) if job.verb == "report" and job.state == runs.FAILED]
    return render_template(
        "reports.html",
        page=page,
        making=making,
        failed=failed[:3],
        kinds_of_report=KINDS,
        report_tables=TABLES,
        may_make=caller().may("assess"),
    )


@blueprint.post("/reports")
@permission("assess")
def make() -> AnyResponse:
    """Asks for a report."""
    room_for_a_job()
    kind = request.form.get("kind", "")
    asked = ReportRequest(kind, request.form.get("table", "") if kind == "table" else "")
    check(asked)
    runs.enqueue(forestay().documents, "report", asdict(asked), caller().name)
    return redirect(url_for("reports_web.reports"), 303)


@blueprint.get("/reports/<report>/file")
@permission("read")
def file(report: str) -> AnyResponse:
    """The file of a report."""
    forestay().reads.note(caller().name, "read report", report)
    return download(report)


@blueprint.get("/board")
@heavy
@permission("read")
def board() -> str:
    """The board page, for a screen or a printer."""
    service = forestay()
    service.reads.note(caller().name, "read page board", "")
    return board_html(page_of(board_of(service, viewed_revision())), style=url_for("reports_web.style"))


@blueprint.get("/static/report.css")
@permission("read")
def style() -> Response:
    """The style sheet of the board page."""
    return Response(style_sheet(), mimetype="text/css")
