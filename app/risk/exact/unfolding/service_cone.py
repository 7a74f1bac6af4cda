"""The cone of one service: the CIs whose failure can reach it, and what each of them does by itself."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import IN_CYCLE, Flat
from app.risk.graph.needs import all_needs
from app.risk.jit import Array, Bools, Floats, Int32s, Int64s, kernel


class Space(NamedTuple):
    """Workspace of one thread over N CIs, used again for every service."""

    seen: Bools  # bool[N] among the last cone
    local: Int32s  # int32[N] number within the cone
    queue: Int32s  # int32[N] the last cone
    size: Int64s  # int64[1] of the last cone


def exact_space(cis: int) -> Space:
    """A workspace for an estate of that many CIs.

    >>> len(exact_space(3).seen)
    3
    """
    return Space(np.zeros(cis, np.bool_), np.empty(cis, np.int32), np.empty(cis, np.int32), np.zeros(1, np.int64))


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
def gather(flat: Flat, q: Floats, target: int, space: Space) -> int:
    """Walk from the target through hard and supply needs and members of groups; the size of the cone, its positions in
    space.queue."""
    for i in range(space.size[0]):
        space.seen[space.queue[i]] = False
    space.queue[0] = target
    space.seen[target] = True
    space.size[0] = all_needs(flat, space.queue, 1, space.seen, False, q)
    return space.size[0]  # type: ignore[no-any-return]


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
