"""The risk of one service: availability, importance, cut sets, loss by initiating CI, availability goal."""

from __future__ import annotations

from typing import Any

from app.api.bodies import Blueprint
from app.api.common import answered, route
from app.api.schemas.questions import AvailabilityQuestion, CutSetsQuestion, GoalQuestion, ImportanceQuestion, RiskPaged
from app.domain.service_risk import ServiceAvailability, ServiceCutSets, ServiceGoal, ServiceImportance, ServiceLossYear
from app.usecases.answers.service_risk.ask import RiskQuestion
from app.usecases.answers.service_risk.availability import service_availability
from app.usecases.answers.service_risk.cut_sets import service_cut_sets
from app.usecases.answers.service_risk.goal import service_goal
from app.usecases.answers.service_risk.importance import service_importance
from app.usecases.answers.service_risk.loss import service_loss

blueprint = Blueprint("service_risk", __name__, url_prefix="/api/v1", description="The risk of one service")


def _risk_question(question: dict[str, Any], ci: str, revision: int) -> RiskQuestion:
    budget = {name: question[name] for name in ("nodes", "seconds", "method", "seed", "years")}
    return RiskQuestion(ci, tuple(question["down"]), **budget, revision=revision, locations=question.get("locations"))


@route(
    blueprint,
    "/services/<path:ci>/availability",
    "read",
    ServiceAvailability,
    sensitive=True,
    long=True,
    in_scope=True,
    called="services_availability",
)
@blueprint.arguments(AvailabilityQuestion, location="query")
def availability(question: dict[str, Any], ci: str) -> Any:
    """How often it is down, how long, how much of it is missing; exact where the budget allows, else bounded or simulated, and it
    says which."""
    return answered(
        question,
        lambda service, at: service_availability(service, _risk_question(question, ci, at.revision), question["longer_than"]),
    )


@route(
    blueprint,
    "/services/<path:ci>/importance",
    "read",
    ServiceImportance,
    sensitive=True,
    long=True,
    in_scope=True,
    called="services_importance",
)
@blueprint.arguments(ImportanceQuestion, location="query")
def importance(question: dict[str, Any], ci: str) -> Any:
    """What each CI matters to it: Birnbaum, criticality, Fussell-Vesely, RAW, RRW, DIM, initiator share."""
    return answered(
        question,
        lambda service, at: service_importance(
            service,
            _risk_question(question, ci, at.revision),
            question["limit"],
            question.get("after"),
            question["by"],
        ),
    )


@route(
    blueprint,
    "/services/<path:ci>/cut-sets",
    "read",
    ServiceCutSets,
    sensitive=True,
    long=True,
    in_scope=True,
    called="services_cut_sets",
)
@blueprint.arguments(CutSetsQuestion, location="query")
def cut_sets(question: dict[str, Any], ci: str) -> Any:
    """Minimal cut sets: exact counts by order, the most probable ones, and what the list leaves out."""
    return answered(
        question,
        lambda service, at: service_cut_sets(service, _risk_question(question, ci, at.revision), question["limit"]),
    )


@route(
    blueprint,
    "/services/<path:ci>/loss",
    "read",
    ServiceLossYear,
    sensitive=True,
    long=True,
    in_scope=True,
    called="services_loss",
)
@blueprint.arguments(RiskPaged, location="query")
def loss(question: dict[str, Any], ci: str) -> Any:
    """What it loses a year by the CI that started it: first-order and redundancy part, apart and together."""
    return answered(
        question,
        lambda service, at: service_loss(
            service,
            _risk_question(question, ci, at.revision),
            question["limit"],
            question.get("after"),
        ),
    )


@route(
    blueprint, "/services/<path:ci>/goal", "read", ServiceGoal, sensitive=True, long=True, in_scope=True, called="services_goal"
)
@blueprint.arguments(GoalQuestion, location="query")
def goal(question: dict[str, Any], ci: str) -> Any:
    """Can it meet its availability goal, what binds it, and what eats its error budget."""
    return answered(
        question,
        lambda service, at: service_goal(
            service,
            _risk_question(question, ci, at.revision),
            question.get("target"),
            question["detect_minutes"],
            question["limit"],
        ),
    )
