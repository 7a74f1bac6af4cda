"""Units and the handful of constants that turn one into another."""

from __future__ import annotations

HOURS_PER_YEAR = 8766.0  # 365.25 days
NORMAL_95 = 1.959963984540054  # a 95 % interval of a normal estimate reaches so many standard errors to either side


def failures_per_up_year(failures_per_calendar_year: float, repair_hours: float) -> float:
    """Returns a calendar count n a year as a rate per year of up time: lambda = 1 / (8766 / n - m) (model 1.2).

    >>> round(failures_per_up_year(2, 8), 6)
    2.003657
    """
    if failures_per_calendar_year == 0:
        return 0.0
    between = HOURS_PER_YEAR / failures_per_calendar_year - repair_hours
    if between <= 0:
        raise ValueError("the restore time is longer than the time between failures")
    return HOURS_PER_YEAR / between
