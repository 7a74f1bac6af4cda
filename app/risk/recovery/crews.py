"""Recovery with crews and shared restore capacity (model 1.11): an interval, as the best order is NP-hard to find.

A restoration takes one place of the pool that its CI names while it lasts; a CI that names none, or takes no time, waits for
nobody. Lower bound: the time without crews, and for each pool the work that every way of restoring the service needs, by places.
Upper bound: a list schedule, which starts what waits for a place of a pool in order of what still lies behind it, longest first.
N CIs, D of them down, G groups, P pools, S services.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import CompiledGraph, Flat
from app.risk.graph.time_heap import drop_top, push
from app.risk.jit import Array, Bools, Floats, Int32s, inner, kernel
from app.risk.recovery.restore_times import Plan, Restoration, back_when_needs_are, known, prepare, restore_plan

MOST_CELLS = 10_000_000  # of a table of services and pools


class Crews(NamedTuple):
    """The pool of each CI, and how many restorations each pool works at once."""

    pool: Int32s  # int32[N], -1: it waits for no crew
    places: Int32s  # int32[P]


class Queues(NamedTuple):
    """CIs that wait for a place: of each pool a heap, the one with most behind it on top."""

    start: Int32s  # int32[P+1] where the heap of a pool begins
    size: Int32s  # int32[P]
    free: Int32s  # int32[P]
    waiting: Int32s  # int32[chosen CIs with a pool]
    rank: Floats  # float64[N]
    called: Int32s  # int32[P] pools to look at, and how many in calls[0]
    is_called: Bools  # bool[P]
    calls: Int32s  # int32[1]


@inner
def _before(queues: Queues, u: int, v: int) -> bool:
    return queues.rank[u] > queues.rank[v] or (queues.rank[u] == queues.rank[v] and u < v)


@inner
def _call(queues: Queues, p: int) -> None:
    if not queues.is_called[p]:
        queues.is_called[p] = True
        queues.called[queues.calls[0]] = p
        queues.calls[0] += 1


@inner
def _enqueue(queues: Queues, p: int, v: int) -> None:
    base, at = queues.start[p], queues.size[p]
    while at > 0:
        above = (at - 1) // 2
        if not _before(queues, v, queues.waiting[base + above]):
            break
        queues.waiting[base + at] = queues.waiting[base + above]
        at = above
    queues.waiting[base + at] = v
    queues.size[p] += 1
    _call(queues, p)


@inner
def _dequeue(queues: Queues, p: int) -> int:
    base = queues.start[p]
    first = queues.waiting[base]
    queues.size[p] -= 1
    size = queues.size[p]
    item = queues.waiting[base + size]
    at = 0
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and _before(queues, queues.waiting[base + below + 1], queues.waiting[base + below]):
            below += 1
        if not _before(queues, queues.waiting[base + below], item):
            break
        queues.waiting[base + at] = queues.waiting[base + below]
        at = below
    queues.waiting[base + at] = item
    return int(first)


@inner
def _takes_place(crews: Crews, hours: Floats, v: int) -> bool:
    return crews.pool[v] >= 0 and known(hours, v) > 0.0


@inner
def _ready(plan: Plan, queues: Queues, crews: Crews, hours: Floats, size: int, v: int, time: float) -> int:
    """All needs of v are back at `time`: it starts, or waits for a place. The new size of the heap of those that run."""
    plan.waits[v] = -2
    if _takes_place(crews, hours, v):
        _enqueue(queues, crews.pool[v], v)
        return size
    return push(plan.heap_time, plan.heap_ci, size, time + known(hours, v), v)


@kernel
def list_schedule(
    flat: Flat, plan: Plan, hours: Floats, down: Int32s, chosen: Bools, pool: Int32s, places: Int32s, rank: Floats
) -> tuple[Array, bool]:
    """(finish, circle): float64[N] hours until each chosen CI of `down` (by component) has started again when all work by a list
    schedule, infinite for the others; whether start-up circles were forced up, one CI after another.

    chosen bool[N] CIs that are restored, with each all its needs and enough members of its groups. pool int32[N] (-1 none),
    places int32[P], rank float64[N] what is started first, largest first.

    Example by hand (C29): five CIs of 3, 3, 2, 2 and 2 hours, one pool of two places, longest first: 3 | 3, 2 + 2 | 2: 7 hours.
    """
    prepare(flat, plan, down)
    crews = Crews(pool, places)
    finish = np.full(len(rank), np.inf)
    pools = len(places)
    start = np.zeros(pools + 1, np.int32)
    for i in range(len(down)):
        if chosen[down[i]] and _takes_place(crews, hours, down[i]):
            start[pool[down[i]] + 1] += 1
    for p in range(pools):
        start[p + 1] += start[p]
    queues = Queues(
        start, np.zeros(pools, np.int32), places.copy(), np.empty(start[pools], np.int32), rank, np.empty(pools, np.int32),
        np.zeros(pools, np.bool_), np.zeros(1, np.int32),
    )  # fmt: skip
    forced = np.zeros(len(rank), np.bool_)
    size, circle, now, unfinished = 0, False, 0.0, 0
    for i in range(len(down)):
        if plan.waits[down[i]] == 0 and chosen[down[i]]:
            size = _ready(plan, queues, crews, hours, size, down[i], 0.0)
    while True:
        for i in range(queues.calls[0]):
            p = queues.called[i]
            queues.is_called[p] = False
            while queues.free[p] > 0 and queues.size[p] > 0:
                v = _dequeue(queues, p)
                queues.free[p] -= 1
                size = push(plan.heap_time, plan.heap_ci, size, now + known(hours, v), v)
        queues.calls[0] = 0
        if size == 0:
            # nothing runs and nothing waits for a place: what is left lies on a circle or behind one
            while unfinished < len(down) and (plan.waits[down[unfinished]] == -2 or not chosen[down[unfinished]]):
                unfinished += 1
            if unfinished == len(down):
                break
            circle = True
            part = flat.component[down[unfinished]]
            together = 0.0
            end = unfinished
            while end < len(down) and flat.component[down[end]] == part:
                if plan.waits[down[end]] != -2 and chosen[down[end]]:
                    together += known(hours, down[end])
                end += 1
            for i in range(unfinished, end):
                v = down[i]
                if plan.waits[v] != -2 and chosen[v]:
                    plan.waits[v] = -2
                    forced[v] = True
                    size = push(plan.heap_time, plan.heap_ci, size, now + together, v)
        now = plan.heap_time[0]
        while size > 0 and plan.heap_time[0] == now:
            u = plan.heap_ci[0]
            size = drop_top(plan.heap_time, plan.heap_ci, size)
            finish[u] = now
            if not forced[u] and _takes_place(crews, hours, u):
                queues.free[pool[u]] += 1
                _call(queues, pool[u])
            for e in range(flat.forward_ptr[u], flat.forward_ptr[u + 1]):
                v = flat.forward[e]
                if plan.waits[v] > 0:
                    plan.waits[v] -= 1
                    if plan.waits[v] == 0 and chosen[v]:
                        size = _ready(plan, queues, crews, hours, size, v, now)
            for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
                g = flat.joined[e]
                v = flat.group_dependent[g]
                if plan.waits[v] <= 0 or plan.lacking[g] <= 0:
                    continue
                plan.lacking[g] -= 1
                if plan.lacking[g] == 0:
                    plan.waits[v] -= 1
                    if plan.waits[v] == 0 and chosen[v]:
                        size = _ready(plan, queues, crews, hours, size, v, now)
    for i in range(len(down)):
        plan.waits[down[i]] = -1
    return finish, circle


@kernel
def needed_for(flat: Flat, turn: Int32s, group_turn: Int32s, target: Int32s) -> Array:
    """bool[N]: what is restored for the targets, of each group those that were back first, as many as are lacking.

    turn int32[N] (-1: not down) and group_turn int32[G] are those of `restore`.

    Example by hand: S needs one of a (back first), b and c: S and a.
    """
    chosen = np.zeros(len(turn), np.bool_)
    stack = np.empty(len(turn), np.int32)
    top = 0
    for i in range(len(target)):
        if turn[target[i]] >= 0 and not chosen[target[i]]:
            chosen[target[i]] = True
            stack[top] = target[i]
            top += 1
    while top > 0:
        top -= 1
        v = stack[top]
        for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
            u = flat.reverse[e]
            if turn[u] >= 0 and not chosen[u]:
                chosen[u] = True
                stack[top] = u
                top += 1
        for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
            for e in range(flat.member_ptr[g], flat.member_ptr[g + 1]):
                u = flat.member[e]
                if 0 <= turn[u] <= group_turn[g] and not chosen[u]:
                    chosen[u] = True
                    stack[top] = u
                    top += 1
    return chosen


@kernel
def hours_behind(flat: Flat, hours: Floats, chosen: Bools) -> Array:
    """float64[N]: the longest chain of chosen CIs from each chosen one on to what waits for it, its own hours with it.

    Example by hand (C28): Stor 3 + 2 + 1 + .5, DB 3.5, VM 2, App 1.5, S .5.
    """
    behind = np.zeros(len(hours))
    for v in range(len(hours) - 1, -1, -1):
        if not chosen[v]:
            continue
        longest = 0.0
        for e in range(flat.forward_ptr[v], flat.forward_ptr[v + 1]):
            longest = max(longest, behind[flat.forward[e]])
        for e in range(flat.joined_ptr[v], flat.joined_ptr[v + 1]):
            longest = max(longest, behind[flat.group_dependent[flat.joined[e]]])
        behind[v] = known(hours, v) + longest
    return behind


class Schedule(NamedTuple):
    """A way to restore the targets with the crews there are."""

    back: Array  # float64[N] hours until each is back, infinite for what is not restored
    circle: bool  # start-up circles were forced up


def crew_schedule(
    compiled: CompiledGraph,
    hours: Array,
    times: Restoration,
    plan: Plan,
    crews: Crews,
    target: Array,
    starting: Flat | None = None,
) -> Schedule:
    """Return a list schedule for the targets (int32 positions), longest first; `times` and `plan` are those of the
    `restoration` of the same CIs without crews.

    Example by hand (C29): 7 hours, where 6 is the best: 3 + 3 | 2 + 2 + 2.
    """
    turn = np.full(len(compiled), -1, np.int32)
    turn[times.down] = times.turn
    chosen = needed_for(compiled.flat, turn, plan.group_turn, np.asarray(target, np.int32))
    rank = hours_behind(compiled.flat, hours, chosen)
    flat = starting or compiled.flat
    down = times.down if starting is None else times.down[np.argsort(starting.component[times.down], kind="stable")]
    started, circle = list_schedule(flat, restore_plan(compiled), hours, down, chosen, crews.pool, crews.places, rank)
    if starting is None:
        return Schedule(started, circle)
    was_down = np.zeros(len(compiled))
    was_down[times.down] = started[times.down]
    back, _, _ = back_when_needs_are(compiled.flat, was_down)
    return Schedule(np.where(turn >= 0, back, np.inf), circle)


def work_hours(ci: Array, service: Array, hours: Array, crews: Crews, services: int) -> Array:
    """Return float64[S]: the hours in which the busiest pool can do what every way of restoring a service needs of it.

    ci and service are the pairs of a CI and a service that stops without it; a pool without places is left out.

    Example by hand (C29): 3 + 3 + 2 + 2 + 2 hours by two places: 6.
    """
    longest = np.zeros(services)
    pool = crews.pool[ci]
    of = np.flatnonzero((pool >= 0) & (np.nan_to_num(hours[ci]) > 0.0))
    if not len(of):
        return longest
    pools = len(crews.places)
    pair, at = service[of].astype(np.int64) * pools + pool[of], hours[ci[of]]
    if services * pools <= MOST_CELLS:
        work = np.bincount(pair, weights=at, minlength=services * pools).reshape(services, pools) / crews.places
        return np.asarray(work.max(axis=1))
    cell, where = np.unique(pair, return_inverse=True)
    np.maximum.at(longest, cell // pools, np.bincount(where, weights=at) / crews.places[cell % pools])
    return longest
