"""Failure rates from incidents (model 1.13): Gamma posteriors, and the prior of a class from its own counts.

Rates are per year of service. Only incidents that started at the CI count; CIs without one count too (n = 0).
"""

from __future__ import annotations

import numpy as np

from app.domain.errors import InvalidInput
from app.risk.jit import Array

SHAPE_CAP = 100.0  # a prior worth more than that many incidents is a claim no class table can back [a proposal]


def gamma_posterior_mean(shape: float, rate_years: float, incidents: Array, years: Array) -> Array:
    """Mean of Gamma(a + n, b + T), per year; arrays of one shape. Prior Gamma(a, b), n incidents in T years (NUREG/CR-6823).

    >>> float(gamma_posterior_mean(0.5, 0.0, np.array(2), np.array(3.0)))  # C30, Jeffreys: 2.5 / 3
    0.8333333333333334
    """
    exposure = rate_years + np.asarray(years, dtype=np.float64)
    if np.any(exposure <= 0):
        raise InvalidInput("a rate needs exposure: years of service, or a prior with some")
    return np.asarray((shape + np.asarray(incidents, dtype=np.float64)) / exposure)


def gamma_posterior_interval(
    shape: float, rate_years: float, incidents: float, years: float, level: float = 0.9
) -> tuple[float, float]:
    """Equal-tailed credible interval of the rate per year; level 0.9 gives the 5 % and 95 % quantiles.

    >>> [round(q, 6) for q in gamma_posterior_interval(0.5, 0.0, 2, 3.0)]  # C30: chi2_5 quantiles / 6
    [0.190913, 1.845083]
    """
    from scipy.special import gammaincinv  # takes a quarter of a second to import, and few questions need it

    tail = (1.0 - level) / 2.0
    low, high = gammaincinv(shape + incidents, [tail, 1.0 - tail]) * (1.0 / (rate_years + years))
    return float(low), float(high)


def class_prior(incidents: Array, years: Array) -> tuple[float, float]:
    """Shape a and rate b (years) of the Gamma prior of a class, from the counts n over exposures T of its CIs (empirical Bayes).

    Equal exposure: moments, M and v mean and variance (n - 1) of the counts: a = M^2 / (v - M), b = T M / (v - M) (C32). Unequal:
    the same with M = pooled rate r times T and the excess variance sum((n - rT)^2 - rT) / sum(T^2) of the rates. No excess (v <=
    M): the pooled rate with a capped at 100. InvalidInput without an incident or exposure.

    >>> a, b = class_prior(np.array([0, 0, 1, 5, 2, 0]), np.ones(6))   # M = 8/6, v = 3.8667
    >>> round(a, 4), round(b, 4), round(a / b, 4)
    (0.7018, 0.5263, 1.3333)
    """
    n, t = np.asarray(incidents, dtype=np.float64), np.asarray(years, dtype=np.float64)
    if t.sum() <= 0 or n.sum() <= 0:
        raise InvalidInput("a class prior needs incidents and exposure")
    rate = float(n.sum() / t.sum())
    if len(n) > 1 and np.allclose(t, t[0]):
        excess = float((n.var(ddof=1) - n.mean()) / t[0] ** 2)
    else:
        excess = float(((n - rate * t) ** 2 - rate * t).sum() / (t**2).sum())
    shape = min(rate**2 / excess, SHAPE_CAP) if excess > 0 else SHAPE_CAP
    return shape, shape / rate
