"""Figures of one service from the exact engine's answer: stops, lengths, what degrades, failovers, classes reached. Arrays in,
plain numbers out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.risk.exact.answers.importance import Importance
from app.risk.exact.answers.service import ServiceExact
from app.risk.graph.compiled import AT_REST_DOWN, CompiledGraph
from app.risk.graph.needs import needs_of
from app.risk.jit import Array
from app.risk.measures.loss import LossCurve
from app.risk.measures.reliability import failure_frequency
from app.risk.outage.failover import failovers_of
from app.risk.sampling.degradation_worlds import Degradation
from app.risk.sampling.intervals import clopper_pearson
from app.risk.services.interruptions import Interruptions
from app.risk.services.stop_loss import FailoverYear, Initiators, Stops, failover_year, stops_of


def frequencies(compiled: CompiledGraph, answer: ServiceExact) -> Array:
    """float64[E]: omega of each event a calendar year, NaN where U was given without a restore time.

    Example by hand (C15): 8.766 failures per year of up time, 10 h: 8.6792.
    """
    return failure_frequency(compiled.failures_per_year[answer.position], compiled.repair_hours[answer.position])


def stops_per_year(compiled: CompiledGraph, answer: ServiceExact) -> float:
    """omega_s = sum omega_i B_i (Vesely; Schneeweiss); NaN where the frequency of a CI that matters is unknown.

    Example by hand (C16): two omegas of 8.6792 times U = .0099: .171866.
    """
    return float(np.sum(np.where(answer.birnbaum > 0.0, frequencies(compiled, answer) * answer.birnbaum, 0.0)))


def stops_by_initiator(
    compiled: CompiledGraph, answer: ServiceExact, hours: float = math.nan, curve: LossCurve | None = None
) -> Stops:
    """Stops by initiating event from the listed cut sets, priced by `curve`; longer than `hours` is a breach (see `stops_of`).

    Example by hand: one CI behind a service, once a year, 4 h: one stop a year, 4 hours, e^(-hours / 4) breaches.
    """
    index = {int(position): k for k, position in enumerate(answer.position)}
    cuts = [[index[p] for p in cut.position] for cut in answer.cut_sets or () if cut.position]
    at = answer.position
    events = Initiators(
        answer.event_q, frequencies(compiled, answer), compiled.repair_hours[at], compiled.repair_sigma[at], answer.birnbaum
    )
    return stops_of(events, answer.q, cuts, curve, hours)


def longer_than(compiled: CompiledGraph, answer: ServiceExact, grid: Sequence[float]) -> tuple[list[tuple[float, float]], bool]:
    """P(a stop is longer) for each duration, and whether that is exact: where a single cut set makes all stops. Empty where it
    never stops.

    Example by hand (C16): a pair of 10 h restores: e^-2 of the stops last longer than 10 h.
    """
    if not answer.cut_sets or not stops_per_year(compiled, answer) > 0.0:
        return [], False
    shares = []
    for hours in grid:
        found = stops_by_initiator(compiled, answer, hours)
        shares.append((hours, float(np.nansum(found.breaches) / np.nansum(found.per_year))))
    sigma = compiled.repair_sigma[list(answer.cut_sets[0].position)]
    one = len(answer.cut_sets) == 1 and not answer.not_listed
    return shares, one and (len(sigma) == 1 or bool(np.isnan(sigma).all()))


def money_per_year(
    compiled: CompiledGraph, answer: ServiceExact, curve: LossCurve, switched: Interruptions | None = None
) -> float:
    """Expected loss of all stops a year by another curve, in its unit, with what failovers add.

    Example by hand: 2 stops a year that cost 100 at once each: 200.
    """
    stops = float(np.nansum(stops_by_initiator(compiled, answer, curve=curve).money)) if answer.cut_sets else 0.0
    return stops + (0.0 if switched is None else switched.money_by(curve))


def reached_per_year(
    compiled: CompiledGraph, answer: ServiceExact, curve: LossCurve, switched: Interruptions | None = None
) -> list[tuple[float, float]]:
    """(class, times a year) of an ordinal curve: how often a stop lasts until the curve reaches each of its classes.

    Example by hand: class 1 from the start, class 2 after 4 h; one stop a year of 4 h on average: (1, 1), (2, .3679).
    """
    rows = []
    for level in sorted({float(value) for value in curve.loss if value > 0}):
        at = float(curve.hours[int(np.argmax(curve.loss >= level))])
        found = stops_by_initiator(compiled, answer, hours=at)
        more = 0.0 if switched is None else switched.stops_longer(at)
        rows.append((level, float(np.nansum(found.breaches if at > 0 else found.per_year)) + more))
    return rows


def degrades(compiled: CompiledGraph, position: int) -> bool:
    """Whether some CI of the cone can be degraded without being down: a soft need, shares, or a level of its own.

    Example by hand: S soft on a: yes; S hard on a: no.
    """
    flat, cone = compiled.flat, needs_of(compiled.flat, position)
    soft = (flat.soft_reverse_ptr[cone + 1] > flat.soft_reverse_ptr[cone]).any()
    return bool(soft or flat.group_shared[_groups_of(compiled, cone)].any() or (flat.level[cone] < 1.0).any())


def _groups_of(compiled: CompiledGraph, cone: Array) -> Array:
    ptr = compiled.flat.group_ptr
    return np.asarray([g for v in cone.tolist() for g in range(int(ptr[v]), int(ptr[v + 1]))], np.int64)


@dataclass(frozen=True, slots=True)
class FailoverOf:
    """A group with failover seen from one active member (positions)."""

    group: int
    dependent: int
    active: int
    standbys: tuple[int, ...]
    year: FailoverYear


def failovers(compiled: CompiledGraph, position: int) -> list[FailoverOf]:
    """The failovers in the cone of a CI, by falling downtime a year; U of the standbys counts in (C20).

    Example by hand (C20): active 2 a year, 8 h; standby U = .01; success .95: works .9405, 1.10875 h a year.
    """
    flat = compiled.flat
    groups = _groups_of(compiled, needs_of(flat, position))
    switching = failovers_of(compiled, groups)
    rows = []
    for group in groups[switching.switches[groups]].tolist():
        first, last, needed = int(flat.member_ptr[group]), int(flat.member_ptr[group + 1]), int(flat.group_needed[group])
        spare = flat.member[first + needed : last]
        standby_q = np.where(flat.flags[spare] & AT_REST_DOWN, 1.0, np.nan_to_num(compiled.unavailability[spare])).tolist()
        for active in flat.member[first : first + needed].tolist():
            omega = float(failure_frequency(compiled.failures_per_year[active], compiled.repair_hours[active]))
            year = failover_year(
                omega,
                float(compiled.repair_hours[active]),
                float(switching.hours[group]),
                float(switching.success[group]),
                standby_q,
            )
            rows.append(FailoverOf(group, int(flat.group_dependent[group]), active, tuple(spare.tolist()), year))
    return sorted(rows, key=lambda row: (-np.nan_to_num(row.year.hours), compiled.group_key(row.group), row.active))


def reachable_without_own(answer: ServiceExact) -> float:
    """1 - Q with the service's own CI never failing: 1 - (Q - q B).

    Example by hand: own U = .1, one need with U = .2: .8.
    """
    own = np.flatnonzero(answer.position == answer.target)
    gained = float(answer.event_q[own[0]] * answer.birnbaum[own[0]]) if len(own) else 0.0
    return 1.0 - (answer.q - gained)


def by_measure(answer: ServiceExact, measured: Importance, by: str) -> list[int]:
    """Events by a falling measure (a field of Importance, or fussell_vesely), ties by position; criticality stands in for what is
    not there.

    Example by hand (C13): b and c tie by criticality, a comes last.
    """
    column = answer.fussell_vesely if by == "fussell_vesely" else getattr(measured, by)
    column = measured.criticality if column is None else np.nan_to_num(column, nan=-1.0)
    return np.lexsort((answer.position, -column)).tolist()  # type: ignore[no-any-return]


def share_down(drawn: Degradation) -> tuple[float, float]:
    """95 % interval (Clopper-Pearson) of the share of worlds in which the service is down.

    Example by hand: 0 of 100 worlds: (0, .0362).
    """
    low, high = clopper_pearson(np.asarray([drawn.down]), np.asarray([drawn.worlds]))
    return float(low[0]), float(high[0])


@dataclass(frozen=True, slots=True)
class Summed:
    """One measure of a loss table: sums, NaN where a part is unknown, and each CI's total (first order alone where the other part
    is unknown)."""

    first: float
    redundancy: float
    total: Array  # float64[C]


def summed(first: Array, redundancy: Array) -> Summed:
    """Example by hand: (10, NaN) and (-1, NaN): sums NaN and NaN, totals 9 and NaN; redundancy (-1, NaN) beside (10, 5): totals 9
    and 5."""
    total = np.where(np.isnan(redundancy), first, first + redundancy)
    return Summed(float(first.sum()), float(redundancy.sum()), total)


def order_of(position: Array, total: Array) -> tuple[list[int], float]:
    """Rows by falling total, ties by position, and the sum of what is known.

    Example by hand: totals 1, NaN, 3: rows 2, 0, 1; 4.
    """
    return np.lexsort((position, -np.nan_to_num(total))).tolist(), float(np.nansum(total))
