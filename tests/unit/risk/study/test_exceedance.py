"""Exceedance curves of simulated years, of event lists and of lattice losses, against each other and by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import poisson

from app.domain.errors import InvalidInput
from app.risk.graph.subestate import subestate_of
from app.risk.intake.compile import compile_graph
from app.risk.sampling.years import simulate_years
from app.risk.study.exceedance import empirical, exceedance_of, level_of
from app.risk.study.year_losses import YearLosses, simulate_losses, year_losses
from tests.builders import Built, estate
from tests.unit.risk.study.poisson_events import exceedance_of_sum, oep, sum_distribution


def c39() -> Built:
    jump = {
        "S1": {"impact": {"money": ((0, 0), (0, 1000), (1, 1000))}},
        "S2": {"impact": {"money": ((0, 0), (0, 400), (1, 400))}},
    }
    many = {"failures_per_year": 87.66, "repair_hours": 8.0}
    rates = {
        "S1": {"failures_per_year": 0.0},
        "S2": {"failures_per_year": 0.0},
        "d": {"failures_per_year": 1.7532, "repair_hours": 5.0},
        "b": many,
        "c": many,
    }
    return estate("S1; S2; d; b; c", hard="S1>d S2>d", groups={"S1": [(1, "b c")]}, services=jump, profiles=rates)


def losses(blocks: int, seed: int = 1) -> YearLosses:
    return simulate_losses(c39().compiled, seed, 0, blocks)


@pytest.mark.compiled
def test_one_failure_that_stops_two_services_is_one_event() -> None:
    got = losses(300)
    values, count = np.unique(got.events, return_counts=True)
    by_value = dict(zip(values.tolist(), (count / 3000).tolist(), strict=True))
    assert set(by_value) == {400.0, 1000.0, 1400.0}
    # d with both up: its frequency times P(b or c up); 400: d while b and c are down; 1,000: b or c stops S1 alone
    q_d, q_b = 0.001 / 1.001, 0.08 / 1.08
    want = {
        1400.0: 1.7532 * (1 - q_d) * (1 - q_b**2),
        400.0: 1.7532 * (1 - q_d) * q_b**2,
        1000.0: 2 * 87.66 * (1 - q_b) * (1 - q_d) * q_b,
    }
    for loss, frequency in want.items():
        assert abs(by_value[loss] - frequency) < 4.5 * math.sqrt(frequency / 3000)
    assert got.sums.mean() == pytest.approx(14455.0965, rel=0.02)
    assert got.event_count == len(got.events) == count.sum()


@pytest.mark.compiled
def test_year_losses_of_given_runs_are_those_of_the_simulation() -> None:
    built = c39()
    runs = [simulate_years(subestate_of(built.compiled, int(built.at(name)[0])), 1, 0, 20) for name in ("S1", "S2")]
    want = losses(20)
    for got in (year_losses(runs), year_losses(runs[::-1])):
        assert got.sums.tobytes() == want.sums.tobytes() and got.largest.tobytes() == want.largest.tobytes()
        assert got.events.tobytes() == want.events.tobytes()
    with pytest.raises(InvalidInput):
        year_losses([runs[0], simulate_years(subestate_of(built.compiled, int(built.at("S2")[0])), 1, 0, 19)])


@pytest.mark.compiled
def test_threads_and_splits_change_no_bit() -> None:
    from benchmarks.estate import generate

    compiled = compile_graph(generate(3000, 14000, 8, 1))
    want = simulate_losses(compiled, 3, 0, 3)
    assert want.services == 8 and want.event_count > 1000
    for threads in (2, 4):
        assert simulate_losses(compiled, 3, 0, 3, threads=threads).sums.tobytes() == want.sums.tobytes()
    joined = YearLosses.merged(simulate_losses(compiled, 3, 0, 1), simulate_losses(compiled, 3, 1, 3))
    for name in ("sums", "largest", "events"):
        assert getattr(joined, name).tobytes() == getattr(want, name).tobytes()
    with pytest.raises(InvalidInput):
        YearLosses.merged(want, want)


@pytest.mark.compiled
def test_aep_is_never_below_oep() -> None:
    got = losses(60)
    assert (got.sums >= got.largest).all()
    at = np.linspace(0, 40_000, 400)
    assert (empirical(got.sums, at) >= empirical(got.largest, at)).all()
    answer = exceedance_of(got)
    for aep, largest in zip(answer.aep, answer.oep, strict=True):
        assert aep.loss.value >= largest.loss.value and aep.tail_value.value >= largest.tail_value.value


@pytest.mark.compiled
def test_oep_of_simulated_years_is_that_of_their_events() -> None:
    got = losses(300)
    frequency = np.full(len(got.events), 1 / len(got.sums))
    for x in (0.0, 400.0, 1000.0):
        formula = float(oep(got.events, frequency, np.array([x]))[0])
        years = float(empirical(got.largest, np.array([x]))[0])
        assert abs(formula - years) < 4.5 * math.sqrt(years * (1 - years) / len(got.sums)) + 0.01


def test_levels_by_hand() -> None:
    level = level_of(np.arange(1.0, 101.0), 10.0)
    assert (level.loss.value, level.tail_value.value) == (90.0, 95.5)
    assert level.loss.interval.low <= 90 <= level.loss.interval.high
    assert level.tail_value.interval.low < 95.5 < level.tail_value.interval.high
    assert math.isnan(level_of(np.arange(5.0), 10.0).loss.value)
    assert level_of(np.arange(100.0), 100.0).tail_value.interval.high == math.inf


def test_intervals_of_levels_cover() -> None:
    rng = np.random.default_rng(4)
    quantile, tail = math.log(20), math.log(20) + 1  # of unit exponentials, once in 20
    hits = [0, 0]
    for _ in range(1000):
        level = level_of(rng.exponential(size=400), 20.0)
        hits[0] += level.loss.interval.low <= quantile <= level.loss.interval.high
        hits[1] += level.tail_value.interval.low <= tail <= level.tail_value.interval.high
    assert hits[0] > 950 - 4.5 * math.sqrt(1000 * 0.95 * 0.05)
    assert hits[1] > 880  # normal approximation over twenty tail years


def test_panjer_against_convolutions() -> None:
    f = np.array([0.1, 0.4, 0.0, 0.3, 0.2])
    want, power = np.zeros(60), np.zeros(60)
    power[0] = 1.0
    for n in range(60):
        want += poisson.pmf(n, 3.0) * power
        power = np.convolve(power, f)[:60]
    assert sum_distribution(3.0, f, 60) == pytest.approx(want, rel=1e-10, abs=1e-18)


def test_high_rates_are_halved() -> None:
    g = sum_distribution(5000.0, np.array([0.0, 1.0]), 6000)
    assert g[4900:5100] == pytest.approx(poisson.pmf(np.arange(4900, 5100), 5000), rel=1e-9)
    assert g.sum() == pytest.approx(1.0, abs=1e-9)
    assert sum_distribution(0.0, np.array([0.0, 1.0]), 3).tolist() == [1.0, 0.0, 0.0]
    with pytest.raises(InvalidInput):
        sum_distribution(1.0, np.array([0.5, 0.4]), 3)


def test_aep_of_lattice_losses_lies_above_oep() -> None:
    severity, rate = np.array([0.0, 0.6, 0.3, 0.1]), 1.3
    steps = np.arange(20.0)
    largest = oep(np.array([1.0, 2.0, 3.0]), rate * severity[1:], steps)
    yearly = exceedance_of_sum(rate, severity, 20)
    assert (yearly >= largest - 1e-15).all() and yearly[0] == pytest.approx(largest[0]) == pytest.approx(-math.expm1(-rate))


def test_simulated_sums_agree_with_panjer() -> None:
    """One CI that never overlaps itself: a compound Poisson year of fixed losses, to first order of its downtime."""
    built = estate(
        "S; a",
        hard="S>a",
        services={"S": {"impact": {"money": ((0, 0), (0, 1), (1, 1))}}},
        profiles={"S": {"failures_per_year": 0}, "a": {"failures_per_year": 1.5, "repair_hours": 0.1}},
    )
    got = simulate_losses(built.compiled, 2, 0, 500)
    for k, p in enumerate(exceedance_of_sum(1.5, np.array([0.0, 1.0]), 5).tolist()):
        assert abs((got.sums > k + 0.5).mean() - p) < 4.5 * math.sqrt(p * (1 - p) / 5000)


def test_services_without_money_are_counted() -> None:
    built = estate(
        "S; T; a", hard="S>a T>a", services={"S": {"money_per_hour": 10.0}, "T": {}}, profiles={"S": {"failures_per_year": 0}}
    )
    got = simulate_losses(built.compiled, 1, 0, 2)
    assert (got.services, got.money_unknown) == (1, 1) and got.sums.sum() > 0
    runs = [simulate_years(subestate_of(built.compiled, int(built.at(name)[0])), 1, 0, 2) for name in "ST"]
    assert year_losses(runs).money_unknown == 1
    empty = simulate_losses(built.compiled, 1, 0, 2, services=[1])
    assert empty.event_count == 0 and empty.sums.tolist() == [0.0] * 20
    assert replace(empty, services=0).services == 0
