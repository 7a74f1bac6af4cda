"""Cold start: what could not be started again after a full stop."""

from __future__ import annotations

from typing import Any

from app.api.bodies import Blueprint
from app.api.common import forestay, route
from app.api.schemas.questions import Paged
from app.domain.recovery import StartOrderPage
from app.domain.results import ColdStartPage
from app.usecases.answers.cold_start import cold_start_page
from app.usecases.answers.start_order import start_order
from app.usecases.estate import resolve_revision

blueprint = Blueprint("cold_start", __name__, url_prefix="/api/v1", description="What could not be started from nothing")


@route(blueprint, "/cold-start", "read", ColdStartPage, sensitive=True, in_scope=True)
@blueprint.arguments(Paged, location="query")
def page(question: dict[str, Any]) -> Any:
    """Bootstrap traps: CIs that run and need each other to start, circle by circle, then all that waits for them."""
    service = forestay()
    at = resolve_revision(service.store, question.get("revision"), question.get("as_of"))
    return cold_start_page(service, question["limit"], question.get("after"), at.revision)


@route(blueprint, "/cold-start/order", "read", StartOrderPage, sensitive=True, in_scope=True)
@blueprint.arguments(Paged, location="query")
def order(question: dict[str, Any]) -> Any:
    """In which order the whole estate is started from nothing; what lies on or behind a circle of needs is named."""
    service = forestay()
    at = resolve_revision(service.store, question.get("revision"), question.get("as_of"))
    return start_order(service, question["limit"], question.get("after"), at.revision)
