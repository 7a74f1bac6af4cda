"""What a source may state beyond the first figures, from the file to the answer: common causes, ranges, customers that services
share."""

from __future__ import annotations

import copy
import html
import json
import math
from pathlib import Path
from typing import Any

import pytest

from app.usecases.assess import assessed
from tests.e2e.conftest import Service
from tests.e2e.test_golden_risk import wanted
from tests.e2e.test_studies import KINDS, SHOP, studied

CASES = {case["id"]: case for case in json.loads((Path(__file__).parents[1] / "reference" / "golden.json").read_text())}
CAUSE = "common cause of json:group 1"


def c11(**fields: float) -> dict[str, Any]:
    """The case without a common cause, with the fields laid on its group; a and b are two sites' servers of one team."""
    estate = copy.deepcopy(CASES["C11"]["variants"]["no common cause"])
    estate["groups"][0] |= fields
    for place, row in enumerate(estate["cis"][1:]):
        row |= {"class": "server", "team": "Web", "site": ("North", "South")[place]}
    return estate


@pytest.mark.compiled
def test_c11_by_the_field_through_every_engine(service: Service) -> None:
    service.document(c11(common_cause_share=0.1))
    exact = service.get("/services/S/availability")["unavailability"]
    assert (exact["method"], exact["value"]) == ("exact", wanted("C11", "Q"))
    drawn = service.get("/services/S/availability", method="simulated", seed=7)["unavailability"]
    assert drawn["method"] == "simulated" and drawn["low"] <= exact["value"] <= drawn["high"]
    sets = service.get("/services/S/cut-sets")
    assert [(row["names"], round(row["probability"], 9)) for row in sets["items"]] == [([CAUSE], 0.01), (["a", "b"], 0.0081)]
    rows = {row["name"]: row for row in service.get("/services/S/importance")["items"]}
    assert rows[CAUSE]["birnbaum"] == pytest.approx(1 - 0.09**2)
    assert rows["a"]["birnbaum"] == pytest.approx(0.99 * 0.09)


def test_a_common_cause_is_ranked_and_is_no_ci(service: Service) -> None:
    """a and b fail 10 times a year for 8 h, a fifth of it together: 2 * 8 = 16 service-hours a year, first order."""
    estate = c11(common_cause_share=0.2)
    for row in estate["cis"][1:]:
        row |= {"failures_per_year": 10, "repair_hours": 8}
        del row["unavailability"]
    service.document(estate)
    top = service.get("/areas", kind="ci")["items"][0]
    assert (top["name"], top["label"], top["cis"]) == (CAUSE, CAUSE, 0)
    assert top["service_hours_per_year"] == pytest.approx(16.0)
    areas = {
        (kind, row["name"]): row["cis"] for kind in ("site", "team", "class") for row in service.get("/areas", kind=kind)["items"]
    }
    assert (areas["site", "North"], areas["team", "Web"], areas["class", "server"]) == (1, 2, 2)
    team = next(row for row in service.get("/areas", kind="team")["items"] if row["name"] == "Web")
    assert team["service_hours_per_year"] == pytest.approx(16.0)
    assert (
        next(row for row in service.get("/areas", kind="site")["items"] if row["name"] == "North")["service_hours_per_year"]
        == 0.0
    )
    detail = service.get("/area", kind="ci", name=CAUSE)
    assert detail["contributions"][0]["values"][0]["value"] == pytest.approx(2.0)
    assert "common cause" in detail["contributions"][0]["values"][0]["evidence"]
    service.get(f"/cis/{CAUSE}", status=404)
    service.get(f"/cis/{CAUSE}/blast-radius", status=404)
    assert [row["name"] for row in service.get("/cis")["items"]] == ["S", "a", "b"]
    made = service.get("/assessments")["items"][0]
    assert (made["cis"], made["dependencies"], made["common_causes"], sum(made["origins"].values())) == (3, 0, 1, 3)
    store = service.forestay.store
    assert len(store.load_scores()["ci_id"]) == 3
    assert CAUSE in service.page("/") and CAUSE in service.page("/area", kind="ci", name=CAUSE)
    outage = service.post("/simulations", {"team": "Web", "duration_hours": 1})
    assert [row["name"] for row in outage["forced"]] == ["a", "b"]


