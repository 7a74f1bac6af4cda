"""Taking out of a gate what decides it: an input of several of its inputs that is enough by itself (model 1.8, simplification).

(a or c) and (b or c) = c or (a and b); likewise in a threshold, where c is read by inputs that weigh enough together; and the
dual, (a and c) or (b and c) = c and (a or b). What two members stand on together comes out of the pair this way, and what was
only theirs is a part by itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.exact.formula.gates import FALSE, FULL, GATES, INPUTS, TRUE, Gates, Scratch, gates_store, scratch_of
from app.risk.exact.formula.make_gate import make_gate
from app.risk.exact.formula.simplify import count_parents, simplified
from app.risk.jit import Bools, Int32s, Int64s, inner, kernel

PER_NODE = 64  # steps that the search may take for each node and input of the formula


class Search(NamedTuple):
    """Scratch over nodes: what the inputs of one gate read, and how much of their weight reads it."""

    epoch: Int64s  # int64[2] of the gate, of the input
    by_gate: Int64s  # int64[nodes] epoch of the gate that met the node
    by_input: Int64s  # int64[nodes]
    weight: Int64s  # int64[nodes]
    met: Int32s  # int32[nodes]
    stack: Int32s  # int32[nodes + 1]
    head: Bools  # bool[nodes] enough by itself, or below one that is
    touched: Bools  # bool[nodes] reads a head
    left: Int64s  # int64[1] steps


def search_of(nodes: int, steps: int) -> Search:
    """For formulas of up to so many nodes."""
    return Search(
        np.zeros(2, np.int64), np.zeros(nodes, np.int64), np.zeros(nodes, np.int64), np.zeros(nodes, np.int64),
        np.empty(nodes, np.int32),
        np.empty(nodes + 1, np.int32), np.zeros(nodes, np.bool_), np.zeros(nodes, np.bool_), np.array([steps], np.int64),
    )  # fmt: skip


@inner
def is_kind(store: Gates, n: int, every: bool) -> bool:
    """Whether a node is an OR gate, or (every) an AND gate."""
    if n < store.events:
        return False
    g = n - store.events
    if not every:
        return store.need[g] == 1  # type: ignore[no-any-return]
    first, end = store.ptr[g], store.ptr[g + 1]
    return store.need[g] == end - first and (store.weight[first:end] == 1).all()  # type: ignore[no-any-return]


@inner
def meet(store: Gates, seen: Search, node: Int32s, weight: Int32s, count: int, every: bool) -> int:
    """Add up, over the nodes that the inputs are or read through gates of the kind, the weight of those inputs; how many
    nodes."""
    seen.epoch[0] += 1
    found = 0
    for i in range(count):
        if node[i] < 0:
            continue
        seen.epoch[1] += 1
        seen.by_input[node[i]] = seen.epoch[1]
        seen.stack[0] = node[i]
        depth = 1
        while depth:
            depth -= 1
            n = seen.stack[depth]
            seen.left[0] -= 1
            if seen.by_gate[n] != seen.epoch[0]:
                seen.by_gate[n] = seen.epoch[0]
                seen.weight[n] = 0
                seen.met[found] = n
                found += 1
            seen.weight[n] += weight[i]
            if is_kind(store, n, every):
                g = n - store.events
                for e in range(store.ptr[g], store.ptr[g + 1]):
                    if seen.by_input[store.input[e]] != seen.epoch[1]:
                        seen.by_input[store.input[e]] = seen.epoch[1]
                        seen.stack[depth] = store.input[e]
                        depth += 1
    return found


@inner
def mark_heads(store: Gates, seen: Search, found: int, need: int, every: bool, heads: Int32s) -> int:
    """The topmost nodes whose weight reaches `need`, into `heads`; how many. seen.met[:found] is put in order."""
    met = seen.met[:found]
    met.sort()
    for k in range(found):
        seen.head[met[k]] = False
    count = 0
    for k in range(found - 1, -1, -1):
        n = met[k]
        below = seen.head[n]
        if not below and seen.weight[n] >= need:
            heads[count] = n
            count += 1
            below = seen.head[n] = True
        if below and is_kind(store, n, every):
            for e in range(store.ptr[n - store.events], store.ptr[n - store.events + 1]):
                seen.head[store.input[e]] = True
    for k in range(found):
        n = met[k]
        seen.touched[n] = seen.head[n]
        if not seen.touched[n] and is_kind(store, n, every):
            for e in range(store.ptr[n - store.events], store.ptr[n - store.events + 1]):
                if seen.touched[store.input[e]]:
                    seen.touched[n] = True
                    break
    return count


@inner
def without_heads(store: Gates, work: Scratch, seen: Search, n: int, every: bool) -> int:
    """Input n of a gate, what is a head left out of it: a node, a constant, or FULL."""
    if seen.head[n]:
        return TRUE if every else FALSE
    if not seen.touched[n]:
        return n
    seen.epoch[1] += 1
    seen.stack[0] = n
    depth = 1
    count = 0
    while depth:
        depth -= 1
        m = seen.stack[depth]
        for e in range(store.ptr[m - store.events], store.ptr[m - store.events + 1]):
            c = store.input[e]
            if seen.head[c] or seen.by_input[c] == seen.epoch[1]:
                continue
            seen.by_input[c] = seen.epoch[1]
            if seen.touched[c]:
                seen.stack[depth] = c
                depth += 1
            else:
                work.node[count] = c
                work.weight[count] = 1
                count += 1
    return make_gate(store, work, count, count if every else 1)


@inner
def lifted(
    store: Gates, work: Scratch, seen: Search, node: Int32s, weight: Int32s, count: int, need: int, every: bool, heads: Int32s
) -> int:
    """What decides the gate (need of these inputs) taken out of it: how many heads, and node[:count] without them; or FULL.

    `every`: what keeps the gate up alone (the dual); need is then the weight of working inputs that do.
    """
    found = meet(store, seen, node, weight, count, every)
    taken = mark_heads(store, seen, found, need, every, heads)
    if taken:
        for i in range(count):
            if node[i] >= 0:
                made = without_heads(store, work, seen, node[i], every)
                if made == FULL:
                    return FULL
                node[i] = made
    return taken


@inner
def covered(store: Gates, seen: Search, node: Int32s, weight: Int32s, count: int, every: bool) -> int:
    """Inputs of an OR (every: of an AND) gate that none of the others reads as well, put to the front; how many."""
    node[:count].sort()
    unique = 0
    for i in range(count):
        if i == 0 or node[i] != node[i - 1]:
            weight[unique] = 1
            node[unique] = node[i]
            unique += 1
    meet(store, seen, node, weight, unique, every)
    kept = 0
    for i in range(unique):
        if node[i] < 0 or seen.weight[node[i]] == 1:
            node[kept] = node[i]
            kept += 1
    return kept


@kernel
def factor(store: Gates, root: int, into: Gates, work: Scratch, seen: Search) -> int:
    """A fresh formula with every gate factored both ways; the root, or FULL."""
    parents = count_parents(store, root)
    place = np.arange(len(parents)).astype(np.int32)
    widest = 1
    for g in range(store.used[GATES]):
        widest = max(widest, store.ptr[g + 1] - store.ptr[g])
    node, weight = np.empty(widest, np.int32), np.empty(widest, np.int32)
    heads = np.empty(len(seen.by_gate), np.int32)
    kept = np.empty(len(seen.by_gate), np.int32)
    for n in range(store.events, root + 1):
        if not parents[n]:
            continue
        g = n - store.events
        first = store.ptr[g]
        count = store.ptr[g + 1] - first
        for i in range(count):
            node[i] = place[store.input[first + i]]
            weight[i] = store.weight[first + i]
        need = int(store.need[g])
        if seen.left[0] > 0 and (need == 1 or is_kind(store, n, True)):
            whole = need > 1
            count = covered(into, seen, node, weight, count, whole)
            need = count if whole else need
        some = every = 0
        if need > 1 and seen.left[0] > 0:
            some = lifted(into, work, seen, node, weight, count, need, False, heads)
            if some == FULL:
                return FULL
            kept[:some] = heads[:some]
        total = 0
        for i in range(count):
            total += weight[i] if node[i] >= 0 else 0
        if need < total and seen.left[0] > 0:
            every = lifted(into, work, seen, node, weight, count, total - need + 1, True, heads)
            if every == FULL:
                return FULL
        for i in range(count):
            work.node[i] = node[i]
            work.weight[i] = weight[i]
        made = make_gate(into, work, count, need)
        if made == FULL:
            return FULL
        if every:
            work.node[:every] = heads[:every]
            work.node[every] = made
            work.weight[: every + 1] = 1
            made = make_gate(into, work, every + 1, every + 1)
            if made == FULL:
                return FULL
        if some:
            work.node[:some] = kept[:some]
            work.node[some] = made
            work.weight[: some + 1] = 1
            made = make_gate(into, work, some + 1, 1)
            if made == FULL:
                return FULL
        place[n] = made
    return place[root]  # type: ignore[no-any-return]


def factored(store: Gates, root: int) -> tuple[Gates, int]:
    """The same function, what decides a gate taken out of its inputs.

    Example by hand: (a or c) and (b or c) -> c or (a and b).
    """
    used, inputs = int(store.used[GATES]), int(store.used[INPUTS])
    gates, room = 2 * used + 16, 2 * inputs + 64
    while True:
        into = gates_store(store.events, gates, room)
        work = scratch_of(room + store.events)
        seen = search_of(store.events + gates, PER_NODE * (store.events + used + inputs) + 10_000)
        made = int(factor(store, root, into, work, seen))
        if made != FULL:
            return into, made
        gates, room = 2 * gates, 2 * room


def smallest(store: Gates, root: int) -> tuple[Gates, int]:
    """`simplified` and `factored` in turn, as long as the formula gets smaller.

    Example by hand: ((a or c) and (b or c)) or c -> c or (a and b).
    """
    store, root = simplified(store, root)
    while root >= store.events:
        size = int(store.used[INPUTS])
        again, top = simplified(*factored(store, root))
        if top >= again.events and int(again.used[INPUTS]) >= size:
            break
        store, root = again, top
    return store, root
