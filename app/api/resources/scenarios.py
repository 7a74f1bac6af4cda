"""What-if over time: questions about a scenario, and scenarios that are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import g

from app.api.bodies import Blueprint
from app.api.common import forestay, reply, route
from app.api.conditions import condition, conditional
from app.api.schemas.questions import PageQuestion, WhatIfQuestion
from app.api.schemas.scenarios import CopyQuestion, RunQuestion, TimelineQuestion, VersionQuestion, WriteScenarioQuestion
from app.domain.errors import InvalidInput
from app.domain.scenario_text import parse_scenario
from app.domain.timeline import TimelineAnswer
from app.domain.what_if import WhatIfAnswer
from app.usecases.scenarios import keep
from app.usecases.scenarios.document import Scenario, scenario_of, schema
from app.usecases.scenarios.keep import Exercise, ScenarioRow, StoredScenario, Written
from app.usecases.scenarios.play import Page, play
from app.usecases.scenarios.what_if import OUT, Question, ask_what_if, outage_document, scenario_named

blueprint = Blueprint("scenarios", __name__, url_prefix="/api/v1", description="What-if over time, and stored scenarios")


@dataclass(frozen=True, slots=True)
class ScenarioPage:
    items: Sequence[ScenarioRow]
    limit: int
    truncated: bool
    next: str | None


@dataclass(frozen=True, slots=True)
class ExercisePage:
    """Exercises, the newest first."""

    items: Sequence[Exercise]
    limit: int
    truncated: bool
    next: str | None


@dataclass(frozen=True, slots=True)
class ScenarioSchema:
    """The JSON schema (2020-12) of a scenario."""

    json_schema: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class VersionPage:
    """All versions of a scenario, the newest first."""

    items: Sequence[StoredScenario]


def _document(question: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the document that a question gives, as it is or as text."""
    if ("scenario" in question) == ("text" in question):
        raise InvalidInput("give a scenario as document (`scenario`) or as text (`text`)", field="scenario")
    document: Mapping[str, Any] = question["scenario"] if "scenario" in question else parse_scenario(question["text"])
    return document


def _scenario(document: Mapping[str, Any]) -> Scenario:
    return scenario_of(document, forestay().settings.limits)


def _other(question: Mapping[str, Any]) -> Scenario | None:
    """Returns the scenario to compare with, where the question names one."""
    if "compare" in question and "compare_with" in question:
        raise InvalidInput("compare with a document (`compare`) or with a stored scenario (`compare_with`)", field="compare")
    if "compare_with" in question:
        return _scenario(keep.get_scenario(forestay().documents, question["compare_with"]).scenario)
    return _scenario(question["compare"]) if question.get("compare") else None


def _play(question: Mapping[str, Any], scenario: Scenario) -> TimelineAnswer:
    page = Page(question["limit"], question.get("after"))
    return play(forestay(), scenario, page, _other(question), question.get("revision"), question.get("as_of"))


@route(blueprint, "/timelines", "simulate", TimelineAnswer, method="POST", long=True, called="timelines_create")
@blueprint.arguments(TimelineQuestion)
def ask(question: dict[str, Any]) -> Any:
    """Play a scenario over time: states of every service, customers and money, RTO and MTPD breaches, order of recovery,
    redundancy used up, whom to call, and the difference to another scenario. Nothing is kept."""
    return reply(_play(question, _scenario(_document(question))))


@route(blueprint, "/what-if", "simulate", WhatIfAnswer, long=True)
@blueprint.arguments(WhatIfQuestion, location="query")
def what_if(question: dict[str, Any]) -> Any:
    """Several things that are out at once: services now, after 1 h, 4 h and 24 h, cost over time, what only the combination
    breaks, and all that a timeline answers. Nothing is kept."""
    service, out = forestay(), {kind: question[kind] for kind in OUT if question.get(kind)}
    limits, hours = service.settings.limits, question.get("hours")
    if bool(out) == ("scenario" in question):
        raise InvalidInput("name what is out, or a `scenario`", field="scenario")
    scenario = _scenario(outage_document(out, hours)) if out else scenario_named(service.documents, question["scenario"], limits)
    beside = scenario_named(service.documents, question["with"], limits) if "with" in question else None
    page = Page(question["limit"], question.get("after"))
    return reply(ask_what_if(service, Question(scenario, beside, page, question.get("revision"), question.get("as_of"))))


