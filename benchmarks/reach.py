"""Reachability alone: how many CIs lean on each CI, and on how many it leans, over needs of every kind and all group members.

An upper bound of any blast radius, and the question that graph libraries answer, so it is what we are compared by. No answer of
the product reads it: those propagate failure through redundancy and supply (app/risk/outage). Components are nodes of their own;
64 sources at a time travel as one bit each through the part of the graph that they reach, in topological order. Sources next to
each other reach much the same, so a visit is shared by many of them. N CIs, C components, A arcs between components.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import CompiledGraph, Flat
from app.risk.graph.ready_queue import ReadyQueue, lowest_bit, pop, push, ready_queue
from app.risk.jit import Array, Int32s, Int64s, UInt64s, kernel

UNIT = 16384  # sources of one unit of work


class Arcs(NamedTuple):
    """CSR between components towards dependents, without repeats: targets have larger numbers."""

    ptr: Int64s  # int64[C+1]
    target: Int32s  # int32[A]
    weight: Int32s  # int32[C] CIs of the component


@dataclass(frozen=True, slots=True)
class Reach:
    """int32[N] by position, the CI itself not counted."""

    dependents: Array  # CIs that lean on it, directly or not
    providers: Array  # CIs it leans on, directly or not


@kernel
def _arcs(flat: Flat) -> Arcs:
    """Component -> components that read it, each once; positions of a component are side by side."""
    count = len(flat.component_ptr) - 1
    ptr = np.zeros(count + 1, dtype=np.int64)
    target = np.empty(len(flat.forward) + len(flat.soft_forward) + len(flat.joined), dtype=np.int32)
    weight = np.zeros(count, dtype=np.int32)
    seen = np.full(count, -1, dtype=np.int32)
    at = 0
    for v in range(len(flat.component)):
        c = flat.component[v]
        weight[c] += 1
        for e in range(flat.forward_ptr[v], flat.forward_ptr[v + 1]):
            other = flat.component[flat.forward[e]]
            if other != c and seen[other] != c:
                seen[other] = c
                target[at] = other
                at += 1
        for e in range(flat.soft_forward_ptr[v], flat.soft_forward_ptr[v + 1]):
            other = flat.component[flat.soft_forward[e]]
            if other != c and seen[other] != c:
                seen[other] = c
                target[at] = other
                at += 1
        for e in range(flat.joined_ptr[v], flat.joined_ptr[v + 1]):
            other = flat.component[flat.group_dependent[flat.joined[e]]]
            if other != c and seen[other] != c:
                seen[other] = c
                target[at] = other
                at += 1
        ptr[c + 1] = at
    return Arcs(ptr, target[:at].copy(), weight)


@kernel
def _count(arcs: Arcs, first: int, last: int, bits: UInt64s, ready: ReadyQueue, reached: Int64s, reaching: Int64s) -> None:
    """Sources first..last-1: the weight each reaches, itself included, into reached; the weight of those that reach c is added to
    reaching[c].

    `bits` is zero before and after.
    """
    one, full = np.uint64(1), ~np.uint64(0)
    sums = np.zeros(64, dtype=np.int64)
    for start in range(first, last, 64):
        end = min(start + 64, last)
        total = np.int64(0)
        for c in range(start, end):
            bits[c] |= one << np.uint64(c - start)
            push(ready, c)
            total += arcs.weight[c]
        sums[:] = 0
        while True:
            c = pop(ready)
            if c < 0:
                break
            word = bits[c]
            bits[c] = 0
            for e in range(arcs.ptr[c], arcs.ptr[c + 1]):
                other = arcs.target[e]
                if not bits[other]:
                    push(ready, other)
                bits[other] |= word
            weight = arcs.weight[c]
            if word == full:
                sums += weight
                reaching[c] += total
            else:
                while word:
                    k = np.int64(lowest_bit(word))
                    sums[k] += weight
                    reaching[c] += arcs.weight[start + k]
                    word &= word - one
        for c in range(start, end):
            reached[c] = sums[c - start]


def reach(compiled: CompiledGraph, threads: int = 2) -> Reach:
    """Transitive dependents and providers of every CI, exact, over hard, supply and soft needs and group members alike.

    One pass gives both: a bit that arrives counts for its source and for where it arrived. Integers, so threads change nothing.

    Example by hand: a chain S on A on B: dependents of (B, A, S) are 2, 1, 0 and providers 0, 1, 2.
    """
    arcs = _arcs(compiled.flat)
    count = len(arcs.weight)
    reached = np.zeros(count, dtype=np.int64)
    idle: list[tuple[Array, ReadyQueue, Array]] = []

    def unit(start: int) -> None:
        space = idle.pop() if idle else (np.zeros(count, dtype=np.uint64), ready_queue(count), np.zeros(count, dtype=np.int64))
        _count(arcs, start, min(start + UNIT, count), space[0], space[1], reached, space[2])
        idle.append(space)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(unit, range(0, count, UNIT)))
    reaching = np.zeros(count, dtype=np.int64)
    for space in idle:
        reaching += space[2]
    component = compiled.flat.component
    return Reach((reached[component] - 1).astype(np.int32), (reaching[component] - 1).astype(np.int32))
