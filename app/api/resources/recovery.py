"""Recovery: when services are back, against what they must be back by."""

from __future__ import annotations

from typing import Any

from app.api.bodies import Blueprint
from app.api.common import answered, route
from app.api.schemas.questions import Paged
from app.domain.recovery import RecoveryPage, ServiceRecovery
from app.usecases.answers.recovery import recovery_page, service_recovery

blueprint = Blueprint("recovery", __name__, url_prefix="/api/v1", description="When services are back")


@route(blueprint, "/recovery", "read", RecoveryPage, sensitive=True, in_scope=True)
@blueprint.arguments(Paged, location="query")
def page(question: dict[str, Any]) -> Any:
    """Services by the gap between RTO and recovery, the largest first: after the worst outage of one CI, and after an outage of
    all that they need."""
    return answered(
        question,
        lambda service, at: recovery_page(
            service, question["limit"], question.get("after"), at.revision, question.get("locations")
        ),
    )


@route(blueprint, "/services/<path:ci>/recovery", "read", ServiceRecovery, sensitive=True, in_scope=True)
@blueprint.arguments(Paged, location="query")
def one(question: dict[str, Any], ci: str) -> Any:
    """One service: the critical path of its recovery, and every CI whose single outage stops it, the longest first, against RTO
    and MTPD."""
    return answered(
        question,
        lambda service, at: service_recovery(
            service, ci, question["limit"], question.get("after"), at.revision, question.get("locations")
        ),
    )
