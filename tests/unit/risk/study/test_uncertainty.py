"""Outer draws: means and spreads by closed forms, shared draws, keys, ranks."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from app.domain.ci_classes import ci_classes
from app.domain.graph import ASSUMED, DECLARED, MEASURED
from app.risk.first_order.sweep import first_order
from app.risk.intake.class_rates import ClassRates
from app.risk.study.uncertainty import (
    SPREADS,
    OuterDraws,
    Ranges,
    Response,
    drawn_areas,
    drawn_services,
    losses,
    normals,
    ranges_of,
    rate_factors,
    repair_factors,
    response,
    shifts,
    spread_of,
    spread_sources,
    stated_shift,
)
from tests.builders import estate

DRAWS = 20_000
CLASSES = ci_classes()


def ranges(n: int, **values: Any) -> Ranges:
    base: dict[str, Any] = {name: np.zeros(n) for name in Ranges._fields} | {
        "class_code": np.zeros(n, np.int64),
        "incidents": np.full(n, np.nan),
        "rate_middle": np.full(n, np.nan),
        "repair_middle": np.full(n, np.nan),
    }
    known = {"classes": {0: ClassRates(np.array([0.5]), np.array([0.0]), np.array([1.0]))}}
    return Ranges(**(base | {name: np.asarray(value) for name, value in values.items()} | known))


def test_factors_have_mean_one_and_the_spread_asked_for() -> None:
    told = ranges(2, rate_own=[0.8, 0.0], repair_shared=[0.5, 0.5])
    ids, rows = np.array([7, 9]), np.arange(2)
    rate, repair = rate_factors(told, ids, rows, DRAWS, 1), repair_factors(told, ids, rows, DRAWS, 1)
    assert rate[0].mean() == pytest.approx(1.0, abs=0.04) and np.log(rate[0]).std() == pytest.approx(0.8, rel=0.03)
    assert (rate[1] == 1.0).all()
    assert (repair[0] == repair[1]).all() and np.log(repair[0]).std() == pytest.approx(0.5, rel=0.03)


def test_a_stated_range_is_drawn_with_its_ends() -> None:
    """Declared 2 a year in 1 to 8: 5 % of the draws below 1, 5 % above 8, median sqrt(8); the setting is not asked."""
    made = estate("S; a; b", hard="S>a S>b", profiles={name: {"failures_per_year": 2.0, "repair_hours": 5.0} for name in "ab"})
    low, high, none = np.array([np.nan, 1.0, np.nan]), np.array([np.nan, 8.0, np.nan]), np.full(3, np.nan)
    cis = replace(
        made.graph.cis, failures_per_year_low=low, failures_per_year_high=high, repair_hours_low=none, repair_hours_high=none,
        failures_origin=np.array([DECLARED, ASSUMED, DECLARED], np.int8),
    )  # fmt: skip
    rows = made.at("a b")
    told = ranges_of(cis, made.compiled.row, CLASSES, declared_spread=0.3)
    drawn = 2.0 * rate_factors(told, made.compiled.ci_id, rows, DRAWS, 0)
    assert np.quantile(drawn[0], (0.05, 0.5, 0.95)) == pytest.approx([1.0, 8**0.5, 8.0], rel=0.05)
    assert drawn[1].mean() == pytest.approx(2.0, rel=0.02) and np.log(drawn[1]).std() == pytest.approx(0.3, rel=0.03)
    assert told.rate_shared[rows].tolist() == [0.0, 0.0]  # the range is the CI's own, though its rate was assumed
    rates, repairs = spread_sources(cis, made.compiled.row[rows])
    assert ([SPREADS[k] for k in rates], [SPREADS[k] for k in repairs]) == (["given", "setting"], ["setting", "setting"])


def test_a_range_of_nothing_but_the_value_does_not_move() -> None:
    same = np.array([4.0])
    made = estate("S", profiles={"S": {"repair_hours": 4.0}})
    cis = replace(made.graph.cis, repair_hours_low=same, repair_hours_high=same)
    told = ranges_of(cis, made.compiled.row, CLASSES, declared_spread=0.5)
    assert repair_factors(told, made.compiled.ci_id, np.arange(1), 50, 0) == pytest.approx(np.ones((1, 50)))


@pytest.mark.parametrize(
    ("rate", "repair", "years", "said"),
    [
        (DECLARED, DECLARED, 0.0, ("setting", "setting")),
        (ASSUMED, ASSUMED, 0.0, ("class table", "class table")),
        (MEASURED, MEASURED, 2.0, ("posterior", "class table")),
        (MEASURED, DECLARED, 0.0, ("setting", "setting")),
    ],
)
def test_where_a_spread_comes_from(rate: int, repair: int, years: float, said: tuple[str, str]) -> None:
    cis = replace(
        estate("S").graph.cis, failures_origin=np.array([rate], np.int8), repair_origin=np.array([repair], np.int8),
        observed_years=np.array([years]),
    )  # fmt: skip
    rates, repairs = spread_sources(cis, [0])
    assert (SPREADS[rates[0]], SPREADS[repairs[0]]) == said


def test_a_measured_rate_is_drawn_from_its_gamma_posterior() -> None:
    """C30: 2 incidents in 3 years, Jeffreys: Gamma(2.5), 5 % at .190912705 and 95 % at 1.84508295 a year."""
    told = ranges(1, incidents=[2.0], years=[3.0])
    drawn = 2.5 / 3 * rate_factors(told, np.array([3]), np.arange(1), DRAWS, 0)[0]
    assert np.quantile(drawn, 0.05) == pytest.approx(0.190912705, rel=0.04)
    assert np.quantile(drawn, 0.95) == pytest.approx(1.84508295, rel=0.03)
    assert stats.kstest(drawn * 3, "gamma", args=(2.5,)).pvalue > 1e-4


def test_like_cis_share_the_draw_of_their_class() -> None:
    """Point 8 of the model: with q drawn independently a pair's E q^2 is (E q)^2; shared it is e^(s^2) times that."""
    s = 0.6
    shared = rate_factors(ranges(2, rate_shared=[s, s]), np.array([1, 2]), np.arange(2), DRAWS, 0)
    own = rate_factors(ranges(2, rate_own=[s, s]), np.array([1, 2]), np.arange(2), DRAWS, 0)
    assert (shared[0] * shared[1]).mean() == pytest.approx(np.exp(s * s), rel=0.05)
    assert (own[0] * own[1]).mean() == pytest.approx(1.0, rel=0.03)