def test_unlike_members_are_refused_with_what_to_do_and_stated_ones_used(service: Service) -> None:
    estate = c11(common_cause_share=0.1)
    estate["cis"][2]["unavailability"] = 0.2
    service.document(estate)
    warnings = service.get("/areas", kind="ci")["stamp"]["warnings"]
    assert any("state common_cause_unavailability for json:group 1" in text for text in warnings)
    assert service.get("/services/S/availability")["unavailability"]["value"] == pytest.approx(0.02)
    estate["groups"][0]["common_cause_unavailability"] = 0.005
    service.document(estate)
    assert not service.get("/areas", kind="ci")["stamp"]["warnings"]
    told = service.get("/services/S/availability")["unavailability"]["value"]
    assert told == pytest.approx(0.005 + 0.995 * 0.09 * 0.18, rel=1e-12)


def test_a_share_that_changes_is_brought_forward_as_if_assessed_anew(service: Service, make_service: Any) -> None:
    estate = copy.deepcopy(SHOP)
    steps = ({"common_cause_share": 0.1}, {"common_cause_share": 0.3}, {})
    for fields in steps:
        estate["groups"][1] = {"key": "webs", "dependent": "shop", "needed": 1, "members": ["web-a", "web-b"], **fields}
        service.document(estate)
        fresh = make_service()
        fresh.document(estate)
        here, there = (assessed(one.forestay.estates, one.forestay.cache, None) for one in (service, fresh))
        for one in ("service_hours", "customer_hours", "money"):
            assert sorted(getattr(here.first, one).tolist()) == pytest.approx(
                sorted(getattr(there.first, one).tolist()), rel=1e-12
            )
        assert service.get("/areas", kind="ci")["items"] == fresh.get("/areas", kind="ci")["items"]


def test_the_fields_come_through_csv_and_are_shown(service: Service) -> None:
    report = service.csv(
        cis=[
            {"key": "S", "class": "business_service"},
            {"key": "T", "class": "business_service"},
            {
                "key": "a",
                "class": "server",
                "failures_per_year": 2,
                "failures_per_year_low": 1,
                "failures_per_year_high": 8,
                "repair_hours": 4,
            },
            {
                "key": "b",
                "class": "server",
                "failures_per_year": 2,
                "repair_hours": 4,
                "repair_hours_low": 5,
                "repair_hours_high": 6,
            },
            {"key": "c", "class": "server", "failures_per_year": 2, "repair_hours": 4},
        ],
        groups=[{"key": "g", "dependent": "S", "needed": 1, "members": "a|c", "common_cause_share": 0.25}],
        dependencies=[{"dependent": "T", "provider": "a"}],
        services=[
            {"key": "S", "customers": 100, "customer_population": "buyers"},
            {"key": "T", "customers": 40, "customer_population": "buyers"},
        ],
    )
    assert [(row.key.removeprefix("ci:"), row.field) for row in report.rejected] == [("b", "repair_hours_low")]
    rate = next(value for value in service.get("/cis/a")["values"] if value["name"] == "failures_per_year")
    assert (rate["low"], rate["high"], rate["spread_from"]) == (
        1.0 * 0.75,
        8.0 * 0.75,
        "given",
    )  # what is left to a beside the common cause
    group = service.get("/cis/S")["groups"][0]
    assert (group["common_cause_share"], group["common_cause_unavailability"]) == (0.25, None)
    assert "25 % of each member" in html.unescape(service.page("/ci", key="S"))
    assert "common cause" in service.cli("ci", "S").output
    assert service.get("/services/S")["service"]["customer_population"] == "buyers"


C35 = CASES["C35"]["estate"]


def test_c35_with_customers_in_common(service: Service) -> None:
    """The crm's 200 customers are among the shop's 1,000: 2 a year * 90 minutes * 1,000, not 1,200."""
    service.document(C35)
    answer = service.get("/cis/db/blast-radius")
    assert answer["customers"] == 1200.0 and "2 of 2 services name no customer population" in answer["customers_note"]
    estate = copy.deepcopy(C35)
    for row in estate["services"]:
        row["customer_population"] = "buyers"
    service.document(estate)
    answer = service.get("/cis/db/blast-radius")
    assert (answer["customers"], answer["customers_note"]) == (1000.0, "customers that services share are counted once")
    outage = service.post("/simulations", {"cis": ["db"], "duration_hours": 2})
    assert (outage["customers"], outage["customers_note"]) == (1000.0, "customers that services share are counted once")
    db = service.get("/areas", kind="ci")["items"][0]
    assert db["name"].endswith("db") and 60 * db["customer_hours_per_year"] == pytest.approx(180_000.0, rel=1e-12)
    services = service.get("/services")["items"]
    assert sum(row["customer_hours_per_year"] for row in services) == pytest.approx(3000.0, rel=1e-12)
    assert [round(row["customer_hours_per_year"], 6) for row in services] == [2500.0, 500.0]
    shop = service.get("/services/shop")
    assert sum(row["customer_hours_per_year"] for row in shop["single_points"]) == pytest.approx(2500.0)
    own = service.get("/services/shop/availability")["bad_customer_minutes_first_order"]["value"]
    assert own == pytest.approx(180_000.0)  # asked alone, a service has all its customers


