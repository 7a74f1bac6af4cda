"""Diagrams that enclose a function too large for one: the certified interval beyond the budget (model 1.8).

The formula is built gate by gate as for the exact diagram. Where the room is full, the nodes that matter least are given up: a node
(x, low, high) becomes `low` (x taken to work there: the function only shrinks) or `high` (it only grows). What comes out is a lower or an
upper bound of the function itself, whatever was given up; the chances only steer the choice.
"""

from __future__ import annotations

import time

import numpy as np

from app.risk.exact.bdd import AND, COUNT, LIMIT, OR, STEPS, Bdd, Diagram, apply, bdd_of, compacted, diagram_of, make_node, mark_live
from app.risk.exact.core import Building, build_gates, building_of
from app.risk.exact.gates import FULL, GATES, INPUTS, Gates, Scratch, gates_store, grown, make_gate, scratch_of
from app.risk.exact.ordering import orders_of
from app.risk.exact.simplify import count_parents, thresholds
from app.risk.jit import Array, kernel

SLICE = 20_000_000  # steps for one gate
LATE = 4096  # nodes left once the time is up


@kernel
def pair(store: Gates, work: Scratch, a: int, b: int, need: int) -> int:
    """a or b (need 1), a and b (need 2)."""
    work.node[0] = a
    work.node[1] = b
    work.weight[0] = 1
    work.weight[1] = 1
    return make_gate(store, work, 2, need)


@kernel
def in_pairs(store: Gates, root: int, level: Array, into: Gates, work: Scratch, place: Array, start: int) -> int:
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


@kernel
def pairs_of_vote(store: Gates, g: int, order: Array, into: Gates, work: Scratch, place: Array) -> int:
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


@kernel
def gate_slopes(store: Gates, root: int, fails: Array) -> Array:
    """float64[E + G] how much the root hangs on each node, as if all inputs of every gate (two) were independent: a guide, no more."""
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
def losses(store: Bdd, live: Array, made: Array, value: Array, fails: Array, growing: bool) -> Array:
    """float64[nodes] what giving up each live node costs at most: its chance to be reached times the gap that is closed; infinite if dead."""
    count = store.state[COUNT]
    up = np.zeros(count)
    up[1] = 1.0
    for n in range(2, count):
        q = fails[store.level[n]]
        up[n] = q * up[store.high[n]] + (1.0 - q) * up[store.low[n]]
    reach = np.zeros(count)
    for g in range(len(made)):
        if made[g] >= 2:
            reach[made[g]] += value[g] + 1e-300
    out = np.full(count, np.inf)
    for n in range(count - 1, 1, -1):
        if not live[n]:
            continue
        q = fails[store.level[n]]
        high, low = store.high[n], store.low[n]
        out[n] = reach[n] * abs(up[high] - up[low]) * (1.0 - q if growing else q)
        reach[high] += reach[n] * q
        reach[low] += reach[n] * (1.0 - q)
    return out


@kernel
def give_up(store: Bdd, into: Bdd, live: Array, cost: Array, most: float, growing: bool, place: Array) -> None:
    """Copy the live nodes, those that cost at most `most` replaced by one of their children.

    Of a monotone function low <= high. So that this stays true (and the bound is the better for it), a kept node of a lower bound gets
    high or low in place of high, of an upper bound low and high in place of low; where there is no room for that it is given up, too.
    """
    place[0] = 0
    place[1] = 1
    for n in range(2, store.state[COUNT]):
        if not live[n]:
            continue
        low, high = place[store.low[n]], place[store.high[n]]
        made = -1
        if cost[n] > most:
            if growing:
                low = apply(into, AND, low, high)
            else:
                high = apply(into, OR, low, high)
            if low >= 0 and high >= 0:
                made = make_node(into, store.level[n], low, high)
        if made < 0:
            made = place[store.high[n]] if growing else place[store.low[n]]
        place[n] = made


def pruned(store: Bdd, made: Array, value: Array, fails: Array, target: int, room: int, growing: bool) -> Bdd:
    """A manager with the diagrams of `made` (changed in place), at most `target` nodes of them, and that room; fails: by level."""
    live = np.zeros(int(store.state[COUNT]), np.bool_)
    total = int(mark_live(store, made, live)) - 2
    into = bdd_of(len(store.stack) - 3, max(room, target + 2))
    into.state[LIMIT] = SLICE
    cost = losses(store, live, made, value, fails, growing)
    excess = total - target
    most = -1.0 if excess <= 0 else float(np.partition(cost, excess - 1)[excess - 1])
    place = np.zeros(len(live), np.int32)
    give_up(store, into, live, cost, most, growing, place)
    into.state[STEPS:] = store.state[STEPS:]
    real = made >= 2
    made[real] = place[made[real]]
    return into


class _Enclosing:
    """One diagram on one side of a formula."""

    def __init__(self, store: Gates, root: int, fails: Array, nodes: int, until: float, growing: bool) -> None:
        self.order = orders_of(store, root, 1)
        self.store, self.root = paired(store, root, self.order)
        self.fails, self.until, self.growing = np.ascontiguousarray(fails[self.order]), until, growing
        self.nodes = max(16, nodes)
        self.work: Building = building_of(self.store, self.root, self.order)
        self.value = gate_slopes(self.store, self.root, fails)[self.store.events :]
        self.bdd = bdd_of(len(self.order), min(self.nodes, 4096))
        self.keep, self.stuck = self.nodes, -1

    def run(self) -> Diagram:
        last, at = self.root - self.store.events, 0
        f, weight = np.empty_like(self.work.f), np.empty_like(self.work.weight)
        while True:
            self.bdd.state[LIMIT] = self.bdd.state[STEPS] + SLICE
            told = int(build_gates(self.bdd, self.store, self.root, self.work, f, weight, at))
            if told == last + 1:
                return diagram_of(self.bdd, int(self.work.made[last]))
            at = ~told if told < 0 else told
            self.make_room(at)

    def make_room(self, gate: int) -> None:
        """More room while the budget has it, then half of it kept, and half as much again each time the same gate does not fit."""
        if time.monotonic() > self.until:
            self.nodes = min(self.nodes, LATE)
        room = len(self.bdd.level)
        if room < self.nodes:
            self.bdd = compacted(self.bdd, self.work.made, min(4 * room, self.nodes))
            return
        self.keep = self.keep // 2 if gate == self.stuck else self.nodes // 2
        self.stuck = gate
        self.bdd = pruned(self.bdd, self.work.made, self.value, self.fails, self.keep, self.nodes, self.growing)


def bounding_diagram(store: Gates, root: int, fails: Array, nodes: int, until: float, growing: bool) -> tuple[Diagram, Array]:
    """A diagram of a function that is nowhere above (growing: nowhere below) the formula, and int32[L] the event of each level.

    Example by hand: (a and b) or c with room for two nodes: from below c alone, from above a or c, say.
    """
    made = _Enclosing(store, root, fails, nodes, until, growing)
    return made.run(), made.order
