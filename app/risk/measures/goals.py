"""Availability goals: the error budget of a service and what eats it, as Google's risk sheet has it (model 1.6, R7).

A row is one CI whose single outage the service feels: detect, resolve, share of users, interval, bad minutes a year, share of the
budget. One more row holds what only combinations of failures cost, less what overlapping outages were counted twice: so the rows
add up to the total.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.domain.quantities import HOURS_PER_YEAR
from app.risk.jit import Array

MINUTES_PER_YEAR = 60.0 * HOURS_PER_YEAR  # 365.25 days, as in the sheet
FLAGGED = 0.25  # one known risk above this share of the budget is flagged


def budget_minutes(target: float) -> float:
    """Bad minutes a year that a goal allows: (1 - target) * 525,960.

    >>> round(budget_minutes(0.999), 2)
    525.96
    """
    return (1.0 - target) * MINUTES_PER_YEAR


@dataclass(frozen=True, slots=True)
class BudgetSheet:
    """R rows, worst first: minutes, days, shares. `rest_minutes`: combinations of failures less overlaps, so that bad.sum() +
    rest = total."""

    row: Array  # int64[R] index into the arguments
    detect_minutes: Array
    resolve_minutes: Array
    share_of_users: Array
    interval_days: Array
    bad_minutes: Array
    share_of_budget: Array  # NaN without a goal
    flagged: Array  # bool[R]
    rest_minutes: float
    total_minutes: float
    budget_minutes: float  # NaN without a goal


def budget_sheet(
    lost_hours: Array,
    failures_per_year: Array,
    repair_hours: Array,
    total_minutes: float,
    target: float,
    detect_minutes: float = 0.0,
) -> BudgetSheet:
    """The sheet of one service from its first-order part: `lost_hours` float64[R] a year of each CI, weighted by the share lost.

    The restore time covers detection: `detect_minutes` of it are shown as such (at most the whole). The share of users is the
    mean share lost over the outage, so that a failover that interrupts shortly shows as a small share. NaN rows (rate or restore
    time unknown) stay NaN.

    Example by hand: 2 a year, 1.5 h, all users: 180 bad minutes; with a goal of 99.9 % that is 34 % of the 526 allowed, hence
    flagged.
    """
    hours, rate, mean = (np.asarray(part, np.float64) for part in (lost_hours, failures_per_year, repair_hours))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = hours / (rate * mean)
        interval = 365.25 / rate
    bad = 60.0 * hours
    allowed = budget_minutes(target) if target == target else np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        of_budget = bad / allowed if allowed != 0.0 else np.where(bad > 0.0, np.inf, 0.0)
    order = np.lexsort((np.arange(len(bad)), -np.nan_to_num(bad)))
    detect = np.minimum(detect_minutes, 60.0 * mean)
    return BudgetSheet(
        order, detect[order], (60.0 * mean - detect)[order], share[order], interval[order], bad[order], of_budget[order],
        np.nan_to_num(of_budget[order], posinf=np.inf) > FLAGGED, float(total_minutes - np.nansum(bad)), float(total_minutes),
        float(allowed),
    )  # fmt: skip
