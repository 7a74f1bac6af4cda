"""Suggestions: pairs of CIs that may be one; a person accepts or refuses."""

from __future__ import annotations

from typing import Any

from flask import g

from app.api.bodies import Blueprint
from app.api.common import forestay, reply, route
from app.api.schemas.questions import PageQuestion, ReasonQuestion
from app.usecases.decide import Decided
from app.usecases.keep import runs
from app.usecases.suggestions import make
from app.usecases.suggestions.make import SuggestionPage

blueprint = Blueprint("suggestions", __name__, url_prefix="/api/v1", description="Pairs of CIs that may be one")


@route(blueprint, "/suggestions", "read", SuggestionPage)
@blueprint.arguments(PageQuestion, location="query")
def page(question: dict[str, Any]) -> Any:
    """The best first, as last looked for; `run` says what was looked at."""
    return make.suggestion_page(forestay().documents, question["limit"], question.get("after", ""))


@route(blueprint, "/suggestions", "edit", runs.Job, method="POST", status=202, called="suggestions_create")
def look() -> Any:
    """Look for suggestions as a job; follow it at the address in `Location`."""
    job = runs.enqueue(forestay().documents, "suggest", {}, g.caller.name)
    return reply(job, 202, {"Location": f"/api/v1/jobs/{job.job_id}"})


@route(blueprint, "/suggestions/<suggestion>/accept", "edit", Decided, method="POST", status=201)
@blueprint.arguments(ReasonQuestion)
def accept(question: dict[str, Any], suggestion: str) -> Any:
    """The two are one CI: they merge, as by `/decisions/merge`."""
    return make.accept(forestay(), suggestion, g.caller.name, question["reason"])


@route(blueprint, "/suggestions/<suggestion>/refuse", "edit", Decided, method="POST", status=201)
@blueprint.arguments(ReasonQuestion)
def refuse(question: dict[str, Any], suggestion: str) -> Any:
    """The two are not one CI: no sync merges them, and they are never suggested again."""
    return make.refuse(forestay(), suggestion, g.caller.name, question["reason"])
