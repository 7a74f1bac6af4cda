"""Plays a scenario over time and answers with all that follows from it (model 1.10)."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal, cast

import numpy as np

from app.domain.errors import InvalidInput
from app.domain.quantities import NORMAL_95
from app.domain.results import CiRow, OneAway
from app.domain.sentences import count, hours, listed, not_read_elsewhere, number
from app.domain.timeline import (
    Compared,
    CriticalStep,
    Difference,
    RecoveredCi,
    ScenarioMoment,
    ServiceStretch,
    ServiceTimeline,
    TimelineAnswer,
    TimelineMoment,
    ToCall,
)
from app.risk.graph.dependents import services_above
from app.risk.graph.ragged import ascending, holds
from app.risk.intake.compile import compile_graph
from app.risk.jit.clock import deadline, look
from app.risk.outage.causes import causes, worn_groups
from app.risk.outage.one_away import one_failure_away
from app.risk.outage.propagation import Outage, outage
from app.risk.timeline.deadlines import tightest
from app.risk.timeline.demand import Demand
from app.risk.timeline.losses import Losses, Story, losses_over_time
from app.risk.timeline.played import DEGRADED, DOWN, INTERRUPTED, MOST_COUNTED, RECOVERING, Outcome, Returns, Timeline
from app.risk.timeline.question import Act, Block, Degrade, Fail, Question, Restore, Step
from app.risk.timeline.timeline import timeline
from app.usecases import paging
from app.usecases.answers.paths import Paths, down_customers, known, left_incomplete, used_up
from app.usecases.estate import Estate
from app.usecases.scenarios.document import Scenario, ScenarioStep, document_of
from app.usecases.scenarios.groups import group_number, with_member, without_member
from app.usecases.scenarios.select import Selection
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

CIS_SHOWN, PATH_SHOWN = 50, 200
AWAY_SECONDS = 1.0
STATES = (DOWN, RECOVERING, INTERRUPTED, DEGRADED)  # the worst first
CUSTOMER_MOMENTS = 2_000  # instants for which customers that services share are counted once


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of every list are wanted."""

    limit: int = paging.DEFAULT_LIMIT
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Recovered:
    """One return of a CI, by position; hours, and the need that it waited for last (-1 none)."""

    position: int
    at_hours: float
    own: bool
    waited_for: int
    begun_hours: float
    circle: bool


@dataclass(frozen=True, slots=True)
class Moments:
    """Every instant at which something changes, in columns; `running`: by state how many services are in it."""

    outcome: Outcome
    running: Mapping[str, Any]
    customers: Sequence[float | None]
    unknown: Sequence[int]
    money_hours: Any  # the instants for which `money` says what was lost so far
    money: Any

    def __len__(self) -> int:
        return len(self.customers)

    def row(self, place: int) -> TimelineMoment:
        moment = self.outcome.moments[place]
        where = int(np.searchsorted(self.money_hours, moment.at_hours))
        counted = self.money is not None and where < len(self.money_hours) and self.money_hours[where] == moment.at_hours
        down, recovering, interrupted, degraded = (int(self.running[state][place]) for state in STATES)
        return TimelineMoment(
            moment.at_hours, moment.cis_down, moment.cis_degraded, down, recovering, interrupted, degraded, self.customers[place],
            self.unknown[place], float(self.money[where]) if counted else None,
        )  # fmt: skip


