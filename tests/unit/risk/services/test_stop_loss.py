"""Stops by initiating CI: golden cases C16, C17, C18, C39 in closed form, and what is exact in the total."""

from __future__ import annotations

import math

import numpy as np
import pytest

from app.risk.measures.loss import LossCurve
from app.risk.measures.reliability import failure_frequency, unavailability
from app.risk.services.stop_loss import Initiators, failover_year, simple_curve, stops_of

NAN = math.nan


def events(*pairs: tuple[float, float]) -> tuple[np.ndarray, ...]:
    rate, mean = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    return unavailability(rate, mean), failure_frequency(rate, mean), mean, np.full(len(pairs), NAN)


def test_c16_a_pair_stops_until_the_first_is_back() -> None:
    q, w, mean, sigma = events((8.766, 10.0), (8.766, 10.0))
    told = stops_of(
        Initiators(q, w, mean, sigma, q[::-1]), q[0] * q[1], [(0, 1)], LossCurve.of([(0, 0), (10, 0), (10, 1), (11, 1)]), 10.0
    )
    assert told.per_year.sum() == pytest.approx(0.171865503, rel=1e-8)
    assert told.hours.sum() / told.per_year.sum() == pytest.approx(5.0, rel=1e-12)
    assert told.breaches.sum() / told.per_year.sum() == pytest.approx(math.exp(-2), rel=1e-12)
    assert told.money.sum() == pytest.approx(told.breaches.sum()) and not told.exact_money


def test_c39_money_by_initiating_ci_over_two_services() -> None:
    q, w, mean, sigma = events((1.7532, 5.0), (87.66, 8.0), (87.66, 8.0))
    qd, qb, _ = q
    one = stops_of(
        Initiators(q, w, mean, sigma, np.array([1 - qb**2, (1 - qd) * qb, (1 - qd) * qb])), qd + (1 - qd) * qb**2, [(0,), (1, 2)],
        LossCurve.of([(0, 0), (0, 1000), (1, 1000)]),
    )  # fmt: skip
    two = stops_of(
        Initiators(q[:1], w[:1], mean[:1], sigma[:1], np.ones(1)), qd, [(0,)], LossCurve.of([(0, 0), (0, 400), (1, 400)])
    )
    assert one.exact_money and two.exact_money
    assert one.money[0] + two.money[0] == pytest.approx(2442.41783, rel=1e-7)
    assert one.money[1:].tolist() == pytest.approx([6006.33934] * 2, rel=1e-7)
    assert one.hours.sum() == pytest.approx(8766 * (qd + (1 - qd) * qb**2), rel=1e-12)


def test_a_linear_loss_is_exact_in_total() -> None:
    q, w, mean, sigma = events((2.0, 30.0), (3.0, 20.0))
    union = q[0] + q[1] - q[0] * q[1]
    told = stops_of(Initiators(q, w, mean, sigma, np.array([1 - q[1], 1 - q[0]])), union, [(0,), (1,)], LossCurve.linear(100.0))
    assert told.exact_money and told.money.sum() == pytest.approx(100 * 8766 * union, rel=1e-12)


def test_stops_that_no_listed_cut_explains_last_as_long_as_the_others() -> None:
    q, w, mean, sigma = events((1.0, 10.0), (1.0, 10.0))
    told = stops_of(Initiators(q, w, mean, sigma, np.array([1.0, 0.5])), q[0], [(0,)], None)
    assert told.unlisted == 1.0 and (told.hours > 0).all() and np.isnan(told.money).all()


def test_curves_that_are_simple() -> None:
    assert simple_curve(LossCurve.linear(7.0)) == (0.0, 7.0)
    assert simple_curve(LossCurve.of([(0, 0), (1, 10), (2, 30)])) is None
    assert simple_curve(LossCurve.of([(0, 0), (4, 0), (4, 10), (5, 10)])) is None


def test_c20_and_a_lower_success_costs_the_closed_formula_more() -> None:
    told = failover_year(2.0, 8.0, 5 / 60, 0.95, [0.01])
    assert told.hours == pytest.approx(1.10875, rel=1e-12)
    full, less = (failover_year(2.0, 8.0, 5 / 60, c, [0.01]).hours for c in (1.0, 0.9))
    assert less - full == pytest.approx(2.0 * 0.1 * 0.99 * (8 - 5 / 60), rel=1e-12)
    assert failover_year(2.0, 8.0, 5 / 60, 0.95, [0.1, 0.1]).p_works == pytest.approx(0.95 * 0.99)
