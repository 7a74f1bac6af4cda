"""Summaries of simulated years, by hand on made-up outages and against closed forms."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from app.risk.graph.subestate import subestate_of
from app.risk.sampling.years import Outages, Years, simulate_years
from app.risk.sampling.years_summary import breaches, by_initiator, summary_of, survival_of_stops, unavailability_of
from tests.builders import estate
from tests.unit.risk.sampling.test_years import never


def made(hours: list[float], loss: list[float], block: list[int], initiator: list[int], alone: list[bool]) -> Outages:
    one = np.asarray(hours, float)
    return Outages(
        np.asarray(block, np.int64), np.arange(len(one)) * 9000.0, one, np.asarray(initiator, np.int32),
        np.asarray(initiator, np.int64) + 100, np.asarray(alone, bool),
        np.zeros(len(one), bool), np.asarray(loss, float), one.copy(), one.copy(), np.ones(len(one)),
    )  # fmt: skip


def small() -> Years:
    rows = made([1, 2, 3, 4], [10, 20, 30, 140], [5, 5, 6, 6], [0, 2, 0, 0], [True, False, True, False])
    hours = np.zeros(20)
    hours[:4] = 10.0
    return Years(5, 20, rows, rows, hours, hours, hours / 2, np.array([True, False]), 50.0, 2.5, 0, 0)


def test_by_hand() -> None:
    got = summary_of(small())
    assert (got.years, got.outages_per_year, got.stops_per_year.value, got.stops_alone_per_year) == (20, 0.2, 0.2, 0.1)
    assert (got.down_hours_per_year.value, got.lost_hours_per_year.value, got.customer_hours_per_year) == (2.0, 1.0, 50.0)
    assert (got.loss_per_year.value, got.loss_alone_per_year) == (10.0, 2.0)
    assert (got.mean_stop_hours.value, got.stop_quantiles[0][1].value, got.stop_quantiles[2][1].value) == (2.5, 2.0, 4.0)
    assert (got.breaches_per_year.value, got.cut_off, got.begun_away_share) == (0.1, 0, 0.5)
    assert unavailability_of(small()).value == pytest.approx(2 / 8766)
    # two batches of 3 and 17 money a year: 10 -+ 12.706 * 7
    assert got.loss_per_year.interval.high == pytest.approx(10 + 12.7062 * 7, rel=1e-4)


def test_losses_go_to_the_year_in_which_the_outage_began() -> None:
    years = small()  # starts at 0, 9000, 18000, 27000 h: years 0, 1 of block 5, years 2, 3 of block 6
    assert np.flatnonzero(years.loss()).tolist() == [0, 1, 12, 13]
    assert years.loss()[[0, 1, 12, 13]].tolist() == [10, 20, 30, 140]


def test_shares_of_initiators_add_up() -> None:
    got = by_initiator(small(), 4)
    assert got.stops_per_year.tolist() == [0.15, 0, 0.05, 0]
    assert got.loss_per_year.tolist() == [9.0, 0, 1.0, 0] and got.redundancy_loss_per_year.tolist() == [7.0, 0, 1.0, 0]
    assert got.loss_per_year.sum() == summary_of(small()).loss_per_year.value


def test_survival() -> None:
    share, low, high = survival_of_stops(small(), np.array([0.5, 2.0, 4.0]))
    assert share.tolist() == [1.0, 0.5, 0.0]
    assert (low <= share).all() and (share <= high).all()


def test_nothing_happened() -> None:
    none = made([], [], [], [], [])
    years = replace(small(), outages=none, stops=none)
    got = summary_of(years)
    assert got.stops_per_year.value == 0 and math.isnan(got.mean_stop_hours.value) and got.loss_per_year.value == 0
    assert np.isnan(survival_of_stops(years, np.array([1.0]))[0]).all()
    assert math.isnan(breaches(replace(years, mtpd_hours=math.nan)).value)


def test_unknown_money_is_unknown() -> None:
    built = estate("S; a", hard="S>a", profiles={**never("S"), "a": {"failures_per_year": 10.0, "repair_hours": 4.0}})
    got = summary_of(simulate_years(subestate_of(built.compiled, int(built.at("S")[0])), 1, 0, 3))
    assert math.isnan(got.loss_per_year.value) and math.isnan(got.customer_hours_per_year) and got.stops_per_year.value > 5


@pytest.mark.compiled
def test_intervals_of_the_yearly_loss_cover() -> None:
    built = estate(
        "S; a",
        hard="S>a",
        services={"S": {"money_per_hour": 100.0, "mtpd_hours": 8.0}},
        profiles={**never("S"), "a": {"failures_per_year": 2.0, "repair_hours": 6.0}},
    )
    cut = subestate_of(built.compiled, int(built.at("S")[0]))
    rate = 2.0 / (1 + 2.0 * 6 / 8766)
    hit = broken = 0
    for seed in range(300):
        got = summary_of(simulate_years(cut, seed, 0, 12))
        hit += got.loss_per_year.interval.low <= rate * 600 <= got.loss_per_year.interval.high
        broken += got.breaches_per_year.interval.low <= rate * math.exp(-8 / 6) <= got.breaches_per_year.interval.high
    for count in (hit, broken):
        assert abs(count - 285) < 4.5 * math.sqrt(300 * 0.95 * 0.05)
