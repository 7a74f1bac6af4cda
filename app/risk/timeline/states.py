"""The states of services between two steps of a timeline, during which what is down only comes back.

Read backwards, outages are only added: the state at the end of the stretch is one propagation, and every earlier one is the same
state with a little more down. So all instants together cost what fell, not what fell times the instants. Every state is the exact
fixpoint of model 1.3 and 1.4.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import GROUNDED, IN_CYCLE, Flat
from app.risk.graph.ready_queue import pop, push
from app.risk.jit import Array, Floats, Int32s, UInt8s, inner, kernel
from app.risk.jit.borrowed import borrowed
from app.risk.outage.capability import SETTLED, WORST, kth_largest, push_dependents
from app.risk.outage.failing import Marks, fail_some, new_epoch

FAILURES_ONLY = -1  # in place of a rule: capabilities are not asked for


class Able(NamedTuple):
    """Workspace of one thread: what each CI is able to now, one number to read where marks take three. Between two calls it is
    what they are able to at rest."""

    share: Floats  # float64[N] 0 where it is down


def able_of(flat: Flat) -> Able:
    """Return a workspace for an estate.

    Example by hand: S at rest .5 and a up: .5 and 1.
    """
    return Able(flat.rest_capability.astype(np.float64))


@inner
def _group_factor(flat: Flat, share: Floats, g: int, v: int, looped: bool) -> tuple[float, bool]:
    """As `capability.group_factor`: the factor of a group of v, and whether it reads the component of v."""
    first, last = flat.member_ptr[g], flat.member_ptr[g + 1]
    inside = False
    if looped:
        for e in range(first, last):
            inside |= flat.component[flat.member[e]] == flat.component[v]
    if flat.group_shared[g]:
        total = 0.0
        for e in range(first, last):
            c = share[flat.member[e]]
            if inside and c > 0.0 and flat.component[flat.member[e]] == flat.component[v]:
                c = 1.0
            total += flat.member_share[e] * c
        return min(1.0, total), inside
    need = flat.group_needed[g]
    full = 0
    for e in range(first, last):
        if share[flat.member[e]] >= 1.0:
            full += 1
    if full >= need:
        return 1.0, inside
    values = np.empty(last - first)
    for i in range(last - first):
        values[i] = share[flat.member[first + i]]
    return kth_largest(values, last - first, need), inside


@inner
def _evaluate(flat: Flat, share: Floats, v: int, rule: int) -> float:
    """As `capability.evaluate`: c_v from the capabilities that its needs have now."""
    looped = flat.flags[v] & IN_CYCLE != 0
    component = flat.component[v] if looped else -1
    product = flat.level[v]
    worst = product
    bound = 1.0
    least = 1.0
    for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
        u = flat.reverse[e]
        if looped and flat.component[u] == component:
            bound = min(bound, share[u])
        else:
            least = min(least, share[u])
    product *= least
    worst = min(worst, least)
    for e in range(flat.soft_reverse_ptr[v], flat.soft_reverse_ptr[v + 1]):
        u = flat.soft_reverse[e]
        factor = 1.0 - flat.soft_weight[e] * (1.0 - share[u])
        worst = min(worst, factor)
        if looped and flat.component[u] == component:
            bound = min(bound, factor)
        else:
            product *= factor
    for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
        factor, inside = _group_factor(flat, share, g, v, looped)
        worst = min(worst, factor)
        if inside:
            bound = min(bound, factor)
        else:
            product *= factor
    if rule == WORST:
        return float(min(worst, bound))
    return float(min(product, bound))


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


@inner
def _fail_one(
    flags: UInt8s, forward_ptr: Int32s, forward: Int32s, joined_ptr: Int32s, joined: Int32s, dependent: Int32s, stamp: Int32s,
    queue: Int32s, group_stamp: Int32s, group_count: Int32s, epoch: int, tail: int, u: int,
) -> int:  # fmt: skip
    """As `fail_some` for one CI whose failure spreads no further, as all that hangs on it has failed: read backwards, most CIs
    are such. The new size of the failed set; the same one, and nothing done, where it may spread. A call costs by the arrays it
    is given."""
    if flags[u] & GROUNDED:
        return tail
    for e in range(forward_ptr[u], forward_ptr[u + 1]):
        if stamp[forward[e]] < epoch:
            return tail
    for e in range(joined_ptr[u], joined_ptr[u + 1]):
        if stamp[dependent[joined[e]]] < epoch:
            return tail
    for e in range(joined_ptr[u], joined_ptr[u + 1]):
        g = joined[e]
        if group_stamp[g] != epoch:
            group_stamp[g], group_count[g] = epoch, 0
        group_count[g] += 1
    stamp[u], queue[tail] = epoch, u
    return tail + 1


@kernel
def states(
    flat: Flat, work: Marks, able: Able, roots: Int32s, until: Int32s, count: int, lowered: Int32s, services: int, rule: int
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Return what changes at each of `count` intervals, as records by falling interval: interval, service number, capability
    (0: down); by interval the CIs that are down and those that are degraded; and by service the last interval in which it is
    down, -1 none.

    roots are down in the intervals 0..until[i] (sorted by until, falling). `lowered`: CIs whose level is not that at rest. A
    record says what holds from the service's next lower record (or interval 0) up to its own interval; beyond its highest record
    a service is as at rest. rule: PRODUCT, WORST or FAILURES_ONLY.

    Example by hand: S hard on a, a down in the intervals 0 and 1 of 3: one record, interval 1, S, 0.
    """
    flat, work, able = borrowed(flat), borrowed(work), borrowed(able)
    share, rest = able.share, flat.rest_capability
    epoch = new_epoch(work)
    interval, service, capability = np.empty(64, np.int32), np.empty(64, np.int32), np.empty(64)
    written = np.full(services, -1, np.int32)  # the service's latest record
    fell = np.full(services, -1, np.int32)
    size, tail, degraded, lower, next_root = 0, 0, 0, 0, 0
    failed_by, degraded_by = np.zeros(count, np.int32), np.zeros(count, np.int32)
    for j in range(count - 1, -1, -1):
        before = tail
        first_root = next_root
        while next_root < len(roots) and until[next_root] >= j:
            next_root += 1
        if next_root == first_root + 1 and work.stamp[roots[first_root]] < epoch:
            tail = _fail_one(
                flat.flags, flat.forward_ptr, flat.forward, flat.joined_ptr, flat.joined, flat.group_dependent, work.stamp,
                work.queue, work.group_stamp, work.group_count, epoch, tail, roots[first_root],
            )  # fmt: skip
        if tail == before and next_root > first_root:
            tail = fail_some(flat, work, tail, roots[first_root:next_root])
        for i in range(before, tail):
            u = work.queue[i]
            if rule != FAILURES_ONLY:
                if share[u] != rest[u]:
                    degraded -= 1
                share[u] = 0.0
            s = flat.service_at[u]
            if s >= 0:
                if size == len(interval):
                    interval, service, capability = _doubled(interval), _doubled(service), _doubled_floats(capability)
                interval[size], service[size], capability[size] = j, s, 0.0
                fell[s] = j
                size += 1
        if rule != FAILURES_ONLY:
            for i in range(before, tail):
                u = work.queue[i]
                if flat.soft_forward_ptr[u] < flat.soft_forward_ptr[u + 1] or flat.joined_ptr[u] < flat.joined_ptr[u + 1]:
                    push_dependents(flat, work, u, 0, True)
            if j == count - 1:
                for i in range(len(lowered)):
                    if work.stamp[lowered[i]] < epoch:
                        push(work.ready, lowered[i])
            while True:
                v = pop(work.ready)
                if v < 0:
                    break
                c = _evaluate(flat, share, v, rule)
                if c < share[v] - (SETTLED if flat.flags[v] & IN_CYCLE else 0.0):
                    if share[v] == rest[v]:
                        work.degraded[lower] = v
                        lower += 1
                        degraded += 1
                    share[v] = c
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
    if rule != FAILURES_ONLY:
        for i in range(tail):
            share[work.queue[i]] = rest[work.queue[i]]
    for i in range(lower):
        share[work.degraded[i]] = rest[work.degraded[i]]
    return interval[:size], service[:size], capability[:size], failed_by, degraded_by, fell