def test_draws_follow_the_ci_not_its_place() -> None:
    a, b = normals(np.array([5, 6, 7]), 50, 3, 1), normals(np.array([7, 5]), 50, 3, 1)
    assert (a[2] == b[0]).all() and (a[0] == b[1]).all()
    assert (a[0] != normals(np.array([5]), 50, 4, 1)[0]).any()


def test_losses_are_read_off_between_the_sweeps() -> None:
    answer = Response(np.array([1.0, 2.0]), np.array([[100.0, 200.0], [0.0, 0.0], [100.0, 400.0]]))
    got = losses(answer, np.arange(3), np.array([[2.0]] * 3), np.array([[3.0]] * 3))
    assert got[:, 0].tolist() == pytest.approx([600.0, 0.0, 2 * 900.0])  # the third grows with the square


def test_response_of_an_estate_with_a_curve() -> None:
    made = estate(
        "S; a", hard="S>a", services={"S": {"impact": {"money": ((0.0, 0.0), (4.0, 0.0), (4.0, 1000.0), (5.0, 1000.0))}}},
        profiles={"S": {"failures_per_year": 0.0}, "a": {"failures_per_year": 2.0, "repair_hours": 4.0}},
    )  # fmt: skip
    told = response(made.compiled, "money_per_year")
    want = [2 * 1000 * np.exp(-4 / (4 * scale)) for scale in told.scales]  # exponential: P(D > 4 h)
    assert told.table[int(made.at("a")[0])].tolist() == pytest.approx(want)


def test_areas_add_their_cis_up() -> None:
    answer = Response(np.array([1.0, 2.0]), np.array([[10.0, 20.0], [5.0, 10.0], [1.0, 2.0]]))
    told = ranges(3, rate_own=[0.5, 0.5, 0.0])
    drawn = drawn_areas(OuterDraws(answer, told, np.array([1, 2, 3]), 4000), np.array([0, 1, 0]), 2)
    assert drawn.shape == (2, 4000)
    assert drawn[0].mean() == pytest.approx(11.0, rel=0.03) and drawn[0].min() > 1.0
    turned = Response(answer.scales, answer.table[::-1])
    moved = drawn_areas(
        OuterDraws(turned, ranges(3, rate_own=[0.0, 0.5, 0.5]), np.array([3, 2, 1]), 4000), np.array([0, 1, 0]), 2
    )
    assert moved == pytest.approx(drawn, rel=1e-12)


