"""Making a formula smaller without changing it: nested gates absorbed, and what decides the root alone taken out of the rest.

An event or gate d that fails the root alone gives root = d or root[d := works]; one without which the root cannot fail gives
root = d and root[d := failed]. A shared cause goes this way to the top, and what it tied together comes apart.
"""

from __future__ import annotations

import numpy as np

from app.risk.exact.formula.gates import FALSE, FULL, GATES, INPUTS, TRUE, Gates, Scratch, gates_store, scratch_of
from app.risk.exact.formula.make_gate import make_gate
from app.risk.jit import Array, Bools, Int32s, inner, kernel

PER_NODE = 64  # steps that the search for decisive nodes may take for each node and input of the formula


@inner
def thresholds(store: Gates, dual: bool) -> Array:
    """int64[G] weight of inputs that decides a gate: failed ones that fail it, or (dual) working ones that keep it up."""
    out = np.empty(store.used[GATES], np.int64)
    for g in range(store.used[GATES]):
        out[g] = store.need[g]
        if dual:
            total = 0
            for i in range(store.ptr[g], store.ptr[g + 1]):
                total += store.weight[i]
            out[g] = total - store.need[g] + 1
    return out


@kernel
def count_parents(store: Gates, root: int) -> Array:
    """int32[E + G] gates reachable from the root that have the node as an input; the root counts as having one."""
    parents = np.zeros(store.events + store.used[GATES], np.int32)
    parents[root] = 1
    for n in range(root, store.events - 1, -1):
        if parents[n]:
            g = n - store.events
            for i in range(store.ptr[g], store.ptr[g + 1]):
                parents[store.input[i]] += 1
    return parents


@inner
def absorbed_gates(store: Gates, root: int, parents: Int32s) -> Array:
    """bool[E + G]: a gate with one parent of the same kind, OR in OR or AND in AND."""
    some = thresholds(store, False)
    every = thresholds(store, True)
    out = np.zeros(len(parents), np.bool_)
    for n in range(root, store.events - 1, -1):
        if parents[n]:
            g = n - store.events
            for i in range(store.ptr[g], store.ptr[g + 1]):
                c = store.input[i] - store.events
                if c >= 0 and parents[store.input[i]] == 1:
                    out[store.input[i]] = (some[g] == 1 and some[c] == 1) or (every[g] == 1 and every[c] == 1)
    return out


@kernel
def rebuild(store: Gates, root: int, given: Bools, constant: int, into: Gates, work: Scratch) -> int:
    """The formula in a fresh store, gates absorbed; nodes with `given` are the constant wherever they are an input.

    given bool[E + G]; with any given, the root comes back as OR (constant FALSE) or AND (TRUE) of the given heads and the rest. A
    head is a given event, or a given gate that is not itself of that kind. FULL if the store has no room.
    """
    parents = count_parents(store, root)
    absorbed = absorbed_gates(store, root, parents)
    some = thresholds(store, False)
    every = thresholds(store, True)
    kind = some if constant == FALSE else every
    place = np.empty(len(parents), np.int32)
    heads = np.empty(len(parents) + 1, np.int32)
    ptr, inputs, weights, node, weight, stack = store.ptr, store.input, store.weight, work.node, work.weight, work.spare
    found = 0
    for n in range(min(root + 1, store.events)):
        place[n] = n
        if parents[n] and given[n]:
            heads[found] = n
            found += 1
            place[n] = constant
    for n in range(store.events, root + 1):
        if not parents[n]:
            continue
        if given[n] and n != root:
            absorbed[n] = False
        if absorbed[n]:
            continue
        g = n - store.events
        count = 0
        stack[0] = g
        depth = 1
        while depth:  # inputs of absorbed gates in their place
            depth -= 1
            inner = stack[depth]
            for i in range(ptr[inner], ptr[inner + 1]):
                c = inputs[i]
                if absorbed[c]:
                    stack[depth] = c - store.events
                    depth += 1
                else:
                    node[count] = place[c]
                    weight[count] = weights[i]
                    count += 1
        need = 1 if some[g] == 1 else (count if every[g] == 1 else store.need[g])
        made = make_gate(into, work, count, need)
        if made == FULL:
            return FULL
        place[n] = made
        if n != root and given[n]:
            place[n] = constant
            if kind[g] != 1:
                heads[found] = made
                found += 1
    if not found:
        return place[root]  # type: ignore[no-any-return]
    heads[found] = place[root]
    for i in range(found + 1):
        work.node[i] = heads[i]
        work.weight[i] = 1
    return make_gate(into, work, found + 1, 1 if constant == FALSE else found + 1)


