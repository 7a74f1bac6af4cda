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

UP, NEVER = -1, -2  # in `Plan.place`; from 0 on the place of a CI among those that are down
QUEUED = -1  # in `Plan.waits`; from 0 on the needs that a CI waits for


class Plan(NamedTuple):
    """Workspace. What is kept of the D CIs that are down lies side by side, so that memory is read in the order in which it
    lies."""

    place: Int32s  # int32[N] only the places of CIs that are down are written
    lacking: Int32s  # int32[G]
    group_time: Floats  # float64[G]
    finish: Floats  # float64[N], the first D, as all that follow: hour at which the CI is back
    begun: Floats  # hour at which its own work begins
    circle: Floats  # hours of the start-up circle that it comes back with, 0: of none
    last: Int32s  # int32[N] the need that came back last, -1 none
    waits: Int32s  # int32[N]
    fixed: Floats  # hour at which its own outage ends, NaN: after its hours of work
    hours: Floats  # hours of work, NaN unknown: counts as 0
    heap_time: Floats
    heap_at: Int32s


def plan_of(flat: Flat) -> Plan:
    """Return a workspace for an estate.

    Example by hand: 5 CIs and a group give 5 places and 1 of group_time.
    """
    count, groups = len(flat.flags), len(flat.group_needed)
    return Plan(
        np.full(count, UP, np.int32), np.zeros(groups, np.int32), np.zeros(groups), np.empty(count), np.empty(count),
        np.empty(count), np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count), np.empty(count), np.empty(count),
        np.empty(count, np.int32),
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
def _enter(
    heap_time: Floats, heap_at: Int32s, waits: Int32s, begun: Floats, finish: Floats, size: int, i: int, back: float
) -> int:  # fmt: skip
    """Nothing holds the CI at place i back any more: it enters the heap with the hour at which it is back. The heap's new size. A
    call costs by the arrays it is given."""
    waits[i], begun[i] = QUEUED, finish[i]
    return push(heap_time, heap_at, size, back, i)


@inner
def _satisfied(waits: Int32s, last: Int32s, finish: Floats, i: int, u: int, time: float) -> bool:
    """One need of the CI at place i is back, by u at `time`; whether nothing holds it back any more. A call costs by the arrays
    it is given."""
    if waits[i] <= 0:
        return False
    if last[i] < 0 or time >= finish[i]:
        last[i], finish[i] = u, max(time, finish[i])
    waits[i] -= 1
    return waits[i] == 0  # type: ignore[no-any-return]


@inner
def _prepare(
    flat: Flat, plan: Plan, now: float, positions: Int32s, never: Int32s, held_by: Int32s, held: Int32s
) -> None:  # fmt: skip
    for i in range(len(never)):
        plan.place[never[i]] = NEVER
    for i in range(len(positions)):
        plan.place[positions[i]] = i
    for i in range(len(positions)):
        v = positions[i]
        waits = 0
        for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
            if plan.place[flat.reverse[e]] != UP:
                waits += 1
        for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
            plan.group_time[g] = now
            lacking = flat.group_needed[g]
            for e in range(flat.member_ptr[g], flat.member_ptr[g + 1]):
                u = flat.member[e]
                if plan.place[u] == UP and not flat.flags[u] & AT_REST_DOWN:
                    lacking -= 1
            plan.lacking[g] = lacking
            if lacking > 0:
                waits += 1
        plan.last[i], plan.finish[i], plan.begun[i], plan.circle[i], plan.waits[i] = -1, now, now, 0.0, waits
    for i in range(len(held)):
        if plan.place[held_by[i]] != UP and plan.place[held[i]] >= 0:
            plan.waits[plan.place[held[i]]] += 1


@inner
def _finish(flat: Flat, plan: Plan, positions: Int32s, size: int, held_by: Int32s, held: Int32s) -> int:
    """Take what is queued off the heap in order of time, and let in what waited for it; the heap is empty then."""
    place, waits, last, finish, begun = plan.place, plan.waits, plan.last, plan.finish, plan.begun
    fixed, hours, heap_time, heap_at = plan.fixed, plan.hours, plan.heap_time, plan.heap_at
    while size > 0:
        time, at_u = plan.heap_time[0], plan.heap_at[0]
        size = drop_top(plan.heap_time, plan.heap_at, size)
        plan.finish[at_u] = time
        u = positions[at_u]
        for e in range(flat.forward_ptr[u], flat.forward_ptr[u + 1]):
            i = place[flat.forward[e]]
            if i >= 0 and _satisfied(waits, last, finish, i, u, time):
                back = _back_at(finish[i], fixed[i], hours[i])
                size = _enter(heap_time, heap_at, waits, begun, finish, size, i, back)
        for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
            g = flat.joined[e]
            i = place[flat.group_dependent[g]]
            if i < 0 or plan.waits[i] <= 0 or plan.lacking[g] <= 0:
                continue
            plan.lacking[g] -= 1
            plan.group_time[g] = max(plan.group_time[g], time)
            if plan.lacking[g] == 0 and _satisfied(waits, last, finish, i, u, plan.group_time[g]):
                back = _back_at(finish[i], fixed[i], hours[i])
                size = _enter(heap_time, heap_at, waits, begun, finish, size, i, back)
        at = np.searchsorted(held_by, u) if len(held) else 0
        while at < len(held) and held_by[at] == u:
            i = place[held[at]]
            if i >= 0 and _satisfied(waits, last, finish, i, u, time):
                back = _back_at(finish[i], fixed[i], hours[i])
                size = _enter(heap_time, heap_at, waits, begun, finish, size, i, back)
            at += 1
    return size


