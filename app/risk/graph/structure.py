"""CSR building, topological order and relabelling: linear passes over the edges, no sorting."""

from __future__ import annotations

import numpy as np

from app.risk.jit import Array, Int32s, kernel


@kernel
def offsets_of(index: Int32s, size: int) -> Array:
    """int32[size+1]: row starts when entries are gathered by `index`.

    >>> offsets_of(np.array([2, 0, 2], dtype=np.int32), 3).tolist()
    [0, 1, 1, 3]
    """
    ptr = np.zeros(size + 1, dtype=np.int32)
    for i in range(len(index)):
        ptr[index[i] + 1] += 1
    for v in range(size):
        ptr[v + 1] += ptr[v]
    return ptr


@kernel
def gathered(index: Int32s, ptr: Int32s) -> Array:
    """int32 entry numbers gathered by `index`, stable: one counting-sort pass."""
    at = ptr[:-1].copy()
    order = np.empty(len(index), dtype=np.int32)
    for i in range(len(index)):
        order[at[index[i]]] = i
        at[index[i]] += 1
    return order


def transpose(ptr: Array, column: Array, value: Array) -> tuple[Array, Array, Array]:
    """CSR of the reverse direction with its values; each row ascending.

    Example by hand: rows {0: 1 (a), 1 (b)} turned round are {1: 0 (a), 0 (b)}.
    """
    back, rows, entry = _turned_round(ptr, column)
    return back, rows, value[entry]


def renumbered(ptr: Array, column: Array, value: Array, old: Array, new: Array) -> tuple[Array, Array, Array]:
    """A CSR whose row i is row old[i] of the given one, with columns mapped by `new`.

    Example by hand: rows {0: 1 (a), 1: 0 (b)} with old = new = (1, 0) are {0: 1 (b), 1: 0 (a)}.
    """
    out, columns, entry = _rows_of(ptr, column, old, new)
    return out, columns, value[entry]


@kernel
def _turned_round(ptr: Int32s, column: Int32s) -> tuple[Array, Array, Array]:
    """The reverse CSR and int32[E] which entry of the given one each of its entries is."""
    size = len(ptr) - 1
    back = offsets_of(column, size)
    at = back[:-1].copy()
    rows, entry = np.empty(len(column), dtype=np.int32), np.empty(len(column), dtype=np.int32)
    for v in range(size):
        for e in range(ptr[v], ptr[v + 1]):
            u = column[e]
            rows[at[u]] = v
            entry[at[u]] = e
            at[u] += 1
    return back, rows, entry


@kernel
def _rows_of(ptr: Int32s, column: Int32s, old: Int32s, new: Int32s) -> tuple[Array, Array, Array]:
    """The CSR of the rows `old` with columns mapped by `new`, and int32[E] which entry of the given one each of its entries
    is."""
    size = len(old)
    out = np.zeros(size + 1, dtype=np.int32)
    for i in range(size):
        out[i + 1] = out[i] + ptr[old[i] + 1] - ptr[old[i]]
    columns, entry = np.empty(out[size], dtype=np.int32), np.empty(out[size], dtype=np.int32)
    for i in range(size):
        at = out[i]
        for e in range(ptr[old[i]], ptr[old[i] + 1]):
            columns[at] = new[column[e]]
            entry[at] = e
            at += 1
    return out, columns, entry


@kernel
def all_providers(
    ptr: Int32s, provider: Int32s, soft_ptr: Int32s, soft_provider: Int32s, group_ptr: Int32s, member_ptr: Int32s, member: Int32s
) -> tuple[Array, Array]:
    """CSR dependent -> providers over edges of every kind and group members (groups gathered by dependent)."""
    size = len(ptr) - 1
    out = np.zeros(size + 1, dtype=np.int32)
    for v in range(size):
        members = member_ptr[group_ptr[v + 1]] - member_ptr[group_ptr[v]]
        out[v + 1] = out[v] + ptr[v + 1] - ptr[v] + soft_ptr[v + 1] - soft_ptr[v] + members
    column = np.empty(out[size], dtype=np.int32)
    at = 0
    for v in range(size):
        for e in range(ptr[v], ptr[v + 1]):
            column[at] = provider[e]
            at += 1
        for e in range(soft_ptr[v], soft_ptr[v + 1]):
            column[at] = soft_provider[e]
            at += 1
        for e in range(member_ptr[group_ptr[v]], member_ptr[group_ptr[v + 1]]):
            column[at] = member[e]
            at += 1
    return out, column


@kernel
def components_in_order(ptr: Int32s, column: Int32s) -> tuple[int, Array]:
    """Number of strongly connected components and int32[N] their ranks, providers first.

    Tarjan's algorithm (1972) on an explicit stack over the rows of dependent -> providers: a component closes after all it
    reaches, so ranks are given in order of closing. SciPy's does not end when a pair is listed twice, which hard edges and
    members may.
    """
    size = len(ptr) - 1
    rank = np.full(size, -1, dtype=np.int32)
    low = np.zeros(size, dtype=np.int32)
    found = np.zeros(size, dtype=np.int32)  # order of discovery + 1
    at = ptr[:-1].copy()
    path = np.empty(size, dtype=np.int32)
    open_ = np.empty(size, dtype=np.int32)
    clock, count, opened = 0, 0, 0
    for root in range(size):
        if found[root]:
            continue
        depth = 0
        path[0] = root
        clock += 1
        found[root] = low[root] = clock
        open_[opened] = root
        opened += 1
        while depth >= 0:
            v = path[depth]
            if at[v] < ptr[v + 1]:
                u = column[at[v]]
                at[v] += 1
                if not found[u]:
                    clock += 1
                    found[u] = low[u] = clock
                    open_[opened] = u
                    opened += 1
                    depth += 1
                    path[depth] = u
                elif rank[u] < 0:
                    low[v] = min(low[v], found[u])
                continue
            depth -= 1
            if depth >= 0:
                low[path[depth]] = min(low[path[depth]], low[v])
            if low[v] == found[v]:
                while True:
                    opened -= 1
                    rank[open_[opened]] = count
                    if open_[opened] == v:
                        break
                count += 1
    return count, rank
