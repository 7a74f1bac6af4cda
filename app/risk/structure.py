"""CSR building, topological order and relabelling: linear passes over the edges, no sorting."""

from __future__ import annotations

import numpy as np

from app.risk.jit import Array, kernel


@kernel
def offsets_of(index: Array, size: int) -> Array:
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
def gathered(index: Array, ptr: Array) -> Array:
    """int32 entry numbers gathered by `index`, stable: one counting-sort pass."""
    at = ptr[:-1].copy()
    order = np.empty(len(index), dtype=np.int32)
    for i in range(len(index)):
        order[at[index[i]]] = i
        at[index[i]] += 1
    return order


@kernel
def transpose(ptr: Array, column: Array, value: Array) -> tuple[Array, Array, Array]:
    """CSR of the reverse direction with its values; each row ascending."""
    size = len(ptr) - 1
    back = offsets_of(column, size)
    at = back[:-1].copy()
    rows = np.empty(len(column), dtype=np.int32)
    values = np.empty(len(column), dtype=value.dtype)
    for v in range(size):
        for e in range(ptr[v], ptr[v + 1]):
            u = column[e]
            rows[at[u]] = v
            values[at[u]] = value[e]
            at[u] += 1
    return back, rows, values


@kernel
def renumbered(ptr: Array, column: Array, value: Array, old: Array, new: Array) -> tuple[Array, Array, Array]:
    """The same CSR with row i taken from row old[i] and columns mapped by `new`."""
    size = len(old)
    out = np.zeros(size + 1, dtype=np.int32)
    for i in range(size):
        out[i + 1] = out[i] + ptr[old[i] + 1] - ptr[old[i]]
    columns = np.empty(len(column), dtype=np.int32)
    values = np.empty(len(column), dtype=value.dtype)
    for i in range(size):
        at = out[i]
        for e in range(ptr[old[i]], ptr[old[i] + 1]):
            columns[at] = new[column[e]]
            values[at] = value[e]
            at += 1
    return out, columns, values


@kernel
def all_providers(
    ptr: Array, provider: Array, soft_ptr: Array, soft_provider: Array, group_ptr: Array, member_ptr: Array, member: Array
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
def components_in_order(ptr: Array, column: Array) -> tuple[int, Array]:
    """Number of strongly connected components and int32[N] their ranks, providers first.

    Tarjan's algorithm (1972) on an explicit stack over the rows of dependent -> providers: a component closes after all it reaches, so
    ranks are given in order of closing. SciPy's does not end when a pair is listed twice, which hard edges and members may.
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
