"""Priority that learns: what people made of the priorities that we suggested."""

from __future__ import annotations

from typing import Any

from app.api.bodies import Blueprint
from app.api.common import forestay, route
from app.api.schemas.questions import AgreementQuestion
from app.domain.agreement import Agreement
from app.usecases.tickets.agreement import agreement

blueprint = Blueprint("agreement", __name__, url_prefix="/api/v1", description="Priority that learns")


@route(blueprint, "/tickets/agreement", "read", Agreement, called="tickets_agreement")
@blueprint.arguments(AgreementQuestion, location="query")
def page(question: dict[str, Any]) -> Any:
    """Suggested against final priority of incidents that ended, what disagreement may have cost at most, and predicted against
    named services, by month."""
    return agreement(forestay(), question["months"])
