"""Cold start (model 1.3): what comes up when everything is down and a CI starts only once its needs are up; and who waits for
whom in a circle.

Greatest fixpoint of failure of the healthy estate. Bootstrap traps: CIs that run in the running state and cannot be started from
nothing, by no failure of their own. Soft needs hold nothing back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.risk.graph.compiled import AT_REST_DOWN, CompiledGraph, Flat
from app.risk.jit import Array, kernel


@dataclass(frozen=True, slots=True)
class ColdStart:
    """T traps by position, ascending. `circle`: the trap lies on a circle of needs itself; the others only wait for one that
    does."""

    trap: Array  # int32[T]
    circle: Array  # bool[T]
    component: Array  # int32[T] number of the strongly connected component, the same for those that need each other


@kernel
def _started(flat: Flat) -> Array:
    """bool[N]: comes up from nothing. A work list over needs that are up: hard and supply needs counted down, groups counted
    up."""
    size = len(flat.flags)
    missing = np.zeros(size, np.int64)  # hard and supply needs, and groups, not satisfied yet
    lacking = np.empty(len(flat.group_needed), np.int64)
    up = np.zeros(size, np.bool_)
    queue = np.empty(size, np.int32)
    tail = 0
    for v in range(size):
        missing[v] = flat.reverse_ptr[v + 1] - flat.reverse_ptr[v]
        for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
            lacking[g] = flat.group_needed[g]
            if lacking[g] > 0:
                missing[v] += 1
        if missing[v] == 0 and not flat.flags[v] & AT_REST_DOWN:
            up[v] = True
            queue[tail] = v
            tail += 1
    head = 0
    while head < tail:
        u = queue[head]
        head += 1
        for e in range(flat.forward_ptr[u], flat.forward_ptr[u + 1]):
            v = flat.forward[e]
            missing[v] -= 1
            if missing[v] == 0 and not flat.flags[v] & AT_REST_DOWN:
                up[v] = True
                queue[tail] = v
                tail += 1
        for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
            g = flat.joined[e]
            lacking[g] -= 1
            if lacking[g] == 0:
                v = flat.group_dependent[g]
                missing[v] -= 1
                if missing[v] == 0 and not flat.flags[v] & AT_REST_DOWN:
                    up[v] = True
                    queue[tail] = v
                    tail += 1
    return up


def cold_start(compiled: CompiledGraph, starting: Flat | None = None) -> ColdStart:
    """Exact, O(N + E + M). `starting`: the needs that each CI waits for to start, where they are fewer than all.

    Example by hand: A hard on B and B hard on A, S hard on A: all three run, none can be started; A and B are the circle, S waits
    for it.
    """
    flat = starting or compiled.flat
    trap = np.flatnonzero(~_started(flat) & ((flat.flags & AT_REST_DOWN) == 0)).astype(np.int32)
    component = flat.component[trap]
    size = np.bincount(component, minlength=1)
    return ColdStart(trap, np.asarray(size[component] > 1), component)
