"""The one walk over dependents: what leans on a set of CIs in any way, over needs of every kind and memberships, whatever
redundancy there is.

An upper bound of any outage of them, and the answer to "who could miss them?". N CIs, S services.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.risk.graph.compiled import SERVES, CompiledGraph, Flat
from app.risk.jit import Array, Bools, Int32s, UInt64Table, inner, kernel
from app.risk.jit.borrowed import borrowed

WORD = 64  # sets that the bits of one word tell apart
SETS_AT_ONCE = 4 * WORD


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
def _give(bits: UInt64Table, of: int, to: int) -> bool:
    """Whether the CI at place `to` leans on more of the sets than was known, as it leans on that at place `of`."""
    more = False
    for word in range(bits.shape[1]):
        if bits[of, word] | bits[to, word] != bits[to, word]:
            bits[to, word] |= bits[of, word]
            more = True
    return more


@kernel
def _spread_sets(flat: Flat, reached: Int32s, place: Int32s, bits: UInt64Table) -> None:
    """Bring to every CI of `reached` (ascending, all that leans on the sets) the sets, as bits, that it leans on. `place`:
    int32[N] where each lies in `reached`, -1 not at all."""
    flat = borrowed(flat)
    bits = borrowed(bits)
    again = True
    while again:  # once around, and once more where there is a cycle: dependents come after their providers
        again = False
        for of in range(len(reached)):
            u = reached[of]
            for e in range(flat.forward_ptr[u], flat.forward_ptr[u + 1]):
                to = place[flat.forward[e]]
                again |= to >= 0 and _give(bits, of, to) and to < of
            for e in range(flat.soft_forward_ptr[u], flat.soft_forward_ptr[u + 1]):
                to = place[flat.soft_forward[e]]
                again |= to >= 0 and _give(bits, of, to) and to < of
            for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
                to = place[flat.group_dependent[flat.joined[e]]]
                again |= to >= 0 and _give(bits, of, to) and to < of


def services_above(compiled: CompiledGraph, sets: Sequence[Array], services: Sequence[int]) -> Array:
    """How many of `services` (numbers) lean on each set of positions, directly or not (int64); one walk for all, and one turn for
    SETS_AT_ONCE.

    Example by hand: S hard on A and on B, T hard on B, sets {A} and {B}, both services asked about: 1 and 2.
    """
    out = np.zeros(len(sets), np.int64)
    if not len(sets):
        return out
    asked = compiled.service_position[np.asarray(services, np.int64)]
    seen = np.zeros(len(compiled), np.bool_)
    for positions in sets:
        seen[positions] = True
    starts = np.flatnonzero(seen).astype(np.int32)
    seen[starts] = compiled.flat.flags[starts] & SERVES != 0  # from nothing else a service is reached
    starts = starts[seen[starts]]
    queue = np.empty(len(compiled), np.int32)
    queue[: len(starts)] = starts
    all_dependents(compiled.flat, queue, len(starts), seen, SERVES, SERVES)
    reached = np.flatnonzero(seen).astype(np.int32)
    place = np.full(len(compiled), -1, np.int32)
    place[reached] = np.arange(len(reached), dtype=np.int32)
    at = place[asked]
    at = at[at >= 0]
    for first in range(0, len(sets), SETS_AT_ONCE):
        some = sets[first : first + SETS_AT_ONCE]
        bits = np.zeros((len(reached), (len(some) + WORD - 1) // WORD), np.uint64)
        for number, positions in enumerate(some):
            mine = place[positions]
            bits[mine[mine >= 0], number // WORD] |= np.uint64(1) << np.uint64(number % WORD)
        _spread_sets(compiled.flat, reached, place, bits)
        held = bits[at]
        for number in range(len(some)):
            out[first + number] = int((held[:, number // WORD] >> np.uint64(number % WORD) & np.uint64(1)).sum())
    return out
