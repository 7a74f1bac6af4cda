"""Data quality: what the sources leave open, and what that does to the ranking."""

from __future__ import annotations

from typing import Any

from app.api.bodies import Blueprint
from app.api.common import forestay, route
from app.api.schemas.questions import QualityQuestion
from app.domain.quality import Quality
from app.usecases.answers.quality.report import quality

blueprint = Blueprint("quality", __name__, url_prefix="/api/v1", description="Data quality")


@route(blueprint, "/quality", "read", Quality, sensitive=True, long=True, called="quality_get")
@blueprint.arguments(QualityQuestion, location="query")
def page(question: dict[str, Any]) -> Any:
    """Sources, coverage by source and class, findings by what they weigh in the ranking, and redundancy that is only on paper."""
    service = forestay()
    return quality(service, question["limit"])
