"""Minimal cut sets of a module tree: how many of each order, and sums over all of them without listing one.

A set of the whole is a choice of one set of each part that a set of its parent asks for, so counts and sums go through the tree:
added up at ANY, multiplied at ALL, by elementary symmetric sums at VOTE, along the nodes of the zero-suppressed diagram at a
CORE. All functions take the tree of minimal sets (`solve.minimal_tree`); given the dual one they speak of path sets.
"""

from __future__ import annotations

import math

import numpy as np

from app.risk.exact.formula.tree import ALL, ANY, VOTE, Tree, largest
from app.risk.jit import Array, Floats, Int32s, inner, kernel

SUM_CELLS = 1_000_000_000  # of the table for a sum over a VOTE


@inner
def all_equal(weight: Int32s) -> bool:
    """Whether every input weighs the same."""
    return bool(weight.min() == weight.max())


@inner
def vote_best(value: Floats, weight: Int32s, need: int) -> float:
    """The largest product over the minimal sets of a threshold, as a sum of logs."""
    if all_equal(weight):
        return np.sort(value)[len(value) - need :].sum()  # type: ignore[no-any-return]
    order = np.argsort(-weight, kind="mergesort")
    table = np.full(need, -np.inf)
    table[0] = 0.0
    best = -np.inf
    for k in range(len(order)):
        w = weight[order[k]]
        x = value[order[k]]
        for s in range(max(0, need - w), need):
            best = max(best, x + table[s])
        for s in range(need - 1, w - 1, -1):
            table[s] = max(table[s], x + table[s - w])
    return best


@inner
def vote_sum(value: Floats, weight: Int32s, need: int) -> float:
    """Sum over the minimal sets of a threshold of the product of their values: each set heaviest first, complete when `need` is
    reached.

    Where the table would be too large: 0 if the sum is below the smallest double for sure, else NaN.
    """
    if np.int64(len(value)) * need > SUM_CELLS:
        if not all_equal(weight):
            return np.nan
        most = vote_best(np.log(value), weight, need)
        most += math.lgamma(len(value) + 1.0) - math.lgamma(need + 1.0) - math.lgamma(len(value) - need + 1.0)
        return 0.0 if most < -746.0 else np.nan
    order = np.argsort(-weight, kind="mergesort")
    table = np.zeros(need)
    table[0] = 1.0
    total = 0.0
    for k in range(len(order)):
        w = weight[order[k]]
        x = value[order[k]]
        for s in range(max(0, need - w), need):
            total += x * table[s]
        for s in range(need - 1, w - 1, -1):
            table[s] += x * table[s - w]
    return total


@kernel
def tree_sums(tree: Tree, value: Floats) -> None:
    """value[E + p] = sum over the minimal sets of part p of the product of the values of their events."""
    nodes = np.empty(largest(tree.node_ptr) + 2)
    nodes[0] = 0.0
    nodes[1] = 1.0
    for p in range(len(tree.kind)):
        first, end = tree.ptr[p], tree.ptr[p + 1]
        row = tree.input[first:end]
        if tree.kind[p] == ANY:
            total = 0.0
            for c in row:
                total += value[c]
        elif tree.kind[p] == ALL:
            total = 1.0
            for c in row:
                total *= value[c]
        elif tree.kind[p] == VOTE:
            total = vote_sum(value[row], tree.weight[first:end], tree.need[p])
        else:
            at = tree.node_ptr[p] - 2
            count = tree.node_ptr[p + 1] - at
            for n in range(2, count):
                nodes[n] = nodes[tree.low[at + n]] + value[row[tree.level[at + n]]] * nodes[tree.high[at + n]]
            total = nodes[count - 1]
        value[tree.events + p] = total


@kernel
def tree_best(tree: Tree, value: Floats) -> None:
    """value[E + p] = largest sum over a minimal set of part p of its events' values (logs of chances)."""
    nodes = np.empty(largest(tree.node_ptr) + 2)
    nodes[0] = -np.inf
    nodes[1] = 0.0
    for p in range(len(tree.kind)):
        first, end = tree.ptr[p], tree.ptr[p + 1]
        row = tree.input[first:end]
        if tree.kind[p] == ANY:
            best = -np.inf
            for c in row:
                best = max(best, value[c])
        elif tree.kind[p] == ALL:
            best = 0.0
            for c in row:
                best += value[c]
        elif tree.kind[p] == VOTE:
            best = vote_best(value[row], tree.weight[first:end], tree.need[p])
        else:
            at = tree.node_ptr[p] - 2
            count = tree.node_ptr[p + 1] - at
            for n in range(2, count):
                nodes[n] = max(nodes[tree.low[at + n]], value[row[tree.level[at + n]]] + nodes[tree.high[at + n]])
            best = nodes[count - 1]
        value[tree.events + p] = best


def set_sum(tree: Tree, root: int, q: Array) -> float:
    """Sum of the probabilities of all minimal sets (rare-event sum); q float64[E].

    Example by hand (C04): .01 + .01 + .001 + .001 = .022.
    """
    value = np.empty(tree.events + len(tree.kind))
    value[: tree.events] = q
    tree_sums(tree, value)
    return float(value[root])


def best_logs(tree: Tree, log_q: Array) -> Array:
    """float64[E + P] log of the most probable minimal set of every event and part.

    Example by hand (C04): log .01.
    """
    value = np.empty(tree.events + len(tree.kind))
    value[: tree.events] = log_q
    tree_best(tree, value)
    return value
