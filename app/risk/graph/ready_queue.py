"""A set of positions that gives back its smallest first: three levels of 64-way bitmaps, a few nanoseconds a step.

Positions are topological, so taking the smallest means that all its providers are settled.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from app.risk.jit import Array, Int32s, UInt64, UInt64s, before_compiling, inner


class ReadyQueue(NamedTuple):
    words: UInt64s  # uint64[N/64], bit i of word w: position 64 w + i
    upper: UInt64s  # uint64[N/4096]
    top: UInt64s  # uint64[N/262144]


def ready_queue(size: int) -> ReadyQueue:
    """An empty queue for positions 0..size-1."""
    lengths = (size // 64 + 1, size // 4096 + 1, size // 262144 + 1)
    return ReadyQueue(*(np.zeros(length, dtype=np.uint64) for length in lengths))


def trailing_zeros(word: Any) -> int:
    """Number of zeros below the lowest bit set in a uint64 (not 0)."""
    number = int(word)
    return (number & -number).bit_length() - 1


@before_compiling
def _as_one_instruction() -> None:
    """Compiled code counts the zeros by the processor's own instruction."""
    from numba.cpython.unsafe.numbers import trailing_zeros as counted
    from numba.extending import overload

    overload(trailing_zeros)(lambda word: lambda word: counted(word))


@inner
def lowest_bit(word: UInt64) -> UInt64:
    """Number of the lowest bit set in a uint64 (not 0)."""
    return np.uint64(trailing_zeros(word))


@inner
def push(queue: ReadyQueue, position: int) -> None:
    """Add a position; one that is in the queue already stays in it once."""
    one = np.uint64(1)
    place = np.uint64(position)
    six = np.uint64(6)
    mask = np.uint64(63)
    queue.words[place >> six] |= one << (place & mask)
    place >>= six
    queue.upper[place >> six] |= one << (place & mask)
    place >>= six
    queue.top[place >> six] |= one << (place & mask)


@inner
def pop(queue: ReadyQueue) -> int:
    """Take the smallest position out; -1 when the queue is empty."""
    one = np.uint64(1)
    for level in range(len(queue.top)):
        if queue.top[level] != 0:
            high = np.uint64(level) * np.uint64(64) + lowest_bit(queue.top[level])
            middle = high * np.uint64(64) + lowest_bit(queue.upper[high])
            low = lowest_bit(queue.words[middle])
            queue.words[middle] &= ~(one << low)
            if queue.words[middle] == 0:
                queue.upper[high] &= ~(one << (middle & np.uint64(63)))
                if queue.upper[high] == 0:
                    queue.top[level] &= ~(one << (high & np.uint64(63)))
            return np.int64(middle * np.uint64(64) + low)  # type: ignore[return-value]
    return np.int64(-1)  # type: ignore[return-value]


@inner
def remove(queue: ReadyQueue, position: int) -> None:
    """Take one position out if it is in."""
    one = np.uint64(1)
    place = np.uint64(position)
    six = np.uint64(6)
    mask = np.uint64(63)
    queue.words[place >> six] &= ~(one << (place & mask))
    if queue.words[place >> six] == 0:
        place >>= six
        queue.upper[place >> six] &= ~(one << (place & mask))
        if queue.upper[place >> six] == 0:
            place >>= six
            queue.top[place >> six] &= ~(one << (place & mask))


@inner
def from_bits(words: UInt64s, positions: Int32s) -> Array:
    """Positions, each once, ascending (int32), by way of the words of an empty queue, which is empty after it: many are in order
    sooner than they are sorted.

    Example by hand: 70, 3, 65 set bits 6 and 1 of word 1 and bit 3 of word 0: 3, 65, 70.
    """
    one, six, mask = np.uint64(1), np.uint64(6), np.uint64(63)
    for i in range(len(positions)):
        place = np.uint64(positions[i])
        words[place >> six] |= one << (place & mask)
    out = np.empty(len(positions), np.int32)
    count = 0
    for w in range(len(words)):
        word = words[w]
        while word != 0:
            out[count] = (w << 6) + np.int64(lowest_bit(word))
            count += 1
            word &= word - one
        words[w] = 0
    return out
