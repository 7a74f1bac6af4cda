"""Golden cases with published results, through the API: each state of an estate is one question for its failed set.

Q is the probability-weighted share of states in which the service is down; the product answers for every single state.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Service

CASES = {case["id"]: case for case in json.loads((Path(__file__).parents[1] / "reference" / "golden.json").read_text())}


def fallible(estate: Mapping[str, Any]) -> dict[str, float]:
    return {ci["key"]: ci["unavailability"] for ci in estate["cis"] if 0 < ci.get("unavailability", 0) < 1}


def enumerated(service: Service, estate: Mapping[str, Any], forced: tuple[str, ...] = ()) -> float:
    """P(service S down), by asking for the failed set of every state."""
    shares = {key: q for key, q in fallible(estate).items() if key not in forced}
    total = 0.0
    for bits in itertools.product((False, True), repeat=len(shares)):
        down = [key for key, bit in zip(shares, bits, strict=True) if bit] + list(forced)
        weight = 1.0
        for (_, q), bit in zip(shares.items(), bits, strict=True):
            weight *= q if bit else 1 - q
        if down and "S" in service.failed(*down):
            total += weight
    return total


def expected(case: Mapping[str, Any], quantity: str) -> tuple[float, float]:
    row = next(row for row in case["expected"] if row["quantity"] == quantity)
    return row["value"], row["rel_tol"]


ENUMERATED = [
    ("C01", "Q", None, ()),
    ("C02", "Q", None, ()),
    ("C03", "Q", None, ()),
    ("C03", "Q, all q=.1", "all .1", ()),
    ("C04", "Q", None, ()),
    ("C05", "Q", None, ()),
    ("C08", "Q", None, ()),
    ("C09", "Q", None, ()),
    ("C37", "Q, grounded supply", None, ()),
    ("C36", "Q", None, ()),
    ("C36", "Q if site1 is out", None, ("site1",)),
    ("C36", "Q if site2 is out", None, ("site2",)),
    ("C36", "Q after moving lb to a pair on both sites", "lb moved", ()),
]


@pytest.mark.parametrize(("name", "quantity", "variant", "forced"), ENUMERATED, ids=lambda value: str(value))
def test_every_state_of_a_golden_case(
    service: Service, name: str, quantity: str, variant: str | None, forced: tuple[str, ...]
) -> None:
    case = CASES[name]
    estate = case["variants"][variant] if variant else case["estate"]
    service.document(estate)
    value, tolerance = expected(case, quantity)
    assert enumerated(service, estate, forced) == pytest.approx(value, rel=max(tolerance, 1e-12))


@pytest.mark.parametrize(("name", "count"), [("C05", 1), ("C36", 2)])
def test_single_points_of_failure(service: Service, name: str, count: int) -> None:
    service.document(CASES[name]["estate"])
    assert service.get("/services/S")["single_points_total"] == count == expected(CASES[name], "single points of failure")[0]


def test_c37_the_least_fixpoint_does_not_come_out(service: Service) -> None:
    service.document(CASES["C37"]["estate"])
    wrong, _ = expected(CASES["C37"], "Q, least fixpoint (wrong for supply)")
    assert enumerated(service, CASES["C37"]["estate"]) != pytest.approx(wrong, rel=1e-3)


@pytest.mark.parametrize(
    ("rule", "quantity", "variant"),
    [("product", "loss, product rule", None), ("worst", "loss, worst rule", None), ("product", "chain of .5 and .4", "chain")],
)
def test_c22_degradation(service: Service, rule: str, quantity: str, variant: str | None) -> None:
    case = CASES["C22"]
    service.document(case["variants"][variant] if variant else case["estate"])
    made = service.post("/simulations", {"cis": ["D"], "duration_hours": 1, "rule": rule})
    assert made["services"][0]["lost_share"] == pytest.approx(expected(case, quantity)[0], rel=1e-12)


@pytest.mark.parametrize(
    ("hours", "quantity"),
    [(2, "loss of a 2 h outage"), (4, "loss of the mean outage"), (30, "loss of a 30 h outage (last slope goes on)")],
)
def test_c24_loss_of_an_outage_of_given_length(service: Service, hours: float, quantity: str) -> None:
    service.document(CASES["C24"]["estate"])
    made = service.post("/simulations", {"cis": ["a"], "duration_hours": hours})
    assert made["money"] == pytest.approx(expected(CASES["C24"], quantity)[0], rel=1e-9)


def test_c24_expected_loss_of_one_outage(service: Service) -> None:
    service.document(CASES["C24"]["estate"])
    value, tolerance = expected(CASES["C24"], "expected loss per outage")
    assert service.get("/area", name="a")["area"]["money_per_year"] == pytest.approx(value, rel=tolerance)


def test_c35_bad_customer_minutes_first_order(service: Service) -> None:
    service.document(CASES["C35"]["estate"])
    value, tolerance = expected(CASES["C35"], "bad customer-minutes, first-order part")
    assert service.get("/area", name="db")["area"]["customer_hours_per_year"] * 60 == pytest.approx(
        value, rel=max(tolerance, 1e-12)
    )
