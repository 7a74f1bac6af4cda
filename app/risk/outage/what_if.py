"""An outage of a set of CIs for a duration: what each service loses over time (model 1.10), failovers by expected value over
their outcomes.

The forced CIs are down from 0 to d. How failovers go is the rule of `failover_outcomes`: a switch that works interrupts its
dependent for the failover time in full; one that fails leaves it down until d. All outcomes are gone through while there are at
most 2^10 of them; beyond it they are sampled with draws keyed by the forced CIs, and the answer says `simulated`. The states
between two breakpoints come from the same engine as any failed set.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np

from app.risk.graph.compiled import SERVES, CompiledGraph, Flat
from app.risk.graph.ragged import spans
from app.risk.jit import Array, Int32s, Int64, inner, kernel
from app.risk.jit.borrowed import borrowed
from app.risk.jit.clock import look
from app.risk.measures.loss import LossCurve
from app.risk.outage.capability import degrade
from app.risk.outage.failing import Marks, fail
from app.risk.outage.failover import Failovers, failovers_of
from app.risk.outage.failover_outcomes import (
    ENUMERATED,
    FAILS,
    OUTCOME,
    ROOM,
    SIZE,
    SWITCHED,
    TOO_MANY,
    begin_walk,
    new_switches,
    next_outcome,
    rewind,
    sample_outcome,
)
from app.risk.outage.increments import no_log
from app.risk.outage.propagation import RULES, Outage, Workspace, outage, workspace

SAMPLES = 128
WORK = 20_000_000  # failed CIs all enumerated outcomes together may touch; beyond it they are sampled


Rule = Literal["product", "worst"]  # how capabilities combine
Stretch = tuple[float, float, float, float]  # from, to (hours), share lost against the state at rest, capability left


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way the switches go: its probability, what is down until d, and the dependents that are interrupted, with the hours of
    each."""

    probability: float
    forced: tuple[int, ...]
    interrupted: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class _Question:
    """How long the outage lasts (hours), and the times at which the money lost so far is wanted."""

    compiled: CompiledGraph
    duration: float
    times: Array
    rule: Rule
    space: Workspace


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
    """`lasting`: the state until d in the likeliest outcome; `at_hours` the times of `money_at`; `end_hours`: when all is
    back."""

    lasting: Outage
    stories: Sequence[ServiceStory]  # by service number
    switches: int
    outcomes: int
    simulated: bool
    at_hours: Array
    end_hours: float
    money_error: float  # standard error of the known money where outcomes were sampled, else 0


def what_if(
    compiled: CompiledGraph, down_positions: Array | Sequence[int], duration_hours: float, at_hours: Sequence[float] = (),
    rule: Rule = "product",
    space: Workspace | None = None,
) -> WhatIf:  # fmt: skip
    """Loss over time of an outage of `down_positions` for `duration_hours` (> 0); money is asked at `at_hours` and at the end.

    Example by hand: S hard on a, 100 a hour; a down for 2 h: down 2 h, money 200, 100 after 1 h. With a group of a and b (1
    needed, failover 0.5 h, success .9) instead: .9 * 50 + .1 * 200 = 65.
    """
    space = space or workspace(compiled)
    roots = tuple(np.unique(np.asarray(down_positions, np.int64)).tolist())
    outcomes, simulated = _outcomes(compiled, roots, space, rule)
    longest = max((hours for one in outcomes for _, hours in one.interrupted), default=0.0)
    end = max(float(duration_hours), longest)
    times = np.unique(np.asarray([*at_hours, end], dtype=np.float64))
    question = _Question(compiled, float(duration_hours), times, rule, space)
    stories: dict[int, ServiceStory] = {}
    likeliest = max(outcomes, key=lambda one: one.probability)
    paid = []
    for one in outcomes:
        look()
        before = _known_money(stories)
        _live_through(question, one, stories, one is likeliest)
        paid.append((_known_money(stories) - before) / one.probability)
    lasting = outage(compiled, np.asarray(likeliest.forced), space, rule)
    return WhatIf(
        lasting,
        [stories[number] for number in sorted(stories)],
        max((len(o.interrupted) + len(o.forced) - len(roots) for o in outcomes), default=0),
        len(outcomes),
        simulated,
        times,
        end,
        float(np.std(paid, ddof=1) / np.sqrt(len(paid))) if simulated else 0.0,
    )


