"""Reachability alone: how many CIs lean on each CI, and on how many it leans, over needs of every kind and all group members.

An upper bound of any blast radius, and the question that graph libraries answer, so it is what we are compared by. Components are nodes of
their own; 64 sources at a time travel as one bit each through the part of the graph that they reach, in topological order. Sources next to
each other reach much the same, so a visit is shared by many of them. N CIs, C components, A arcs between components.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba.cpython.unsafe.numbers import trailing_zeros  # type: ignore[import-untyped]

from app.risk.compiled import CompiledGraph
from app.risk.jit import Array, kernel
from app.risk.ready_queue import ReadyQueue, pop, push, ready_queue

WORDS = 4  # 64-bit words a batch: 256 sources
BATCHES = 64  # batches of one unit of work


class Arcs(NamedTuple):
    """CSR between components, without repeats, in the direction of travel: targets have larger numbers."""

    ptr: Array  # int64[C+1]
    target: Array  # int32[A]
    weight: Array  # int32[C] CIs of the component


@dataclass(frozen=True, slots=True)
class Reach:
    """int32[N] by position, the CI itself not counted."""

    dependents: Array  # CIs that lean on it, directly or not
    providers: Array  # CIs it leans on, directly or not


@kernel
def _providers_of(
    component: Array, reverse_ptr: Array, reverse: Array, soft_ptr: Array, soft: Array, group_ptr: Array, member_ptr: Array, member: Array, count: int
) -> tuple[Array, Array]:
    """Component -> components it reads, each once; positions of a component are side by side."""
    ptr = np.zeros(count + 1, dtype=np.int64)
    target = np.empty(len(reverse) + len(soft) + len(member), dtype=np.int32)
    seen = np.full(count, -1, dtype=np.int32)
    at = 0
    for v in range(len(component)):
        c = component[v]
        for e in range(reverse_ptr[v], reverse_ptr[v + 1]):
            other = component[reverse[e]]
            if other != c and seen[other] != c:
                seen[other] = c
                target[at] = other
                at += 1
        for e in range(soft_ptr[v], soft_ptr[v + 1]):
            other = component[soft[e]]
            if other != c and seen[other] != c:
                seen[other] = c
                target[at] = other
                at += 1
        for e in range(member_ptr[group_ptr[v]], member_ptr[group_ptr[v + 1]]):
            other = component[member[e]]
            if other != c and seen[other] != c:
                seen[other] = c
                target[at] = other
                at += 1
        ptr[c + 1] = at
    return ptr, target[:at].copy()


@kernel
def _flipped(ptr: Array, target: Array, mirror: bool) -> tuple[Array, Array]:
    """The arcs the other way; `mirror` keeps the direction and numbers nodes from the other end instead, so that targets grow."""
    count = len(ptr) - 1
    out = np.zeros(count + 1, dtype=np.int64)
    column = np.empty(len(target), dtype=np.int32)
    if mirror:
        at = 0
        for c in range(count):
            old = count - 1 - c
            for e in range(ptr[old], ptr[old + 1]):
                column[at] = count - 1 - target[e]
                at += 1
            out[c + 1] = at
        return out, column
    for e in range(len(target)):
        out[target[e] + 1] += 1
    for c in range(count):
        out[c + 1] += out[c]
    place = out[:-1].copy()
    for c in range(count):
        for e in range(ptr[c], ptr[c + 1]):
            column[place[target[e]]] = c
            place[target[e]] += 1
    return out, column


@kernel
def _count(arcs: Arcs, first: int, last: int, words: int, bits: Array, ready: ReadyQueue, out: Array) -> None:
    """Weight reached from each source first..last-1, itself included, into out[first:last]; bits is zero before and after."""
    size = 64 * words
    one = np.uint64(1)
    sums = np.zeros(size, dtype=np.int64)
    for start in range(first, last, size):
        end = min(start + size, last)
        for c in range(start, end):
            k = c - start
            bits[c * words + k // 64] |= one << np.uint64(k % 64)
            push(ready, c)
        sums[:] = 0
        while True:
            c = pop(ready)
            if c < 0:
                break
            weight = arcs.weight[c]
            base = c * words
            for e in range(arcs.ptr[c], arcs.ptr[c + 1]):
                other = arcs.target[e] * words
                fresh = True
                for w in range(words):
                    if bits[other + w]:
                        fresh = False
                for w in range(words):
                    bits[other + w] |= bits[base + w]
                if fresh:
                    push(ready, arcs.target[e])
            for w in range(words):
                word = bits[base + w]
                bits[base + w] = 0
                if word == ~np.uint64(0):
                    for k in range(64):
                        sums[64 * w + k] += weight
                else:
                    while word:
                        k = np.int64(_lowest(word))
                        sums[64 * w + k] += weight
                        word &= word - one
        for c in range(start, end):
            out[c] = sums[c - start]


@kernel
def _lowest(word: int) -> int:
    return trailing_zeros(word)  # type: ignore[no-any-return]


def _run(arcs: Arcs, threads: int) -> Array:
    count = len(arcs.weight)
    out = np.zeros(count, dtype=np.int64)
    step = 64 * WORDS * BATCHES
    spaces: list[tuple[Array, ReadyQueue]] = []

    def unit(start: int) -> None:
        bits, ready = spaces.pop() if spaces else (np.zeros(count * WORDS, dtype=np.uint64), ready_queue(count))
        _count(arcs, start, min(start + step, count), WORDS, bits, ready, out)
        spaces.append((bits, ready))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(unit, range(0, count, step)))
    return out


def arcs_of(compiled: CompiledGraph) -> tuple[Arcs, Arcs]:
    """Arcs towards dependents, and towards providers with components numbered from the other end."""
    flat = compiled.flat
    weight = np.diff(flat.component_ptr).astype(np.int32)
    ptr, target = _providers_of(
        flat.component, flat.reverse_ptr, flat.reverse, flat.soft_reverse_ptr, flat.soft_reverse, flat.group_ptr, flat.member_ptr, flat.member,
        len(weight),
    )  # fmt: skip
    return Arcs(*_flipped(ptr, target, False), weight), Arcs(*_flipped(ptr, target, True), weight[::-1].copy())


def reach(compiled: CompiledGraph, threads: int = 2) -> Reach:
    """Transitive dependents and providers of every CI, exact, over hard, supply and soft needs and group members alike.

    Example by hand: a chain S on A on B: dependents of (B, A, S) are 2, 1, 0 and providers 0, 1, 2.
    """
    towards_dependents, towards_providers = arcs_of(compiled)
    component = compiled.flat.component
    up = _run(towards_dependents, threads)
    down = _run(towards_providers, threads)[::-1]
    return Reach((up[component] - 1).astype(np.int32), (down[component] - 1).astype(np.int32))
