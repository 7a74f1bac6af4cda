"""Problem areas: loss attributed to the CI that started it, added up by an attribute; each column adds up to the same total.

Letters: N CIs, A areas. Unknown money or customers are NaN in the sums' inputs' counts, never zero: an area whose every loss is
unknown is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.columns import Categorical
from app.domain.errors import InvalidInput
from app.risk.first_order.pairs import FirstOrder
from app.risk.first_order.totals import ServiceTotals, Totals
from app.risk.graph.compiled import CompiledGraph
from app.risk.graph.ragged import ptr_of, spans
from app.risk.jit import Array

MEASURES = ("money_per_year", "customer_hours_per_year", "service_hours_per_year", "services_hit")


@dataclass(frozen=True, slots=True)
class Ranking:
    """Areas worst first: `area` codes (A), each measure by area in the same order, the measure ranked by, its total, shares
    adding up to 1."""

    area: Array  # int64[A]
    members: Array  # int64[A] CIs of the area
    values: Mapping[str, Array]  # float64[A] by measure
    measure: str
    total: float
    share: Array  # float64[A]


def measure_of(values: Mapping[str, Array]) -> str:
    """The measure a ranking goes by: money, else customer-hours, else service-hours, else services hit: the first that knows a
    loss at all.

    >>> no_money, no_customers, hours = np.array([np.nan]), np.array([0.0]), np.array([2.0])
    >>> measure_of({"money_per_year": no_money, "customer_hours_per_year": no_customers, "service_hours_per_year": hours})
    'service_hours_per_year'
    """
    for name in MEASURES[:-1]:
        if name in values and np.nansum(values[name]) > 0:
            return name
    return MEASURES[-1]


def add_up(codes: Array, count: int, values: Array) -> Array:
    """Sums by code (float64[count]); rows with code < 0 are left out; an area where every row is NaN is NaN.

    >>> add_up(np.array([0, 1, 1, 1]), 3, np.array([np.nan, 1.0, np.nan, 2.0])).tolist()
    [nan, 3.0, 0.0]
    """
    inside = codes >= 0
    known = inside & ~np.isnan(values)
    sums = np.bincount(codes[known], weights=values[known], minlength=count).astype(np.float64)
    rows, heard = np.bincount(codes[inside], minlength=count), np.bincount(codes[known], minlength=count)
    sums[(rows > 0) & (heard == 0)] = np.nan
    return sums


def rank(codes: Array, count: int, values: Mapping[str, Array], measure: str, tie: Array | None = None) -> Ranking:
    """Areas by falling `measure`, ties by `tie` (int[count], default the code). `codes` int[N]: the area of each CI, -1 none.

    Shares are of the measure's total over all areas and add up to 1 (0 everywhere where the total is 0). InvalidInput for an
    unknown measure.
    """
    if measure not in values:
        raise InvalidInput(f"no measure {measure}")
    sums = {name: add_up(codes, count, column) for name, column in values.items()}
    members = np.bincount(codes[codes >= 0], minlength=count)
    present = np.flatnonzero(members)
    by = np.nan_to_num(sums[measure][present])
    order = present[np.lexsort((present if tie is None else tie[present], -by))]
    total = float(np.nansum(sums[measure]))
    share = np.nan_to_num(sums[measure][order]) / total if total > 0 else np.zeros(len(order))
    return Ranking(order, members[order], {name: column[order] for name, column in sums.items()}, measure, total, share)


def category_codes(compiled: CompiledGraph, category: Categorical | None) -> tuple[Array, int]:
    """The area of each CI by position (int64[N]) and how many areas there are; None: each CI its own. CIs without a value share
    the last."""
    if category is None:
        return np.arange(len(compiled)), len(compiled)
    codes = np.asarray(category.codes)[compiled.row].astype(np.int64)
    return np.where(codes < 0, len(category.values), codes), len(category.values) + 1


def rank_services(services: ServiceTotals, measure: str) -> Ranking:
    """Services by what they suffer, in the measure of the other rankings; `members` are their single points."""
    count = len(services.service_hours)
    values = {
        "money_per_year": services.money, "customer_hours_per_year": services.customer_hours,
        "service_hours_per_year": services.service_hours,
        "services_hit": services.single_points.astype(np.float64),
    }  # fmt: skip
    made = rank(np.arange(count), count, values, measure)
    return Ranking(made.area, services.single_points[made.area], made.values, measure, made.total, made.share)


def rows_of(first: FirstOrder, area: int, service: bool = False) -> Array:
    """Positions of the CIs of an area that is a CI or a service: itself; of a service its single points."""
    if service:
        return np.asarray(np.searchsorted(first.point_ptr, np.flatnonzero(first.point_service == area), "right") - 1)
    return np.asarray([area])


def members_by_area(codes: Array, count: int) -> tuple[Array, Array]:
    """Positions of the CIs of all areas one after the other, ascending in each, and where each begins (int64[count + 1]).

    >>> [part.tolist() for part in members_by_area(np.array([1, 0, 1]), 3)]
    [[1, 0, 2], [0, 1, 3, 3]]
    """
    return np.argsort(codes, kind="stable"), ptr_of(np.bincount(codes, minlength=count))


def inputs_of(service_hours: Array, origin: Array, rows: Array, names: Sequence[str]) -> dict[str, float]:
    """Share of the lost service-hours of `rows` that rests on rates of each origin; without any loss, the share of the CIs.

    >>> inputs_of(np.array([3.0, 1.0]), np.array([1, 2]), np.array([0, 1]), ("unknown", "measured", "declared"))
    {'measured': 0.75, 'declared': 0.25}
    """
    if len(rows) == 1:
        return {names[origin[rows[0]]]: 1.0}
    weight = np.nan_to_num(service_hours[rows])
    if weight.sum() <= 0:
        weight = np.ones(len(rows))
    sums = np.bincount(origin[rows], weights=weight, minlength=len(names))
    total = sums.sum()
    return {name: float(part / total) for name, part in zip(names, sums, strict=True) if part > 0} if total > 0 else {}


def services_stopped(first: FirstOrder, rows: Array) -> Array:
    """Numbers of the services that the CIs `rows` stop, each CI alone; ascending."""
    return _services(first.point_ptr, first.point_service, rows)


def services_cost(first: FirstOrder, rows: Array) -> Array:
    """Numbers of the services that the CIs `rows` cost something, each CI alone; ascending."""
    return _services(first.pair_ptr, first.pair_service, rows)


def services_felt(first: FirstOrder, position: int) -> tuple[int, int]:
    """How many services one CI stops, and how many others it costs something.

    Example by hand: it stops S and degrades T: (1, 1).
    """
    stopped = first.point_service[first.point_ptr[position] : first.point_ptr[position + 1]].tolist()
    cost = first.pair_service[first.pair_ptr[position] : first.pair_ptr[position + 1]].tolist()
    return len(stopped), len(set(cost).difference(stopped))


def _services(ptr: Array, services: Array, rows: Array) -> Array:
    return np.flatnonzero(np.bincount(services[spans(ptr[rows], ptr[rows + 1] - ptr[rows])]))


def scores_of(totals: Totals) -> dict[str, Array]:
    """The score columns kept with the CIs: rank (1 worst, NaN without a loss) and the measures."""
    values = totals.values()
    size = len(totals.money)
    ranking = rank(np.arange(size), size, values, measure_of(values))
    place = np.full(size, np.nan)
    place[ranking.area] = np.arange(1, size + 1)
    place[(totals.services_hit == 0) & ~(totals.service_hours > 0)] = np.nan
    return {
        "score_rank": place, "score_services_hit": totals.services_hit, "score_service_hours_per_year": totals.service_hours,
        "score_customer_hours_per_year": totals.customer_hours, "score_money_per_year": totals.money,
    }  # fmt: skip
