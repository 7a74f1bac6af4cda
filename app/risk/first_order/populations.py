"""Customers that services share, counted once: services of one population hit in the same instant hit the larger one's customers
(model 1.6, 1.14).

In a population the customers of the smaller service are among those of the larger. So a customer of rank x uses the services with
at least x customers, and loses at any instant the largest share that one of them loses: with services in order of their customers
n_1 <= ... <= n_K that lose a_1 ... a_K, the customers lost are sum_k (n_k - n_(k-1)) * max(a_k, ..., a_K): the largest n hit
where all of them stop.

Letters: S services, N CIs, P pairs of the first-order part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.graph import ServiceExposure
from app.risk.first_order.pairs import FirstOrder
from app.risk.graph.compiled import CompiledGraph
from app.risk.jit import Array


@dataclass(frozen=True, slots=True)
class Populations:
    """`code` int64[S]: the population of each service, -1 where nobody named one (its customers are its own) or its customers are
    unknown; `customers` float64[S], NaN unknown; `names` of the populations."""

    code: Array
    customers: Array
    names: tuple[str, ...] = ()

    @property
    def shared(self) -> bool:
        """Whether two services have customers in common."""
        return bool((np.bincount(self.code[self.code >= 0], minlength=1) > 1).any())


def populations_of(compiled: CompiledGraph, services: Sequence[ServiceExposure]) -> Populations:
    """The populations that the exposures name; `services` are those of the graph `compiled` was made of."""
    named = [services[row].customer_population if row >= 0 else "" for row in compiled.service_row.tolist()]
    names = tuple(sorted(set(named) - {""}))
    place = {name: number for number, name in enumerate(names)}
    code = np.asarray([place.get(name, -1) for name in named], np.int64)
    return Populations(np.where(np.isnan(compiled.customers), -1, code), compiled.customers, names)


def customers_hit(populations: Populations, services: Array | Sequence[int], share: Array | float = 1.0) -> float:
    """Customers hit in one instant in which the services (numbers, each once) lose these shares; those with unknown customers add
    nothing.

    >>> of = Populations(np.array([0, 0, -1]), np.array([100.0, 10.0, 7.0]), ("tills",))
    >>> customers_hit(of, [0, 1, 2]), customers_hit(of, [1, 2])
    (107.0, 17.0)
    >>> round(customers_hit(of, [0, 1], np.array([0.5, 1.0])), 9)  # 90 by half, 10 wholly
    55.0
    """
    number = np.asarray(services, np.int64)
    lost = np.broadcast_to(np.asarray(share, np.float64), number.shape)
    known = ~np.isnan(populations.customers[number])
    number, lost = number[known], lost[known]
    if (populations.code[number] < 0).all():
        return float((populations.customers[number] * lost).sum())
    return float(_counted_once(populations, np.zeros(len(number), np.int64), number, lost).sum())


def pair_customer_hours(first: FirstOrder, populations: Populations) -> Array:
    """Customer-hours a year of each pair (float64[P], 0 where the customers are unknown), customers that services share counted
    once: what one CI costs a population is shared out among its services in proportion to what each would cost alone, so that
    pairs add up.

    Exact where all services that the outage of a CI hits are hit as long as it lasts; where failovers interrupt several services
    of one population, the largest expected value stands for the expected largest one, which is not less. Example by hand: a CI
    stops services of 100 and 10 customers of one population for 2 hours a year: 200 customer-hours, not 220: 181.82 and 18.18.
    """
    if not populations.shared:
        return np.asarray(np.nan_to_num(populations.customers)[first.pair_service] * first.pair_hours)
    return _counted_once(populations, _ci_of(first), first.pair_service, first.pair_hours)


def _ci_of(first: FirstOrder) -> Array:
    return np.repeat(np.arange(len(first.pair_ptr) - 1), np.diff(first.pair_ptr))


def _counted_once(populations: Populations, ci: Array, service: Array, hours: Array) -> Array:
    """Customers x hours of rows (ci, service, hours), at most one for a pair, those of one CI and population together counted
    once."""
    customers = np.nan_to_num(populations.customers)[service]
    out = customers * hours
    code = populations.code[service]
    inside = np.flatnonzero(code >= 0)
    group = ci[inside] * max(1, len(populations.names)) + code[inside]
    order = np.lexsort((service[inside], customers[inside], group))
    rows, group = inside[order], group[order]
    starts = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]])) if len(group) else np.zeros(0, np.int64)
    sizes = np.diff(np.append(starts, len(group)))
    several = sizes > 1
    starts, sizes = starts[several], sizes[several]
    if not len(starts):
        return np.asarray(out)
    total, alone = np.zeros(len(starts)), np.zeros(len(starts))
    most = np.full(len(starts), -np.inf)
    for step in range(int(sizes.max())):  # from the largest service of each population down
        live = np.flatnonzero(sizes > step)
        at = starts[live] + sizes[live] - 1 - step
        most[live] = np.maximum(most[live], hours[rows[at]])
        below = np.where(step + 1 < sizes[live], customers[rows[np.maximum(at - 1, 0)]], 0.0)
        total[live] += (customers[rows[at]] - below) * most[live]
        alone[live] += out[rows[at]]
    factor = np.where(alone > 0.0, total / np.where(alone > 0.0, alone, 1.0), np.where(np.isnan(alone), np.nan, 1.0))
    members = np.repeat(starts - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes) + np.arange(int(sizes.sum()))
    out[rows[members]] *= np.repeat(factor, sizes)
    return np.asarray(out)


def by_ci(first: FirstOrder, pairs: Array | None) -> Array:
    """Customer-hours a year of each CI (float64[N]): the sum of its pairs; None, where nobody shares customers: to the bit as
    swept."""
    if pairs is None:
        return first.customer_hours
    return np.bincount(_ci_of(first), weights=pairs, minlength=len(first.pair_ptr) - 1)


def by_service(first: FirstOrder, populations: Populations, pairs: Array | None) -> Array:
    """Customer-hours a year of each service (float64[S], NaN where its customers are unknown): its part of what is counted
    once."""
    if pairs is None:
        return np.asarray(first.suffered_hours * populations.customers)
    sums = np.bincount(first.pair_service, weights=pairs, minlength=len(populations.customers))
    return np.where(np.isnan(populations.customers), np.nan, sums)


def of_service(first: FirstOrder, pairs: Array, service: int, positions: Array) -> Array:
    """The values of `pairs` (float64[P]) that belong to one service and to the CIs `positions`; 0 where the CI costs it
    nothing."""
    at = np.flatnonzero(first.pair_service == service)
    by_position = np.zeros(len(first.pair_ptr) - 1)
    by_position[np.searchsorted(first.pair_ptr, at, "right") - 1] = pairs[at]
    return np.asarray(by_position[positions])


def said_of(populations: Populations, services: Array | Sequence[int] | None = None) -> str:
    """What a number of customers of several services (None: of all) rests on, in words; empty where there is nothing to share.

    >>> said_of(Populations(np.array([-1, 0]), np.array([5.0, 5.0]), ("tills",)))
    '1 of 2 services names no customer population: customers it shares are counted once for each service, an upper bound'
    """
    number = np.arange(len(populations.code)) if services is None else np.asarray(services, np.int64)
    number = number[~np.isnan(populations.customers[number])]
    if len(number) < 2:
        return ""
    open_ = int((populations.code[number] < 0).sum())
    if not open_:
        return "customers that services share are counted once"
    verb, they = ("names", "it shares") if open_ == 1 else ("name", "they share")
    return (
        f"{open_:,} of {len(number):,} services {verb} no customer population: customers {they} are counted once for each "
        "service, an upper bound"
    )
