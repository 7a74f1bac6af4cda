"""When what is down is back (model 1.11): every CI starts once its needs are up, and takes its hours; nothing waits for a crew.

T_v = h_v + max(max T_u over hard and supply needs, needed-th smallest T_u over each group), over the CIs that are down; others
are up from the start. Soft needs hold nothing back. The rule is monotone, so the earliest finish is found as in Dijkstra's
algorithm: CIs finish in order of time, and one starts when the last need that it waits for is back. N CIs, D of them down, G
groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from app.domain.graph import SUPPLY_GROUP
from app.risk.graph.compiled import AT_REST_DOWN, GROUNDED, CompiledGraph, Flat
from app.risk.graph.time_heap import drop_top, push
from app.risk.jit import Array, Floats, Int8s, Int32s, inner, kernel

UNKNOWN_HOURS, CIRCLE = 1, 2  # bits of `unsure`
NEVER = 2**31 - 1  # a turn beyond all


class Plan(NamedTuple):
    """Workspace and answer of one restoration; only the places of the CIs that are down, and of their groups, are written."""

    finish: Floats  # float64[N] hours until the CI is back; infinite: never, 0: it was not down
    last: Int32s  # int32[N] the need that came back last, -1: it waited for none
    # int8[N] UNKNOWN_HOURS: an hour below it is not known and counts as 0; CIRCLE: an upper bound, by a start-up circle below it
    unsure: Int8s
    group_time: Floats  # float64[G] when enough members are back
    turn: Int32s  # int32[N] how many were back before it, -1: it was not down
    group_turn: Int32s  # int32[G] turn of the member with which enough were back, beyond all: they never were
    # int32[N] needs that are not back yet; -1 where the CI is not down, -2 where it has finished or has its place in the heap
    waits: Int32s
    lacking: Int32s  # int32[G] members that must come back
    ready: Floats  # float64[N]
    heap_time: Floats  # float64[N]
    heap_ci: Int32s  # int32[N]


def restore_plan(compiled: CompiledGraph) -> Plan:
    """Return a workspace for an estate, which many calls may use, one at a time.

    Example by hand: an estate of 5 CIs and a group has 5 places of finish and 1 of group_time.
    """
    count, groups = len(compiled), len(compiled.flat.group_needed)
    return Plan(
        np.zeros(count), np.full(count, -1, np.int32), np.zeros(count, np.int8), np.zeros(groups),
        np.full(count, -1, np.int32), np.zeros(groups, np.int32), np.full(count, -1, np.int32), np.zeros(groups, np.int32),
        np.zeros(count), np.zeros(count), np.zeros(count, np.int32),
    )  # fmt: skip


@inner
def known(hours: Floats, v: int) -> float:
    """The hours of a CI, 0 where nobody knows them."""
    return 0.0 if np.isnan(hours[v]) else hours[v]


@inner
def _satisfied(plan: Plan, hours: Floats, size: int, v: int, u: int, time: float) -> int:
    """One need of v is back, by u at `time`; v enters the heap with the last one. The heap's new size."""
    if plan.waits[v] < 0:
        return size
    if plan.last[v] < 0 or time >= plan.ready[v]:
        plan.ready[v], plan.last[v] = time, u
    plan.waits[v] -= 1
    if plan.waits[v] == 0:
        plan.waits[v] = -2
        return push(plan.heap_time, plan.heap_ci, size, plan.ready[v] + known(hours, v), v)
    return size


@inner
def prepare(flat: Flat, plan: Plan, down: Int32s) -> None:
    """Count what each CI that is down waits for: providers that are down, and groups with too few members up."""
    for i in range(len(down)):
        plan.waits[down[i]] = 0
    for i in range(len(down)):
        v = down[i]
        plan.last[v], plan.ready[v], plan.finish[v] = -1, 0.0, np.inf
        for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
            u = flat.reverse[e]
            if plan.waits[u] != -1 or flat.flags[u] & AT_REST_DOWN:
                plan.waits[v] += 1
        for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
            plan.group_time[g] = 0.0
            plan.group_turn[g] = NEVER
            lacking = flat.group_needed[g]
            for e in range(flat.member_ptr[g], flat.member_ptr[g + 1]):
                u = flat.member[e]
                if plan.waits[u] == -1 and not flat.flags[u] & AT_REST_DOWN:
                    lacking -= 1
            plan.lacking[g] = lacking
            if lacking > 0:
                plan.waits[v] += 1


