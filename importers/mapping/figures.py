"""Brings rates and restore times from the forms that sources use to those of the model (docs/model.md, 1.2)."""

from __future__ import annotations

from math import exp

from app.domain.quantities import failures_per_up_year
from importers.mapping.cells import BadCell


def rate_from_calendar(per_calendar_year: float, repair_hours: float | None) -> float:
    """Returns a count per calendar year as a rate per year of up time, which needs the restore time."""
    if repair_hours is None:
        raise BadCell("failures_per_calendar_year", "needs repair_hours", "give repair_hours, or failures_per_year of up time")
    try:
        return failures_per_up_year(per_calendar_year, repair_hours)
    except (ValueError, ZeroDivisionError) as error:
        raise BadCell("failures_per_calendar_year", f"is impossible: {error}") from None


def mean_from_median(median_hours: float, sigma: float | None) -> float:
    """Returns the mean of a lognormal restore time: median * exp(sigma^2 / 2).

    >>> round(mean_from_median(2.0, 1.0), 4)
    3.2974
    """
    if sigma is None or not 0 <= sigma <= 10:
        raise BadCell("repair_median_hours", "needs repair_sigma from 0 to 10", "give the spread of the logarithm, or the mean")
    return median_hours * exp(sigma * sigma / 2)
