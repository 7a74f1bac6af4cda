"""What the sweep finds: one row a CI, one row a (CI, service) pair that costs something, and their sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import NamedTuple, Self

import numpy as np

from app.risk.jit import Array, Bools, Floats, Int32s, Int64s


class Rows(NamedTuple):
    """One row a CI: counts, and expected values of a year (see FirstOrder)."""

    failed: Int32s
    degraded: Int32s
    services_down: Int32s
    services_degraded: Int32s
    service_hours: Floats
    customer_hours: Floats
    money: Floats
    breaches: Floats
    customers_unknown: Int32s
    money_unknown: Int32s
    simulated: Bools
    hours_error: Floats
    customer_error: Floats
    money_error: Floats


COUNTS = ("failed", "degraded", "services_down", "services_degraded", "customers_unknown", "money_unknown")


def fresh_rows(size: int) -> Rows:
    """Rows of `size` CIs, all zero."""
    kind = {**dict.fromkeys(Rows._fields, np.float64), **dict.fromkeys(COUNTS, np.int32), "simulated": np.bool_}
    return Rows(**{name: np.zeros(size, kind[name]) for name in Rows._fields})


class Pairs(NamedTuple):
    """P pairs in the order of their CIs, then of services: what the outage of a CI costs one service a year."""

    ptr: Int64s  # int64[N+1] pairs of CI i are ptr[i]:ptr[i+1]
    service: Int32s  # int32[P]
    hours: Floats  # float64[P], NaN: rate or restore time unknown
    money: Floats  # float64[P], NaN unknown
    breaches: Floats  # float64[P]


@dataclass(frozen=True, slots=True)
class FirstOrder:
    """N CIs by position, S services. Years are calendar years of 8,766 h, rates those of up time; NaN: the rate or restore time
    is unknown.

    `services_down`, `services_degraded`: how many services the outage stops or degrades (failovers aside). Loss columns: expected
    a year, over the services whose customers or money are known; `*_unknown` counts those hit whose are not. `simulated`: some
    failover outcomes were sampled. Single points of failure: services of CI i that it stops alone are
    point_service[point_ptr[i]:point_ptr[i+1]].
    """

    failed: Array  # int32[N] CIs down, itself included
    degraded: Array  # int32[N] degraded CIs that matter to a service
    services_down: Array  # int32[N]
    services_degraded: Array  # int32[N]
    service_hours: Array  # float64[N] a year
    customer_hours: Array  # float64[N] a year
    money: Array  # float64[N] a year
    breaches: Array  # float64[N] MTPD breaches a year
    customers_unknown: Array  # int32[N]
    money_unknown: Array  # int32[N]
    simulated: Array  # bool[N]
    hours_error: Array  # float64[N] standard error of service_hours where outcomes were sampled, else 0
    customer_error: Array  # float64[N] of customer_hours
    money_error: Array  # float64[N] of money
    point_ptr: Array  # int64[N+1]
    point_service: Array  # int32
    pair_ptr: Array  # int64[N+1] see Pairs
    pair_service: Array  # int32[P]
    pair_hours: Array  # float64[P]
    pair_money: Array  # float64[P]
    pair_breaches: Array  # float64[P]
    suffered_hours: Array  # float64[S] a year
    suffered_money: Array  # float64[S] a year, NaN unknown
    suffered_breaches: Array  # float64[S] a year
    suffered_points: Array  # int32[S] single points that can fail

    def to_arrays(self) -> dict[str, Array]:
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        return cls(**{entry.name: arrays[entry.name] for entry in fields(cls)})


def first_order_of(
    rows: Rows, point_ptr: Array, point_service: Array, pairs: Pairs, can_fail: Array, services: int
) -> FirstOrder:
    """Put it together; what each service suffers is the sum of its pairs, in their order.

    Example by hand (C35): db costs shop 3 hours and crm 3 hours a year: two pairs, each service suffers 3.
    """
    point_ci = np.repeat(np.arange(len(point_ptr) - 1), np.diff(point_ptr))
    return FirstOrder(
        **rows._asdict(), point_ptr=point_ptr, point_service=point_service, pair_ptr=pairs.ptr, pair_service=pairs.service,
        pair_hours=pairs.hours,
        pair_money=pairs.money, pair_breaches=pairs.breaches, suffered_hours=_by_service(pairs.service, pairs.hours, services),
        suffered_money=_by_service(pairs.service, pairs.money, services),
        suffered_breaches=_by_service(pairs.service, pairs.breaches, services),
        suffered_points=np.bincount(point_service[can_fail[point_ci]], minlength=services).astype(np.int32),
    )  # fmt: skip


def _by_service(service: Array, values: Array, services: int) -> Array:
    return np.bincount(service, weights=values, minlength=services)