@route(blueprint, "/scenarios", "read", ScenarioPage)
@blueprint.arguments(PageQuestion, location="query")
def page(question: dict[str, Any]) -> Any:
    """Stored scenarios by name, each with its latest exercise."""
    limit = question["limit"]
    rows = keep.page_scenarios(forestay().documents, question.get("after", ""), limit + 1)
    more = len(rows) > limit
    return ScenarioPage(rows[:limit], limit, more, rows[limit - 1].name if more else None)


@route(blueprint, "/scenario-schema", "read", ScenarioSchema, called="scenarios_schema")
def scenario_schema() -> Any:
    """The JSON schema of a scenario."""
    return ScenarioSchema(schema())


@route(blueprint, "/exercises", "read", ExercisePage, called="exercises_list")
@blueprint.arguments(PageQuestion, location="query")
def exercises(question: dict[str, Any]) -> Any:
    """When stored scenarios were played, by whom and with what outcome, the newest first."""
    limit = question["limit"]
    rows = keep.page_exercises(forestay().documents, question.get("after", ""), limit + 1)
    more = len(rows) > limit
    return ExercisePage([row.value for row in rows[:limit]], limit, more, rows[limit - 1].key if more else None)


@route(blueprint, "/scenarios/<scenario>", "read", StoredScenario)
@blueprint.arguments(VersionQuestion, location="query")
def one(question: dict[str, Any], scenario: str) -> Any:
    """A stored scenario, or an earlier version of it. Its ETag goes into If-Match of PUT and DELETE."""
    stored = keep.get_scenario(forestay().documents, scenario, question.get("version"))
    answer = reply(stored)
    answer.set_etag(keep.scenario_tag(stored))
    return answer


@route(blueprint, "/scenarios/<scenario>/versions", "read", VersionPage)
def versions(scenario: str) -> Any:
    """All versions of a scenario, the newest first; also of one that was removed."""
    return VersionPage(keep.list_versions(forestay().documents, scenario))


@route(blueprint, "/scenarios/<scenario>", "edit", StoredScenario, method="PUT", called="scenarios_put")
@conditional
@blueprint.arguments(WriteScenarioQuestion)
def write(question: dict[str, Any], scenario: str) -> Any:
    """Write the next version of a scenario: If-Match with the ETag of `GET` (428 without, 412 when it was changed since), or
    If-None-Match: * where there is none yet."""
    service = forestay()
    written = Written(_document(question), question["note"])
    stored = keep.write_scenario(
        service.documents, scenario, written, g.caller.name, service.settings.limits, condition(needed=True)
    )
    answer = reply(stored)
    answer.set_etag(keep.scenario_tag(stored))
    return answer


@route(blueprint, "/scenarios/<scenario>", "edit", StoredScenario, method="DELETE", called="scenarios_delete")
@conditional
def remove(scenario: str) -> Any:
    """Take a scenario off the list; its versions and exercises stay. If-Match makes sure of what is removed."""
    return keep.remove_scenario(forestay().documents, scenario, g.caller.name, condition(needed=False))


@route(blueprint, "/scenarios/<scenario>/copy", "edit", StoredScenario, method="POST", status=201)
@blueprint.arguments(CopyQuestion)
def copy(question: dict[str, Any], scenario: str) -> Any:
    """Copy a scenario, or a version of it, to a new name."""
    stored = keep.copy_scenario(forestay().documents, scenario, question["to"], g.caller.name, question.get("version"))
    return reply(stored, 201, {"Location": f"/api/v1/scenarios/{stored.name}"})


@route(blueprint, "/scenarios/<scenario>/run", "simulate", TimelineAnswer, method="POST", long=True)
@blueprint.arguments(RunQuestion)
def run(question: dict[str, Any], scenario: str) -> Any:
    """Play a stored scenario; it is noted as an exercise, with its outcome."""
    service = forestay()
    stored = keep.get_scenario(service.documents, scenario, question.get("version"))
    if "after" in question:  # a further page of an answer is no further exercise
        return reply(_play(question, _scenario(stored.scenario)))
    limits = service.settings.limits
    return reply(keep.exercise(service.documents, stored, g.caller.name, lambda asked: _play(question, asked), limits))
