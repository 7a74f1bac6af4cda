"""When each CI that is down now is back, over a timeline whose outages have ends of their own or take their hours of work.

As in `recovery.restore_times`, a CI starts once its needs are up; here it may also be out until a given hour, wait for the active
members of a group whose switch failed, or need what never comes back. Providers come before their dependents, so one walk in the
order of the graph knows every hour; only inside a cycle CIs are taken by the hour at which they are back.
N CIs, D down, H waits behind failed switches.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import AT_REST_DOWN, IN_CYCLE, Flat
from app.risk.graph.ready_queue import ReadyQueue, ready_queue
from app.risk.graph.ready_queue import pop as take
from app.risk.graph.ready_queue import push as make_ready
from app.risk.graph.time_heap import drop_top, push
from app.risk.jit import Array, Floats, Int32s, inner, kernel
from app.risk.jit.borrowed import borrowed

UP, OPEN = -np.inf, np.inf  # in `Plan.hour`; OPEN: never back, or not known yet
OUTSIDE, EXPECTED = -1, -2  # in `Plan.place`; from 0 on the place of a CI whose cycle is being settled
QUEUED = -1  # in `Plan.waits`; from 0 on the needs that a CI of a cycle waits for


class Plan(NamedTuple):
    """Workspace. Between two calls all but what is down at rest is UP and OUTSIDE; what follows is of the cycle that is being
    settled."""

    hour: Floats  # float64[N] hour at which a CI is back
    place: Int32s  # int32[N]; EXPECTED: an outside member of a group whose hour lies in the heap
    waits: Int32s  # int32[N]
    lacking: Int32s  # int32[G] members that must come back
    group_time: Floats  # float64[G] hour of the latest that did
    heap_time: Floats  # float64[N]
    heap_at: Int32s  # int32[N] positions
    ready: ReadyQueue  # those that are back at the hour at hand


def plan_of(flat: Flat) -> Plan:
    """Return a workspace for an estate.

    Example by hand: 5 CIs and a group give 5 hours and 1 of group_time.
    """
    count, groups = len(flat.flags), len(flat.group_needed)
    return Plan(
        np.where(flat.flags & AT_REST_DOWN != 0, OPEN, UP), np.full(count, OUTSIDE, np.int32), np.zeros(count, np.int32),
        np.zeros(groups, np.int32), np.zeros(groups), np.empty(count), np.empty(count, np.int32), ready_queue(count),
    )  # fmt: skip


@inner
def _back_at(begun: float, fixed: float, hours: float) -> float:
    """When a CI is back whose work begins at `begun`.

    Example by hand: out until 4, begun at 1: 4; 2 hours of work from 1 on: 3.
    """
    if not np.isnan(fixed):
        return max(fixed, begun)
    return begun + (0.0 if np.isnan(hours) else hours)


@inner
def _lacking(hour: Floats, member: Int32s, first: int, last: int, needed: int) -> int:
    """How many of the members first..last-1 must come back."""
    for e in range(first, last):
        if hour[member[e]] == UP:
            needed -= 1
    return needed


@inner
def _enough(hour: Floats, member: Int32s, first: int, last: int, lacking: int) -> float:
    """The hour at which `lacking` (> 0) of the members first..last-1 that are down are back, OPEN where that is not known."""
    before = UP
    while True:
        time, at_once = OPEN, 0
        for e in range(first, last):
            t = hour[member[e]]
            if before < t < time:
                time, at_once = t, 1
            elif t == time:
                at_once += 1
        lacking -= at_once
        if lacking <= 0 or time == OPEN:
            return time
        before = time


@inner
def _waited(
    reverse_ptr: Int32s, reverse: Int32s, group_ptr: Int32s, member_ptr: Int32s, member: Int32s, needed: Int32s, hour: Floats,
    now: float, v: int, held_by: Int32s, held: Int32s, first: int,
) -> tuple[float, int]:  # fmt: skip
    """The hour at which the last known need of v is back, and whose it is: of equally late ones the first in the order of the
    graph; -1: it waits for none. held[first:] begins with the waits of v. A call costs by the arrays it is given."""
    latest, last = now, -1
    for e in range(reverse_ptr[v], reverse_ptr[v + 1]):
        u = reverse[e]
        t = hour[u]
        if latest <= t < OPEN and (t > latest or last < 0 or u < last):
            latest, last = t, u
    for g in range(group_ptr[v], group_ptr[v + 1]):
        lacking = _lacking(hour, member, member_ptr[g], member_ptr[g + 1], needed[g])
        if lacking > 0:
            t = _enough(hour, member, member_ptr[g], member_ptr[g + 1], lacking)
            if latest <= t < OPEN:
                for e in range(member_ptr[g], member_ptr[g + 1]):
                    u = member[e]
                    if hour[u] == t and (t > latest or last < 0 or u < last):
                        latest, last = t, u
    while first < len(held) and held[first] == v:
        u = held_by[first]
        t = hour[u]
        if latest <= t < OPEN and (t > latest or last < 0 or u < last):
            latest, last = t, u
        first += 1
    return latest, last


@inner
def _let_in(
    flat: Flat, plan: Plan, now: float, v: int, size: int, current: float, fixed: Floats, hours: Floats, held_by: Int32s,
    held: Int32s, begun: Floats, last: Int32s,
) -> int:  # fmt: skip
    """Nothing holds v, of a cycle, back any more: it is queued by the hour at which it is back. The heap's new size."""
    i = plan.place[v]
    plan.waits[v] = QUEUED
    begun[i], last[i] = _waited(
        flat.reverse_ptr, flat.reverse, flat.group_ptr, flat.member_ptr, flat.member, flat.group_needed, plan.hour, now, v,
        held_by, held, int(np.searchsorted(held, v)),
    )  # fmt: skip
    back = _back_at(begun[i], fixed[i], hours[i])
    if back == current:
        make_ready(plan.ready, v)
        return size
    return push(plan.heap_time, plan.heap_at, size, back, v)


