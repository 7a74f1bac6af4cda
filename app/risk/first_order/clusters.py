"""Which services each triggered switch can touch, and which switches must therefore be looked at together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import SERVES, Flat
from app.risk.jit import Array, Int32s, Int64, Int64s, inner, kernel
from app.risk.outage.failing import ALWAYS, Marks


class Reach(NamedTuple):
    """Scratch of one thread: `seen` int64[N] holds the number of the walk that was there last."""

    seen: Int64s  # int64[N]
    queue: Int32s  # int32[N]
    walk: Int64s  # int64[1]


@kernel
def reach_space(size: int) -> Reach:
    return Reach(np.zeros(size, np.int64), np.zeros(size, np.int32), np.zeros(1, np.int64))


@inner
def services_behind(flat: Flat, work: Marks, space: Reach, start: int) -> Array:
    """Numbers of the services not down at rest that anything at `start` could touch, by any need, group or soft edge."""
    space.walk[0] += 1
    walk = space.walk[0]
    space.seen[start] = walk
    space.queue[0] = start
    head, tail, count = 0, 1, 0
    services = np.empty(16, np.int32)
    while head < tail:
        u = space.queue[head]
        head += 1
        if flat.service_at[u] >= 0:
            if count == len(services):
                grown = np.empty(2 * count, np.int32)
                grown[:count] = services
                services = grown
            services[count] = flat.service_at[u]
            count += 1
        for e in range(flat.forward_ptr[u], flat.forward_ptr[u + 1]):
            v = flat.forward[e]
            if space.seen[v] != walk and work.stamp[v] != ALWAYS and flat.flags[v] & SERVES:
                space.seen[v] = walk
                space.queue[tail] = v
                tail += 1
        for e in range(flat.soft_forward_ptr[u], flat.soft_forward_ptr[u + 1]):
            v = flat.soft_forward[e]
            if space.seen[v] != walk and work.stamp[v] != ALWAYS and flat.flags[v] & SERVES:
                space.seen[v] = walk
                space.queue[tail] = v
                tail += 1
        for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
            v = flat.group_dependent[flat.joined[e]]
            if space.seen[v] != walk and work.stamp[v] != ALWAYS and flat.flags[v] & SERVES:
                space.seen[v] = walk
                space.queue[tail] = v
                tail += 1
    return services[:count]


@inner
def root_of(parent: Int64s, k: Int64) -> Int64:
    """Union-find with halving."""
    while parent[k] != k:
        parent[k] = parent[parent[k]]
        k = parent[k]
    return k


@inner
def pairs_of(flat: Flat, work: Marks, space: Reach, groups: Int32s) -> tuple[Array, Array, Array]:
    """Pairs (index of a group, service) it can touch, grouped by group, and the cluster of each group (its smallest index)."""
    size = len(groups)
    parent = np.arange(size)
    first = {np.int64(-1): np.int64(-1)}  # service -> the first group that touches it
    index, service = np.empty(64, np.int32), np.empty(64, np.int32)
    count = 0
    for k in range(size):
        behind = services_behind(flat, work, space, flat.group_dependent[groups[k]])
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
