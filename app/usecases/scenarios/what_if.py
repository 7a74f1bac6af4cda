"""What if: a scenario played, where it stands at a few hours, what it costs over time, and what only the combination breaks."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from app.domain.errors import InvalidInput
from app.domain.scenario_text import parse_scenario
from app.domain.strict_json import strict_json
from app.domain.timeline import TimelineAnswer
from app.domain.what_if import HOURS_ASKED, AtHour, OnlyTogether, OutagePart, Together, WhatIfAnswer
from app.ports.documents import Documents
from app.risk.jit.clock import deadline, look
from app.risk.outage.propagation import Outage, outage
from app.risk.timeline.losses import losses_over_time
from app.settings import LimitSettings
from app.usecases.scenarios import keep
from app.usecases.scenarios.answer import answer_of
from app.usecases.scenarios.document import Scenario, ScenarioStep, Selector, scenario_of
from app.usecases.scenarios.moments import told_of
from app.usecases.scenarios.play import Page, demand_of, played_with
from app.usecases.scenarios.played import Played
from app.usecases.scenarios.select import Selection
from app.usecases.tools import Tools

OUT = ("ci", "site", "team", "supplier", "rack", "class")  # kinds of what an address may say is out
CURVE_POINTS = 24
MOST_PARTS = 40
ROWS = 200


@dataclass(frozen=True, slots=True)
class Question:
    """A scenario, the one it is compared with, and which rows of its lists are wanted."""

    scenario: Scenario
    beside: Scenario | None = None
    page: Page = Page()
    revision: int | None = None
    as_of: datetime | None = None


def scenario_named(documents: Documents, text: str, limits: LimitSettings) -> Scenario:
    """Returns what a text means: a stored scenario by its name, a document as JSON, else the text form."""
    if text.startswith("{"):
        return scenario_of(strict_json(text.encode(), "scenario"), limits)
    document = keep.get_scenario(documents, text).scenario if keep.NAME.fullmatch(text) else parse_scenario(text)
    return scenario_of(document, limits)


def outage_document(out: Mapping[str, Sequence[str]], hours: float | None) -> dict[str, Any]:
    """Returns the scenario in which these fail at once, for hours or (None) until the recovery model has them back.

    >>> outage_document({"ci": ["db-1"], "site": ["zurich"]}, 4.0)["steps"][0]["select"]
    [{'ci': 'db-1'}, {'site': 'zurich'}]
    """
    select = [{kind: name} for kind in OUT for name in out.get(kind, ())]
    if not select:
        raise InvalidInput(f"name what is out: {', '.join(OUT)}", field="ci")
    return {"steps": [{"at_hours": 0, "do": "fail", "select": select} | ({} if hours is None else {"hours": hours})]}


def ask_what_if(tools: Tools, question: Question) -> WhatIfAnswer:
    """Answers a scenario. NotFound names a selector that matches nothing, OutOfTime the setting of the time that is over."""
    with deadline(time.monotonic() + tools.settings.limits.scenario_seconds, "limits.scenario_seconds"):
        played, beside, offset = played_with(
            tools, question.scenario, question.page, question.beside, question.revision, question.as_of, True
        )
        timeline = answer_of(tools, played, beside, question.page.limit, offset)
        hours, money = _money(played)
        together, note = _together(tools, played)
        return WhatIfAnswer(
            stamp=timeline.stamp,
            timeline=timeline,
            at=_at(played, timeline, hours, money),
            money_over_time=[] if money is None else [[float(h), float(m)] for h, m in zip(hours, money, strict=True)],
            together=together,
            together_note=note,
        )


def _money(played: Played) -> tuple[Any, Any]:
    """Hours from 0 to the end, those that are asked among them, and the money lost until each (None: unknown everywhere)."""
    end = played.timeline.end_hours
    asked = [hour for hour in HOURS_ASKED if hour < end]
    hours = np.unique([*np.linspace(0.0, end, CURVE_POINTS + 1), *asked])
    losses = losses_over_time(played.estate.compiled, played.timeline, hours, demand_of(played.scenario))
    known = [story.money_at for story in losses.stories if not math.isnan(story.money)]
    if not known and losses.stories:
        return losses.at_hours, None
    return losses.at_hours, np.sum(known, axis=0) if known else np.zeros(len(losses.at_hours))


def _at(played: Played, timeline: TimelineAnswer, hours: Any, money: Any) -> list[AtHour]:
    told, rows = told_of(played), []
    for hour in HOURS_ASKED:
        if not len(told) or (timeline.open_ended and hour > timeline.end_hours):
            break
        row = told.row(max(int(np.searchsorted(told.moments.at_hours, hour, side="right")) - 1, 0))
        lost = None if money is None else float(money[min(int(np.searchsorted(hours, hour)), len(hours) - 1)])
        rows.append(
            AtHour(
                hour, row.cis_down, row.services_down + row.services_recovering, row.services_interrupted, row.services_degraded,
                row.customers, lost,
            )
        )  # fmt: skip
    return rows


def _parts(steps: Sequence[ScenarioStep]) -> list[Selector]:
    """What fails, where all of it fails at one hour; else nothing."""
    at_once = all(step.do == "fail" and step.at_hours == steps[0].at_hours for step in steps)
    return [selector for step in steps for selector in step.select] if at_once else []


def _together(tools: Tools, played: Played) -> tuple[Together | None, str]:
    selectors = _parts(played.scenario.steps)
    if len(selectors) < 2:
        return None, ""
    if len(selectors) > MOST_PARTS:
        return None, f"what only the combination breaks is told for up to {MOST_PARTS} parts; these are {len(selectors):,}"
    estate, space = played.estate, played.estate.workspace()
    selection = Selection(tools.store, estate, True, None)
    selection.prepare(played.scenario)
    parts, alone = [], list[Outage]()
    for selector in selectors:
        look()
        positions = selection.positions([selector], 1)
        result = outage(estate.compiled, positions, space, played.rule)
        kind, name = selector.one() or ("", "")
        parts.append(OutagePart(kind, name, len(positions), len(result.services_down), len(result.services_degraded)))
        alone.append(result)
    whole = outage(estate.compiled, played.failed_themselves, space, played.rule)
    rows = _more_than_alone(played, whole, alone)
    taken = np.unique(np.concatenate([result.failed for result in alone]))
    return (
        Together(
            parts,
            rows[:ROWS],
            len(rows),
            sum(row.state == "down" for row in rows),
            len(np.setdiff1d(whole.failed, taken)),
        ),
        "",
    )


def _left(result: Outage) -> dict[int, float]:
    """By service number the share of its work that is left, where it is less than at rest."""
    left = dict.fromkeys(result.services_down.tolist(), 0.0)
    return left | dict(zip(result.services_degraded.tolist(), result.service_capability.tolist(), strict=True))


def _more_than_alone(played: Played, whole: Outage, alone: Sequence[Outage]) -> list[OnlyTogether]:
    """Services of which the outage of all takes more than the worst of the parts; those that stop first, then by what is lost."""
    estate, lefts, rows = played.estate, [_left(result) for result in alone], []
    for service, left in _left(whole).items():
        rest = float(estate.compiled.flat.rest_capability[int(estate.compiled.service_position[service])])
        least = min(one.get(service, rest) for one in lefts)
        if left < least - 1e-12:
            state = "down" if left <= 0.0 else "degraded"
            rows.append(
                OnlyTogether(estate.service_keys[service], estate.service_name(service), state, rest - left, rest - least)
            )
    return sorted(rows, key=lambda row: (row.state != "down", -(row.lost_share - row.worst_alone_share), row.key))
