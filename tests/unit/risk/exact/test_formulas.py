"""The steps of the engine one by one on random monotone formulas with weighted thresholds, against their truth tables."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from app.risk.exact.answers.cut_sets import set_sum
from app.risk.exact.answers.listing import most_probable
from app.risk.exact.answers.set_counts import count_by_order
from app.risk.exact.answers.solve import dual_tree, minimal_tree, packed
from app.risk.exact.diagrams.bdd import Diagram
from app.risk.exact.diagrams.build_within_budget import CHOICES, solve_core, try_build
from app.risk.exact.diagrams.enclose import bounding_diagram
from app.risk.exact.diagrams.sets import minimal_sets
from app.risk.exact.formula.decompose import skeleton_of
from app.risk.exact.formula.factor import factored, smallest
from app.risk.exact.formula.gates import FALSE, TRUE, Gates, gates_store, scratch_of
from app.risk.exact.formula.make_gate import make_gate
from app.risk.exact.formula.ordering import orders_of
from app.risk.exact.formula.pairs import paired
from app.risk.exact.formula.simplify import count_parents, simplified
from app.risk.exact.formula.tree import tree_birnbaum, tree_chances
from tests.unit.risk.exact.brute import Truth


def random_formula(seed: int, most: int = 9) -> tuple[Gates, int, Any]:
    """A store, its root, and bool[2^E] the truth table kept beside it, gate by gate."""
    rng = np.random.default_rng(seed)
    events = int(rng.integers(2, most))
    store, work = gates_store(events, 400, 4000), scratch_of(64)
    states = np.arange(1 << events)
    nodes = list(range(events))
    tables = [(states >> i & 1).astype(np.int64) for i in range(events)]
    for _ in range(int(rng.integers(2, 14))):
        count = int(rng.integers(2, 6))
        chosen = rng.integers(0, len(nodes), count)  # the same node may come twice
        weight = rng.integers(1, 4, count) if rng.random() < 0.4 else np.ones(count, np.int64)
        need = int(rng.integers(1, weight.sum() + 1))
        work.node[:count], work.weight[:count] = [nodes[k] for k in chosen], weight
        table = (sum(w * tables[k] for w, k in zip(weight, chosen, strict=True)) >= need).astype(np.int64)
        made = int(make_gate(store, work, count, need))
        assert (made == FALSE) == (not table.any()) or made >= 0
        if made >= 0:
            nodes.append(made)
            tables.append(table)
    return store, nodes[-1], tables[-1].astype(bool)


def table_of(store: Gates, root: int) -> Any:
    """bool[2^E] of a formula."""
    states = np.arange(1 << store.events)
    if root < 0:
        return np.full(len(states), root == TRUE)
    tables = [(states >> i & 1).astype(np.int64) for i in range(store.events)]
    for g in range(int(store.used[0])):
        rows = range(int(store.ptr[g]), int(store.ptr[g + 1]))
        tables.append((sum(int(store.weight[i]) * tables[store.input[i]] for i in rows) >= store.need[g]).astype(np.int64))
    return tables[root].astype(bool)


def diagram_table(diagram: Diagram, order: Any, events: int) -> Any:
    states = np.arange(1 << events)
    tables = [np.zeros(len(states), bool), np.ones(len(states), bool)]
    for n in range(2, len(diagram.level)):
        on = (states >> int(order[diagram.level[n]]) & 1).astype(bool)
        tables.append(np.where(on, tables[diagram.high[n]], tables[diagram.low[n]]))
    return tables[diagram.root]


@pytest.mark.parametrize("block", range(4))
@pytest.mark.compiled
def test_each_step_keeps_the_function(block: int) -> None:
    for seed in range(100 * block, 100 * block + 100):
        store, root, want = random_formula(seed)
        assert (table_of(store, root) == want).all()
        smaller, top = simplified(store, root)
        assert (table_of(smaller, top) == want).all()
        if root < store.events:
            continue
        assert (table_of(*factored(store, root)) == want).all()
        smaller, top = smallest(store, root)
        assert (table_of(smaller, top) == want).all()
        read = np.flatnonzero(count_parents(store, root)[: store.events]).tolist()
        for choice in CHOICES:
            order = orders_of(store, root, choice)
            assert sorted(order.tolist()) == read
            assert (table_of(*paired(store, root, order)) == want).all()
        found = solve_core(store, root, 10_000, time.monotonic() + 9)
        assert found is not None
        assert (diagram_table(*found, store.events) == want).all()


def gates_by_hand(events: int, *rows: tuple[list[int], int]) -> tuple[Gates, int]:
    """Gates (inputs, need) over so many events; nodes from `events` on. The last is the root."""
    store, work, made = gates_store(events, 1000, 5000), scratch_of(200), -1
    for inputs, need in rows:
        work.node[: len(inputs)], work.weight[: len(inputs)] = inputs, 1
        made = int(make_gate(store, work, len(inputs), need))
    return store, made


def test_what_two_members_stand_on_comes_out_of_the_pair() -> None:
    """(a or c) and (b or c) = c or (a and b), and the dual; in 2 of 3, what two of them read."""
    a, b, c, d = range(4)
    for low, high in ((1, 2), (2, 1)):
        store, root = gates_by_hand(3, ([a, c], low), ([b, c], low), ([3, 4], high))
        smaller, top = factored(store, root)
        last = top - 3
        assert smaller.input[smaller.ptr[last] : smaller.ptr[last + 1]].tolist()[0] == c and int(smaller.need[last]) == low
        assert (table_of(smaller, top) == table_of(store, root)).all()
        assert not skeleton_of(store, root).cores  # nothing is shared any more
    store, root = gates_by_hand(4, ([a, c], 1), ([b, c], 1), ([4, 5, d], 2))
    assert not skeleton_of(store, root).cores


def test_what_an_input_reads_already_is_not_read_twice() -> None:
    """a or (a or b): once; through a shared gate too."""
    a, b, c, d = range(4)
    store, root = gates_by_hand(4, ([a, b], 1), ([a, 4, c], 1), ([4, d], 2), ([5, 6], 2))
    smaller, top = factored(store, root)
    assert int(count_parents(smaller, top)[a]) == 1
    assert (table_of(smaller, top) == table_of(store, root)).all()


@pytest.mark.compiled
def test_a_narrow_order_of_a_ladder_needs_few_nodes() -> None:
    """Rungs i: (x_i or y_i) and (x_(i+1) or z_i), shuffled numbers: any of 60 fails. Along the ladder two nodes a level are
    enough."""
    rungs = 60
    name = np.random.default_rng(3).permutation(3 * rungs + 1).tolist()
    x, y, z = name[: rungs + 1], name[rungs + 1 : 2 * rungs + 1], name[2 * rungs + 1 :]
    rows: list[tuple[list[int], int]] = []
    for i in np.random.default_rng(4).permutation(rungs).tolist():
        at = 3 * rungs + 1 + len(rows)
        rows += [([x[i], y[i]], 1), ([x[i + 1], z[i]], 1), ([at, at + 1], 2)]
    store, root = gates_by_hand(3 * rungs + 1, *rows, ([3 * rungs + 1 + 3 * i + 2 for i in range(rungs)], 1))
    made, _ = try_build(store, root, orders_of(store, root, 6), 5_000, time.monotonic() + 9)
    assert made is not None and len(made.level) < 8 * rungs


@pytest.mark.parametrize("block", range(4))
@pytest.mark.compiled
def test_module_tree_against_truth_tables(block: int) -> None:
    for seed in range(1000 + 100 * block, 1100 + 100 * block):
        store, root, failed = random_formula(seed)
        q = np.random.default_rng(seed).random(store.events)
        truth = Truth(failed, np.arange(store.events), q)
        skeleton = skeleton_of(store, root)
        if skeleton.root < 0:
            assert failed.all() or not failed.any()
            continue
        solved = {}
        for core in skeleton.cores:
            found = solve_core(core.store, core.root, 10_000, time.monotonic() + 9)
            assert found is not None
            solved[core.part] = found
        tree = packed(skeleton, solved)
        up, down = tree_chances(tree, q)
        assert up[skeleton.root] == pytest.approx(truth.unavailability(), rel=1e-12)
        assert down[skeleton.root] == pytest.approx(1.0 - truth.unavailability(), rel=1e-9)
        birnbaum = tree_birnbaum(tree, skeleton.root, up, down)
        assert birnbaum == pytest.approx(truth.birnbaum(), rel=1e-9, abs=1e-15)
        for side, table in ((tree, failed), (dual_tree(tree), ~failed[::-1])):  # the dual: works in terms of works
            cuts = Truth(table, np.arange(store.events), q).cut_sets()
            sets = minimal_tree(side, 10_000, time.monotonic() + 9)
            assert sets is not None
            listed = most_probable(sets, skeleton.root, q, 10_000)
            assert listed is not None and sorted(tuple(events) for _, events in listed) == cuts
            orders = count_by_order(sets, skeleton.root)
            assert orders is not None and sum(orders.values()) == len(cuts)
            assert set_sum(sets, skeleton.root, q) == pytest.approx(sum(float(np.prod(q[list(c)])) for c in cuts), rel=1e-12)


def test_bounding_diagrams_enclose_the_function() -> None:
    """Not only the probability: below and above in every state."""
    for seed in range(2000, 2300):
        store, root, want = random_formula(seed, 12)
        if root < store.events:
            continue
        fails = np.random.default_rng(seed).random(store.events) ** 3
        for growing in (False, True):
            made, order = bounding_diagram(store, root, fails, 1, time.monotonic() - 1, growing)
            table = diagram_table(made, order, store.events)
            assert (table >= want).all() if growing else (table <= want).all()


def test_bounded_products_enclose_the_product() -> None:
    from app.risk.exact.diagrams.bdd import AND, OR, apply, bdd_of, diagram_of, make_node
    from app.risk.exact.diagrams.bounded_apply import bounded_apply, pairs_of
    from app.risk.exact.diagrams.pruning import chances_of, pruned

    rng = np.random.default_rng(5)
    levels, cut = 10, 0
    order = np.arange(levels)
    for _ in range(60):
        store = bdd_of(levels, 5000)
        functions = []
        for _ in range(2):
            f = 0
            for _ in range(8):
                term = 1
                for level in sorted(rng.choice(levels, 3, replace=False).tolist()):
                    term = apply(store, AND, term, make_node(store, level, 0, 1))
                f = apply(store, OR, f, term)
            functions.append(int(f))
        fails = rng.random(levels) ** 2
        for op in (AND, OR):
            exact = int(apply(store, op, *functions))
            want = diagram_table(diagram_of(store, exact), order, levels)
            for growing in (False, True):
                for nodes in (0, 5, 20):
                    up = chances_of(store, fails)
                    pairs = pairs_of(levels, 10_000)
                    told = int(bounded_apply(store, pairs, op, *functions, fails, up, nodes, growing))
                    table = diagram_table(diagram_of(store, told), order, levels)
                    assert (table >= want).all() if growing else (table <= want).all()
                    cut += int((table != want).any())
                made = np.array([exact], np.int32)
                few = pruned(store, made, np.ones(1), fails, 6, 100, growing)
                table = diagram_table(diagram_of(few, int(made[0])), order, levels)
                assert int(few.state[0]) <= 8
                assert (table >= want).all() if growing else (table <= want).all()
    assert cut > 100


def test_minimal_sets_by_hand() -> None:
    """x0 or (x0 and x1) or (x1 and x2) -> {x0}, {x1, x2}."""
    from app.risk.exact.diagrams.bdd import bdd_of, diagram_of, make_node

    store = bdd_of(3, 50)
    both = make_node(store, 1, 0, make_node(store, 2, 0, 1))
    made = minimal_sets(diagram_of(store, make_node(store, 0, both, 1)), 3, 100, time.monotonic() + 5)
    assert made is not None
    assert (made.level[2:].tolist(), made.low[2:].tolist(), made.high[2:].tolist()) == ([2, 1, 0], [0, 0, 3], [1, 2, 1])


def test_a_shared_cause_comes_to_the_top() -> None:
    """(a or d) and (b or d) -> d or (a and b): no diagram is needed."""
    store, work = gates_store(3, 10, 30), scratch_of(8)

    def gate(need: int, *nodes: int) -> int:
        work.node[: len(nodes)], work.weight[: len(nodes)] = nodes, 1
        return int(make_gate(store, work, len(nodes), need))

    root = gate(2, gate(1, 0, 2), gate(1, 1, 2))
    assert not skeleton_of(store, root).cores
    assert gate(1, 0, 1, FALSE) == gate(1, 1, 0)  # like gates are one
    assert gate(2, 0, TRUE) == 0
    assert gate(2, 0, 0) == 0  # the same member twice weighs twice
