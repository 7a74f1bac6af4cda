"""A formula by gates of two inputs, so that a diagram grows by one operation at a time and room can be made between any two."""

from __future__ import annotations

import numpy as np

from app.risk.exact.formula.gates import FULL, GATES, INPUTS, Gates, Scratch, gates_store, grown, scratch_of
from app.risk.exact.formula.make_gate import make_gate
from app.risk.exact.formula.simplify import count_parents, thresholds
from app.risk.jit import Array, Int32s, Int64s, inner, kernel


@inner
def pair(store: Gates, work: Scratch, a: int, b: int, need: int) -> int:
    """a or b (need 1), a and b (need 2)."""
    work.node[0] = a
    work.node[1] = b
    work.weight[0] = 1
    work.weight[1] = 1
    return make_gate(store, work, 2, need)


@kernel
def in_pairs(store: Gates, root: int, level: Int32s, into: Gates, work: Scratch, place: Int64s, start: int) -> int:
    """The formula by gates of two inputs, deepest first; the root's number when done, ~n when there was no room for node n."""
    parents = count_parents(store, root)
    some = thresholds(store, False)
    every = thresholds(store, True)
    top = np.empty(len(parents), np.int64)
    for n in range(len(parents)):
        top[n] = level[n] if n < store.events else 2**31
    for n in range(store.events, root + 1):
        if not parents[n]:
            continue
        g = n - store.events
        first = store.ptr[g]
        count = store.ptr[g + 1] - first
        rank = np.empty(count, np.int64)
        for i in range(count):
            c = store.input[first + i]
            top[n] = min(top[n], top[c])
            rank[i] = -top[c]
        if n < start:
            continue
        order = np.argsort(rank, kind="mergesort")
        if some[g] == 1 or every[g] == 1:
            made = place[store.input[first + order[0]]]
            for i in range(1, count):
                made = pair(into, work, made, place[store.input[first + order[i]]], 1 if some[g] == 1 else 2)
                if made == FULL:
                    return ~n
        else:
            made = pairs_of_vote(store, g, order, into, work, place)
            if made == FULL:
                return ~n
        place[n] = made
    return place[root]  # type: ignore[no-any-return]


@inner
def pairs_of_vote(store: Gates, g: int, order: Int64s, into: Gates, work: Scratch, place: Int64s) -> int:
    """A threshold as a lattice: T_j after one more input = T_j or (input and T_(j - w))."""
    need = store.need[g]
    first = store.ptr[g]
    table = np.full(need + 1, -1, np.int64)  # FALSE
    table[0] = -2  # TRUE
    left = np.int64(0)
    for i in range(len(order)):
        left += store.weight[first + i]
    for i in range(len(order)):
        weight = store.weight[first + order[i]]
        left -= weight
        for j in range(need, max(0, need - left - 1), -1):
            both = pair(into, work, place[store.input[first + order[i]]], table[max(0, j - weight)], 2)
            if both == FULL:
                return FULL
            either = pair(into, work, both, table[j], 1)
            if either == FULL:
                return FULL
            table[j] = either
    return table[need]  # type: ignore[no-any-return]


def pair_gates(store: Gates) -> int:
    """About how many gates of two inputs a formula takes: inputs, and for a true threshold a lattice of inputs times need."""
    gates = int(store.used[GATES])
    count, need = np.diff(store.ptr[: gates + 1]).astype(np.int64), store.need[:gates].astype(np.int64)
    return int(np.where((need == 1) | (need == count), count, 2 * count * need).sum())


def paired(store: Gates, root: int, order: Array) -> tuple[Gates, int]:
    """The formula by gates of two inputs."""
    level = np.zeros(store.events, np.int32)
    level[order] = np.arange(len(order), dtype=np.int32)
    size = store.events + int(store.used[GATES])
    place = np.arange(size, dtype=np.int64)
    into = gates_store(store.events, 2 * int(store.used[INPUTS]) + 16, 4 * int(store.used[INPUTS]) + 32)
    work = scratch_of(8)
    start = 0
    while True:
        told = int(in_pairs(store, root, level, into, work, place, start))
        if told >= 0:
            return into, told
        start = ~told
        into = grown(into, 2 * len(into.need), 2 * len(into.input))
