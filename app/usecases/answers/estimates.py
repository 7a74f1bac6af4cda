"""What to believe of a failure rate after so many incidents: the posterior the assessment uses, for anybody to check (model
1.13)."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.errors import InvalidInput
from app.risk.intake.estimate import gamma_posterior_interval, gamma_posterior_mean

SHORTEST_YEARS, LEAST_SHAPE = 1e-6, 1e-6  # half a minute; what is less says nothing and overflows


@dataclass(frozen=True, slots=True)
class RatePosterior:
    """Gamma(prior_shape + incidents, prior_years + years), per year of service; `low` and `high` hold it with probability
    `level`."""

    incidents: float
    years: float
    prior_shape: float
    prior_years: float
    mean_per_year: float
    low_per_year: float
    high_per_year: float
    level: float


def rate_posterior(
    incidents: float, years: float, prior_shape: float = 0.5, prior_years: float = 0.0, level: float = 0.9
) -> RatePosterior:
    """Returns the posterior of a rate.

    The default prior is that of Jeffreys. InvalidInput without any exposure, or where nothing was counted and the prior says
    nothing.
    """
    if years + prior_years < SHORTEST_YEARS or incidents + prior_shape < LEAST_SHAPE:
        raise InvalidInput("a rate needs years of service and an incident, or a prior with some", field="years")
    mean = float(gamma_posterior_mean(prior_shape, prior_years, incidents, years))  # type: ignore[arg-type]
    low, high = gamma_posterior_interval(prior_shape, prior_years, incidents, years, level)
    return RatePosterior(incidents, years, prior_shape, prior_years, mean, low, high, level)
