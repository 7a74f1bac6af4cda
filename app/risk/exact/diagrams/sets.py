"""Families of sets without repeats as zero-suppressed diagrams, and the minimal solutions of a monotone function (Rauzy, RESS 40
(1993) 203).

A node (level, low, high) is the family of `low` and of the sets of `high` with the level added; 0 is the empty family, 1 holds
the empty set. They live in a `Bdd` store; the families here are antichains, in which low and high never agree.
"""

from __future__ import annotations

import numpy as np

from app.risk.exact.diagrams.bdd import (
    COUNT,
    LIMIT,
    NO_ROOM,
    STEPS,
    TOO_LONG,
    Bdd,
    Diagram,
    bdd_of,
    compacted,
    diagram_of,
    make_node,
    slices_of,
    slot_of,
)
from app.risk.jit import Int32s, Int32Table, inner, kernel
from app.risk.jit.clock import working_time

SLICE = 5_000_000
STEPS_PER_NODE = 40


@inner
def make_set(store: Bdd, level: int, low: int, high: int) -> int:
    """The family with these parts, or NO_ROOM."""
    return low if high == 0 else make_node(store, level, low, high)


@inner
def without(store: Bdd, stack: Int32Table, f: int, g: int) -> int:
    """The sets of f that hold no set of g as a part; stack int32[2 L + 4, 4]."""
    cache, level, low, high = store.cache, store.level, store.low, store.high
    size = len(cache)
    depth = 0
    while True:
        while f >= 2 and g >= 2 and f != g and level[f] > level[g]:
            g = low[g]
        if f == 0 or g == 1 or (f == g and f != 1):
            answer = 0
        elif g == 0 or f == 1:
            answer = f
        else:
            slot = slot_of(f, g, 0, size)
            if cache[slot, 0] == f and cache[slot, 1] == g:
                answer = cache[slot, 2]
            else:
                store.state[STEPS] += 1
                if store.state[STEPS] > store.state[LIMIT]:
                    return TOO_LONG
                stack[depth, 0] = f
                stack[depth, 1] = g
                stack[depth, 2] = -1
                stack[depth, 3] = 0
                depth += 1
                if level[f] == level[g]:
                    g = low[g]
                f = low[f]
                continue
        while depth:
            f = stack[depth - 1, 0]
            g = stack[depth - 1, 1]
            same = level[f] == level[g]
            stage = stack[depth - 1, 3]
            if stage == 0:
                stack[depth - 1, 2] = answer
                stack[depth - 1, 3] = 1
                f = high[f]
                g = high[g] if same else g
                break
            if stage == 1 and same:
                stack[depth - 1, 3] = 2
                f = answer
                g = low[g]
                break
            answer = make_set(store, level[f], stack[depth - 1, 2], answer)
            if answer < 0:
                return answer
            slot = slot_of(f, g, 0, size)
            cache[slot, 0] = f
            cache[slot, 1] = g
            cache[slot, 2] = answer
            depth -= 1
        else:
            return answer


@kernel
def minimal_from(store: Bdd, stack: Int32Table, level: Int32s, low: Int32s, high: Int32s, made: Int32s, start: int) -> int:
    """made[n] = minimal solutions of node n, ascending; the number of nodes when done, ~n for NO_ROOM at n, n for TOO_LONG."""
    for n in range(start, len(level)):
        rest = without(store, stack, made[high[n]], made[low[n]])
        if rest >= 0:
            rest = make_set(store, level[n], made[low[n]], rest)
        if rest == NO_ROOM:
            return ~n
        if rest == TOO_LONG:
            return n
        made[n] = rest
    return len(level)


def minimal_sets(diagram: Diagram, levels: int, nodes: int, until: float) -> Diagram | None:
    """The minimal sets of variables that make a monotone function true, as a zero-suppressed diagram; None beyond the budget.

    Example by hand: x0 or (x0 and x1) or (x1 and x2) -> {x0}, {x1, x2}.
    """
    count = len(diagram.level)
    made = np.zeros(count, np.int32)
    made[1] = 1
    waiting = np.bincount(diagram.low[2:], minlength=count) + np.bincount(diagram.high[2:], minlength=count)
    store = bdd_of(levels, min(nodes, max(256, 4 * count)))
    stack = np.empty((2 * levels + 4, 4), np.int32)
    at, freed, slices = 2, 2, slices_of(SLICE)
    while True:
        store.state[LIMIT] = store.state[STEPS] + next(slices)
        told = int(minimal_from(store, stack, diagram.level, diagram.low, diagram.high, made, at))
        if told == count:
            return diagram_of(store, int(made[diagram.root]))
        at = ~told if told < 0 else told
        if told < 0:
            used = slice(freed, at)
            np.subtract.at(waiting, diagram.low[used], 1)
            np.subtract.at(waiting, diagram.high[used], 1)
            freed = at
            made[(waiting <= 0) & (np.arange(count) < at) & (np.arange(count) > 1)] = 0
            room = len(store.level)
            try:
                store = compacted(store, made, min(2 * room, nodes))
            except MemoryError:  # the machine has less than the budget
                return None
            if room >= nodes and store.state[COUNT] > 0.7 * room:
                return None
        if working_time() > until or store.state[STEPS] > STEPS_PER_NODE * nodes:
            return None
