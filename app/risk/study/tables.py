"""The study's tables: areas ranked by both parts together, with the spread of the outer draws (model 1.6, 1.8, 1.13)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from app.risk.first_order.areas import add_up
from app.risk.first_order.totals import ServiceTotals, Totals
from app.risk.jit import Array
from app.risk.sampling.intervals import clopper_pearson
from app.risk.sampling.worlds import Worlds
from app.risk.study.estate_redundancy import EXACT, EstateRedundancy
from app.risk.study.uncertainty import OuterDraws, drawn_areas, spread_of

FOLLOWED = 2_000  # areas of a kind that are ranked by draws
K = 10
COLUMNS = {"money_per_year": "money", "customer_hours_per_year": "customer_hours", "service_hours_per_year": "hours"}
PAIRS = {"money_per_year": "pair_money", "customer_hours_per_year": "pair_hours", "service_hours_per_year": "pair_hours"}


@dataclass(frozen=True, slots=True)
class AreaTable:
    """A areas, worst total first. NaN: unknown, or (spread columns) beyond the areas that are followed; `group` 0 there."""

    area: Array  # int64[A] code
    members: Array  # int64[A]
    first: Array  # float64[A]
    redundancy: Array  # float64[A]
    share: Array  # float64[A] of the total
    low: Array
    high: Array
    p_worst: Array
    expected_rank: Array
    group: Array  # int64[A]

    def to_arrays(self, prefix: str) -> dict[str, Array]:
        return {f"{prefix}.{entry.name}": getattr(self, entry.name) for entry in fields(self)}

    @classmethod
    def from_arrays(cls, prefix: str, arrays: Mapping[str, Array]) -> Self:
        return cls(**{entry.name: arrays[f"{prefix}.{entry.name}"] for entry in fields(cls)})


def _table(area: Array, members: Array, first: Array, more: Array, drawn: Callable[[Array], Array]) -> AreaTable:
    """`drawn` gives the first-order draws of some areas (places in the given arrays); the redundancy part is added at its
    value."""
    total = first + more
    order = np.lexsort((area, -np.nan_to_num(total)))
    followed = order[:FOLLOWED]
    spread = spread_of(drawn(followed) + np.nan_to_num(more[followed])[:, None], K)
    sum_ = float(np.nansum(total))
    share = np.nan_to_num(total[order]) / sum_ if sum_ else np.zeros(len(order))

    def padded(column: Array) -> Array:
        return np.concatenate([column, np.full(len(order) - len(column), np.nan)])

    group = np.concatenate([spread.group, np.zeros(len(order) - len(spread.group), np.int64)])
    return AreaTable(
        area[order], members[order], first[order], more[order], share, padded(spread.low), padded(spread.high),
        padded(spread.p_worst),
        padded(spread.expected_rank), group,
    )  # fmt: skip


def ci_table(totals: Totals, more: EstateRedundancy, measure: str, outer: OuterDraws, shift: Array) -> AreaTable:
    """Every CI as an area of its own; `shift` float64[N]: by how much stated ranges move what is expected."""
    count = len(outer.ci_id)

    def drawn(places: Array) -> Array:
        codes = np.full(count, -1, np.int64)
        codes[places] = np.arange(len(places))
        return drawn_areas(outer, codes, len(places))

    first = totals.values()[measure] + shift
    return _table(np.arange(count), np.ones(count, np.int64), first, getattr(more, COLUMNS[measure]), drawn)


def grouped_table(
    codes: Array, drawn: Array, totals: Totals, more: EstateRedundancy, measure: str, shift: Array
) -> tuple[AreaTable, Array]:
    """Areas by an attribute of their CIs, `codes` int[N], from their draws (float64[A, draws]); and the drawn total of the estate
    (float64[draws])."""
    count = len(drawn)
    first = add_up(codes, count, totals.values()[measure] + shift)
    parts = add_up(codes, count, getattr(more, COLUMNS[measure]))
    members = np.bincount(codes[codes >= 0], minlength=count)
    there = np.flatnonzero(members > 0)
    table = _table(there, members[there], first[there], parts[there], lambda places: drawn[there[places]])
    return table, np.asarray(drawn.sum(axis=0) + float(np.nansum(parts)))


def service_table(
    customers: Array, suffered: ServiceTotals, more: EstateRedundancy, measure: str, drawn: Array, shift: Array
) -> AreaTable:
    """Services (`customers` float64[S], NaN unknown) by what they suffer, from their draws (float64[S, draws]); `shift`
    float64[S]: by how much stated ranges move it."""
    scale = np.nan_to_num(customers) if measure == "customer_hours_per_year" else np.ones(len(customers))
    alone = {"money_per_year": suffered.money, "customer_hours_per_year": suffered.customer_hours}.get(
        measure, suffered.service_hours
    )
    parts = more.service_money if measure == "money_per_year" else more.service_hours * scale
    every = np.arange(len(customers))
    return _table(every, suffered.single_points, alone + shift, np.nan_to_num(parts), lambda places: drawn[places])


@dataclass(frozen=True, slots=True)
class PartSums:
    """Redundancy part of one measure over all services, by how it was got; `low`, `high`: ends of the simulated sum (NaN: none
    are given)."""

    exact: float
    simulated: float
    low: float
    high: float


def part_of(more: EstateRedundancy, measure: str, weight: Array | None = None) -> PartSums:
    """`measure`: hours, money, breaches; weight: float64[S]. The ends are the sums of the services' ends, so at least as sure as
    each of them.

    Example by hand: an exact service with -1, a simulated one with 3 (2, 5): exact -1, simulated 3 (2, 5).
    """
    scale = np.ones(len(more.method)) if weight is None else weight
    sampled = more.samples > 0

    def sum_of(name: str, chosen: Array) -> float:
        return float(np.nansum((getattr(more, name) * scale)[chosen]))

    exact = sum_of(f"service_{measure}", ~sampled)
    simulated = sum_of(f"service_{measure}", sampled)
    if measure == "breaches":
        return PartSums(exact, simulated, np.nan if sampled.any() else 0.0, np.nan if sampled.any() else 0.0)
    return PartSums(exact, simulated, sum_of(f"{measure}_low", sampled), sum_of(f"{measure}_high", sampled))


@dataclass(frozen=True, slots=True)
class Agreement:
    """Sampled worlds beside the exact engine, S services."""

    q: Array  # float64[S]
    low: Array  # float64[S] 95 %
    high: Array
    compared: int
    agree: int


def agreement(worlds: Worlds, more: EstateRedundancy) -> Agreement:
    """The exact value lies in a 95 % interval for about 95 of 100 services.

    Example by hand: Q = .5 exact, 2,040 of 4,096 worlds down: the interval (.482, .514) holds it.
    """
    low, high = clopper_pearson(worlds.failed, np.full(len(worlds.failed), worlds.worlds))
    exact = more.method == EXACT
    inside = exact & (more.q >= low) & (more.q <= high)
    return Agreement(worlds.failed / max(1, worlds.worlds), low, high, int(exact.sum()), int(inside.sum()))


def figures(drawn: Array) -> tuple[float, float, float]:
    """5 %, median and 95 % of the estate's drawn total.

    >>> figures(np.arange(101.0))
    (5.0, 50.0, 95.0)
    """
    low, middle, high = np.quantile(drawn, (0.05, 0.5, 0.95)).tolist()
    return low, middle, high