@dataclass(frozen=True)
class Played:
    """A scenario with what the engine says of it. `acts`: by step of the document what it did, in words."""

    estate: Estate
    scenario: Scenario
    rule: Literal["product", "worst"]
    steps: Sequence[tuple[ScenarioStep, Any]]
    timeline: Timeline
    losses: Losses
    warnings: Sequence[str]

    @property
    def outcome(self) -> Outcome:
        return self.timeline.outcomes[self.timeline.likeliest]

    @cached_property
    def failed_themselves(self) -> Any:
        """Positions (ascending) of the CIs that a step fails."""
        named = [positions for step, positions in self.steps if step.do == "fail"]
        return ascending(np.concatenate([np.zeros(0, np.int32), *named]))

    @cached_property
    def moments(self) -> Moments:
        return _moments_of(self)

    @cached_property
    def last_return(self) -> Mapping[int, int]:
        """By position the place of the last return of the CI among `returns`."""
        return dict(zip(self.returns.position.tolist(), range(len(self.returns.position)), strict=True))

    @cached_property
    def returns(self) -> Returns:
        """Every return of a CI in the likeliest outcome, the first one first."""
        made = self.outcome.returns
        together = [np.concatenate(column) for column in zip(*(one.columns() for one in made), strict=True)]
        order = np.lexsort((together[0], together[1]))
        return Returns(*(column[order] for column in together))

    def recovered(self, place: int) -> Recovered:
        """One of `returns`."""
        position, at_hours, own, waited_for, begun, circle = (column[place].item() for column in self.returns.columns())
        return Recovered(position, at_hours, own, waited_for, begun, circle)

    @cached_property
    def modelled(self) -> Any:
        """Positions (ascending) of the CIs that come back as the recovery model says."""
        named = [p for step, p in self.steps if step.do == "fail" and step.hours is None and step.back == "modelled"]
        return ascending(np.concatenate([np.zeros(0, np.int32), *named]))

    @cached_property
    def down_services(self) -> list[int]:
        return [story.service for story in self.losses.stories if story.first_down_at < math.inf]


def play(
    tools: Tools, scenario: Scenario, page: Page = Page(), other: Scenario | None = None, revision: int | None = None,
    as_of: datetime | None = None, limited: bool = True,
) -> TimelineAnswer:  # fmt: skip
    """Answers a scenario at a revision, and what another one would change; every list from the page on. `limited`: what the
    settings allow binds. NotFound names a selector that matches nothing, InvalidInput the limit, OutOfTime the setting of the
    time that is over."""
    with deadline(time.monotonic() + tools.settings.limits.scenario_seconds, "limits.scenario_seconds"):
        return _play(tools, scenario, page, other, revision, as_of, limited)


def _play(
    tools: Tools, scenario: Scenario, page: Page, other: Scenario | None, revision: int | None, as_of: datetime | None,
    limited: bool,
) -> TimelineAnswer:  # fmt: skip
    offset = 0
    if page.after is not None:
        cursor = paging.decode(page.after, "revision", "offset")
        if revision is not None and revision != cursor["revision"]:
            raise InvalidInput("after: a cursor of another revision", field="after")
        revision, offset, as_of = cursor["revision"], cursor["offset"], None
    estate = tools.estates.at(revision, as_of)
    played = play_at(tools, estate, scenario, limited)
    beside = play_at(tools, estate, other, limited) if other is not None else None
    return _answer(tools, played, beside, page.limit, offset)


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
    profile = scenario.demand
    demand = Demand(scenario.start_at, profile.week, profile.months) if profile and scenario.start_at else None
    moments = [moment.at_hours for moment in played.outcomes[played.likeliest].moments][:CUSTOMER_MOMENTS]
    losses = losses_over_time(estate.compiled, played, moments, demand)
    return Played(estate, scenario, rule, resolved, played, losses, selection.warnings)


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


