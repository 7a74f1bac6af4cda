"""Ranked problem areas and their explanation."""

from __future__ import annotations

from typing import Any

from app.api.auth import caller
from app.api.bodies import Blueprint
from app.api.common import answered, route
from app.api.schemas.questions import AreaQuestion, AreasQuestion, LossQuestion
from app.domain.loss import LossPicture
from app.domain.results import AreaDetail, AreaPage
from app.usecases.answers.area_additions import newest_study_at
from app.usecases.answers.area_detail import area_detail
from app.usecases.answers.area_order import AreasAsked
from app.usecases.answers.loss import loss_picture
from app.usecases.answers.ranking import area_page

ASKED = ("name", "team", "site", "ci_class", "origin", "sort", "since")
blueprint = Blueprint("areas", __name__, url_prefix="/api/v1", description="Ranked problem areas")


@route(blueprint, "/areas", "read", AreaPage, sensitive=True, in_scope=True)
@blueprint.arguments(AreasQuestion, location="query")
def page(question: dict[str, Any]) -> Any:
    """Problem areas of a kind that fit the filters, worst first or sorted, each with its share of the total and the reason in one
    sentence; its range and redundancy part where there is a study, its worst recovery gap, the difference to an earlier one."""
    asked = AreasAsked(**{name: question[name] for name in ASKED if name in question})
    return answered(
        question,
        lambda service, at: area_page(
            service,
            question["kind"],
            question["limit"],
            question.get("after"),
            at.revision,
            question.get("locations"),
            asked,
        ),
        lambda service, at: "" if caller().scope else newest_study_at(service.documents, at.revision),
    )


@route(blueprint, "/area", "read", AreaDetail, sensitive=True, in_scope=True)
@blueprint.arguments(AreaQuestion, location="query")
def one(question: dict[str, Any]) -> Any:
    """One area explained: contributions page by page, services with the path, inputs with their origin, assumptions, age of the
    data."""
    return answered(
        question,
        lambda service, at: area_detail(
            service,
            question["kind"],
            question["name"],
            at.revision,
            question.get("locations"),
            question["limit"],
            question.get("after"),
        ),
    )


@route(blueprint, "/loss", "read", LossPicture, sensitive=True, in_scope=True)
@blueprint.arguments(LossQuestion, location="query")
def loss(question: dict[str, Any]) -> Any:
    """The loss by single failures as a picture: CIs by how often they fail and what a failure costs, and who carries it."""
    asked = (question["often"], question["much"]) if "often" in question and "much" in question else None
    return answered(question, lambda service, at: loss_picture(service, at.revision, asked))
