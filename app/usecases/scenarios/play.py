"""Plays a scenario over time and answers with all that follows from it (model 1.10)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, cast

import numpy as np

from app.domain.errors import InvalidInput
from app.domain.timeline import TimelineAnswer
from app.risk.intake.compile import compile_graph
from app.risk.jit.clock import deadline, look
from app.risk.timeline.demand import Demand
from app.risk.timeline.losses import losses_over_time
from app.risk.timeline.question import Act, Block, Degrade, Fail, Question, Restore, Step
from app.risk.timeline.timeline import timeline
from app.usecases import paging
from app.usecases.estate import Estate
from app.usecases.scenarios.answer import answer_of
from app.usecases.scenarios.document import Scenario, ScenarioStep
from app.usecases.scenarios.groups import group_number, with_member, without_member
from app.usecases.scenarios.played import Played
from app.usecases.scenarios.select import Selection
from app.usecases.tools import Tools

MONEY_MOMENTS = 2_000  # instants for which the money lost so far is asked


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of every list are wanted."""

    limit: int = paging.DEFAULT_LIMIT
    after: str | None = None


def play(
    tools: Tools, scenario: Scenario, page: Page = Page(), other: Scenario | None = None, revision: int | None = None,
    as_of: datetime | None = None, limited: bool = True,
) -> TimelineAnswer:  # fmt: skip
    """Answers a scenario at a revision, and what another one would change; every list from the page on. `limited`: what the
    settings allow binds. NotFound names a selector that matches nothing, InvalidInput the limit, OutOfTime the setting of the
    time that is over."""
    with deadline(time.monotonic() + tools.settings.limits.scenario_seconds, "limits.scenario_seconds"):
        played, beside, offset = played_with(tools, scenario, page, other, revision, as_of, limited)
        return answer_of(tools, played, beside, page.limit, offset)


def played_with(
    tools: Tools, scenario: Scenario, page: Page, other: Scenario | None, revision: int | None, as_of: datetime | None,
    limited: bool,
) -> tuple[Played, Played | None, int]:  # fmt: skip
    """Plays a scenario and the one it is compared with, at the revision of the page; returns the first row of its lists too."""
    offset = 0
    if page.after is not None:
        cursor = paging.decode(page.after, "revision", "offset")
        if revision is not None and revision != cursor["revision"]:
            raise InvalidInput("after: a cursor of another revision", field="after")
        revision, offset, as_of = cursor["revision"], cursor["offset"], None
    estate = tools.estates.at(revision, as_of)
    played = play_at(tools, estate, scenario, limited)
    return played, play_at(tools, estate, other, limited) if other is not None else None, offset


def play_at(tools: Tools, estate: Estate, scenario: Scenario, limited: bool) -> Played:
    """Resolves the selectors of a scenario and plays it."""
    most = tools.settings.limits.scenario_cis if limited else None
    selection = Selection(tools.store, estate, scenario.nothing == "warning", most)
    selection.prepare(scenario)
    rule = cast(Literal["product", "worst"], scenario.rule or tools.settings.model.rule)
    ordered = sorted(enumerate(scenario.steps), key=lambda item: item[1].at_hours)
    steps, resolved, graph, compiled = [], [], estate.graph, estate.compiled
    for place, step in ordered:
        look()
        positions = selection.positions(step.select, place + 1)
        resolved.append((step, positions))
        here = positions
        changed = None
        acts: list[Act] = []
        if step.do in ("add", "remove"):
            row = group_number(graph.groups, step.group or "")
            ids = estate.compiled.ci_id[positions]
            if step.do == "add":
                graph, enough = with_member(graph, row, ids), True
            else:
                graph, enough = without_member(graph, row, ids)
            if enough:
                changed = compiled = compile_graph(graph)
            else:  # too few members are left: what needs the group is out from here on
                dependent = compiled.position_of(int(graph.groups.dependent_id[row]))
                acts.append(Fail(np.asarray([dependent], np.int32)))
        else:
            if compiled is not estate.compiled:
                ids = estate.compiled.ci_id[positions]
                here = compiled.sorted_position[np.searchsorted(compiled.sorted_ci_id, ids)]
            acts.append(_act(step, here))
        steps.append(Step(step.at_hours, acts, changed))
    played = timeline(
        estate.compiled, Question(_one_graph_an_hour(steps), scenario.restarts, scenario.until_hours, rule), estate.workspace()
    )
    moments = played.outcomes[played.likeliest].every_moment().at_hours[:MONEY_MOMENTS]
    losses = losses_over_time(estate.compiled, played, moments, demand_of(scenario))
    return Played(estate, scenario, rule, resolved, played, losses, selection.warnings)


def demand_of(scenario: Scenario) -> Demand | None:
    """Returns by what customers and money of a scenario are weighed; None: by nothing."""
    profile = scenario.demand
    return Demand(scenario.start_at, profile.week, profile.months) if profile and scenario.start_at else None


def _one_graph_an_hour(steps: Sequence[Step]) -> list[Step]:
    """Acts are in positions of the graph that holds after their hour's last change."""
    last = {step.at_hours: step.compiled for step in steps if step.compiled is not None}
    before = None
    out = []
    for step in steps:
        mine = step.compiled if step.compiled is not None else before
        wanted = last.get(step.at_hours, mine)
        if mine is not wanted and wanted is not None and step.acts:
            raise InvalidInput(
                "steps of one hour change groups first and do everything else after: put `add` and `remove` in front"
            )
        out.append(replace(step, compiled=last.get(step.at_hours)))
        before = mine
    return out


def _act(step: ScenarioStep, positions: Any) -> Act:
    if step.do == "fail":
        return Fail(positions, step.hours, step.hours is None and step.back == "modelled")
    if step.do == "degrade":
        if not step.share:
            return Fail(positions, step.hours)
        return Degrade(positions, step.share, step.hours)
    return Restore(positions) if step.do == "restore" else Block(positions)