@inner
def _open_needs(flat: Flat, plan: Plan, now: float, v: int, size: int) -> int:
    """Count what v, of a cycle, waits for inside of it; outside members of its groups are expected by their hour. The heap's new
    size."""
    waits = 0
    for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
        if plan.place[flat.reverse[e]] >= 0:
            waits += 1
    for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
        first, end = flat.member_ptr[g], flat.member_ptr[g + 1]
        plan.group_time[g] = now
        plan.lacking[g] = _lacking(plan.hour, flat.member, first, end, flat.group_needed[g])
        if plan.lacking[g] > 0:
            waits += 1
            for e in range(first, end):
                u = flat.member[e]
                if plan.place[u] == OUTSIDE and UP < plan.hour[u] < OPEN:
                    plan.place[u] = EXPECTED
                    size = push(plan.heap_time, plan.heap_at, size, plan.hour[u], u)
    plan.waits[v] = waits
    return size


@inner
def _force(
    flat: Flat, plan: Plan, now: float, positions: Int32s, first: int, end: int, fixed: Floats, hours: Floats, held_by: Int32s,
    held: Int32s, finish: Floats, begun: Floats, circle: Floats, last: Int32s,
) -> None:  # fmt: skip
    """Those of a cycle that wait for each other come back one after another, each back when all are."""
    start, together = now, 0.0
    for i in range(end - 1, first - 1, -1):
        v = positions[i]
        if plan.waits[v] == QUEUED:
            continue
        latest, last[i] = _waited(
            flat.reverse_ptr, flat.reverse, flat.group_ptr, flat.member_ptr, flat.member, flat.group_needed, plan.hour, now, v,
            held_by, held, int(np.searchsorted(held, v)),
        )  # fmt: skip
        start = max(start, latest)
        for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
            if plan.lacking[g] > 0:  # members that came back, and do not suffice
                start = max(start, plan.group_time[g])
        if not np.isnan(fixed[i]):
            start = max(start, fixed[i])
        elif not np.isnan(hours[i]):
            together += hours[i]
    for i in range(first, end):
        if plan.waits[positions[i]] != QUEUED:
            finish[i], begun[i], circle[i] = start + together, start, together
            plan.hour[positions[i]] = start + together


