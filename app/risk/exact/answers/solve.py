"""From a module tree with open cores to one with diagrams, within a budget, and the dual tree and the tree of minimal sets made
of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from app.risk.exact.diagrams.bdd import Diagram
from app.risk.exact.diagrams.budget import Budget
from app.risk.exact.diagrams.build_within_budget import solve_core
from app.risk.exact.diagrams.enclose import bounding_diagram
from app.risk.exact.diagrams.sets import minimal_sets
from app.risk.exact.formula.decompose import Core, Skeleton
from app.risk.exact.formula.tree import ALL, ANY, CORE, VOTE, Tree, tree_chances
from app.risk.jit import Array, Floats, Int32s, Int64s, kernel
from app.risk.jit.clock import working_time

LOWER, UPPER = -1, 1
EXACT_SHARE = 0.5  # of the seconds; the rest is for the interval
BOUND_NODES = 500_000


@dataclass(frozen=True, slots=True)
class Solution:
    """`lower` fails never more, `upper` never less than the formula; one and the same tree where it is exact. `nodes`: of all
    diagrams."""

    lower: Tree
    upper: Tree
    root: int
    exact: bool
    nodes: int
    open_cores: int


def packed(skeleton: Skeleton, solved: Mapping[int, tuple[Diagram, Array]], parts: int | None = None) -> Tree:
    """A tree of the first `parts` parts with these diagrams, by part, each with its order (level -> input)."""
    count = len(skeleton.kind) if parts is None else parts
    inputs = skeleton.input.copy()
    sizes = np.zeros(count + 1, np.int64)
    rows: list[Diagram] = []
    for part in sorted(p for p in solved if p < count):
        diagram, order = solved[part]
        if diagram.root < 2:  # a bound that is a constant: a node with twice the same child
            diagram = Diagram(np.array([0, 0, 0]), np.array([0, 1, diagram.root]), np.array([0, 1, diagram.root]), 2)
        first = int(skeleton.ptr[part])
        rest = np.setdiff1d(np.arange(int(skeleton.ptr[part + 1]) - first), order)
        inputs[first : int(skeleton.ptr[part + 1])] = skeleton.input[first + np.concatenate([order, rest])]
        sizes[part + 1] = len(diagram.level) - 2
        rows.append(diagram)
    return Tree(
        skeleton.events, skeleton.kind[:count], skeleton.need[:count], skeleton.ptr[: count + 1], inputs, skeleton.weight,
        np.cumsum(sizes),
        joined([d.level for d in rows]), joined([d.low for d in rows]), joined([d.high for d in rows]),
    )  # fmt: skip


def joined(rows: list[Array]) -> Array:
    """Node arrays one after another, their constants left out."""
    return np.concatenate([np.zeros(0, np.int32), *(row[2:] for row in rows)]).astype(np.int32)


def diagram_at(tree: Tree, part: int) -> Diagram:
    """The diagram of one core, constants in front again."""
    first, end = int(tree.node_ptr[part]), int(tree.node_ptr[part + 1])
    level = np.concatenate([np.full(2, 2**31 - 1, np.int32), tree.level[first:end]])
    ends = np.array([0, 1], np.int32)
    return Diagram(
        level, np.concatenate([ends, tree.low[first:end]]), np.concatenate([ends, tree.high[first:end]]), end - first + 1
    )


@kernel
def part_ranks(events: int, ptr: Int64s, inputs: Int32s, rank: Floats) -> Array:
    """float64[E + P] the mean rank of the inputs of a part that have one."""
    out = np.full(events + len(ptr) - 1, np.nan)
    out[:events] = rank
    for p in range(len(ptr) - 1):
        total = 0.0
        count = 0
        for i in range(ptr[p], ptr[p + 1]):
            if not np.isnan(out[inputs[i]]):
                total += out[inputs[i]]
                count += 1
        if count:
            out[events + p] = total / count
    return out


def hint_of(skeleton: Skeleton, core: Core, ranks: Array | None) -> Array | None:
    """int32[L] the inputs of a core by rank; None where fewer than half of them have one."""
    if ranks is None:
        return None
    own = ranks[skeleton.input[int(skeleton.ptr[core.part]) : int(skeleton.ptr[core.part + 1])]]
    return None if np.isnan(own).mean() > 0.5 else np.argsort(own, kind="stable").astype(np.int32)


def solve_tree(skeleton: Skeleton, q: Array, budget: Budget, until: float, rank: Array | None = None) -> Solution:
    """Every core by a diagram of its own; those beyond the budget by a pair of diagrams that enclose it. `until`: of
    working_time. rank: float64[E] a good order of events, NaN unknown.

    Example by hand: a formula without cores comes back as it is, exact.
    """
    solved: dict[int, tuple[Diagram, Array]] = {}
    too_large: list[Core] = []
    ranks = None if rank is None else part_ranks(skeleton.events, skeleton.ptr, skeleton.input, rank)
    exact_until = until - (1.0 - EXACT_SHARE) * max(0.0, until - working_time())
    for core in sorted(skeleton.cores, key=lambda c: c.store.events):  # a large one must not eat the time of the small
        found = solve_core(core.store, core.root, budget.nodes, exact_until, hint_of(skeleton, core, ranks))
        if found is None:
            too_large.append(core)
        else:
            solved[core.part] = found
    nodes = sum(len(diagram.level) - 2 for diagram, _ in solved.values())
    if not too_large:
        tree = packed(skeleton, solved)
        return Solution(tree, tree, skeleton.root, True, nodes, 0)
    trees = []
    for side in (LOWER, UPPER):
        known = dict(solved)
        for core in sorted(too_large, key=lambda c: c.part):
            known[core.part] = _bounded(skeleton, known, core, q, budget, until, side)
        trees.append(packed(skeleton, known))
    return Solution(trees[0], trees[1], skeleton.root, False, nodes, len(too_large))


def _bounded(
    skeleton: Skeleton, known: Mapping[int, tuple[Diagram, Array]], core: Core, q: Array, budget: Budget, until: float, side: int
) -> tuple[Diagram, Array]:
    """A diagram on one side of a core; chances of its inputs only steer what is given up."""
    tree = packed(skeleton, known, core.part)
    up, _ = tree_chances(tree, q)
    fails = up[skeleton.input[int(skeleton.ptr[core.part]) : int(skeleton.ptr[core.part + 1])]]
    return bounding_diagram(core.store, core.root, fails, min(budget.nodes, BOUND_NODES), until, side == UPPER)


def dual_tree(tree: Tree) -> Tree:
    """The tree of "works" in terms of "works": its minimal sets are the path sets.

    Example by hand: a or (b and c) -> a and (b or c).
    """
    kind = tree.kind.copy()
    kind[tree.kind == ANY], kind[tree.kind == ALL] = ALL, ANY
    need = tree.need.copy()
    for p in np.flatnonzero(tree.kind == VOTE).tolist():
        need[p] = int(tree.weight[int(tree.ptr[p]) : int(tree.ptr[p + 1])].sum()) - int(tree.need[p]) + 1
    swapped = np.array([1, 0], np.int32)
    low = np.where(tree.high < 2, swapped[np.minimum(tree.high, 1)], tree.high)
    high = np.where(tree.low < 2, swapped[np.minimum(tree.low, 1)], tree.low)
    return tree._replace(kind=kind, need=need, low=low.astype(np.int32), high=high.astype(np.int32))


def minimal_tree(tree: Tree, nodes: int, until: float) -> Tree | None:
    """The tree with the minimal sets of each core in place of its diagram; None beyond the budget.

    Example by hand: without cores the tree itself.
    """
    sizes = np.zeros(len(tree.kind) + 1, np.int64)
    rows: list[Diagram] = []
    left = nodes
    for part in np.flatnonzero(tree.kind == CORE).tolist():
        made = minimal_sets(diagram_at(tree, part), int(tree.ptr[part + 1] - tree.ptr[part]), left, until)
        if made is None:
            return None
        left = max(1000, left - len(made.level))
        sizes[part + 1] = len(made.level) - 2
        rows.append(made)
    return tree._replace(
        node_ptr=np.cumsum(sizes),
        level=joined([d.level for d in rows]),
        low=joined([d.low for d in rows]),
        high=joined([d.high for d in rows]),
    )
