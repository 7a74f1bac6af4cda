"""Simulate an outage: who is hit, what it costs over time, what is one failure away; each answer is kept as it was given."""

from __future__ import annotations

import math
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Literal, cast

from app.domain.errors import InvalidInput, NotFound
from app.domain.quantities import NORMAL_95
from app.domain.results import CiRow, OneAway, ServiceLoss, Simulation
from app.domain.scenario import OutageScenario
from app.domain.sentences import count, hours, hours_cost, if_it_fails, not_read_elsewhere, number
from app.ports.documents import Documents
from app.ports.graph_store import GraphStore
from app.ports.records import Kept, Records
from app.risk.outage.causes import causes, worn_groups
from app.risk.outage.one_away import OneAway as Away
from app.risk.outage.one_away import one_failure_away
from app.risk.outage.what_if import SAMPLES
from app.risk.timeline.losses import Story
from app.risk.timeline.one_outage import WhatIf, what_if
from app.usecases.answers.felt import felt_by
from app.usecases.answers.paths import Paths, down_customers, known, left_incomplete, used_up
from app.usecases.estate import Estate
from app.usecases.find import identify_all
from app.usecases.keep import audit
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

FORCED_SHOWN, GROUPS_SHOWN, AWAY_SHOWN = 500, 200, 200
DEFAULT_TIMES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 24.0, 72.0)


@dataclass(frozen=True, slots=True)
class KeptSimulation:
    """An answer as it was given, and to whom."""

    made_at: str
    caller: str
    answer: Simulation


SIMULATIONS = Records("simulation", KeptSimulation)


@dataclass(frozen=True, slots=True)
class SimulationRow:
    """One line of the list of simulations."""

    simulation: str
    made_at: str
    caller: str
    revision: int
    sentence: str
    money: float | None
    services_down: int


def simulate_outage(
    tools: Tools,
    scenario: OutageScenario,
    caller: str,
    revision: int | None = None,
    as_of: datetime | None = None,
    keep: bool = True,
) -> Simulation:
    """Answers the scenario at a revision and keeps the answer (`keep`). InvalidInput for an empty scenario, NotFound for names
    nobody has."""
    estate = tools.estates.at(revision, as_of)
    forced = _forced(tools.store, estate, scenario)
    duration, origin = _duration(estate, scenario, forced)
    times = scenario.at_hours or tuple(t for t in DEFAULT_TIMES if t < duration)
    rule = cast(Literal["product", "worst"], scenario.rule)
    effects = what_if(estate.compiled, forced, duration, times, rule, estate.workspace())
    answer = _answer(estate, tools.documents, scenario, _Outage(forced, duration, origin, effects))
    if not keep:
        return answer
    with tools.documents.together():
        kept = KeptSimulation(datetime.now(UTC).isoformat(), caller, answer)
        SIMULATIONS.put(tools.documents, answer.simulation, kept, expected=0)
        audit.record(tools.documents, caller, "simulation", answer.simulation, {"revision": answer.stamp.revision})
    return answer


def get_simulation(documents: Documents, simulation: str) -> Simulation:
    """Returns the answer as it was given; NotFound where there is none."""
    return SIMULATIONS.get(documents, simulation).answer


def page_simulations(documents: Documents, after: str, limit: int) -> list[SimulationRow]:
    """Returns a page of simulations, the newest first."""
    return [_row(kept) for kept in SIMULATIONS.page(documents, after, limit, newest_first=True)]


def _row(kept: Kept[KeptSimulation]) -> SimulationRow:
    value, answer = kept.value, kept.value.answer
    return SimulationRow(
        kept.key, value.made_at, value.caller, answer.stamp.revision, answer.sentence, answer.money, answer.services_down
    )


def _forced(store: GraphStore, estate: Estate, scenario: OutageScenario) -> list[int]:
    """Returns the positions of the CIs that are out; NotFound for one that is not assessed."""
    if not (scenario.cis or scenario.site or scenario.team or scenario.supplier):
        raise InvalidInput("name CIs, a site, a team or a supplier that is out")
    positions: set[int] = set()
    for hit in identify_all(store, estate.revision.revision, scenario.cis):
        positions.add(estate.position(hit.ci_id))
    for column, value in (("site", scenario.site), ("team", scenario.team), ("supplier", scenario.supplier)):
        if value:
            members = members_of(estate, column, value)
            if not members:
                raise NotFound(f"no assessed CI has the {column} {value!r}")
            positions.update(members)
    return sorted(positions)


