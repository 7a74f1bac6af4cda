"""Measures tried in the model, improvements, and accepted risks."""

from __future__ import annotations

from typing import Any

from flask import g

from app.api.bodies import Blueprint
from app.api.common import forestay, reply, route
from app.api.schemas.improvements import (
    AcceptQuestion,
    BestMeasuresQuestion,
    ImprovementQuestion,
    ImprovementsQuestion,
    MeasuresQuestion,
    RowsQuestion,
    TakeStepQuestion,
)
from app.domain.improvements import AcceptancePage, AcceptanceRow, Improvement, ImprovementPage
from app.domain.measures import BestMeasures, Measure, MeasuresTried, SuggestedMeasures
from app.usecases.improvements import accept as risks
from app.usecases.improvements.decide import best_measures, suggested_measures, try_measures
from app.usecases.improvements.plan import (
    PlannedImprovement,
    improvement_page,
    one_improvement,
    plan_improvement,
    take_step,
)

blueprint = Blueprint("improvements", __name__, url_prefix="/api/v1", description="Decisions, improvements, accepted risks")


@route(blueprint, "/measures/effect", "simulate", MeasuresTried, method="POST", long=True, called="measures_try")
@blueprint.arguments(MeasuresQuestion)
def tried(question: dict[str, Any]) -> Any:
    """What measures do together: expected loss before and after, with its range. Nothing is kept."""
    return try_measures(forestay(), [Measure(**one) for one in question["measures"]])


@route(blueprint, "/measures/best", "simulate", BestMeasures, method="POST", long=True, called="measures_best")
@blueprint.arguments(BestMeasuresQuestion)
def best(question: dict[str, Any]) -> Any:
    """The measures that take most loss away within a budget, valued together, with a proven bound on what any could. Each says
    its cost."""
    measures = [Measure(**one) for one in question["measures"]]
    return best_measures(forestay(), measures, question["budget"], None, question["seconds"])


@route(blueprint, "/measures/suggested", "read", SuggestedMeasures, sensitive=True, long=True, called="measures_suggest")
@blueprint.arguments(RowsQuestion, location="query")
def suggested(question: dict[str, Any]) -> Any:
    """Measures for the worst problem areas: a twin for what is a single point, a switch that works by itself, a restore in half
    the time. What they cost is for people to say."""
    return suggested_measures(forestay(), question["limit"])


@route(blueprint, "/improvements", "read", ImprovementPage, sensitive=True, long=True)
@blueprint.arguments(ImprovementsQuestion, location="query")
def page(question: dict[str, Any]) -> Any:
    """Improvements, the latest first."""
    return improvement_page(forestay(), question["limit"], question.get("after"), question["state"])


@route(blueprint, "/improvements", "edit", Improvement, method="POST", status=201, long=True, called="improvements_plan")
@blueprint.arguments(ImprovementQuestion)
def plan(question: dict[str, Any]) -> Any:
    """Plan an improvement: its measures, and what the model predicts that they do."""
    measures = [Measure(**one) for one in question.pop("measures")]
    return reply(plan_improvement(forestay(), PlannedImprovement(measures=measures, **question), g.caller.name), 201)


@route(blueprint, "/improvements/<improvement>", "read", Improvement, sensitive=True, long=True)
def one(improvement: str) -> Any:
    """One improvement; once it is done, with what the outages since show."""
    return one_improvement(forestay(), improvement)


@route(blueprint, "/improvements/<improvement>/steps", "edit", Improvement, method="POST", long=True, called="improvements_step")
@blueprint.arguments(TakeStepQuestion)
def step(question: dict[str, Any], improvement: str) -> Any:
    """Take an improvement one step on: start, done, then standardise or correct; or drop."""
    return take_step(forestay(), improvement, question["step"], g.caller.name, question["at"], question["note"])


@route(blueprint, "/acceptances", "read", AcceptancePage, sensitive=True, long=True, called="acceptances_list")
@blueprint.arguments(RowsQuestion, location="query")
def acceptances(question: dict[str, Any]) -> Any:
    """Accepted risks, those first that are raised again: their time is over, or their loss has grown."""
    return risks.acceptance_page(forestay(), question["limit"])


@route(blueprint, "/acceptances", "edit", AcceptanceRow, method="POST", status=201, long=True, called="acceptances_accept")
@blueprint.arguments(AcceptQuestion)
def accept(question: dict[str, Any]) -> Any:
    """Accept the loss of a CI for a time, with a reason."""
    asked = question["ci"], question["reason"], question["expires_on"], question["grows"]
    return reply(risks.accept(forestay(), *asked, g.caller.name), 201)


@route(blueprint, "/acceptances/<acceptance>", "edit", AcceptanceRow, method="DELETE", long=True, called="acceptances_end")
def end(acceptance: str) -> Any:
    """Take an acceptance back."""
    return risks.end_acceptance(forestay(), acceptance, g.caller.name)
