"""When services are back after the outage of one CI, for every CI that stops some alone (model 1.11): one pass over what falls
with each. N CIs, U of them out in turn, P pairs of such a CI and a service that it stops."""

from __future__ import annotations

import numpy as np

from app.risk.graph.compiled import CompiledGraph, Flat
from app.risk.jit import Array, Floats, Int32s, Int64s, kernel
from app.risk.jit.borrowed import borrowed
from app.risk.outage.failing import Marks, fail, marks
from app.risk.recovery.restore_times import UNKNOWN_HOURS, Plan, restore, restore_plan


@kernel
def _after_each(
    flat: Flat, work: Marks, plan: Plan, repair: Floats, restart: Floats, ci: Int32s, ptr: Int64s, target: Int32s
) -> Array:
    """float64[P] hours until target[p] (position) is back after the outage of ci[i], p in ptr[i]:ptr[i+1]; NaN unknown."""
    flat, work, plan = borrowed(flat), borrowed(work), borrowed(plan)
    out = np.empty(len(target))
    hours = restart.copy()
    root = np.empty(1, np.int32)
    for i in range(len(ci)):
        v = ci[i]
        root[0] = v
        tail = fail(flat, work, root)
        starts = False
        for k in range(tail):
            u = work.queue[k]
            starts = starts or (u != v and restart[u] > 0.0)
        if not starts:
            for p in range(ptr[i], ptr[i + 1]):
                out[p] = repair[v]
            continue
        down = np.sort(work.queue[:tail])
        for k in range(tail):
            plan.unsure[down[k]] = 0
        hours[v] = repair[v]
        plan.unsure[v] = UNKNOWN_HOURS if np.isnan(repair[v]) else 0
        restore(flat, plan, hours, down)
        hours[v] = restart[v]
        for p in range(ptr[i], ptr[i + 1]):
            out[p] = np.nan if plan.unsure[target[p]] & UNKNOWN_HOURS else plan.finish[target[p]]
    return out


def hours_after_single_outages(compiled: CompiledGraph, ci: Array, target: Array) -> Array:
    """Return float64[P]: hours until the CI at target[p] is back after the outage of ci[p] (positions; ci ascends): the restore
    time of that one, and the restart hours of what fell with it. NaN: the restore time is unknown.

    Example by hand: disk 24 h, a database on it and a shop on that start again in .5 and .25: the shop is back after 24.75.
    """
    restart = np.nan_to_num(compiled.restart_hours)
    out, first = np.unique(np.asarray(ci, np.int32), return_index=True)
    ptr = np.concatenate([first, [len(ci)]]).astype(np.int64)
    return np.asarray(
        _after_each(
            compiled.flat, marks(compiled.flat), restore_plan(compiled), compiled.repair_hours, restart, out, ptr,
            np.asarray(target, np.int32),
        )
    )  # fmt: skip
