"""The module tree of one formula: parts that share nothing, each evaluated by itself; Q goes up, Birnbaum importance down (chain
rule).

A part is ANY (OR), ALL (AND) or VOTE (threshold) of independent inputs, or a CORE: a decision diagram over its inputs. Inputs are
events (0..E-1) or parts (E + number); every event and every part but the root is the input of exactly one part, and parts come
before their parent.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from app.risk.exact.formula.votes import vote_chance, vote_slopes
from app.risk.jit import Array, Floats, Int8s, Int32s, Int64s, inner, kernel

ANY, ALL, VOTE, CORE = 0, 1, 2, 3


class Tree(NamedTuple):
    """P parts over E events. Nodes of all diagrams lie one after another without their constants: node n of part p at node_ptr[p]
    + n - 2."""

    events: int
    kind: Int8s  # int8[P]
    need: Int32s  # int32[P] of a VOTE
    ptr: Int64s  # int64[P+1]
    input: Int32s  # int32[I]; of a CORE in order of its levels
    weight: Int32s  # int32[I] of a VOTE
    node_ptr: Int64s  # int64[P+1]
    level: Int32s  # int32[D]
    low: Int32s  # int32[D]
    high: Int32s  # int32[D]


@inner
def log_of(chance: float, other: float) -> float:
    """log(chance), where other = 1 - chance."""
    return math.log1p(-other) if other < 0.5 else math.log(chance) if chance > 0.0 else -math.inf


@inner
def sum_of_logs(good: Floats, bad: Floats, count: int) -> tuple[float, int]:
    """Sum of log(good[i]) with its rounding carried along (Neumaier), and how many are 0 and left out."""
    total = 0.0
    rest = 0.0
    zeros = 0
    for i in range(count):
        if good[i] == 0.0:
            zeros += 1
            continue
        x = log_of(good[i], bad[i])
        grown = total + x
        rest += (total - grown) + x if abs(total) >= abs(x) else (x - grown) + total
        total = grown
    return total + rest, zeros


@inner
def core_up(tree: Tree, part: int, fails: Floats, works: Floats, up: Floats, down: Floats) -> tuple[float, float]:
    """P of a diagram, true and false; up, down receive those of its nodes."""
    first = tree.node_ptr[part] - 2
    up[0] = 0.0
    down[0] = 1.0
    up[1] = 1.0
    down[1] = 0.0
    end = tree.node_ptr[part + 1] - first
    for n in range(2, end):
        q = fails[tree.level[first + n]]
        p = works[tree.level[first + n]]
        one, other = tree.high[first + n], tree.low[first + n]
        up[n] = q * up[one] + p * up[other]
        down[n] = q * down[one] + p * down[other]
    return up[end - 1], down[end - 1]


@inner
def core_slopes(
    tree: Tree, part: int, fails: Floats, works: Floats, up: Floats, down: Floats, reach: Floats, slope: Floats
) -> None:
    """slope[l] = P(diagram | level l fails) - P(diagram | it works): the chance to come to a node times the gap of its
    children."""
    first = tree.node_ptr[part] - 2
    end = tree.node_ptr[part + 1] - first
    reach[:end] = 0.0
    reach[end - 1] = 1.0
    for n in range(end - 1, 1, -1):
        r = reach[n]
        one, other = tree.high[first + n], tree.low[first + n]
        gap = up[one] - up[other] if up[one] < 0.5 else down[other] - down[one]
        level = tree.level[first + n]
        slope[level] += r * gap
        reach[one] += r * fails[level]
        reach[other] += r * works[level]


@inner
def largest(ptr: Int64s) -> int:
    """The longest row of a CSR."""
    most = 0
    for p in range(len(ptr) - 1):
        most = max(most, ptr[p + 1] - ptr[p])
    return most


@inner
def gather_inputs(tree: Tree, part: int, up: Floats, down: Floats, fails: Floats, works: Floats) -> int:
    """Chances of a part's inputs side by side; how many."""
    first = tree.ptr[part]
    count = tree.ptr[part + 1] - first
    for i in range(count):
        fails[i] = up[tree.input[first + i]]
        works[i] = down[tree.input[first + i]]
    return count  # type: ignore[no-any-return]


