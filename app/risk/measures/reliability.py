"""Availability of one CI (model 1.5) and the corrected hours of a service behind several single points (1.6)."""

from __future__ import annotations

import numpy as np

from app.domain.quantities import HOURS_PER_YEAR
from app.risk.jit import Array


def unavailability(failures_per_year: Array, repair_hours: Array) -> Array:
    """U = lambda m / (1 + lambda m), shape as given, share of time down; lambda = failures per year of up time / 8766.

    Alternating renewal in steady state, any distributions with these means (Barlow, Proschan 1975). NaN where a value is NaN.

    >>> f"{float(unavailability(np.array(8.766), np.array(10.0))):.10f}"  # .01 / 1.01
    '0.0099009901'
    """
    load = np.asarray(failures_per_year, dtype=np.float64) / HOURS_PER_YEAR * np.asarray(repair_hours, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(np.asarray(failures_per_year) == 0, 0.0, load / (1.0 + load)))


def failure_frequency(failures_per_year: Array, repair_hours: Array) -> Array:
    """omega = lambda / (1 + lambda m) in failures per calendar year, shape as given.

    >>> f"{float(failure_frequency(np.array(8.766), np.array(10.0))):.8f}"  # 8.766 / 1.01
    '8.67920792'
    """
    rate = np.asarray(failures_per_year, dtype=np.float64)
    return np.asarray(rate / (1.0 + rate / HOURS_PER_YEAR * np.asarray(repair_hours, dtype=np.float64)))


def rate_of_unavailability(share_down: Array, repair_hours: Array) -> Array:
    """Failures per year of up time behind a given U: lambda = U / ((1 - U) m) * 8766; 0 where U = 0, NaN without m or where U =
    1.

    >>> float(rate_of_unavailability(np.array(0.5), np.array(8.0)))  # up 8 h, down 8 h
    1095.75
    """
    down, mean = np.asarray(share_down, dtype=np.float64), np.asarray(repair_hours, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = down / ((1.0 - down) * mean) * HOURS_PER_YEAR
    return np.asarray(np.where(down == 0, 0.0, np.where(np.isfinite(rate), rate, np.nan)))


def union_probability(probabilities: Array) -> float:
    """P(at least one) of independent events, -expm1(sum(log1p(-q))): exact to rounding for rare events too (model 1.1, C12).

    >>> union_probability(np.array([1e-9, 1e-12]))
    1.000999999999e-09
    """
    q = np.asarray(probabilities, dtype=np.float64)
    if q.size and float(q.max()) >= 1.0:
        return 1.0
    return float(-np.expm1(np.log1p(-q).sum()))


def corrected_hours_per_year(unavailabilities: Array) -> float:
    """8766 * (1 - prod(1 - U)) over the single points of one service, hours per year (model 1.6).

    >>> round(corrected_hours_per_year(np.array([0.5, 0.5])), 2)  # first-order hours would say 17532
    6574.5
    """
    return HOURS_PER_YEAR * union_probability(unavailabilities)
