"""The first-order loss with another chance that a redundancy group switches, everything else as it is.

Only outages that the group answers are swept again. C groups by number in the compiled estate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from app.risk.first_order.pairs import FirstOrder
from app.risk.first_order.sweep import sweep
from app.risk.first_order.totals import totals_of
from app.risk.graph.compiled import CompiledGraph
from app.risk.graph.needs import needed_by

LEAST_CHANGE = 1e-9  # a relative difference below that is rounding
COLUMNS = {"money_per_year": "money", "customer_hours_per_year": "customer_hours", "service_hours_per_year": "service_hours"}


def with_success(compiled: CompiledGraph, success: Mapping[int, float]) -> CompiledGraph:
    """The estate with these chances (0..1, failure on demand of the standbys aside). A group without a failover time switches at
    once."""
    chances, hours = compiled.failover_success.copy(), compiled.failover_hours.copy()
    for group, chance in success.items():
        chances[group] = chance
        hours[group] = 0.0 if np.isnan(hours[group]) else hours[group]
    return replace(compiled, failover_success=chances, failover_hours=hours)


def losses_with(compiled: CompiledGraph, first: FirstOrder, success: Mapping[int, float]) -> dict[str, float]:
    """Loss of the whole estate a year by measure, of those that are known; `first`: of the estate as it is.

    Only what active members of these groups need, by any path, can trigger them, so nothing else is swept. Example by hand (C20):
    one failure of the active a year, 8 h, T_f = .1 h: chance 1 gives .1 h, chance 0 gives 8 h.
    """
    flat = compiled.flat
    active = [flat.member[flat.member_ptr[g] : flat.member_ptr[g] + flat.group_needed[g]] for g in success]
    starts = np.unique(np.concatenate([np.zeros(0, np.int32), *active]))
    cis = np.flatnonzero(needed_by(flat, starts, True)).astype(np.int32)
    rows, _, _, _ = sweep(with_success(compiled, success), cis)
    sums = totals_of(compiled, first).sums()
    return {
        name: value + float(np.nansum(getattr(rows, column)) - np.nansum(getattr(first, column)[cis]))
        for name, column in COLUMNS.items()
        if (value := sums[name]) is not None
    }


def lowers_loss(compiled: CompiledGraph, first: FirstOrder, group: int, before: float, after: float) -> bool:
    """Whether the loss falls, in any measure, if the group switches with the chance `after` in place of `before`.

    A lower chance does that where switching costs more than waiting for the repair: its time is longer than the repair, or the
    outage stops the dependent by another need as well (model 1.16).
    """
    was, then = losses_with(compiled, first, {group: before}), losses_with(compiled, first, {group: after})
    return any(then.get(name, 0.0) < value - LEAST_CHANGE * abs(value) for name, value in was.items())
