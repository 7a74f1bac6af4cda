"""The state at rest: what is down or degraded in the untouched estate, and which CIs a service can feel."""

from __future__ import annotations

import numpy as np

from app.risk.graph.compiled import AT_REST_DOWN, GROUNDED, SERVES, Flat
from app.risk.graph.needs import needed_by
from app.risk.graph.ready_queue import push
from app.risk.jit import Array, Int32s, kernel
from app.risk.outage.capability import PRODUCT, degrade_ready, push_dependents
from app.risk.outage.failing import Marks, marks, new_epoch, settle


@kernel
def fail_at_rest(flat: Flat, work: Marks, roots: Int32s) -> int:
    """As `fail`, with every supply component looked at: one without a source is down."""
    epoch = new_epoch(work)
    tail = 0
    for i in range(len(roots)):
        work.stamp[roots[i]] = epoch
        work.queue[tail] = roots[i]
        tail += 1
    for c in range(len(flat.component_ptr) - 1):
        if flat.flags[flat.component_ptr[c]] & GROUNDED:
            push(work.ready, flat.component_ptr[c])
    return settle(flat, work, 0, tail)


@kernel
def degrade_at_rest(flat: Flat, work: Marks, failed: int) -> int:
    """Capabilities at rest: below 1 by a level of their own, by shares that do not add up to 1, or by what is down."""
    for v in range(len(flat.level)):
        if flat.level[v] < 1.0 and work.stamp[v] < work.epoch[0]:
            push(work.ready, v)
    for g in range(len(flat.group_kind)):
        if flat.group_shared[g] and work.stamp[flat.group_dependent[g]] < work.epoch[0]:
            push(work.ready, flat.group_dependent[g])
    for i in range(failed):
        push_dependents(flat, work, work.queue[i], 0, True)
    return degrade_ready(flat, work, PRODUCT, 0, 0)


@kernel
def discount_members(flat: Flat, down: Int32s) -> None:
    """Members that are down at rest have used up their group's reserve already."""
    for i in range(len(down)):
        for e in range(flat.joined_ptr[down[i]], flat.joined_ptr[down[i] + 1]):
            flat.group_left[flat.joined[e]] -= 1


def with_rest(flat: Flat, roots: Array, service_position: Array) -> tuple[Flat, Array]:
    """A copy of `flat` with the state at rest in it, and the positions that are down at rest (int32, ascending).

    `roots`: CIs whose level is 0 or whose unavailability is 1.
    """
    fresh = flat._replace(
        flags=flat.flags.copy(), group_left=flat.group_left.copy(), rest_capability=np.ones(len(flat.flags), dtype=np.float64)
    )
    work = marks(fresh)
    fresh.flags[needed_by(fresh, np.unique(service_position), soft=True)] |= SERVES
    failed = fail_at_rest(fresh, work, roots.astype(np.int32))
    down = np.sort(work.queue[:failed])
    count = degrade_at_rest(fresh, work, failed)
    low = work.degraded[:count]
    fresh.rest_capability[low] = work.capability[low]
    fresh.rest_capability[down] = 0.0
    fresh.flags[down] |= AT_REST_DOWN
    discount_members(fresh, down)
    return fresh, down
