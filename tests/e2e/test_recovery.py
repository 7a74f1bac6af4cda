"""When services are back: RTO against single outages, the path when all is down, and what is not known."""

from __future__ import annotations

import math
from typing import Any

import pytest

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


POOLED = [
    {"key": "s", "class": "application", "failures_per_year": 1, "repair_hours": 0.001},
    *({"key": key, "class": "server", "failures_per_year": 1, "repair_hours": hours, "restore_pool": "Night crew"}
      for key, hours in (("a", 3), ("b", 3), ("c", 2), ("d", 2), ("e", 2))),
]  # fmt: skip
POOLED_NEEDS = [{"dependent": "s", "provider": key} for key in "abcde"]


def of(page: dict[str, Any], name: str) -> dict[str, Any]:
    return next(row for row in page["items"] if row["name"] == name)


def test_crews_make_a_range_and_a_pool_of_unknown_places_a_wide_one(on_each_store: Service) -> None:
    service = on_each_store
    service.csv(cis=POOLED, dependencies=POOLED_NEEDS, services=[{"key": "s", "rto_hours": 6.5}])
    page = service.get("/recovery")
    assert page["basis"]["unknown_pools"] == ["Night crew"] and page["basis"]["cis_without_pool"] == 1
    row = of(page, "s")
    assert (row["after_all_hours"], row["after_all_at_least_hours"], row["after_all_within_hours"]) == (3.001, 3.001, 12.001)
    assert row["after_all_verdict"] == "undecided"
    before = service.client.get("/api/v1/recovery").headers["ETag"]
    assert service.client.put("/api/v1/pools/Night crew", json={"places": 2}).status_code == 428
    answer = service.client.put("/api/v1/pools/Night crew", json={"places": 2}, headers={"If-None-Match": "*"})
    assert (answer.status_code, answer.get_json()) == (200, {"name": "Night crew", "places": 2})
    assert service.client.get("/api/v1/recovery", headers={"If-None-Match": before}).status_code == 200, "the answer changed"
    # C29: 12 h of work by two: 6 at least, longest first 7
    row = of(service.get("/recovery"), "s")
    assert (row["after_all_at_least_hours"], row["after_all_within_hours"]) == (6.0, 7.001)
    assert [row["places"] for row in service.get("/pools")["items"]] == [2]
    held = service.client.get("/api/v1/pools/Night crew").headers["ETag"]
    changed = service.client.put("/api/v1/pools/Night crew", json={"places": 3}, headers={"If-Match": held})
    again = service.client.put("/api/v1/pools/Night crew", json={"places": 4}, headers={"If-Match": held})
    assert (changed.status_code, again.status_code) == (200, 412)
    assert service.cli("pools", "Night crew", "--places", "5").exit_code == 0
    row = of(service.get("/recovery"), "s")
    assert (row["after_all_within_hours"], row["after_all_verdict"]) == (3.001, "feasible")
    assert service.cli_json("pools")["items"] == [{"cis": 5, "name": "Night crew", "places": 5}]
    assert service.client.delete("/api/v1/pools/Night crew").status_code == 200
    assert service.get("/recovery")["basis"]["unknown_pools"] == ["Night crew"]
    assert service.client.delete("/api/v1/pools/Night crew").status_code == 404
    assert service.client.put("/api/v1/pools/x", json={"places": 0}, headers={"If-Match": "*"}).status_code == 422
    said = [(entry["action"], entry["subject"]) for entry in service.get("/audit", limit=10)["items"]]
    assert ("restore pool stated", "Night crew") in said and ("restore pool forgotten", "Night crew") in said


def test_an_rto_that_no_crew_can_meet_is_a_gap_when_all_is_down(service: Service) -> None:
    service.csv(cis=POOLED, dependencies=POOLED_NEEDS, services=[{"key": "s", "rto_hours": 5}])
    service.client.put("/api/v1/pools/Night crew", json={"places": 2}, headers={"If-None-Match": "*"})
    page = service.get("/recovery/gaps")
    assert [(gap["kind"], gap["gap_hours"]) for gap in page["items"]] == [("all down", 1.0)]
    assert page["items"][0]["sentence"].startswith(
        "s must be back after 5 hours; after an outage of all that it needs it is back at"
    )


