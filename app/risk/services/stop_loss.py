"""What the stops of one service cost a year by the CI that started them (model 1.6): frequency omega_i B_i times the expected
loss of one stop.

How long a stop lasts follows from the minimal cut set that made it: alone it lasts the CI's own restore time; together it lasts
until the first of them is back, exponential with the sum of the restore rates (C16). Which cut set it was is weighed by the
probability that its others are down. Hours are scaled so that they add up to 8,766 Q, which is exact; with a loss that is a sum
paid at once and so much an hour the total is exact as well. With any other curve it is not: overlapping cut sets make longer
outages than any one of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.quantities import HOURS_PER_YEAR
from app.risk.jit import Array
from app.risk.measures.loss import LossCurve, survival


@dataclass(frozen=True, slots=True)
class Stops:
    """E events of one service. NaN: the event's frequency is unknown (U was given without a restore time)."""

    per_year: Array  # float64[E] stops a year that the CI starts, omega_i B_i
    hours: Array  # float64[E] a year
    money: Array  # float64[E] a year, NaN unknown
    breaches: Array  # float64[E] MTPD breaches a year
    exact_money: bool  # the total of money is exact
    unlisted: float  # largest share of an event's stops that no listed cut set explains (their mean stop stands in)


def simple_curve(curve: LossCurve) -> tuple[float, float] | None:
    """(paid at once, per hour) of a curve that is just that; None otherwise.

    >>> simple_curve(LossCurve.of([(0, 0), (0, 500), (2, 700)]))
    (500.0, 100.0)
    """
    hours, loss = curve.hours, curve.loss
    later = hours > 0.0
    at_once = float(loss[~later][-1])
    if not later.any():
        return at_once, 0.0
    slopes = (loss[later] - at_once) / hours[later]
    if np.allclose(slopes, slopes[0], rtol=1e-12, atol=0.0):
        return at_once, float(slopes[0])
    return None


@dataclass(frozen=True, slots=True)
class Initiators:
    """E events that can start a stop of one service."""

    q: Array  # float64[E] unavailability
    frequency: Array  # float64[E] a calendar year, NaN unknown
    mean: Array  # float64[E] restore time, hours, NaN unknown
    sigma: Array  # float64[E] NaN exponential
    birnbaum: Array  # float64[E]


def stops_of(
    events: Initiators, service_q: float, cuts: Sequence[Sequence[int]], curve: LossCurve | None, mtpd_hours: float = math.nan
) -> Stops:
    """Stops of one service by initiating event.

    `cuts`: minimal cut sets as indices of events, the most probable ones. `service_q`: Q. Shares of an event's stops not
    explained by a listed cut set last as long as its listed ones on average.

    Example by hand (C16): two CIs, omega .085932 a year each given B = U: .171866 stops of 5 h on average, .8593 h a year = 8766
    U^2.
    """
    q, mean, sigma, birnbaum = events.q, events.mean, events.sigma, events.birnbaum
    count = len(q)
    weight, length, paid, over, by_cut = (np.zeros(count) for _ in range(5))
    for cut in cuts:
        by_cut[list(cut)] += math.prod(q[i] for i in cut) * _split(cut, mean)
        law = _law(cut, mean, sigma)
        expected = 0.0 if curve is None else curve.expected(*law)
        late = survival(law[0], law[1], mtpd_hours) if mtpd_hours == mtpd_hours else 0.0
        for i in cut:
            others = math.prod(q[j] for j in cut if j != i)
            weight[i] += others
            length[i] += others * law[0]
            paid[i] += others * expected
            over[i] += others * late
    per_year = events.frequency * birnbaum
    with np.errstate(invalid="ignore", divide="ignore"):
        missing = np.where(birnbaum > 0, np.maximum(0.0, 1.0 - weight / birnbaum), 0.0)
        length, paid, over = (_mean_or_overall(part, weight, per_year) for part in (length, paid, over))
    hours = np.where(birnbaum > 0.0, per_year, 0.0) * length
    if np.isnan(hours).any():  # a restore time is unknown: each cut set's share of Q is split all the same
        hours = by_cut
    total = float(hours.sum())
    if total > 0.0:
        hours = hours * (HOURS_PER_YEAR * service_q / total)
    money = np.full(count, np.nan)
    simple = simple_curve(curve) if curve is not None else None
    if simple is not None:
        money = (simple[0] * per_year if simple[0] else 0.0) + simple[1] * hours
    elif curve is not None:
        money = per_year * paid
    exact = simple is not None and not np.isnan(money).any()
    return Stops(per_year, hours, money, per_year * over, exact, float(missing.max(initial=0.0)))


def _split(cut: Sequence[int], mean: Array) -> Array:
    """Whose failure came last, as shares: by restore rates (omega_i prod U_j / sum mu = prod U * mu_i / sum mu), alike where one
    is unknown."""
    rate = 1.0 / np.maximum(mean[list(cut)], 1e-300)
    known = not np.isnan(rate).any()
    return np.asarray(rate / rate.sum() if known else np.full(len(cut), 1.0 / len(cut)))


def _law(cut: Sequence[int], mean: Array, sigma: Array) -> tuple[float, float]:
    """(mean, sigma) of how long a stop made by a cut set lasts; NaN where a restore time is unknown."""
    if len(cut) == 1:
        return float(mean[cut[0]]), float(sigma[cut[0]])
    with np.errstate(divide="ignore"):
        rate = float(np.sum(1.0 / mean[list(cut)]))
    return 1.0 / rate, math.nan  # NaN where one is unknown


def _mean_or_overall(sums: Array, weight: Array, per_year: Array) -> Array:
    means = np.where(weight > 0, sums / weight, np.nan)
    known = ~np.isnan(means) & ~np.isnan(per_year) & (per_year > 0)
    overall = float((means[known] * per_year[known]).sum() / per_year[known].sum()) if known.any() else 0.0
    return np.asarray(np.where(np.isnan(means), overall, means))


@dataclass(frozen=True, slots=True)
class FailoverYear:
    """One group with failover, by its active member (model 1.6, C20)."""

    p_works: float
    hours: float  # downtime a year started by the active member
    hours_without: float  # the same without a standby


def failover_year(
    frequency: float, repair_hours: float, failover_hours: float, success: float, standby_q: Sequence[float]
) -> FailoverYear:
    """omega [c (1 - U_b) T_f + (1 - c (1 - U_b)) m] with any standby that is up: 1 - U_b = 1 - prod U of the standbys; first
    order in double failures.

    >>> told = failover_year(2.0, 8.0, 5 / 60, 0.95, [0.01])
    >>> round(told.p_works, 6), round(told.hours, 5), told.hours_without
    (0.9405, 1.10875, 16.0)
    """
    works = success * (1.0 - math.prod(standby_q))
    return FailoverYear(works, frequency * (works * failover_hours + (1.0 - works) * repair_hours), frequency * repair_hours)
