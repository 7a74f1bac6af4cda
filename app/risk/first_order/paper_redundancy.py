"""Redundancy only on paper: single CIs outside a group that take more of its members than it can lose.

By the exact failed set of every single outage (1.3), so transitively, through cycles and through other groups, which may hold
where an edge list would only see a common provider. N CIs, G groups, P pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.risk.graph.compiled import CompiledGraph, Flat
from app.risk.jit import Array, Int32s, kernel
from app.risk.jit.clock import working_time
from app.risk.outage.failing import Marks, fail, marks

BLOCK = 8192


@dataclass(frozen=True, slots=True)
class PaperRedundancy:
    """P pairs in order of group and CI. `examined` of N CIs were tried: all of them, unless the seconds ran out."""

    group: Array  # int32[P]
    shared: Array  # int32[P] position of the CI outside the group
    lost: Array  # int32[P] members that fail with it
    members: Array  # int32[P] members of the group
    examined: int


@kernel
def _of_each(flat: Flat, work: Marks, first: int, last: int, count: Int32s, stamp: Int32s) -> tuple[Array, Array, Array]:
    """For roots first..last-1: groups of which more members fail with the root than may, the root itself being no member."""
    size = 0
    groups, roots, lost = np.empty(1024, np.int32), np.empty(1024, np.int32), np.empty(1024, np.int32)
    touched = np.empty(len(flat.group_kind), np.int32)
    root = np.empty(1, np.int32)
    for v in range(first, last):
        root[0] = v
        failed = fail(flat, work, root)
        if failed < 2:
            continue
        met = 0
        for k in range(failed):
            f = work.queue[k]
            for e in range(flat.joined_ptr[f], flat.joined_ptr[f + 1]):
                g = flat.joined[e]
                if stamp[g] != v + 1:
                    stamp[g] = v + 1
                    count[g] = 0
                    touched[met] = g
                    met += 1
                count[g] += 1
        for k in range(met):
            g = touched[k]
            if count[g] < 2 or count[g] < flat.group_left[g] or flat.group_left[g] <= 1:
                continue
            own = False
            for e in range(flat.member_ptr[g], flat.member_ptr[g + 1]):
                own = own or flat.member[e] == v
            if own:
                continue
            if size == len(groups):
                groups, roots, lost = (
                    np.concatenate((groups, groups)),
                    np.concatenate((roots, roots)),
                    np.concatenate((lost, lost)),
                )
            groups[size], roots[size], lost[size] = g, v, count[g]
            size += 1
    return groups[:size].copy(), roots[:size].copy(), lost[:size].copy()


def paper_redundancy(compiled: CompiledGraph, seconds: float = 20.0) -> PaperRedundancy:
    """Pairs (group, CI outside it) where the CI's outage alone leaves the group fewer members than it needs. Groups that cannot
    lose a member are no redundancy and are left out; members that are down at rest count as lost already (`group_left`).

    Example by hand: S needs 1 of {a, b}; a and b are hard on d, d on p: (S's group, d) and (S's group, p), each with 2 of 2
    members. Were b hard on q instead of d, there is no pair. The outage of S itself, or of a, is no pair: S is no provider of its
    group, a is a member.
    """
    flat = compiled.flat
    work, groups = marks(flat), len(flat.group_kind)
    count, stamp = np.zeros(groups, np.int32), np.zeros(groups, np.int32)
    parts: list[tuple[Array, Array, Array]] = []
    until, examined = working_time() + seconds, 0
    if groups:
        for start in range(0, len(compiled), BLOCK):
            if working_time() > until:
                break
            examined = min(start + BLOCK, len(compiled))
            parts.append(_of_each(flat, work, start, examined, count, stamp))
    else:
        examined = len(compiled)
    group, shared, lost = (np.concatenate([np.zeros(0, np.int32), *(part[i] for part in parts)]) for i in range(3))
    order = np.lexsort((shared, group))
    group = group[order]
    return PaperRedundancy(group, shared[order], lost[order], np.diff(flat.member_ptr)[group].astype(np.int32), examined)


def in_one_place(compiled: CompiledGraph, codes: Array) -> tuple[Array, Array]:
    """(groups, code): redundant groups of which one site or supplier holds more members than they can lose; `codes` int32[N] by
    position, below 0 unknown. Example by hand: 1 of {a, b}, both at site 3: (group, 3); a at 3, b unknown: nothing is said."""
    flat = compiled.flat
    groups = np.repeat(np.arange(len(flat.group_kind), dtype=np.int64), np.diff(flat.member_ptr))
    place = codes[flat.member].astype(np.int64)
    known = place >= 0
    width = int(codes.max(initial=0)) + 1
    pairs, number = np.unique(groups[known] * width + place[known], return_counts=True)
    group, code = pairs // width, pairs % width
    taken = (flat.group_left[group] > 1) & (number >= flat.group_left[group])
    return group[taken].astype(np.int32), code[taken].astype(np.int32)
