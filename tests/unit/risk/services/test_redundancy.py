"""First order and redundancy part of one service, by golden cases and by the closed formula of a failover."""

from __future__ import annotations

import numpy as np
import pytest

from app.risk.exact.answers.service import Want, exact_service
from app.risk.first_order.sweep import contributions_to
from app.risk.services.redundancy import LossParts, loss_parts, simulated_parts
from tests.builders import Built, c39, estate

OFF = {"unavailability": 0.0}


def parts_of(made: Built, name: str) -> LossParts:
    (position,) = made.at(name)
    number = int(made.compiled.flat.service_at[position])
    told = exact_service(made.compiled, int(position), want=Want(cut_sets=100))
    return loss_parts(made.compiled, number, told, contributions_to(made.compiled, number))


def by(made: Built, parts: LossParts, name: str, what: str = "money") -> float:
    at = int(np.searchsorted(parts.position, made.at(name)[0]))
    return float(getattr(parts, f"{what}_first")[at] + getattr(parts, f"{what}_redundancy")[at])


def test_c39_both_parts_together() -> None:
    made = c39()
    one, two = parts_of(made, "S1"), parts_of(made, "S2")
    assert by(made, one, "d") + by(made, two, "d") == pytest.approx(2442.41783, rel=1e-7)
    assert by(made, one, "b") == pytest.approx(6006.33934, rel=1e-7)
    total = sum(float(p.money_first.sum() + p.money_redundancy.sum()) for p in (one, two))
    assert total == pytest.approx(14455.0965, rel=1e-7)
    assert one.exact_money and one.money_first[np.searchsorted(one.position, made.at("d")[0])] == pytest.approx(1753.2)


def test_overlapping_single_points_have_a_negative_redundancy_part() -> None:
    half = {"failures_per_year": 1095.75, "repair_hours": 8.0}
    made = estate("S; a; b", hard="S>a S>b", services={"S": {"money_per_hour": 1.0}}, profiles={"S": OFF, "a": half, "b": half})
    parts = parts_of(made, "S")
    assert parts.money_first.sum() == pytest.approx(2 * 8766)
    assert parts.money_redundancy.sum() == pytest.approx(8766 * (0.75 - 2))


@pytest.mark.parametrize("success", [1.0, 0.9, 0.5])
def test_a_failover_follows_the_formula_of_active_and_passive(success: float) -> None:
    made = estate(
        "S; a; b", groups={"S": [(1, "a b", {"failover_minutes": 5.0, "failover_success": success})]},
        services={"S": {"money_per_hour": 100.0}},
        profiles={"S": OFF, "a": {"failures_per_year": 2.0, "repair_hours": 8.0},
            "b": {"unavailability": 0.01, "repair_hours": 8.0}},
    )  # fmt: skip
    parts = parts_of(made, "S")
    omega = 2.0 / (1 + 2 * 8 / 8766)
    both_down = omega * 0.01 * 4.0  # until the first of them is back
    want = omega * 0.99 * (success * 5 / 60 + (1 - success) * 8.0) + both_down
    assert by(made, parts, "a", "hours") == pytest.approx(want, rel=1e-9)
    assert by(made, parts, "a") == pytest.approx(100 * want, rel=1e-9)
    assert parts.switches and parts.exact_money


def test_simulated_totals_take_the_place_of_the_exact_ones() -> None:
    made = estate("S; a; b", hard="S>a S>b", services={"S": {"money_per_hour": 10.0}}, profiles={"S": OFF})
    parts = parts_of(made, "S")
    cone = np.sort(made.at("S a b"))
    got = simulated_parts(parts, cone, np.array([50.0, 40.0, 1.0]), np.array([5.0, 4.0, 0.1]))
    assert (got.money_first + got.money_redundancy).tolist() == pytest.approx([50.0, 40.0, 1.0])
    assert got.hours_first.sum() == pytest.approx(parts.hours_first.sum())
