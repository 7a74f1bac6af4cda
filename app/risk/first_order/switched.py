"""The first-order loss with another chance that a redundancy group switches, everything else as it is.

Only outages that the group answers are swept again. C groups by number in the compiled estate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from app.risk.first_order.clusters import services_reached
from app.risk.first_order.pairs import FirstOrder
from app.risk.first_order.sweep import Desk, desk_of, sweep_rows
from app.risk.first_order.totals import totals_of
from app.risk.graph.compiled import CompiledGraph
from app.risk.graph.needs import needed_by
from app.risk.graph.ragged import spans
from app.risk.jit import Array
from app.risk.outage.failover import Failovers, failovers_of
from app.risk.outage.rates_and_exposures import rates_and_exposures_of

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


class Switching:
    """An estate on which other chances of switches are tried, one question after the other."""

    def __init__(self, compiled: CompiledGraph, first: FirstOrder) -> None:
        self.compiled, self.first = compiled, first
        self.inputs = rates_and_exposures_of(compiled)
        self.now = {name: value for name, value in totals_of(compiled, first).sums().items() if value is not None}
        self._desk: Desk = desk_of(compiled, self.inputs)

    def losses_with(self, success: Mapping[int, float]) -> dict[str, float]:
        """Loss of the whole estate a year by measure, of those that are known.

        Only what active members of these groups need, by any path, can trigger them, and only services that lie above their
        dependents lose more or less by it, so nothing else is swept. Example by hand (C20): one failure of the active a year, of
        8 h, T_f = .1 h: chance 1 gives .1 h, chance 0 gives 8 h.
        """
        compiled, first, flat = self.compiled, self.first, self.compiled.flat
        groups = np.asarray(sorted(success), np.int64)
        active = [flat.member[flat.member_ptr[g] : flat.member_ptr[g] + flat.group_needed[g]] for g in groups.tolist()]
        starts = np.unique(np.concatenate([np.zeros(0, np.int32), *active]))
        cis = np.flatnonzero(needed_by(flat, starts, True)).astype(np.int32)
        services = len(compiled.service_position)
        wanted = services_reached(flat, self._desk[3], np.unique(flat.group_dependent[groups]).astype(np.int32), services)
        inputs = self.inputs._replace(failovers=self._failovers(success, groups))
        self._desk[2].stamp[:] = 0  # what is known of a CI is of the question before
        rows, _, _, _ = sweep_rows(compiled, inputs, cis, self._desk, wanted=wanted)
        counts = np.diff(first.pair_ptr)[cis]
        at = spans(first.pair_ptr[:-1][cis], counts)
        at = at[wanted[first.pair_service[at]]]
        hours = first.pair_hours[at]
        before = {
            "money": first.pair_money[at],
            "customer_hours": hours * compiled.customers[first.pair_service[at]],
            "service_hours": hours,
        }
        return {
            name: self.now[name] + float(np.nansum(getattr(rows, column)) - np.nansum(before[column]))
            for name, column in COLUMNS.items()
            if name in self.now
        }

    def _failovers(self, success: Mapping[int, float], groups: Array) -> Failovers:
        """Those of the estate, with these chances."""
        known = self.inputs.failovers
        part = failovers_of(with_success(self.compiled, success), groups)
        switches, hours, chances, key = known.switches.copy(), known.hours.copy(), known.success.copy(), known.key.copy()
        switches[groups], hours[groups], chances[groups] = part.switches[groups], part.hours[groups], part.success[groups]
        key[groups] = part.key[groups]
        return Failovers(switches, hours, chances, key, known.active | part.active)


def losses_with(compiled: CompiledGraph, first: FirstOrder, success: Mapping[int, float]) -> dict[str, float]:
    """`Switching.losses_with`, asked once; `first`: of the estate as it is."""
    return Switching(compiled, first).losses_with(success)


def lowers_loss(compiled: CompiledGraph, first: FirstOrder, group: int, before: float, after: float) -> bool:
    """Whether the loss falls, in any measure, if the group switches with the chance `after` in place of `before`.

    A lower chance does that where switching costs more than waiting for the repair: its time is longer than the repair, or the
    outage stops the dependent by another need as well (model 1.16).
    """
    tried = Switching(compiled, first)
    was, then = tried.losses_with({group: before}), tried.losses_with({group: after})
    return any(then.get(name, 0.0) < value - LEAST_CHANGE * abs(value) for name, value in was.items())
