"""When each CI that is down now is back, over a timeline whose outages have ends of their own or take their hours of work.

As in `recovery.restore_times`, a CI starts once its needs are up; here it may also be out until a given hour, wait for the active
members of a group whose switch failed, or need what never comes back. N CIs, D down, H waits behind failed switches.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import AT_REST_DOWN, Flat
from app.risk.graph.time_heap import drop_top, push
from app.risk.jit import Array, Floats, Int32s, inner, kernel
from app.risk.jit.borrowed import borrowed

UP, QUEUED, NEVER = -1, -2, -3  # in `Plan.waits`; from 0 on the needs that a CI waits for


class Plan(NamedTuple):
    """Workspace and answer; only the places of CIs that are down and of their groups are written."""

    finish: Floats  # float64[N] hour at which the CI is back
    begun: Floats  # float64[N] hour at which its own work begins
    circle: Floats  # float64[N] hours of the start-up circle that it comes back with, 0: of none
    last: Int32s  # int32[N] the need that came back last, -1 none
    waits: Int32s  # int32[N]
    fixed: Floats  # float64[N] hour at which its own outage ends, NaN: after its hours of work
    hours: Floats  # float64[N] hours of work, NaN unknown: counts as 0
    lacking: Int32s  # int32[G]
    group_time: Floats  # float64[G]
    heap_time: Floats  # float64[N]
    heap_ci: Int32s  # int32[N]


def plan_of(flat: Flat) -> Plan:
    """Return a workspace for an estate.

    Example by hand: 5 CIs and a group give 5 places of finish and 1 of group_time.
    """
    count, groups = len(flat.flags), len(flat.group_needed)
    return Plan(
        np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(count, np.int32), np.full(count, UP, np.int32),
        np.zeros(count), np.zeros(count), np.zeros(groups, np.int32), np.zeros(groups), np.zeros(count), np.zeros(count,
        np.int32), )  # fmt: skip


@inner
def _enter(plan: Plan, size: int, v: int) -> int:
    """Nothing holds v back any more: it enters the heap with the hour at which it is back. The heap's new size."""
    plan.waits[v] = QUEUED
    plan.begun[v] = plan.finish[v]
    if not np.isnan(plan.fixed[v]):
        return push(plan.heap_time, plan.heap_ci, size, max(plan.fixed[v], plan.finish[v]), v)
    return push(plan.heap_time, plan.heap_ci, size, plan.finish[v] + (0.0 if np.isnan(plan.hours[v]) else plan.hours[v]), v)


@inner
def _satisfied(waits: Int32s, last: Int32s, finish: Floats, v: int, u: int, time: float) -> bool:
    """One need of v is back, by u at `time`; whether nothing holds v back any more. A call costs by the arrays it is given."""
    if waits[v] <= 0:
        return False
    if last[v] < 0 or time >= finish[v]:
        last[v], finish[v] = u, max(time, finish[v])
    waits[v] -= 1
    return waits[v] == 0  # type: ignore[no-any-return]


@inner
def _prepare(flat: Flat, plan: Plan, now: float, down: Int32s, never: Int32s, held_by: Int32s, held: Int32s) -> None:
    for i in range(len(never)):
        plan.waits[never[i]] = NEVER
    for i in range(len(down)):
        plan.waits[down[i]] = 0
    for i in range(len(down)):
        v = down[i]
        plan.last[v], plan.finish[v], plan.begun[v], plan.circle[v] = -1, now, now, 0.0
        for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
            if plan.waits[flat.reverse[e]] != UP:
                plan.waits[v] += 1
        for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
            plan.group_time[g] = now
            lacking = flat.group_needed[g]
            for e in range(flat.member_ptr[g], flat.member_ptr[g + 1]):
                u = flat.member[e]
                if plan.waits[u] == UP and not flat.flags[u] & AT_REST_DOWN:
                    lacking -= 1
            plan.lacking[g] = lacking
            if lacking > 0:
                plan.waits[v] += 1
    for i in range(len(held)):
        if plan.waits[held_by[i]] != UP and plan.waits[held[i]] >= 0:
            plan.waits[held[i]] += 1


@inner
def _finish(flat: Flat, plan: Plan, size: int, held_by: Int32s, held: Int32s) -> int:
    """Take what is queued off the heap in order of time, and let in what waited for it; the heap is empty then."""
    while size > 0:
        time, u = plan.heap_time[0], plan.heap_ci[0]
        size = drop_top(plan.heap_time, plan.heap_ci, size)
        plan.finish[u] = time
        for e in range(flat.forward_ptr[u], flat.forward_ptr[u + 1]):
            if _satisfied(plan.waits, plan.last, plan.finish, flat.forward[e], u, time):
                size = _enter(plan, size, flat.forward[e])
        for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
            g = flat.joined[e]
            v = flat.group_dependent[g]
            if plan.waits[v] <= 0 or plan.lacking[g] <= 0:
                continue
            plan.lacking[g] -= 1
            plan.group_time[g] = max(plan.group_time[g], time)
            if plan.lacking[g] == 0 and _satisfied(plan.waits, plan.last, plan.finish, v, u, plan.group_time[g]):
                size = _enter(plan, size, v)
        at = np.searchsorted(held_by, u) if len(held) else 0
        while at < len(held) and held_by[at] == u:
            if _satisfied(plan.waits, plan.last, plan.finish, held[at], u, time):
                size = _enter(plan, size, held[at])
            at += 1
    return size


