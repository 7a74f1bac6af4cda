"""Studies: the whole estate beyond the first order, made as a job and read page by page."""

from __future__ import annotations

from typing import Any

from flask import g

from app.api.bodies import Blueprint
from app.api.common import forestay, reply, route
from app.api.schemas.questions import PageQuestion, StudyAreasQuestion, StudyQuestion
from app.domain.study import AskFirstPage, StudyAreaPage, StudyBorders, StudyExceedance, StudyPage, StudyRow, StudyServicePage
from app.usecases.keep import runs
from app.usecases.studies.exceedance import study_exceedance
from app.usecases.studies.read import ask_first, get_study, page_studies, study_areas, study_borders, study_services

blueprint = Blueprint("studies", __name__, url_prefix="/api/v1", description="Studies of the whole estate beyond the first order")


@route(blueprint, "/studies", "read", StudyPage)
@blueprint.arguments(PageQuestion, location="query")
def page(question: dict[str, Any]) -> Any:
    """Newest first."""
    return page_studies(forestay().documents, question.get("after", ""), question["limit"])


@route(blueprint, "/studies", "assess", runs.Job, method="POST", status=202)
@blueprint.arguments(StudyQuestion)
def make(question: dict[str, Any]) -> Any:
    """Make a study as a job; follow it at the address in `Location`. The same options give the same numbers."""
    job = runs.enqueue(forestay().documents, "study", question, g.caller.name)
    return reply(job, 202, {"Location": f"/api/v1/jobs/{job.job_id}"})


@route(blueprint, "/studies/<study>", "read", StudyRow, sensitive=True)
def one(study: str) -> Any:
    """What was computed, under which options, how long it took, and the sums of both parts."""
    return get_study(forestay().documents, study)


@route(blueprint, "/studies/<study>/areas", "read", StudyAreaPage, sensitive=True)
@blueprint.arguments(StudyAreasQuestion, location="query")
def areas(question: dict[str, Any], study: str) -> Any:
    """Problem areas by both parts together, with interval, P(among the worst), and which cannot be told apart."""
    service = forestay()
    return study_areas(service, study, question["kind"], question["limit"], question.get("after"))


@route(blueprint, "/studies/<study>/ask-first", "read", AskFirstPage, sensitive=True)
@blueprint.arguments(PageQuestion, location="query")
def ask(question: dict[str, Any], study: str) -> Any:
    """Inputs whose true value may change which CIs are the worst, those worth most first: a list to send to their teams."""
    return ask_first(forestay(), study, question["limit"], question.get("after"))


@route(blueprint, "/studies/<study>/services", "read", StudyServicePage, sensitive=True)
@blueprint.arguments(PageQuestion, location="query")
def services(question: dict[str, Any], study: str) -> Any:
    """Every service: unavailability exact or bounded, beside the sampled one; loss by parts; share of its error budget."""
    service = forestay()
    return study_services(service, study, question["limit"], question.get("after"))


@route(blueprint, "/studies/<study>/borders", "read", StudyBorders, sensitive=True)
def borders(study: str) -> Any:
    """What share of the loss runs over dependencies between teams, and over which."""
    service = forestay()
    return study_borders(service, study)


@route(blueprint, "/studies/<study>/exceedance", "read", StudyExceedance, sensitive=True, long=True)
def exceedance(study: str) -> Any:
    """How likely a year is to lose more than so much, in one event and in all; for studies with simulated years."""
    service = forestay()
    return study_exceedance(service, study)
