"""The redundancy part of one service: what its stops cost beyond (or, where outages overlap, below) the first-order part (model
1.6).

Total from stops by the CI that started them, less what the first-order part counts for the same: a single point's own outages
without the switches they trigger. What failovers add is first order too; its share is taken back to the times when the active
member was up and some standby too, for the other times are in the total from stops. So first order + redundancy is the formula of
active and passive members, but for the length of the outages with both down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from app.risk.exact.answers.service import ServiceExact
from app.risk.first_order.sweep import Contributions
from app.risk.graph.compiled import CompiledGraph
from app.risk.jit import Array
from app.risk.outage.what_if import service_curve
from app.risk.services.interruptions import interruptions
from app.risk.services.service_figures import stops_by_initiator


@dataclass(frozen=True, slots=True)
class LossParts:
    """C CIs of one service, by position: loss a year. NaN unknown. total = first + redundancy."""

    position: Array  # int32[C], ascending
    hours_first: Array
    hours_redundancy: Array
    money_first: Array
    money_redundancy: Array
    breaches_first: Array
    breaches_redundancy: Array
    exact_money: bool  # the total from stops is exact
    switches: bool  # failovers are among it: first order in double failures

    def unknown_redundancy(self) -> LossParts:
        """The same where nobody knows what stops the service beyond its single points: NaN, not 0."""
        nothing = np.full(len(self.position), np.nan)
        return replace(self, hours_redundancy=nothing, money_redundancy=nothing, breaches_redundancy=nothing, exact_money=False)


def loss_parts(compiled: CompiledGraph, service: int, exact: ServiceExact, contributions: Contributions) -> LossParts:
    """Both parts by initiating CI: `exact` with its listed cut sets says what stops the service, `contributions` what the first
    order counts. Where the engine gave no more than an interval the redundancy columns are NaN.

    Example by hand (C39, service S1): d starts .002 w_d 8766 (1 - q_b^2) stops of 1,000 each; first order says lambda_d * 8766 *
    1,000.
    """
    stops = stops_by_initiator(compiled, exact, float(compiled.mtpd_hours[service]), service_curve(compiled, service))
    cis = np.union1d(exact.position, contributions.position).astype(np.int32)
    first = {
        name: _spread(cis, contributions.position, column)
        for name, column in (
            ("hours", contributions.service_hours),
            ("money", contributions.money),
            ("breaches", contributions.breaches),
        )
    }
    stopping = _spread(cis, contributions.position, contributions.stops.astype(np.float64)) > 0
    switched = interruptions(compiled, exact.target)
    parts = {}
    for name in first:
        by_stops = _spread(cis, exact.position, getattr(stops, name))
        added, counted = np.zeros(len(cis)), np.zeros(len(cis))
        if switched is not None:
            added = _spread(cis, switched.position, getattr(switched, name))
            counted = _spread(cis, switched.position, (1.0 - switched.kept) * getattr(switched, name))
        parts[name] = by_stops - np.where(stopping, first[name] - added, 0.0) - counted
    found = LossParts(
        cis, first["hours"], parts["hours"], first["money"], parts["money"], first["breaches"], parts["breaches"],
        stops.exact_money,
        switched is not None,
    )  # fmt: skip
    return found.unknown_redundancy() if exact.method == "bounded" else found


def simulated_parts(parts: LossParts, position: Array, money: Array, hours: Array) -> LossParts:
    """The parts with totals from simulated years: what a CI of the cone (`position`, ascending) started there, less its
    first-order part.

    Example by hand: first order 10 of CI 3; the years say 12 of CI 3 and 1 of CI 4: redundancy 2 and 1.
    """
    first = {name: _spread(position, parts.position, getattr(parts, f"{name}_first")) for name in ("hours", "money", "breaches")}
    return replace(
        parts, position=np.asarray(position, np.int32), hours_first=first["hours"], hours_redundancy=hours - first["hours"],
        money_first=first["money"], money_redundancy=money - first["money"], breaches_first=first["breaches"],
        breaches_redundancy=np.full(len(position), np.nan),
    )  # fmt: skip


def _spread(cis: Array, position: Array, values: Array) -> Array:
    out = np.zeros(len(cis))
    out[np.searchsorted(cis, position)] = values
    return out
