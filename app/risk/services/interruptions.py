"""What failovers add to a year of one service: interruptions, failed switches, and stops that a switch makes longer (model 1.6,
1.16).

By the CI that starts them: what its outage costs with the switches less what it costs without them. It counts in the share of the
time in which the CI itself and some standby of every group it triggers are up; when none is, the stop is a combination and in the
total from stops. First order in double failures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from app.risk.first_order.sweep import contributions_to
from app.risk.graph.compiled import AT_REST_DOWN, SERVES, CompiledGraph, Flat
from app.risk.graph.needs import needed_by
from app.risk.graph.subestate import Subestate, subestate_of
from app.risk.jit import Array, Floats, Int32s, kernel
from app.risk.jit.borrowed import borrowed
from app.risk.measures.loss import LossCurve
from app.risk.outage.failing import Marks, fail, marks
from app.risk.outage.failover import Failovers, failovers_of
from app.risk.outage.failover_outcomes import new_switches

NOTE = "failovers are first order in double failures"


@dataclass(frozen=True, slots=True)
class Interruptions:
    """K CIs whose outage switches something the service feels; first order a year, `kept` the share of the time in which it
    counts."""

    cut: Subestate
    position: Array  # int32[K] of the estate
    kept: Array  # float64[K]
    hours: Array  # float64[K] lost, weighted by share
    money: Array  # float64[K]
    breaches: Array  # float64[K]

    def __len__(self) -> int:
        return len(self.position)

    def lost_hours(self) -> float:
        """Hours a year that the service loses, weighted by share."""
        return float((self.kept * self.hours).sum())

    def down_hours(self) -> float:
        """Hours a year in which the service is down; those in which it only works at a part are left out."""
        return float((self.kept * _extras(_without_degradation(self.cut.compiled), self.cut.local(self.position))[0]).sum())

    def stops_longer(self, hours: float) -> float:
        """How many more stops a year last longer than so many hours; 0: how many more there are.

        Example by hand (C20 with a standby that is always up): two outages of the active a year, T_f = 5 min, success .9: 2 more
        stops than 0 h, .2 e^(-1 / 8) longer than 1 h.
        """
        stops = replace(_without_degradation(self.cut.compiled), mtpd_hours=np.full(1, hours), mbco_share=np.full(1, np.nan))
        return float((self.kept * _extras(stops, self.cut.local(self.position))[2]).sum())

    def money_by(self, curve: LossCurve) -> float:
        """Money a year by another loss curve."""
        priced = replace(
            self.cut.compiled,
            curve_ptr=np.asarray([0, len(curve.hours)], np.int32),
            curve_hours=np.ascontiguousarray(curve.hours),
            curve_loss=np.ascontiguousarray(curve.loss),
        )
        return float((self.kept * _extras(priced, self.cut.local(self.position))[1]).sum())


def interruptions(compiled: CompiledGraph, position: int) -> Interruptions | None:
    """Of the service at `position`; None where no failover of its cone costs it anything.

    Example by hand (C20): active 2 a year, 8 h, T_f = 5 min, success .95, U of the standby .01: kept (1 - U_a) .99, hours 2 (.95
    / 12 + .05 * 8).
    """
    cone = subestate_of(compiled, position)
    small = cone.compiled
    failovers = failovers_of(small)
    if small.flat.rest_capability[cone.target] == 0.0 or not failovers.active.any():
        return None
    near = _near_switches(small.flat, failovers)
    kept = _kept(small.flat, failovers, marks(small.flat), np.nan_to_num(small.unavailability), near)
    starts = ~np.isnan(kept)
    hours, money, breaches = _extras(small, near[starts])
    found = np.flatnonzero((hours > 1e-12) | (breaches > 1e-12))
    if not len(found):
        return None
    return Interruptions(
        cone, cone.positions[near[starts][found]], kept[starts][found], hours[found], money[found], breaches[found]
    )


def _extras(compiled: CompiledGraph, rows: Array) -> tuple[Array, Array, Array]:
    """Hours, money and breaches of service 0 a year with the switches less those without them, by CI in `rows`; 0 where a rate is
    unknown."""
    found = []
    for switches in (True, False):
        costs = contributions_to(compiled, 0, switches=switches, cis=rows)
        dense = np.zeros((3, len(compiled)))
        dense[:, costs.position] = costs.service_hours, costs.money, costs.breaches
        found.append(dense[:, rows])
    extra = np.nan_to_num(found[0] - found[1])
    return extra[0], extra[1], extra[2]


def _without_degradation(compiled: CompiledGraph) -> CompiledGraph:
    """The same estate without degradation: every CI is up or down."""
    flat = compiled.flat
    none, nobody, nothing = np.zeros(len(compiled) + 1, np.int32), np.zeros(0, np.int32), np.zeros(0)
    return replace(
        compiled,
        flat=flat._replace(
            soft_forward_ptr=none,
            soft_forward=nobody,
            soft_reverse_ptr=none,
            soft_reverse=nobody,
            soft_weight=nothing,
            group_shared=np.zeros_like(flat.group_shared),
            level=(flat.level > 0.0).astype(np.float64),
            rest_capability=(flat.flags & AT_REST_DOWN == 0).astype(np.float64),
        ),
    )


def _near_switches(flat: Flat, failovers: Failovers) -> Array:
    """CIs that some active member of a group with failover needs, itself included (int32, ascending): no other outage makes one
    switch."""
    return np.flatnonzero(needed_by(flat, np.flatnonzero(failovers.active), False)).astype(np.int32)


@kernel
def _kept(flat: Flat, failovers: Failovers, work: Marks, unavailability: Floats, cis: Int32s) -> Array:
    """By CI in `cis` the chance that its outage finds it up before, and some standby of each group that it makes switch; NaN
    where it makes none."""
    flat, failovers, work, unavailability = borrowed(flat), borrowed(failovers), borrowed(work), borrowed(unavailability)
    kept = np.full(len(cis), np.nan)
    asked = np.zeros(len(failovers.switches), np.bool_)
    groups = np.empty(len(failovers.switches), np.int32)
    root = np.empty(1, np.int32)
    for k in range(len(cis)):
        root[0] = cis[k]
        count = new_switches(flat, failovers, work, 0, fail(flat, work, root), asked, groups, 0, SERVES)
        if not count:
            continue
        kept[k] = 1.0 - unavailability[cis[k]]
        for g in np.sort(groups[:count]):
            asked[g] = False
            all_down = 1.0
            for e in range(flat.member_ptr[g] + flat.group_needed[g], flat.member_ptr[g + 1]):
                u = flat.member[e]
                all_down *= 1.0 if flat.flags[u] & AT_REST_DOWN else unavailability[u]
            kept[k] *= 1.0 - all_down
    return kept
