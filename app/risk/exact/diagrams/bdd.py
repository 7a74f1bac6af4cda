"""Reduced ordered binary decision diagrams of monotone functions, on flat arrays (Bryant 1986).

A node (level, low, high) is true if high is and the variable of its level is, or if low is; nodes 0 and 1 are the constants.
Children have smaller numbers than their parents, so ascending order is children first. Nothing is recursive. Written here and not
taken from a library because the walks that follow (probability, Birnbaum, minimal cut sets, pruning to a certified interval) read
the arrays.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from app.risk.jit import Array, Bools, Int32s, Int32Table, Int64s, inner, kernel

NO_ROOM, TOO_LONG = -3, -4  # in place of a node: no free node left; more steps than `state[LIMIT]`
COUNT, STEPS, LIMIT = 0, 1, 2  # places in `state`
CONSTANT = 2**31 - 1  # level of the two constants
AND, OR = 0, 1


class Bdd(NamedTuple):
    """Room for so many nodes over L levels. `cache` rows: a, b, result; AND holds (small, large), OR (large, small)."""

    level: Int32s  # int32[room]
    low: Int32s  # int32[room]
    high: Int32s  # int32[room]
    table: Int32s  # int32[a power of 2, at least twice the room], 0: free
    cache: Int32Table  # int32[a power of 2, 3]
    stack: Int32Table  # int32[L + 3, 3]
    state: Int64s  # int64[3]


def slices_of(most: int) -> Iterator[int]:
    """Steps between two looks at the clock, for ever: few at first, as small work may be interpreted, then four times as many
    each, at most `most`.

    >>> [next(slices) for slices in [slices_of(100_000)] for _ in range(3)]
    [20000, 80000, 100000]
    """
    size = 20_000
    while True:
        yield min(size, most)
        size = min(4 * size, most)


def bdd_of(levels: int, room: int) -> Bdd:
    """An empty manager.

    >>> store = bdd_of(3, 100)
    >>> int(store.state[0])  # the constants
    2
    """
    slots = 1 << int(2 * room).bit_length()
    level, low, high = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32)
    level[:2] = CONSTANT
    low[:2] = high[:2] = (0, 1)
    state = np.array([2, 0, 2**62], np.int64)
    cache = np.zeros((max(256, slots // 2), 3), np.int32)
    return Bdd(level, low, high, np.zeros(slots, np.int32), cache, np.empty((levels + 3, 3), np.int32), state)


@inner
def slot_of(a: int, b: int, c: int, size: int) -> int:
    """A place in a table of that size, a power of 2."""
    mix = np.uint64(a) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(b)
    mix = (mix ^ (mix >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9) + np.uint64(c)
    mix = (mix ^ (mix >> np.uint64(30))) * np.uint64(0x94D049BB133111EB)
    return np.int64((mix >> np.uint64(20)) & np.uint64(size - 1))  # type: ignore[return-value]


@kernel
def make_node(store: Bdd, level: int, low: int, high: int) -> int:
    """The node with these children, or NO_ROOM."""
    if low == high:
        return low
    size = len(store.table)
    slot = slot_of(level, low, high, size)
    while store.table[slot]:
        n = store.table[slot]
        if store.level[n] == level and store.low[n] == low and store.high[n] == high:
            return n  # type: ignore[no-any-return]
        slot = (slot + 1) & (size - 1)
    n = store.state[COUNT]
    if n >= len(store.level):
        return NO_ROOM
    store.level[n] = level
    store.low[n] = low
    store.high[n] = high
    store.table[slot] = n
    store.state[COUNT] = n + 1
    return n  # type: ignore[no-any-return]


@inner
def apply(store: Bdd, op: int, f: int, g: int) -> int:
    """f AND g, or f OR g; NO_ROOM or TOO_LONG leave the manager valid."""
    stack, cache = store.stack, store.cache
    size = len(cache)
    depth = 0
    while True:
        # go down: an answer for (f, g), or a frame for it
        if f == g:
            answer = f
        elif f < 2 or g < 2:
            small, large = min(f, g), max(f, g)
            if op == AND:
                answer = 0 if small == 0 else large
            else:
                answer = 1 if small == 1 else large
        else:
            a, b = (min(f, g), max(f, g)) if op == AND else (max(f, g), min(f, g))
            slot = slot_of(a, b, 0, size)
            if cache[slot, 0] == a and cache[slot, 1] == b:
                answer = cache[slot, 2]
            else:
                store.state[STEPS] += 1
                if store.state[STEPS] > store.state[LIMIT]:
                    return TOO_LONG
                stack[depth, 0] = f
                stack[depth, 1] = g
                stack[depth, 2] = -1
                depth += 1
                top = min(store.level[f], store.level[g])
                f = store.low[f] if store.level[f] == top else f
                g = store.low[g] if store.level[g] == top else g
                continue
        # come up
        while depth:
            f = stack[depth - 1, 0]
            g = stack[depth - 1, 1]
            top = min(store.level[f], store.level[g])
            if stack[depth - 1, 2] < 0:
                stack[depth - 1, 2] = answer
                f = store.high[f] if store.level[f] == top else f
                g = store.high[g] if store.level[g] == top else g
                break
            answer = make_node(store, top, stack[depth - 1, 2], answer)
            if answer < 0:
                return answer
            a, b = (min(f, g), max(f, g)) if op == AND else (max(f, g), min(f, g))
            slot = slot_of(a, b, 0, size)
            cache[slot, 0] = a
            cache[slot, 1] = b
            cache[slot, 2] = answer
            depth -= 1
        else:
            return answer


@inner
def at_least(store: Bdd, f: Int32s, weight: Int32s, count: int, need: int, table: Int32s) -> int:
    """The node "the true ones of f[:count] weigh at least `need`". `table`: int32[need + 1], scratch; f deepest level first.

    T_j after i inputs = "those weigh at least j" = T_j or (f_i and T_(j - w_i)).
    """
    if need == 1:
        answer = 0
        for i in range(count):
            answer = apply(store, OR, answer, f[i])
            if answer < 0 or answer == 1:
                return answer
        return answer
    left = 0
    for i in range(count):
        left += weight[i]
    if left == need:
        answer = 1
        for i in range(count):
            answer = apply(store, AND, answer, f[i])
            if answer <= 0:
                return answer
        return answer
    table[0] = 1
    table[1 : need + 1] = 0
    for i in range(count):
        left -= weight[i]
        for j in range(need, max(0, need - left - 1), -1):
            both = apply(store, AND, f[i], table[max(0, j - weight[i])])
            if both < 0:
                return both
            either = apply(store, OR, both, table[j])
            if either < 0:
                return either
            table[j] = either
    return table[need]  # type: ignore[no-any-return]


@kernel
def mark_live(store: Bdd, roots: Int32s, live: Bools) -> int:
    """live[n]: node n can be reached from a root (entries below 2 are no roots); how many nodes, constants included."""
    live[:] = False
    live[0] = live[1] = True
    for i in range(len(roots)):
        if roots[i] >= 2:
            live[roots[i]] = True
    total = 0
    for n in range(store.state[COUNT] - 1, 1, -1):
        if live[n]:
            total += 1
            live[store.low[n]] = True
            live[store.high[n]] = True
    return total + 2


@kernel
def move_live(store: Bdd, into: Bdd, live: Bools, place: Int32s) -> None:
    """Copy the live nodes, in order, into an empty manager; place[n] is the new number."""
    place[0] = 0
    place[1] = 1
    for n in range(2, store.state[COUNT]):
        if live[n]:
            place[n] = make_node(into, store.level[n], place[store.low[n]], place[store.high[n]])


def compacted(store: Bdd, roots: Array, room: int) -> Bdd:
    """A manager with that room that holds only what `roots` (int32, changed in place) still need."""
    used = int(store.state[COUNT])
    live = np.zeros(used, np.bool_)
    mark_live(store, roots, live)
    into = bdd_of(len(store.stack) - 3, room)
    place = np.zeros(used, np.int32)
    move_live(store, into, live, place)
    real = roots >= 2
    roots[real] = place[roots[real]]
    into.state[STEPS:] = store.state[STEPS:]
    return into


class Diagram(NamedTuple):
    """One function: D nodes, constants first, children before parents, the root last. A constant has only the constants, and
    `root`."""

    level: Int32s  # int32[D]
    low: Int32s  # int32[D]
    high: Int32s  # int32[D]
    root: int


def diagram_of(store: Bdd, root: int) -> Diagram:
    """The nodes below `root`, alone.

    >>> store = bdd_of(2, 10)
    >>> f = make_node(store, 0, make_node(store, 1, 0, 1), 1)  # x0 or x1
    >>> diagram_of(store, f).low.tolist()
    [0, 1, 0, 2]
    """
    roots = np.array([root], np.int32)
    used = int(store.state[COUNT])
    live = np.zeros(used, np.bool_)
    mark_live(store, roots, live)
    alive = np.flatnonzero(live)
    place = np.zeros(used, np.int32)
    place[alive] = np.arange(len(alive))
    return Diagram(store.level[alive], place[store.low[alive]], place[store.high[alive]], int(place[root]))
