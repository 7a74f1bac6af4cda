"""Diagrams that enclose a function too large for one: the certified interval beyond the budget (model 1.8).

The formula is built gate by gate as for the exact diagram. Where the room is full, nodes that matter least are given up: there the event
is taken to work (lower bound) or to have failed (upper bound). This is sound whatever was given up before: let g >= f with f monotone, and
in g a node (x, low, high) become `high`. In a state that comes there with x working, the new g is what g says with x failed, which is at
least f with x failed, hence at least f. AND and OR keep the order of functions. The chances only steer the choice.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from app.risk.exact.bdd import (
    AND,
    COUNT,
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
    mark_live,
    slot_of,
)  # fmt: skip
from app.risk.exact.core import Building, build_gates, building_of, settle_inputs
from app.risk.exact.gates import GATES, Gates
from app.risk.exact.ordering import orders_of
from app.risk.exact.pairs import paired
from app.risk.jit import Array, kernel

SLICE = 20_000_000  # steps for one gate
LATE = 60_000  # nodes left once the time is up
SKIPS = 2  # pairs that may be skipped for each that is kept
SPREAD = 4  # a level may take so many times its equal part of the nodes that are left


class Wide(NamedTuple):
    """Pairs of nodes whose AND or OR is being made, in lists by level; a child below 0 is ~ the number of a pair."""

    f: Array  # int32[pairs]
    g: Array  # int32[pairs]
    low: Array  # int32[pairs]
    high: Array  # int32[pairs]
    made: Array  # int32[pairs]
    after: Array  # int32[pairs] next of the same level, -1: none
    reach: Array  # float64[pairs] chance to come to the pair
    first: Array  # int32[L]
    table: Array  # int32[a power of 2], -1: free
    row: Array  # int32[pairs]
    cost: Array  # float64[pairs]
    count: Array  # int64[1]


def wide_of(levels: int, pairs: int) -> Wide:
    """Room for so many pairs."""
    ints = [np.empty(pairs, np.int32) for _ in range(6)]
    table = np.empty(1 << int(2 * pairs).bit_length(), np.int32)
    first = np.empty(levels, np.int32)
    return Wide(*ints, np.empty(pairs), first, table, np.empty(pairs, np.int32), np.empty(pairs), np.zeros(1, np.int64))


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
    """float64[nodes] what giving up a live node costs: its chance to be reached times the gap that closes; infinite if dead."""
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
        if live[n]:
            q = fails[store.level[n]]
            out[n] = reach[n] * abs(up[store.high[n]] - up[store.low[n]]) * (1.0 - q if growing else q)
            reach[store.high[n]] += reach[n] * q
            reach[store.low[n]] += reach[n] * (1.0 - q)
    return out


@kernel
def give_up(store: Bdd, into: Bdd, live: Array, cost: Array, most: float, growing: bool, place: Array) -> None:
    """Copy the live nodes, those that cost at most `most` replaced by one of their children."""
    place[0] = 0
    place[1] = 1
    for n in range(2, store.state[COUNT]):
        if live[n]:
            place[n] = place[store.high[n]] if growing else place[store.low[n]]
            if cost[n] > most:
                place[n] = make_node(into, store.level[n], place[store.low[n]], place[store.high[n]])


def pruned(store: Bdd, made: Array, value: Array, fails: Array, target: int, room: int, growing: bool) -> Bdd:
    """A manager with that room and the diagrams of `made` (changed in place), at most `target` nodes of them; fails: by level."""
    live = np.zeros(int(store.state[COUNT]), np.bool_)
    total = int(mark_live(store, made, live)) - 2
    into = bdd_of(len(store.stack) - 3, max(room, target + 2))
    into.state[STEPS:] = store.state[STEPS:]
    cost = losses(store, live, made, value, fails, growing)
    excess = total - target
    most = -1.0 if excess <= 0 else float(np.partition(cost, excess - 1)[excess - 1])
    place = np.zeros(len(live), np.int32)
    give_up(store, into, live, cost, most, growing, place)
    real = made >= 2
    made[real] = place[made[real]]
    return into


@kernel
def chances_of(store: Bdd, fails: Array) -> Array:
    """float64[nodes] P(true)."""
    up = np.zeros(store.state[COUNT])
    up[1] = 1.0
    for n in range(2, len(up)):
        q = fails[store.level[n]]
        up[n] = q * up[store.high[n]] + (1.0 - q) * up[store.low[n]]
    return up


@kernel
def stand_in(op: int, f: int, g: int, up: Array, growing: bool) -> int:
    """What may stand for f AND g, or f OR g, on the side asked for: f AND g lies between "never" and either of them, f OR g between
    either of them and "always"."""
    less, more = (f, g) if up[f] <= up[g] else (g, f)
    if op == OR:
        return 1 if growing else more
    return less if growing else 0


@kernel
def skip_cost(store: Bdd, op: int, f: int, g: int, q: float, up: Array, growing: bool) -> float:
    """About what taking the pair's event as failed (growing) or working costs there, as if the two were independent."""
    top = min(store.level[f], store.level[g])
    f0, f1 = (up[store.low[f]], up[store.high[f]]) if store.level[f] == top else (up[f], up[f])
    g0, g1 = (up[store.low[g]], up[store.high[g]]) if store.level[g] == top else (up[g], up[g])
    if op == AND:
        gap = f1 * g1 - f0 * g0
    else:
        gap = f1 - f0 + g1 - g0 - (f1 * g1 - f0 * g0)
    return abs(gap) * (1.0 - q if growing else q)  # type: ignore[no-any-return]


