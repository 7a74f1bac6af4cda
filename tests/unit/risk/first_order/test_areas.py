"""Areas and totals: shares add up, every column adds up to the same, what is unknown is not 0."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

from app.domain.errors import InvalidInput
from app.risk.first_order.areas import (
    category_codes,
    measure_of,
    rank,
    rank_services,
    rows_of,
    scores_of,
    services_cost,
    services_felt,
    services_stopped,
)
from app.risk.first_order.sweep import first_order
from app.risk.first_order.totals import corrected_hours, points_of, service_totals, services_of, totals_of
from app.risk.intake.compile import compile_graph
from tests.unit.risk.build import graph_of, random_estate

SUMS = ("money_per_year", "customer_hours_per_year", "service_hours_per_year")


def _labelled(rng: random.Random, estate: dict[str, Any]) -> dict[str, Any]:
    for ci in estate["cis"]:
        ci |= {name: rng.choice((None, f"{name} 1", f"{name} 2")) for name in ("ci_class", "site", "team", "supplier")}
    for service in estate["services"]:
        if rng.random() < 0.2:
            service["money_per_hour"] = None
        if rng.random() < 0.2:
            service["customers"] = None
    return estate


@pytest.mark.parametrize("seed", range(4))
def test_columns_of_every_kind_add_up_to_the_same_total(seed: int) -> None:
    rng = random.Random(6000 + seed)
    lossy = 0
    for _ in range(100):
        graph = graph_of(_labelled(rng, random_estate(rng, rng.randint(2, 10), failover=0.5)))
        compiled = compile_graph(graph)
        first = first_order(compiled)
        for position in range(len(compiled)):
            one = np.array([position])
            stopped, cost = services_stopped(first, one).tolist(), services_cost(first, one).tolist()
            assert services_felt(first, position) == (len(stopped), len(set(cost) - set(stopped)))
        totals, services = totals_of(compiled, first), service_totals(compiled, first)
        for name in SUMS:
            want = float(np.nansum(getattr(services, name.removesuffix("_per_year"))))
            lossy += want > 0
            rankings = [
                rank(*category_codes(compiled, column), totals.values(), name)
                for column in (None, graph.cis.ci_class, graph.cis.site, graph.cis.team, graph.cis.supplier)
            ]
            for made in (*rankings, rank_services(services, name)):
                assert made.total == pytest.approx(want, rel=1e-9, abs=1e-9)
                assert float(np.nansum(made.values[name])) == pytest.approx(want, rel=1e-9, abs=1e-9)
                assert abs(made.share.sum() - (1.0 if want > 0 else 0.0)) < 1e-9
                known = np.nan_to_num(made.values[name])
                assert (np.diff(known) <= 1e-12 * max(1.0, want)).all()
            assert all(made.members.sum() == len(compiled) for made in rankings)
    assert lossy > 50


def _estate(services: list[dict[str, Any]], **db: Any) -> dict[str, Any]:
    keys = ["db", "idle", *(s["key"] for s in services)]
    return {
        "cis": [{"key": k, "failures_per_year": 0.0, "repair_hours": 1.5} | (db if k == "db" else {}) for k in keys],
        "dependencies": [{"dependent": s["key"], "provider": "db", "kind": "hard"} for s in services], "groups": [],
        "services": services,
    }  # fmt: skip


def _totals(estate: dict[str, Any]) -> tuple[Any, Any, Any, int]:
    compiled = compile_graph(graph_of(estate))
    first = first_order(compiled)
    return compiled, first, totals_of(compiled, first), compiled.position_of(10)


def test_c35_in_every_measure() -> None:
    shop, crm = {"key": "shop", "customers": 1000, "money_per_hour": 10}, {"key": "crm", "customers": 200, "money_per_hour": 1}
    compiled, first, totals, db = _totals(_estate([shop, crm], failures_per_year=2.0))
    assert (totals.services_hit[db], totals.service_hours[db]) == (2, pytest.approx(6.0))
    assert (totals.customer_hours[db], totals.money[db]) == (pytest.approx(3600.0), pytest.approx(33.0))
    assert totals.sums()["customer_hours_per_year"] == pytest.approx(3600.0)
    assert len(services_of(first, db)) == 2 and points_of(first, 0).tolist()[0] == db
    assert services_stopped(first, np.array([db])).tolist() == [0, 1]
    assert rows_of(first, db).tolist() == [db]
    down = 2 * 1.5 / 8766
    assert corrected_hours(compiled, np.array([db])) == pytest.approx(8766 * down / (1 + down))


def test_unknown_money_is_not_zero() -> None:
    one, two = {"key": "shop", "customers": 1000}, {"key": "crm", "money_per_hour": 1}
    _, _, totals, db = _totals(_estate([one], failures_per_year=2.0))
    assert math.isnan(totals.money[db]) and totals.customer_hours[db] == pytest.approx(3000.0)
    assert measure_of(totals.values()) == "customer_hours_per_year"
    _, _, totals, db = _totals(_estate([one, two], failures_per_year=2.0))
    assert totals.money[db] == pytest.approx(3.0)
    _, _, totals, db = _totals(_estate([one], unavailability=0.5, repair_hours=math.nan))
    assert totals.service_hours[db] == pytest.approx(8766.0) and math.isnan(totals.money[db])
    none = {"key": "wiki"}
    _, _, totals, db = _totals(_estate([none], failures_per_year=2.0))
    assert measure_of(totals.values()) == "service_hours_per_year"
    assert totals.sums()["money_per_year"] == 0.0  # of the CIs that cost nothing; the one that does is unknown


def test_a_failover_that_interrupts_known_and_unknown_money_keeps_what_is_known() -> None:
    estate = _estate([{"key": "shop"}, {"key": "crm", "money_per_hour": 60}], failures_per_year=1.0)
    estate["dependencies"] = []
    estate["groups"] = [
        {"key": f"g{k}", "dependent": k, "needed": 1, "members": ["db", "idle"], "failover_minutes": 1, "failover_success": 1.0}
        for k in ("shop", "crm")
    ]
    _, _, totals, db = _totals(estate)
    assert totals.services_hit[db] == 0 and totals.money[db] == pytest.approx(1.0) and not totals.not_counted[db]


def test_what_only_pairs_could_cost_is_marked() -> None:
    estate = _estate([{"key": "shop", "customers": 1}], failures_per_year=1.0)
    estate["dependencies"] = []
    estate["groups"] = [{"key": "g", "dependent": "shop", "needed": 1, "members": ["db", "idle"]}]
    compiled, first, totals, db = _totals(estate)
    idle = compiled.position_of(11)
    assert totals.not_counted[db] and not totals.not_counted[idle]  # idle never fails
    assert service_totals(compiled, first).not_counted.tolist() == [True]
    assert np.isnan(scores_of(totals)["score_rank"][[db, idle]]).all()


def test_a_measure_nobody_knows_is_refused() -> None:
    with pytest.raises(InvalidInput):
        rank(np.zeros(1, np.int64), 1, {}, "money_per_year")
