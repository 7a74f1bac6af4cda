"""A store of threshold gates without repeats: the acyclic, monotone formula of one CI's failure.

A node is an event (0..E-1) or a gate (E, E+1, ...); a gate's inputs have smaller numbers, so ascending order is children first. A
gate fails if the weights of its failed inputs add up to `need`: need 1 is OR, need = number of inputs is AND. FALSE and TRUE are
no nodes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.jit import Int8s, Int32s, Int64s, inner, kernel

FALSE, TRUE, FULL = -1, -2, -3  # in place of a node; FULL: the store has no room for the gate, nothing was changed
GATES, INPUTS = 0, 1  # places in `used`


class Gates(NamedTuple):
    """E events, G gates, I inputs; room for more. `table` finds a gate by its content (-1: free)."""

    events: int
    used: Int64s  # int64[2] gates, inputs
    need: Int32s  # int32[room for G]
    ptr: Int32s  # int32[room for G + 1]
    input: Int32s  # int32[room for I], ascending within a gate
    weight: Int32s  # int32[room for I]
    table: Int32s  # int32[a power of 2, more than twice the room for G]


class Scratch(NamedTuple):
    """Room to put a gate together in: nodes and weights of its inputs, and what is peeled off them."""

    node: Int32s  # int32
    weight: Int32s  # int32
    order: Int64s  # int64
    peeled: Int32s  # int32
    kind: Int8s  # int8
    spare: Int32s  # int32


def gates_store(events: int, gates: int, inputs: int) -> Gates:
    """An empty store with that much room.

    >>> store = gates_store(2, 4, 8)
    >>> len(store.need), int(store.used[0])
    (4, 0)
    """
    slots = 1 << max(3, int(2 * gates + 1).bit_length())
    return Gates(
        events, np.zeros(2, np.int64), np.empty(gates, np.int32), np.zeros(gates + 1, np.int32), np.empty(inputs, np.int32),
        np.empty(inputs, np.int32), np.full(slots, -1, np.int32),
    )  # fmt: skip


def scratch_of(inputs: int) -> Scratch:
    """Room for gates of up to that many inputs."""
    size = inputs + 2
    return Scratch(
        np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.int64), np.empty(size, np.int32),
        np.empty(size, np.int8),
        np.empty(size, np.int32),
    )  # fmt: skip


@inner
def content_hash(need: int, node: Int32s, weight: Int32s, first: int, end: int) -> int:
    """A hash of a gate's content, its inputs at first..end-1 of the two arrays."""
    mix = np.uint64(need) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(end - first)
    for i in range(first, end):
        mix = (mix ^ np.uint64(node[i])) * np.uint64(0xBF58476D1CE4E5B9)
        mix = (mix ^ (mix >> np.uint64(29))) + np.uint64(weight[i])
    return mix ^ (mix >> np.uint64(32))  # type: ignore[return-value]


@inner
def intern(store: Gates, need: int, node: Int32s, weight: Int32s, count: int) -> int:
    """The gate with these ascending inputs: the one that is there, or a new one; FULL without room."""
    mask = np.uint64(len(store.table) - 1)
    slot = content_hash(need, node, weight, 0, count) & mask
    while store.table[slot] >= 0:
        g = store.table[slot]
        first = store.ptr[g]
        if store.need[g] == need and store.ptr[g + 1] - first == count:
            same = True
            for i in range(count):
                if store.input[first + i] != node[i] or store.weight[first + i] != weight[i]:
                    same = False
                    break
            if same:
                return store.events + g  # type: ignore[no-any-return]
        slot = (slot + np.uint64(1)) & mask
    g = store.used[GATES]
    first = store.used[INPUTS]
    if g >= len(store.need) or first + count > len(store.input):
        return FULL
    store.table[slot] = g
    store.need[g] = need
    for i in range(count):
        store.input[first + i] = node[i]
        store.weight[first + i] = weight[i]
    store.ptr[g + 1] = first + count
    store.used[GATES] = g + 1
    store.used[INPUTS] = first + count
    return store.events + g  # type: ignore[no-any-return]


def grown(store: Gates, gates: int, inputs: int) -> Gates:
    """A copy with room for more gates and inputs."""
    fresh = gates_store(store.events, gates, inputs)
    used, filled = int(store.used[GATES]), int(store.used[INPUTS])
    fresh.used[:] = store.used
    fresh.need[:used] = store.need[:used]
    fresh.ptr[: used + 1] = store.ptr[: used + 1]
    fresh.input[:filled] = store.input[:filled]
    fresh.weight[:filled] = store.weight[:filled]
    refill(fresh)
    return fresh


@kernel
def refill(store: Gates) -> None:
    """Enter every gate of the store into its table."""
    mask = np.uint64(len(store.table) - 1)
    for g in range(store.used[GATES]):
        first = store.ptr[g]
        slot = content_hash(store.need[g], store.input, store.weight, first, store.ptr[g + 1]) & mask
        while store.table[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        store.table[slot] = g
