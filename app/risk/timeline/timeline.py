"""What-if over time (model 1.10): steps at given hours fail, degrade and restore CIs, stop failovers from working or change
groups; between two steps what is down only comes back. Every state is an exact fixpoint; failovers go by the rule of
`failover_outcomes`.

A single outage with a given duration is the case of one step (`one_outage`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from app.risk.graph.compiled import CompiledGraph, Flat
from app.risk.graph.places import places_among
from app.risk.graph.ragged import among, ascending, holds
from app.risk.jit import Array, Int64
from app.risk.jit.clock import look
from app.risk.outage.failing import fail
from app.risk.outage.failover_outcomes import ENUMERATED, FAILS, MOOT
from app.risk.outage.propagation import RULES, Workspace, workspace
from app.risk.outage.what_if import SAMPLES, WORK, all_failovers, outage_key
from app.risk.timeline.between_steps import (
    NONE,
    Held,
    OneEstate,
    Standing,
    active_members,
    apply_act,
    held_by_marks,
    moved,
    positions_of_ids,
    with_blocked,
    with_levels,
)
from app.risk.timeline.come_back import Plan, come_back, plan_of
from app.risk.timeline.narrowed import narrowed
from app.risk.timeline.parts import NO_FAILS, Asked, Ends, Fails, Parts, Shares, parts_of, play_apart
from app.risk.timeline.played import DEGRADED, DOWN, INTERRUPTED, RECOVERING, Moments, Outcome, Returns, Stretch, Timeline
from app.risk.timeline.question import Block, Degrade, Fail, Question, Step
from app.risk.timeline.states import FAILURES_ONLY, Able, able_of, states
from app.risk.timeline.switching import NOT_ASKED, active_down, switched

NO_KEY = np.int64(0)
PART = 2  # CIs that are cut out in the time in which one that fell is played


def timeline(compiled: CompiledGraph, question: Question, space: Workspace | None = None, apart: bool = True) -> Timeline:
    """Play the steps of a scenario, in order of time, through every outcome of the failovers: as few plays as tell for each CI
    all ways of the switches that reach it (`parts`), else every way in which all go together, beyond 2^10 of them samples.
    `apart`: whether the former is tried.

    Example by hand: S hard on a; a down from 0 for 2 h: one outcome, S down from 0 to 2.
    """
    runner = _Runner(compiled, question, space or workspace(compiled))
    first = runner.run(NO_FAILS)
    if not first.asked:
        return _timeline([first], False)
    touched = sum(len(failed) + 1 for failed in first.lasting)
    if apart:
        played = _apart(runner, first, min(2**ENUMERATED, WORK // touched))
        if played is not None:
            return played
    return _together(runner, first, touched)


def _apart(runner: _Runner, first: Outcome, most: int) -> Timeline | None:
    """Play only what tells the sets of switches apart; None where they are too many, or the estate changes on the way."""
    parts = runner.parts(first)
    if parts is None or max((len(held) for held in parts.largest), default=0) > ENUMERATED:
        return None
    plays = play_apart(parts.largest, first, _player(runner, parts, first), most)
    if plays is None:
        return None
    if parts.ends is not None:
        plays += _to_the_end(runner, parts.ends)
    shares = Shares(parts, plays, outage_key(runner.base, runner.roots))
    if not shares.complete():
        return None
    wanted = shares.likeliest
    likeliest = next((number for number, one in enumerate(plays) if one.fails == wanted), len(plays))
    if likeliest > 0:  # what is listed of it is told of the whole estate
        plays[likeliest : likeliest + 1] = [runner.run(wanted)]
    return Timeline(plays, likeliest, False, max(one.end_hours for one in plays), shares)


def _to_the_end(runner: _Runner, ends: Ends) -> list[Outcome]:
    """The plays in which the last CI is back as late as in any, one for each way of the switches that are tangled."""
    first = runner.run(ends.alone)
    return play_apart([ends.tangled], first, lambda fails: runner.run(fails | ends.alone), 2**ENUMERATED) or [first]


def _player(runner: _Runner, parts: Parts, first: Outcome) -> Callable[[Fails], Outcome]:
    """What plays a scenario under given failures of switches: in the part that they reach, where that is less work."""
    ways = 2 ** max((len(held) for held in parts.largest), default=0)
    touched = sum(len(failed) for failed in first.lasting)
    if ways == 1 or len(parts.cone) > PART * touched * (ways - 1):
        return runner.run
    part = narrowed(runner.base, runner.question, parts.cone)
    inside = _Runner(part.compiled, part.question, workspace(part.compiled))
    return lambda fails: part.told(inside.run(part.fails(fails)), fails)


def _together(runner: _Runner, first: Outcome, touched: int) -> Timeline:
    """Play every way in which all switches go together, or samples of them."""
    outcomes = [first]
    too_much = len(first.asked) <= ENUMERATED and 2 ** len(first.asked) * touched > WORK
    while True:
        asked = outcomes[-1].asked
        works = sum(not one.fails for one in asked)
        if works > ENUMERATED or len(outcomes) > 2**ENUMERATED or too_much:
            key = outage_key(runner.base, runner.roots)
            return _timeline([runner.run(NO_FAILS, sample, key) for sample in range(SAMPLES)], True)
        last = max((place for place, one in enumerate(asked) if not one.fails), default=-1)
        if last < 0:
            return _timeline(outcomes, False)
        fails = {(one.step, one.group) for one in asked[:last] if one.fails}
        outcomes.append(runner.run(frozenset(fails | {(asked[last].step, asked[last].group)})))


def _timeline(outcomes: Sequence[Outcome], simulated: bool) -> Timeline:
    kept = [one for one in outcomes if one.probability > 0.0]
    likeliest = max(range(len(kept)), key=lambda k: kept[k].probability)
    return Timeline(kept, likeliest, simulated, max(one.end_hours for one in kept))


class _Runner:
    """Plays one question under different answers of the failovers; what does not depend on them is made once."""

    def __init__(self, compiled: CompiledGraph, question: Question, space: Workspace) -> None:
        self.question, self.rule = question, RULES[question.rule]
        self.base = compiled
        self.steps = _with_ends(question.steps)
        edited = any(step.compiled is not None for step in self.steps)
        named = _ci_ids if edited else _positions
        failing, blocked = named(compiled, self.steps, Fail), named(compiled, self.steps, Block)
        self.roots = positions_of_ids(compiled, failing) if edited else failing
        self.estates: dict[int, OneEstate] = {}
        graph = compiled
        for step in self.steps:
            graph = step.compiled if step.compiled is not None else graph
            if id(graph) not in self.estates:
                mine = space if graph is compiled else workspace(graph)
                roots = ascending(np.concatenate([failing, blocked]))
                roots = (positions_of_ids(graph, roots) if edited else roots).astype(np.int32)
                failovers, count = all_failovers(graph, roots, mine)
                held = Held(roots, int(mine.work.epoch[0]), count) if count else None
                known = np.full(len(graph.flat.group_kind), NOT_ASKED, np.int8)
                self.estates[id(graph)] = OneEstate(
                    graph,
                    mine,
                    mine.kept(Plan, partial(plan_of, graph.flat)),
                    mine.kept(Able, partial(able_of, graph.flat)),
                    failovers,
                    known,
                    held,
                )

    def parts(self, first: Outcome) -> Parts | None:
        """The sets of switches; None where groups change, or where figures that end with the time looked at would not end at one
        hour in all outcomes."""
        if len(self.estates) > 1:
            return None
        (estate,) = self.estates.values()
        roots, once = self.roots.astype(np.int32), len(self.steps) == 1
        parts = parts_of(estate.compiled.flat, estate.failovers, estate.space.work, roots, once)
        if parts is None or not first.never_restored:
            return parts
        last = self.steps[-1].at_hours
        switches = range(len(self.steps)), frozenset[int]().union(*parts.rings)
        worst = self.run(frozenset(itertools.product(*switches)))
        slow = last + float(estate.failovers.hours[estate.failovers.switches].max(initial=0.0))
        same = worst.end_hours == first.end_hours == last + self.question.hours >= slow
        return parts if same else None

    def run(self, fails: Fails, sample: int = -1, key: Int64 = NO_KEY) -> Outcome:
        """Play all steps; `fails`: the switches that fail if they may."""
        out = Outcome(probability=1.0 if sample < 0 else 1.0 / SAMPLES, fails=fails)
        state, graph = Standing(), self.base
        last = max(step.at_hours + max([0.0, *_given_hours(step)]) for step in self.steps)
        for number, step in enumerate(self.steps):
            look()
            if step.compiled is not None and step.compiled is not graph:
                state = moved(state, graph, step.compiled)
                graph = step.compiled
            estate = self.estates[id(graph)]
            following = self.steps[number + 1].at_hours if number + 1 < len(self.steps) else np.inf
            for act in step.acts:
                apply_act(estate, state, act, step.at_hours)
            failing = np.asarray(sorted(g for at, g in fails if at == number), np.int32)
            self._play(_Turn(estate, state, number, step.at_hours, following, failing, key, sample), out)
        for estate in self.estates.values():
            estate.known[:] = NOT_ASKED
        out.end_hours = max(out.end_hours, last)
        return out

    def _play(self, turn: _Turn, out: Outcome) -> None:
        """One step and all that follows from it until the next one."""
        estate, state, now = turn.estate, turn.state, turn.now
        flat = with_levels(estate.compiled.flat, state)
        failovers = with_blocked(flat, estate.failovers, state.blocked)
        roots = ascending(np.concatenate([state.own, state.restarting])).astype(np.int32)
        failed, found, how, held_groups, interrupts, weight = switched(
            flat, failovers, estate.space.work, roots, held_by_marks(estate, roots), estate.known, turn.failing,
            turn.key + np.int64(turn.number), turn.sample,
        )  # fmt: skip
        if turn.sample < 0:
            out.probability *= weight
        for g, answer in zip(found.tolist(), how.tolist(), strict=True):
            success = float(failovers.success[g])
            out.answers.append((turn.number, g, answer))
            if 0.0 < success < 1.0 and answer != MOOT and turn.sample < 0:
                fails = answer == FAILS
                out.asked.append(Asked(turn.number, g, fails, 1.0 - success if fails else success))
            estate.known[g] = answer
        for g in interrupts.tolist():
            dependent, until = int(flat.group_dependent[g]), now + float(failovers.hours[g])
            if until > now:
                state.interrupted[dependent] = max(until, state.interrupted.get(dependent, 0.0))
        out.counted += [*interrupts.tolist(), *found[how == FAILS].tolist()]
        state.asked = ascending(np.concatenate([state.asked, found])).astype(np.int32)
        self._forget(estate, state, failed)
        end = self._segment(turn, flat, failed, held_groups, out)
        out.lasting.append(self._home(estate.compiled, failed))
        out.end_hours = max(out.end_hours, end)

    @staticmethod
    def _forget(estate: OneEstate, state: Standing, down: Array) -> None:
        """Groups none of whose active members is down may be asked anew."""
        stays = active_down(estate.compiled.flat, state.asked, down)
        estate.known[state.asked[~stays]] = NOT_ASKED
        state.asked = state.asked[stays]

    def _segment(self, turn: _Turn, flat: Flat, failed: Array, held_groups: Array, out: Outcome) -> float:
        """When everything that is down now is back, the states until the next step, and what is left then."""
        estate, state, now, following = turn.estate, turn.state, turn.now, turn.following
        compiled = estate.compiled
        held = flat.group_dependent[held_groups]
        # hours of each that is down
        fixed, hours = np.full(len(failed), np.nan), np.zeros(len(failed))
        if self.question.restarts:
            hours = compiled.restart_hours[failed].astype(np.float64)
            hours[np.searchsorted(failed, state.restarting)] = state.restart
        mine = places_among(failed, state.own)
        fixed[mine], hours[mine] = state.fixed, np.where(np.isnan(state.fixed), state.hours, 0.0)
        is_own = np.zeros(len(failed), np.bool_)
        is_own[mine] = True
        # what never comes back, with all that fails with it
        never = self._never(flat, estate, state, held_groups)
        back = ~among(failed, never)
        down = failed[back]
        pairs = [
            (int(d), int(u)) for g, d in zip(held_groups.tolist(), held.tolist(), strict=True) for u in active_members(flat, g)
        ]
        pairs = sorted((d, u) for d, u in pairs if holds(down, u) and holds(down, d))
        held_of = np.asarray([d for d, _ in pairs], np.int32)
        held_by = np.asarray([u for _, u in pairs], np.int32)
        finish, begun, circle, last = come_back(
            compiled.flat, estate.plan, now, down, never, fixed[back], hours[back], held_by, held_of
        )
        started = begun.copy()
        places = np.searchsorted(down, state.working)
        here = np.flatnonzero(places < len(down))
        here = here[down[places[here]] == state.working[here]]
        started[places[here]] = state.since[here]
        end = following
        until_interrupts = [u for u in state.interrupted.values() if u > now]
        if np.isinf(end):
            end = max(now, float(finish.max(initial=now)), *until_interrupts)
            for_good = len(never) + sum(np.isinf(until) for _, until in state.levels.values())
            if for_good:
                end = max(end, now + self.question.hours)
                out.never_restored = int(for_good)
        is_held = np.zeros(len(failed), np.bool_)
        is_held[np.searchsorted(failed, held[among(held, failed)])] = True
        all_finish = np.full(len(failed), np.inf)
        all_finish[back] = finish
        lasting = is_own | is_held
        self._record(turn, flat, failed, all_finish, lasting, hours, end, out)
        if np.isinf(following) and not out.never_restored and out.moments and end > now:
            out.moments.append(Moments(np.asarray([end]), *np.zeros((2, 1), np.int64)))
        at_home = self._home(compiled, down, ascending=False)
        waited = np.where(last >= 0, self._home(compiled, np.maximum(last, 0), ascending=False), -1)
        comes = finish <= end
        out.returns.append(
            Returns(at_home[comes], finish[comes], is_own[back][comes], waited[comes], started[comes], circle[comes] > 0)
        )
        out.forced.append(self._home(compiled, failed[lasting | among(failed, state.restarting)]))
        goes_on = (started < following) & (finish > following) & ~np.isinf(following)
        state.working, state.since = down[goes_on], started[goes_on]
        self._carry(estate, state, _Left(failed, all_finish, is_own, hours, back, begun, circle, following))
        return float(end)

    @staticmethod
    def _never(flat: Flat, estate: OneEstate, state: Standing, held_groups: Array) -> Array:
        """What no end is known of, and what fails with it; a switch that failed counts while an active member is among it."""
        roots = state.own[np.isinf(state.fixed)]
        if not len(roots):
            return NONE
        held: set[int] = set()
        while True:
            count = fail(flat, estate.space.work, np.concatenate([roots, np.asarray(sorted(held), np.int32)]).astype(np.int32))
            never = np.sort(estate.space.work.queue[:count])
            waits = held_groups[active_down(flat, held_groups, never)]
            more = set(flat.group_dependent[waits].tolist())
            if more <= held:
                return never
            held |= more

    def _record(
        self, turn: _Turn, flat: Flat, failed: Array, finish: Array, lasting: Array, hours: Array, end: float, out: Outcome
    ) -> None:
        """Write the states of services from now to `end`."""
        estate, state, now = turn.estate, turn.state, turn.now
        if end <= now:
            return
        forced = lasting | (hours > 0)
        by_time = np.argsort(-finish[forced], kind="stable")  # what comes back last first
        positions, until, unrepaired = failed[forced][by_time], finish[forced][by_time], lasting[forced][by_time]
        interrupted = {p: u for p, u in state.interrupted.items() if u > now}
        inside = until[(until > now) & (until < end)][::-1]
        inside = inside[np.append(True, inside[1:] != inside[:-1])[: len(inside)]]
        cuts = ascending(np.concatenate([[now], inside, [u for u in interrupted.values() if u < end], [end]]))
        starts = cuts[:-1]
        count = len(starts)
        lowered = np.asarray(sorted(state.levels), np.int32)
        services = len(estate.compiled.service_position)

        def ask(which: Array, times: Array, rule: int) -> tuple[Array, ...]:
            live = times > now
            which, times = which[live], times[live]
            if not (times[1:] <= times[:-1]).all():
                order = np.argsort(-times, kind="stable")
                which, times = which[order], times[order]
            last = (np.searchsorted(starts, times, side="left") - 1).astype(np.int32)
            return states(flat, estate.space.work, estate.able, which.astype(np.int32), last, count, lowered, services, rule)

        everything = np.concatenate([positions, np.asarray(list(interrupted), np.int32)])
        times = np.concatenate([until, np.asarray(list(interrupted.values()), np.float64)])
        # the state of every service: forced down twice counts until the later hour
        final = ask(everything, times, self.rule)
        slow = ask(positions, until, FAILURES_ONLY) if interrupted else final
        broken = slow if unrepaired.all() else ask(positions[unrepaired], until[unrepaired], FAILURES_ONLY)
        down_until, recovering_until = broken[5], slow[5]
        counts = np.stack([final[3], final[4]])
        before = [column[-1:] for column in out.moments[-1][1:]] if out.moments else [[-1], [-1]]
        changed = (np.diff(counts, axis=1, prepend=np.asarray(before, counts.dtype)) != 0).any(axis=0)
        if changed.any():
            out.moments.append(Moments(starts[changed], *counts[:, changed]))
        self._stretches(estate.compiled, final, cuts, down_until, recovering_until, out)

    def _stretches(
        self, compiled: CompiledGraph, final: tuple[Array, ...], cuts: Array, down: Array, recovering: Array, out: Outcome
    ) -> None:  # fmt: skip
        """Turn records into stretches, and add them to those of the steps before."""
        interval, service, capability = final[0], final[1], final[2]
        order = np.lexsort((interval, service))
        count = len(cuts) - 1
        rows: dict[int, list[tuple[int, float]]] = {}
        for number, *record in zip(*(column[order].tolist() for column in (service, interval, capability)), strict=True):
            rows.setdefault(number, []).append(tuple(record))
        changed = self._other_rest(compiled)
        down_until, recovering_until = down.tolist(), recovering.tolist()
        for number in changed:
            rows.setdefault(number, [])
        for number, records in rows.items():
            here = out.stretches.setdefault(self._service(compiled, number), [])
            first = 0
            for last, level in records:
                if level > 0.0:
                    _extend(here, cuts, first, last, DEGRADED, level)
                else:
                    broken, slow = min(down_until[number], last), min(recovering_until[number], last)
                    _extend(here, cuts, first, broken, DOWN, 0.0)
                    first = max(first, broken + 1)
                    _extend(here, cuts, first, slow, RECOVERING, 0.0)
                    first = max(first, slow + 1)
                    _extend(here, cuts, first, last, INTERRUPTED, 0.0)
                first = last + 1
            if number in changed:
                _extend(here, cuts, first, count - 1, DEGRADED if changed[number] > 0 else DOWN, changed[number])

    def _other_rest(self, compiled: CompiledGraph) -> dict[int, float]:
        """Services that an edited estate leaves below the state at rest of the untouched one, with their capability."""
        if compiled is self.base:
            return {}
        rest = compiled.flat.rest_capability[compiled.service_position]
        out = {}
        for number in range(len(rest)):
            before = float(self.base.flat.rest_capability[self.base.service_position[self._service(compiled, number)]])
            if float(rest[number]) < before - 1e-12:
                out[number] = float(rest[number])
        return out

    def _home(self, compiled: CompiledGraph, positions: Array, ascending: bool = True) -> Array:
        """The positions that these CIs have in the untouched estate."""
        if compiled is self.base:
            return positions
        places = np.searchsorted(self.base.sorted_ci_id, compiled.ci_id[positions])
        there = np.asarray(self.base.sorted_position[places], np.int32)
        return np.sort(there) if ascending else there

    def _service(self, compiled: CompiledGraph, number: int) -> int:
        """The number that a service has in the untouched estate."""
        if compiled is self.base:
            return number
        position = self.base.position_of(int(compiled.ci_id[compiled.service_position[number]]))
        return int(self.base.flat.service_at[position])

    @staticmethod
    def _carry(estate: OneEstate, state: Standing, left: _Left) -> None:
        """What is still open at the next step."""
        following = left.following
        if np.isinf(following):
            return
        remaining = left.hours.copy()
        began = left.begun < following
        at_back = np.flatnonzero(left.back)
        shrinks = at_back[began]
        total = np.where(left.circle > 0, left.circle, left.hours[left.back])[began]
        open_hours = left.finish[shrinks] - following
        with np.errstate(all="ignore"):
            part = np.where(total > 0, open_hours / total, 0.0)
        remaining[shrinks] = np.where(left.circle[began] > 0, left.hours[shrinks] * part, np.maximum(open_hours, 0.0))
        stays = left.finish > following
        own_places = np.flatnonzero(left.is_own)
        keep = stays[own_places]
        state.own, state.fixed, state.hours = state.own[keep], state.fixed[keep], remaining[own_places][keep]
        slow = np.flatnonzero(stays & ~left.is_own & (left.hours > 0))
        state.restarting, state.restart = left.failed[slow], remaining[slow]
        state.interrupted = {p: u for p, u in state.interrupted.items() if u > following}
        state.levels = {p: (share, until) for p, (share, until) in state.levels.items() if until > following}
        _Runner._forget(estate, state, left.failed[stays])


@dataclass(frozen=True, slots=True)
class _Turn:
    """One step in play."""

    estate: OneEstate
    state: Standing
    number: int
    now: float
    following: float
    failing: Array
    key: Int64
    sample: int


@dataclass(frozen=True, slots=True)
class _Left:
    """What was down in a stretch and when it is back; `begun` and `circle` are of those that do come back."""

    failed: Array
    finish: Array
    is_own: Array
    hours: Array
    back: Array
    begun: Array
    circle: Array
    following: float


def _extend(here: list[Stretch], cuts: Array, first: int, last: int, state: str, capability: float) -> None:
    """Add the intervals first..last to a service's stretches; one of the same state that ends here goes on."""
    if last < first:
        return
    start, end = float(cuts[first]), float(cuts[last + 1])
    if here and here[-1].end == start and here[-1].state == state and here[-1].capability == capability:
        start = here.pop().start
    here.append(Stretch(start, end, state, capability))


