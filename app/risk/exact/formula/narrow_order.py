"""An order of the points of a net along its lines, so that little is open between neighbours (Cuthill, McKee)."""

from __future__ import annotations

import numpy as np

from app.risk.jit import Array


def narrow_order(one: Array, other: Array, size: int) -> Array:
    """int32[size]: the points 0..size-1 in the order in which they come. `one`, `other`: int32[L] the ends of each line, in
    either direction.

    >>> narrow_order(np.array([0, 2, 1]), np.array([2, 3, 3]), 4).tolist()   # the net is a path: 0 - 2 - 3 - 1
    [1, 3, 2, 0]
    """
    from scipy.sparse import coo_matrix  # takes a fifth of a second to import, and only hard formulas need it
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    net = coo_matrix((np.ones(len(one), np.int8), (one, other)), (size, size)).tocsr()
    return np.asarray(reverse_cuthill_mckee((net + net.T).tocsr(), symmetric_mode=True))
