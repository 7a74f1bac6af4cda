"""AND and OR of two diagrams in a bounded number of nodes, from below or from above.

The pairs of nodes are walked level by level, each with its exact chance to be come to. Where a level has too many, those that
cost least are skipped (as in `pruning`) or get a stand-in: f AND g lies between "never" and either of them, f OR g between either
and "always".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.exact.diagrams.bdd import AND, OR, Bdd, make_node, slot_of
from app.risk.jit import Floats, Int32s, Int64s, inner

SPREAD = 4  # a level may take so many times its equal part of the nodes that are left


class Pairs(NamedTuple):
    """Pairs of nodes whose AND or OR is being made, in lists by level; a child below 0 is ~ the number of a pair."""

    f: Int32s  # int32[pairs]
    g: Int32s  # int32[pairs]
    low: Int32s  # int32[pairs]
    high: Int32s  # int32[pairs]
    made: Int32s  # int32[pairs] the node; before that, whether skipping is the cheaper way out
    after: Int32s  # int32[pairs] next of the same level, -1: none
    row: Int32s  # int32[pairs] scratch
    reach: Floats  # float64[pairs] chance to come to the pair
    cost: Floats  # float64[pairs] scratch
    first: Int32s  # int32[L]
    table: Int32s  # int32[a power of 2], -1: free
    used: Int64s  # int64[1]


def pairs_of(levels: int, room: int) -> Pairs:
    """Room for so many pairs."""
    f, g, low, high, made, after, row = (np.empty(room, np.int32) for _ in range(7))
    table = np.empty(1 << int(2 * room).bit_length(), np.int32)
    first, used = np.empty(levels, np.int32), np.zeros(1, np.int64)
    return Pairs(f, g, low, high, made, after, row, np.empty(room), np.empty(room), first, table, used)


@inner
def stand_in(op: int, f: int, g: int, up: Floats, growing: bool) -> int:
    """What may stand for f op g on the side asked for."""
    less, more = (f, g) if up[f] <= up[g] else (g, f)
    if op == OR:
        return 1 if growing else more
    return less if growing else 0


@inner
def stand_in_cost(op: int, f: int, g: int, up: Floats, growing: bool) -> float:
    """What putting the stand-in for f op g costs at most."""
    if op == OR and growing:
        return 1.0 - max(up[f], up[g])  # type: ignore[no-any-return]
    return min(up[f], up[g])  # type: ignore[no-any-return]


@inner
def skip_cost(store: Bdd, op: int, f: int, g: int, q: float, up: Floats, growing: bool) -> float:
    """What taking the pair's event as failed (growing) or working costs at most."""
    top = min(store.level[f], store.level[g])
    f0, f1 = (up[store.low[f]], up[store.high[f]]) if store.level[f] == top else (up[f], up[f])
    g0, g1 = (up[store.low[g]], up[store.high[g]]) if store.level[g] == top else (up[g], up[g])
    gap = abs(f1 - f0) + abs(g1 - g0)
    if op == AND:
        gap = min(gap, min(f1, g1))
    return gap * (1.0 - q if growing else q)  # type: ignore[no-any-return]


@inner
def pair_number(pairs: Pairs, op: int, f: int, g: int, level: Int32s) -> int:
    """f op g where that is plain, else ~ the number of the pair, new or known."""
    if f == g:
        return f
    a, b = min(f, g), max(f, g)
    if a < 2:
        if op == AND:
            return 0 if a == 0 else b
        return 1 if a == 1 else b
    size = len(pairs.table)
    slot = slot_of(a, b, 0, size)
    while pairs.table[slot] >= 0:
        k = pairs.table[slot]
        if pairs.f[k] == a and pairs.g[k] == b:
            return ~k  # type: ignore[no-any-return]
        slot = (slot + 1) & (size - 1)
    k = pairs.used[0]
    pairs.used[0] = k + 1
    pairs.table[slot] = k
    pairs.f[k] = a
    pairs.g[k] = b
    pairs.reach[k] = 0.0
    top = min(level[a], level[b])
    pairs.after[k] = pairs.first[top]
    pairs.first[top] = k
    return ~k  # type: ignore[no-any-return]


@inner
def below(store: Bdd, pairs: Pairs, op: int, k: int, failed: bool, chance: float) -> int:
    """What a pair becomes when its event has failed or works; that pair's chance grows by `chance`."""
    f, g = pairs.f[k], pairs.g[k]
    top = min(store.level[f], store.level[g])
    if store.level[f] == top:
        f = store.high[f] if failed else store.low[f]
    if store.level[g] == top:
        g = store.high[g] if failed else store.low[g]
    number = pair_number(pairs, op, f, g, store.level)
    if number < 0:
        pairs.reach[~number] += chance
    return number


@inner
def walk_level(store: Bdd, pairs: Pairs, op: int, level: int, q: float, up: Floats, width: int, growing: bool) -> int:
    """Settle what becomes of the pairs of one level; how many were kept, about `width` at most."""
    count = 0
    k = pairs.first[level]
    room = pairs.used[0] < len(pairs.f) // 2
    while k >= 0:
        ending = stand_in_cost(op, pairs.f[k], pairs.g[k], up, growing)
        skipping = skip_cost(store, op, pairs.f[k], pairs.g[k], q, up, growing) if room else np.inf
        pairs.row[count] = k
        pairs.cost[count] = pairs.reach[k] * min(ending, skipping)
        pairs.made[k] = 1 if skipping <= ending else 0
        count += 1
        k = pairs.after[k]
    most = -1.0 if count <= width else np.partition(pairs.cost[:count], count - width - 1)[count - width - 1]
    kept = 0
    for i in range(count):
        k = pairs.row[i]
        if pairs.cost[i] > most:
            kept += 1
            pairs.low[k] = below(store, pairs, op, k, False, pairs.reach[k] * (1.0 - q))
            pairs.high[k] = below(store, pairs, op, k, True, pairs.reach[k] * q)
        elif pairs.made[k]:
            pairs.low[k] = pairs.high[k] = below(store, pairs, op, k, growing, pairs.reach[k])
        else:
            pairs.low[k] = pairs.high[k] = stand_in(op, pairs.f[k], pairs.g[k], up, growing)
    return kept


@inner
def bounded_apply(store: Bdd, pairs: Pairs, op: int, f: int, g: int, fails: Floats, up: Floats, nodes: int, growing: bool) -> int:
    """f op g, or a bound of it on the side asked for, in at most `nodes` new nodes, for which the store has room; up: P of its
    nodes."""
    pairs.table[:] = -1
    pairs.first[:] = -1
    pairs.used[0] = 0
    root = pair_number(pairs, op, f, g, store.level)
    if root >= 0:
        return root
    pairs.reach[~root] = 1.0
    levels = len(pairs.first)
    left = nodes
    for level in range(levels):
        width = left // (levels - level) * (SPREAD if level + SPREAD < levels else 1)
        left -= walk_level(store, pairs, op, level, fails[level], up, width, growing)
    for level in range(levels - 1, -1, -1):
        k = pairs.first[level]
        while k >= 0:
            low = pairs.low[k] if pairs.low[k] >= 0 else pairs.made[~pairs.low[k]]
            high = pairs.high[k] if pairs.high[k] >= 0 else pairs.made[~pairs.high[k]]
            pairs.made[k] = make_node(store, level, low, high)
            k = pairs.after[k]
    return pairs.made[~root]  # type: ignore[no-any-return]