@kernel
def restore(flat: Flat, plan: Plan, hours: Floats, down: Int32s) -> None:
    """Fill `finish`, `last`, `unsure`, `turn` and the groups' for the CIs of `down` (by component, none twice, none down at
    rest); hours float64[N], NaN counts as 0.

    Circles of needs that cannot be started from nothing get an upper bound: what they need outside first, then their members one
    after another; each counts as back when all are.
    """
    prepare(flat, plan, down)
    size, turn = 0, 0
    for i in range(len(down)):
        v = down[i]
        if plan.waits[v] == 0:
            plan.waits[v] = -2
            size = push(plan.heap_time, plan.heap_ci, size, known(hours, v), v)
    unfinished = 0  # the first place in `down` that may hold a CI which has not finished
    while True:
        while size > 0:
            time, u = plan.heap_time[0], plan.heap_ci[0]
            size = drop_top(plan.heap_time, plan.heap_ci, size)
            plan.finish[u], plan.turn[u] = time, turn
            turn += 1
            # what needs u directly
            for e in range(flat.forward_ptr[u], flat.forward_ptr[u + 1]):
                v = flat.forward[e]
                if plan.waits[v] != -1:
                    plan.unsure[v] |= plan.unsure[u]
                    size = _satisfied(plan, hours, size, v, u, time)
            # groups that u is a member of: the last one that was lacking counts as the need
            for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
                g = flat.joined[e]
                v = flat.group_dependent[g]
                if plan.waits[v] == -1 or plan.lacking[g] <= 0:
                    continue
                plan.unsure[v] |= plan.unsure[u]
                plan.lacking[g] -= 1
                plan.group_time[g] = max(plan.group_time[g], time)
                if plan.lacking[g] == 0:
                    plan.group_turn[g] = plan.turn[u]
                    size = _satisfied(plan, hours, size, v, u, plan.group_time[g])
        # whatever has not finished now lies on a circle or waits for one; the first in topological order lies on one
        while unfinished < len(down) and plan.waits[down[unfinished]] == -2:
            unfinished += 1
        if unfinished == len(down):
            break
        part = flat.component[down[unfinished]]
        start = 0.0
        together = 0.0
        end = unfinished
        while end < len(down) and flat.component[down[end]] == part:
            if plan.waits[down[end]] != -2:
                start = max(start, plan.ready[down[end]])
                together += known(hours, down[end])
                for g in range(flat.group_ptr[down[end]], flat.group_ptr[down[end] + 1]):
                    if plan.lacking[g] > 0:  # members outside of the circle that came back, and do not suffice
                        start = max(start, plan.group_time[g])
            end += 1
        # nobody says in which order they are forced up: each is back when all are
        for i in range(unfinished, end):
            v = down[i]
            if plan.waits[v] != -2:
                plan.waits[v] = -2
                plan.unsure[v] |= CIRCLE
                size = push(plan.heap_time, plan.heap_ci, size, start + together, v)
    for i in range(len(down)):
        plan.waits[down[i]] = -1


@kernel
def back_when_needs_are(flat: Flat, started: Floats) -> tuple[Array, Array, Array]:
    """(back, by, rough): float64[N] hours until a CI and all that it runs by have started, int32[N] the CI that started last of
    these (-1: none was waited for), bool[N] an upper bound.

    started float64[N] hours, 0: it was never down, infinite: it never starts. At any time what is up is the largest set of
    started CIs whose needs are in it, so the latest are taken out one by one, and with each falls what runs by it. A group that
    supplies a circle counts as lost with its first member, as the circle can't feed itself: an upper bound.

    Example by hand: A needs B and B needs A, A starts after 1 and B after 3: both are back after 3.
    """
    size = len(started)
    back = np.zeros(size)
    by = np.full(size, -1, np.int32)
    out, rough = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    spare = np.empty(len(flat.group_needed), np.int64)
    for g in range(len(flat.group_needed)):
        spare[g] = -flat.group_needed[g]
        for e in range(flat.member_ptr[g], flat.member_ptr[g + 1]):
            if not flat.flags[flat.member[e]] & AT_REST_DOWN:
                spare[g] += 1
    order = np.argsort(-started, kind="mergesort")
    stack = np.empty(size, np.int32)
    for i in range(size):
        first = order[i]
        if started[first] <= 0.0:
            break
        if out[first] or flat.flags[first] & AT_REST_DOWN:
            continue
        top = 1
        stack[0] = first
        out[first] = True
        while top > 0:
            top -= 1
            u = stack[top]
            back[u], by[u] = started[first], first
            for e in range(flat.forward_ptr[u], flat.forward_ptr[u + 1]):
                v = flat.forward[e]
                if not out[v] and not flat.flags[v] & AT_REST_DOWN:
                    out[v], rough[v] = True, rough[u]
                    stack[top] = v
                    top += 1
            for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
                g = flat.joined[e]
                spare[g] -= 1
                v = flat.group_dependent[g]
                circle = flat.group_kind[g] == SUPPLY_GROUP and flat.flags[v] & GROUNDED != 0
                if (spare[g] < 0 or circle) and not out[v] and not flat.flags[v] & AT_REST_DOWN:
                    out[v], rough[v] = True, rough[u] or circle
                    stack[top] = v
                    top += 1
    return back, by, rough


