"""A diagram on one side of a formula that is too large for one: half of the certified interval beyond the budget (model 1.8).

Built gate by gate as the exact one. A gate that does not fit is made by `bounded_apply`, after the rest was pruned. AND and OR
keep the order of functions, so what comes out is a bound of the formula itself, whatever was given up on the way.
"""

from __future__ import annotations

import numpy as np

from app.risk.exact.diagrams.bdd import (
    AND,
    CONSTANT,
    LIMIT,
    NO_ROOM,
    OR,
    STEPS,
    Bdd,
    Diagram,
    bdd_of,
    compacted,
    diagram_of,
    make_node,
)
from app.risk.exact.diagrams.bounded_apply import Pairs, bounded_apply, pairs_of
from app.risk.exact.diagrams.build_within_budget import Building, build_gates, building_of, settle_inputs
from app.risk.exact.diagrams.pruning import chances_of, pruned
from app.risk.exact.formula.gates import GATES, Gates
from app.risk.exact.formula.ordering import orders_of
from app.risk.exact.formula.pairs import pair_gates, paired
from app.risk.jit import Array, Floats, kernel
from app.risk.jit.clock import working_time

SLICE = 20_000_000  # steps for one gate
LATE = 60_000  # nodes left once the time is up


@kernel
def gate_slopes(store: Gates, root: int, fails: Floats) -> Array:
    """float64[E + G] how much the root hangs on each node, as if all inputs of every gate (two) were independent: a guide, no
    more."""
    up = np.empty(store.events + store.used[GATES])
    up[: store.events] = fails
    for n in range(store.events, root + 1):
        g = n - store.events
        a, b = up[store.input[store.ptr[g]]], up[store.input[store.ptr[g] + 1]]
        up[n] = a * b if store.need[g] == 2 else a + b - a * b
    slope = np.zeros(len(up))
    slope[root] = 1.0
    for n in range(root, store.events - 1, -1):
        g = n - store.events
        a, b = store.input[store.ptr[g]], store.input[store.ptr[g] + 1]
        if store.need[g] == 2:
            slope[a] += slope[n] * up[b]
            slope[b] += slope[n] * up[a]
        else:
            slope[a] += slope[n] * (1.0 - up[b])
            slope[b] += slope[n] * (1.0 - up[a])
    return slope


@kernel
def bounded_gate(bdd: Bdd, pairs: Pairs, store: Gates, work: Building, g: int, fails: Floats, nodes: int, growing: bool) -> int:
    """Gate g, of two inputs, by `bounded_apply`; NO_ROOM leaves it open."""
    f = np.empty(2, np.int64)
    for i in range(2):
        c = store.input[store.ptr[g] + i]
        f[i] = make_node(bdd, work.level[c], 0, 1) if c < store.events else work.made[c - store.events]
        if f[i] < 0:
            return NO_ROOM
    op = AND if store.need[g] == 2 else OR
    made = bounded_apply(bdd, pairs, op, f[0], f[1], fails, chances_of(bdd, fails), nodes, growing)
    if made >= 0:
        work.made[g] = made
        settle_inputs(store, work, g)
    return made


class _Enclosing:
    """One diagram on one side of a formula."""

    def __init__(self, store: Gates, root: int, fails: Array, nodes: int, until: float, growing: bool) -> None:
        self.order = orders_of(store, root, 0)
        self.store, self.root = paired(store, root, self.order)
        self.fails, self.until, self.growing = np.ascontiguousarray(fails[self.order]), until, growing
        self.nodes = max(64, nodes)
        self.work: Building = building_of(self.store, self.root, self.order)
        self.value = gate_slopes(self.store, self.root, fails)[self.store.events :]
        self.bdd = bdd_of(len(self.order), min(self.nodes, 4096))

    def run(self) -> Diagram:
        last, at = self.root - self.store.events, 0
        f, weight = np.empty_like(self.work.f), np.empty_like(self.work.weight)
        while True:
            self.bdd.state[LIMIT] = self.bdd.state[STEPS] + SLICE
            told = int(build_gates(self.bdd, self.store, self.root, self.work, f, weight, at))
            if told == last + 1:
                return diagram_of(self.bdd, int(self.work.made[last]))
            at = ~told if told < 0 else told
            if working_time() > self.until:
                self.nodes = min(self.nodes, LATE)
            room = len(self.bdd.level)
            if room < self.nodes:
                self.bdd = compacted(self.bdd, self.work.made, min(4 * room, self.nodes))
            else:
                self.shorten(at)
                at += 1

    def shorten(self, gate: int) -> None:
        """Make a gate that does not fit: half of the room for what is there, a third for what it becomes."""
        self.bdd = pruned(self.bdd, self.work.made, self.value, self.fails, self.nodes // 2, self.nodes, self.growing)
        pairs = pairs_of(len(self.order), 2 * self.nodes)
        made = bounded_gate(self.bdd, pairs, self.store, self.work, gate, self.fails, self.nodes // 3, self.growing)
        assert made >= 0


def bounding_diagram(store: Gates, root: int, fails: Array, nodes: int, until: float, growing: bool) -> tuple[Diagram, Array]:
    """A diagram of a function that is nowhere above (growing: nowhere below) the formula, and int32[L] the event of each level.

    fails: float64[E] chances of the events, which only steer. Example by hand: of (a and b) or c in one node, c is a lower bound.
    """
    if pair_gates(store) > 4 * nodes:  # "never" and "always"
        ends = np.array([0, 1], np.int32)
        return Diagram(np.full(2, CONSTANT, np.int32), ends, ends, int(growing)), np.arange(store.events, dtype=np.int32)
    made = _Enclosing(store, root, fails, nodes, until, growing)
    return made.run(), made.order