def test_what_starts_without_a_need_waits_for_it_only_to_be_back(on_each_store: Service) -> None:
    """dns and login need each other; dns starts without login (by its name), so nothing is trapped."""
    service = on_each_store
    cis = [
        {"key": "dns", "class": "dns", "repair_hours": 1, "failures_per_year": 1, "starts_without": "Login service"},
        {"key": "login", "name": "Login service", "class": "server", "repair_hours": 2, "failures_per_year": 1},
        {"key": "shop", "class": "application", "repair_hours": 0.5, "failures_per_year": 1},
    ]
    needs = [
        {"dependent": "dns", "provider": "login"},
        {"dependent": "login", "provider": "dns"},
        {"dependent": "shop", "provider": "dns"},
    ]
    service.csv(cis=cis, dependencies=needs, services=[{"key": "shop", "rto_hours": 4}])
    assert service.get("/cold-start")["items"] == []
    steps = service.get("/cold-start/order")["items"]
    assert [(step["name"], step["trap"]) for step in steps] == [("dns", ""), ("shop", ""), ("Login service", "")]
    # dns has started after 1 and shop after 1.5, yet both run only with the login, after 3
    row = of(service.get("/recovery"), "shop")
    assert (row["after_all_hours"], row["after_all_at_most"]) == (3.0, False)
    service.csv(cis=[{**cis[0], "starts_without": "nobody"}, *cis[1:]], dependencies=needs, services=[{"key": "shop"}])
    page = service.get("/recovery")
    assert page["basis"]["warnings"] == ["starts_without names no hard need of its CI: nobody (dns)"]
    assert of(page, "shop")["after_all_at_most"] is True
    assert service.get("/cold-start")["circles"] == 1
    assert service.cli("correct", "dns", "starts_without=Login service").exit_code == 0
    assert service.get("/cold-start")["circles"] == 0, "a correction counts as what a source says"


DATA = [
    {"key": "shop", "class": "application", "repair_hours": 1, "failures_per_year": 1, "transfer_lag_hours": 0.5},
    {"key": "crm", "class": "application", "repair_hours": 1, "failures_per_year": 1},
    {"key": "mail", "class": "application", "repair_hours": 1, "failures_per_year": 1},
    {"key": "db", "class": "database", "repair_hours": 1, "failures_per_year": 1, "backup_interval_hours": 24,
     "transfer_lag_hours": 2},
    {"key": "log", "class": "database", "repair_hours": 1, "failures_per_year": 1},
]  # fmt: skip


def test_data_loss_adds_interval_and_lags_and_an_assumed_interval_is_marked(on_each_store: Service) -> None:
    service = on_each_store
    needs = [{"dependent": "shop", "provider": "db"}, {"dependent": "crm", "provider": "log"}]
    exposures = [{"key": "shop", "rpo_hours": 4}, {"key": "crm", "rpo_hours": 48}, {"key": "mail", "rpo_hours": 1}]
    service.csv(cis=DATA, dependencies=needs, services=exposures)
    page = service.get("/recovery")
    told = {row["name"]: (row["data_loss_hours"], row["data_loss_mean_hours"], row["data_loss_origin"], row["rpo_verdict"])
            for row in page["items"]}  # fmt: skip
    assert told == {
        "shop": (26.5, 13.25, "declared", "infeasible"),
        "crm": (24.0, 12.0, "assumed", "feasible"),
        "mail": (None, None, "", "undecided"),
    }
    [gap] = service.get("/recovery/gaps")["items"]
    assert (gap["kind"], gap["service_name"], gap["name"], gap["wants_hours"], gap["takes_hours"]) == (
        "data",
        "shop",
        "db",
        4.0,
        26.5,
    )
    assert [step["name"] for step in gap["path"]] == ["db", "shop"]
    assert service.cli_json("recovery-gaps")["items"] == [gap]
    assert "26.5 h" in service.page("/recovery-gaps")
    assert service.cli("correct", "db", "backup_interval_hours=1").exit_code == 0
    assert of(service.get("/recovery"), "shop")["data_loss_hours"] == 3.5


