"""What a change did, from the outages before and after it: the loss a year taken away, with its interval (model 1.13).

Before and after are drawn apart. The rate of outages: Gamma(.5 + n, T) (Jeffreys). The mean length: lognormal, with the variance
of the class worth twenty outages beside those seen, flat in its median, at most 30 days. W watched CIs add up, each by what an
hour of it costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.risk.jit import Array

DRAWS = 4000
VARIANCE_WEIGHT = 20.0  # outages that the variance of the class is worth [a proposal, see docs/model.md]
LONGEST_HOURS = 720.0


@dataclass(frozen=True, slots=True)
class Period:
    """What was seen of one CI in a time: `outages` that began in `years` of observation, and the hours of those that ended."""

    years: float
    outages: int
    hours: Sequence[float]


@dataclass(frozen=True, slots=True)
class Watched:
    before: Period
    after: Period
    loss_per_hour: float
    sigma: float  # of the logarithm of single outages, by class


@dataclass(frozen=True, slots=True)
class Taken:
    """Loss a year taken away: the mean, and the 90 % interval."""

    less: float
    low: float
    high: float


def measured_effect(watched: Sequence[Watched], seed: int = 0, draws: int = DRAWS) -> Taken | None:
    """The effect over all watched CIs; None where one was not observed before and after, or none ever had an outage that ended.

    Example by hand: 20 outages of 1 h in 2 years before, 10 in 2 years after, 100 an hour: about (10.25 - 5.25) * 100 = 500 a
    year, times what the spread of the lengths adds to the mean.
    """
    if not watched or any(one.before.years <= 0 or one.after.years <= 0 for one in watched):
        return None
    if not any(len(one.before.hours) + len(one.after.hours) for one in watched):
        return None
    rng = np.random.default_rng(seed)
    total = np.zeros(draws)
    for one in watched:
        both = [*one.before.hours, *one.after.hours]
        if not both:  # nothing of it was ever seen to end, so nothing of it is known
            continue
        for period, sign in ((one.before, 1.0), (one.after, -1.0)):
            rate = rng.gamma(0.5 + period.outages, 1.0 / period.years, draws)
            length = _mean_hours(np.asarray(period.hours or both), one.sigma, rng, draws)
            total += sign * rate * length * one.loss_per_hour
    low, high = np.quantile(total, [0.05, 0.95])
    return Taken(float(total.mean()), float(low), float(high))


def _mean_hours(hours: Array, sigma: float, rng: np.random.Generator, draws: int) -> Array:
    logs = np.log(np.maximum(hours, 1.0 / 60.0))
    count = len(logs)
    squares = float(((logs - logs.mean()) ** 2).sum())
    free = VARIANCE_WEIGHT + count - 1.0
    variance = (VARIANCE_WEIGHT * sigma**2 + squares) / rng.chisquare(free, draws)
    median = rng.normal(logs.mean(), np.sqrt(variance / count))
    return np.asarray(np.exp(np.minimum(median + variance / 2.0, np.log(LONGEST_HOURS))))
