"""How many minimal sets of each order a module tree has, in integers of any length: exact for many billions and beyond."""

from __future__ import annotations

import math

import numpy as np

from app.risk.exact.formula.tree import ALL, ANY, VOTE, Tree
from app.risk.jit import Array

Orders = dict[int, int]  # order -> number of sets of it
WEIGHTED_CELLS = 2_000_000  # of the table for a VOTE with unequal weights


def added(a: Orders, b: Orders) -> Orders:
    """Counts by order of the sets of two families."""
    return {order: a.get(order, 0) + b.get(order, 0) for order in {**a, **b}}


def multiplied(a: Orders, b: Orders) -> Orders:
    """Counts by order of every union of a set of one family with a set of the other.

    >>> multiplied({1: 2}, {1: 3, 2: 1})
    {2: 6, 3: 2}
    """
    out: Orders = {}
    for i, m in a.items():
        for j, n in b.items():
            out[i + j] = out.get(i + j, 0) + m * n
    return out


def product(rows: list[Orders]) -> Orders:
    """Counts by order of every union of one set of each family; families are put together by halves."""
    while len(rows) > 1:
        rows = [multiplied(rows[i], rows[i + 1]) if i + 1 < len(rows) else rows[i] for i in range(0, len(rows), 2)]
    return rows[0] if rows else {0: 1}


def _vote_orders(rows: list[Orders], events: int, need: int) -> Orders:
    """Equal weights: `need` of so many events and of the other inputs, each with its own sets."""
    table: list[Orders] = [{0: 1}]
    for row in rows:
        table.append({})
        for j in range(len(table) - 1, 0, -1):
            table[j] = added(table[j], multiplied(table[j - 1], row))
    out: Orders = {}
    for j, some in enumerate(table[: need + 1]):
        ways = math.comb(events, need - j)
        if ways and some:
            out = added(out, {order + need - j: ways * count for order, count in some.items()})
    return out


def _weighted_orders(rows: list[Orders], weight: list[int], need: int) -> Orders:
    """Unequal weights: heaviest first, complete when `need` is reached."""
    table: list[Orders] = [{} for _ in range(need)]
    table[0] = {0: 1}
    out: Orders = {}
    for w, row in sorted(zip(weight, rows, strict=True), key=lambda pair: -pair[0]):
        for s in range(max(0, need - w), need):
            if table[s]:
                out = added(out, multiplied(table[s], row))
        for s in range(need - 1, w - 1, -1):
            if table[s - w]:
                table[s] = added(table[s], multiplied(table[s - w], row))
    return out


def packed_sum(level: Array, low: Array, high: Array, rows: list[int]) -> int:
    """Along a diagram's nodes (constants left out): node = low + high * row of its level, in integers of any length."""
    count = len(level) + 2
    uses = np.bincount(np.concatenate([low, high]), minlength=count).tolist()
    made: list[int] = [0, 1]
    for at, (where, a, b) in enumerate(zip(level.tolist(), low.tolist(), high.tolist(), strict=True), 2):
        row = rows[where]
        shift = row.bit_length() - 1
        more = made[b] << shift if row == 1 << shift else made[b] * row
        made.append(made[a] + more)
        for child in (a, b):
            uses[child] -= 1
            if child > 1 and uses[child] == 0 and child < at:
                made[child] = 0
    return made[-1]


def _core_orders(tree: Tree, part: int, rows: list[Orders]) -> Orders:
    """Polynomials in the order packed into one integer each: bits enough for the total in every place."""
    first, end = int(tree.node_ptr[part]), int(tree.node_ptr[part + 1])
    nodes = tree.level[first:end], tree.low[first:end], tree.high[first:end]
    total = packed_sum(*nodes, [sum(row.values()) for row in rows])
    bits = total.bit_length() + 1
    whole = packed_sum(*nodes, [sum(count << (bits * order) for order, count in row.items()) for row in rows])
    out: Orders = {}
    mask = (1 << bits) - 1
    order = 0
    while whole:
        if whole & mask:
            out[order] = whole & mask
        whole >>= bits
        order += 1
    return out


def count_by_order(tree: Tree, root: int) -> Orders | None:
    """How many minimal sets of each order, exactly, however many; None where a weighted threshold is too large for its table.

    Example by hand (C04): {2: 2, 3: 2}.
    """
    if root < tree.events:
        return {1: 1}
    made: list[Orders] = []
    for p in range(len(tree.kind)):
        first, end = int(tree.ptr[p]), int(tree.ptr[p + 1])
        row = tree.input[first:end]
        below = [made[int(c) - tree.events] for c in row[row >= tree.events]]
        events = len(row) - len(below)
        need = int(tree.need[p])
        if tree.kind[p] == ANY:
            total: Orders = {1: events} if events else {}
            for some in below:
                total = added(total, some)
        elif tree.kind[p] == ALL:
            total = multiplied({events: 1}, product(below))
        elif tree.kind[p] == VOTE and (tree.weight[first:end] == 1).all():
            total = _vote_orders(below, events, need)
        else:
            every = [{1: 1} if c < tree.events else made[int(c) - tree.events] for c in row]
            if tree.kind[p] != VOTE:
                total = _core_orders(tree, p, every)
            elif len(every) * need <= WEIGHTED_CELLS:
                total = _weighted_orders(every, tree.weight[first:end].tolist(), need)
            else:
                return None
        made.append(total)
    return dict(sorted(made[root - tree.events].items()))
