"""Failed states of all CIs of a plan in one block of worlds, bit by bit in parallel: 64 worlds a word, WORDS words a CI.

Each CI is visited once, providers first; only components go round. A CI that fails in no world of the block costs a look at a
byte.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.jit import Bools, UInt8s, UInt64, UInt64s, UInt64Table, inner, kernel
from app.risk.jit.borrowed import borrowed
from app.risk.sampling.own_failures import WORDS, OwnFailures, sample_own
from app.risk.sampling.plan import GROUNDED_LOOP, SINGLE, Plan

_NONE, _ALL = np.uint64(0), np.uint64(0xFFFFFFFFFFFFFFFF)


class Rows(NamedTuple):
    """Workspace of one thread: n CIs, then twice the CIs of components with a supply need (inner solution, own failures).

    Where busy is 0 the CI fails in no world and its row is not written.
    """

    state: UInt64Table  # uint64[n + 2 spares, WORDS]
    busy: UInt8s  # uint8[n + 2 spares]
    sum: UInt64s  # uint64[WORDS]
    both: UInt64s  # uint64[WORDS]
    planes: UInt64Table  # uint64[32, WORDS] bits of a count, lowest first
    stale: Bools  # bool[n] to be evaluated again
    stale_part: Bools  # bool[n], at the first CI of a part


def rows_of(plan: Plan) -> Rows:
    """A workspace: 8 * WORDS bytes a CI."""
    size = len(plan.position)
    spares = int(plan.spare.max(initial=-1)) + 1
    return Rows(
        np.empty((size + 2 * spares, WORDS), np.uint64), np.zeros(size + 2 * spares, np.uint8), np.zeros(WORDS, np.uint64),
        np.zeros(WORDS, np.uint64), np.zeros((32, WORDS), np.uint64), np.zeros(size, np.bool_), np.zeros(size, np.bool_),
    )  # fmt: skip


@inner
def _row_of(plan: Plan, u: int, part: int, supply: bool) -> int:
    """Where CI u is read: its inner solution for an ordinary need inside the part being solved (part < 0: none is), else its
    state."""
    if part >= 0 and not supply and plan.part_start[u] == part:
        return len(plan.position) + plan.spare[u]  # type: ignore[no-any-return]
    return u


@inner
def _count_up(rows: Rows, source: int, bits: int) -> None:
    """Add one to the counters of the worlds in row `source`; a carry out of the highest bit is kept in rows.both."""
    for w in range(WORDS):
        carry = rows.state[source, w]
        for b in range(bits):
            if carry == _NONE:
                break
            old = rows.planes[b, w]
            rows.planes[b, w] = old ^ carry
            carry &= old
        rows.both[w] |= carry


@inner
def _group_lost(plan: Plan, rows: Rows, g: int, part: int) -> bool:
    """Worlds in which group g has lost too many members, in rows.both; False: none, and rows.both means nothing."""
    needs = plan.needs
    first, last, left = needs.member_ptr[g], needs.member_ptr[g + 1], needs.group_left[g]
    supply = needs.group_supply[g]
    busy = 0
    for e in range(first, last):
        busy += rows.busy[_row_of(plan, needs.member[e], part, supply)]
    if busy < left:
        return False
    if left == last - first:
        source = _row_of(plan, needs.member[first], part, supply)
        for w in range(WORDS):
            rows.both[w] = rows.state[source, w]
        for e in range(first + 1, last):
            source = _row_of(plan, needs.member[e], part, supply)
            for w in range(WORDS):
                rows.both[w] &= rows.state[source, w]
        return True
    for w in range(WORDS):
        rows.both[w] = _NONE
    bits = 0
    while (1 << bits) < left:
        bits += 1
    start = (1 << bits) - left  # the counter overflows at the `left`-th failed member
    for b in range(bits):
        fill = _ALL if (start >> b) & 1 else _NONE
        for w in range(WORDS):
            rows.planes[b, w] = fill
    for e in range(first, last):
        source = _row_of(plan, needs.member[e], part, supply)
        if rows.busy[source]:
            _count_up(rows, source, bits)
    return True


@inner
def _gather(plan: Plan, rows: Rows, v: int, part: int, busy: bool) -> bool:
    """Or all that fails v into rows.sum, which counts for nothing unless busy; whether it counts now."""
    needs = plan.needs
    for e in range(needs.need_ptr[v], needs.need_ptr[v + 1]):
        source = _row_of(plan, needs.need[e], part, needs.need_supply[e])
        if rows.busy[source]:
            if busy:
                for w in range(WORDS):
                    rows.sum[w] |= rows.state[source, w]
            else:
                for w in range(WORDS):
                    rows.sum[w] = rows.state[source, w]
                busy = True
    for g in range(needs.group_ptr[v], needs.group_ptr[v + 1]):
        if _group_lost(plan, rows, g, part):
            if busy:
                for w in range(WORDS):
                    rows.sum[w] |= rows.both[w]
            else:
                for w in range(WORDS):
                    rows.sum[w] = rows.both[w]
                busy = True
    return busy


@inner
def _least(plan: Plan, rows: Rows, start: int, end: int, part: int) -> None:
    """mu X of the CIs start..end-1 from what their rows hold already, sweep by sweep until nothing grows."""
    shift = len(plan.position) if part >= 0 else 0
    for v in range(start, end):
        rows.stale[v] = True
    again = True
    while again:
        again = False
        for v in range(start, end):
            if not rows.stale[v]:
                continue
            rows.stale[v] = False
            own = shift + plan.spare[v] if part >= 0 else v
            if not _gather(plan, rows, v, part, False):
                continue
            grown = False
            for w in range(WORDS):
                old = rows.state[own, w] if rows.busy[own] else _NONE
                new = old | rows.sum[w]
                grown |= new != old
                rows.state[own, w] = new
            rows.busy[own] = True
            if grown:
                for e in range(plan.inside_ptr[v], plan.inside_ptr[v + 1]):
                    if start <= plan.inside[e] < end:
                        rows.stale[plan.inside[e]] = True
                        again = True


@inner
def _solve_part(plan: Plan, rows: Rows, start: int, end: int) -> None:
    """The least solution of one part, given the states outside it and of its supply needs, in its inner rows."""
    size = len(plan.position)
    spares = (len(rows.busy) - size) // 2
    for v in range(start, end):
        inner = size + plan.spare[v]
        rows.busy[inner] = rows.busy[inner + spares]
        for w in range(WORDS):
            rows.state[inner, w] = rows.state[inner + spares, w]
    if end == start + 1:
        inner = size + plan.spare[start]
        busy = rows.busy[inner] != 0
        for w in range(WORDS):
            rows.sum[w] = rows.state[inner, w]
        rows.busy[inner] = _gather(plan, rows, start, start, busy)
        for w in range(WORDS):
            rows.state[inner, w] = rows.sum[w]
    else:
        _least(plan, rows, start, end, start)


@inner
def _greatest(plan: Plan, rows: Rows, start: int, end: int) -> None:
    """nu Y of a component with supply needs: all failed at first, parts are solved again until nothing comes back."""
    size = len(plan.position)
    for v in range(start, end):
        rows.busy[v] = True
        rows.stale_part[v] = True
        for w in range(WORDS):
            rows.state[v, w] = _ALL
    again = True
    while again:
        again = False
        v = start
        while v < end:
            stop = plan.part_end[v]
            if rows.stale_part[v]:
                rows.stale_part[v] = False
                _solve_part(plan, rows, v, stop)
                for u in range(v, stop):
                    inner = size + plan.spare[u]
                    less = False
                    for w in range(WORDS):
                        new = rows.state[inner, w] if rows.busy[inner] else _NONE
                        less |= new != rows.state[u, w]
                        rows.state[u, w] = new
                    if less:
                        for e in range(plan.inside_ptr[u], plan.inside_ptr[u + 1]):
                            rows.stale_part[plan.part_start[plan.inside[e]]] = True
                            again = True
            v = stop


@kernel
def fill_block(plan: Plan, own: OwnFailures, rows: Rows, seed: UInt64, block: int) -> None:
    """Sample the own failures of one block and spread them: rows.state[i] are the worlds in which CI i has failed, where
    rows.busy[i].

    Example by hand: S hard on a, a fails in worlds 3 and 70: words 0 and 1 of S are 8 and 64, the others 0.
    """
    plan, own, rows = borrowed(plan), borrowed(own), borrowed(rows)
    size = len(plan.position)
    spares = (len(rows.busy) - size) // 2
    for c in range(len(plan.component_kind)):
        start, end = plan.component_ptr[c], plan.component_ptr[c + 1]
        if plan.component_kind[c] == SINGLE:
            busy = sample_own(own, seed, block, start, rows.sum)
            if _gather(plan, rows, start, -1, busy):
                rows.busy[start] = True
                for w in range(WORDS):
                    rows.state[start, w] = rows.sum[w]
            else:
                rows.busy[start] = False
        elif plan.component_kind[c] == GROUNDED_LOOP:
            for v in range(start, end):
                at = size + spares + plan.spare[v]
                rows.busy[at] = sample_own(own, seed, block, v, rows.state[at])
                if not rows.busy[at]:
                    for w in range(WORDS):
                        rows.state[at, w] = _NONE
            _greatest(plan, rows, start, end)
        else:
            for v in range(start, end):
                rows.busy[v] = sample_own(own, seed, block, v, rows.state[v])
            _least(plan, rows, start, end, -1)