@kernel
def decisive(store: Gates, root: int, dual: bool) -> Array:
    """bool[E + G] nodes that alone fail the root, or (dual) alone keep it up; a few may be missed where the search gets long."""
    parents = count_parents(store, root)
    kind = thresholds(store, dual)
    out = np.zeros(len(parents), np.bool_)
    first = np.zeros(len(parents) + 1, np.int32)
    for n in range(len(parents)):
        first[n + 1] = first[n] + parents[n]
    at = first[:-1].copy()
    row = np.empty(first[-1], np.int32)
    weight = np.empty(first[-1], np.int32)
    for n in range(store.events, root + 1):
        if parents[n]:
            g = n - store.events
            for i in range(store.ptr[g], store.ptr[g + 1]):
                c = store.input[i]
                row[at[c]] = n
                weight[at[c]] = store.weight[i]
                at[c] += 1
    stamp = np.zeros(len(parents), np.int32)
    gathered = np.zeros(len(parents), np.int64)
    queue = np.empty(len(parents), np.int32)
    left = PER_NODE * (len(parents) + np.int64(first[-1])) + 10_000
    out[root] = True
    for n in range(root, -1, -1):
        if not parents[n]:
            continue
        if not out[n] and parents[n] > 1 and left > 0:
            queue[0] = n
            tail = 1
            head = 0
            while head < tail and not out[n]:
                u = queue[head]
                head += 1
                left -= at[u] - first[u]
                for e in range(first[u], at[u]):
                    p = row[e]
                    g = p - store.events
                    if stamp[p] != n + 1:
                        stamp[p] = n + 1
                        gathered[p] = 0
                    if gathered[p] < kind[g]:
                        gathered[p] += weight[e]
                        if gathered[p] >= kind[g]:
                            if out[p]:
                                out[n] = True
                                break
                            queue[tail] = p
                            tail += 1
        if out[n] and n >= store.events and kind[n - store.events] == 1:
            for i in range(store.ptr[n - store.events], store.ptr[n - store.events + 1]):
                out[store.input[i]] = True
    out[root] = False
    return out


def _rebuilt(store: Gates, root: int, given: Array, constant: int) -> tuple[Gates, int]:
    """`rebuild` with room enough."""
    gates, inputs = int(store.used[GATES]) + 4, 2 * int(store.used[INPUTS]) + 8
    work = scratch_of(int(store.used[INPUTS]) + len(given) + 2)
    while True:
        into = gates_store(store.events, gates, inputs)
        made = int(rebuild(store, root, given, constant, into, work))
        if made != FULL:
            return into, made
        gates, inputs = 2 * gates, 2 * inputs


def simplified(store: Gates, root: int) -> tuple[Gates, int]:
    """The same function with fewer gates; the root may turn out to be an event or a constant.

    Example by hand: at least 1 of (a or d), (b or d) working, S = (a or d) and (b or d) -> d or (a and b).
    """
    size = (-1, -1, -1)
    while root >= store.events:
        for constant in (FALSE, TRUE):
            store, root = _rebuilt(store, root, np.zeros(store.events + int(store.used[GATES]), np.bool_), constant)
            if root < store.events:
                return store, root
            given = decisive(store, root, constant == TRUE)
            if given.any():
                store, root = _rebuilt(store, root, given, constant)
                if root < store.events:
                    return store, root
        now = (int(store.used[GATES]), int(store.used[INPUTS]), root)
        if now == size:
            break
        size = now
    return store, root
