"""What each service goes through and loses over a timeline (model 1.10, "Loss over time"): one clock per service, from the
moment it leaves its rest level until it is back; expected values over the outcomes of the failovers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from app.risk.graph.compiled import CompiledGraph
from app.risk.jit import Array
from app.risk.jit.clock import look
from app.risk.measures.loss import LossCurve
from app.risk.outage.what_if import service_curve
from app.risk.timeline.demand import Demand
from app.risk.timeline.timeline import Stretch, Timeline

BLOCK = 256
NO_SET: frozenset[int] = frozenset()


@dataclass(slots=True)
class Story:
    """One service, by expected value over outcomes; hours from the start of the timeline. NaN: unknown; infinite: never."""

    service: int
    stretches: Sequence[Stretch] = ()  # of the likeliest outcome
    lost_share: float = 0.0  # the worst share lost at any time in the likeliest outcome
    hours_down: float = 0.0  # below its MBCO counts
    hours_degraded: float = 0.0
    customer_hours: float = np.nan  # lost shares times customers, over time
    money: float = np.nan
    money_low: float = np.nan  # over outcomes
    money_high: float = np.nan
    money_at: Array = field(default_factory=lambda: np.zeros(0))
    mtpd_breached_at: float = np.inf  # earliest over outcomes
    rto_breached_at: float = np.inf
    p_mtpd_breached: float = 0.0
    p_rto_breached: float = 0.0
    p_down: float = 0.0  # probability that it stops at all
    first_down_at: float = np.inf  # in the likeliest outcome


@dataclass(frozen=True, slots=True)
class Losses:
    """Stories by service number, and the money of all services in each outcome (known money only); `drawn`: in some of the
    outcomes, as they are too many to list."""

    stories: Sequence[Story]
    at_hours: Array
    paid: Array  # float64 by outcome
    probability: Array  # float64 by outcome
    drawn: bool = False


def losses_over_time(
    compiled: CompiledGraph, played: Timeline, at_hours: Sequence[float] = (), demand: Demand | None = None
) -> Losses:
    """The losses of every service that a timeline touches; money is asked at `at_hours` and at the end.

    Example by hand: S, 100 an hour, down from 0 to 2: money 200, 100 after 1 h.
    """
    times = np.unique(np.asarray([*at_hours, played.end_hours], dtype=np.float64))
    touched = sorted({number for one in played.outcomes for number in one.stretches})
    shares = played.shares
    every = [(number, one.probability) for number, one in enumerate(played.outcomes)]
    paid_by = dict[frozenset[int], Array]()  # by set of switches: the money of its services in each of its ways
    stories = []
    for place, number in enumerate(touched):
        if place % BLOCK == 0:
            look()
        held = shares.parts.sets[shares.parts.of_service[number]] if shares else NO_SET
        ways = [(way.play, way.probability) for way in shares.ways(held)] if shares else every
        story, money = _story(compiled, played, ways, number, times, demand)
        stories.append(story)
        if not np.isnan(story.money):
            paid_by[held] = paid_by.get(held, 0.0) + money
    if shares is None:
        paid, probability = paid_by.get(NO_SET, np.zeros(len(every))), np.asarray([weight for _, weight in every])
        return Losses(stories, times, paid, probability)
    paid = np.zeros(len(shares.together))
    for held, money in paid_by.items():
        paid += money[shares.ways_together(held)]
    return Losses(stories, times, paid, shares.together, shares.drawn)


def _story(
    compiled: CompiledGraph, played: Timeline, ways: Sequence[tuple[int, float]], number: int, times: Array, demand: Demand | None
) -> tuple[Story, Array]:
    """One service by expected value over its ways, each the number of an outcome and a probability; its money in each."""
    curve = service_curve(compiled, number)
    story = Story(number, money_at=np.zeros(len(times)))
    customers = float(compiled.customers[number])
    rest = float(compiled.flat.rest_capability[int(compiled.service_position[number])])
    money, hours_lost = np.zeros(len(ways)), 0.0
    story.stretches = played.outcomes[played.likeliest].stretches.get(number, [])
    story.lost_share = max((rest - s.capability for s in story.stretches), default=0.0)
    story.first_down_at = min((s.start for s in story.stretches if s.capability <= 0.0), default=np.inf)
    for k, (outcome, weight) in enumerate(ways):
        stretches = played.outcomes[outcome].stretches.get(number, [])
        _clocks(compiled, story, stretches, weight)
        began, before = 0.0, -1.0
        for s in stretches:
            began = s.start if s.start != before else began  # it was back in between: its clock starts anew
            before = s.end
            share = rest - s.capability
            hours_lost += weight * share * _weighted_hours(s, demand)
            if curve is not None:
                money[k] += _pay(story, curve, s, began, share, weight, times, demand)
    if curve is None:
        story.money_at[:] = np.nan
    else:
        story.money = float(sum(weight * m for (_, weight), m in zip(ways, money.tolist(), strict=True)))
        story.money_low, story.money_high = float(money.min()), float(money.max())
    story.customer_hours = hours_lost * customers
    return story, money


def _weighted_hours(s: Stretch, demand: Demand | None) -> float:
    if demand is None:
        return s.end - s.start
    cuts, factors = demand.cuts(s.start, s.end)
    return float((np.diff(cuts) * factors).sum())


def _pay(
    story: Story, curve: LossCurve, s: Stretch, began: float, share: float, weight: float, times: Array, demand: Demand | None
) -> float:
    """Add what one stretch costs to the money so far; what it costs in this outcome."""
    pieces = [(s.start, s.end, 1.0)]
    if demand is not None:
        cuts, factors = demand.cuts(s.start, s.end)
        pieces = list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), factors.tolist(), strict=True))
    total = 0.0
    for start, end, factor in pieces:
        cost = share * factor * (curve.at(end - began) - curve.at(start - began))
        total += cost
        for index, moment in enumerate(times.tolist()):
            if moment >= end:
                story.money_at[index] += weight * cost
            elif moment > start:
                story.money_at[index] += weight * share * factor * (curve.at(moment - began) - curve.at(start - began))
    return total


def _clocks(compiled: CompiledGraph, story: Story, stretches: Sequence[Stretch], weight: float) -> None:
    """The clocks of MTPD and RTO, which run while the service is down or below its MBCO, without a break."""
    mbco = float(compiled.mbco_share[story.service])
    mtpd, rto = float(compiled.mtpd_hours[story.service]), float(compiled.rto_hours[story.service])
    out_from, out_to, stopped = 0.0, -1.0, False
    mtpd_at, rto_at = np.inf, np.inf
    for s in stretches:
        if s.capability <= 0.0 or (not np.isnan(mbco) and s.capability < mbco):
            out_from = s.start if s.start != out_to else out_from
            out_to = s.end
            stopped = stopped or s.capability <= 0.0
            story.hours_down += weight * (s.end - s.start)
            if s.end - out_from > mtpd:
                mtpd_at = min(mtpd_at, out_from + mtpd)
            if s.end - out_from > rto:
                rto_at = min(rto_at, out_from + rto)
        else:
            story.hours_degraded += weight * (s.end - s.start)
    story.mtpd_breached_at, story.rto_breached_at = min(story.mtpd_breached_at, mtpd_at), min(story.rto_breached_at, rto_at)
    story.p_mtpd_breached += weight * (mtpd_at < np.inf)
    story.p_rto_breached += weight * (rto_at < np.inf)
    story.p_down += weight * stopped
