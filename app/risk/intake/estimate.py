"""Failure rates from incidents (model 1.13): Gamma posteriors.

Rates are per year of service. Only incidents that started at the CI count; CIs without one count too (n = 0).
"""

from __future__ import annotations

import numpy as np

from app.domain.errors import InvalidInput
from app.risk.jit import Array


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