@inner
def _waits_outside(flat: Flat, plan: Plan, v: int, part: int) -> bool:
    """Whether v waits for a CI of another component that is not back yet."""
    for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
        u = flat.reverse[e]
        if flat.component[u] != part and plan.waits[u] >= 0:
            return True
    for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
        if plan.lacking[g] > 0:
            for e in range(flat.member_ptr[g], flat.member_ptr[g + 1]):
                u = flat.member[e]
                if flat.component[u] != part and plan.waits[u] >= 0:
                    return True
    return False


@inner
def _force_circles(flat: Flat, plan: Plan, left: Int32s, held_by: Int32s, held: Int32s) -> int:
    """Of the CIs that are left (ascending), bring back every circle that waits for nothing outside of it: its members one after
    another, each back when all are. The heap's new size."""
    size = 0
    outside = np.zeros(len(left), np.bool_)
    for i in range(len(held)):
        apart = flat.component[held[i]] != flat.component[held_by[i]]
        if apart and plan.waits[held[i]] >= 0 and plan.waits[held_by[i]] >= 0:
            outside[np.searchsorted(left, held[i])] = True
    first = 0
    ends = np.empty(len(left), np.int64)  # of circles that are sources: found before any is queued
    sources = 0
    while first < len(left):
        part, end, source = flat.component[left[first]], first, True
        while end < len(left) and flat.component[left[end]] == part:
            source = source and not outside[end] and not _waits_outside(flat, plan, left[end], part)
            end += 1
        if source:
            ends[sources] = end
            sources += 1
        first = end
    for k in range(sources):
        end = ends[k]
        part = flat.component[left[end - 1]]
        start, together = 0.0, 0.0
        i = end - 1
        while i >= 0 and flat.component[left[i]] == part:
            v = left[i]
            start = max(start, plan.finish[v])
            for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
                if plan.lacking[g] > 0:  # members outside of the circle that came back, and do not suffice
                    start = max(start, plan.group_time[g])
            if not np.isnan(plan.fixed[v]):
                start = max(start, plan.fixed[v])
            elif not np.isnan(plan.hours[v]):
                together += plan.hours[v]
            i -= 1
        for j in range(i + 1, end):
            v = left[j]
            plan.waits[v], plan.begun[v], plan.circle[v] = QUEUED, start, together
            size = push(plan.heap_time, plan.heap_ci, size, start + together, v)
    return size


@kernel
def come_back(
    flat: Flat, plan: Plan, now: float, down: Int32s, never: Int32s, fixed: Floats, hours: Floats, held_by: Int32s, held: Int32s
) -> tuple[Array, Array, Array, Array]:
    """Return of the CIs of `down` (ascending) when each is back, when its work begins, the hours of its start-up circle and the
    need that it waited for last.

    `never`: CIs that are down and stay so, closed under what fails with them. fixed, hours: float64[D], of `down`. held_by[i] is
    down and must be back before held[i] (sorted by held_by). Circles that cannot be started from nothing get an upper bound.
    """
    flat, plan = borrowed(flat), borrowed(plan)
    _prepare(flat, plan, now, down, never, held_by, held)
    for i in range(len(down)):
        plan.fixed[down[i]], plan.hours[down[i]] = fixed[i], hours[i]
    size = 0
    for i in range(len(down)):
        if plan.waits[down[i]] == 0:
            size = _enter(plan, size, down[i])
    left = down.copy()
    while True:
        _finish(flat, plan, size, held_by, held)
        count = 0
        for i in range(len(left)):
            if plan.waits[left[i]] >= 0:
                left[count] = left[i]
                count += 1
        left = left[:count].copy()
        if count == 0:
            break
        size = _force_circles(flat, plan, left, held_by, held)
    finish, begun, circle, last = np.empty(len(down)), np.empty(len(down)), np.empty(len(down)), np.empty(len(down), np.int32)
    for i in range(len(down)):
        v = down[i]
        finish[i], begun[i], circle[i], last[i] = plan.finish[v], plan.begun[v], plan.circle[v], plan.last[v]
        plan.waits[v] = UP
    for i in range(len(never)):
        plan.waits[never[i]] = UP
    return finish, begun, circle, last