def _answer(tools: Tools, played: Played, beside: Played | None, limit: int, offset: int) -> TimelineAnswer:
    estate, losses, outcome = played.estate, played.losses, played.outcome
    stories = sorted(losses.stories, key=lambda story: _worst_first(estate, story))
    rows = slice(offset, offset + limit)
    worst = _worst_step(played)
    lasting = _outage_at(played, worst)
    worn = worn_groups(estate.compiled, lasting)
    away = one_failure_away(estate.compiled, lasting, AWAY_SECONDS, estate.workspace())
    recovered = len(played.returns.position)
    calls = _calls(played)
    moments = played.moments
    compared = _compared(played, beside, rows) if beside else None
    paths = _PathsOf(played)
    mtpd = [story for story in stories if story.mtpd_breached_at < math.inf]
    first = min(mtpd, key=lambda story: story.mtpd_breached_at, default=None)
    money = [story.money for story in stories if not math.isnan(story.money)]
    lost = [story.customer_hours for story in stories if not math.isnan(story.customer_hours)]
    most, unknown, note = _customers_most(played)
    needs, incomplete = left_incomplete(estate, played.down_services)
    longest = max(
        len(stories), recovered, len(worn), len(away.positions), len(calls), len(moments),
        compared.services_total if compared else 0,
    )  # fmt: skip
    more = offset + limit < longest
    low, high = _range_of(losses)
    return TimelineAnswer(
        stamp=stamp_of(estate, tools.documents),
        title=played.scenario.title,
        scenario=document_of(played.scenario),
        sentence=_sentence(played, stories, first, money) + not_read_elsewhere(needs, incomplete),
        start_at=played.scenario.start_at.isoformat() if played.scenario.start_at else "",
        end_hours=played.timeline.end_hours,
        open_ended=any(one.never_restored for one in played.timeline.outcomes),
        outcomes=played.timeline.count,
        simulated=played.timeline.simulated,
        steps=_steps(played),
        moments=[moments.row(place) for place in range(len(moments))[rows]],
        moments_total=len(moments),
        cis_failed=len(played.failed_themselves),
        cis_down_most=max((moment.cis_down for moment in outcome.moments), default=0),
        services_total=len(stories),
        services_down=sum(_state(story) in (DOWN, RECOVERING) for story in stories),
        services_interrupted=sum(_state(story) == INTERRUPTED for story in stories),
        services_degraded=sum(_state(story) == DEGRADED for story in stories),
        customers_most=most,
        customers_unknown=unknown,
        customers_note=note,
        customer_hours=sum(lost) if lost or not stories else None,
        customer_hours_unknown=len(stories) - len(lost),
        money=sum(money) if money or not stories else None,
        money_low=low if money or not stories else None,
        money_high=high if money or not stories else None,
        money_plus_minus=NORMAL_95 * float(np.std(losses.paid, ddof=1) / np.sqrt(len(losses.paid)))
        if played.timeline.simulated
        else 0.0,
        money_unknown=len(stories) - len(money),
        rto_breaches=sum(story.rto_breached_at < math.inf for story in stories),
        mtpd_breaches=len(mtpd),
        first_mtpd_service=_key(estate, first.service) if first else "",
        first_mtpd_breached_at_hours=first.mtpd_breached_at if first else None,
        services=[_service(played, story, paths) for story in stories[rows]],
        recovery=[_recovered(played, played.recovered(place)) for place in range(recovered)[rows]],
        recovery_total=recovered,
        worst_at_hours=worst,
        redundancy_used_up=used_up(estate, lasting, worn[rows].tolist()),
        redundancy_used_up_total=len(worn),
        one_failure_away=[_away(estate, service, cis) for service, cis in list(away.positions.items())[rows]],
        one_failure_away_total=len(away.positions),
        calls=calls[rows],
        calls_total=len(calls),
        compared=compared,
        warnings=list(played.warnings),
        assumptions=_assumptions(played, away.tried, away.candidates),
        open_needs=needs,
        services_incomplete=incomplete,
        limit=limit,
        truncated=more or away.truncated,
        next=paging.encode(revision=estate.revision.revision, offset=offset + limit) if more else None,
    )


def _worst_first(estate: Estate, story: Story) -> tuple[float, float, float, str]:
    return -(known(story.money) or 0.0), -story.p_down, -story.hours_down, _key(estate, story.service)


def _key(estate: Estate, service: int) -> str:
    return estate.key(int(estate.compiled.service_position[service]))


def _name(estate: Estate, service: int) -> str:
    return estate.name(int(estate.compiled.service_position[service]))