@inner
def _is_out(plan: Plan, u: int) -> bool:
    """Whether u is down and not back yet, nor on its way."""
    i = plan.place[u]
    return i >= 0 and plan.waits[i] >= 0  # type: ignore[no-any-return]


@inner
def _waits_outside(flat: Flat, plan: Plan, v: int, part: int) -> bool:
    """Whether v waits for a CI of another component that is not back yet."""
    for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
        u = flat.reverse[e]
        if flat.component[u] != part and _is_out(plan, u):
            return True
    for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
        if plan.lacking[g] > 0:
            for e in range(flat.member_ptr[g], flat.member_ptr[g + 1]):
                u = flat.member[e]
                if flat.component[u] != part and _is_out(plan, u):
                    return True
    return False


@inner
def _force_circles(flat: Flat, plan: Plan, positions: Int32s, left: Int32s, held_by: Int32s, held: Int32s) -> int:
    """Of the CIs that are left (places, ascending), bring back every circle that waits for nothing outside of it: its members one
    after another, each back when all are. The heap's new size."""
    size = 0
    outside = np.zeros(len(left), np.bool_)
    for i in range(len(held)):
        apart = flat.component[held[i]] != flat.component[held_by[i]]
        if apart and _is_out(plan, held[i]) and _is_out(plan, held_by[i]):
            outside[np.searchsorted(left, plan.place[held[i]])] = True
    first = 0
    ends = np.empty(len(left), np.int64)  # of circles that are sources: found before any is queued
    sources = 0
    while first < len(left):
        part, end, source = flat.component[positions[left[first]]], first, True
        while end < len(left) and flat.component[positions[left[end]]] == part:
            source = source and not outside[end] and not _waits_outside(flat, plan, positions[left[end]], part)
            end += 1
        if source:
            ends[sources] = end
            sources += 1
        first = end
    for k in range(sources):
        end = ends[k]
        part = flat.component[positions[left[end - 1]]]
        start, together = 0.0, 0.0
        i = end - 1
        while i >= 0 and flat.component[positions[left[i]]] == part:
            at = left[i]
            v = positions[at]
            start = max(start, plan.finish[at])
            for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
                if plan.lacking[g] > 0:  # members outside of the circle that came back, and do not suffice
                    start = max(start, plan.group_time[g])
            if not np.isnan(plan.fixed[at]):
                start = max(start, plan.fixed[at])
            elif not np.isnan(plan.hours[at]):
                together += plan.hours[at]
            i -= 1
        for j in range(i + 1, end):
            at = left[j]
            plan.waits[at], plan.begun[at], plan.circle[at] = QUEUED, start, together
            size = push(plan.heap_time, plan.heap_at, size, start + together, at)
    return size


@kernel
def come_back(
    flat: Flat, plan: Plan, now: float, positions: Int32s, never: Int32s, fixed: Floats, hours: Floats, held_by: Int32s,
    held: Int32s
) -> tuple[Array, Array, Array, Array]:  # fmt: skip
    """Return of the CIs at `positions` (ascending), which are down, when each is back, when its work begins, the hours of its
    start-up circle and the need that it waited for last.

    `never`: CIs that are down and stay so, closed under what fails with them. fixed, hours: float64[D], of `positions`.
    held_by[i] is down and must be back before held[i] (sorted by held_by). Circles that cannot be started from nothing get an
    upper bound.
    """
    flat, plan = borrowed(flat), borrowed(plan)
    count = len(positions)
    plan.fixed[:count], plan.hours[:count] = fixed, hours
    _prepare(flat, plan, now, positions, never, held_by, held)
    size = 0
    for i in range(count):
        if plan.waits[i] == 0:
            back = _back_at(plan.finish[i], plan.fixed[i], plan.hours[i])
            size = _enter(plan.heap_time, plan.heap_at, plan.waits, plan.begun, plan.finish, size, i, back)
    left = np.arange(count).astype(np.int32)
    while True:
        _finish(flat, plan, positions, size, held_by, held)
        count = 0
        for i in range(len(left)):
            if plan.waits[left[i]] >= 0:
                left[count] = left[i]
                count += 1
        left = left[:count].copy()
        if count == 0:
            break
        size = _force_circles(flat, plan, positions, left, held_by, held)
    for i in range(len(positions)):
        plan.place[positions[i]] = UP
    for i in range(len(never)):
        plan.place[never[i]] = UP
    count = len(positions)
    return plan.finish[:count].copy(), plan.begun[:count].copy(), plan.circle[:count].copy(), plan.last[:count].copy()
