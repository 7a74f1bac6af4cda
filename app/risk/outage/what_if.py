"""An outage of a set of CIs for a duration: what each service loses over time (model 1.10), failovers by expected value over their outcomes.

The forced CIs are down from 0 to d. A group with failover whose active member is lost, and that still has enough members, switches, whether or
not its dependent is down by another need: with its success probability the dependent is interrupted for the failover time, in full; else it is down until d. Outcomes are enumerated up to
2^10; beyond it they are sampled with draws keyed by the forced CIs, and the answer says `simulated`. The states between two breakpoints come
from the same engine as any failed set.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Literal

import numpy as np

from app.risk.graph.compiled import AT_REST_DOWN, CompiledGraph
from app.risk.graph.ragged import spans
from app.risk.jit import Array
from app.risk.jit.clock import look
from app.risk.measures.loss import LossCurve
from app.risk.outage.failover import draw, failover_of
from app.risk.outage.propagation import Outage, Workspace, outage, workspace

ENUMERATED = 10
SAMPLES = 128
WORK = 20_000_000  # failed CIs all enumerated outcomes together may touch; beyond it they are sampled


Stretch = tuple[float, float, float, float]  # from, to (hours), share lost against the state at rest, capability left


@dataclass(frozen=True, slots=True)
class Switch:
    """A triggered failover: group, its dependent's position, failover hours, success probability."""

    group: int
    dependent: int
    hours: float
    success: float
    key: int  # of the random stream


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way the switches go: its probability, what is down until d, and the switches that interrupt."""

    probability: float
    forced: tuple[int, ...]
    interrupted: tuple[Switch, ...]


@dataclass(slots=True)
class ServiceStory:
    """What one service goes through, by expected value over outcomes; hours from the start. NaN: unknown, or never."""

    service: int
    lost_share: float = 0.0  # the worst share lost at any time in the likeliest outcome
    hours_down: float = 0.0
    money: float = np.nan
    money_at: Array = field(default_factory=lambda: np.zeros(0))
    mtpd_breached_at: float = np.inf  # earliest over outcomes
    rto_breached_at: float = np.inf
    p_down: float = 0.0  # probability that it stops at all


@dataclass(frozen=True, slots=True)
class WhatIf:
    """`lasting`: the state until d in the likeliest outcome; `at_hours` the times of `money_at`; `end_hours`: when all is back."""

    lasting: Outage
    stories: Sequence[ServiceStory]  # by service number
    switches: int
    outcomes: int
    simulated: bool
    at_hours: Array
    end_hours: float
    money_error: float  # standard error of the known money where outcomes were sampled, else 0


def what_if(
    compiled: CompiledGraph, down_positions: Array | Sequence[int], duration_hours: float, at_hours: Sequence[float] = (), rule: Literal["product", "worst"] = "product",
    space: Workspace | None = None,
) -> WhatIf:  # fmt: skip
    """Loss over time of an outage of `down_positions` for `duration_hours` (> 0); money is asked at `at_hours` and at the end.

    Example by hand: S hard on a, 100 a hour; a down for 2 h: down 2 h, money 200, 100 after 1 h. With a group of a and b (1 needed, failover
    0.5 h, success .9) instead: .9 * 50 + .1 * 200 = 65.
    """
    space = space or workspace(compiled)
    roots = tuple(np.unique(np.asarray(down_positions, np.int64)).tolist())
    outcomes, simulated = _outcomes(compiled, roots, space, rule)
    longest = max((switch.hours for one in outcomes for switch in one.interrupted), default=0.0)
    end = max(float(duration_hours), longest)
    times = np.unique(np.asarray([*at_hours, end], dtype=np.float64))
    stories: dict[int, ServiceStory] = {}
    likeliest = max(outcomes, key=lambda one: one.probability)
    paid = []
    for one in outcomes:
        look()
        before = _known_money(stories)
        _tell(compiled, one, float(duration_hours), times, rule, space, stories, one is likeliest)
        paid.append((_known_money(stories) - before) / one.probability)
    lasting = outage(compiled, np.asarray(likeliest.forced), space, rule)
    told = [stories[number] for number in sorted(stories)]
    return WhatIf(
        lasting,
        told,
        max((len(o.interrupted) + len(o.forced) - len(roots) for o in outcomes), default=0),
        len(outcomes),
        simulated,
        times,
        end,
        float(np.std(paid, ddof=1) / np.sqrt(len(paid))) if simulated else 0.0,
    )


def _known_money(stories: Mapping[int, ServiceStory]) -> float:
    return float(sum(story.money for story in stories.values() if not np.isnan(story.money)))


def triggered(compiled: CompiledGraph, result: Outage) -> list[Switch]:
    """Groups with failover that lost an active member and still have enough members, whatever else stops their dependents.

    Example by hand: 1 of a and b in that order, failover given: a down triggers it, b down does not.
    """
    flat = compiled.flat
    first_of = flat.joined_ptr[result.failed]
    joined = flat.joined[spans(first_of, flat.joined_ptr[result.failed + 1] - first_of)]
    wanted = np.unique(joined).astype(np.int64)
    failed = set(result.failed.tolist())
    failover = failover_of(compiled, wanted)
    found = []
    for k in np.flatnonzero(failover.switches).tolist():
        group = int(wanted[k])
        first, needed = int(flat.member_ptr[group]), int(flat.group_needed[group])
        members = flat.member[first : flat.member_ptr[group + 1]]
        lost = np.fromiter((member in failed for member in members.tolist()), np.bool_, len(members))
        dependent = int(flat.group_dependent[group])
        left = int((~lost & (flat.flags[members] & AT_REST_DOWN == 0)).sum())
        if left < needed or flat.flags[dependent] & AT_REST_DOWN or not lost[:needed].any():
            continue
        found.append(Switch(group, dependent, float(failover.hours[k]), float(failover.success[k]), int(failover.key[k])))
    return found


def _outcomes(
    compiled: CompiledGraph, roots: tuple[int, ...], space: Workspace, rule: Literal["product", "worst"]
) -> tuple[list[Outcome], bool]:
    first = outage(compiled, np.asarray(roots), space, rule)
    open_switches = [s for s in triggered(compiled, first) if s.success < 1.0]
    if len(open_switches) > ENUMERATED or (2 ** len(open_switches)) * (len(first.failed) + 1) > WORK:
        return _sampled(compiled, roots, space, rule), True
    outcomes = list(islice(_branches(compiled, roots, {}, 1.0, space, rule), 2**ENUMERATED + 1))
    if len(outcomes) > 2**ENUMERATED:  # failed switches triggered too many others
        return _sampled(compiled, roots, space, rule), True
    return outcomes, False


def _branches(
    compiled: CompiledGraph, forced: tuple[int, ...], decided: Mapping[int, Switch | None], probability: float, space: Workspace,
    rule: Literal["product", "worst"],
) -> Iterator[Outcome]:  # fmt: skip
    """Decide the first open switch either way, and go on: a failed switch (None) lasts and may trigger others."""
    live = triggered(compiled, outage(compiled, np.asarray(forced), space, rule))
    decided = {**{s.group: s for s in live if s.success >= 1.0}, **decided}
    waiting = next((s for s in live if s.group not in decided), None)
    if waiting is None:
        yield Outcome(probability, forced, tuple(s for s in live if decided[s.group] is not None))
        return
    yield from _branches(compiled, forced, {**decided, waiting.group: waiting}, probability * waiting.success, space, rule)
    if waiting.success < 1.0:
        rest = probability * (1.0 - waiting.success)
        yield from _branches(compiled, (*forced, waiting.dependent), {**decided, waiting.group: None}, rest, space, rule)


def _sampled(
    compiled: CompiledGraph, roots: tuple[int, ...], space: Workspace, rule: Literal["product", "worst"]
) -> list[Outcome]:
    """SAMPLES ways the switches go; draws are keyed by the forced CIs and the group, so the same question gives the same answer."""
    digest = hashlib.blake2b(np.sort(compiled.ci_id[np.asarray(roots)]).tobytes(), digest_size=8).digest()
    key = int.from_bytes(digest, "big", signed=True)
    outcomes = []
    for sample in range(SAMPLES):
        look()
        forced, decided = roots, dict[int, Switch | None]()
        while True:
            result = outage(compiled, np.asarray(forced), space, rule)
            waiting = [s for s in triggered(compiled, result) if s.group not in decided]
            if not waiting:
                break
            for switch in waiting:
                works = draw(key, sample, switch.key) < switch.success
                decided[switch.group] = switch if works else None
                forced = forced if works else (*forced, switch.dependent)
        standing = tuple(s for s in triggered(compiled, result) if decided[s.group] is not None)
        outcomes.append(Outcome(1.0 / SAMPLES, forced, standing))
    return outcomes


def _tell(
    compiled: CompiledGraph, one: Outcome, duration: float, times: Array, rule: Literal["product", "worst"], space: Workspace,
    stories: dict[int, ServiceStory], likeliest: bool,
) -> None:  # fmt: skip
    """Add one outcome, weighted, to the stories of the services it touches."""
    cuts = sorted({0.0, duration, *(s.hours for s in one.interrupted if s.hours > 0)})
    shares: dict[int, list[Stretch]] = {}
    for start, end in pairwise(cuts):
        down = [*(one.forced if start < duration else ()), *(s.dependent for s in one.interrupted if s.hours > start)]
        if not down:
            continue
        state = outage(compiled, np.asarray(down), space, rule)
        for number in state.services_down.tolist():
            rest = float(compiled.flat.rest_capability[int(compiled.service_position[number])])
            shares.setdefault(number, []).append((start, end, rest, 0.0))
        for number, capability in zip(state.services_degraded.tolist(), state.service_capability.tolist(), strict=True):
            rest = float(compiled.flat.rest_capability[int(compiled.service_position[number])])
            shares.setdefault(number, []).append((start, end, rest - capability, capability))
    for number, stretches in shares.items():
        story = stories.get(number)
        if story is None:
            story = stories[number] = ServiceStory(number, money_at=np.zeros(len(times)), money=0.0)
        _add(compiled, story, stretches, one.probability, times, likeliest)


def service_curve(compiled: CompiledGraph, service: int) -> LossCurve | None:
    """The service's loss curve: its own, or linear by money per hour; None where money is unknown."""
    low, high = int(compiled.curve_ptr[service]), int(compiled.curve_ptr[service + 1])
    if high > low:
        return LossCurve(compiled.curve_hours[low:high], compiled.curve_loss[low:high])
    money = float(compiled.money_per_hour[service])
    return None if np.isnan(money) else LossCurve.linear(money)


