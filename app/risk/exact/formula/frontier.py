"""An order of the events in which little of the formula is open at any place: the smaller the frontier, the narrower the diagram.

The formula is seen as a net of gates and of what several gates read. It is walked from neighbour to neighbour; a vertex is open
from when it is reached until all its neighbours are. A diagram level has to remember what is open, so the walk with the least sum
of 2^bits is taken, out of many that differ in how much chance decides. An event that only one gate reads stands where its gate
does.
"""

from __future__ import annotations

import math

import numpy as np

from app.risk.exact.formula.gates import GATES, Gates
from app.risk.exact.formula.simplify import count_parents
from app.risk.jit import Array, Floats, Int32s, Int64s, kernel

WALKS = 6000
STEPS = 100_000_000  # looks at a neighbour in all walks together
LARGEST = 20_000  # vertices of a net that is walked
STOPPED = np.uint64(0x9E3779B97F4A7C15)


@kernel
def net_of(store: Gates, root: int) -> tuple[Array, Array, Array, Array]:
    """CSR of the net (undirected), bits of each vertex, and int32[vertices] its node; the root is no vertex, for it is open
    everywhere."""
    parents = count_parents(store, root)
    number = np.full(len(parents), -1, np.int32)
    node = np.empty(len(parents), np.int32)
    count = 0
    for n in range(root):
        if parents[n] > 1 or (parents[n] and n >= store.events):
            number[n] = count
            node[count] = n
            count += 1
    bits = np.ones(count)
    ptr = np.zeros(count + 1, np.int64)
    for fill in range(2):
        column = np.empty(ptr[count] if fill else 0, np.int32)
        at = ptr[:-1].copy()
        for v in range(count):
            n = node[v]
            if n < store.events:
                continue
            g = n - store.events
            total = np.int64(0)
            for e in range(store.ptr[g], store.ptr[g + 1]):
                total += store.weight[e]
                u = number[store.input[e]]
                if u >= 0 and fill:
                    column[at[v]] = u
                    column[at[u]] = v
                    at[v] += 1
                    at[u] += 1
                elif u >= 0:
                    ptr[v + 1] += 1
                    ptr[u + 1] += 1
            bits[v] = math.log2(1.0 + min(np.int64(store.need[g]), total - store.need[g] + 1))
        if not fill:
            for v in range(count):
                ptr[v + 1] += ptr[v]
    return ptr, column, bits, node[:count].copy()


@kernel(steps=lambda ptr, column, bits, walks, steps: min(steps, walks * len(column)))
def best_walk(ptr: Int64s, column: Int32s, bits: Floats, walks: int, steps: int) -> Array:
    """int32[vertices] in the order of the cheapest of so many walks, as far as the steps go; the first is always done. Always the
    same."""
    size = len(bits)
    best = np.empty(size, np.int32)
    least = np.inf
    order = np.empty(size, np.int32)
    waiting = np.empty(size, np.int64)  # neighbours not reached yet
    state = np.empty(size, np.int8)  # 0 far, 1 next to something reached, 2 reached
    pool = np.empty(size, np.int32)
    word = STOPPED
    left = steps
    for walk in range(walks):
        if walk and left <= 0:
            break
        chance = 0.0 if walk == 0 else 0.25 * (1 + walk % 8)
        for v in range(size):
            waiting[v] = ptr[v + 1] - ptr[v]
            state[v] = 0
        near = 0
        bits_open = 0.0
        cost = 0.0
        for place in range(size):
            if near == 0:  # a part of the net that nothing reached yet
                start = -1
                for v in range(size):
                    word ^= word << np.uint64(13)
                    word ^= word >> np.uint64(7)
                    word ^= word << np.uint64(17)
                    if state[v] == 0 and (start < 0 or (chance > 0.0 and word & np.uint64(7) == 0)):
                        start = v
                pool[0] = start
                state[start] = 1
                near = 1
            chosen, value, grown = -1, np.inf, 0.0
            for k in range(near):
                v = pool[k]
                more = bits[v] if waiting[v] > 0 else 0.0
                for e in range(ptr[v], ptr[v + 1]):
                    if state[column[e]] == 2 and waiting[column[e]] == 1:
                        more -= bits[column[e]]
                left -= ptr[v + 1] - ptr[v]
                word ^= word << np.uint64(13)
                word ^= word >> np.uint64(7)
                word ^= word << np.uint64(17)
                judged = more + chance * (np.float64(word >> np.uint64(11)) * 2.0**-53)
                if judged < value:
                    chosen, value, grown = k, judged, more
            v = pool[chosen]
            near -= 1
            pool[chosen] = pool[near]
            state[v] = 2
            order[place] = v
            bits_open += grown
            cost += 2.0 ** min(bits_open, 1000.0)
            for e in range(ptr[v], ptr[v + 1]):
                u = column[e]
                waiting[u] -= 1
                if state[u] == 0:
                    state[u] = 1
                    pool[near] = u
                    near += 1
            if cost >= least:
                break
        if cost < least:
            least = cost
            best[:] = order
    return best


@kernel
def events_along(store: Gates, root: int, node: Int32s, order: Int32s) -> Array:
    """int32[E] events in the order of their vertices; those that a single gate reads with their gate."""
    parents = count_parents(store, root)
    out = np.empty(store.events, np.int32)
    count = 0
    for v in order:
        n = node[v]
        if n < store.events:
            out[count] = n
            count += 1
            continue
        for e in range(store.ptr[n - store.events], store.ptr[n - store.events + 1]):
            c = store.input[e]
            if c < store.events and parents[c] == 1:
                out[count] = c
                count += 1
    for e in range(store.ptr[root - store.events], store.ptr[root - store.events + 1]):
        c = store.input[e]
        if c < store.events and parents[c] == 1:
            out[count] = c
            count += 1
    return out[:count].copy()


def narrow(store: Gates, root: int) -> Array:
    """int32[E]: events by level, all that the root reads; nothing where the net is too large to be walked.

    Example by hand: S = (a and b) or (b and c): the net is gate, b, gate, so a, b, c or c, b, a.
    """
    ptr, column, bits, node = net_of(store, root)
    if len(bits) > LARGEST or int(store.used[GATES]) == 0:
        return np.empty(0, np.int32)
    return np.asarray(events_along(store, root, node, best_walk(ptr, column, bits, WALKS, STEPS)))