def test_ranks_and_what_cannot_be_told_apart() -> None:
    told = spread_of(np.array([[10.0, 30.0], [20.0, 20.0]]), k=1)
    assert told.p_worst.tolist() == [0.5, 0.5] and told.expected_rank.tolist() == [1.5, 1.5] and told.group.tolist() == [1, 1]
    rng = np.random.default_rng(1)
    sure = np.stack([rng.normal(mean, 1.0, 2000) for mean in (100.0, 99.5, 50.0, 49.8, 1.0)])
    got = spread_of(sure, k=2)
    assert got.group.tolist() == [1, 1, 2, 2, 3]
    assert got.p_worst[:2].min() == 1.0 and got.p_worst[2:].max() == 0.0
    assert got.low[0] == pytest.approx(100 - 1.645, abs=0.2) and got.high[0] == pytest.approx(100 + 1.645, abs=0.2)


def test_a_linear_service_keeps_its_own_interval_beside_one_with_a_curve() -> None:
    """d costs L money by the hour and J a sum at 100 h: what L loses follows the restore time of d, whatever J loses."""
    made = estate(
        "L; J; d",
        hard="L>d J>d",
        services={"L": {"money_per_hour": 1.0}, "J": {"impact": {"money": [(0, 0), (100, 0), (100, 1e6), (101, 1e6)]}}},
        profiles={
            "d": {"failures_per_year": 1.0, "repair_hours": 100.0},
            "L": {"failures_per_year": 0.0},
            "J": {"failures_per_year": 0.0},
        },
    )
    compiled = made.compiled
    first = first_order(compiled)
    answer = response(compiled, "money_per_year")
    n = len(compiled)
    told = ranges(n, repair_own=np.where(np.arange(n) == made.at("d")[0], 0.9, 0.0), class_code=np.arange(n))
    drawn = drawn_services(OuterDraws(answer, told, compiled.ci_id, 400, 1), first, first.pair_money, 2)
    linear = drawn[compiled.flat.service_at[made.at("L")[0]]]
    repair = repair_factors(told, compiled.ci_id, np.asarray(made.at("d")), 400, 1)[0]
    assert linear == pytest.approx(100.0 * repair, rel=1e-9)


@pytest.mark.compiled
def test_a_stated_range_moves_what_is_expected_as_it_moves_the_draws() -> None:
    answer = Response(np.array([1.0, 2.0]), np.array([[10.0, 20.0], [10.0, 20.0], [10.0, 20.0], [10.0, 10.0]]))
    spread = math.log(4) / (2 * 1.6448536)
    none = [math.nan] * 4
    told = ranges(
        4, rate_own=[spread, 0.0, 0.4, 0.0], rate_middle=[math.log(2), *none[1:]],
        repair_own=[0.0, spread, 0.4, spread], repair_middle=[math.nan, math.log(2), math.nan, math.log(2)],
    )  # fmt: skip
    every = np.arange(4)
    shift = stated_shift(answer, told, every, answer.table)
    mean = 10 * (2 * math.exp(spread**2 / 2) - 1)
    assert shift == pytest.approx(
        [mean, mean, 0.0, 0.0], rel=2e-3
    )  # rate, linear restore time, nothing stated, a loss that no length changes
    drawn = drawn_areas(OuterDraws(answer, told, np.arange(1, 5), 20_000), every, 4)
    assert (answer.table[:, 0] + shift)[:2] == pytest.approx(drawn[:2].mean(axis=1), rel=0.02)


def test_a_stated_range_moves_the_service_by_its_own_part() -> None:
    made = estate(
        "L; M; d",
        hard="L>d M>d",
        services={"L": {"money_per_hour": 1.0}, "M": {"money_per_hour": 3.0}},
        profiles={
            "d": {"failures_per_year": 1.0, "repair_hours": 100.0},
            "L": {"failures_per_year": 0.0},
            "M": {"failures_per_year": 0.0},
        },
    )
    compiled = made.compiled
    first, at = first_order(compiled), made.at("d")[0]
    here = np.arange(len(compiled)) == at
    told = ranges(len(compiled), rate_own=np.where(here, 0.3, 0.0), rate_middle=np.where(here, 0.5, math.nan))
    by_ci, by_service = shifts(response(compiled, "money_per_year"), told, first, first.pair_money, 2)
    factor = math.exp(0.5 + 0.045) - 1
    assert by_ci[at] == pytest.approx(400 * factor) and by_ci.sum() == by_ci[at]
    assert by_service[compiled.flat.service_at[[made.at("L")[0], made.at("M")[0]]]] == pytest.approx([100 * factor, 300 * factor])
