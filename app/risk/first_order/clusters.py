"""Which services each triggered switch can touch, and which services are therefore settled together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import AT_REST_DOWN, SERVES, Flat
from app.risk.graph.dependents import all_dependents
from app.risk.jit import Array, Bools, Int32s, Int64s, inner, kernel
from app.risk.outage.failover import mix


class Reach(NamedTuple):
    """Scratch of one thread for walks over N CIs; nothing is `seen` between two walks."""

    seen: Bools  # bool[N]
    queue: Int32s  # int32[N]


@kernel
def reach_space(size: int) -> Reach:
    return Reach(np.zeros(size, np.bool_), np.zeros(size, np.int32))


@inner
def services_behind(flat: Flat, space: Reach, start: int) -> Array:
    """Numbers of the services not down at rest that anything at `start` could touch, by any need, group or soft edge."""
    space.seen[start] = True
    space.queue[0] = start
    tail = all_dependents(flat, space.queue, 1, space.seen, SERVES | AT_REST_DOWN, SERVES)
    services, count = np.empty(tail, np.int32), 0
    for k in range(tail):
        u = space.queue[k]
        space.seen[u] = False
        if flat.service_at[u] >= 0:
            services[count] = flat.service_at[u]
            count += 1
    return services[:count]


@kernel
def services_reached(flat: Flat, space: Reach, starts: Int32s, services: int) -> Array:
    """bool[S]: the services that anything at one of `starts` could touch, of so many services."""
    found = np.zeros(services, np.bool_)
    for start in starts:
        for s in services_behind(flat, space, start):
            found[s] = True
    return found


@inner
def pairs_of(flat: Flat, space: Reach, groups: Int32s) -> tuple[Array, Array]:
    """Pairs (index of a group, service) it can touch, grouped by group."""
    index, service = np.empty(64, np.int32), np.empty(64, np.int32)
    count = 0
    for k in range(len(groups)):
        for s in services_behind(flat, space, flat.group_dependent[groups[k]]):
            if count == len(index):
                a, b = np.empty(2 * count, np.int32), np.empty(2 * count, np.int32)
                a[:count] = index
                b[:count] = service
                index, service = a, b
            index[count], service[count] = k, s
            count += 1
    return index[:count], service[:count]


class Alike(NamedTuple):
    """Services by the switches that can touch them: D sets of switches, those first in which most may fail.

    Example by hand: switch 0 can touch S and T, switch 1 only T, 2 only U and V: {0, 1}: T; {0}: S; {2}: U, V.
    """

    switch_ptr: Int64s  # int64[D+1]
    switch: Int32s  # int32 indices of groups, ascending within a set
    service_ptr: Int64s  # int64[D+1]
    service: Int32s  # int32 ascending within a set
    doubtful: Int64s  # int64[D] switches of the set that may work and may fail: each doubles the ways in which they go


@inner
def alike(index: Int32s, service: Int32s, in_doubt: Bools) -> Alike:
    """From pairs grouped by group (`pairs_of`); `in_doubt`: bool of each group's index."""
    by_service = np.argsort(service, kind="mergesort")
    index, service = index[by_service], service[by_service]
    starts = (
        np.flatnonzero(np.append(np.ones(1, np.bool_), service[1:] != service[:-1])) if len(service) else np.zeros(0, np.int64)
    )
    count = len(starts)
    ends = np.append(starts[1:], np.full(1, len(service), np.int64))
    name, doubtful = np.zeros(count, np.uint64), np.zeros(count, np.int64)
    for k in range(count):
        for e in range(starts[k], ends[k]):
            name[k] += mix(np.uint64(index[e]))
            doubtful[k] += in_doubt[index[e]]
    order = np.argsort(name, kind="mergesort")
    order = order[np.argsort(-(ends - starts)[order], kind="mergesort")]
    order = order[np.argsort(-doubtful[order], kind="mergesort")]
    found = Alike(
        np.zeros(count + 1, np.int64), np.empty(len(index), np.int32), np.zeros(count + 1, np.int64), np.empty(count, np.int32),
        np.zeros(count, np.int64),
    )  # fmt: skip
    sets, filled, before = 0, 0, 0
    for place in range(count):
        k = order[place]
        size = ends[k] - starts[k]
        if (
            place == 0
            or size != ends[before] - starts[before]
            or (index[starts[k] : ends[k]] != index[starts[before] : ends[before]]).any()
        ):
            found.switch[filled : filled + size] = index[starts[k] : ends[k]]
            found.doubtful[sets] = doubtful[k]
            filled += size
            sets += 1
            found.switch_ptr[sets] = filled
            before = k
        found.service[place] = service[starts[k]]
        found.service_ptr[sets] = place + 1
    return Alike(
        found.switch_ptr[: sets + 1], found.switch[:filled], found.service_ptr[: sets + 1], found.service, found.doubtful[:sets]
    )


@inner
def within(sets: Alike, a: int, b: int) -> bool:
    """Whether all switches of set a are in set b."""
    e, last = sets.switch_ptr[b], sets.switch_ptr[b + 1]
    for k in range(sets.switch_ptr[a], sets.switch_ptr[a + 1]):
        while e < last and sets.switch[e] < sets.switch[k]:
            e += 1
        if e == last or sets.switch[e] != sets.switch[k]:
            return False
    return True


@inner
def taken_along(sets: Alike, d: int, done: Bools, walk: int) -> Array:
    """The sets, d first, whose services are settled in the ways that the switches of d go: those within d for which that costs
    less than ways of their own. `walk`: how many services cost as much to settle as a way costs to walk."""
    found, count = np.empty(len(done) - d, np.int64), 1
    found[0] = d
    for a in range(d + 1, len(done)):
        more = sets.doubtful[d] - sets.doubtful[a]
        services = sets.service_ptr[a + 1] - sets.service_ptr[a]
        if not done[a] and more < 32 and (services << more) <= walk + services and within(sets, a, d):
            found[count] = a
            count += 1
    return found[:count]
