"""Capability c in [0, 1] of what still runs: kernels of model 1.4.

c_v = level_v * min(c_u, hard and supply) * prod(1 - w (1 - c_u), soft) * prod(group factor); the factors that read v's own
component are each a minimum with the product of the rest. Rule "worst": the minimum of all factors. Greatest fixpoint, iterated
down from the state at rest, providers first; inside a cycle a CI is evaluated again until it changes by less than 1e-12.
"""

from __future__ import annotations

import numpy as np

from app.risk.graph.compiled import IN_CYCLE, Flat
from app.risk.graph.ready_queue import pop, push
from app.risk.jit import Floats, inner
from app.risk.outage.failing import Marks

PRODUCT, WORST = 0, 1
SETTLED = 1e-12


@inner
def capability_of(flat: Flat, work: Marks, u: int) -> float:
    """The capability of u as far as it is known: 0 failed, else the mark of this epoch, else the state at rest."""
    if work.stamp[u] >= work.epoch[0]:
        return 0.0
    if work.capability_stamp[u] == work.epoch[0]:
        return work.capability[u]  # type: ignore[no-any-return]
    return flat.rest_capability[u]  # type: ignore[no-any-return]


@inner
def kth_largest(values: Floats, size: int, k: int) -> float:
    """The k-th largest of values[:size], which is reordered (quickselect)."""
    low, high, want = 0, size - 1, k - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] > pivot:
                i += 1
            while values[j] < pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if want <= j:
            high = j
        elif want >= i:
            low = i
        else:
            break
    return values[want]  # type: ignore[no-any-return]


@inner
def group_factor(flat: Flat, work: Marks, g: int, component: int) -> tuple[float, bool]:
    """The factor of one group and whether it reads the component of its dependent."""
    first, last = flat.member_ptr[g], flat.member_ptr[g + 1]
    inside = False
    if flat.group_shared[g]:
        total = 0.0
        for e in range(first, last):
            u = flat.member[e]
            c = capability_of(flat, work, u)
            if flat.component[u] == component:
                inside = True
                if c > 0.0:
                    c = 1.0
            total += flat.member_share[e] * c
        return min(1.0, total), inside
    size = last - first
    need = flat.group_needed[g]
    full = 0
    for e in range(first, last):
        u = flat.member[e]
        if flat.component[u] == component:
            inside = True
        if capability_of(flat, work, u) >= 1.0:
            full += 1
    if full >= need:
        return 1.0, inside
    values = np.empty(size)
    for i in range(size):
        values[i] = capability_of(flat, work, flat.member[first + i])
    return kth_largest(values, size, need), inside


@inner
def evaluate(flat: Flat, work: Marks, v: int, rule: int) -> float:
    """c_v from the capabilities that its needs have now."""
    component = flat.component[v]
    looped = flat.flags[v] & IN_CYCLE
    product = flat.level[v]
    worst = product
    bound = 1.0
    least = 1.0
    for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
        u = flat.reverse[e]
        c = capability_of(flat, work, u)
        if looped and flat.component[u] == component:
            bound = min(bound, c)
        else:
            least = min(least, c)
    product *= least
    worst = min(worst, least)
    for e in range(flat.soft_reverse_ptr[v], flat.soft_reverse_ptr[v + 1]):
        u = flat.soft_reverse[e]
        factor = 1.0 - flat.soft_weight[e] * (1.0 - capability_of(flat, work, u))
        worst = min(worst, factor)
        if looped and flat.component[u] == component:
            bound = min(bound, factor)
        else:
            product *= factor
    for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
        factor, inside = group_factor(flat, work, g, component)
        worst = min(worst, factor)
        if inside:
            bound = min(bound, factor)
        else:
            product *= factor
    if rule == WORST:
        return float(min(worst, bound))
    return float(min(product, bound))


@inner
def push_dependents(flat: Flat, work: Marks, u: int, mask: int, failed: bool) -> None:
    """Queue what reads u and has not failed; `mask`: flags a CI must carry to be of interest."""
    epoch = work.epoch[0]
    if not failed:
        for e in range(flat.forward_ptr[u], flat.forward_ptr[u + 1]):
            v = flat.forward[e]
            if flat.flags[v] & mask == mask and work.stamp[v] < epoch:
                push(work.ready, v)
    for e in range(flat.soft_forward_ptr[u], flat.soft_forward_ptr[u + 1]):
        v = flat.soft_forward[e]
        if flat.flags[v] & mask == mask and work.stamp[v] < epoch:
            push(work.ready, v)
    for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
        v = flat.group_dependent[flat.joined[e]]
        if flat.flags[v] & mask == mask and work.stamp[v] < epoch:
            push(work.ready, v)


@inner
def degrade_ready(flat: Flat, work: Marks, rule: int, mask: int, size: int) -> int:
    """Settle the queued CIs; those below their state at rest are listed in work.degraded[:answer], `size` of them already
    there."""
    epoch = work.epoch[0]
    while True:
        v = pop(work.ready)
        if v < 0:
            return size
        now = capability_of(flat, work, v)
        c = evaluate(flat, work, v, rule)
        if c < now - (SETTLED if flat.flags[v] & IN_CYCLE else 0.0):
            if work.capability_stamp[v] != epoch:
                work.capability_stamp[v] = epoch
                work.degraded[size] = v
                size += 1
            work.capability[v] = c
            push_dependents(flat, work, v, mask, False)


@inner
def degrade(flat: Flat, work: Marks, failed: int, rule: int, mask: int) -> int:
    """After `fail`: capabilities that the failed set lowers; the number of degraded CIs in work.degraded."""
    for i in range(failed):
        push_dependents(flat, work, work.queue[i], mask, True)
    return degrade_ready(flat, work, rule, mask, 0)
