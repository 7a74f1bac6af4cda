"""Loss of an outage over its duration (model 1.6): piecewise linear curves with jumps, expected loss in closed form.

L(d) runs from (0, 0), never falls, and goes on with the last slope of positive length; a jump at t is paid when D > t. With the
survival S(t) = P(D > t): E L(D) = sum slope_k * (E min(D, t_k+1) - E min(D, t_k)) + sum jump_k * S(t_k). D is exponential with
mean m, or lognormal with mean m and sigma (mu = ln m - sigma^2 / 2), or a fixed duration.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.errors import InvalidInput
from app.risk.jit import Array, Floats, inner, kernel

FIXED = -1.0  # in place of sigma: the duration is the mean itself


@kernel
def survival(mean: float, sigma: float, t: float) -> float:
    """P(D > t), t in hours; sigma NaN: exponential, FIXED: a fixed duration.

    >>> f"{survival(4.108866421287775, 1.2, 8.0):.9f}"  # C26: 1 - Phi(ln 4 / 1.2)
    '0.123994994'
    """
    if mean <= 0.0:
        return 0.0
    if sigma == FIXED:
        return 1.0 if mean > t else 0.0
    if t <= 0.0:
        return 1.0
    if math.isnan(sigma):
        return math.exp(-t / mean)
    if sigma == 0.0:
        return 1.0 if mean > t else 0.0
    mu = math.log(mean) - 0.5 * sigma * sigma
    return 0.5 * math.erfc((math.log(t) - mu) / sigma / math.sqrt(2.0))


@inner
def mean_until(mean: float, sigma: float, t: float) -> float:
    """E min(D, t) in hours; t may be infinite (then the mean).

    Lognormal: e^(mu + sigma^2/2) Phi((ln t - mu - sigma^2) / sigma) + t S(t) (C26). Exponential: m (1 - e^(-t/m)).

    >>> f"{mean_until(4.108866421287775, 1.2, 8.0):.8f}"
    '2.97305572'
    """
    if mean <= 0.0 or t <= 0.0:
        return 0.0
    if math.isinf(t):
        return mean
    if sigma == FIXED or sigma == 0.0:
        return min(mean, t)
    if math.isnan(sigma):
        return -mean * math.expm1(-t / mean)
    mu = math.log(mean) - 0.5 * sigma * sigma
    partial = 0.5 * math.erfc(-(math.log(t) - mu - sigma * sigma) / sigma / math.sqrt(2.0))
    return mean * partial + t * survival(mean, sigma, t)


@inner
def mean_between(mean: float, sigma: float, start: float, end: float) -> float:
    """The integral of S from start to end, hours: time of the outage that falls between the two."""
    if math.isnan(sigma) and mean > 0.0:
        tail = 0.0 if math.isinf(end) else math.exp(-end / mean)
        return mean * (math.exp(-start / mean) - tail)
    return mean_until(mean, sigma, end) - mean_until(mean, sigma, start)


@kernel
def curve_loss(hours: Floats, loss: Floats, d: float) -> float:
    """L(d) of a curve by its points, left-continuous: a jump at d itself is not paid yet."""
    total = 0.0
    slope = 0.0
    for k in range(len(hours) - 1):
        if hours[k + 1] > hours[k]:
            slope = (loss[k + 1] - loss[k]) / (hours[k + 1] - hours[k])
            total += slope * (min(d, hours[k + 1]) - min(d, hours[k]))
        elif d > hours[k]:
            total += loss[k + 1] - loss[k]
    if d > hours[-1]:
        total += slope * (d - hours[-1])
    return total


@kernel
def curve_expected(hours: Floats, loss: Floats, mean: float, sigma: float, start: float) -> float:
    """E max(L(D) - L(start), 0): what the outage costs after `start` hours on the service's clock; start = 0: E L(D)."""
    total = 0.0
    slope = 0.0
    for k in range(len(hours) - 1):
        if hours[k + 1] > hours[k]:
            slope = (loss[k + 1] - loss[k]) / (hours[k + 1] - hours[k])
            if hours[k + 1] > start:
                total += slope * mean_between(mean, sigma, max(start, hours[k]), hours[k + 1])
        elif hours[k] >= start:
            total += (loss[k + 1] - loss[k]) * survival(mean, sigma, hours[k])
    return total + slope * mean_between(mean, sigma, max(start, hours[-1]), math.inf)


@dataclass(frozen=True, slots=True)
class LossCurve:
    """Points (hours, loss) as two float64 arrays, both non-decreasing, the first (0, 0)."""

    hours: Array
    loss: Array

    @classmethod
    def of(cls, points: Sequence[tuple[float, float]] | Sequence[Sequence[float]]) -> LossCurve:
        """Checked points; (0, 0) is put in front where it is missing. InvalidInput names what is wrong."""
        table = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        if not len(table) or not np.isfinite(table).all() or (table < 0).any():
            raise InvalidInput("a loss curve needs points of finite hours and losses, none negative")
        if (np.diff(table, axis=0) < 0).any():
            raise InvalidInput("hours and losses of a loss curve must not fall")
        if table[0].any():
            table = np.vstack([np.zeros((1, 2)), table])
        return cls(table[:, 0].copy(), table[:, 1].copy())

    @classmethod
    def linear(cls, money_per_hour: float) -> LossCurve:
        """Money per hour for as long as it lasts."""
        if 0.0 <= money_per_hour < math.inf:
            return cls(np.array([0.0, 1.0]), np.array([0.0, money_per_hour]))
        return cls.of(((0.0, 0.0), (1.0, money_per_hour)))

    def at(self, duration_hours: float) -> float:
        """L(d), left-continuous.

        >>> LossCurve.of([(0, 0), (1, 10e3), (4, 100e3), (24, 2e6)]).at(30)  # C24: the last slope goes on
        2570000.0
        """
        return float(curve_loss(self.hours, self.loss, float(duration_hours)))

    def expected(self, mean_hours: float, sigma: float = math.nan, after_hours: float = 0.0) -> float:
        """E L(D) for a restore time of that mean, exponential (sigma NaN) or lognormal; see `curve_expected` for after_hours.

        >>> f"{LossCurve.of([(0, 0), (1, 10e3), (4, 100e3), (24, 2e6)]).expected(4.0):.3f}"  # C24
        '197952.717'
        """
        return float(curve_expected(self.hours, self.loss, float(mean_hours), float(sigma), float(after_hours)))
