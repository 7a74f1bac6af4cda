"""What a ticket system asks, by whatever identity it holds."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Service


@pytest.fixture
def shop(service: Service) -> Service:
    service.csv(
        "cmdb",
        cis=[
            {"key": "SVC-1", "name": "Shop", "class": "business_service", "fqdn": "", "alias:sys_id": "9f1c"},
            {"key": "CI-7", "name": "db-main", "class": "database", "fqdn": "db1.example.com", "alias:sys_id": "27d3"},
            {"key": "CI-8", "name": "twin", "class": "server", "fqdn": "", "alias:sys_id": "1"},
            {"key": "CI-9", "name": "twin", "class": "server", "fqdn": "", "alias:sys_id": "2"},
        ],
        dependencies=[{"dependent": "SVC-1", "provider": "CI-7"}],
        services=[{"key": "Shop", "customers": 20000, "money_per_hour": 1000, "currency": "EUR", "mtpd_hours": 2}],
    )
    return service


@pytest.mark.parametrize("identity", ["cmdb:ci:CI-7", "CI-7", "ci-7", "db-main", "DB1.example.com", "27d3"])
def test_any_identity_the_caller_holds(shop: Service, identity: str) -> None:
    answer = shop.get("/impact", id=identity)
    assert answer["ci"]["key"] == "cmdb:ci:CI-7"
    assert [hit["name"] for hit in answer["services"]] == ["Shop"]
    assert answer["priority"] == "1"
    assert answer["priority_row"].startswith("high/soon")
    assert answer["reason"] == "If db-main fails, 1 service stops: Shop."
    assert "/ci?key=cmdb" in answer["link"]
    assert shop.cli_json("impact", identity)["priority_row"] == answer["priority_row"]


def test_an_ambiguous_identity_is_refused_with_candidates(shop: Service) -> None:
    problem = shop.get("/impact", id="twin", status=409)
    assert problem["candidates"] == ["cmdb:ci:CI-8", "cmdb:ci:CI-9"]
    assert shop.cli("impact", "twin").exit_code == 4


def test_an_unknown_identity_is_not_found(shop: Service) -> None:
    assert shop.get("/impact", id="nobody", status=404)["code"] == "not_found"
    assert shop.cli("impact", "nobody").exit_code == 5


def test_what_stops_nothing_has_the_lowest_priority(shop: Service) -> None:
    assert shop.get("/impact", id="CI-8")["priority_row"].startswith("none/later")
