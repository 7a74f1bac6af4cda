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


@inner
def _spread_sets(flat: Flat, reached: Int32s, place: Int32s, bits: UInt64Table) -> None:
    """Bring to every CI of `reached` (ascending, all that leans on the sets) the sets, as bits, that it leans on. `place`:
    int32[N] where each lies in `reached`, -1 not at all."""
    of = 0
    while of < len(reached):  # dependents come after their providers; in a cycle some lie before, and it is gone through again
        u, back = reached[of], of + 1
        for e in range(flat.forward_ptr[u], flat.forward_ptr[u + 1]):
            to = place[flat.forward[e]]
            if to >= 0 and _give(bits, of, to):
                back = min(back, to)
        for e in range(flat.soft_forward_ptr[u], flat.soft_forward_ptr[u + 1]):
            to = place[flat.soft_forward[e]]
            if to >= 0 and _give(bits, of, to):
                back = min(back, to)
        for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
            to = place[flat.group_dependent[flat.joined[e]]]
            if to >= 0 and _give(bits, of, to):
                back = min(back, to)
        of = back


@kernel
def _services_above(flat: Flat, positions: Int32s, sets: Int32s, count: int, asked: Int32s) -> Array:
    """As `services_above`; `sets`: one row after the other, `asked`: positions."""
    flat = borrowed(flat)
    size, out = len(positions), np.zeros(count, np.int64)
    seen, queue = np.zeros(len(flat.flags), np.bool_), np.empty(len(flat.flags), np.int32)
    tail = 0
    for i in range(size):
        if flat.flags[positions[i]] & SERVES and not seen[positions[i]]:  # from nothing else a service is reached
            seen[positions[i]] = True
            queue[tail] = positions[i]
            tail += 1
    tail = all_dependents(flat, queue, tail, seen, SERVES, SERVES)
    reached = queue[:tail]
    place, tail = np.full(len(flat.flags), -1).astype(np.int32), 0
    for v in range(len(flat.flags)):
        if seen[v]:
            reached[tail], place[v] = v, tail
            tail += 1
    first = 0
    while first < count:
        some = min(count - first, SETS_AT_ONCE)
        bits = np.zeros((tail, (some + WORD - 1) // WORD), np.uint64)
        for i in range(len(sets)):
            number, at = sets[i] - first, place[positions[i % size]]
            if 0 <= number < some and at >= 0:
                bits[at, number // WORD] |= np.uint64(1) << np.uint64(number % WORD)
        _spread_sets(flat, reached, place, bits)
        for k in range(len(asked)):
            at = place[asked[k]]
            for number in range(some if at >= 0 else 0):
                out[first + number] += np.int64(bits[at, number // WORD] >> np.uint64(number % WORD) & np.uint64(1))
        first += SETS_AT_ONCE
    return out


def services_above(compiled: CompiledGraph, positions: Array, sets: Sequence[Array], count: int, services: Array) -> Array:
    """How many of `services` (numbers) lean on each of `count` sets of CIs, directly or not (int64); one walk for all, and one
    turn for SETS_AT_ONCE. The CI positions[i] (int32, each once) is in set row[i], for each row of `sets` (int32[P], the sets of
    a row are disjoint).

    Example by hand: S hard on A and on B, T hard on B, A in set 0 and B in set 1, both services asked about: 1 and 2.
    """
    asked = compiled.service_position[services].astype(np.int32)
    return _services_above(compiled.flat, positions, np.concatenate([np.zeros(0, np.int32), *sets]), count, asked)
