"""What an outage takes down, and where it leaves something standing that a further outage could finish off (docs/model.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.risk.graph.compiled import GROUNDED, CompiledGraph, Flat
from app.risk.jit import Array, Int32s, kernel
from app.risk.jit.borrowed import borrowed
from app.risk.outage.failing import Marks, fail
from app.risk.outage.propagation import Workspace, workspace


@dataclass(frozen=True, slots=True)
class Footprint:
    """`failed`: positions that fall (int32, ascending). `worn` (int64, ascending): numbers of groups that lost a member and still
    carry their dependent, and, beyond the number of groups, of supply loops that are touched. `touched`: these and the groups
    that do not carry their dependent any more; it only grows with further outages.

    Where two share no worn number, what falls with both outages is what falls with either: no CI that stands has lost to one
    outage what it could still lose to the other.
    """

    failed: Array
    worn: Array
    touched: Array


@kernel
def _footprint(flat: Flat, work: Marks, roots: Int32s) -> tuple[Array, Array, Array]:
    """The failed set, the worn numbers and the other touched ones, as they are met."""
    flat, work = borrowed(flat), borrowed(work)
    count = fail(flat, work, roots)
    epoch, groups = work.epoch[0], len(flat.group_dependent)
    room = count
    for i in range(count):
        room += 2 * (flat.joined_ptr[work.queue[i] + 1] - flat.joined_ptr[work.queue[i]])
    worn, spent = np.empty(room, np.int64), np.empty(room, np.int64)
    size, gone = 0, 0
    for i in range(count):
        u = work.queue[i]
        if flat.flags[u] & GROUNDED:
            worn[size] = groups + flat.component[u]
            size += 1
        for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
            v = flat.group_dependent[flat.joined[e]]
            if work.stamp[v] < epoch:
                worn[size] = flat.joined[e]
                size += 1
                if flat.flags[v] & GROUNDED:
                    worn[size] = groups + flat.component[v]
                    size += 1
            else:
                spent[gone] = flat.joined[e]
                gone += 1
    return np.sort(work.queue[:count]), worn[:size], spent[:gone]


def footprint(compiled: CompiledGraph, roots: Sequence[int], space: Workspace | None = None) -> Footprint:
    """The footprint of an outage of `roots`. Cost follows what falls.

    Example by hand: S needs 1 of A and B: A takes down A and wears the group; A and B take down S and wear none.
    """
    space = space or workspace(compiled)
    failed, worn, spent = _footprint(compiled.flat, space.work, np.unique(np.asarray(list(roots), np.int32)))
    return Footprint(failed, np.unique(worn), np.unique(np.concatenate([worn, spent])))
