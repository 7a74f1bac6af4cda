"""Redundancy groups and what falls with one CI outside them: which members, and by which other; and what stops where some members
fail together. Both over many groups at once."""

from __future__ import annotations

import numpy as np

from app.risk.graph.compiled import CompiledGraph, Flat
from app.risk.graph.ragged import ptr_of, spans
from app.risk.jit import Array, Bools, Int32s, Int64s, kernel
from app.risk.jit.borrowed import borrowed
from app.risk.outage.failing import Marks, fail, marks


@kernel
def _fallen(
    flat: Flat, work: Marks, group: Int32s, shared: Int32s, order: Int64s, same: Int64s, ptr: Int64s, fallen: Bools,
    by_another: Bools
) -> None:  # fmt: skip
    """Pairs in the order `order`, by CI: each CI's outage is played once. `same`: int64[P+1] first pair of each pair's group."""
    flat, work = borrowed(flat), borrowed(work)
    root = np.full(1, -1, np.int32)
    for p in order:
        if shared[p] != root[0]:
            root[0] = shared[p]
            fail(flat, work, root)
        now, first = work.epoch[0], flat.member_ptr[group[p]]
        for k in range(ptr[p + 1] - ptr[p]):
            fallen[ptr[p] + k] = work.stamp[flat.member[first + k]] == now
        q = same[p]
        while q < len(group) and group[q] == group[p]:
            by_another[p] |= shared[q] != shared[p] and work.stamp[shared[q]] == now
            q += 1


@kernel
def _stopped(flat: Flat, work: Marks, ptr: Int64s, members: Int32s, out: Int32s) -> None:
    """int32[R]: services that stop when the members of each row fail together."""
    flat, work = borrowed(flat), borrowed(work)
    for row in range(len(out)):
        failed = fail(flat, work, members[ptr[row] : ptr[row + 1]])
        for k in range(failed):
            out[row] += flat.service_at[work.queue[k]] >= 0


def members_of(compiled: CompiledGraph, groups: Array) -> tuple[Array, Array]:
    """(ptr, members) of these groups, in their order."""
    flat = compiled.flat
    sizes = np.diff(flat.member_ptr)[groups].astype(np.int64)
    return ptr_of(sizes), flat.member[spans(flat.member_ptr[:-1][groups].astype(np.int64), sizes)]


def fallen_together(compiled: CompiledGraph, group: Array, shared: Array) -> tuple[Array, Array]:
    """(bool[M] by member of the pairs' groups, as `members_of` lists them: it fails with the CI; bool[P]: another CI of the same
    group falls with this one). Pairs in order of group.

    Example by hand: S needs 1 of {a, b}, both hard on d, d on p: with (S, d) both members fall and no other; with (S, p) d does.
    """
    ptr, members = members_of(compiled, group)
    fallen, by_another = np.zeros(len(members), np.bool_), np.zeros(len(group), np.bool_)
    if len(group):
        same = np.searchsorted(group, group).astype(np.int64)
        order = np.argsort(shared, kind="stable").astype(np.int64)
        _fallen(
            compiled.flat, marks(compiled.flat), group.astype(np.int32), shared.astype(np.int32), order, same, ptr, fallen,
            by_another,
        )  # fmt: skip
    return fallen, by_another


def services_stopped(compiled: CompiledGraph, ptr: Array, members: Array) -> Array:
    """int32[R]: services that stop when the members in each row fail together.

    Example by hand: S needs 1 of {a, b}: a and b stop 1, a alone none.
    """
    out = np.zeros(len(ptr) - 1, np.int32)
    if len(out):
        _stopped(compiled.flat, marks(compiled.flat), ptr.astype(np.int64), members.astype(np.int32), out)
    return out
