"""Figures of one service by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from app.risk.exact.answers.service import Want, exact_service
from app.risk.measures.loss import LossCurve
from app.risk.services.service_figures import (
    degrades,
    failovers,
    longer_than,
    money_per_year,
    order_of,
    reachable_without_own,
    reached_per_year,
    stops_per_year,
    summed,
)
from tests.builders import estate

OFF = {"unavailability": 0.0}


def test_stops_lengths_money_and_classes_of_one_cause() -> None:
    made = estate("S; a", hard="S>a", profiles={"S": OFF, "a": {"failures_per_year": 2.0, "repair_hours": 4.0}})
    (s,) = made.at("S")
    told = exact_service(made.compiled, int(s), want=Want(cut_sets=10))
    omega = 2.0 / (1 + 2 * 4 / 8766)
    assert stops_per_year(made.compiled, told) == pytest.approx(omega)
    shares, exact = longer_than(made.compiled, told, [4.0, 8.0])
    assert exact and shares == [(4.0, pytest.approx(math.exp(-1))), (8.0, pytest.approx(math.exp(-2)))]
    assert money_per_year(made.compiled, told, LossCurve.of([(0, 0), (0, 100), (1, 100)])) == pytest.approx(100 * omega)
    assert reached_per_year(made.compiled, told, LossCurve.of([(0, 0), (0, 1), (4, 1), (4, 2), (5, 2)])) == [
        (1.0, pytest.approx(omega)),
        (2.0, pytest.approx(omega * math.exp(-1))),
    ]


def test_several_causes_make_lengths_approximate() -> None:
    made = estate("S; a; b", hard="S>a S>b", profiles={"S": OFF})
    told = exact_service(made.compiled, int(made.at("S")[0]), want=Want(cut_sets=10))
    assert not longer_than(made.compiled, told, [1.0])[1]


def test_what_degrades() -> None:
    assert degrades(*_at(estate("S; a", soft="S>a:.5"), "S"))
    assert not degrades(*_at(estate("S; a", hard="S>a"), "S"))
    assert degrades(*_at(estate("S; a; b", groups={"S": [(1, "a b", {"shares": [0.5, 0.5]})]}), "S"))


def _at(made, name):  # type: ignore[no-untyped-def]
    return made.compiled, int(made.at(name)[0])


def test_c20_failover_of_the_active_member() -> None:
    made = estate(
        "S; a; b", groups={"S": [(1, "a b", {"failover_minutes": 5.0, "failover_success": 0.95})]},
        profiles={"S": OFF, "a": {"failures_per_year": 2.003657142857143, "repair_hours": 8.0}, "b": {"unavailability": 0.01}},
    )  # fmt: skip
    (row,) = failovers(*_at(made, "S"))
    assert made.names([row.active]) == ["a"] and made.names(row.standbys) == ["b"]
    assert row.year.hours == pytest.approx(1.10875, rel=1e-9)


def test_reachable_without_own_failures() -> None:
    made = estate("S; a", hard="S>a", profiles={"S": {"unavailability": 0.1}, "a": {"unavailability": 0.2}})
    assert reachable_without_own(exact_service(*_at(made, "S"))) == pytest.approx(0.8)


def test_sums_with_unknown_parts() -> None:
    told = summed(np.array([10.0, 5.0]), np.array([-1.0, np.nan]))
    assert told.first == 15.0 and math.isnan(told.redundancy) and told.total.tolist() == [9.0, 5.0]
    assert order_of(np.arange(3), np.array([1.0, np.nan, 3.0])) == ([2, 0, 1], 4.0)