def _known_money(stories: Mapping[int, ServiceStory]) -> float:
    return float(sum(story.money for story in stories.values() if not np.isnan(story.money)))


def interruptible(compiled: CompiledGraph, result: Outage, failovers: Failovers, space: Workspace | None = None) -> Array:
    """Dependents of the groups that switch in an outage (int32, by group): each is interrupted, or down where the switch fails.
    `failovers`: those of the whole estate, which many outages share.

    Example by hand: S needs 1 of a and b in that order, failover given: a down makes S switch, b down does not.
    """
    if not failovers.switches[_joined(compiled, result.failed)].any():
        return np.zeros(0, np.int32)
    groups = _triggered(compiled.flat, failovers, (space or workspace(compiled)).work, result.down)
    return np.asarray(compiled.flat.group_dependent[groups])


def _joined(compiled: CompiledGraph, positions: Array) -> Array:
    """Groups that these CIs are members of."""
    flat = compiled.flat
    first = flat.joined_ptr[positions]
    return np.asarray(flat.joined[spans(first, flat.joined_ptr[positions + 1] - first)])


@kernel
def _triggered(flat: Flat, failovers: Failovers, work: Marks, roots: Int32s) -> Array:
    """The groups that the outage of `roots` makes switch, ascending."""
    flat, failovers, work = borrowed(flat), borrowed(failovers), borrowed(work)
    groups = np.empty(len(failovers.switches), np.int32)
    asked = np.zeros(len(groups), np.bool_)
    return np.sort(groups[: new_switches(flat, failovers, work, 0, fail(flat, work, roots), asked, groups, 0, 0)])


def _all_failovers(compiled: CompiledGraph, first: Outage, space: Workspace, rule: Rule) -> Failovers:
    """Every failover that some outcome of an outage may ask: those of the groups that lose a member when all of their switches
    fail."""
    result, known = first, 0
    while True:
        failovers = failovers_of(compiled, _joined(compiled, result.failed))
        groups = np.flatnonzero(failovers.switches)
        if len(groups) == known:
            return failovers
        known = len(groups)
        result = outage(compiled, np.concatenate([first.down, compiled.flat.group_dependent[groups]]), space, rule)


def _outcomes(compiled: CompiledGraph, roots: tuple[int, ...], space: Workspace, rule: Rule) -> tuple[list[Outcome], bool]:
    """The outcomes of an outage, and whether they were sampled."""
    flat, first = compiled.flat, outage(compiled, np.asarray(roots), space, rule)
    failovers = _all_failovers(compiled, first, space, rule)
    if not failovers.switches.any():
        return [Outcome(1.0, roots, ())], False
    groups = _triggered(flat, failovers, space.work, first.down)
    undecided = int((failovers.success[groups] < 1.0).sum())
    few = undecided <= ENUMERATED and 2**undecided * (len(first.failed) + 1) <= WORK
    ways = _ways(flat, failovers, space.work, first.down, np.int64(0), 0, RULES[rule]) if few else None
    simulated = ways is None or not len(ways[0])
    if ways is None or simulated:
        ways = _ways(flat, failovers, space.work, first.down, _key(compiled, roots), SAMPLES, RULES[rule])
    probability, failing, failed, switching, switched = ways
    outcomes = []
    for k, p in enumerate(probability.tolist()):
        failed_here, switched_here = failed[failing[k] : failing[k + 1]], switched[switching[k] : switching[k + 1]]
        interrupted = zip(flat.group_dependent[switched_here].tolist(), failovers.hours[switched_here].tolist(), strict=True)
        outcomes.append(Outcome(p, (*roots, *flat.group_dependent[failed_here].tolist()), tuple(interrupted)))
    return outcomes, simulated


def _key(compiled: CompiledGraph, roots: tuple[int, ...]) -> Int64:
    """The key of the forced CIs in random streams: the same question gives the same answer."""
    digest = hashlib.blake2b(np.sort(compiled.ci_id[np.asarray(roots)]).tobytes(), digest_size=8).digest()
    return np.int64(int.from_bytes(digest, "big", signed=True))


