"""Planned changes, freezes and demand peaks; calendars of them; what a change does and what it collides with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import g, request

from app.api.bodies import Blueprint
from app.api.common import forestay, reply, route
from app.api.conditions import condition, conditional
from app.api.schemas.questions import (
    CalendarQuestion,
    ChangeCheckQuestion,
    CollisionsQuestion,
    PageQuestion,
    PlannedQuestion,
)
from app.domain.change_answers import CalendarPage, CalendarRow, ChangeCheck, Collisions, PlannedPage, PlannedRow
from app.domain.errors import InvalidInput
from app.domain.planned import moment_of
from app.usecases.answers.change_check import ChangeQuestion, check_change
from app.usecases.answers.collisions import collisions_page
from app.usecases.answers.planned import calendar_page, calendar_row, planned_entry, planned_page
from app.usecases.keep import planned as keep
from app.usecases.plan_changes import import_calendar, plan_change

blueprint = Blueprint("changes", __name__, url_prefix="/api/v1", description="Planned changes and calendars")
BODY = {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}


@dataclass(frozen=True, slots=True)
class Removed:
    removed: str


@route(blueprint, "/changes", "read", PlannedPage, sensitive=True, long=True)
@blueprint.arguments(PageQuestion, location="query")
def page(question: dict[str, Any]) -> Any:
    """What is planned, by the next window, and what of the calendars could not be read."""
    return planned_page(forestay().documents, question["limit"], question.get("after"))


@route(blueprint, "/changes/collisions", "read", Collisions, sensitive=True, long=True, called="changes_collisions")
@blueprint.arguments(CollisionsQuestion, location="query")
def collide(question: dict[str, Any]) -> Any:
    """Changes that together take something down, with each other or with what is out now, and changes in freezes and peaks."""
    return collisions_page(forestay(), question["days"], question["limit"], question.get("after"))


@route(blueprint, "/changes/check", "read", ChangeCheck, method="POST", sensitive=True, long=True)
@blueprint.arguments(ChangeCheckQuestion)
def check(question: dict[str, Any]) -> Any:
    """Impact, risk, approval and collisions of a change that is kept (`change`) or asked about (`cis`, `start_at`, `end_at`), and
    better windows."""
    if bool(question["change"]) == bool(question["cis"] or question["start_at"] or question["end_at"]):
        raise InvalidInput("name a kept change, or CIs with start_at and end_at", field="change")
    start, end = 0, 0
    if not question["change"]:
        start, end = moment_of(question["start_at"], "start_at"), moment_of(question["end_at"], "end_at")
    return check_change(forestay(), ChangeQuestion(question["change"], question["cis"], start, end, question["propose"]))


@route(blueprint, "/changes/entries/<path:entry>", "read", PlannedRow, sensitive=True)
def one(entry: str) -> Any:
    """One entry, of a calendar or kept by itself."""
    documents = forestay().documents
    response = reply(planned_entry(documents, entry))
    if tag := keep.change_tag(keep.CHANGES.find(documents, entry)):
        response.set_etag(tag)
    return response


@route(blueprint, "/changes/entries/<path:entry>", "report", PlannedRow, method="PUT", called="changes_put")
@conditional
@blueprint.arguments(PlannedQuestion)
def put(question: dict[str, Any], entry: str) -> Any:
    """Plan a change, a freeze or a demand peak. It needs If-Match with the ETag of the last GET, or `*`, or If-None-Match: *."""
    return plan_change(forestay(), entry, question, g.caller.name, condition(needed=True))


@route(blueprint, "/changes/entries/<path:entry>", "report", Removed, method="DELETE", called="changes_delete")
def drop(entry: str) -> Any:
    """Forget a change that was kept by itself; one of a calendar goes with its calendar."""
    keep.drop_change(forestay().documents, entry, g.caller.name)
    return Removed(entry)


@route(blueprint, "/calendars", "read", CalendarPage, called="calendars_list")
def calendars() -> Any:
    """Calendars that were read, with what could not be read of them."""
    return calendar_page(forestay().documents)


@route(blueprint, "/calendars/<name>", "read", CalendarRow, called="calendars_get")
def calendar(name: str) -> Any:
    """One calendar."""
    found = keep.CALENDARS.get(forestay().documents, name)
    response = reply(calendar_row(found))
    response.set_etag(keep.calendar_tag(found))
    return response


@route(blueprint, "/calendars/<name>", "sync", CalendarRow, method="PUT", status=201, long=True, called="calendars_put")
@blueprint.doc(requestBody=BODY)
@conditional
@blueprint.arguments(CalendarQuestion, location="query")
def read(question: dict[str, Any], name: str) -> Any:
    """Read a calendar (raw body: csv, json or ics) in place of the one of this name. It needs If-Match with the ETag of the
    calendar, or `*`, or If-None-Match: *."""
    service, met = forestay(), condition(needed=True)
    met(keep.calendar_tag(keep.CALENDARS.find(service.documents, name)))
    body = request.get_data()
    return reply(import_calendar(service, name, question["format"], body, question["zone"], g.caller.name, met), 201)


@route(blueprint, "/calendars/<name>", "sync", Removed, method="DELETE", called="calendars_delete")
def remove(name: str) -> Any:
    """Forget a calendar with all of its entries."""
    keep.drop_calendar(forestay().documents, name, g.caller.name)
    return Removed(name)