def _state(story: Story) -> str:
    """The worst state that a service goes through; one that stops in an unlikely outcome alone counts as down."""
    found = {stretch.state for stretch in story.stretches}
    return next((state for state in STATES if state in found), DOWN if story.p_down > 0 else DEGRADED)


def _hours_of_steps(played: Played) -> list[float]:
    """The hour of each step the engine played, in order; one for all acts of an hour, and one where a degradation ends."""
    times = {step.at_hours for step, _ in played.steps}
    times |= {s.at_hours + s.hours for s, _ in played.steps if s.do == "degrade" and s.hours is not None and s.share}
    return sorted(times)


def _worst_step(played: Played) -> float:
    """The hour of the step behind which most CIs are down."""
    times = _hours_of_steps(played)
    sizes = [len(failed) for failed in played.outcome.lasting]
    return times[int(np.argmax(sizes))]


def _outage_at(played: Played, at_hours: float) -> Outage:
    """What is down for as long as it lasts, from the step of an hour on, in the untouched estate's groups."""
    place = _hours_of_steps(played).index(at_hours)
    forced = played.outcome.forced[place]
    return outage(played.estate.compiled, forced, played.estate.workspace(), played.rule)


class _PathsOf:
    """The paths to services, from the outage of the step that took each down; made once a step."""

    def __init__(self, played: Played) -> None:
        self._played, self._made = played, dict[int, Paths]()
        self._times = np.asarray(_hours_of_steps(played))

    def to(self, story: Story) -> list[Any]:
        if not story.stretches:
            return []
        place = int(np.searchsorted(self._times, story.stretches[0].start, side="right")) - 1
        estate = self._played.estate
        if place not in self._made:
            self._made[place] = Paths(estate, causes(estate.compiled, _outage_at(self._played, float(self._times[place]))))
        position = int(estate.compiled.service_position[story.service])
        paths = self._made[place]
        return paths.to(position) if paths.reach(position) else []


def _service(played: Played, story: Story, paths: _PathsOf) -> ServiceTimeline:
    estate, compiled = played.estate, played.estate.compiled
    position = int(compiled.service_position[story.service])
    ends = [stretch.end for stretch in story.stretches]
    back = max(ends, default=0.0)
    open_end = played.outcome.never_restored > 0 and back >= played.timeline.end_hours
    breached = _finite(story.mtpd_breached_at)
    return ServiceTimeline(
        key=estate.key(position),
        name=estate.name(position),
        state=_state(story),
        stretches=[ServiceStretch(s.start, s.end, s.state, s.capability) for s in story.stretches],
        lost_share=story.lost_share,
        hours_down=story.hours_down,
        hours_degraded=story.hours_degraded,
        back_at_hours=None if open_end or not ends else back,
        p_down=min(story.p_down, 1.0),
        customers=known(compiled.customers[story.service]),
        customer_hours=known(story.customer_hours),
        money=known(story.money),
        money_low=known(story.money_low),
        money_high=known(story.money_high),
        rto_hours=known(compiled.rto_hours[story.service]),
        rto_breached_at_hours=_finite(story.rto_breached_at),
        p_rto_breached=min(story.p_rto_breached, 1.0),
        mtpd_hours=known(compiled.mtpd_hours[story.service]),
        mtpd_breached_at_hours=breached,
        mtpd_breached_at_minutes=None if breached is None else round(breached * 60),
        p_mtpd_breached=min(story.p_mtpd_breached, 1.0),
        path=paths.to(story),
        critical_path=_critical(played, position),
        open_needs=estate.open_needs(position),
    )


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _critical(played: Played, position: int) -> list[CriticalStep]:
    """What a service waited for before it was back the last time, the first that was restored first."""
    back = played.last_return
    steps: dict[int, Recovered] = {}
    while position in back and position not in steps and len(steps) < PATH_SHOWN:
        steps[position] = played.recovered(back[position])
        position = steps[position].waited_for
    estate = played.estate
    return [
        CriticalStep(estate.key(p), estate.name(p), one.begun_hours, one.at_hours, one.circle)
        for p, one in reversed(steps.items())
    ]


