"""Tests as evidence: load, failover, game day, recovery exercise; what they say of the redundancy groups; game days."""

from __future__ import annotations

from typing import Any

from flask import Response, g, request

from app.api.bodies import Blueprint
from app.api.common import forestay, reply, route
from app.api.schemas.questions import (
    ExperimentsQuestion,
    GameDayQuestion,
    GroupsTestedQuestion,
    PageQuestion,
    TestQuestion,
    TestsQuestion,
)
from app.domain.stability_answers import (
    GameDayPage,
    GameDayRow,
    GroupsTested,
    NextExperiments,
    TestPage,
    TestRow,
    TestsAdded,
)
from app.usecases.answers import stability_tests as answers
from app.usecases.answers.group_evidence import groups_tested
from app.usecases.keep.game_days import GAME_DAYS
from app.usecases.stability_tests.add import SaidOfTest, add_tests, take_back
from app.usecases.stability_tests.game_days import PlanDay, calendar_of, cancel_day, next_experiments, plan_day, sheet_of

blueprint = Blueprint("tests", __name__, url_prefix="/api/v1", description="Tests as evidence, and game days")
BODY = {"required": False, "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}


@route(blueprint, "/tests", "read", TestPage, sensitive=True)
@blueprint.arguments(TestsQuestion, location="query")
def page(question: dict[str, Any]) -> Any:
    """Tests that are kept, the newest first."""
    return answers.page_of_tests(forestay(), question["limit"], question.get("after"), question["kind"], question["group"])


@route(blueprint, "/tests", "report", TestsAdded, method="POST", status=201, long=True, called="tests_add")
@blueprint.doc(requestBody=BODY)
@blueprint.arguments(TestQuestion, location="query")
def add(question: dict[str, Any]) -> Any:
    """Keep the tests of a file of results (raw body): k6, Locust, JMeter, Gatling, Chaos Toolkit, Litmus, or a CSV of our own.
    With an empty body: a failover or game day that a person reports."""
    said = SaidOfTest(**{name: value for name, value in question.items() if name != "filename"})
    body = request.get_data() or None
    found = add_tests(forestay(), said, question["filename"], body, g.caller.name, f"api:{g.caller.name}")
    return reply(answers.added(found), 201)


@route(blueprint, "/tests/<test>", "read", TestRow, sensitive=True)
def one(test: str) -> Any:
    """One test."""
    return answers.one_test(forestay(), test)


@route(blueprint, "/tests/<test>", "report", TestRow, method="DELETE", long=True, called="tests_take_back")
def drop(test: str) -> Any:
    """Take a test back: from the next revision on it is evidence no longer; earlier revisions know it still."""
    return answers.shown_test(take_back(forestay(), test, g.caller.name))


@route(blueprint, "/redundancy", "read", GroupsTested, sensitive=True, long=True, called="redundancy_list")
@blueprint.arguments(GroupsTestedQuestion, location="query")
def groups(question: dict[str, Any]) -> Any:
    """Redundancy groups that can lose a member, with what tests say of them and what hangs on them, the most at stake first."""
    return groups_tested(forestay(), question["limit"], question.get("after"), question["state"])


@route(blueprint, "/experiments", "read", NextExperiments, sensitive=True, long=True, called="experiments_list")
@blueprint.arguments(ExperimentsQuestion, location="query")
def experiments(question: dict[str, Any]) -> Any:
    """The experiments that bring most per hour, the best first."""
    return next_experiments(forestay(), question["limit"])


@route(blueprint, "/game-days", "read", GameDayPage, sensitive=True, called="game_days_list")
@blueprint.arguments(PageQuestion, location="query")
def days(question: dict[str, Any]) -> Any:
    """Game days, the latest first."""
    return answers.day_page(forestay(), question["limit"], question.get("after"))


@route(blueprint, "/game-days", "report", GameDayRow, method="POST", status=201, long=True, called="game_days_plan")
@blueprint.arguments(GameDayQuestion)
def plan(question: dict[str, Any]) -> Any:
    """Plan a failover test of a group. With `dry_run` the sheet is shown and nothing is kept."""
    service = forestay()
    asked = PlanDay(question["group"], question["start_at"], question["hours"], question["people"])
    if question["dry_run"]:
        return answers.day_row(service, sheet_of(service, asked.group))
    return reply(answers.day_row(service, plan_day(service, asked, g.caller.name)), 201)


@route(blueprint, "/game-days/<day>", "read", GameDayRow, sensitive=True, called="game_days_get")
def one_day(day: str) -> Any:
    """One game day with its sheet and its results."""
    return answers.one_day(forestay(), day)


@route(blueprint, "/game-days/<day>", "report", GameDayRow, method="DELETE", called="game_days_cancel")
def cancel(day: str) -> Any:
    """Cancel a game day that has no result."""
    service = forestay()
    return answers.day_row(service, cancel_day(service, day, g.caller.name))


@route(blueprint, "/game-days/<day>/calendar", "read", GameDayRow, files=["text/calendar"], called="game_days_calendar")
def entry(day: str) -> Any:
    """A game day as an entry for calendars (iCalendar)."""
    service = forestay()
    body = calendar_of(service, GAME_DAYS.get(service.documents, day))
    headers = {"Content-Disposition": f'attachment; filename="{day}.ics"'}
    return Response(body, mimetype="text/calendar", headers=headers)
