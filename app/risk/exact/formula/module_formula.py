"""A module as a formula of its own: its gates down to nested modules and events, which become its events."""

from __future__ import annotations

from app.risk.exact.formula.gates import Gates, Scratch, gates_store, scratch_of
from app.risk.exact.formula.make_gate import make_gate
from app.risk.jit import Array, Bools, Int32s, inner, kernel


@kernel
def copy_module(store: Gates, top: int, leaf: Bools, into: Gates, work: Scratch, number: Int32s, order: Int32s) -> int:
    """Copy the gates from `top` down to the leaves: events, and nodes with `leaf` set (not the top itself); the new top.

    `number` int32[E + G] is scratch, all -1 before and after. `order` receives the leaves, ascending; how many is into.events,
    which the caller counted with `count_leaves`.
    """
    size = gather_below(store, top, leaf, number, order)
    order[:size].sort()
    leaves = 0
    for i in range(size):
        n = order[i]
        if n < store.events or (leaf[n] and n != top):
            number[n] = leaves
            order[leaves] = n
            leaves += 1
        else:
            work.peeled[i - leaves] = n
    made = 0
    for i in range(size - leaves):
        n = work.peeled[i]
        g = n - store.events
        count = store.ptr[g + 1] - store.ptr[g]
        for e in range(count):
            work.node[e] = number[store.input[store.ptr[g] + e]]
            work.weight[e] = store.weight[store.ptr[g] + e]
        made = make_gate(into, work, count, store.need[g])
        number[n] = made
    for i in range(leaves):
        number[order[i]] = -1
    for i in range(size - leaves):
        number[work.peeled[i]] = -1
    return made


@inner
def gather_below(store: Gates, top: int, leaf: Bools, number: Int32s, order: Int32s) -> int:
    """Nodes of a module down to its leaves, in `order`, marked in `number` by -2; how many."""
    order[0] = top
    number[top] = -2
    head = 0
    tail = 1
    while head < tail:
        n = order[head]
        head += 1
        if n < store.events or (leaf[n] and n != top):
            continue
        g = n - store.events
        for i in range(store.ptr[g], store.ptr[g + 1]):
            c = store.input[i]
            if number[c] == -1:
                number[c] = -2
                order[tail] = c
                tail += 1
    return tail


@kernel
def measure_below(store: Gates, top: int, leaf: Bools, number: Int32s, order: Int32s) -> tuple[int, int, int]:
    """Leaves, gates and inputs of a module; `number` is left all -1."""
    size = gather_below(store, top, leaf, number, order)
    leaves = 0
    inputs = 0
    for i in range(size):
        n = order[i]
        number[n] = -1
        if n < store.events or (leaf[n] and n != top):
            leaves += 1
        else:
            inputs += store.ptr[n - store.events + 1] - store.ptr[n - store.events]
    return leaves, size - leaves, inputs


def module_formula(store: Gates, top: int, leaf: Array, number: Array, order: Array) -> tuple[Gates, int, Array]:
    """A module as a formula of its own: store, root, and int32 the nodes its events stand for.

    Example by hand: S = m or x, m = a and b a module: cut at m with leaves {m}: S = 0 or 1 over (x, m).
    """
    leaves, gates, inputs = measure_below(store, top, leaf, number, order)
    into = gates_store(int(leaves), int(gates) + 1, int(inputs) + 1)
    work = scratch_of(max(int(inputs), int(gates)) + 2)
    root = int(copy_module(store, top, leaf, into, work, number, order))
    return into, root, order[:leaves].copy()