def _recovered(played: Played, one: Recovered) -> RecoveredCi:
    estate = played.estate
    return RecoveredCi(
        estate.key(one.position),
        estate.name(one.position),
        estate.text("team", one.position),
        one.at_hours,
        one.own,
        estate.key(one.waited_for) if one.waited_for >= 0 else "",
        known(estate.compiled.repair_hours[one.position]) if one.own and holds(played.modelled, one.position) else None,
        one.circle,
    )


def _away(estate: Estate, service: int, positions: Sequence[int]) -> OneAway:
    cis = [estate.key(p) for p in positions[:CIS_SHOWN]]
    return OneAway(_key(estate, service), _name(estate, service), cis, len(positions))


def _moments_of(played: Played) -> Moments:
    """Every instant at which something changes, in the likeliest outcome."""
    outcome = played.outcome
    stories = {story.service: story for story in played.losses.stories}
    starts = np.asarray([moment.at_hours for moment in outcome.moments])
    states = {name: np.zeros(len(starts) + 1, np.int64) for name in STATES}
    events: dict[int, list[tuple[int, int]]] = {}  # by place the services that stop there (1) or run again (-1)
    for service, story in stories.items():
        for stretch in story.stretches:
            first, last = int(np.searchsorted(starts, stretch.start)), int(np.searchsorted(starts, stretch.end))
            if last <= first:
                continue
            states[stretch.state][first] += 1
            states[stretch.state][last] -= 1
            if stretch.capability <= 0.0:
                events.setdefault(first, []).append((service, 1))
                events.setdefault(last, []).append((service, -1))
    known_money = [story for story in stories.values() if not math.isnan(story.money)]
    money = np.sum([story.money_at for story in known_money], axis=0) if known_money else None
    down: dict[int, int] = {}
    counted: dict[tuple[int, ...], tuple[float | None, int]] = {}
    customers, unknown = list[float | None](), list[int]()
    now: tuple[float | None, int] | None = None
    for place in range(len(starts)):
        if now is None or place in events:
            for service, change in events.get(place, ()):
                down[service] = down.get(service, 0) + change
            services = tuple(sorted(service for service, times in down.items() if times > 0))
            if services not in counted:
                look()
                counted[services] = down_customers(played.estate, services)[:2]
            now = counted[services]
        customers.append(now[0])
        unknown.append(now[1])
    running = {name: np.cumsum(changes) for name, changes in states.items()}
    return Moments(outcome, running, customers, unknown, played.losses.at_hours, money)


def _customers_most(played: Played) -> tuple[float | None, int, str]:
    """The most customers without a service at one time, how many services that stop have unknown ones, and what it rests on."""
    of_all, unknown, note = down_customers(played.estate, played.down_services)
    most = [customers for customers in played.moments.customers if customers is not None]
    return (max(most) if most else of_all), unknown, note


def _steps(played: Played) -> list[ScenarioMoment]:
    estate, start = played.estate, played.scenario.start_at
    times = [moment.at_hours for moment in played.outcome.moments]
    out = []
    for step, positions in played.steps:
        place = int(np.searchsorted(times, step.at_hours, side="right")) - 1
        row = played.moments.row(place) if 0 <= place < len(times) else None
        shown = [CiRow(estate.key(p), estate.name(p), estate.text("ci_class", p)) for p in positions[:CIS_SHOWN].tolist()]
        moment = (start + timedelta(hours=step.at_hours)).isoformat() if start else ""
        out.append(
            ScenarioMoment(
                step.at_hours, moment, _said(step), len(positions), shown, _back_said(step), row.cis_down if row else 0,
                row.services_down + row.services_recovering + row.services_interrupted if row else 0,
            )
        )  # fmt: skip
    return out


