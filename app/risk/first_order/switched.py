"""The first-order loss with another chance that a redundancy group switches, everything else as it is.

Only outages that the group answers are swept again. C groups by number in the compiled estate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from app.risk.first_order.pairs import FirstOrder
from app.risk.first_order.reassess import reassess
from app.risk.first_order.sweep import first_order
from app.risk.first_order.totals import totals_of
from app.risk.graph.compiled import CompiledGraph

LEAST_CHANGE = 1e-9  # a relative difference below that is rounding


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

    Example by hand (C20): one failure of the active a year, 8 h, T_f = .1 h: chance 1 gives .1 h, chance 0 gives 8 h.
    """
    changed = with_success(compiled, success)
    again = reassess(compiled, first, changed)
    sums = totals_of(changed, first_order(changed) if again is None else again).sums()
    return {name: value for name, value in sums.items() if value is not None and name != "services_hit"}


def lowers_loss(compiled: CompiledGraph, first: FirstOrder, group: int, before: float, after: float) -> bool:
    """Whether the loss falls, in any measure, if the group switches with the chance `after` in place of `before`.

    A lower chance does that where switching costs more than waiting for the repair: its time is longer than the repair, or the
    outage stops the dependent by another need as well (model 1.16).
    """
    was, then = losses_with(compiled, first, {group: before}), losses_with(compiled, first, {group: after})
    return any(then.get(name, 0.0) < value - LEAST_CHANGE * abs(value) for name, value in was.items())
