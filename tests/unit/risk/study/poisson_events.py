"""Closed forms for Poisson events, which simulated years are held against: Panjer's recursion and OEP of an event list (model
1.12)."""

from __future__ import annotations

import math

import numpy as np

from app.domain.errors import InvalidInput
from app.risk.jit import Array, Floats

SAFE_RATE = 600.0  # e^-rate is a normal double


def _panjer(rate: float, severity: Floats, size: int) -> Array:
    """g_0 = e^(-rate (1 - f_0)), g_k = rate / k * sum of j f_j g_(k-j)."""
    g = np.zeros(size)
    g[0] = math.exp(-rate * (1.0 - severity[0]))
    for k in range(1, size):
        total = 0.0
        for j in range(1, min(k, len(severity) - 1) + 1):
            total += j * severity[j] * g[k - j]
        g[k] = rate * total / k
    return g


def sum_distribution(events_per_year: float, severity: Array, size: int) -> Array:
    """P(year's sum = k steps) for k < size (float64[size]), of Poisson(events_per_year) losses with P(loss = j steps) =
    severity[j] (float64[J]).

    Panjer (1981). High rates are halved until e^-rate is a number, and the halves added up by convolution: all terms are
    positive, so there is no cancellation. What lies at `size` and beyond is 1 minus the sum.

    >>> [round(p * math.e, 6) for p in sum_distribution(1.0, np.array([0.0, 0.5, 0.5]), 3).tolist()]   # 1, .5, (.5 * .5 + 1) / 2
    [1.0, 0.5, 0.625]
    """
    f = np.asarray(severity, np.float64)
    if events_per_year < 0 or size < 1 or not len(f) or (f < 0).any() or abs(float(f.sum()) - 1.0) > 1e-9:
        raise InvalidInput("a compound Poisson sum needs a rate of at least 0, a size and probabilities that add up to 1")
    halvings = max(0, math.ceil(math.log2(events_per_year / SAFE_RATE))) if events_per_year > SAFE_RATE else 0
    g = np.asarray(_panjer(events_per_year / 2.0**halvings, f, size))
    for _ in range(halvings):
        g = np.convolve(g, g)[:size]
    return g


def exceedance_of_sum(events_per_year: float, severity: Array, size: int) -> Array:
    """AEP at 0 .. size - 1 steps (float64[size]): P(year's sum > k steps).

    >>> round(float(exceedance_of_sum(1.0, np.array([0.0, 1.0]), 2)[0]), 6)   # P(at least one loss) = 1 - 1 / e
    0.632121
    """
    return np.asarray(np.maximum(1.0 - np.cumsum(sum_distribution(events_per_year, severity, size)), 0.0))


def oep(loss: Array, frequency_per_year: Array, at: Array) -> Array:
    """OEP(x) = 1 - exp(-frequency of events with a loss > x) at float64[T], for Poisson events (loss, frequency: float64[K]).

    >>> np.round(oep(np.array([100.0, 300.0]), np.array([1.0, 0.1]), np.array([50.0, 100.0, 300.0])), 6).tolist()
    [0.667129, 0.095163, 0.0]
    """
    values, rates = np.asarray(loss, np.float64), np.asarray(frequency_per_year, np.float64)
    order = np.argsort(-values, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(rates[order])])
    return np.asarray(-np.expm1(-total[np.searchsorted(-values[order], -np.asarray(at, np.float64), "left")]))