@kernel
def pair_of(wide: Wide, op: int, f: int, g: int, level: Array) -> int:
    """f op g where that is plain, else ~ the number of the pair, new or known."""
    if f == g:
        return f
    if f < 2 or g < 2:
        small, large = min(f, g), max(f, g)
        if op == AND:
            return 0 if small == 0 else large
        return 1 if small == 1 else large
    a, b = min(f, g), max(f, g)
    size = len(wide.table)
    slot = slot_of(a, b, 0, size)
    while wide.table[slot] >= 0:
        k = wide.table[slot]
        if wide.f[k] == a and wide.g[k] == b:
            return ~k  # type: ignore[no-any-return]
        slot = (slot + 1) & (size - 1)
    k = wide.count[0]
    wide.count[0] = k + 1
    wide.table[slot] = k
    wide.f[k] = a
    wide.g[k] = b
    wide.reach[k] = 0.0
    top = min(level[a], level[b])
    wide.after[k] = wide.first[top]
    wide.first[top] = k
    return ~k  # type: ignore[no-any-return]


@kernel
def expand(store: Bdd, wide: Wide, op: int, k: int, q: float) -> None:
    """The two pairs below a pair, and its chance handed on to them."""
    f, g = wide.f[k], wide.g[k]
    top = min(store.level[f], store.level[g])
    f0, f1 = (store.low[f], store.high[f]) if store.level[f] == top else (f, f)
    g0, g1 = (store.low[g], store.high[g]) if store.level[g] == top else (g, g)
    wide.low[k] = pair_of(wide, op, f0, g0, store.level)
    wide.high[k] = pair_of(wide, op, f1, g1, store.level)
    if wide.low[k] < 0:
        wide.reach[~wide.low[k]] += wide.reach[k] * (1.0 - q)
    if wide.high[k] < 0:
        wide.reach[~wide.high[k]] += wide.reach[k] * q


@kernel
def skip(store: Bdd, wide: Wide, op: int, k: int, growing: bool) -> None:
    """The pair becomes the one below it in which its event has failed (growing) or works."""
    f, g = wide.f[k], wide.g[k]
    top = min(store.level[f], store.level[g])
    f = (store.high[f] if growing else store.low[f]) if store.level[f] == top else f
    g = (store.high[g] if growing else store.low[g]) if store.level[g] == top else g
    below = pair_of(wide, op, f, g, store.level)
    wide.low[k] = wide.high[k] = below
    if below < 0:
        wide.reach[~below] += wide.reach[k]


