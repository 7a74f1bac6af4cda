"""Demand over time: how much of its usual customers and money a service has at stake at an hour, by hour of the week and month.

Factors are relative to the average that exposures state: 1 everywhere is no profile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from app.risk.jit import Array


@dataclass(frozen=True, slots=True)
class Demand:
    """Factors from the hour at which the timeline starts; `week` 168 from Monday 00:00, `months` 12 from January, either may be
    empty."""

    start: datetime
    week: Sequence[float] = ()
    months: Sequence[float] = ()

    def cuts(self, start: float, end: float) -> tuple[Array, Array]:
        """Hours start = t0 < t1 < ... = end between which the factor is constant, and the factor of each.

        Example by hand: 1 but 3 in hour 1 of a Monday, from Monday 00:30, hours 0 to 2: cuts 0, .5, 1.5, 2, factors 1, 3, 1.
        """
        whole = self.start.replace(minute=0, second=0, microsecond=0)
        ahead = (self.start - whole) / timedelta(hours=1)
        first, last = int(np.floor(start + ahead)), int(np.ceil(end + ahead))
        edges, factors = [start], list[float]()
        for hour in range(first, max(last, first + 1)):
            moment = whole + timedelta(hours=hour)
            factor = float(self.week[moment.weekday() * 24 + moment.hour]) if self.week else 1.0
            factor *= float(self.months[moment.month - 1]) if self.months else 1.0
            until = min(hour + 1 - ahead, end)
            if factors and factors[-1] == factor:
                edges[-1] = until
            elif until > edges[-1]:
                edges.append(until)
                factors.append(factor)
        return np.asarray(edges), np.asarray(factors)
