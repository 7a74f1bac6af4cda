"""The states of services between two steps of a timeline, during which what is down only comes back.

Read backwards, outages are only added: the state at the end of the stretch is one propagation, and every earlier one is the same
state with a little more down. So all instants together cost what fell, not what fell times the instants. Every state is the exact
fixpoint of model 1.3 and 1.4.
"""

from __future__ import annotations

import numpy as np

from app.risk.graph.compiled import IN_CYCLE, Flat
from app.risk.graph.ready_queue import pop, push
from app.risk.jit import Array, Floats, Int32s, inner, kernel
from app.risk.jit.borrowed import borrowed
from app.risk.outage.capability import SETTLED, capability_of, evaluate, push_dependents
from app.risk.outage.failing import Marks, fail_some, new_epoch

FAILURES_ONLY = -1  # in place of a rule: capabilities are not asked for


@inner
def _doubled(values: Int32s) -> Array:
    grown = np.empty(2 * len(values), np.int32)
    grown[: len(values)] = values
    return grown


@inner
def _doubled_floats(values: Floats) -> Array:
    grown = np.empty(2 * len(values))
    grown[: len(values)] = values
    return grown


@kernel
def states(
    flat: Flat, work: Marks, roots: Int32s, until: Int32s, count: int, lowered: Int32s, services: int, rule: int
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Return what changes at each of `count` intervals, as records by falling interval: interval, service number, capability
    (0: down); by interval the CIs that are down and those that are degraded; and by service the last interval in which it is
    down, -1 none.

    roots are down in the intervals 0..until[i] (sorted by until, falling). `lowered`: CIs whose level is not that at rest. A
    record says what holds from the service's next lower record (or interval 0) up to its own interval; beyond its highest record
    a service is as at rest. rule: PRODUCT, WORST or FAILURES_ONLY.

    Example by hand: S hard on a, a down in the intervals 0 and 1 of 3: one record, interval 1, S, 0.
    """
    flat, work = borrowed(flat), borrowed(work)
    epoch = new_epoch(work)
    interval, service, capability = np.empty(64, np.int32), np.empty(64, np.int32), np.empty(64)
    written = np.full(services, -1, np.int32)  # the service's latest record
    fell = np.full(services, -1, np.int32)
    size, tail, degraded, next_root = 0, 0, 0, 0
    failed_by, degraded_by = np.zeros(count, np.int32), np.zeros(count, np.int32)
    for j in range(count - 1, -1, -1):
        before = tail
        first_root = next_root
        while next_root < len(roots) and until[next_root] >= j:
            next_root += 1
        tail = fail_some(flat, work, tail, roots[first_root:next_root])
        for i in range(before, tail):
            u = work.queue[i]
            if work.capability_stamp[u] == epoch:
                degraded -= 1
            s = flat.service_at[u]
            if s >= 0:
                if size == len(interval):
                    interval, service, capability = _doubled(interval), _doubled(service), _doubled_floats(capability)
                interval[size], service[size], capability[size] = j, s, 0.0
                fell[s] = j
                size += 1
        if rule != FAILURES_ONLY:
            for i in range(before, tail):
                push_dependents(flat, work, work.queue[i], 0, True)
            if j == count - 1:
                for i in range(len(lowered)):
                    if work.stamp[lowered[i]] < epoch:
                        push(work.ready, lowered[i])
            while True:
                v = pop(work.ready)
                if v < 0:
                    break
                now = capability_of(flat, work, v)
                c = evaluate(flat, work, v, rule)
                if c < now - (SETTLED if flat.flags[v] & IN_CYCLE else 0.0):
                    if work.capability_stamp[v] != epoch:
                        work.capability_stamp[v] = epoch
                        degraded += 1
                    work.capability[v] = c
                    s = flat.service_at[v]
                    if s >= 0:
                        if written[s] < 0 or interval[written[s]] != j:
                            if size == len(interval):
                                interval, service, capability = _doubled(interval), _doubled(service), _doubled_floats(capability)
                            interval[size], service[size] = j, s
                            written[s] = size
                            size += 1
                        capability[written[s]] = c
                    push_dependents(flat, work, v, 0, False)
        failed_by[j], degraded_by[j] = tail, degraded
    return interval[:size], service[:size], capability[:size], failed_by, degraded_by, fell
