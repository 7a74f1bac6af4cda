"""The tightest deadline of all that hangs on a CI, over the CIs that fell."""

from __future__ import annotations

from app.risk.graph.compiled import Flat
from app.risk.graph.places import place_of, places_of
from app.risk.jit import Array, Floats, Int32s, kernel
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
            for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
                k = place_of(fallen, place, flat.reverse[e])
                if k >= 0 and best[i] < best[k]:
                    best[k], whose[k], changed = best[i], whose[i], changed or k >= i
            for e in range(flat.member_ptr[flat.group_ptr[v]], flat.member_ptr[flat.group_ptr[v + 1]]):
                k = place_of(fallen, place, flat.member[e])
                if k >= 0 and best[i] < best[k]:
                    best[k], whose[k], changed = best[i], whose[i], changed or k >= i
    return best, whose
