"""When services are back: RTO against single outages, the path when all is down, and what is not known."""

from __future__ import annotations

from typing import Any

from tests.e2e.conftest import Service

CIS = [
    {"key": "shop", "class": "application", "failures_per_year": 1, "repair_hours": 0.5, "restart_hours": 0.25},
    {"key": "crm", "class": "application", "failures_per_year": 1, "repair_hours": 1},
    {"key": "db", "class": "database", "failures_per_year": 1, "repair_hours": 2, "restart_hours": 0.5},
    {"key": "disk", "class": "storage", "failures_per_year": 1, "repair_hours": 24},
    {"key": "a", "class": "server", "failures_per_year": 1, "repair_hours": 4},
    {"key": "b", "class": "server", "failures_per_year": 1, "repair_hours": 100},
]
NEEDS = [{"dependent": "shop", "provider": "db"}, {"dependent": "db", "provider": "disk"}]
GROUPS = [{"key": "g", "dependent": "crm", "needed": 1, "members": "a|b"}]
SERVICES = [{"key": "shop", "rto_hours": 2, "mtpd_hours": 24}, {"key": "crm", "rto_hours": 8}]


def rows(service: Service) -> dict[str, Any]:
    return {row["name"]: row for row in service.get("/recovery")["items"]}


def test_the_contradiction_of_a_service_and_its_input_is_named_with_both_ends(service: Service) -> None:
    service.csv(cis=CIS, dependencies=NEEDS, groups=GROUPS, services=SERVICES)
    page = service.get("/recovery")
    assert (page["infeasible"], page["undecided"], [row["name"] for row in page["items"]]) == (1, 0, ["shop", "crm"])
    shop, crm = page["items"]
    # the disk takes 24 h, then the database starts again in .5 and the shop in .25
    assert (shop["verdict"], shop["after_one_hours"], shop["after_one_name"], shop["gap_hours"]) == (
        "infeasible",
        24.75,
        "disk",
        22.75,
    )
    assert (shop["contradictions"], shop["beyond_mtpd"]) == (2, 1)
    assert shop["sentence"] == "shop must be back after 2 hours; an outage of disk takes 24.8 hours (declared)."
    # all down: 24 + 2 + .5; the spare that takes 100 h holds the CRM back for nothing
    assert (shop["after_all_hours"], crm["after_all_hours"], crm["after_all_at_most"]) == (26.5, 5.0, False)
    assert (crm["verdict"], crm["after_one_hours"], crm["after_one_name"]) == ("feasible", 1.0, "crm")
    one = service.get("/services/shop/recovery")
    assert [step["name"] for step in one["path"]] == ["disk", "db", "shop"]
    assert [step["back_after_hours"] for step in one["path"]] == [24.0, 26.0, 26.5]
    assert [(row["name"], row["hours"], row["over_rto_hours"]) for row in one["single_outages"]] == [
        ("disk", 24.75, 22.75), ("db", 2.25, 0.25), ("shop", 0.5, 0.0),
    ]  # fmt: skip
    assert one["close_behind"] == []
    crm = service.get("/services/crm/recovery")
    assert ([step["name"] for step in crm["path"]], crm["close_behind"]) == (["a", "crm"], [])
    first = service.get("/services/shop/recovery", limit=1)
    assert first["truncated"] and first["single_outages_total"] == 3
    rest = service.get("/services/shop/recovery", limit=5, after=first["next"])
    assert [row["name"] for row in first["single_outages"] + rest["single_outages"]] == ["disk", "db", "shop"]


def test_the_command_says_the_same(service: Service) -> None:
    service.csv(cis=CIS, dependencies=NEEDS, groups=GROUPS, services=SERVICES)
    assert service.cli_json("recovery")["items"] == service.get("/recovery")["items"]
    text = service.cli("recovery", "shop").output
    assert "shop must be back after 2 hours; an outage of disk takes 24.8 hours (declared)." in text
    assert "1 cannot meet their RTO" in service.cli("recovery").output


def test_what_was_not_read_never_makes_an_rto_feasible(service: Service) -> None:
    lost = [*NEEDS, {"dependent": "crm", "provider": "nobody-knows"}]
    service.csv(cis=CIS, dependencies=lost, groups=GROUPS, services=SERVICES)
    found = rows(service)
    assert (found["crm"]["verdict"], found["crm"]["open_needs"]) == ("undecided", 1)
    assert found["shop"]["verdict"] == "infeasible", "what is not known does not make a missed RTO undecided"


def test_cis_that_start_each_other_give_an_upper_bound(service: Service) -> None:
    circle = [*NEEDS, {"dependent": "disk", "provider": "db"}]
    service.csv(cis=CIS, dependencies=circle, groups=GROUPS, services=SERVICES)
    shop = rows(service)["shop"]
    assert (shop["after_all_hours"], shop["after_all_at_most"]) == (26.5, True)


def test_a_service_without_an_rto_is_listed_last(service: Service) -> None:
    service.csv(cis=CIS, dependencies=NEEDS, groups=GROUPS, services=[{"key": "shop"}, {"key": "crm", "rto_hours": 0.5}])
    page = service.get("/recovery")
    assert [(row["name"], row["verdict"]) for row in page["items"]] == [("crm", "infeasible"), ("shop", "no RTO")]


def test_the_pages_show_what_the_api_says(service: Service) -> None:
    service.csv(cis=CIS, dependencies=NEEDS, groups=GROUPS, services=SERVICES)
    text = service.page("/recovery")
    assert "1 of 2 services cannot be back within their RTO after the outage of one CI." in text
    assert "24.8 h" in text and "/recovery-of?key=" in text
    one = service.page("/recovery-of", key=service.get("/recovery")["items"][0]["key"])
    assert "shop must be back after 2 hours; an outage of disk takes 24.8 hours (declared)." in one
    assert one.index(">disk</a>") < one.index(">db</a>")


def test_what_lies_close_behind_the_critical_path_is_named_with_its_slack(service: Service) -> None:
    beside = [*NEEDS, {"dependent": "shop", "provider": "a"}]
    service.csv(cis=CIS, dependencies=beside, groups=GROUPS, services=SERVICES)
    one = service.get("/services/shop/recovery")
    assert [(row["name"], row["slack_hours"]) for row in one["close_behind"]] == [("a", 22.0)]
