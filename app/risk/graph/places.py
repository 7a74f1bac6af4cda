"""Where CIs lie in a list of some of them, found in one step."""

from __future__ import annotations

import numpy as np

from app.risk.jit import Array, Int32s, inner, kernel


@inner
def places_of(listed: Int32s, size: int) -> Array:
    """What `place_of` looks in: int32[size], set for the CIs of `listed` alone; what lies in the other places does not matter."""
    place = np.empty(size, np.int32)
    for i in range(len(listed)):
        place[listed[i]] = i
    return place


@inner
def place_of(listed: Int32s, place: Int32s, v: int) -> int:
    """The place of v in `listed`, -1 where it is not there: each guess is looked up.

    Example by hand: of 7 in 3, 7, 9 it is 1.
    """
    at = place[v]
    return at if 0 <= at < len(listed) and listed[at] == v else -1


@kernel
def places_among(listed: Int32s, wanted: Int32s) -> Array:
    """Return int64[len(wanted)]: the place in `listed` at which each of `wanted` lies or would lie; both ascend.

    Example by hand: of 3 and 8 in 3, 7, 9 they are 0 and 2.
    """
    out = np.empty(len(wanted), np.int64)
    at = 0
    for i in range(len(wanted)):
        while at < len(listed) and listed[at] < wanted[i]:
            at += 1
        out[i] = at
    return out
