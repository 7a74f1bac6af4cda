"""Masks over the compiled estate: which CIs stand alone, lie on a cycle, or lack a value. N CIs, P pairs of dependencies."""

from __future__ import annotations

import numpy as np

from app.risk.graph.compiled import IN_CYCLE, CompiledGraph
from app.risk.jit import Array


def orphans(compiled: CompiledGraph) -> Array:
    """bool[N]: needs nothing, is needed by nothing, in no group on either side. Example by hand: A hard on B, C alone: only C."""
    flat = compiled.flat
    pointers = (flat.forward_ptr, flat.reverse_ptr, flat.soft_forward_ptr, flat.soft_reverse_ptr, flat.joined_ptr, flat.group_ptr)
    return np.asarray(sum(np.diff(ptr) for ptr in pointers) == 0)


def on_cycles(compiled: CompiledGraph) -> tuple[Array, int]:
    """(bool[N], number of cycles): CIs that need each other all around, and how many such components there are."""
    inside = (compiled.flat.flags & IN_CYCLE) != 0
    return inside, len(np.unique(compiled.flat.component[inside]))


def row_codes(compiled: CompiledGraph, codes: Array) -> Array:
    """int64[N] by position of a categorical column by row; below 0 unknown. Common causes, which have no row of their own CI,
    keep theirs."""
    return np.asarray(codes, np.int64)[compiled.row]


def positions_of_known(compiled: CompiledGraph, ci_ids: Array) -> tuple[Array, Array]:
    """(bool[M], int32[K]): which ids are assessed, and the positions of those."""
    wanted = np.asarray(ci_ids, np.int64)
    if not len(compiled) or not len(wanted):
        return np.zeros(len(wanted), np.bool_), np.zeros(0, np.int32)
    place = np.minimum(np.searchsorted(compiled.sorted_ci_id, wanted), len(compiled) - 1)
    known = compiled.sorted_ci_id[place] == wanted
    return known, compiled.sorted_position[place[known]].astype(np.int32)


def only_in_one(dependent: Array, provider: Array, observed: Array) -> tuple[Array, Array]:
    """Rows (of dependencies: two ids and whether an observing source tells of it) of pairs that only observation knows, and rows
    of pairs that only declarations know though both CIs are seen by observation. One row a pair.

    Example by hand: seen A>B, B>C; declared A>B, A>C, A>D: only seen B>C; only declared A>C (D is never seen, so nothing is said
    of A>D).
    """
    dependent, provider, observed = (
        np.asarray(dependent, np.int64),
        np.asarray(provider, np.int64),
        np.asarray(observed, np.bool_),
    )
    pairs = (dependent << 32) | provider
    seen, declared = np.unique(pairs[observed], return_index=True), np.unique(pairs[~observed], return_index=True)
    rows_seen, rows_declared = np.flatnonzero(observed)[seen[1]], np.flatnonzero(~observed)[declared[1]]
    only_seen = rows_seen[~np.isin(seen[0], declared[0], assume_unique=True)]
    ends = np.unique(np.concatenate([dependent[observed], provider[observed]]))
    missing = rows_declared[~np.isin(declared[0], seen[0], assume_unique=True)]
    looked_at = np.isin(dependent[missing], ends) & np.isin(provider[missing], ends)
    return only_seen, missing[looked_at]


def coverage(source: Array, ci_class: Array, masks: Array, classes: int) -> tuple[Array, Array, Array]:
    """(codes, counts int64[R], sums int64[M, R]) of rows grouped by source and class: code = source * classes + class. `masks`
    bool[M, rows].

    Example by hand: rows (0, 1), (0, 1), (1, 0) with one mask (yes, no, yes) of 2 classes: codes 1, 2; counts 2, 1; sums 1, 1.
    """
    combined = np.asarray(source, np.int64) * classes + np.asarray(ci_class, np.int64)
    codes, inverse, counts = np.unique(combined, return_inverse=True, return_counts=True)
    sums = np.array([np.bincount(inverse, weights=mask, minlength=len(codes)) for mask in masks]).astype(np.int64)
    return codes, counts, sums.reshape(len(masks), len(codes))
