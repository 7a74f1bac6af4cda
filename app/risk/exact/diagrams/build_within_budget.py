"""The decision diagram of a formula within a budget: orders are tried with little room first, then with more."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.exact.diagrams.bdd import (
    COUNT,
    LIMIT,
    NO_ROOM,
    STEPS,
    TOO_LONG,
    Bdd,
    Diagram,
    at_least,
    bdd_of,
    compacted,
    diagram_of,
    make_node,
    slices_of,
)
from app.risk.exact.formula.gates import GATES, Gates
from app.risk.exact.formula.ordering import orders_of
from app.risk.exact.formula.pairs import pair_gates, paired
from app.risk.exact.formula.simplify import count_parents
from app.risk.jit import Array, Int32s, Int64s, inner, kernel
from app.risk.jit.clock import working_time

CHOICES, NARROW, HINTED = (6, 0, 1, 2, 3, 4, 5), 6, -1  # of `orders_of`, the one kept longest, and the order that is given
KEPT = 3  # orders that are tried once the room is large
FIRST_ROOM, LARGE = 20_000, 100_000
SLICE = 5_000_000  # steps between two looks at the clock
STEPS_PER_NODE = 10  # of the room: a try that takes more is given up


class Building(NamedTuple):
    """How far a formula is built: `made[g]` the diagram of gate g while somebody still needs it, else 0."""

    made: Int32s  # int32[G]
    waiting: Int32s  # int32[E + G] parents not built yet
    level: Int32s  # int32[E]
    f: Int32s  # int32[widest]
    weight: Int32s  # int32[widest]
    order: Int64s  # int64[widest]
    table: Int32s  # int32[largest need + 1]


def building_of(store: Gates, root: int, order: Array) -> Building:
    """Nothing built yet; `order`: events by level."""
    gates = int(store.used[GATES])
    widest = int(np.diff(store.ptr[: gates + 1]).max(initial=1))
    level = np.zeros(store.events, np.int32)
    level[order] = np.arange(len(order), dtype=np.int32)
    return Building(
        np.zeros(gates, np.int32), count_parents(store, root), level, np.empty(widest, np.int32), np.empty(widest, np.int32),
        np.empty(widest, np.int64), np.empty(int(store.need[:gates].max(initial=0)) + 1, np.int32),
    )  # fmt: skip


@inner
def input_diagrams(bdd: Bdd, store: Gates, work: Building, g: int) -> int:
    """Diagrams of a gate's inputs in work.f, deepest first; how many, or NO_ROOM."""
    first = store.ptr[g]
    count = store.ptr[g + 1] - first
    for i in range(count):
        c = store.input[first + i]
        n = make_node(bdd, work.level[c], 0, 1) if c < store.events else work.made[c - store.events]
        if n < 0:
            return NO_ROOM
        work.order[i] = ((np.int64(2**31) - np.int64(bdd.level[n])) << 32) | np.int64(i)
        work.table[0] = 0
        work.f[i] = n
        work.weight[i] = store.weight[first + i]
    work.order[:count].sort()
    return count  # type: ignore[no-any-return]


@inner
def settle_inputs(store: Gates, work: Building, g: int) -> None:
    """Gate g is made: let go of what only it was waiting for."""
    for i in range(store.ptr[g], store.ptr[g + 1]):
        c = store.input[i]
        work.waiting[c] -= 1
        if c >= store.events and work.waiting[c] == 0:
            work.made[c - store.events] = 0


@kernel
def build_gates(bdd: Bdd, store: Gates, root: int, work: Building, f: Int32s, weight: Int32s, start: int) -> int:
    """Build gates from `start` on; the root's number + 1 (as gate) when done, else where to go on: ~gate for NO_ROOM, gate for
    TOO_LONG."""
    for g in range(start, root - store.events + 1):
        if not work.waiting[store.events + g]:
            continue
        count = input_diagrams(bdd, store, work, g)
        if count < 0:
            return ~g
        for i in range(count):
            k = work.order[i] & 0x7FFFFFFF
            f[i] = work.f[k]
            weight[i] = work.weight[k]
        made = at_least(bdd, f, weight, count, store.need[g], work.table)
        if made == NO_ROOM:
            return ~g
        if made == TOO_LONG:
            return g
        work.made[g] = made
        settle_inputs(store, work, g)
    return root - store.events + 1


def try_build(store: Gates, root: int, order: Array, nodes: int, until: float) -> tuple[Diagram | None, int]:
    """The diagram with that order in that many nodes; None where it does not fit, or the clock (working_time) passed `until`; and
    the gate that was reached."""
    store, root = paired(store, root, order)
    work = building_of(store, root, order)
    f, weight = np.empty_like(work.f), np.empty_like(work.weight)
    bdd = bdd_of(len(order), min(nodes, max(256, 16 * len(order))))
    at, stuck, last = 0, -1, root - store.events
    slices = slices_of(SLICE)
    while True:
        bdd.state[LIMIT] = bdd.state[STEPS] + next(slices)
        told = int(build_gates(bdd, store, root, work, f, weight, at))
        if told == last + 1:
            return diagram_of(bdd, int(work.made[last])), last
        at = ~told if told < 0 else told
        if told < 0:
            room = len(bdd.level)
            try:
                bdd = compacted(bdd, work.made, min(2 * room, nodes))
            except MemoryError:  # the machine has less than the budget
                return None, at
            if room >= nodes and (at == stuck or bdd.state[COUNT] > 0.8 * room):
                return None, at
            stuck = at if room >= nodes else -1
        if working_time() > until or bdd.state[STEPS] > STEPS_PER_NODE * nodes:
            return None, at


def solve_core(store: Gates, root: int, nodes: int, until: float, hint: Array | None = None) -> tuple[Diagram, Array] | None:
    """The diagram of a formula and int32[L] the event of each level; None beyond the budget.

    `hint`: an order to try first. Orders are tried in little room first; in the next, four times larger one those first that came
    furthest, and once it is large only a few.

    Example by hand: (a and b) or (b and c) in the order b, a, c has three nodes.
    """
    if pair_gates(store) > nodes:
        return None
    room = min(nodes, FIRST_ROOM)
    orders = {} if hint is None else {HINTED: hint}
    choices = [*orders, *CHOICES]
    while True:
        reached = {}
        for choice in choices:
            if choice not in orders:
                orders[choice] = orders_of(store, root, choice)
            made, reached[choice] = try_build(store, root, orders[choice], room, until)
            if made is not None:
                return made, orders[choice]
            if working_time() > until:
                return None
        if room >= nodes:
            return None
        room = min(nodes, 4 * room)
        choices.sort(key=lambda choice: (choice not in (NARROW, HINTED), -reached[choice], choice))
        choices = choices[:KEPT] if room > LARGE else choices
