"""Reports: made as jobs, kept for download."""

from __future__ import annotations

from typing import Any

from flask import Response, g, send_file

from app.api.bodies import Blueprint
from app.api.common import forestay, reply, route
from app.api.schemas.questions import PageQuestion, ReportQuestion
from app.domain.report import ReportPage, ReportRow
from app.usecases.keep import runs
from app.usecases.reports.make import KINDS, ReportRequest, check, file_of, get_report, page_reports

blueprint = Blueprint(
    "reports", __name__, url_prefix="/api/v1", description="Reports for boards, auditors and days without a network"
)


@route(blueprint, "/reports", "read", ReportPage)
@blueprint.arguments(PageQuestion, location="query")
def page(question: dict[str, Any]) -> Any:
    """Reports that are kept, the newest first."""
    return page_reports(forestay(), question.get("after", ""), question["limit"])


@route(blueprint, "/reports", "assess", runs.Job, method="POST", status=202)
@blueprint.arguments(ReportQuestion)
def make(question: dict[str, Any]) -> Any:
    """Make a report as a job: a board page, a workbook, a table or an offline pack; follow it at the address in `Location`."""
    check(ReportRequest(**question))
    job = runs.enqueue(forestay().documents, "report", question, g.caller.name)
    return reply(job, 202, {"Location": f"/api/v1/jobs/{job.job_id}"})


@route(blueprint, "/reports/<report>", "read", ReportRow)
def one(report: str) -> Any:
    """What a report holds: its revision, the rows of its tables, its size and digest."""
    return get_report(forestay(), report)


@route(blueprint, "/reports/<report>/file", "read", bytes, sensitive=True, files=[kind.media_type for kind in KINDS.values()])
def file(report: str) -> Any:
    """The file of a report; its media type and name stand in the headers."""
    return download(report)


def download(report: str) -> Response:
    """Returns the file of a report as an attachment."""
    service = forestay()
    row = get_report(service, report)
    response = send_file(file_of(service, row), row.media_type, as_attachment=True, download_name=row.file, etag=row.sha256)
    response.headers["Digest"] = f"sha-256={row.sha256}"
    return response
