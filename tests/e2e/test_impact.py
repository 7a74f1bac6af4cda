"""What a ticket system asks, by whatever identity it holds."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from app.settings import TicketSettings
from app.usecases.answers.impact import impact_level, priority_of, urgency_of
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


def test_one_more_service_hit_never_lowers_a_priority() -> None:
    """20,000 random tickets: whatever hits and unknowns there are, one more hit leaves the priority or raises it."""
    rng, settings = random.Random(9), TicketSettings()
    for _ in range(20_000):
        hits = [
            (rng.choice((None, 10.0, 700.0, 20_000.0)), rng.choice((1.0, 0.3)), rng.choice((None, 2.0, 20.0, 100.0)))
            for _ in range(rng.randint(0, 6))
        ]
        assert priority(settings, hits[:-1]) >= priority(settings, hits)


def priority(settings: TicketSettings, hits: Sequence[tuple[float | None, float, float | None]]) -> str:
    """Of a ticket whose CI hits these services: customers, share lost, MTPD."""
    level = impact_level(
        settings,
        down=len(hits),
        interrupted=0,
        customers=sum(share * (customers or 0.0) for customers, share, _ in hits),
        unknown=sum(customers is None for customers, _, _ in hits),
    )
    return priority_of(settings, level, urgency_of(settings, [mtpd for _, _, mtpd in hits], more=False))


def test_the_last_of_its_group_has_a_priority_of_its_own(service: Service) -> None:
    service.csv(
        "cmdb",
        cis=[
            {"key": "shop", "name": "Shop", "class": "business_service", "lifecycle": ""},
            {"key": "a", "name": "a", "class": "server", "lifecycle": ""},
            {"key": "b", "name": "b", "class": "server", "lifecycle": "maintenance"},
        ],
        groups=[{"key": "pair", "dependent": "shop", "needed": 1, "members": "a|b"}],
        services=[{"key": "shop", "customers": 20000, "mtpd_hours": 2}],
    )
    answer = service.get("/impact", id="a")
    assert answer["priority_row"].startswith("last/soon") and answer["priority"] == "3"
    assert answer["services_on_the_rest"] == ["Shop"] and answer["redundancy_used_up"][0]["in_maintenance"] == ["cmdb:ci:b"]
    assert "Shop now hangs on what is left of its redundancy; b of it is in maintenance." in answer["reason"]


def test_services_of_an_impact_come_page_by_page_and_totals_are_of_all(service: Service) -> None:
    names = [f"s{number}" for number in range(5)]
    service.csv(
        cis=[{"key": "db", "class": "database"}, *({"key": name, "class": "business_service"} for name in names)],
        dependencies=[{"dependent": name, "provider": "db"} for name in names],
        services=[{"key": name, "customers": 10, "mtpd_hours": 4} for name in names],
    )
    whole = service.get("/impact", id="db")
    assert (len(whole["services"]), whole["truncated"], whole["next"]) == (5, False, None)
    rows: list[dict[str, object]] = []
    after: dict[str, str] = {}
    for shown in (2, 2, 1):
        page = service.get("/impact", id="db", limit=2, **after)
        assert len(page["services"]) == shown
        rows, after = [*rows, *page["services"]], {"after": page["next"]}
        differ = {name for name, value in page.items() if value != whole[name]}
        assert differ <= {"services", "limit", "truncated", "next"}
    assert rows == whole["services"] and page["next"] is None and not page["truncated"]
    first = service.get("/impact", id="db", limit=2)
    assert service.cli_json("impact", "db", "--limit", "2", "--after", first["next"])["services"] == rows[2:4]
    assert service.client.get("/api/v1/impact", query_string={"id": "s1", "after": first["next"]}).status_code == 422


def test_services_of_a_blast_radius_come_page_by_page_with_their_paths(service: Service) -> None:
    names = [f"s{number}" for number in range(5)]
    service.csv(
        cis=[{"key": "db", "class": "database"}, *({"key": name, "class": "business_service"} for name in names)],
        dependencies=[{"dependent": name, "provider": "db"} for name in names],
        services=[{"key": name, "customers": 10} for name in names],
    )
    whole = service.get("/cis/db/blast-radius")
    assert whole["services_total"] == len(whole["services"]) == 5
    services, fallen, after = [], [], {}
    for _ in range(3):
        page = service.get("/cis/db/blast-radius", limit=2, **after)
        assert (page["services_total"], page["customers"], page["sentence"]) == (5, whole["customers"], whole["sentence"])
        services, fallen, after = [*services, *page["services"]], [*fallen, *page["fallen"]], {"after": page["next"]}
    assert (services, fallen, page["next"]) == (whole["services"], whole["fallen"], None)
    assert all(len(hit["path"]) == 2 for hit in services)
    assert "2 of 5 services hit" in service.cli("blast", "db", "--limit", "2").output
