"""Which services each triggered switch can touch, and which switches must therefore be looked at together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import AT_REST_DOWN, SERVES, Flat
from app.risk.graph.dependents import all_dependents
from app.risk.jit import Array, Bools, Int32s, Int64, Int64s, inner, kernel


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
def root_of(parent: Int64s, k: Int64) -> Int64:
    """The smallest member of the set that k belongs to (union-find with path halving)."""
    while parent[k] != k:
        parent[k] = parent[parent[k]]
        k = parent[k]
    return k


@inner
def pairs_of(flat: Flat, space: Reach, groups: Int32s) -> tuple[Array, Array, Array]:
    """Pairs (index of a group, service) it can touch, grouped by group, and the cluster of each group (its smallest index)."""
    size = len(groups)
    parent = np.arange(size)
    first = {np.int64(-1): np.int64(-1)}  # service -> the first group that touches it
    index, service = np.empty(64, np.int32), np.empty(64, np.int32)
    count = 0
    for k in range(size):
        behind = services_behind(flat, space, flat.group_dependent[groups[k]])
        for s in behind:
            if count == len(index):
                a, b = np.empty(2 * count, np.int32), np.empty(2 * count, np.int32)
                a[:count] = index
                b[:count] = service
                index, service = a, b
            index[count], service[count] = k, s
            count += 1
            if np.int64(s) in first:
                a_root, b_root = root_of(parent, first[np.int64(s)]), root_of(parent, k)
                if a_root < b_root:
                    parent[b_root] = a_root
                elif b_root < a_root:
                    parent[a_root] = b_root
            else:
                first[np.int64(s)] = np.int64(k)
    for k in range(size):
        parent[k] = root_of(parent, k)
    return index[:count], service[:count], parent