@kernel
def cost_of_rank(cost: Array, count: int, rank: int) -> float:
    """The largest cost that is not among the `rank` largest of cost[:count]; -1: all are."""
    return -1.0 if count <= rank else np.partition(cost[:count], count - rank - 1)[count - rank - 1]  # type: ignore[no-any-return]


@kernel
def apply_wide(store: Bdd, wide: Wide, op: int, f: int, g: int, fails: Array, up: Array, nodes: int, growing: bool) -> int:
    """f AND g, or f OR g, or a bound of it on the side asked for, in at most `nodes` new nodes: the pairs of nodes are walked level by
    level, each with its exact chance to be come to; where a level has too many, those that cost least are skipped or get a stand-in."""
    wide.table[:] = -1
    wide.first[:] = -1
    wide.count[0] = 0
    root = pair_of(wide, op, f, g, store.level)
    if root >= 0:
        return root
    wide.reach[~root] = 1.0
    levels = len(wide.first)
    left = nodes
    for level in range(levels):
        count = 0
        k = wide.first[level]
        while k >= 0:
            wide.row[count] = k
            wide.cost[count] = wide.reach[k] * skip_cost(store, op, wide.f[k], wide.g[k], fails[level], up, growing)
            count += 1
            k = wide.after[k]
        width = left // (levels - level) * (SPREAD if level + SPREAD < levels else 1)
        kept = cost_of_rank(wide.cost, count, width)
        skipped = cost_of_rank(wide.cost, count, (1 + SKIPS) * width)
        for i in range(count):
            k = wide.row[i]
            if wide.cost[i] > kept:
                left -= 1
                expand(store, wide, op, k, fails[level])
            elif wide.cost[i] > skipped or kept < 0.0:
                skip(store, wide, op, k, growing)
            else:
                wide.low[k] = wide.high[k] = stand_in(op, wide.f[k], wide.g[k], up, growing)
    for level in range(levels - 1, -1, -1):
        k = wide.first[level]
        while k >= 0:
            low = wide.low[k] if wide.low[k] >= 0 else wide.made[~wide.low[k]]
            high = wide.high[k] if wide.high[k] >= 0 else wide.made[~wide.high[k]]
            wide.made[k] = make_node(store, level, low, high)
            k = wide.after[k]
    return wide.made[~root]  # type: ignore[no-any-return]


@kernel
def gate_wide(bdd: Bdd, wide: Wide, store: Gates, work: Building, g: int, fails: Array, nodes: int, growing: bool) -> int:
    """Gate g, of two inputs, by `apply_wide`; NO_ROOM leaves it open."""
    f = np.empty(2, np.int64)
    for i in range(2):
        c = store.input[store.ptr[g] + i]
        f[i] = make_node(bdd, work.level[c], 0, 1) if c < store.events else work.made[c - store.events]
        if f[i] < 0:
            return NO_ROOM
    op = AND if store.need[g] == 2 else OR
    made = apply_wide(bdd, wide, op, f[0], f[1], fails, chances_of(bdd, fails), nodes, growing)
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
            if time.monotonic() > self.until:
                self.nodes = min(self.nodes, LATE)
            room = len(self.bdd.level)
            if room < self.nodes:
                self.bdd = compacted(self.bdd, self.work.made, min(4 * room, self.nodes))
            else:
                self.shorten(at)
                at += 1

    def shorten(self, gate: int) -> None:
        """Make a gate that does not fit: half of the room for what is there, a quarter for the pairs that it takes."""
        self.bdd = pruned(self.bdd, self.work.made, self.value, self.fails, self.nodes // 2, self.nodes, self.growing)
        wide = wide_of(len(self.order), 2 * self.nodes)
        made = gate_wide(self.bdd, wide, self.store, self.work, gate, self.fails, self.nodes // 4, self.growing)
        assert made >= 0


def bounding_diagram(store: Gates, root: int, fails: Array, nodes: int, until: float, growing: bool) -> tuple[Diagram, Array]:
    """A diagram of a function that is nowhere above (growing: nowhere below) the formula, and int32[L] the event of each level.

    Example by hand: (a and b) or c with room for two nodes: from below c alone, from above a or c, say.
    """
    made = _Enclosing(store, root, fails, nodes, until, growing)
    return made.run(), made.order