def members_of(estate: Estate, column: str, value: str) -> list[int]:
    """Returns the positions of the assessed CIs whose site, team or supplier is `value`; a joint supplier "A + B" belongs to
    both."""
    category = getattr(estate.graph.cis, column)
    codes = [
        code
        for code, text in enumerate(category.values)
        if text == value or (column == "supplier" and value in text.split(" + "))
    ]
    if not codes:
        return []
    wanted = set(codes)
    members = (position for position, code in enumerate(category.codes[estate.compiled.row].tolist()) if code in wanted)
    return [position for position in members if position not in estate.causes]


def _duration(estate: Estate, scenario: OutageScenario, forced: Sequence[int]) -> tuple[float, str]:
    if scenario.duration_hours is not None:
        if not scenario.duration_hours > 0 or not math.isfinite(scenario.duration_hours):
            raise InvalidInput("duration_hours is above 0", field="duration_hours")
        return scenario.duration_hours, "given"
    longest = max(forced, key=lambda position: _repair(estate, position))
    hours = _repair(estate, longest)
    if hours <= 0:
        raise InvalidInput("none of these CIs has a restore time: give duration_hours", field="duration_hours")
    return hours, f"the longest mean restore time of these, that of {estate.name(longest)}"


def _repair(estate: Estate, position: int) -> float:
    hours = float(estate.compiled.repair_hours[position])
    return 0.0 if math.isnan(hours) else hours


@dataclass(frozen=True, slots=True)
class _Outage:
    """What is out, for how long, why so long, and what follows from it."""

    forced: Sequence[int]
    duration: float
    origin: str
    effects: WhatIf


def _answer(estate: Estate, documents: Documents, scenario: OutageScenario, outage: _Outage) -> Simulation:
    effects, lasting, forced = outage.effects, outage.effects.lasting, outage.forced
    losses = _losses(estate, effects)
    states = Counter(loss.state for loss in losses)
    customers, customers_unknown, counted = down_customers(estate, lasting.services_down.tolist())
    money = [loss.money for loss in losses if loss.money is not None]
    first = _first_breach(losses)
    worn = worn_groups(estate.compiled, lasting)
    away = one_failure_away(estate.compiled, lasting, space=estate.workspace())
    rows = _one_away(estate, away)
    needs, incomplete = left_incomplete(estate, lasting.services_down.tolist())
    return Simulation(
        stamp=stamp_of(estate, documents),
        simulation=f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}",
        scenario={entry.name: getattr(scenario, entry.name) for entry in fields(scenario)},
        duration_hours=outage.duration,
        duration_origin=outage.origin,
        forced=[CiRow(estate.key(p), estate.name(p), estate.text("ci_class", p)) for p in forced[:FORCED_SHOWN]],
        forced_total=len(forced),
        cis_down=len(lasting.failed),
        cis_degraded=len(lasting.degraded),
        services_down=states["down"],
        services_degraded=states["degraded"],
        services_interrupted=states["interrupted"],
        customers=customers,
        customers_unknown=customers_unknown,
        customers_note=counted,
        money=sum(money) if money or not losses else None,
        money_plus_minus=NORMAL_95 * effects.money_error,
        money_unknown=len(losses) - len(money),
        money_over_time=_money_over_time(losses, effects),
        first_mtpd_service=first.name if first else "",
        first_mtpd_breached_at_hours=first.mtpd_breached_at_hours if first else None,
        sentence=_sentence(estate, scenario, outage, losses),
        services=losses,
        redundancy_used_up=used_up(estate, lasting, worn[:GROUPS_SHOWN].tolist()),
        redundancy_used_up_total=len(worn),
        one_failure_away=rows,
        assumptions=_assumptions(effects, away.tried, away.candidates, scenario.rule),
        truncated=len(forced) > FORCED_SHOWN
        or len(worn) > GROUPS_SHOWN
        or away.truncated
        or any(len(row.cis) < row.total for row in rows),
        open_needs=needs,
        services_incomplete=incomplete,
    )


def _losses(estate: Estate, effects: WhatIf) -> list[ServiceLoss]:
    """What each service loses, the costliest first."""
    compiled = estate.compiled
    paths = Paths(estate, causes(compiled, effects.lasting))

    def worst_first(story: Story) -> tuple[float, float, str]:
        return -(known(story.money) or 0.0), -story.p_down, estate.key(int(compiled.service_position[story.service]))

    return [_loss(estate, story, effects, paths) for story in sorted(effects.stories, key=worst_first)]


