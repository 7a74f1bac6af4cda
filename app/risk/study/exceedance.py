"""Loss exceedance: the largest event of a year (OEP) and the sum of a year (AEP), from simulated years or from a list of events
(model 1.12).

A year's sum is never below its largest event, so AEP >= OEP; both hold for curves of the same simulated years.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.risk.jit import Array
from app.risk.sampling.events import BLOCK_YEARS
from app.risk.sampling.intervals import Interval, mean_interval, quantile_interval, z_value
from app.risk.sampling.years_summary import Estimate
from app.risk.study.year_losses import YearLosses

PERIODS = (10.0, 100.0)


@dataclass(frozen=True, slots=True)
class Level:
    """Loss that is exceeded once in `period_years` on average, and the mean of the years beyond it, each with an interval."""

    period_years: float
    loss: Estimate
    tail_value: Estimate


@dataclass(frozen=True, slots=True)
class Exceedance:
    """Both curves of a set of simulated years."""

    years: int
    annual_loss: Estimate  # EAL
    aep: tuple[Level, ...]
    oep: tuple[Level, ...]


def exceedance_of(losses: YearLosses, periods: Sequence[float] = PERIODS, level: float = 0.95) -> Exceedance:
    """EAL by batch means over blocks; 1-in-k losses by order statistics; tail values with a normal interval. Years count as
    independent.

    Example by hand: years with sums 1, 2, .. 100: EAL 50.5, 1 in 10: 90, the mean beyond it 95.5.
    """
    batches = losses.sums.reshape(-1, BLOCK_YEARS).mean(axis=1)
    mean = Estimate(float(batches.mean()) if len(batches) else math.nan, mean_interval(batches, level))
    return Exceedance(
        len(losses.sums), mean, tuple(level_of(losses.sums, period, level) for period in periods),
        tuple(level_of(losses.largest, period, level) for period in periods),
    )  # fmt: skip


def level_of(values: Array, period_years: float, level: float = 0.95) -> Level:
    """The 1-in-k value of float64[Y] yearly values and the mean of the Y / k largest; NaN where there are fewer years than k.

    Interval of the mean beyond q (Manistre, Hancock 2005): variance (s^2 beyond + (1 - 1/k) (mean - q)^2) / (Y / k).

    Example by hand: 1, 2, .. 100, once in 10 years: 90 is exceeded in 10 of 100 years, the mean of 91 .. 100 is 95.5.
    """
    ordered = np.sort(values)
    count, share = len(ordered), 1.0 / period_years
    beyond = count * share
    if beyond < 1.0:
        nothing = Estimate(math.nan, Interval(math.nan, math.nan))
        return Level(period_years, nothing, nothing)
    at = max(math.ceil(count * (1.0 - share) - 1e-9), 1)
    loss = Estimate(float(ordered[at - 1]), quantile_interval(ordered, 1.0 - share, level))
    tail = ordered[count - max(int(beyond + 1e-9), 1) :]
    mean = float(tail.mean())
    if len(tail) < 2:
        return Level(period_years, loss, Estimate(mean, Interval(-math.inf, math.inf)))
    half = z_value(level) * math.sqrt((float(tail.var(ddof=1)) + (1.0 - share) * (mean - loss.value) ** 2) / len(tail))
    return Level(period_years, loss, Estimate(mean, Interval(mean - half, mean + half)))


def empirical(values: Array, at: Array) -> Array:
    """Share of yearly values (float64[Y]) above each of float64[T]: AEP of sums, OEP of largest events.

    >>> empirical(np.array([0.0, 5.0, 7.0, 7.0]), np.array([0.0, 5.0, 7.0])).tolist()
    [0.75, 0.5, 0.0]
    """
    ordered = np.sort(values)
    return np.asarray((len(ordered) - np.searchsorted(ordered, np.asarray(at, np.float64), "right")) / len(ordered))


def points_of_curve(losses: YearLosses, points: int = 60) -> list[tuple[float, float, float]]:
    """(loss, share of years with a larger event, share with a larger sum), at losses spread evenly over the logarithm from the
    smallest yearly sum above 0 to the largest.

    Example by hand: years with sums 0 and 8 and largest events 0 and 5: at 5 no event is larger, half of the sums are.
    """
    some = losses.sums[losses.sums > 0.0]
    if not len(some):
        return []
    at = np.unique(np.geomspace(float(some.min()), float(some.max()), points))
    return list(zip(at.tolist(), empirical(losses.largest, at).tolist(), empirical(losses.sums, at).tolist(), strict=True))
