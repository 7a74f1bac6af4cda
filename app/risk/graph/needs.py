"""The one walk over needs, and the cone of a CI: everything it needs, by any path."""

from __future__ import annotations

import numpy as np

from app.risk.graph.compiled import AT_REST_DOWN, Flat
from app.risk.jit import Array, Bools, Floats, Int32s, kernel

EVERYTHING = np.zeros(0)  # for `unavailability` of `all_needs`: no CI is left out


@kernel
def down_for_good(flat: Flat, unavailability: Floats, v: int) -> bool:
    """Whether a CI is down at rest, or forced down: its unavailability is 1."""
    return (flat.flags[v] & AT_REST_DOWN) != 0 or unavailability[v] >= 1.0  # type: ignore[no-any-return]


@kernel
def all_needs(flat: Flat, queue: Int32s, tail: int, seen: Bools, soft: bool, unavailability: Floats) -> int:
    """Extend queue[:tail], breadth first, by all that its CIs need and that is not `seen` (which is added to); the new tail.

    Hard and supply needs, members of groups and, if asked, soft needs. Where `unavailability` (float64[N]) is given, what is down
    for good is left out, with what only it needs. `queue` has room for every CI.
    """
    leaves_out = len(unavailability) > 0
    head = 0
    while head < tail:
        v = queue[head]
        head += 1
        for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
            u = flat.reverse[e]
            if not seen[u] and not (leaves_out and down_for_good(flat, unavailability, u)):
                seen[u] = True
                queue[tail] = u
                tail += 1
        # members of all its groups: they lie side by side
        for e in range(flat.member_ptr[flat.group_ptr[v]], flat.member_ptr[flat.group_ptr[v + 1]]):
            u = flat.member[e]
            if not seen[u] and not (leaves_out and down_for_good(flat, unavailability, u)):
                seen[u] = True
                queue[tail] = u
                tail += 1
        if soft:
            for e in range(flat.soft_reverse_ptr[v], flat.soft_reverse_ptr[v + 1]):
                u = flat.soft_reverse[e]
                if not seen[u] and not (leaves_out and down_for_good(flat, unavailability, u)):
                    seen[u] = True
                    queue[tail] = u
                    tail += 1
    return tail


def needed_by(flat: Flat, starts: Array, soft: bool) -> Array:
    """bool[N]: the CIs `starts` (each once) and everything that they need by any path, over soft needs if asked.

    Example by hand: S hard on a, a soft on b: S needs a alone, and b if soft needs count.
    """
    seen = np.zeros(len(flat.flags), np.bool_)
    queue = np.empty(len(flat.flags), np.int32)
    queue[: len(starts)] = starts
    seen[starts] = True
    all_needs(flat, queue, len(starts), seen, soft, EVERYTHING)
    return seen


def needs_of(flat: Flat, target: int) -> Array:
    """Positions of everything a CI needs by any path, itself included, ascending (int32).

    Example by hand: S hard on a, a soft on b, c apart: the cone of S is S, a, b.
    """
    seen = np.zeros(len(flat.flags), np.bool_)
    queue = np.empty(len(flat.flags), np.int32)
    queue[0] = target
    seen[target] = True
    return np.sort(queue[: all_needs(flat, queue, 1, seen, True, EVERYTHING)])
