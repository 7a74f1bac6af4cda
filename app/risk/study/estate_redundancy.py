"""The redundancy part of the whole estate: each service by the exact engine, its loss by initiating CI added up (model 1.6, 1.9).

Work is cut into blocks of services, pure functions of arrays that merge by addition in the order of the services: a thread, a
process or another machine computes one, and the bits are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from app.risk.exact.answers.service import ServiceExact, Want, exact_service
from app.risk.exact.diagrams.budget import Budget
from app.risk.exact.unfolding.service_cone import Space, exact_space
from app.risk.first_order.pairs import FirstOrder
from app.risk.first_order.sweep import Contributions
from app.risk.graph.compiled import AT_REST_DOWN, CompiledGraph
from app.risk.graph.ragged import holds, ptr_of
from app.risk.jit import Array
from app.risk.outage.rates_and_exposures import can_fail
from app.risk.outage.what_if import service_curve
from app.risk.services.redundancy import LossParts, loss_parts
from app.risk.services.sampled_service import SAMPLES, SampledService, sampled_service, share_of_interval
from app.risk.services.service_figures import stops_by_initiator, stops_per_year

EXACT, BOUNDED, AT_REST = (
    0,
    1,
    2,
)  # how the unavailability of a service was got; of a bounded one the redundancy part is simulated
LISTED = 200  # cut sets a service's durations are made of
BLOCK = 16


@dataclass(frozen=True, slots=True)
class EstateRedundancy:
    """N CIs by position, S services. Loss a year beyond the first-order part, NaN in no column of CIs: what is unknown adds
    nothing and is counted by `unknown`. Services that are bounded add what sampling says of them; the columns of services tell
    the two apart."""

    hours: Array  # float64[N]
    customer_hours: Array  # float64[N]
    money: Array  # float64[N]
    breaches: Array  # float64[N]
    q: Array  # float64[S] unavailability, the simulated one where bounded
    q_low: Array  # float64[S]
    q_high: Array  # float64[S]
    method: Array  # int8[S] EXACT, BOUNDED, AT_REST
    stops: Array  # float64[S] a year, NaN unknown
    service_hours: Array  # float64[S] redundancy part, NaN where it is unknown
    service_money: Array  # float64[S]
    service_breaches: Array  # float64[S]
    exact_money: Array  # bool[S] the total of money from stops is exact
    unknown: Array  # int64[S] CIs of the cone without an unavailability
    nodes: Array  # int64[S]
    samples: Array  # int64[S] drawn for a bounded one; 0 the others
    sampled_low: Array  # float64[S] 95 % interval of q where bounded, else NaN
    sampled_high: Array  # float64[S]
    hours_low: Array  # float64[S] ends of service_hours by that interval; the value itself where exact
    hours_high: Array  # float64[S]
    money_low: Array  # float64[S]
    money_high: Array  # float64[S]

    def to_arrays(self) -> dict[str, Array]:
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        return cls(**{entry.name: arrays[entry.name] for entry in fields(cls)})


class _PairsByService:
    """The sweep's pairs turned round: what each CI costs one service, first order."""

    def __init__(self, compiled: CompiledGraph, first: FirstOrder) -> None:
        services = len(compiled.service_position)
        self.order = np.argsort(first.pair_service, kind="stable")
        self.ptr = ptr_of(np.bincount(first.pair_service, minlength=services))
        self.ci = np.repeat(np.arange(len(compiled), dtype=np.int32), np.diff(first.pair_ptr))
        self.first, self.compiled, self.fallible = first, compiled, can_fail(compiled)

    def of(self, service: int) -> Contributions:
        rows = self.order[int(self.ptr[service]) : int(self.ptr[service + 1])]
        position, hours = self.ci[rows], self.first.pair_hours[rows]
        customers = float(np.nan_to_num(self.compiled.customers[service]))
        money = np.nan_to_num(self.first.pair_money[rows])
        none = np.zeros(len(rows))
        return Contributions(
            position,
            self._stops(position, service),
            hours,
            hours * customers,
            money,
            self.first.pair_breaches[rows],
            none,
            none,
            none,
        )

    def _stops(self, position: Array, service: int) -> Array:
        ptr, points = self.first.point_ptr, self.first.point_service
        found = np.asarray([holds(points[int(ptr[p]) : int(ptr[p + 1])], service) for p in position.tolist()], np.bool_)
        return found & self.fallible[position]


