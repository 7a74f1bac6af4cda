"""First-order columns as measures: what is known is a number, what is not is NaN, and what only pairs of failures can cost is
marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.domain.quantities import NORMAL_95
from app.risk.first_order.pairs import FirstOrder
from app.risk.first_order.sweep import Contributions
from app.risk.graph.compiled import AT_REST_DOWN, SERVES, CompiledGraph
from app.risk.jit import Array
from app.risk.measures.reliability import union_probability
from app.risk.outage.rates_and_exposures import can_fail


@dataclass(frozen=True, slots=True)
class Totals:
    """N CIs by position. NaN: unknown (nobody gave money or customers for any service hit, or the rate is unknown)."""

    services_hit: Array  # float64[N], stopped or degraded
    service_hours: Array
    customer_hours: Array
    money: Array
    not_counted: Array  # bool[N] can fail, serves some service, yet its single outage costs nothing: only pairs could

    def values(self) -> Mapping[str, Array]:
        """The measures a ranking can go by."""
        return {
            "money_per_year": self.money, "customer_hours_per_year": self.customer_hours,
            "service_hours_per_year": self.service_hours,
            "services_hit": self.services_hit,
        }  # fmt: skip

    def sums(self) -> dict[str, float | None]:
        """Totals over all CIs; None where no CI has a known value."""
        return {
            name: None if len(column) == 0 or np.isnan(column).all() else float(np.nansum(column))
            for name, column in self.values().items()
        }


def totals_of(compiled: CompiledGraph, first: FirstOrder, customer_hours: Array | None = None) -> Totals:
    """Measures of every CI; `customer_hours` float64[N]: with shared customers counted once (`populations`), default as swept.

    Example by hand: db hits shop (1000 customers, money unknown): customer-hours are known, money is NaN, not 0.
    """
    hits = (first.services_down + first.services_degraded).astype(np.float64)
    money = np.where((first.money_unknown > 0) & (first.money == 0), np.nan, first.money)
    hours = first.customer_hours if customer_hours is None else customer_hours
    customers = np.where((first.customers_unknown > 0) & (hours == 0), np.nan, hours)
    serves = (compiled.flat.flags & SERVES) != 0
    return Totals(
        hits,
        first.service_hours,
        customers,
        money,
        can_fail(compiled) & serves & (hits == 0) & (np.nan_to_num(first.service_hours) == 0),
    )


def origin_counts(origin: Array, row: Array, count: int) -> list[int]:
    """How many assessed CIs have a rate of each origin."""
    return [int(number) for number in np.bincount(origin[row], minlength=count)]


@dataclass(frozen=True, slots=True)
class ServiceTotals:
    """S services. NaN unknown, and where the service is down at rest: its standing outage is charged to nobody. `not_counted`:
    needs something, and no single outage costs it anything."""

    service_hours: Array
    customer_hours: Array
    money: Array
    single_points: Array  # int64[S]
    down_at_rest: Array  # bool[S]
    not_counted: Array  # bool[S]


def service_totals(compiled: CompiledGraph, first: FirstOrder, customer_hours: Array | None = None) -> ServiceTotals:
    """What each service suffers a year, first order; `customer_hours` float64[S]: its part where customers are shared."""
    flat, position = compiled.flat, compiled.service_position
    needs = (
        (flat.reverse_ptr[position + 1] > flat.reverse_ptr[position]) | (flat.group_ptr[position + 1] > flat.group_ptr[position])
        | (flat.soft_reverse_ptr[position + 1] > flat.soft_reverse_ptr[position])
    )  # fmt: skip
    down = (flat.flags[position] & AT_REST_DOWN) != 0
    quiet = np.nan_to_num(first.suffered_hours, nan=1.0) == 0
    curved = np.diff(compiled.curve_ptr) > 0
    money = np.where(np.isnan(compiled.money_per_hour) & ~curved, np.nan, first.suffered_money)
    customers = first.suffered_hours * compiled.customers if customer_hours is None else customer_hours
    return ServiceTotals(
        np.where(down, np.nan, first.suffered_hours),
        np.where(down, np.nan, customers),
        np.where(down, np.nan, money),
        first.suffered_points.astype(np.int64),
        down,
        needs & quiet & ~down,
    )


def points_of(first: FirstOrder, service: int) -> Array:
    """Positions whose outage alone stops a service (whether or not they can fail), ascending."""
    at = np.flatnonzero(first.point_service == service)
    return np.searchsorted(first.point_ptr, at, "right") - 1


def services_of(first: FirstOrder, position: int) -> Array:
    """Numbers of the services that a CI's outage alone stops."""
    return first.point_service[int(first.point_ptr[position]) : int(first.point_ptr[position + 1])]


def corrected_hours(compiled: CompiledGraph, positions: Array) -> float:
    """8,766 * (1 - prod(1 - U)) over single points: hours a year that do not count overlaps twice; NaN where a U is unknown."""
    down = compiled.unavailability[positions]
    return float("nan") if np.isnan(down).any() else 8766.0 * union_probability(down)


def half_widths(errors: FirstOrder | Contributions, rows: Any) -> dict[str, float]:
    """Half the width of the 95 % interval of each measure over some rows together (their draws are independent); empty where all
    is exact.

    Example by hand: two CIs with standard errors of 3 and 4 hours a year: 1.96 * 5 hours.
    """
    found = {
        "money_per_year": errors.money_error[rows], "customer_hours_per_year": errors.customer_error[rows],
        "service_hours_per_year": errors.hours_error[rows],
    }  # fmt: skip
    return {name: NORMAL_95 * float(np.sqrt(np.sum(np.square(part)))) for name, part in found.items() if np.any(part > 0)}
