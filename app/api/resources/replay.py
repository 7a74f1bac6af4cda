"""Replay: what the model would have foretold of the incidents on record."""

from __future__ import annotations

from typing import Any

from app.api.bodies import Blueprint
from app.api.common import forestay, route
from app.api.schemas.questions import Paged
from app.domain.replay import Replay
from app.usecases.answers.replay import replay

blueprint = Blueprint("replay", __name__, url_prefix="/api/v1", description="The model against the incidents on record")


@route(blueprint, "/replay", "read", Replay, sensitive=True, long=True, in_scope=True, called="replay_get")
@blueprint.arguments(Paged, location="query")
def one(question: dict[str, Any]) -> Any:
    """Services predicted from the root causes of the incidents on record, against the services recorded: precision and recall in
    all, and each episode, the most wrong first."""
    return replay(forestay(), question["limit"], question.get("after"), question.get("revision"), question.get("as_of"))