def test_json_says_the_same_of_recovery_as_csv(service: Service) -> None:
    document = {
        "cis": [
            {"key": "s", "class": "application", "repair_hours": 1, "failures_per_year": 1, "starts_without": ["a", "b"]},
            {"key": "a", "class": "server", "repair_hours": 2, "failures_per_year": 1, "restore_pool": "Crew"},
            {"key": "b", "class": "database", "repair_hours": 3, "failures_per_year": 1, "restore_pool": "Crew",
             "backup_interval_hours": 6, "transfer_lag_hours": 1},
        ],
        "dependencies": [{"dependent": "s", "provider": "a"}, {"dependent": "s", "provider": "b"}],
        "services": [{"key": "s", "rto_hours": 9, "rpo_hours": 9}],
    }  # fmt: skip
    service.document(document)
    row = of(service.get("/recovery"), "s")
    assert (row["after_all_hours"], row["after_all_within_hours"], row["data_loss_hours"]) == (3.0, 5.0, 7.0)
    [first, *_] = service.get("/cold-start/order")["items"]
    assert first["name"] == "s", "it waits for neither"


def test_detection_and_declaration_come_before_everything_once(make_service: Any) -> None:
    service = make_service(FORESTAY_MODEL_DETECTION_HOURS="0.5", FORESTAY_MODEL_DECLARATION_HOURS="1")
    service.csv(cis=CIS, dependencies=NEEDS, groups=GROUPS, services=SERVICES)
    shop = rows(service)["shop"]
    assert (shop["after_one_hours"], shop["gap_hours"], shop["after_all_hours"]) == (26.25, 24.25, 28.0)
    one = service.get("/services/shop/recovery")
    assert [step["back_after_hours"] for step in one["path"]] == [25.5, 27.5, 28.0]
    assert one["basis"]["detection_hours"] == 0.5


def test_a_ci_says_what_is_required_of_it_and_who_asks(service: Service) -> None:
    service.csv(cis=CIS, dependencies=NEEDS, groups=GROUPS, services=SERVICES)
    disk = service.get("/cis/disk")["required"]
    assert (disk["required_hours"], disk["service_name"], disk["takes_hours"], disk["gap_hours"]) == (2.0, "shop", 24.75, 22.75)
    assert "22.8 h too late" in service.page("/ci", key="disk")
    spare = service.get("/cis/a")["required"]
    assert (spare["required_hours"], spare["contradictions"], spare["services"]) == (None, 0, 0), "b carries the CRM"
    gaps = service.get("/recovery/gaps")
    assert [(gap["kind"], gap["name"], gap["service_name"], gap["gap_hours"]) for gap in gaps["items"]] == [
        ("all down", "disk", "shop", 24.5), ("outage", "disk", "shop", 22.75), ("outage", "db", "shop", 0.25),
    ]  # fmt: skip
    assert (gaps["outages"], gaps["all_down"], gaps["data"], gaps["services"]) == (2, 1, 0, 1)
    assert [step["name"] for step in gaps["items"][1]["path"]] == ["disk", "db", "shop"]
    first = service.get("/recovery/gaps", limit=1)
    rest = service.get("/recovery/gaps", limit=5, after=first["next"])
    assert first["items"] + rest["items"] == gaps["items"]


def test_how_likely_an_rto_is_met_lies_in_its_interval_and_stays_the_same(make_service: Any) -> None:
    service = make_service(FORESTAY_LIMITS_RECOVERY_DRAWS="1000")
    alone = [{"key": "s", "class": "application", "failures_per_year": 1, "repair_hours": 4}]
    service.csv(cis=alone, services=[{"key": "s", "rto_hours": 4}])
    chances = service.get("/services/s/recovery")["chances"]
    # exponential: 1 - 1/e
    assert [chance["what"] for chance in chances] == ["outage of s", "all down"]
    one, every = chances
    exact = 1 - math.exp(-1)
    assert (one["share"], one["low_share"], one["draws"]) == (pytest.approx(exact), one["share"], 0), "of one CI it is exact"
    assert every["low_share"] <= exact <= every["high_share"] and every["draws"] == 1000
    assert service.get("/services/s/recovery")["chances"] == chances
