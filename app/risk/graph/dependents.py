"""The one walk over dependents: what leans on a set of CIs in any way, over needs of every kind and memberships, whatever
redundancy there is.

An upper bound of any outage of them, and the answer to "who could miss them?". N CIs, S services.
"""

from __future__ import annotations

import numpy as np

from app.risk.graph.compiled import CompiledGraph, Flat
from app.risk.jit import Array, Bools, Int32s, kernel


@kernel
def all_dependents(flat: Flat, queue: Int32s, tail: int, seen: Bools, mask: int, wanted: int) -> int:
    """Extend queue[:tail], breadth first, by all that leans on its CIs and that is not `seen` (which is added to); the new tail.

    Only CIs whose flags under `mask` are `wanted` are walked to (0 and 0: all). `queue` has room for every CI.
    """
    head = 0
    while head < tail:
        u = queue[head]
        head += 1
        for e in range(flat.forward_ptr[u], flat.forward_ptr[u + 1]):
            v = flat.forward[e]
            if not seen[v] and flat.flags[v] & mask == wanted:
                seen[v] = True
                queue[tail] = v
                tail += 1
        for e in range(flat.soft_forward_ptr[u], flat.soft_forward_ptr[u + 1]):
            v = flat.soft_forward[e]
            if not seen[v] and flat.flags[v] & mask == wanted:
                seen[v] = True
                queue[tail] = v
                tail += 1
        for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
            v = flat.group_dependent[flat.joined[e]]
            if not seen[v] and flat.flags[v] & mask == wanted:
                seen[v] = True
                queue[tail] = v
                tail += 1
    return tail


def dependents_of(compiled: CompiledGraph, positions: Array, mask: int = 0, wanted: int = 0) -> Array:
    """int32 positions, ascending, of all CIs that lean on `positions` directly or not, these among them. `mask` and `wanted` as
    above.

    Example by hand: A hard on B, B a member of a group of C: above B are A, B and C, though the group may live without B.
    """
    starts = np.unique(np.asarray(positions, dtype=np.int32))
    seen = np.zeros(len(compiled), np.bool_)
    queue = np.empty(len(compiled), np.int32)
    queue[: len(starts)] = starts
    seen[starts] = True
    return np.sort(queue[: all_dependents(compiled.flat, queue, len(starts), seen, mask, wanted)])


def dependent_services(compiled: CompiledGraph, positions: Array) -> Array:
    """Numbers, ascending, of the services among `dependents_of`."""
    numbers = compiled.flat.service_at[dependents_of(compiled, positions)]
    return np.sort(numbers[numbers >= 0])
