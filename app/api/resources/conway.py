"""Conway: loss and the borders between teams."""

from __future__ import annotations

from typing import Any

from app.api.bodies import Blueprint
from app.api.common import forestay, route
from app.api.schemas.questions import ConwayQuestion
from app.domain.conway import Conway
from app.usecases.answers.conway import conway

blueprint = Blueprint("conway", __name__, url_prefix="/api/v1", description="Loss and the borders between teams")


@route(blueprint, "/conway", "read", Conway, sensitive=True, long=True, called="conway_get")
@blueprint.arguments(ConwayQuestion, location="query")
def one(question: dict[str, Any]) -> Any:
    """The share of loss that crosses borders between teams, teams and hand-overs on its paths, and how that went over
    revisions."""
    return conway(forestay(), question["limit"], question["trend"], question.get("revision"), question.get("as_of"))