@kernel
def _ways(
    flat: Flat, failovers: Failovers, work: Marks, roots: Int32s, key: Int64, samples: int, rule: int
) -> tuple[Array, Array, Array, Array, Array]:
    """All outcomes of the outage of `roots`, or so many samples of them: probability float64[K], groups whose switch fails
    (int64[K+1], int32) and groups whose switch works and interrupts (int64[K+1], int32). K is 0 where they are too many."""
    flat, failovers, work = borrowed(flat), borrowed(failovers), borrowed(work)
    asked = np.zeros(len(failovers.switches), np.bool_)
    groups = np.empty(len(asked), np.int32)
    tail = fail(flat, work, roots)
    low = degrade(flat, work, tail, rule, SERVES)
    count = new_switches(flat, failovers, work, 0, tail, asked, groups, 0, 0)
    room = failovers.switches.sum() + 1
    if samples == 0:
        room = min(room, count + ROOM)
    walk = begin_walk(np.sort(groups[:count]), room, tail, low, 0)
    probability, number = np.empty(max(samples, 2**ENUMERATED)), 0
    fail_ptr, switch_ptr = np.zeros(len(probability) + 1, np.int64), np.zeros(len(probability) + 1, np.int64)
    failing, switching = np.empty(64, np.int32), np.empty(64, np.int32)
    log, step = no_log(), OUTCOME
    while step == OUTCOME and (samples == 0 or number < samples):
        if samples > 0:
            log = sample_outcome(flat, failovers, work, walk, asked, key, number, log, rule, 0)
            walk.weight[0] = 1.0 / samples
        else:
            step, log = next_outcome(flat, failovers, work, walk, asked, log, rule, 0)
        if step == OUTCOME and walk.weight[0] > 0.0:
            fails, switches = fail_ptr[number], switch_ptr[number]
            failing, switching = _with_room(failing, fails + walk.now[SIZE]), _with_room(switching, switches + walk.now[SWITCHED])
            for k in range(walk.now[SIZE]):
                if walk.how[k] == FAILS:
                    failing[fails] = walk.found[k]
                    fails += 1
            for k in range(walk.now[SWITCHED]):
                switching[switches] = walk.switched[k]
                switches += 1
            probability[number], fail_ptr[number + 1], switch_ptr[number + 1] = walk.weight[0], fails, switches
            number += 1
        if samples > 0:
            rewind(flat, work, walk, asked, log)
    if step == TOO_MANY:
        number = 0
    return probability[:number], fail_ptr, failing, switch_ptr, switching


@inner
def _with_room(values: Int32s, size: int) -> Array:
    """The same values in an array that holds at least `size`."""
    if size <= len(values):
        return values
    grown = np.empty(2 * size, np.int32)
    grown[: len(values)] = values
    return grown


def _live_through(question: _Question, one: Outcome, stories: dict[int, ServiceStory], likeliest: bool) -> None:
    """Add one outcome, weighted, to the stories of the services it touches."""
    compiled, duration = question.compiled, question.duration
    cuts = sorted({0.0, duration, *(hours for _, hours in one.interrupted if hours > 0)})
    shares: dict[int, list[Stretch]] = {}
    for start, end in pairwise(cuts):
        down = [*(one.forced if start < duration else ()), *(dependent for dependent, hours in one.interrupted if hours > start)]
        if not down:
            continue
        state = outage(compiled, np.asarray(down), question.space, question.rule)
        for number in state.services_down.tolist():
            rest = float(compiled.flat.rest_capability[int(compiled.service_position[number])])
            shares.setdefault(number, []).append((start, end, rest, 0.0))
        for number, capability in zip(state.services_degraded.tolist(), state.service_capability.tolist(), strict=True):
            rest = float(compiled.flat.rest_capability[int(compiled.service_position[number])])
            shares.setdefault(number, []).append((start, end, rest - capability, capability))
    for number, stretches in shares.items():
        story = stories.get(number)
        if story is None:
            story = stories[number] = ServiceStory(number, money_at=np.zeros(len(question.times)), money=0.0)
        _add(compiled, story, stretches, one.probability, question.times, likeliest)


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
