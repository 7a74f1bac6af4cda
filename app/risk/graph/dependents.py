"""What leans on a set of CIs in any way: walked over needs of every kind and memberships, whatever redundancy there is.

An upper bound of any outage of them, and the answer to "who could miss them?". N CIs, S services.
"""

from __future__ import annotations

import numpy as np

from app.risk.graph.compiled import CompiledGraph
from app.risk.jit import Array


def dependents_of(compiled: CompiledGraph, positions: Array) -> Array:
    """int32 positions, ascending, of all CIs that lean on `positions` directly or not, these among them. Cost follows the part walked.

    Example by hand: A hard on B, B a member of a group of C: above B are A, B and C, though the group may live without B.
    """
    flat = compiled.flat
    seen = np.zeros(len(compiled), dtype=np.bool_)
    fresh = np.unique(np.asarray(positions, dtype=np.int32))
    while len(fresh):
        seen[fresh] = True
        groups = _gather(flat.joined_ptr, flat.joined, fresh)
        found = np.concatenate(
            [
                _gather(flat.forward_ptr, flat.forward, fresh),
                _gather(flat.soft_forward_ptr, flat.soft_forward, fresh),
                flat.group_dependent[groups],
            ]
        )
        fresh = np.unique(found[~seen[found]])
    return np.flatnonzero(seen).astype(np.int32)


def dependent_services(compiled: CompiledGraph, positions: Array) -> Array:
    """Numbers, ascending, of the services among `dependents_of`."""
    numbers = compiled.flat.service_at[dependents_of(compiled, positions)]
    return np.sort(numbers[numbers >= 0])


def _gather(ptr: Array, values: Array, rows: Array) -> Array:
    """values[ptr[r]:ptr[r + 1]] of all rows, one after the other."""
    counts = (ptr[rows + 1] - ptr[rows]).astype(np.int64)
    starts = np.repeat(ptr[rows].astype(np.int64) - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
    return np.asarray(values[starts + np.arange(len(starts))])
