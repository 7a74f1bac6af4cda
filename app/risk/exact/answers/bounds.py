"""Bounds from minimal sets (Esary, Proschan 1963): Q <= 1 - prod over cuts (1 - P(cut)); Q >= prod over paths (1 - P(path)).

log of the upper one is a sum over all cut sets of log(1 - P). Expanded, -sum over j of R_j / j with R_j = the rare-event sum of
the j-th powers of q: each R_j is one pass over the diagrams, so billions of cut sets cost nothing. Path sets have chances near 1,
where the series does not converge: they are enumerated, within a budget.
"""

from __future__ import annotations

import math

import numpy as np

from app.risk.exact.answers.cut_sets import best_logs, set_sum
from app.risk.exact.answers.listing import vote_diagram
from app.risk.exact.formula.gates import GATES, Gates
from app.risk.exact.formula.tree import ALL, ANY, VOTE, Tree
from app.risk.jit import Array, Floats, Int32s, Int64s, kernel

MOST_TERMS = 4000
PASSES = 200_000_000  # nodes and inputs visited in all terms together


def esary_proschan_upper(tree: Tree, root: int, q: Array) -> float | None:
    """1 - prod over minimal cut sets of (1 - P(cut)), to 1e-14; None where the largest P(cut) is too near 1 for the series.

    Example by hand (C04): 1 - .99^2 * .999^2 = .0218592199.
    """
    largest = math.exp(float(best_logs(tree, np.log(q))[root]))
    votes = np.flatnonzero(tree.kind == VOTE)
    cells = int((np.diff(tree.ptr)[votes] * tree.need[votes].astype(np.int64)).sum())
    size = len(tree.level) + len(tree.input) + cells + 1
    total, power = 0.0, np.ones(len(q))
    for j in range(1, min(MOST_TERMS, PASSES // size + 2)):
        power = power * q
        term = set_sum(tree, root, power) / j
        if math.isnan(term):
            return None
        total += term
        if term * largest / (1.0 - largest) <= 1e-15 * total if largest < 1.0 else False:
            return -math.expm1(-total)
    return None


@kernel
def path_logs(level: Int32s, low: Int32s, high: Int32s, ptr: Int64s, value: Floats, most: int) -> Array:
    """Sums along every set of a diagram (constants in front), each level with each of its values: float64, at most `most` of
    them."""
    out = np.empty(most)
    count = 0
    size = 2 * len(level) + 2
    node = np.empty(size, np.int32)
    choice = np.empty(size, np.int64)
    sofar = np.empty(size)
    node[0] = len(level) - 1
    choice[0] = -1
    sofar[0] = 0.0
    depth = 1
    while depth:
        n = node[depth - 1]
        if n == 1:
            out[count] = sofar[depth - 1]
            count += 1
            if count == most:
                break
        if n < 2:
            depth -= 1
            continue
        k = choice[depth - 1]
        choice[depth - 1] = k + 1
        if k < 0:
            child, grown = low[n], sofar[depth - 1]
        elif ptr[level[n]] + k < ptr[level[n] + 1]:
            child, grown = high[n], sofar[depth - 1] + value[ptr[level[n]] + k]
        else:
            depth -= 1
            continue
        if child:
            node[depth] = child
            choice[depth] = -1
            sofar[depth] = grown
            depth += 1
    return out[:count]


def _diagram_logs(level: Array, low: Array, high: Array, rows: list[Array], most: int) -> Array:
    ptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return np.asarray(
        path_logs(level.astype(np.int32), low.astype(np.int32), high.astype(np.int32), ptr, np.concatenate(rows), most)
    )


def all_set_logs(tree: Tree, root: int, log_q: Array, most: int) -> Array | None:
    """float64: log of the chance of every minimal set; the caller knows that there are at most `most`. None: a threshold is too
    large.

    Example by hand (C04): log .01 twice, log .001 twice.
    """
    if root < tree.events:
        return np.array([log_q[root]])
    made: dict[int, Array] = {}
    ends = np.array([0, 1], np.int32)
    for p in range(len(tree.kind)):
        first, end = int(tree.ptr[p]), int(tree.ptr[p + 1])
        rows = [log_q[c : c + 1] if c < tree.events else made.pop(int(c)) for c in tree.input[first:end]]
        if tree.kind[p] == ANY:
            logs = np.concatenate(rows)
        elif tree.kind[p] == ALL:
            logs = np.zeros(1)
            for row in sorted(rows, key=len):
                logs = np.add.outer(logs, row).ravel()
        elif tree.kind[p] == VOTE:
            diagram = vote_diagram(tree.weight[first:end], int(tree.need[p]))
            if diagram is None:
                return None
            level, low, high, order = diagram
            logs = _diagram_logs(level, low, high, [rows[i] for i in order], most)
        else:
            nodes = slice(int(tree.node_ptr[p]), int(tree.node_ptr[p + 1]))
            level, low, high = (np.concatenate([ends, a[nodes]]) for a in (tree.level, tree.low, tree.high))
            logs = _diagram_logs(level, low, high, rows, most)
        made[tree.events + p] = logs
    return made[root]


def esary_proschan_lower(paths: Tree, root: int, q: Array, most: int) -> float | None:
    """prod over minimal path sets of (1 - P(all of the path work)); `paths`: minimal sets of the dual tree. None: too large to
    list.

    Example by hand (C04): (1 - .9^2)^2 (1 - .9^3)^2 = .0026512201.
    """
    logs = all_set_logs(paths, root, np.log1p(-q), most)
    return None if logs is None else float(np.exp(np.sum(np.log(-np.expm1(logs)))))


@kernel
def crude_chances(store: Gates, q: Floats) -> Array:
    """float64[E + G] upper bounds of P(node): OR as if independent (failures of a monotone formula hang together, so that is an
    upper bound: Esary, Proschan, Walkup 1967), AND the smallest, a threshold by Markov's inequality."""
    up = np.empty(store.events + store.used[GATES])
    up[: store.events] = q
    for g in range(store.used[GATES]):
        works = 0.0
        least = 1.0
        mean = 0.0
        weight = np.int64(0)
        for i in range(store.ptr[g], store.ptr[g + 1]):
            p = up[store.input[i]]
            works += math.log1p(-p) if p < 1.0 else -math.inf
            least = min(least, p)
            mean += p * store.weight[i]
            weight += store.weight[i]
        some = -math.expm1(works)
        up[store.events + g] = min(some, min(mean / store.need[g], least if weight == store.need[g] else 1.0))
    return up


def crude_upper(store: Gates, root: int, q: Array) -> float:
    """An upper bound of Q at no cost, gate by gate.

    Example by hand: a or (b and c) with .1, .2, .3: 1 - .9 * .8 = .28.
    """
    return float(crude_chances(store, q)[root])
