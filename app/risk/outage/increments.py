"""Push one more outage onto the current state and take it back, at the cost of what it changes: the step of every enumeration.

The failed set grows by `fail_more`; capabilities go down from where they are, which is right because more failure never raises
one. A log remembers what they were.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import IN_CYCLE, SERVES, Flat
from app.risk.graph.ready_queue import pop
from app.risk.jit import Floats, Int32s, inner
from app.risk.outage.capability import SETTLED, capability_of, evaluate, push_dependents
from app.risk.outage.failing import Marks, fail_more


class Log(NamedTuple):
    """Grows by replacement: one int32 and one float64 array of equal length hold the changes of capability, oldest first."""

    node: Int32s  # int32
    before: Floats  # float64, -1: was at rest


@inner
def no_log() -> Log:
    return Log(np.empty(64, np.int32), np.empty(64, np.float64))


@inner
def _room(log: Log, size: int) -> Log:
    if size < len(log.node):
        return log
    node, before = np.empty(2 * size + 64, np.int32), np.empty(2 * size + 64, np.float64)
    node[:size] = log.node[:size]
    before[:size] = log.before[:size]
    return Log(node, before)


@inner
def push_outage(
    flat: Flat, work: Marks, tail: int, degraded: int, logged: int, log: Log, root: int, rule: int
) -> tuple[int, int, int, Log]:
    """Force `root` down on top of the state: new sizes of the failed set, of the degraded list and of the log."""
    grown = fail_more(flat, work, tail, root)
    degraded, logged, log = lower_capabilities(flat, work, tail, grown, degraded, logged, log, rule)
    return grown, degraded, logged, log


@inner
def lower_capabilities(
    flat: Flat, work: Marks, tail: int, grown: int, degraded: int, logged: int, log: Log, rule: int
) -> tuple[int, int, Log]:
    """Bring capabilities down after the failed set grew from `tail` to `grown`: new sizes of the degraded list and of the log."""
    for i in range(tail, grown):
        push_dependents(flat, work, work.queue[i], SERVES, True)
    epoch = work.epoch[0]
    while True:
        v = pop(work.ready)
        if v < 0:
            return degraded, logged, log
        now = capability_of(flat, work, v)
        c = evaluate(flat, work, v, rule)
        if c < now - (SETTLED if flat.flags[v] & IN_CYCLE else 0.0):
            log = _room(log, logged)
            log.node[logged] = v
            log.before[logged] = -1.0
            if work.capability_stamp[v] == epoch:
                log.before[logged] = work.capability[v]
            else:
                work.capability_stamp[v] = epoch
                work.degraded[degraded] = v
                degraded += 1
            logged += 1
            work.capability[v] = c
            push_dependents(flat, work, v, SERVES, False)


@inner
def take_back(flat: Flat, work: Marks, tail: int, grown: int, log: Log, logged: int, grown_log: int) -> None:
    """Undo what made the failed set grow from `tail` to `grown` and the log from `logged` to `grown_log`."""
    for i in range(grown - 1, tail - 1, -1):
        u = work.queue[i]
        work.stamp[u] = 0
        for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
            work.group_count[flat.joined[e]] -= 1
    for i in range(grown_log - 1, logged - 1, -1):
        v = log.node[i]
        if log.before[i] < 0.0:
            work.capability_stamp[v] = 0
        else:
            work.capability[v] = log.before[i]


@inner
def lost_share(flat: Flat, work: Marks, position: int) -> float:
    """Capability that a CI lost against its state at rest, 0..1."""
    return flat.rest_capability[position] - capability_of(flat, work, position)  # type: ignore[no-any-return]
