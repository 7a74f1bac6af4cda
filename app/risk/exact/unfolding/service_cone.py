"""The cone of one service: the CIs whose failure can reach it, and what each of them does by itself."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import AT_REST_DOWN, IN_CYCLE, Flat
from app.risk.jit import Array, Floats, Int32s, kernel


class Space(NamedTuple):
    """Workspace of one thread over N CIs, used again for every service: a mark counts only if its stamp is the current epoch."""

    epoch: Int32s  # int32[1]
    stamp: Int32s  # int32[N]
    local: Int32s  # int32[N] number within the cone
    queue: Int32s  # int32[N]


def exact_space(cis: int) -> Space:
    """A workspace for an estate of that many CIs.

    >>> len(exact_space(3).stamp)
    3
    """
    return Space(np.zeros(1, np.int32), np.zeros(cis, np.int32), np.empty(cis, np.int32), np.empty(cis, np.int32))


class Cone(NamedTuple):
    """C CIs in topological order (outside cycles), providers first; what is down for good is not among them but counts as failed.

    `edges`: needs and memberships of the cone together; `widest`: the largest number of inputs that one gate can have.
    """

    position: Int32s  # int32[C]
    event: Int32s  # int32[C] number of the event "fails by itself", -1: never does
    events: int
    unknown: int  # CIs whose unavailability is not known; counted as 0
    edges: int
    gates: int
    widest: int
    cyclic: bool


@kernel
def down_for_good(flat: Flat, q: Floats, v: int) -> bool:
    """Down at rest, or forced: q is 1."""
    return (flat.flags[v] & AT_REST_DOWN) != 0 or q[v] >= 1.0  # type: ignore[no-any-return]


@kernel
def gather(flat: Flat, q: Floats, target: int, space: Space) -> int:
    """Breadth first through hard and supply needs and members of groups; the size of the cone, its positions in space.queue."""
    if space.epoch[0] >= 2**31 - 2:
        space.stamp[:] = 0
        space.epoch[0] = 0
    space.epoch[0] += 1
    epoch = space.epoch[0]
    queue = space.queue
    queue[0] = target
    space.stamp[target] = epoch
    head = 0
    tail = 1
    while head < tail:
        v = queue[head]
        head += 1
        for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
            u = flat.reverse[e]
            if space.stamp[u] != epoch and not down_for_good(flat, q, u):
                space.stamp[u] = epoch
                queue[tail] = u
                tail += 1
        for e in range(flat.member_ptr[flat.group_ptr[v]], flat.member_ptr[flat.group_ptr[v + 1]]):
            u = flat.member[e]
            if space.stamp[u] != epoch and not down_for_good(flat, q, u):
                space.stamp[u] = epoch
                queue[tail] = u
                tail += 1
    return tail


@kernel
def describe(flat: Flat, q: Floats, position: Int32s, space: Space, event: Int32s) -> tuple[int, int, int, int, int, bool]:
    """Number the CIs of the cone and their events; events, unknown, edges, gates, widest, cyclic."""
    events = 0
    unknown = 0
    edges = 0
    gates = 0
    widest = 1
    cyclic = False
    for i in range(len(position)):
        v = position[i]
        space.local[v] = i
        event[i] = -1
        if 0.0 < q[v] < 1.0:
            event[i] = events
            events += 1
        elif np.isnan(q[v]):
            unknown += 1
        if flat.flags[v] & IN_CYCLE:
            cyclic = True
        row = flat.reverse_ptr[v + 1] - flat.reverse_ptr[v] + flat.group_ptr[v + 1] - flat.group_ptr[v] + 1
        widest = max(widest, row)
        edges += row
        gates += 1
        for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
            size = flat.member_ptr[g + 1] - flat.member_ptr[g]
            widest = max(widest, size)
            edges += size
            gates += 1
    return events, unknown, edges, gates, widest, cyclic


def cone_of_failure(flat: Flat, q: Array, target: int, space: Space) -> Cone:
    """What can bring the target down, through hard and supply needs and groups; soft needs fail nothing. q float64[N].

    Example by hand: S hard on a, a in a group over b and c, S soft on d: S, a, b, c; d is apart.
    """
    size = gather(flat, q, target, space)
    position = np.sort(space.queue[:size])
    event = np.empty(size, np.int32)
    return Cone(position, event, *describe(flat, q, position, space, event))
