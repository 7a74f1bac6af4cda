"""What the failover success of one pair is worth, through the API: the loss rises by the closed formula (model 1.6, C20)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import Service

HOURS, MONEY = 8766.0, 250.0  # of a year; lost an hour
ACTIVE, STANDBY = {"failures_per_year": 3.0, "repair_hours": 6.0}, {"failures_per_year": 20.0, "repair_hours": 12.0}
FAILOVER_MINUTES = 9.0


def pair(success: float, **standby: Any) -> dict[str, Any]:
    return {
        "cis": [
            {"key": "S", "unavailability": 0}, {"key": "a", **ACTIVE}, {"key": "b", **STANDBY, **standby},
            {"key": "disk", "failures_per_year": 0.5, "repair_hours": 4.0},
        ],
        "dependencies": [{"dependent": "S", "provider": "disk"}],
        "groups": [
            {
                "key": "pair", "dependent": "S", "needed": 1, "members": ["a", "b"], "failover_minutes": FAILOVER_MINUTES,
                "failover_success": success,
            }
        ],
        "services": [{"key": "S", "money_per_hour": MONEY}],
    }  # fmt: skip


def asked(service: Service, success: float, **standby: Any) -> dict[str, Any]:
    service.document(pair(success, **standby))
    told: dict[str, Any] = service.get("/services/S/loss")
    assert told["money_total"]["method"] == "approximate" and "double failures" in told["money_total"]["note"]
    return told


def rise(success_before: float, success_after: float, failure_on_demand: float = 0.0) -> float:
    """omega_a (1 - U_b) times the success lost times what a failed switch costs more than a switch: hours a year."""
    lam, m = ACTIVE["failures_per_year"], ACTIVE["repair_hours"]
    omega = lam / (1.0 + lam * m / HOURS)
    load = STANDBY["failures_per_year"] * STANDBY["repair_hours"] / HOURS
    lost = (success_before - success_after) * (1.0 - failure_on_demand)
    return omega / (1.0 + load) * lost * (m - FAILOVER_MINUTES / 60.0)


@pytest.mark.parametrize(("before", "after"), [(1.0, 0.9), (0.9, 0.5)])
def test_a_lower_failover_success_costs_the_closed_formula(service: Service, before: float, after: float) -> None:
    first, second = asked(service, before), asked(service, after)
    hours = second["hours_total"]["value"] - first["hours_total"]["value"]
    money = second["money_total"]["value"] - first["money_total"]["value"]
    assert hours == pytest.approx(rise(before, after), rel=1e-9)
    assert money == pytest.approx(MONEY * rise(before, after), rel=1e-9)
    rows = [{row["name"]: row["hours_total"] for row in told["items"]} for told in (first, second)]
    assert rows[1]["a"] - rows[0]["a"] == pytest.approx(rise(before, after), rel=1e-9)  # the active member is charged with it
    assert rows[1]["b"] == pytest.approx(rows[0]["b"], rel=1e-12) and rows[1]["disk"] == pytest.approx(rows[0]["disk"], rel=1e-12)


def test_a_standby_that_fails_on_demand_weakens_the_success(service: Service) -> None:
    first, second = (asked(service, success, failure_on_demand=0.25) for success in (1.0, 0.9))
    hours = second["hours_total"]["value"] - first["hours_total"]["value"]
    assert hours == pytest.approx(rise(1.0, 0.9, 0.25), rel=1e-9)


def test_availability_shows_the_same_formula(service: Service) -> None:
    found = []
    for success in (1.0, 0.9):
        service.document(pair(success))
        (row,) = service.get("/services/S/availability")["failovers"]
        found.append(row["hours_per_year"])
    assert found[1] - found[0] == pytest.approx(rise(1.0, 0.9), rel=1e-9)
