"""Business services: loss suffered, single points of failure, and the exposure laid over them."""

from __future__ import annotations

from typing import Any

from flask import g

from app.api.bodies import Blueprint
from app.api.common import answered, forestay, route
from app.api.conditions import condition, conditional
from app.api.schemas.questions import ExposurePart, ExposureQuestion, Paged
from app.domain.records import ServiceRecord
from app.domain.results import ServiceDetail, ServicePage
from app.ports.graph_store import Revision
from app.usecases.answers.services import service_detail, service_page
from app.usecases.exposures import change_exposure, exposure_tag, lay_exposure, remove_exposure
from app.usecases.find import identify

blueprint = Blueprint("services", __name__, url_prefix="/api/v1", description="Business services")


@route(blueprint, "/services", "read", ServicePage, in_scope=True)
@blueprint.arguments(Paged, location="query")
def page(question: dict[str, Any]) -> Any:
    """Services, those that suffer most first."""
    return answered(
        question,
        lambda service, at: service_page(
            service,
            question["limit"],
            question.get("after"),
            at.revision,
            question.get("locations"),
        ),
    )


@route(blueprint, "/services/<path:ci>", "read", ServiceDetail, sensitive=True, in_scope=True)
@blueprint.arguments(Paged, location="query")
def one(question: dict[str, Any], ci: str) -> Any:
    """One service: exposure, loss, and its single points of failure page by page, worst first."""
    return answered(
        question,
        lambda service, at: service_detail(
            service,
            ci,
            question["limit"],
            question.get("after"),
            at.revision,
            question.get("locations"),
        ),
        own=lambda service, at: exposure_tag(service.store, at.revision, identify(service.store, at.revision, ci).ci_id),
    )


def _curves(question: dict[str, Any]) -> dict[str, Any]:
    """Returns the question's fields as a record holds them."""
    curves = question.get("impact")
    if curves is None:
        return question
    return {**question, "impact": {name: tuple((a, b) for a, b in curve) for name, curve in curves.items()}}


@route(blueprint, "/services/<path:ci>", "edit", Revision, method="PUT", called="services_put")
@conditional
@blueprint.arguments(ExposureQuestion)
def lay(question: dict[str, Any], ci: str) -> Any:
    """Lay an exposure over any CI (key or alias); it is a business service from then on. It replaces what people said of it
    before, so it needs If-Match with the ETag of `GET` (428 without, 412 when it was changed since), or If-None-Match: * where
    there is none yet."""
    service = forestay()
    record = ServiceRecord(ci=ci, **_curves(question))
    return lay_exposure(service, record, g.caller.name, condition(needed=True))


@route(blueprint, "/services/<path:ci>", "edit", Revision, method="PATCH")
@conditional
@blueprint.arguments(ExposurePart)
def change(question: dict[str, Any], ci: str) -> Any:
    """Change the fields that are named of what people said of a service; the others stay, null takes one back."""
    service = forestay()
    return change_exposure(service, ci, _curves(question), g.caller.name, condition(needed=False))


@route(blueprint, "/services/<path:ci>", "edit", Revision, method="DELETE", called="services_delete")
@conditional
def remove(ci: str) -> Any:
    """Take back what a person said of a service."""
    service = forestay()
    return remove_exposure(service, ci, g.caller.name, condition(needed=False))