@kernel
def tree_up(tree: Tree, up: Floats, down: Floats) -> None:
    """Fill up[E + p], down[E + p] = P(part p fails), P(works) from those of the events."""
    widest = largest(tree.ptr)
    fails = np.empty(widest)
    works = np.empty(widest)
    nodes = largest(tree.node_ptr) + 2
    node_up = np.empty(nodes)
    node_down = np.empty(nodes)
    for p in range(len(tree.kind)):
        count = gather_inputs(tree, p, up, down, fails, works)
        at = tree.events + p
        if tree.kind[p] == ANY or tree.kind[p] == ALL:
            good, bad = (works, fails) if tree.kind[p] == ANY else (fails, works)
            total, zeros = sum_of_logs(good, bad, count)
            if zeros:
                total = -math.inf
            some, every = -math.expm1(total), math.exp(total)
            up[at], down[at] = (some, every) if tree.kind[p] == ANY else (every, some)
        elif tree.kind[p] == VOTE:
            weight = tree.weight[tree.ptr[p] : tree.ptr[p + 1]]
            up[at], down[at] = vote_chance(fails[:count], works[:count], weight, tree.need[p])
        else:
            up[at], down[at] = core_up(tree, p, fails, works, node_up, node_down)


@kernel
def product_slopes(good: Floats, bad: Floats, count: int, slope: Floats) -> None:
    """slope[i] = product of the other good[j]; exact where one of them is 0."""
    total, zeros = sum_of_logs(good, bad, count)
    for i in range(count):
        if zeros == 0:
            slope[i] = math.exp(total - log_of(good[i], bad[i]))
        elif zeros == 1 and good[i] == 0.0:
            slope[i] = math.exp(total)
        else:
            slope[i] = 0.0


@kernel
def tree_down(tree: Tree, up: Floats, down: Floats, root: int, slope: Floats) -> None:
    """slope[E + P]: d P(root fails) / d P(event or part fails)."""
    slope[:] = 0.0
    slope[root] = 1.0
    widest = largest(tree.ptr)
    fails = np.empty(widest)
    works = np.empty(widest)
    own = np.empty(widest)
    nodes = largest(tree.node_ptr) + 2
    node_up = np.empty(nodes)
    node_down = np.empty(nodes)
    reach = np.empty(nodes)
    for p in range(len(tree.kind) - 1, -1, -1):
        above = slope[tree.events + p]
        if above == 0.0:
            continue
        count = gather_inputs(tree, p, up, down, fails, works)
        if tree.kind[p] == ANY:
            product_slopes(works, fails, count, own)
        elif tree.kind[p] == ALL:
            product_slopes(fails, works, count, own)
        elif tree.kind[p] == VOTE:
            weight = tree.weight[tree.ptr[p] : tree.ptr[p + 1]]
            vote_slopes(fails[:count], works[:count], weight, tree.need[p], own)
        else:
            own[:count] = 0.0
            core_up(tree, p, fails, works, node_up, node_down)
            core_slopes(tree, p, fails, works, node_up, node_down, reach, own)
        for i in range(count):
            slope[tree.input[tree.ptr[p] + i]] = above * own[i]


def tree_chances(tree: Tree, q: Array) -> tuple[Array, Array]:
    """float64[E + P] P(fails) and P(works) of events and parts; q float64[E].

    Example by hand: a in series with (b and c), q .01, .1, .2: parts .02 and 1 - .99 * .98 = .0298 (C13).
    """
    size = tree.events + len(tree.kind)
    up, down = np.empty(size), np.empty(size)
    up[: tree.events], down[: tree.events] = q, 1.0 - q
    tree_up(tree, up, down)
    return up, down


def tree_birnbaum(tree: Tree, root: int, up: Array, down: Array) -> Array:
    """float64[E] dQ/dq of every event, from what `tree_chances` gave.

    Example by hand (C13): B_a = 1 - .02 = .98, B_b = .99 * .2 = .198.
    """
    slope = np.empty(len(up))
    tree_down(tree, up, down, root, slope)
    return slope[: tree.events].copy()