def _with_ends(steps: Sequence[Step]) -> list[Step]:
    """Steps in order of time, one for each hour, and an empty one where a degradation ends."""
    by_time: dict[float, Step] = {}
    for step in sorted(steps, key=lambda step: step.at_hours):
        before = by_time.get(step.at_hours)
        acts = [*(before.acts if before else ()), *step.acts]
        graph = step.compiled if step.compiled is not None else before.compiled if before else None
        by_time[step.at_hours] = Step(step.at_hours, acts, graph)
        for act in step.acts:
            if isinstance(act, Degrade) and act.hours is not None:
                by_time.setdefault(step.at_hours + act.hours, Step(step.at_hours + act.hours))
    return [by_time[at] for at in sorted(by_time)]


def _given_hours(step: Step) -> list[float]:
    return [act.hours for act in step.acts if isinstance(act, Fail | Degrade) and act.hours is not None]


def _positions(_: CompiledGraph, steps: Sequence[Step], kind: type[Fail] | type[Block]) -> Array:
    """The CIs that acts of a kind name in any step, by position, where no step edits the estate."""
    found = [np.asarray(act.positions, np.int32) for step in steps for act in step.acts if isinstance(act, kind)]
    return ascending(np.concatenate([NONE, *found]))


def _ci_ids(compiled: CompiledGraph, steps: Sequence[Step], kind: type[Fail] | type[Block]) -> Array:
    """The CIs that acts of a kind name in any step, by ci_id. Positions are those of the estate of their step."""
    found = [np.zeros(0, np.int64)]
    graph = compiled
    for step in steps:
        graph = step.compiled if step.compiled is not None else graph
        found += [graph.ci_id[np.asarray(act.positions, np.int64)] for act in step.acts if isinstance(act, kind)]
    return ascending(np.concatenate(found))
