"""The cone of a CI: everything it needs, by any path."""

from __future__ import annotations

import numpy as np

from app.risk.graph.compiled import Flat
from app.risk.jit import Array, Bools, Int32s, kernel


@kernel
def all_needs(flat: Flat, queue: Int32s, tail: int, seen: Bools, soft: bool) -> int:
    """Extend queue[:tail], breadth first, by all that its CIs need and that is not `seen` (which is added to); the new tail.

    Hard and supply needs, members of groups and, if asked, soft needs. `queue` has room for every CI.
    """
    head = 0
    while head < tail:
        v = queue[head]
        head += 1
        for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
            u = flat.reverse[e]
            if not seen[u]:
                seen[u] = True
                queue[tail] = u
                tail += 1
        for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
            for e in range(flat.member_ptr[g], flat.member_ptr[g + 1]):
                u = flat.member[e]
                if not seen[u]:
                    seen[u] = True
                    queue[tail] = u
                    tail += 1
        if soft:
            for e in range(flat.soft_reverse_ptr[v], flat.soft_reverse_ptr[v + 1]):
                u = flat.soft_reverse[e]
                if not seen[u]:
                    seen[u] = True
                    queue[tail] = u
                    tail += 1
    return tail


def needs_of(flat: Flat, target: int) -> Array:
    """Positions of everything a CI needs by any path, itself included, ascending (int32).

    Example by hand: S hard on a, a soft on b, c apart: the cone of S is S, a, b.
    """
    seen = np.zeros(len(flat.flags), np.bool_)
    queue = np.empty(len(flat.flags), np.int32)
    queue[0] = target
    seen[target] = True
    return np.sort(queue[: all_needs(flat, queue, 1, seen, True)])
