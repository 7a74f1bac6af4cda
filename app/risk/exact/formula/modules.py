"""Modules: parts of a formula that share nothing with the rest (Dutuit, Rauzy, IEEE Trans. Reliability 45 (1996) 422, linear
time).

Here they are found, made (inputs of one gate that share nothing with its others are put under a gate of their own) and cut out.
"""

from __future__ import annotations

import numpy as np

from app.risk.exact.formula.gates import FULL, GATES, INPUTS, Gates, Scratch, gates_store, intern, scratch_of
from app.risk.exact.formula.make_gate import make_gate
from app.risk.exact.formula.simplify import count_parents, thresholds
from app.risk.jit import Array, Int32s, inner, kernel

PLAIN, TANGLED = 1, 2  # of a module: every input is an event or module of its own, or some event below it has several parents


@inner
def visit_dates(store: Gates, root: int) -> tuple[Array, Array, Array]:
    """First, second and last date of a depth-first walk in which a gate is entered once but seen from every parent (0: never)."""
    size = store.events + store.used[GATES]
    first = np.zeros(size, np.int64)
    second = np.zeros(size, np.int64)
    last = np.zeros(size, np.int64)
    at = np.zeros(size, np.int32)
    stack = np.empty(store.used[GATES] + 1, np.int32)
    stack[0] = root
    depth = 1
    clock = 1
    first[root] = last[root] = clock
    while depth:
        n = stack[depth - 1]
        g = n - store.events
        if at[n] < store.ptr[g + 1] - store.ptr[g]:
            c = store.input[store.ptr[g] + at[n]]
            at[n] += 1
            clock += 1
            last[c] = clock
            if not first[c]:
                first[c] = clock
                if c >= store.events:
                    stack[depth] = c
                    depth += 1
                else:
                    second[c] = clock
        else:
            clock += 1
            second[n] = clock
            last[n] = max(last[n], clock)
            depth -= 1
    return first, second, last


@kernel
def find_modules(store: Gates, root: int) -> Array:
    """int8[E + G]: 0 no module (or not reached), else PLAIN or TANGLED; events are 0.

    A gate is a module if nothing below it is seen before the gate is entered or after it is left.
    """
    first, second, last = visit_dates(store, root)
    size = len(first)
    low = first.copy()
    high = last.copy()
    parents = count_parents(store, root)
    out = np.zeros(size, np.int8)
    for n in range(store.events, root + 1):
        if not parents[n]:
            continue
        g = n - store.events
        least = np.int64(2**62)
        most = np.int64(0)
        for i in range(store.ptr[g], store.ptr[g + 1]):
            c = store.input[i]
            least = min(least, low[c])
            most = max(most, high[c])
        low[n] = min(first[n], least)
        high[n] = max(last[n], most)
        if least > first[n] and most < second[n]:
            out[n] = PLAIN
            for i in range(store.ptr[g], store.ptr[g + 1]):
                c = store.input[i]
                if parents[c] > 1 or (c >= store.events and not out[c]):
                    out[n] = TANGLED
                    break
    return out


@inner
def find_set(parent: Int32s, n: int) -> int:
    """Representative of a set, with path halving."""
    while parent[n] != n:
        parent[n] = parent[parent[n]]
        n = parent[n]
    return n


@kernel
def separate(store: Gates, root: int, into: Gates, work: Scratch) -> int:
    """The root's inputs, those that share something put under a gate together; a root that is a threshold stays as it is. FULL:
    no room.

    `into` holds a copy of the gates already.
    """
    g = root - store.events
    kind = thresholds(store, False)[g] == 1
    if not kind and thresholds(store, True)[g] != 1:
        return root
    parents = count_parents(store, root)
    union = np.arange(len(parents)).astype(np.int32)
    for n in range(store.events, root):
        if parents[n]:
            a = find_set(union, n)
            for i in range(store.ptr[n - store.events], store.ptr[n - store.events + 1]):
                b = find_set(union, store.input[i])
                union[b] = a
    first, end = store.ptr[g], store.ptr[g + 1]
    order = np.empty(end - first, np.int64)
    for i in range(first, end):
        order[i - first] = (np.int64(find_set(union, store.input[i])) << 32) | np.int64(store.input[i])
    order.sort()
    at = 0
    kept = 0
    while at < len(order):
        count = 0
        group = order[at] >> 32
        while at < len(order) and order[at] >> 32 == group:
            work.node[count] = order[at] & 0x7FFFFFFF
            work.weight[count] = 1
            count += 1
            at += 1
        if count == end - first:
            return root
        made = make_gate(into, work, count, 1 if kind else count)
        if made == FULL:
            return FULL
        work.peeled[kept] = made
        kept += 1
    for i in range(kept):
        work.node[i] = work.peeled[i]
        work.weight[i] = 1
    return make_gate(into, work, kept, 1 if kind else kept)


@kernel
def group_private(store: Gates, root: int, into: Gates, work: Scratch) -> int:
    """A fresh formula in which the events that only one OR or AND reads are one gate below it, where there are two or more. FULL:
    no room."""
    parents = count_parents(store, root)
    some = thresholds(store, False)
    every = thresholds(store, True)
    place = np.arange(len(parents)).astype(np.int32)
    for n in range(store.events, root + 1):
        if not parents[n]:
            continue
        g = n - store.events
        first, end = store.ptr[g], store.ptr[g + 1]
        own = 0
        if some[g] == 1 or every[g] == 1:
            for i in range(first, end):
                if store.input[i] < store.events and parents[store.input[i]] == 1:
                    work.node[own] = store.input[i]
                    work.weight[own] = 1
                    own += 1
        grouped = 1 < own < end - first
        count = 0
        if grouped:
            made = intern(into, 1 if some[g] == 1 else own, work.node, work.weight, own)
            if made == FULL:
                return FULL
            work.peeled[0] = made
            work.spare[0] = 1
            count = 1
        for i in range(first, end):
            c = store.input[i]
            if not (grouped and c < store.events and parents[c] == 1):
                work.peeled[count] = place[c]
                work.spare[count] = store.weight[i]
                count += 1
        work.node[:count] = work.peeled[:count]
        work.weight[:count] = work.spare[:count]
        need = 1 if some[g] == 1 else (count if every[g] == 1 else store.need[g])
        made = make_gate(into, work, count, need)
        if made == FULL:
            return FULL
        place[n] = made
    return place[root]  # type: ignore[no-any-return]


def separated(store: Gates, root: int) -> tuple[Gates, int]:
    """The formula with the inputs of its root, and the events private to a gate, under gates of their own: each of them a
    module."""
    gates, inputs = 2 * int(store.used[GATES]) + 8, 3 * int(store.used[INPUTS]) + 8
    work = scratch_of(int(store.used[INPUTS]) + 2)
    into = gates_store(store.events, gates, inputs)
    top = int(group_private(store, root, into, work))
    while top == FULL:  # pragma: no cover - the room always suffices
        gates, inputs = 2 * gates, 2 * inputs
        into = gates_store(store.events, gates, inputs)
        top = int(group_private(store, root, into, work))
    if top < store.events:
        return into, top
    return into, int(separate(into, top, into, work))
