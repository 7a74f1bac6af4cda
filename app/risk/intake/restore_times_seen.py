"""Mean restore times of CIs from the failures that were seen there (model 1.13).

Restore times of a CI are lognormal with the sigma of its class. The log median of a CI lies about that of its class, and that of
the class about the class table: each with an eighth of the variance of single restores [a proposal; together as much as the
ranges of assumed restore times have]. All of it is normal, so what is learned has a closed form. A failure that is open still
says that its restore time is longer than the time until now: it weighs by its likelihood.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.jit import Array

SHARE = 0.125  # variance of the class's log median, and again of a CI's about it, as share of sigma^2
CAP_HOURS = 720.0  # 30 days: a lognormal restore time has no finite predictive mean (model 0.9)
ROUNDS = 40  # of the search where failures are open


class Seen(NamedTuple):
    """F failures by CI: hours until restored, or until now where they are open (`open`)."""

    at: Array  # int64[F] row of the CI
    hours: Array  # float64[F]
    open: Array  # bool[F]


class Restored(NamedTuple):
    """N CIs: mean restore time (NaN: fewer than 2 closed failures), and how sure it is: standard deviations of its logarithm, by
    what the class shares and by what is the CI's own."""

    hours: Array  # float64[N]
    shared: Array
    own: Array


def restored(seen: Seen, class_code: Array, table_hours: Array, sigma: Array) -> Restored:
    """Means of the CIs with at least 2 closed failures, capped at 30 days. `class_code` int[N]; `table_hours`, `sigma`
    float64[N]: mean restore time and spread of single ones of each CI's class.

    Example by hand: sigma 1, table median m, 2 failures of h hours at one CI, no other of its class. log(h / m) has variance 1/8
    + 1/8 + 1/2 = 3/4 about 0. Of it a third is the CI's and its class's: the log median moves by a third of log(h / m).
    """
    count = len(class_code)
    closed = np.bincount(seen.at[~seen.open], minlength=count)
    counted = closed >= 2
    nothing = np.full(count, np.nan)
    if not counted.any():
        return Restored(nothing, nothing, nothing)
    begin = np.log(table_hours) - sigma**2 / 2
    of = counted[seen.at]
    at, censored = seen.at[of], seen.open[of]
    logs = np.log(np.maximum(seen.hours[of], 1e-6)) - begin[at]
    rows = np.flatnonzero(counted)
    place = np.searchsorted(rows, at)
    spread, code = sigma[rows], np.unique(class_code[rows], return_inverse=True)[1]
    weight, value = np.ones(len(logs)), logs.copy()
    for _ in range(ROUNDS if censored.any() else 1):
        middle, shared, own = _levels(place, weight, value, spread, code)
        if not censored.any():
            break
        weight[censored], value[censored] = _longer_than(logs[censored], middle[place[censored]], spread[place[censored]])
    hours, wide, narrow = nothing.copy(), nothing.copy(), nothing.copy()
    mean = np.exp(begin[rows] + middle + (spread**2 + shared**2 + own**2) / 2)
    hours[rows], wide[rows], narrow[rows] = np.minimum(mean, CAP_HOURS), shared, own
    return Restored(hours, wide, narrow)


def _levels(place: Array, weight: Array, value: Array, sigma: Array, code: Array) -> tuple[Array, Array, Array]:
    """Log median over the table's of each counted CI, and its standard deviations (shared, own)."""
    between = SHARE * sigma**2
    n = np.bincount(place, weights=weight, minlength=len(sigma))
    mean = np.bincount(place, weights=weight * value, minlength=len(sigma)) / n
    about = between + sigma**2 / n  # variance of a CI's mean about its class
    first = np.unique(code, return_index=True)[1]
    precision = 1.0 / between[first] + np.bincount(code, weights=1.0 / about)
    of_class = np.bincount(code, weights=mean / about) / precision
    own_precision = 1.0 / between + n / sigma**2
    carried = (1.0 / between) / own_precision  # how far the CI follows its class
    middle = carried * of_class[code] + (1.0 - carried) * mean
    return middle, carried / np.sqrt(precision)[code], 1.0 / np.sqrt(own_precision)


def _longer_than(log: Array, middle: Array, sigma: Array) -> tuple[Array, Array]:
    """Weight and value of the observation that moves a normal likelihood as "longer than this" does, to second order."""
    from scipy.special import log_ndtr

    z = (log - middle) / sigma
    hazard = np.exp(-0.5 * z * z - 0.5 * np.log(2 * np.pi) - log_ndtr(-z))
    weight = np.clip(hazard * (hazard - z), 1e-9, 1.0)
    return weight, middle + sigma * hazard / weight