def _said(step: ScenarioStep) -> str:
    if step.do == "degrade":
        return f"degrade to {step.share:.0%}"
    return f"{step.do} {'to' if step.do == 'add' else 'from'} {step.group}" if step.group else step.do


def _back_said(step: ScenarioStep) -> str:
    if step.do not in ("fail", "degrade"):
        return ""
    if step.hours is not None:
        return f"after {hours(step.hours)}"
    return "as the recovery model says" if step.do == "fail" and step.back == "modelled" else "when it is restored"


def _calls(played: Played) -> list[ToCall]:
    """Teams and suppliers of the CIs that fail, those with the least time first."""
    estate, compiled = played.estate, played.estate.compiled
    fallen = ascending(np.concatenate([np.zeros(0, np.int32), *played.outcome.lasting])).astype(np.int32)
    deadline, owner = np.full(len(fallen), np.inf), np.full(len(fallen), -1, np.int32)
    for story in played.losses.stories:
        position = int(compiled.service_position[story.service])
        place = int(np.searchsorted(fallen, position))
        mtpd = float(compiled.mtpd_hours[story.service])
        if place < len(fallen) and fallen[place] == position and not math.isnan(mtpd) and story.first_down_at < math.inf:
            deadline[place], owner[place] = story.first_down_at + mtpd, story.service
    best, whose = tightest(compiled.flat, fallen, deadline, owner)
    failed = played.failed_themselves
    first_failed = np.full(len(failed), np.inf)
    for step, positions in played.steps:
        if step.do == "fail":
            places = np.searchsorted(failed, positions)
            first_failed[places] = np.minimum(first_failed[places], step.at_hours)
    places = np.minimum(np.searchsorted(fallen, failed), max(len(fallen) - 1, 0))
    fell = fallen[places] == failed if len(fallen) else np.zeros(len(failed), np.bool_)
    sets: list[tuple[str, str, Any]] = []
    for kind in ("team", "supplier"):
        category = getattr(estate.graph.cis, kind)
        codes = np.asarray(category.codes)[compiled.row[failed]]
        for code in np.unique(codes).tolist():
            sets.append((kind, category.values[code] if code >= 0 else "", np.flatnonzero(codes == code)))
    above = services_above(compiled, [failed[members] for _, _, members in sets], played.down_services)
    rows = []
    for (kind, name, members), services in zip(sets, above.tolist(), strict=True):
        begun = float(first_failed[members].min())
        held = places[members[fell[members]]]
        tight = int(held[np.argmin(best[held])]) if len(held) else -1
        until = float(best[tight]) if tight >= 0 else math.inf
        service = int(whose[tight]) if until < math.inf else -1
        rows.append(
            ToCall(
                kind, name, len(members), services, round((until - begun) * 60) if until < math.inf else None,
                _key(estate, service) if service >= 0 else "", _name(estate, service) if service >= 0 else "",
            )
        )  # fmt: skip
    return sorted(rows, key=lambda row: (row.minutes is None, row.minutes or 0, not row.name, row.kind, row.name))


def _range_of(losses: Losses) -> tuple[float, float]:
    """Money between which nine of ten outcomes of the failovers lie, by their probability."""
    order = np.argsort(losses.paid, kind="stable")
    so_far = np.cumsum(losses.probability[order])
    pick = [min(int(np.searchsorted(so_far, share - 1e-12)), len(order) - 1) for share in (0.05, 0.95)]
    return float(losses.paid[order[pick[0]]]), float(losses.paid[order[pick[1]]])


