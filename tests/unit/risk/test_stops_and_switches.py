"""One outage that stops a dependent and triggers its failover as well: E L(max(R, T_f)) where the switch succeeds (model 1.16),
in every engine."""

from __future__ import annotations

import math
import random

import pytest

from app.risk.first_order.sweep import first_order
from app.risk.graph.subestate import subestate_of
from app.risk.sampling.years import simulate_years
from app.risk.sampling.years_summary import summary_of
from app.risk.timeline.one_outage import what_if
from tests.builders import Built, estate

T_F = 0.25  # hours, and the mean restore time


def pair(hard: str = "", soft: str = "", success: float = 1.0, **service: float) -> Built:
    """S needs 1 of a (active) and b, which never fails; `hard` and `soft` are more needs."""
    return estate(
        "S; a; b",
        hard=hard,
        soft=soft,
        groups={"S": [(1, "a b", {"failover_minutes": 60 * T_F, "failover_success": success})]},
        services={"S": {"money_per_hour": 100.0, **service}},
        profiles={
            "a": {"failures_per_year": 1.0, "repair_hours": 0.25},
            "b": {"failures_per_year": 0.0},
            "S": {"failures_per_year": 0.0},
        },
    )


def of_sweep(built: Built) -> float:
    return float(first_order(built.compiled).money[built.at("a")[0]])


def of_what_if(built: Built, hours: float) -> float:
    return what_if(built.compiled, built.at("a"), hours).stories[0].money


LONGER = 100 * (T_F + 0.25 * math.exp(-T_F / 0.25))  # 100 E max(R, T_f) = 34.2


def test_the_sweep_charges_the_longer_of_both() -> None:
    assert of_sweep(pair()) == pytest.approx(25.0)
    assert of_sweep(pair(hard="S>a")) == pytest.approx(LONGER, rel=1e-12)
    assert pytest.approx(34.2, abs=0.01) == LONGER
    assert of_sweep(pair(hard="S>a", success=0.5)) == pytest.approx(0.5 * LONGER + 0.5 * 25.0, rel=1e-12)


def test_a_short_outage_lasts_as_long_as_the_switch_it_triggers() -> None:
    """5 minutes of a: 25.0 by the switch, with a hard need on a beside it no less."""
    assert of_what_if(pair(), 5 / 60) == pytest.approx(25.0)
    assert of_what_if(pair(hard="S>a"), 5 / 60) == pytest.approx(25.0)
    assert of_what_if(pair(hard="S>a", success=0.5), 5 / 60) == pytest.approx(0.5 * 25.0 + 0.5 * 100 * 5 / 60)
    assert of_what_if(pair(hard="S>a"), 1.0) == pytest.approx(100.0)


@pytest.mark.parametrize("hard", ["", "S>a"])
def test_simulated_years_agree(hard: str) -> None:
    built = pair(hard=hard)
    told = summary_of(simulate_years(subestate_of(built.compiled, int(built.at("S")[0])), 3, 0, 300)).loss_per_year
    low, high = told.interval
    assert low < (LONGER if hard else 25.0) < high and high - low < 4.0


def test_an_outage_that_only_degrades_the_dependent() -> None:
    """The switch in full, then half of what is left of the outage: 100 (T_f + .5 E max(R - T_f, 0))."""
    built = pair(soft="S>a:.5")
    beyond = 0.25 * math.exp(-1.0)
    assert of_sweep(built) == pytest.approx(100 * (T_F + 0.5 * beyond), rel=1e-12)
    assert of_what_if(built, 5 / 60) == pytest.approx(25.0)


def test_a_service_that_only_degrades_with_its_dependent() -> None:
    """T works at half without S: half of max(R, T_f), where R alone was charged."""
    built = estate(
        "T; S; a; b",
        hard="S>a",
        soft="T>S:.5",
        groups={"S": [(1, "a b", {"failover_minutes": 60 * T_F, "failover_success": 1.0})]},
        services={"T": {"money_per_hour": 100.0}},
        profiles={"a": {"failures_per_year": 1.0, "repair_hours": 0.25}},
    )
    assert of_sweep(built) == pytest.approx(0.5 * LONGER, rel=1e-12)
    assert of_what_if(built, 5 / 60) == pytest.approx(12.5)


def test_a_breach_by_the_switch_alone_is_certain() -> None:
    first = first_order(pair(hard="S>a", mtpd_hours=0.2).compiled)
    assert first.suffered_breaches[0] == pytest.approx(1.0)
    first = first_order(pair(hard="S>a", mtpd_hours=0.5).compiled)
    assert first.suffered_breaches[0] == pytest.approx(math.exp(-2.0))


@pytest.mark.parametrize("seed", range(20))
def test_one_dependency_more_never_lowers_what_an_outage_costs(seed: int) -> None:
    """15 random estates a seed, 300 in all."""
    rng = random.Random(700 + seed)
    for _ in range(15):
        names = ["S", "T", "a", "b", "c", "d"]
        groups = {
            "S": [(1, "a b", {"failover_minutes": rng.choice((3, 15, 60)), "failover_success": rng.choice((0.5, 0.9, 1.0))})]
        }
        if rng.random() < 0.5:
            groups["T"] = [(1, "c d", {"failover_minutes": 15, "failover_success": 0.8})]
        edges = [f"{u}>{v}" for k, u in enumerate(names) for v in names[k + 1 :] if rng.random() < 0.2]
        more = rng.choice([f"{u}>{v}" for k, u in enumerate(names) for v in names[k + 1 :]])
        down, hours = rng.choice(names[2:]), rng.choice((5 / 60, 0.5, 4.0))
        costs = []
        for hard in (edges, [*edges, more]):
            built = estate("; ".join(names), hard=" ".join(hard), groups=groups, services={"S": {"money_per_hour": 100.0}})
            told = what_if(built.compiled, built.at(down), hours).stories
            money = sum(first_order(built.compiled).money[built.at(down)].tolist())
            costs.append((sum(story.money for story in told), money))
        assert costs[1][0] >= costs[0][0] - 1e-9 and costs[1][1] >= costs[0][1] - 1e-9, (edges, more, down)