@dataclass(frozen=True, slots=True)
class Restoration:
    """Of D CIs that are down: hours until each is back, what it waited for last (position, -1 nothing), and what is unsure about
    it (bits)."""

    down: Array  # int32[D]
    finish: Array  # float64[D]
    last: Array  # int32[D]
    unsure: Array  # int8[D]
    turn: Array  # int32[D] how many were back before it

    def at(self, position: int) -> int:
        """Return the place of a position among `down`; -1 where it is not down."""
        place = int(np.searchsorted(self.down, np.int32(position)))  # of one type: else it is copied
        return place if place < len(self.down) and int(self.down[place]) == position else -1

    def path(self, position: int) -> list[int]:
        """Return positions from the first that is restored to this one, each waiting for the one before: the critical path."""
        steps: dict[int, None] = {}  # in order; CIs of a start-up circle wait for each other
        while position >= 0 and position not in steps:
            steps[position] = None
            place = self.at(position)
            position = int(self.last[place]) if place >= 0 else -1
        return list(steps)[::-1]


def restoration(
    compiled: CompiledGraph, hours: Array, down: Array, plan: Plan | None = None, starting: Flat | None = None
) -> Restoration:
    """Return when the CIs at `down` (int32, ascending) are back, each taking hours[position] (float64[N]; NaN, unknown, counts
    as 0 and is marked).

    `starting`: the needs that each waits for to start, where they are fewer than those that it runs by (`start_needs`); what has
    started is back once all that it runs by has started as well. Exact but for start-up circles, which get an upper bound and are
    marked. CIs that are down at rest are left out: they never come back.

    Example by hand (C28): Stor 3, DB and VM on it 2 and .5, App on both 1, S on App .5: S is back after 6.5 by Stor, DB, App.
    """
    plan = plan or restore_plan(compiled)
    down = np.asarray(down, np.int32)
    down = down[(compiled.flat.flags[down] & AT_REST_DOWN) == 0]
    plan.unsure[down] = np.where(np.isnan(hours[down]), UNKNOWN_HOURS, 0)
    if starting is None:
        restore(compiled.flat, plan, hours, down)
        return Restoration(down, plan.finish[down], plan.last[down], plan.unsure[down], plan.turn[down])
    restore(starting, plan, hours, down[np.argsort(starting.component[down], kind="stable")])
    started, unsure = np.zeros(len(compiled)), np.zeros(len(compiled), np.int8)
    started[down], unsure[down] = plan.finish[down], plan.unsure[down]
    back, by, rough = back_when_needs_are(compiled.flat, started)
    later = back[down] > plan.finish[down]
    unsure[down] |= np.where(later, unsure[by[down]] | np.where(rough[down], CIRCLE, 0), 0).astype(np.int8)
    last = np.where(later, by[down], plan.last[down]).astype(np.int32)
    return Restoration(down, np.maximum(back[down], plan.finish[down]), last, unsure[down], plan.turn[down])


def slack_hours(compiled: CompiledGraph, hours: Array, times: Restoration, target: int) -> dict[int, float]:
    """Return by position how much later a CI may be back without delaying `target`; CIs that it does not wait for are left out.

    The backward pass of the critical path method over what was down: a member of a group counts where it was among those waited
    for.

    Example by hand (C28): VM is back after 3.5, App starts at 5: slack 1.5; all others have none.
    """
    flat = compiled.flat
    finish = np.full(len(compiled), np.nan)
    finish[times.down] = times.finish
    latest = {target: float(finish[target])}
    queue = [(-latest[target], target)]  # what finishes last comes first: only then is it known how late it may be
    while queue:
        _, v = heappop(queue)
        start = latest[v] - float(np.nan_to_num(hours[v]))
        for u in _waited_for(flat, finish, v):
            if start < latest.get(u, np.inf):
                latest[u] = start
                heappush(queue, (-float(finish[u]), u))
    return {position: time - float(finish[position]) for position, time in latest.items()}


def _waited_for(flat: Flat, finish: Array, v: int) -> list[int]:
    """Return the needs of a CI that were down: providers, and of each group the members that came back first, as many as
    were lacking."""
    needs = [int(u) for u in flat.reverse[flat.reverse_ptr[v] : flat.reverse_ptr[v + 1]] if not np.isnan(finish[u])]
    for g in range(int(flat.group_ptr[v]), int(flat.group_ptr[v + 1])):
        members = flat.member[flat.member_ptr[g] : flat.member_ptr[g + 1]].tolist()
        fallen = [u for u in members if not np.isnan(finish[u])]
        up = sum(bool(np.isnan(finish[u]) and not flat.flags[u] & AT_REST_DOWN) for u in members)
        lacking = max(int(flat.group_needed[g]) - up, 0)
        needs += sorted(fallen, key=lambda u: (finish[u], u))[:lacking]
    return needs
