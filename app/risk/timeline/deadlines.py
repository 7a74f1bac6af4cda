"""The tightest deadline of all that hangs on a CI, over the CIs that fell, and of those whom to call for them."""

from __future__ import annotations

import numpy as np

from app.risk.graph.compiled import Flat
from app.risk.graph.places import place_of, places_of
from app.risk.jit import Array, Floats, Int32s, Int64s, kernel
from app.risk.jit.borrowed import borrowed


@kernel
def tightest(flat: Flat, fallen: Int32s, deadline: Floats, owner: Int32s) -> tuple[Array, Array]:
    """Return for every CI of `fallen` (ascending) the earliest deadline among itself and all of `fallen` that need it by any
    path but
    soft needs, and whose it is (-1: no deadline is known). deadline: float64[D], infinite where there is none; owner: int32[D].

    Example by hand: S hard on A hard on B, S by 4: 4 for all three, by S.
    """
    flat = borrowed(flat)
    best, whose = deadline.copy(), owner.copy()
    place = places_of(fallen, len(flat.flags))
    changed = True
    while changed:  # once around where there is no cycle: dependents come after their providers
        changed = False
        for i in range(len(fallen) - 1, -1, -1):
            v = fallen[i]
            if best[i] == np.inf:
                continue
            for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
                k = place_of(fallen, place, flat.reverse[e])
                if k >= 0 and best[i] < best[k]:
                    best[k], whose[k], changed = best[i], whose[i], changed or k >= i
            for e in range(flat.member_ptr[flat.group_ptr[v]], flat.member_ptr[flat.group_ptr[v + 1]]):
                k = place_of(fallen, place, flat.member[e])
                if k >= 0 and best[i] < best[k]:
                    best[k], whose[k], changed = best[i], whose[i], changed or k >= i
    return best, whose


@kernel
def called(code: Int32s, codes: int, begun: Floats, place: Int64s, best: Floats) -> tuple[Array, Array, Array]:
    """Return by code (of the CI's team, or its supplier; 0..codes-1) how many CIs have it, the first hour at which one of them
    failed, and the place in `best` of the first of them with the tightest deadline, -1 where none fell. place: int64 by CI, -1:
    it did not fall.

    Example by hand: two CIs of team 0, failed at 1 and 2, with deadlines 9 and 5: 2, 1 and the second.
    """
    count, first, tight = np.zeros(codes, np.int64), np.full(codes, np.inf), np.full(codes, -1)
    for i in range(len(code)):
        c, at = code[i], place[i]
        count[c] += 1
        first[c] = min(first[c], begun[i])
        if at >= 0 and (tight[c] < 0 or best[at] < best[tight[c]]):
            tight[c] = at
    return count, first, tight