def _add(
    compiled: CompiledGraph, story: ServiceStory, stretches: Sequence[Stretch], weight: float, times: Array, likeliest: bool
) -> None:
    curve = service_curve(compiled, story.service)
    if curve is None:
        story.money = np.nan
        story.money_at[:] = np.nan
    mbco = float(compiled.mbco_share[story.service])
    mtpd, rto = float(compiled.mtpd_hours[story.service]), float(compiled.rto_hours[story.service])
    began, before, out_from, out_to, stopped = 0.0, -1.0, 0.0, -1.0, False
    for start, end, share, left in stretches:
        if start != before:
            began = start  # the service was back in between: its clock starts anew
        before = end
        if likeliest:
            story.lost_share = max(story.lost_share, share)
        if left <= 0.0 or (not np.isnan(mbco) and left < mbco):
            out_from = start if start != out_to else out_from
            out_to = end
            stopped = stopped or left <= 0.0
            story.hours_down += weight * (end - start)
            if end - out_from > mtpd:
                story.mtpd_breached_at = min(story.mtpd_breached_at, out_from + mtpd)
            if end - out_from > rto:
                story.rto_breached_at = min(story.rto_breached_at, out_from + rto)
        if curve is not None:
            paid = weight * share * (curve.at(end - began) - curve.at(start - began))
            story.money += paid
            for index, moment in enumerate(times.tolist()):
                if moment >= end:
                    story.money_at[index] += paid
                elif moment > start:
                    story.money_at[index] += weight * share * (curve.at(moment - began) - curve.at(start - began))
    story.p_down += weight if stopped else 0.0
