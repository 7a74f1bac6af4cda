"""Orders of the events of a formula for its decision diagram: what is needed together stands together.

Depth first from the root is the classic; FORCE (Aloul, Markov, Sakallah 2003) pulls events to the mean place of the gates that read them.
"""

from __future__ import annotations

import numpy as np

from app.risk.exact.gates import GATES, Gates
from app.risk.exact.simplify import count_parents
from app.risk.jit import Array, kernel

ROUNDS = 60  # of FORCE


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
def depth_first(store: Gates, root: int, weight: Array) -> Array:
    """int32[E] events in the order in which a walk from the root finds them; inputs of a gate by ascending weight, then by number."""
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
def force(store: Gates, root: int, order: Array, rounds: int) -> tuple[Array, float]:
    """An order from another by FORCE over the gates and their inputs, and the sum of the gates' spans in it."""
    size = store.events + store.used[GATES]
    place = np.zeros(size)
    for i in range(len(order)):
        place[order[i]] = i
    for n in range(store.events, root + 1):
        total = 0.0
        first, end = store.ptr[n - store.events], store.ptr[n - store.events + 1]
        for i in range(first, end):
            total += place[store.input[i]]
        place[n] = total / (end - first)
    best = order.copy()
    least = np.inf
    for _ in range(rounds):
        gathered = np.zeros(size)
        edges = np.zeros(size)
        for n in range(store.events, root + 1):
            first, end = store.ptr[n - store.events], store.ptr[n - store.events + 1]
            center = place[n]
            for i in range(first, end):
                center += place[store.input[i]]
            center /= end - first + 1
            gathered[n] += center
            edges[n] += 1.0
            for i in range(first, end):
                gathered[store.input[i]] += center
                edges[store.input[i]] += 1.0
        for n in range(root + 1):
            if edges[n] > 0.0:
                place[n] = gathered[n] / edges[n]
        ranks = np.argsort(place[: root + 1], kind="mergesort")
        for i in range(root + 1):
            place[ranks[i]] = i
        span = 0.0
        for n in range(store.events, root + 1):
            low = place[n]
            high = place[n]
            for i in range(store.ptr[n - store.events], store.ptr[n - store.events + 1]):
                low = min(low, place[store.input[i]])
                high = max(high, place[store.input[i]])
            span += high - low
        if span < least:
            least = span
            found = 0
            for i in range(root + 1):
                if ranks[i] < store.events and edges[ranks[i]] > 0.0:
                    best[found] = ranks[i]
                    found += 1
    return best, least


def orders_of(store: Gates, root: int, choice: int) -> Array:
    """int32[E]: events by level. choice 0: light inputs first, 1: shared inputs first, 2: FORCE from 0, 3: heavy inputs first.

    Example by hand: S = (a and b) or c: c, a, b by choice 0.
    """
    below = events_below(store, root)
    if choice == 1:
        return np.asarray(depth_first(store, root, -count_parents(store, root).astype(np.int64)))
    if choice == 3:
        return np.asarray(depth_first(store, root, -below))
    order = depth_first(store, root, below)
    return np.asarray(order if choice == 0 else force(store, root, order, ROUNDS)[0])
