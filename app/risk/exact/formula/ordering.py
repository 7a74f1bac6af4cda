"""Orders of the events of a formula for its decision diagram: what is needed together stands together.

All are walks from the root, depth first; they differ in which input of a gate is walked first.
"""

from __future__ import annotations

import numpy as np

from app.risk.exact.formula.frontier import narrow
from app.risk.exact.formula.gates import GATES, Gates
from app.risk.exact.formula.narrow_order import narrow_order
from app.risk.exact.formula.simplify import count_parents
from app.risk.jit import Array, Int64s, kernel


@kernel
def events_below(store: Gates, root: int) -> Array:
    """int64[E + G] number of paths from a node down to events, cut at 2^40: a measure of what hangs below it."""
    out = np.ones(store.events + store.used[GATES], np.int64)
    for n in range(store.events, root + 1):
        total = np.int64(0)
        for i in range(store.ptr[n - store.events], store.ptr[n - store.events + 1]):
            total += out[store.input[i]]
        out[n] = min(total, np.int64(1) << 40)
    return out


@kernel
def depth_first(store: Gates, root: int, weight: Int64s) -> Array:
    """int32[E] events in the order in which a walk from the root finds them; inputs of a gate by ascending weight, then by
    number."""
    order = np.empty(store.events, np.int32)
    seen = np.zeros(store.events + store.used[GATES], np.bool_)
    stack = np.empty(store.ptr[store.used[GATES]] + 1, np.int32)
    stack[0] = root
    depth = 1
    found = 0
    while depth:
        depth -= 1
        n = stack[depth]
        if seen[n]:
            continue
        seen[n] = True
        if n < store.events:
            order[found] = n
            found += 1
            continue
        first = store.ptr[n - store.events]
        count = store.ptr[n - store.events + 1] - first
        rank = np.empty(count, np.int64)
        for i in range(count):
            rank[i] = weight[store.input[first + i]]
        for i in np.argsort(rank, kind="mergesort")[::-1]:
            stack[depth] = store.input[first + i]
            depth += 1
    return order[:found]


@kernel
def heights(store: Gates, root: int) -> Array:
    """int64[E + G] gates on the longest way down from a node."""
    out = np.zeros(store.events + store.used[GATES], np.int64)
    for n in range(store.events, root + 1):
        for i in range(store.ptr[n - store.events], store.ptr[n - store.events + 1]):
            out[n] = max(out[n], 1 + out[store.input[i]])
    return out


def along(store: Gates, root: int) -> Array:
    """int32[E] events along the formula seen as a net of gates and inputs, so that little of it is open at any place (Cuthill,
    McKee)."""
    gates = int(store.used[GATES])
    size = store.events + gates
    rows = np.repeat(np.arange(store.events, size), np.diff(store.ptr[: gates + 1]))
    columns = store.input[: int(store.ptr[gates])]
    order = narrow_order(rows, columns, size)
    read = count_parents(store, root) > 0
    return np.asarray(order[(order < store.events) & read[order]], dtype=np.int32)


def orders_of(store: Gates, root: int, choice: int) -> Array:
    """int32[E]: events by level. Inputs of a gate are walked 0: shared ones first, 1: high ones first, 2: shared ones first, then
    light ones, 3: light ones first; 4: `along` the formula, 5: the other way round; 6: `narrow`, 4 again where its net is too
    large.

    Example by hand: S = (a and b) or c: c, a, b by choice 3.
    """
    if choice == 6:
        order = narrow(store, root)
        return order if len(order) else along(store, root)
    if choice >= 4:
        order = along(store, root)
        return order if choice == 4 else np.ascontiguousarray(order[::-1])
    if choice == 1:
        return np.asarray(depth_first(store, root, -heights(store, root)))
    shared = -count_parents(store, root).astype(np.int64)
    if choice == 0:
        return np.asarray(depth_first(store, root, shared))
    below = events_below(store, root)
    return np.asarray(depth_first(store, root, below if choice == 3 else (shared << 41) + below))
