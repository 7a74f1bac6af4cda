"""The one walk over dependents: what leans on a set of CIs in any way, over needs of every kind and memberships, whatever
redundancy there is.

An upper bound of any outage of them, and the answer to "who could miss them?". N CIs, S services.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.risk.graph.compiled import SERVES, CompiledGraph, Flat
from app.risk.jit import Array, Bools, Int32s, UInt8s, UInt64Table, inner, kernel
from app.risk.jit.borrowed import borrowed

WORD = 64  # sets that the bits of one word tell apart
SETS_AT_ONCE = 4 * WORD
UNSEEN, ASIDE = -1, -2  # in a place of every CI


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
def _place_of(flags: UInt8s, place: Int32s, bits: UInt64Table, v: int, tail: int) -> int:
    """The place of a CI that leans on a set, a new one with no set yet (`tail`) where it was not seen before; ASIDE where no
    service is reached from it. A call costs by the arrays it is given."""
    if place[v] == UNSEEN:
        place[v] = ASIDE
        if flags[v] & SERVES:
            place[v] = tail
            for word in range(bits.shape[1]):
                bits[tail, word] = 0
    return place[v]  # type: ignore[no-any-return]


@inner
def _spread_sets(flat: Flat, place: Int32s, bits: UInt64Table, first: int, tail: int) -> None:
    """Bring to every CI that leans on the sets, as bits, those that it leans on. `place`: int32[N] its row in `bits`, of which
    `tail` are taken; `first`: the first CI that has one."""
    place, bits = borrowed(place), borrowed(bits)
    u, again = first, False
    while u < len(place):  # dependents come after their providers; in a cycle some lie before: it is gone through again
        of = place[u]
        if of >= 0:
            for e in range(flat.forward_ptr[u], flat.forward_ptr[u + 1]):
                v = flat.forward[e]
                to = place[v]
                if to == UNSEEN:
                    to = _place_of(flat.flags, place, bits, v, tail)
                    tail += to == tail
                again |= to >= 0 and _give(bits, of, to) and v < u
            for e in range(flat.soft_forward_ptr[u], flat.soft_forward_ptr[u + 1]):
                v = flat.soft_forward[e]
                to = place[v]
                if to == UNSEEN:
                    to = _place_of(flat.flags, place, bits, v, tail)
                    tail += to == tail
                again |= to >= 0 and _give(bits, of, to) and v < u
            for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
                v = flat.group_dependent[flat.joined[e]]
                to = place[v]
                if to == UNSEEN:
                    to = _place_of(flat.flags, place, bits, v, tail)
                    tail += to == tail
                again |= to >= 0 and _give(bits, of, to) and v < u
        u += 1
        if again and u == flat.component_ptr[flat.component[u - 1] + 1]:
            u, again = flat.component_ptr[flat.component[u - 1]], False


@kernel
def _services_above(flat: Flat, positions: Int32s, sets: Int32s, count: int, asked: Int32s) -> Array:
    """As `services_above`; `sets`: one row after the other, `asked`: positions."""
    flat = borrowed(flat)
    size, out = len(positions), np.zeros(count, np.int64)
    first = 0
    while first < count:
        some = min(count - first, SETS_AT_ONCE)
        place = np.full(len(flat.flags), np.int32(UNSEEN))
        bits = np.empty((len(flat.flags), (some + WORD - 1) // WORD), np.uint64)
        tail, start = 0, len(flat.flags)
        for i in range(len(sets)):
            number, v = sets[i] - first, positions[i % size]
            if 0 <= number < some:
                at = _place_of(flat.flags, place, bits, v, tail)
                tail += at == tail
                if at >= 0:
                    bits[at, number // WORD] |= np.uint64(1) << np.uint64(number % WORD)
                    start = min(start, v)
        _spread_sets(flat, place, bits, start, tail)
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