def _first_breach(losses: Sequence[ServiceLoss]) -> ServiceLoss | None:
    """The service that breaches its MTPD first."""
    breached = [loss for loss in losses if loss.mtpd_breached_at_hours is not None]
    return min(breached, key=lambda loss: loss.mtpd_breached_at_hours or 0, default=None)


def _one_away(estate: Estate, away: Away) -> list[OneAway]:
    """The services that one more failure would stop, each with the CIs that would."""
    rows = []
    for service, positions in away.positions.items():
        position = int(estate.compiled.service_position[service])
        cis = [estate.key(p) for p in positions[:AWAY_SHOWN]]
        names = [estate.name(p) for p in positions[:AWAY_SHOWN]]
        rows.append(OneAway(estate.key(position), estate.name(position), cis, len(positions), names))
    return rows


def _money_over_time(losses: Sequence[ServiceLoss], effects: WhatIf) -> list[list[float]]:
    """[hours, money lost by then in all services whose money is known]."""
    counted = [loss.money_over_time for loss in losses if loss.money is not None]
    return [[float(at), sum(curve[index][1] for curve in counted)] for index, at in enumerate(effects.at_hours.tolist())]


def _sentence(estate: Estate, scenario: OutageScenario, outage: _Outage, losses: Sequence[ServiceLoss]) -> str:
    lasting = outage.effects.lasting
    names = [estate.name(position) for position in outage.forced]
    place = scenario.site or scenario.team or scenario.supplier
    what = [f"{place} ({count(len(names), 'CI')})"] if place else names
    stopped = [loss.name for loss in losses if loss.state == "down"]
    interrupted = [loss.name for loss in losses if loss.state == "interrupted"]
    needs, incomplete = left_incomplete(estate, lasting.services_down.tolist())
    text = if_it_fails(felt_by(estate, lasting, what, stopped, interrupted))
    if money := [loss.money for loss in losses if loss.money is not None]:
        amount = f"{number(sum(money))} {estate.options.currency}"
        text += " " + hours_cost(outage.duration, amount, len(money) < len(losses) or incomplete > 0)
    first = _first_breach(losses)
    if first is not None:
        text += f" {first.name} breaches its MTPD first, after {hours(first.mtpd_breached_at_hours or 0)}."
    return text + not_read_elsewhere(needs, incomplete)


def _loss(estate: Estate, story: Story, effects: WhatIf, paths: Paths) -> ServiceLoss:
    compiled = estate.compiled
    position = int(compiled.service_position[story.service])
    lasting = effects.lasting
    lasts = "down" if story.service in lasting.services_down else "degraded" if story.service in lasting.services_degraded else ""
    state = lasts or "interrupted"  # as in a blast radius: by what lasts, else by what a switch takes or lowers for a while
    return ServiceLoss(
        key=estate.key(position),
        name=estate.name(position),
        state=state,
        lost_share=story.lost_share,
        hours_down=story.hours_down,
        customers=known(compiled.customers[story.service]),
        money=known(story.money),
        money_over_time=[[float(h), float(m)] for h, m in zip(effects.at_hours.tolist(), story.money_at.tolist(), strict=True)]
        if known(story.money) is not None
        else [],
        mtpd_hours=known(compiled.mtpd_hours[story.service]),
        mtpd_breached_at_hours=_finite(story.mtpd_breached_at),
        rto_hours=known(compiled.rto_hours[story.service]),
        rto_breached_at_hours=_finite(story.rto_breached_at),
        path=paths.to(position) if paths.reach(position) else [],
        open_needs=estate.open_needs(position),
    )


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _assumptions(effects: WhatIf, tried: int, candidates: int, rule: str) -> list[str]:
    sentences = [f"everything that was not named is up; degradations combine by the rule {rule!r}"]
    if effects.switches:
        how = f"{SAMPLES} sampled outcomes (simulated)" if effects.simulated else count(effects.outcomes, "outcome")
        sentences.append(
            f"up to {count(effects.switches, 'failover switches', 'failovers switch')}; "
            f"money and hours are expected values over {how}"
        )
    if tried < candidates:
        sentences.append(f"one failure away: the {tried:,} nearest of {candidates:,} CIs were examined in the time allowed")
    return sentences
