"""The one walk over dependents: what leans on a set of CIs in any way, over needs of every kind and memberships, whatever
redundancy there is.

An upper bound of any outage of them, and the answer to "who could miss them?". N CIs, S services.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.risk.graph.compiled import SERVES, CompiledGraph, Flat
from app.risk.jit import Array, Bools, Int32s, UInt64s, inner, kernel
from app.risk.jit.borrowed import borrowed


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


@inner
def _give(bits: UInt64s, seen: Bools, u: int, v: int) -> bool:
    """Whether v leans on more of the sets than was known, as it leans on u."""
    if not seen[v] or bits[u] | bits[v] == bits[v]:
        return False
    bits[v] |= bits[u]
    return True


@kernel
def _spread_sets(flat: Flat, queue: Int32s, bits: UInt64s, seen: Bools) -> None:
    """Bring to every CI of `queue` (ascending, all that leans on the sets) the sets, as bits, that it leans on."""
    flat = borrowed(flat)
    again = True
    while again:  # once around, and once more where there is a cycle: dependents come after their providers
        again = False
        for u in queue:
            for e in range(flat.forward_ptr[u], flat.forward_ptr[u + 1]):
                again |= _give(bits, seen, u, flat.forward[e]) and flat.forward[e] < u
            for e in range(flat.soft_forward_ptr[u], flat.soft_forward_ptr[u + 1]):
                again |= _give(bits, seen, u, flat.soft_forward[e]) and flat.soft_forward[e] < u
            for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
                v = flat.group_dependent[flat.joined[e]]
                again |= _give(bits, seen, u, v) and v < u


def services_above(compiled: CompiledGraph, sets: Sequence[Array], services: Sequence[int]) -> Array:
    """How many of `services` (numbers) lean on each set of positions, directly or not (int64); one walk for all, and one turn for
    64 sets.

    Example by hand: S hard on A and on B, T hard on B, sets {A} and {B}, both services asked about: 1 and 2.
    """
    out = np.zeros(len(sets), np.int64)
    if not len(sets):
        return out
    asked = compiled.service_position[np.asarray(services, np.int64)]
    bits, seen = np.zeros(len(compiled), np.uint64), np.zeros(len(compiled), np.bool_)
    for positions in sets:
        seen[positions] = True
    starts = np.flatnonzero(seen).astype(np.int32)
    seen[starts] = compiled.flat.flags[starts] & SERVES != 0  # from nothing else a service is reached
    starts = starts[seen[starts]]
    queue = np.empty(len(compiled), np.int32)
    queue[: len(starts)] = starts
    reached = np.sort(queue[: all_dependents(compiled.flat, queue, len(starts), seen, SERVES, SERVES)])
    for first in range(0, len(sets), 64):
        some = sets[first : first + 64]
        for place, positions in enumerate(some):
            bits[positions] |= np.uint64(1) << np.uint64(place)
        _spread_sets(compiled.flat, reached, bits, seen)
        held = bits[asked]
        for place in range(len(some)):
            out[first + place] = int((held >> np.uint64(place) & np.uint64(1)).sum())
        bits[reached] = 0
        for positions in some:
            bits[positions] = 0
    return out