def test_a_population_is_laid_over_a_service_by_hand(service: Service) -> None:
    service.document(C35)
    for name, customers in (("shop", 1000), ("crm", 200)):
        answer = service.client.put(
            f"/api/v1/services/{name}", json={"customers": customers, "customer_population": "buyers"}, headers={"If-Match": "*"}
        )
        assert answer.status_code == 200, answer.text
    assert service.get("/cis/db/blast-radius")["customers"] == 1000.0
    assert (
        service.client.put("/api/v1/services/crm", json={"customer_population": "x" * 201}, headers={"If-Match": "*"}).status_code
        == 422
    )
    done = service.cli("service", "add", "crm", "--customers", "200", "--customer-population", "sellers")
    assert done.exit_code == 0, done.output
    assert service.get("/cis/db/blast-radius")["customers"] == 1200.0


def test_a_study_counts_customers_once_and_says_where_spreads_come_from(service: Service) -> None:
    estate = copy.deepcopy(SHOP)
    for row in estate["services"]:
        del row["money_per_hour"]
        row["customer_population"] = "buyers"
    san = next(row for row in estate["cis"] if row["key"] == "san")
    san |= {"failures_per_year_low": 0.25, "failures_per_year_high": 4.0}
    service.document(estate)
    study = studied(service, draws=2000)
    row = service.get(f"/studies/{study}")
    assert row["measure"] == "customer_hours_per_year"
    assert "customers that services share are counted once" in row["notes"]
    for kind in KINDS:
        page = service.get(f"/studies/{study}/areas", kind=kind, limit=500)
        assert sum(area["first_order"] for area in page["items"]) == pytest.approx(
            row["customer_hours"]["first_order"], rel=1e-9
        ), kind
    areas = {area["label"]: area for area in service.get(f"/studies/{study}/areas", kind="ci", limit=500)["items"]}
    assert areas["san"]["spread_from"] == {"given": 1.0}
    assert areas["app"]["spread_from"] == {"setting": 1.0}
    expected_over_the_range = math.exp((math.log(16) / 3.2897) ** 2 / 2)  # of a lognormal with the median 1
    alone = areas["san"]["first_order"] / expected_over_the_range
    low, high = (areas["san"][end] - (areas["san"]["redundancy"] or 0.0) for end in ("low", "high"))
    assert (low / alone, high / alone) == (pytest.approx(0.25, rel=0.15), pytest.approx(4.0, rel=0.15))
    assert areas["app"]["low"] == pytest.approx(areas["app"]["high"])


def test_a_threshold_by_share_of_capacity_is_a_group_for_each_smallest_loss_that_passes_it(service: Service) -> None:
    """Fails below 50 % of the load, members 60, 30 and 10: shares say what is lost, and a group more that without the first
    nothing works."""
    cis = [{"key": key, "name": key, "class": "server"} for key in ("shop", "a", "b", "c")]
    load = {"key": "load", "dependent": "shop", "needed": 1, "members": "a|b|c", "shares": "0.6|0.3|0.1"}
    floor = {"key": "load below half", "dependent": "shop", "needed": 1, "members": "a", "shares": ""}
    service.csv("csv", cis=cis, groups=[load, floor], services=[{"key": "shop", "money_per_hour": 1}])
    document = [
        {**row, "members": row["members"].split("|")} | ({"shares": [0.6, 0.3, 0.1]} if row["shares"] else {})
        for row in (load, floor)
    ]
    for row in document:
        row.pop("shares") if not row["shares"] else None
    told = []
    for _ in ("csv", "json"):
        for down in (["a"], ["b"], ["c"], ["b", "c"]):
            hit = service.get(f"/cis/{down[0]}/blast-radius", also=down[1:])["services"][0]
            told.append((hit["state"], round(hit["lost_share"], 9)))
        service.csv("csv", approve=True, cis=cis[:1])
        service.document({"cis": cis, "groups": document, "services": [{"key": "shop", "money_per_hour": 1}]})
    assert told == [("down", 1.0), ("degraded", 0.3), ("degraded", 0.1), ("degraded", 0.4)] * 2