@inner
def _settle(
    flat: Flat, plan: Plan, now: float, positions: Int32s, first: int, end: int, fixed: Floats, hours: Floats, held_by: Int32s,
    held: Int32s, finish: Floats, begun: Floats, circle: Floats, last: Int32s,
) -> None:  # fmt: skip
    """The CIs at positions[first:end], the part of a cycle that is down, in order of the hours at which they are back, of equal
    ones in the order of the graph."""
    size = 0
    low, high = np.searchsorted(held, positions[first]), np.searchsorted(held, positions[end - 1], side="right")
    by = np.argsort(held_by[low:high], kind="mergesort")
    holder, holds = held_by[low:high][by], held[low:high][by]
    for i in range(first, end):
        plan.place[positions[i]], plan.hour[positions[i]] = i, OPEN
    for i in range(first, end):
        size = _open_needs(flat, plan, now, positions[i], size)
    for k in range(len(holder)):
        if plan.place[holder[k]] >= 0:
            plan.waits[holds[k]] += 1
    for i in range(first, end):
        if plan.waits[positions[i]] == 0:
            size = _let_in(flat, plan, now, positions[i], size, UP, fixed, hours, held_by, held, begun, last)
    while size > 0:
        time = plan.heap_time[0]
        while size > 0 and plan.heap_time[0] == time:
            make_ready(plan.ready, plan.heap_at[0])
            size = drop_top(plan.heap_time, plan.heap_at, size)
        while True:
            u = take(plan.ready)
            if u < 0:
                break
            inside = plan.place[u] >= 0
            if inside:
                plan.hour[u] = finish[plan.place[u]] = time
                for e in range(flat.forward_ptr[u], flat.forward_ptr[u + 1]):
                    v = flat.forward[e]
                    if plan.place[v] >= 0 and plan.waits[v] > 0:
                        plan.waits[v] -= 1
                        if plan.waits[v] == 0:
                            size = _let_in(flat, plan, now, v, size, time, fixed, hours, held_by, held, begun, last)
            else:
                plan.place[u] = OUTSIDE
            for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
                g = flat.joined[e]
                v = flat.group_dependent[g]
                if plan.place[v] < 0 or plan.waits[v] <= 0 or plan.lacking[g] <= 0:
                    continue
                plan.lacking[g] -= 1
                plan.group_time[g] = time
                if plan.lacking[g] == 0:
                    plan.waits[v] -= 1
                    if plan.waits[v] == 0:
                        size = _let_in(flat, plan, now, v, size, time, fixed, hours, held_by, held, begun, last)
            if inside:
                k = int(np.searchsorted(holder, u))
                while k < len(holder) and holder[k] == u:
                    v = holds[k]
                    if plan.waits[v] > 0:
                        plan.waits[v] -= 1
                        if plan.waits[v] == 0:
                            size = _let_in(flat, plan, now, v, size, time, fixed, hours, held_by, held, begun, last)
                    k += 1
    _force(flat, plan, now, positions, first, end, fixed, hours, held_by, held, finish, begun, circle, last)
    for i in range(first, end):
        plan.place[positions[i]] = OUTSIDE


@kernel
def come_back(
    flat: Flat, plan: Plan, now: float, positions: Int32s, never: Int32s, fixed: Floats, hours: Floats, held_by: Int32s,
    held: Int32s
) -> tuple[Array, Array, Array, Array]:  # fmt: skip
    """Return of the CIs at `positions` (ascending), which are down, when each is back, when its work begins, the hours of its
    start-up circle and the need that it waited for last: of equally late ones the first in the order of the graph (in a cycle,
    of those that were back before it).

    `never`: CIs that are down and stay so, closed under what fails with them. fixed: hour at which its own outage ends, NaN:
    after its hours of work; hours: float64[D], of `positions`, NaN unknown: counts as 0. held_by[i] is down and must be back
    before held[i] (sorted by held). Circles that cannot be started from nothing get an upper bound.
    """
    flat, plan, held_by, held = borrowed(flat), borrowed(plan), borrowed(held_by), borrowed(held)
    count = len(positions)
    finish, begun, circle, last = np.empty(count), np.empty(count), np.zeros(count), np.full(count, -1).astype(np.int32)
    hour = plan.hour
    hour[never] = OPEN
    i, wait = 0, 0
    while i < count:
        v = positions[i]
        if flat.flags[v] & IN_CYCLE:
            end = i + 1
            while end < count and flat.component[positions[end]] == flat.component[v]:
                end += 1
            _settle(flat, plan, now, positions, i, end, fixed, hours, held_by, held, finish, begun, circle, last)
            i = end
            continue
        while wait < len(held) and held[wait] < v:
            wait += 1
        begun[i], last[i] = _waited(
            flat.reverse_ptr, flat.reverse, flat.group_ptr, flat.member_ptr, flat.member, flat.group_needed, hour, now, v,
            held_by, held, wait,
        )  # fmt: skip
        finish[i] = hour[v] = _back_at(begun[i], fixed[i], hours[i])
        i += 1
    hour[positions], hour[never] = UP, UP
    return finish, begun, circle, last
