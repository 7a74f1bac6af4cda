"""Putting a gate together, simplified: what it comes to may be a constant, one of its inputs, or a small tree of gates."""

from __future__ import annotations

import numpy as np

from app.risk.exact.formula.gates import FALSE, FULL, TRUE, Gates, Scratch, intern
from app.risk.jit import Int64s, inner, kernel


@inner
def sort_keys(keys: Int64s, count: int) -> None:
    """Sort keys[:count] in place; few of them by insertion, which is three times as fast there."""
    if count > 32:
        keys[:count].sort()
        return
    for i in range(1, count):
        key = keys[i]
        j = i
        while j and keys[j - 1] > key:
            keys[j] = keys[j - 1]
            j -= 1
        keys[j] = key


@inner
def clean_inputs(work: Scratch, count: int, need: int) -> tuple[int, int, int]:
    """Constants out, duplicates added up, weights cut to `need`: inputs left in work[:count], the need left, the sum of
    weights."""
    kept = 0
    for i in range(count):
        if work.node[i] == TRUE:
            need -= work.weight[i]
        elif work.node[i] >= 0:
            work.node[kept] = work.node[i]
            work.weight[kept] = work.weight[i]
            kept += 1
    sorted_already = True
    for i in range(1, kept):
        if work.node[i] <= work.node[i - 1]:
            sorted_already = False
            break
    if not sorted_already:
        for i in range(kept):
            work.order[i] = (np.int64(work.node[i]) << 32) | np.int64(work.weight[i])
        sort_keys(work.order, kept)
        unique = 0
        for i in range(kept):
            node = np.int32(work.order[i] >> 32)
            weight = np.int32(work.order[i] & 0x7FFFFFFF)
            if unique and work.node[unique - 1] == node:
                work.weight[unique - 1] += weight
            else:
                work.node[unique] = node
                work.weight[unique] = weight
                unique += 1
        kept = unique
    total = 0
    for i in range(kept):
        work.weight[i] = max(1, min(work.weight[i], need))
        total += work.weight[i]
    return kept, need, total


@inner
def same_weights(store: Gates, work: Scratch, count: int, need: int) -> int:
    """A gate whose inputs all weigh the same."""
    need = (need + work.weight[0] - 1) // work.weight[0]
    if count == 1:
        return work.node[0]  # type: ignore[no-any-return]
    for i in range(count):
        work.weight[i] = 1
    return intern(store, need, work.node, work.weight, count)


@inner
def wrap(store: Gates, work: Scratch, core: int, peeled: int) -> int:
    """Put the peeled inputs back around the core, innermost last: OR (kind 0) or AND (kind 1) of the core and a run of them."""
    while peeled:
        kind = work.kind[peeled - 1]
        count = 0
        while peeled and work.kind[peeled - 1] == kind:
            peeled -= 1
            work.node[count] = work.peeled[peeled]
            work.weight[count] = 1
            count += 1
        work.node[count] = core
        work.weight[count] = 1
        count, need, total = clean_inputs(work, count + 1, 1 if kind == 0 else count + 1)
        if need <= 0:
            core = TRUE
        elif total < need:
            core = FALSE
        else:
            core = same_weights(store, work, count, need)
            if core == FULL:
                return FULL
    return core


@kernel
def make_gate(store: Gates, work: Scratch, count: int, need: int) -> int:
    """The node that fails if the failed inputs in work.node[:count] weigh at least `need`; FALSE, TRUE or FULL.

    Simplified: constants, duplicates, single inputs; an input that suffices alone goes to an OR around the rest, one that is
    indispensable to an AND. What is left has either equal weights (1) or is a true weighted threshold.
    """
    count, need, total = clean_inputs(work, count, need)
    if need <= 0:
        return TRUE
    if total < need:
        return FALSE
    equal = True
    for i in range(1, count):
        if work.weight[i] != work.weight[0]:
            equal = False
            break
    if equal:
        return same_weights(store, work, count, need)
    for i in range(count):  # heaviest first; ties by node, so that the answer does not depend on the order given
        work.order[i] = (np.int64(work.weight[i]) << 32) | np.int64(work.node[i])
    sort_keys(work.order, count)
    peeled = 0
    while count:
        weight = work.order[count - 1] >> 32
        if weight >= need:
            kind = 0
        elif total - weight < need:
            kind = 1
            need -= weight
        else:
            break
        total -= weight
        count -= 1
        work.peeled[peeled] = work.order[count] & 0x7FFFFFFF
        work.kind[peeled] = kind
        peeled += 1
    core = weighted_core(store, work, count, need, total)
    return core if core == FULL else wrap(store, work, core, peeled)


@inner
def weighted_core(store: Gates, work: Scratch, count: int, need: int, total: int) -> int:
    """What is left after peeling: a constant, or a threshold in which no input suffices alone and none is indispensable."""
    if need <= 0:
        return TRUE
    if total < need:
        return FALSE
    lightest = work.order[0] >> 32
    equal = True
    for i in range(count):
        if min(work.order[i] >> 32, need) != lightest:
            equal = False
            break
    for i in range(count):
        work.node[i] = work.order[i] & 0x7FFFFFFF
        work.weight[i] = min(work.order[i] >> 32, need)
        work.order[i] = (np.int64(work.node[i]) << 32) | np.int64(work.weight[i])
    sort_keys(work.order, count)
    for i in range(count):
        work.node[i] = work.order[i] >> 32
        work.weight[i] = work.order[i] & 0x7FFFFFFF
    if equal:
        return same_weights(store, work, count, need)
    return intern(store, need, work.node, work.weight, count)
