"""The question of a ticket system: what does this CI hit, and how urgent is it?"""

from __future__ import annotations

from typing import Any

from flask import request

from app.api.bodies import Blueprint
from app.api.common import forestay, route
from app.api.schemas.questions import ImpactQuestion
from app.domain.results import Impact
from app.usecases.answers.impact import impact_of

blueprint = Blueprint("impact", __name__, url_prefix="/api/v1", description="Impact of a CI for ticket systems")


@route(blueprint, "/impact", "read", Impact, sensitive=True, in_scope=True)
@blueprint.arguments(ImpactQuestion, location="query")
def impact(question: dict[str, Any]) -> Any:
    """Services hit page by page, reason, suggested priority with the row of the table it comes from, link. 409 with candidates
    where several CIs answer."""
    service = forestay()
    base = service.settings.web.public_url or request.host_url.rstrip("/")
    return impact_of(
        service,
        question["id"],
        base,
        question.get("revision"),
        question.get("as_of"),
        question["limit"],
        question.get("after"),
    )