def _compared(played: Played, beside: Played, rows: slice) -> Compared:
    """What another scenario would change, service by service, the largest difference in money first."""
    mine = {story.service: story for story in played.losses.stories}
    theirs = {story.service: story for story in beside.losses.stories}
    differences = []
    for service in sorted({*mine, *theirs}):
        here, there = mine.get(service), theirs.get(service)
        money, other = (known(story.money) if story else 0.0 for story in (here, there))
        down, other_down = (story.hours_down if story else 0.0 for story in (here, there))
        late, other_late = (bool(story and story.mtpd_breached_at < math.inf) for story in (here, there))
        degraded = [(story.hours_degraded, story.lost_share) if story else (0.0, 0.0) for story in (here, there)]
        if (money, down, late, degraded[0]) != (other, other_down, other_late, degraded[1]):
            delta = other - money if money is not None and other is not None else None
            differences.append(
                Difference(
                    _key(played.estate, service), _name(played.estate, service), down, other_down, money, other, delta, late,
                    other_late,
                )
            )  # fmt: skip
    differences.sort(key=lambda row: (-abs(row.money_difference or 0.0), -abs(row.other_hours_down - row.hours_down), row.key))
    stories = beside.losses.stories
    paid = [story.money for story in stories if not math.isnan(story.money)]
    lost = [story.customer_hours for story in stories if not math.isnan(story.customer_hours)]
    return Compared(
        beside.scenario.title,
        sum(paid) if paid or not stories else None,
        sum(lost) if lost or not stories else None,
        sum(_state(story) in (DOWN, RECOVERING) for story in stories),
        sum(story.mtpd_breached_at < math.inf for story in stories),
        beside.timeline.end_hours,
        len(differences),
        differences[rows],
    )


def _sentence(played: Played, stories: Sequence[Story], first: Story | None, money: Sequence[float]) -> str:
    estate = played.estate
    stopped = [_name(estate, story.service) for story in stories if _state(story) in (DOWN, RECOVERING)]
    text = f"{count(len(played.failed_themselves), 'CI')} out over {hours(played.timeline.end_hours)}: "
    if stopped:
        text += f"{count(len(stopped), 'service')} stop{'s' if len(stopped) == 1 else ''} ({listed(stopped)})"
    else:
        text += "no service stops"
    weaker = len(stories) - len(stopped)
    if weaker:
        text += f", {count(weaker, 'more is', 'more are') if stopped else count(weaker, 'is', 'are')} interrupted or degraded"
    text += "."
    if money:
        least = "at least " if len(money) < len(stories) else ""
        text += f" It costs {least}{number(sum(money))} {estate.options.currency}."
    if first is not None:
        text += f" {_name(estate, first.service)} breaches its MTPD first, after {hours(first.mtpd_breached_at)}."
    return text


def _assumptions(played: Played, tried: int, candidates: int) -> list[str]:
    outcome, scenario = played.outcome, played.scenario
    said = [f"everything that no step names is up; degradations combine by the rule {played.rule!r}"]
    if played.timeline.count > 1:
        how = "sampled outcomes (simulated)" if played.timeline.simulated else "outcomes"
        least = "at least " if played.timeline.count == MOST_COUNTED else ""
        said.append(f"money and hours are expected values over {least}{played.timeline.count:,} {how} of the failovers")
    if played.losses.drawn:
        said.append(f"the range of money is that of {len(played.losses.paid):,} outcomes drawn of these (simulated)")
    if len(played.modelled):
        unknown = int(np.isnan(played.estate.compiled.repair_hours[played.modelled]).sum())
        said.append("CIs come back as the recovery model says: each starts once its needs are back, nothing waits for a crew")
        if unknown:
            said.append(f"the restore time of {count(unknown, 'CI')} is unknown and counts as 0: the figures are at least")
    if played.returns.circle.any():
        said.append("some CIs need each other to start: their return is an upper bound")
    if outcome.never_restored:
        said.append(f"{count(outcome.never_restored, 'CI is', 'CIs are')} never restored: figures go up to the hour given")
    if scenario.demand:
        said.append("customers and money are weighed by the demand profile")
    if tried < candidates:
        said.append(f"one failure away: the {tried:,} nearest of {candidates:,} CIs were examined in the time allowed")
    return said
