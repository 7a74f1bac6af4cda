"""Intervals of simulated numbers, each with its assumption, and how many worlds a wanted precision costs (model 1.9).

scipy.special takes a quarter of a second to import, so each function that needs it does so itself.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from app.domain.errors import InvalidInput
from app.risk.jit import Array


class Interval(NamedTuple):
    """Bounds of a two-sided interval, in the unit of the estimate."""

    low: float
    high: float


class Intervals(NamedTuple):
    """The same for arrays of estimates: float64[...]."""

    low: Array
    high: Array


def z_value(level: float) -> float:
    """The normal quantile of a two-sided interval; InvalidInput unless 0 < level < 1.

    >>> round(z_value(0.95), 6)
    1.959964
    """
    from scipy.special import ndtri

    if not 0.0 < level < 1.0:
        raise InvalidInput("a confidence level lies between 0 and 1", level=level)
    return float(ndtri(0.5 + level / 2.0))


def wilson(hits: Array, trials: Array, level: float = 0.95) -> Intervals:
    """Of a probability, from `hits` of `trials` (arrays of one shape, hits may be fractional): {p : |k/n - p| <= z sqrt(p (1 - p)
    / n)}.

    Close to its level on average, may fall short of it for some p (Wilson 1927). No trials: (0, 1).

    >>> [round(float(x), 4) for x in wilson(1, 10)]   # z = 1.96: (.1 + .192 -+ .2618 * ...) / 1.384
    [0.0179, 0.4042]
    """
    k, n = np.asarray(hits, np.float64), np.asarray(trials, np.float64)
    z = z_value(level)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = k / n
        centre = share + z * z / (2.0 * n)
        half = z * np.sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n))
        low, high = (centre - half) / (1.0 + z * z / n), (centre + half) / (1.0 + z * z / n)
    low, high = np.where(k <= 0, 0.0, np.maximum(low, 0.0)), np.where(k >= n, 1.0, np.minimum(high, 1.0))
    return Intervals(np.where(n > 0, low, 0.0), np.where(n > 0, high, 1.0))


def clopper_pearson(hits: Array, trials: Array, level: float = 0.95) -> Intervals:
    """Of a probability, from `hits` of `trials` (arrays of one shape): beta quantiles; never covers less than its level (Clopper,
    Pearson 1934).

    Zero hits: the upper limit 1 - ((1 - level) / 2)^(1/n), about 3.7 / n at 95 %; `zero_hits_limit` is the one-sided 3 / n.

    >>> [round(float(x), 4) for x in clopper_pearson(1, 10)]
    [0.0025, 0.445]
    """
    from scipy.special import betaincinv

    k, n = np.broadcast_arrays(np.asarray(hits, np.float64), np.asarray(trials, np.float64))
    z_value(level)
    tail = (1.0 - level) / 2.0
    inner = (k > 0) & (n > 0)
    low = np.where(inner, betaincinv(np.maximum(k, 0.5), np.maximum(n - k + 1.0, 0.5), tail), 0.0)
    inner = (k < n) & (n > 0)
    high = np.where(inner, betaincinv(k + 1.0, np.maximum(n - k, 0.5), 1.0 - tail), 1.0)
    return Intervals(low, high)


def zero_hits_limit(trials: float, level: float = 0.95) -> float:
    """One-sided upper limit of a probability that was never seen in `trials` worlds: -ln(1 - level) / trials, the rule of three.

    It solves e^(-n p) = 1 - level, and (1 - p)^n < e^(-n p), so it is on the safe side. At most 1.

    >>> round(zero_hits_limit(3000), 6)   # 2.9957 / 3000
    0.000999
    """
    z_value(level)
    return min(1.0, -math.log1p(-level) / trials) if trials > 0 else 1.0


def share_interval(total: float, squares: float, worlds: float, level: float = 0.95) -> Interval:
    """Of the mean of a share in [0, 1], from its sum and its sum of squares over `worlds`: Wilson at the effective number of
    trials.

    n_eff = n * m (1 - m) / s^2 with mean m and variance s^2, k_eff = m n_eff (Korn, Graubard 1998): a share that is 0 or 1 gives
    Wilson of the counts, one that is never far from its mean a narrower interval. Nothing lost at all: (0, zero_hits_limit).

    >>> [round(float(x), 4) for x in share_interval(1.0, 1.0, 10)]   # one hit in ten: as `wilson`
    [0.0179, 0.4042]
    """
    if worlds <= 0:
        return Interval(0.0, 1.0)
    mean = total / worlds
    if total <= 0.0:
        return Interval(0.0, zero_hits_limit(worlds, level))
    variance = max(squares / worlds - mean * mean, 0.0)
    if variance <= 1e-14 * mean * mean:
        return Interval(mean, mean)
    trials = worlds * mean * (1.0 - mean) / variance
    low, high = wilson(np.asarray(mean * trials), np.asarray(trials), level)
    return Interval(float(low), float(high))


def mean_interval(batches: Array, level: float = 0.95) -> Interval:
    """Of the mean of independent batch means (float64[B]): Student's t with B - 1 degrees of freedom; infinite below two batches.

    >>> [round(float(x), 3) for x in mean_interval([1.0, 2.0, 3.0])]   # 2 -+ 4.303 / sqrt 3
    [-0.484, 4.484]
    """
    from scipy.special import stdtrit

    values = np.asarray(batches, np.float64)
    z_value(level)
    if len(values) < 2:
        return Interval(-math.inf, math.inf)
    half = stdtrit(len(values) - 1, 0.5 + level / 2.0) * values.std(ddof=1) / math.sqrt(len(values))
    return Interval(float(values.mean() - half), float(values.mean() + half))


def binomial_quantile(q: float, trials: int, p: float) -> int:
    """The least k with P(Bin(trials, p) <= k) >= q, for 0 < q < 1.

    >>> binomial_quantile(0.025, 100, 0.5), binomial_quantile(0.975, 100, 0.5)
    (40, 60)
    """
    from scipy.special import bdtr, bdtrik

    if p <= 0.0:
        return 0
    least = int(np.ceil(bdtrik(q, trials, p)))
    return least - 1 if least > 0 and bdtr(least - 1, trials, p) >= q else least


def quantile_interval(ordered: Array, p: float, level: float = 0.95) -> Interval:
    """Of the p-quantile, from order statistics: ranks l < u with P(l <= Bin(n, p) < u) >= level, whatever the distribution
    (David, Nagaraja 2003).

    `ordered`: float64[n] ascending. A rank beyond the sample gives -inf or inf: the sample cannot bound that side.

    >>> [float(x) for x in quantile_interval(np.arange(1.0, 101.0), 0.5)]   # ranks 40 and 61 of 100
    [40.0, 61.0]
    """
    values = np.asarray(ordered, np.float64)
    z_value(level)
    n, tail = len(values), (1.0 - level) / 2.0
    low, high = binomial_quantile(tail, n, p), binomial_quantile(1.0 - tail, n, p) + 1
    return Interval(float(values[low - 1]) if low >= 1 else -math.inf, float(values[high - 1]) if high <= n else math.inf)
