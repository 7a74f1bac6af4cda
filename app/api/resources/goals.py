"""Goals of services: availability, error rate, time to repair; what was measured; the page that everyone may read."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import g, request

from app.api.bodies import Blueprint
from app.api.common import base_url, forestay, reply, route, whole
from app.api.conditions import condition, conditional
from app.api.schemas.questions import GaugeQuestion, GoalsQuestion, OpenSloQuestion, SetGoalQuestion, SharedQuestion
from app.domain.goals import Goal, Terms
from app.domain.kpis import GaugePage, GaugeRow, GoalPage, ServiceGoals, SharedKpis, SharedOpening
from app.domain.slo import SloReport
from app.usecases.answers.goals import gauge_page, goal_page, one_gauge, opening_of, service_goals, shared_kpis
from app.usecases.goals.from_openslo import take_openslo
from app.usecases.goals.gauge import remove_gauge, set_gauge
from app.usecases.goals.set_goals import GoalSet, drop_goal, set_goal
from app.usecases.goals.share import share
from app.usecases.keep.readings import GAUGES, Gauge, gauge_tag
from app.usecases.keep.shared_page import shared_page, shared_tag

blueprint = Blueprint("goals", __name__, url_prefix="/api/v1", description="Goals and what was measured")
BODY = {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}


@dataclass(frozen=True, slots=True)
class GaugeRemoved:
    removed: str


@route(blueprint, "/goals", "read", GoalPage, long=True)
@blueprint.arguments(GoalsQuestion, location="query")
def page(question: dict[str, Any]) -> Any:
    """Services with their goals and what was measured of them, those that miss a goal first."""
    return goal_page(forestay(), question["limit"], question.get("after"))


@route(blueprint, "/services/<path:ci>/goals", "read", ServiceGoals)
def one(ci: str) -> Any:
    """Goals of a service against what incidents and Prometheus tell: availability, error budget and burn, times to repair, to
    detect and between failures, with sample sizes, ranges and the trend."""
    return service_goals(forestay(), ci)


@route(blueprint, "/services/<path:ci>/goals/<goal_kind>", "edit", GoalSet, method="PUT", called="goals_put")
@blueprint.arguments(SetGoalQuestion)
def put(question: dict[str, Any], ci: str, goal_kind: str) -> Any:
    """Set a goal of a service. The target of availability is that of the service's exposure in the ledger, where all answers read
    it."""
    terms = Terms(question["window"], question["zone"], question["maintenance_counts"])
    return set_goal(forestay(), ci, Goal(goal_kind, question["target"], terms, reason=question["reason"]), g.caller.name)


@route(blueprint, "/services/<path:ci>/goals/<goal_kind>", "edit", GoalSet, method="DELETE", called="goals_delete")
def drop(ci: str, goal_kind: str) -> Any:
    """Take a goal back that a person set."""
    return drop_goal(forestay(), ci, goal_kind, g.caller.name)


@route(blueprint, "/goals/openslo", "edit", SloReport, method="POST", called="goals_openslo")
@blueprint.doc(requestBody=BODY)
@blueprint.arguments(OpenSloQuestion, location="query")
def openslo(question: dict[str, Any]) -> Any:
    """Set the goals that an OpenSLO file states (raw body, YAML). What could not be read of it is listed."""
    return take_openslo(forestay(), question["filename"], request.get_data(), g.caller.name)


@route(blueprint, "/gauges", "read", GaugePage, called="gauges_list")
def gauges() -> Any:
    """How services are measured in Prometheus, and how their readings do."""
    return gauge_page(forestay())


@route(blueprint, "/services/<path:ci>/gauge", "read", GaugeRow, called="gauges_get")
def gauge(ci: str) -> Any:
    """How one service is measured in Prometheus."""
    service = forestay()
    found = one_gauge(service, ci)
    response = reply(found)
    response.set_etag(gauge_tag(GAUGES.find(service.documents, found.service)))
    return response


@route(blueprint, "/services/<path:ci>/gauge", "sync", GaugeRow, method="PUT", called="gauges_put")
@conditional
@blueprint.arguments(GaugeQuestion)
def measure(question: dict[str, Any], ci: str) -> Any:
    """Say how a service is measured in Prometheus. It needs If-Match with the ETag of the last GET, or `*`, or If-None-Match:
    *."""
    service = forestay()
    whole().check_place("prometheus", question["settings"].get("url", ""), question["settings"])
    set_gauge(service, ci, Gauge("", "", **question), g.caller.name, condition(needed=True))
    return one_gauge(service, ci)


@route(blueprint, "/services/<path:ci>/gauge", "sync", GaugeRemoved, method="DELETE", called="gauges_delete")
def forget(ci: str) -> Any:
    """No longer measure a service in Prometheus, and forget what was read."""
    return GaugeRemoved(remove_gauge(forestay(), ci, g.caller.name))


@route(blueprint, "/shared", "read", SharedKpis, called="shared_get")
@blueprint.alt_response(404, HTTPStatus.NOT_FOUND.name)
def shared() -> Any:
    """What an administrator has opened to everyone: KPIs of chosen services by their labels, right to the minute. 404 while it is
    closed. It needs no sign-in."""
    return shared_kpis(whole())


@route(blueprint, "/shared/opening", "admin", SharedOpening, called="shared_opening_get")
def opening() -> Any:
    """What of the shared page is open, and to which services."""
    found = shared_page(forestay().documents)
    response = reply(opening_of(found, base_url().rstrip("/")))
    if tag := shared_tag(found):
        response.set_etag(tag)
    return response


@route(blueprint, "/shared/opening", "admin", SharedOpening, method="PUT", called="shared_opening_put")
@blueprint.alt_response(404, HTTPStatus.NOT_FOUND.name)
@conditional
@blueprint.arguments(SharedQuestion)
def open_page(question: dict[str, Any]) -> Any:
    """Open the shared page to everyone, change or close it. It needs If-Match with the ETag of the last GET, or `*`, or
    If-None-Match: *."""
    rows = [(one["service"], one["label"]) for one in question["services"]]
    made = share(forestay(), question["open"], question["title"], rows, g.caller.name, condition(needed=True))
    return opening_of(made, base_url().rstrip("/"))
