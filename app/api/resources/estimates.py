"""Estimates: the statistics behind measured values, for anybody to check."""

from __future__ import annotations

from typing import Any

from app.api.bodies import Blueprint
from app.api.common import route
from app.api.schemas.questions import RateQuestion
from app.usecases.answers.estimates import RatePosterior, rate_posterior

blueprint = Blueprint("estimates", __name__, url_prefix="/api/v1", description="Statistics behind measured values")


@route(blueprint, "/estimates/failure-rate", "read", RatePosterior)
@blueprint.arguments(RateQuestion, location="query")
def failure_rate(question: dict[str, Any]) -> Any:
    """The posterior of a failure rate after so many incidents in so many years of service."""
    return rate_posterior(**question)
