"""What simulated years say of a service: lengths of its stops, MTPD breaches, expected loss and who started it, each with an
interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.quantities import HOURS_PER_YEAR
from app.risk.jit import Array
from app.risk.sampling.events import BLOCK_YEARS
from app.risk.sampling.intervals import Interval, mean_interval, quantile_interval, wilson
from app.risk.sampling.years import Years

QUANTILES = (0.5, 0.9, 0.99)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its interval; NaN and infinite bounds where nothing can be said."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class YearsSummary:
    """Figures of one service. Intervals by batch means over blocks of years, those of stops by the stops themselves."""

    years: int
    outages_per_year: float
    stops_per_year: Estimate
    stops_alone_per_year: float  # one CI with its switches would have done it: the first-order part
    down_hours_per_year: Estimate
    lost_hours_per_year: Estimate  # weighted by lost share
    customer_hours_per_year: float  # NaN: customers unknown
    loss_per_year: Estimate  # NaN: money unknown
    loss_alone_per_year: float
    mean_stop_hours: Estimate
    stop_quantiles: tuple[tuple[float, Estimate], ...]  # (p, hours)
    breaches_per_year: Estimate  # MTPD; NaN: there is none
    cut_off: int  # outages that were not over RUN_OFF years after their block: hours and losses are too low
    begun_away_share: float  # of blocks that began away from rest; near 1 the service is hardly ever at rest


def _batches(per_year: Array) -> Array:
    return np.asarray(np.asarray(per_year, np.float64).reshape(-1, BLOCK_YEARS).mean(axis=1))


def _mean(batches: Array, level: float) -> Estimate:
    if not len(batches) or np.isnan(batches).any():
        return Estimate(math.nan, Interval(math.nan, math.nan))
    return Estimate(float(batches.mean()), mean_interval(batches, level))


def _per_year(years: Years, block: Array, weight: Array | None = None) -> Array:
    """float64[blocks]: events (or their weights) a year, block by block."""
    offset = block - years.first_block
    return np.asarray(np.bincount(offset, weights=weight, minlength=years.years // BLOCK_YEARS) / BLOCK_YEARS)


def summary_of(years: Years, level: float = 0.95) -> YearsSummary:
    """Summarise a run.

    Example by hand: 100 blocks of 10 years with 8,680 stops of 10 h on average: 8.68 stops and 86.8 hours a year.
    """
    stops, outages = years.stops, years.outages
    ordered = np.sort(stops.hours)
    lost = _mean(_batches(years.lost_hours), level)
    loss = _mean(_batches(years.loss()), level)
    alone = float(outages.loss[outages.alone].sum() / years.years) if years.years else math.nan
    return YearsSummary(
        years=years.years, outages_per_year=len(outages.hours) / years.years if years.years else math.nan,
        stops_per_year=_mean(_per_year(years, stops.block), level),
        stops_alone_per_year=float(stops.alone.sum() / years.years) if years.years else math.nan,
        down_hours_per_year=_mean(_batches(years.down_hours), level), lost_hours_per_year=lost,
        customer_hours_per_year=lost.value * years.customers, loss_per_year=loss, loss_alone_per_year=alone,
        mean_stop_hours=_mean(stops.hours, level),
        stop_quantiles=tuple((p, _quantile(ordered, p, level)) for p in QUANTILES), breaches_per_year=breaches(years, level),
        cut_off=int(outages.cut_off.sum()), begun_away_share=float(years.begun_away.mean()) if len(years.begun_away) else 0.0,
    )  # fmt: skip


def _quantile(ordered: Array, p: float, level: float) -> Estimate:
    if not len(ordered):
        return Estimate(math.nan, Interval(math.nan, math.nan))
    return Estimate(float(ordered[max(0, math.ceil(p * len(ordered)) - 1)]), quantile_interval(ordered, p, level))


def breaches(years: Years, level: float = 0.95) -> Estimate:
    """MTPD breaches a year: stops longer than the MTPD (D > MTPD), each counted once.

    Example by hand: 12 of 1,000 years' stops last longer than 8 h: .012 a year.
    """
    if math.isnan(years.mtpd_hours):
        return Estimate(math.nan, Interval(math.nan, math.nan))
    return _mean(_per_year(years, years.stops.block[years.stops.hours > years.mtpd_hours]), level)


def survival_of_stops(years: Years, hours: Array | Sequence[float], level: float = 0.95) -> tuple[Array, Array, Array]:
    """P(stop > t) at `hours` (float64[T]) with Wilson bounds: three float64[T]; NaN, 0, 1 where there was no stop.

    Example by hand: stops of 1, 2, 3, 4 h: P(D > 2) = .5.
    """
    ordered = np.sort(years.stops.hours)
    longer = len(ordered) - np.searchsorted(ordered, np.asarray(hours, np.float64), "right")
    low, high = wilson(longer, np.full(len(longer), len(ordered)), level)
    with np.errstate(invalid="ignore", divide="ignore"):
        return longer / len(ordered) if len(ordered) else np.full(len(longer), np.nan), low, high


@dataclass(frozen=True, slots=True)
class Initiators:
    """What each CI of the cone started, by local position (n CIs). Each column adds up to the service's total."""

    stops_per_year: Array  # float64[n]
    outages_per_year: Array  # float64[n]
    loss_per_year: Array  # float64[n]
    lost_hours_per_year: Array  # float64[n]
    redundancy_loss_per_year: Array  # float64[n] the part of outages that it would not have caused alone


def by_initiator(years: Years, cis: int) -> Initiators:
    """Attribute to the CI whose failure took the service from rest (outages, loss) or stopped it (stops); `cis`: size of the
    cut-out.

    Example by hand: a started stops of 3 of 10 years, b of 1: shares .75 and .25.
    """
    one, two = years.outages, years.stops

    def of(initiator: Array, weight: Array | None = None) -> Array:
        return np.asarray(np.bincount(initiator, weights=weight, minlength=cis) / max(years.years, 1))

    redundancy = ~one.alone
    return Initiators(
        of(two.initiator), of(one.initiator), of(one.initiator, one.loss), of(one.initiator, one.lost_hours),
        of(one.initiator[redundancy], one.loss[redundancy]),
    )  # fmt: skip


def unavailability_of(years: Years, level: float = 0.95) -> Estimate:
    """Share of time down, Q_s, by calendar years.

    Example by hand: 87.66 hours down a year: .01.
    """
    return _mean(_batches(years.down_hours) / HOURS_PER_YEAR, level)
