"""The redundancy part of one service: what its stops cost beyond (or, where outages overlap, below) the first-order part (model 1.6).

Total from stops by the CI that started them, less what the first-order part counts for the same: a single point's own outages. A failover is
first order too; its share is taken back to the times when the active member was up and some standby too, for the other times are in the total
from stops. So first order + redundancy is the formula of active and passive members, but for the length of the outages with both down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from app.risk.compiled import AT_REST_DOWN, CompiledGraph, Flat
from app.risk.exact.service import ServiceExact
from app.risk.failover import failover_of
from app.risk.jit import Array
from app.risk.propagation import Workspace, outage
from app.risk.service_figures import stops_by_initiator
from app.risk.sweep import Contributions
from app.risk.whatif import service_curve


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


def loss_parts(
    compiled: CompiledGraph, service: int, exact: ServiceExact, told: Contributions, space: Workspace | None = None
) -> LossParts:
    """Both parts by initiating CI: `exact` with its listed cut sets says what stops the service, `told` what the first order counts.

    Example by hand (C39, service S1): d starts .002 w_d 8766 (1 - q_b^2) stops of 1,000 each; first order says lambda_d * 8766 * 1,000.
    """
    stops = stops_by_initiator(compiled, exact, float(compiled.mtpd_hours[service]), service_curve(compiled, service))
    cis = np.union1d(exact.position, told.position).astype(np.int32)
    first = {
        name: _spread(cis, told.position, column)
        for name, column in (("hours", told.service_hours), ("money", told.money), ("breaches", told.breaches))
    }
    stopping = _spread(cis, told.position, told.stops.astype(np.float64)) > 0
    kept, switches = _kept_of_failovers(compiled, service, cis, stopping, space)
    parts = {}
    for name in first:
        by_stops = _spread(cis, exact.position, getattr(stops, name))
        counted = np.where(stopping, first[name], 0.0) + (1.0 - kept[:, 0]) * np.where(stopping, 0.0, first[name] * kept[:, 1])
        parts[name] = by_stops - counted
    return LossParts(
        cis, first["hours"], parts["hours"], first["money"], parts["money"], first["breaches"], parts["breaches"], stops.exact_money, switches
    )  # fmt: skip


def simulated_parts(parts: LossParts, position: Array, money: Array, hours: Array) -> LossParts:
    """The parts with totals from simulated years: what a CI of the cone (`position`, ascending) started there, less its first-order part.

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


def _kept_of_failovers(
    compiled: CompiledGraph, service: int, cis: Array, stopping: Array, space: Workspace | None
) -> tuple[Array, bool]:
    """float64[C, 2]: the chance that a failover finds its active member up before and a standby up, and whether the CI's first-order loss is
    that of failovers (where it degrades the service as well, it counts as degradation); and whether there are any."""
    flat = compiled.flat
    out = np.tile([1.0, 0.0], (len(cis), 1))
    down = np.nan_to_num(compiled.unavailability)
    found = False
    for row, ci in enumerate(cis.tolist()):
        joined = flat.joined[flat.joined_ptr[ci] : flat.joined_ptr[ci + 1]]
        if stopping[row] or not len(joined):
            continue
        switches = failover_of(compiled, joined.astype(np.int64)).switches
        groups = [int(g) for g, switch in zip(joined, switches, strict=True) if switch and ci in _active(flat, int(g))]
        if not groups:
            continue
        found = True
        available = 1.0 - float(down[ci])
        for g in groups:
            spare = flat.member[flat.member_ptr[g] + flat.group_needed[g] : flat.member_ptr[g + 1]]
            available *= 1.0 - float(np.prod(np.where(flat.flags[spare] & AT_REST_DOWN, 1.0, down[spare])))
        degrades = service in outage(compiled, [ci], space).services_degraded
        out[row] = available, 0.0 if degrades else 1.0
    return out, found


def _active(flat: Flat, g: int) -> list[int]:
    first = int(flat.member_ptr[g])
    return flat.member[first : first + int(flat.group_needed[g])].tolist()  # type: ignore[no-any-return]
