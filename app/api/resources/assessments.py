"""Assessments: the whole graph computed at a revision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import g

from app.api.bodies import Blueprint
from app.api.common import forestay, reply, route
from app.api.schemas.questions import AssessQuestion, PageQuestion
from app.domain.results import AssessmentRow
from app.usecases.assess import get_assessment, page_assessments
from app.usecases.keep import runs

blueprint = Blueprint("assessments", __name__, url_prefix="/api/v1", description="Assessments of the whole estate")


@dataclass(frozen=True, slots=True)
class AssessmentPage:
    items: Sequence[AssessmentRow]
    limit: int
    truncated: bool
    next: str | None


@route(blueprint, "/assessments", "read", AssessmentPage)
@blueprint.arguments(PageQuestion, location="query")
def page(question: dict[str, Any]) -> Any:
    """Newest revision first."""
    stored = page_assessments(forestay().documents, question.get("after", ""), question["limit"] + 1)
    more = len(stored) > question["limit"]
    rows = stored[: question["limit"]]
    return AssessmentPage(rows, question["limit"], more, rows[-1].assessment if more else None)


@route(blueprint, "/assessments/<assessment>", "read", AssessmentRow)
def one(assessment: str) -> Any:
    """One assessment: what was counted, how long it took, what it rests on."""
    return get_assessment(forestay().documents, assessment)


@route(blueprint, "/assessments", "assess", runs.Job, method="POST", status=202)
@blueprint.arguments(AssessQuestion)
def make(question: dict[str, Any]) -> Any:
    """Assess a revision as a job; follow it at the address in `Location`."""
    job = runs.enqueue(forestay().documents, "assess", {"revision": question["revision"]}, g.caller.name)
    return reply(job, 202, {"Location": f"/api/v1/jobs/{job.job_id}"})
