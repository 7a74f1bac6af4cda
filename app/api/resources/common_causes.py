"""Hidden common causes: the single things by which redundant groups hang."""

from __future__ import annotations

from typing import Any

from app.api.bodies import Blueprint
from app.api.common import forestay, route
from app.api.schemas.questions import CommonCausesQuestion
from app.domain.common_causes import CommonCauses
from app.usecases.answers.common_causes import common_causes

blueprint = Blueprint("common_causes", __name__, url_prefix="/api/v1", description="Hidden common causes")


@route(blueprint, "/common-causes", "read", CommonCauses, sensitive=True, long=True, called="common_causes_list")
@blueprint.arguments(CommonCausesQuestion, location="query")
def page(question: dict[str, Any]) -> Any:
    """By dependencies (exact), and by what sources say of members: rack, power, storage, DNS, identity provider, certificate,
    site, supplier, on-call team, software version."""
    return common_causes(
        forestay(), question["limit"], question.get("after"), question["kind"], question.get("revision"), question.get("as_of")
    )
