"""The failed set of a scenario: kernels of the nested fixpoint nu Y. mu X. Phi(X, Y) of model 1.3.

Everything outside components with a supply need inside is a work list with one counter per group. Those components are settled
one by one, providers first; inside them the greatest Y is iterated down from "all failed". Only what fails is touched.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.domain.graph import HARD, SUPPLY, SUPPLY_GROUP
from app.risk.graph.compiled import AT_REST_DOWN, GROUNDED, Flat
from app.risk.graph.ready_queue import ReadyQueue, from_bits, pop, push, ready_queue, remove
from app.risk.jit import Array, Floats, Int8s, Int32s, inner, kernel

FEW = 4096  # CIs that are sorted: more of them are counted
ALWAYS = 2**31 - 1  # stamp of a CI that is down at rest


class Marks(NamedTuple):
    """Epoch-stamped workspace of one thread: a mark counts only if its stamp is the current epoch."""

    epoch: Int32s  # int32[1]
    stamp: Int32s  # int32[N] failed in this epoch
    queue: Int32s  # int32[N] failed, in order of discovery
    group_stamp: Int32s  # int32[G]
    group_count: Int32s  # int32[G] members failed
    capability_stamp: Int32s  # int32[N] degraded in this epoch
    capability: Floats  # float64[N]
    degraded: Int32s  # int32[N]
    loop_x: Int8s  # int8[N] least set inside a component
    loop_y: Int8s  # int8[N] greatest set inside a component
    loop_queue: Int32s  # int32[N]
    loop_count: Int32s  # int32[G]
    ready: ReadyQueue


def marks(flat: Flat) -> Marks:
    """A fresh workspace; CIs down at rest are stamped for good."""
    cis, groups = len(flat.flags), len(flat.group_kind)
    stamp = np.zeros(cis, np.int32)
    stamp[np.flatnonzero(flat.flags & AT_REST_DOWN)] = ALWAYS
    return Marks(
        np.zeros(1, np.int32), stamp, np.zeros(cis, np.int32), np.zeros(groups, np.int32), np.zeros(groups, np.int32),
        np.zeros(cis, np.int32),
        np.zeros(cis), np.zeros(cis, np.int32), np.zeros(cis, np.int8), np.zeros(cis, np.int8), np.zeros(cis, np.int32),
        np.zeros(groups, np.int32), ready_queue(cis),
    )  # fmt: skip


@inner
def new_epoch(work: Marks) -> int:
    """Begin a new epoch, so that no mark counts any more, in O(1); its number."""
    if work.epoch[0] >= ALWAYS - 2:
        for v in range(len(work.stamp)):
            if work.stamp[v] != ALWAYS:
                work.stamp[v] = 0
            work.capability_stamp[v] = 0
        work.group_stamp[:] = 0
        work.epoch[0] = 0
    work.epoch[0] += 1
    return work.epoch[0]  # type: ignore[no-any-return]


@inner
def drain(flat: Flat, work: Marks, head: int, tail: int) -> int:
    """Spread failure from queue[head:tail] through hard and supply edges and group counters; the new tail."""
    epoch = work.epoch[0]
    while head < tail:
        u = work.queue[head]
        head += 1
        if flat.flags[u] & GROUNDED:
            push(work.ready, flat.component_ptr[flat.component[u]])
        for e in range(flat.forward_ptr[u], flat.forward_ptr[u + 1]):
            v = flat.forward[e]
            if work.stamp[v] < epoch:
                work.stamp[v] = epoch
                work.queue[tail] = v
                tail += 1
        for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
            g = flat.joined[e]
            if work.group_stamp[g] != epoch:
                work.group_stamp[g] = epoch
                work.group_count[g] = 0
            work.group_count[g] += 1
            v = flat.group_dependent[g]
            if work.stamp[v] < epoch:
                if work.group_count[g] >= flat.group_left[g]:
                    work.stamp[v] = epoch
                    work.queue[tail] = v
                    tail += 1
                elif flat.flags[v] & GROUNDED:
                    push(work.ready, flat.component_ptr[flat.component[v]])
    return tail


@inner
def least_inside(flat: Flat, work: Marks, start: int, end: int) -> int:
    """mu X. Phi(X, Y) inside positions start..end-1, Y = loop_y; leaves X in loop_x and returns its size."""
    epoch = work.epoch[0]
    tail = 0
    for v in range(start, end):
        lost = work.stamp[v] >= epoch
        for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
            u = flat.reverse[e]
            if start <= u < end:
                if flat.reverse_kind[e] == SUPPLY and work.loop_y[u]:
                    lost = True
            elif work.stamp[u] >= epoch:
                lost = True
        for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
            count = 0
            first = flat.member_ptr[g]
            last = flat.member_ptr[g + 1]
            for e in range(first, last):
                u = flat.member[e]
                if start <= u < end:
                    if flat.group_kind[g] == SUPPLY_GROUP and work.loop_y[u]:
                        count += 1
                elif work.stamp[u] >= epoch:
                    count += 1
            work.loop_count[g] = count
            if count >= last - first - flat.group_needed[g] + 1:
                lost = True
        work.loop_x[v] = 0
        if lost:
            work.loop_x[v] = 1
            work.loop_queue[tail] = v
            tail += 1
    head = 0
    while head < tail:
        u = work.loop_queue[head]
        head += 1
        for e in range(flat.forward_ptr[u], flat.forward_ptr[u + 1]):
            v = flat.forward[e]
            if start <= v < end and flat.forward_kind[e] == HARD and not work.loop_x[v]:
                work.loop_x[v] = 1
                work.loop_queue[tail] = v
                tail += 1
        for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
            g = flat.joined[e]
            v = flat.group_dependent[g]
            if start <= v < end and flat.group_kind[g] != SUPPLY_GROUP:
                work.loop_count[g] += 1
                size = flat.member_ptr[g + 1] - flat.member_ptr[g]
                if work.loop_count[g] >= size - flat.group_needed[g] + 1 and not work.loop_x[v]:
                    work.loop_x[v] = 1
                    work.loop_queue[tail] = v
                    tail += 1
    return tail


@inner
def ground(flat: Flat, work: Marks, start: int, end: int, tail: int) -> int:
    """nu Y inside one component: what no source outside feeds is appended to the queue; the new tail."""
    size = end - start
    for v in range(start, end):
        work.loop_y[v] = 1
    while True:
        found = least_inside(flat, work, start, end)
        for v in range(start, end):
            work.loop_y[v] = work.loop_x[v]
        if found == size:
            break
        size = found
    epoch = work.epoch[0]
    for v in range(start, end):
        if work.loop_y[v] and work.stamp[v] < epoch:
            work.stamp[v] = epoch
            work.queue[tail] = v
            tail += 1
    return tail


@inner
def settle(flat: Flat, work: Marks, head: int, tail: int) -> int:
    """Drain the queue from head, then settle the touched supply components in topological order; the size of the failed set."""
    tail = drain(flat, work, head, tail)
    while True:
        start = pop(work.ready)
        if start < 0:
            return tail
        c = flat.component[start]
        head = tail
        tail = ground(flat, work, start, flat.component_ptr[c + 1], tail)
        tail = drain(flat, work, head, tail)
        if tail > head:
            remove(work.ready, start)  # draining marked it again, but it is settled


@kernel
def fail(flat: Flat, work: Marks, roots: Int32s) -> int:
    """Failed set of forced outages `roots` beyond what is down at rest, in work.queue[:answer]; a new epoch."""
    epoch = new_epoch(work)
    tail = 0
    for i in range(len(roots)):
        v = roots[i]
        if work.stamp[v] < epoch:
            work.stamp[v] = epoch
            work.queue[tail] = v
            tail += 1
    return settle(flat, work, 0, tail)


@inner
def fail_some(flat: Flat, work: Marks, tail: int, roots: Int32s) -> int:
    """Add forced outages to the current epoch, all before any of them spreads; the new size of the failed set."""
    grown = tail
    for i in range(len(roots)):
        if work.stamp[roots[i]] < work.epoch[0]:
            work.stamp[roots[i]] = work.epoch[0]
            work.queue[grown] = roots[i]
            grown += 1
    return settle(flat, work, tail, grown) if grown > tail else tail


@inner
def in_order(work: Marks, failed: int) -> Array:
    """The failed set work.queue[:failed], ascending."""
    if failed <= FEW:
        return np.sort(work.queue[:failed])
    return from_bits(work.ready.words, work.queue[:failed])


@inner
def fail_more(flat: Flat, work: Marks, tail: int, root: int) -> int:
    """Add one forced outage to the current epoch; the new size of the failed set."""
    if work.stamp[root] >= work.epoch[0]:
        return tail
    work.stamp[root] = work.epoch[0]
    work.queue[tail] = root
    return settle(flat, work, tail, tail + 1)
