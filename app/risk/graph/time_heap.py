"""A heap of CIs by the hour at which something happens to each, the earliest on top; its size travels beside its two arrays."""

from __future__ import annotations

from app.risk.jit import Floats, Int32s, inner


@inner
def push(heap_time: Floats, heap_ci: Int32s, size: int, time: float, ci: int) -> int:
    """Put a CI into the heap; the new size.

    Example by hand: 2 after 3 and 5 is on top, and the size 3.
    """
    at = size
    while at > 0:
        above = (at - 1) // 2
        if heap_time[above] <= time:
            break
        heap_time[at], heap_ci[at] = heap_time[above], heap_ci[above]
        at = above
    heap_time[at], heap_ci[at] = time, ci
    return size + 1


@inner
def drop_top(heap_time: Floats, heap_ci: Int32s, size: int) -> int:
    """Take the earliest away; the new size.

    Example by hand: of 2, 3 and 5 the heap keeps 3, on top, and 5.
    """
    size -= 1
    time, ci = heap_time[size], heap_ci[size]
    at = 0
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and heap_time[below + 1] < heap_time[below]:
            below += 1
        if heap_time[below] >= time:
            break
        heap_time[at], heap_ci[at] = heap_time[below], heap_ci[below]
        at = below
    heap_time[at], heap_ci[at] = time, ci
    return size