def estate_redundancy(
    compiled: CompiledGraph,
    first: FirstOrder,
    budget: Budget,
    threads: int = 2,
    listen: Callable[[float], None] = lambda share: None,
    seed: int = 0,
    samples: int = SAMPLES,
) -> EstateRedundancy:
    """Every service exactly within `budget`, beyond it by so many `samples`; `listen` hears the share done. Same bits for any
    number of threads.

    Example by hand (C39): d and the pair b, c cost 14,455.10 a year together; first order says 1.7532 * 1,400 = 2,454.48 of it.
    """
    services = len(compiled.service_position)
    total = _nothing(len(compiled), services)
    pairs = _PairsByService(compiled, first)
    idle: list[Space] = []

    def run(start: int) -> list[_Part]:
        space = idle.pop() if idle else exact_space(len(compiled))
        found = [_one(compiled, pairs, s, budget, space, seed, samples) for s in range(start, min(start + BLOCK, services))]
        idle.append(space)
        return found

    starts = range(0, services, BLOCK)
    with ThreadPoolExecutor(threads) as pool:
        for start, block in zip(starts, pool.map(run, starts), strict=True):
            for part in block:
                _add(compiled, total, part)
            listen(min(1.0, (start + BLOCK) / services))
    return total


def _nothing(cis: int, services: int) -> EstateRedundancy:
    zeros, nans = np.zeros, np.full
    return EstateRedundancy(
        hours=zeros(cis), customer_hours=zeros(cis), money=zeros(cis), breaches=zeros(cis), q=zeros(services),
        q_low=zeros(services),
        q_high=zeros(services), method=zeros(services, np.int8), stops=nans(services, np.nan),
        service_hours=nans(services, np.nan),
        service_money=nans(services, np.nan), service_breaches=nans(services, np.nan), exact_money=zeros(services, np.bool_),
        unknown=zeros(services, np.int64), nodes=zeros(services, np.int64), samples=zeros(services, np.int64),
        sampled_low=nans(services, np.nan), sampled_high=nans(services, np.nan), hours_low=nans(services, np.nan),
        hours_high=nans(services, np.nan), money_low=nans(services, np.nan), money_high=nans(services, np.nan),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Part:
    """One service: the engine's answer, what stood in for it beyond the budget, the redundancy part (None: down at rest), and how
    far its hours and its money reach below and above."""

    service: int
    answer: ServiceExact
    sampled: SampledService | None
    parts: LossParts | None
    reach: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


def _one(
    compiled: CompiledGraph, pairs: _PairsByService, service: int, budget: Budget, space: Space, seed: int, samples: int
) -> _Part:  # fmt: skip
    answer = exact_service(compiled, int(compiled.service_position[service]), budget, want=Want(cut_sets=LISTED), space=space)
    if compiled.flat.flags[answer.target] & AT_REST_DOWN:
        return _Part(service, answer, None, None)
    if answer.method == "exact":
        return _Part(service, answer, None, loss_parts(compiled, service, answer, pairs.of(service)))
    sampled = sampled_service(compiled, answer, seed, LISTED, samples)
    parts = loss_parts(compiled, service, sampled.answer, pairs.of(service))
    stops = stops_by_initiator(compiled, sampled.answer, curve=service_curve(compiled, service))
    reach = [
        share_of_interval(sampled, float(column.sum()), float(column[sampled.single].sum()))
        for column in (stops.hours, stops.money)
    ]
    return _Part(service, answer, sampled, parts, (*reach[0], *reach[1]))


def _add(compiled: CompiledGraph, total: EstateRedundancy, part: _Part) -> None:
    service, answer, parts = part.service, part.answer, part.parts
    total.q[service], total.q_low[service], total.q_high[service] = answer.q, answer.q_low, answer.q_high
    total.unknown[service], total.nodes[service] = answer.unknown, answer.nodes
    if parts is None:
        total.method[service] = AT_REST
        return
    if part.sampled is not None:
        total.method[service] = BOUNDED
        total.q[service], total.samples[service] = part.sampled.answer.q, part.sampled.samples
        total.sampled_low[service], total.sampled_high[service] = part.sampled.low, part.sampled.high
    hours, money = float(parts.hours_redundancy.sum()), float(parts.money_redundancy.sum())
    total.stops[service] = stops_per_year(compiled, answer if part.sampled is None else part.sampled.answer)
    total.service_hours[service], total.service_money[service] = hours, money
    total.hours_low[service], total.hours_high[service] = hours - part.reach[0], hours + part.reach[1]
    total.money_low[service], total.money_high[service] = money - part.reach[2], money + part.reach[3]
    total.service_breaches[service] = parts.breaches_redundancy.sum()
    total.exact_money[service] = part.sampled is None and parts.exact_money and not parts.switches
    position, customers = parts.position, float(np.nan_to_num(compiled.customers[service]))
    total.hours[position] += np.nan_to_num(parts.hours_redundancy)
    total.customer_hours[position] += np.nan_to_num(parts.hours_redundancy) * customers
    total.money[position] += np.nan_to_num(parts.money_redundancy)
    total.breaches[position] += np.nan_to_num(parts.breaches_redundancy)
