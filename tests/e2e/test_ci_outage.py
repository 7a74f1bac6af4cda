"""A CI that fails, as the operator sees it: how long there is, whom to call, what is near, what is one failure away."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Service
from tests.e2e.test_page_sentences import text_of


@pytest.fixture
def shop(service: Service) -> Service:
    """An array in a rack under one of two databases and six tills; the shop stops with both databases, pay with the array."""
    tills = [f"till{n}" for n in range(6)]
    service.csv(
        cis=[
            {"key": "shop", "name": "Shop", "class": "business_service"},
            {"key": "pay", "name": "Pay", "class": "business_service"},
            {"key": "fast", "name": "Fast", "class": "business_service"},
            *({"key": till, "name": f"Till {n}", "class": "business_service"} for n, till in enumerate(tills)),
            {"key": "db1", "name": "db-1", "class": "database", "site": "north"},
            {"key": "db2", "name": "db-2", "class": "database", "site": "south"},
            {
                "key": "array",
                "name": "array-1",
                "class": "storage_array",
                "site": "north",
                "team": "storage",
                "supplier": "Granit",
            },
            {"key": "rack", "name": "Rack 7", "class": "rack", "site": "north"},
            {"key": "web", "name": "web-1", "class": "server", "site": "north"},
        ],
        dependencies=[
            {"dependent": "db1", "provider": "array"},
            {"dependent": "pay", "provider": "db1"},
            {"dependent": "fast", "provider": "array"},
            {"dependent": "array", "provider": "rack"},
            {"dependent": "web", "provider": "rack"},
            *({"dependent": till, "provider": "array", "kind": "soft", "weight": 0.3} for till in tills),
        ],
        groups=[{"key": "dbs", "dependent": "shop", "needed": 1, "members": "db1|db2"}],
        services=[
            {"key": "shop", "customers": 100, "mtpd_hours": 8},
            {"key": "pay", "customers": 10, "mtpd_hours": 3},
            {"key": "fast", "customers": 1, "rto_hours": 0.5},
            *({"key": till, "customers": 2, "mtpd_hours": 1} for till in tills[:5]),
            {"key": tills[5], "mtpd_hours": 1, "mbco_share": 0.9},
        ],
    )
    return service


def test_services_stand_in_the_band_of_the_time_left_and_like_ones_are_folded(shop: Service) -> None:
    near = shop.get("/cis/array/outage")
    found = {band["band"]: [(f["like"], len(f["services"]), f["minutes_left"]) for f in band["folds"]] for band in near["bands"]}
    # the last till is below its MBCO, so that its MTPD runs; of the others nothing does
    assert found == {
        "within 1 h": [("Fast", 1, 30.0), ("Till 5", 1, 60.0)], "within 4 h": [("Pay", 1, 180.0)],
        "no limit runs": [("Till 0", 5, None)],
    }  # fmt: skip
    assert [(fold["state"], round(fold["does_share"], 6)) for fold in near["bands"][-1]["folds"]] == [("degraded", 0.7)]
    assert near["bands"][1]["folds"][0]["via"] == "db-1"
    page = text_of(shop.page("/ci", key="array"))
    assert "5 like Till 0" in page and "degraded to 70.0%" in page and "Time left" in page


def test_whom_to_call_what_is_shared_and_what_is_one_failure_away(shop: Service) -> None:
    near = shop.get("/cis/array/outage")
    shared = {(row["kind"], row["name"]): (row["cis"], row["services"]) for row in near["shared"]}
    # on the rack: array, web, db-1, and all services
    assert shared == {("rack", "Rack 7"): (12, 9), ("site", "north"): (4, None), ("supplier", "Granit"): (1, None),
                      ("team", "storage"): (1, None)}  # fmt: skip
    assert (near["team"], near["supplier"], near["contacts"]) == ("storage", "Granit", [])
    assert [(a["service_name"], [ci["name"] for ci in a["cis"]]) for a in near["one_failure_away"]] == [("Shop", ["db-2"])]
    assert near["tried"] == near["candidates"] == 1
    page = shop.page("/ci", key="array")
    assert "No source gives a contact for it" in page and "Call team" in page and "Copy summary" in page
    assert 'href="/what-if?ci=csv:ci:array&amp;ci=csv:ci:db2" aria-label="Add db-2 to what-if"' in page
    assert 'href="/what-if?site=north"' in page and page.count("Add to what-if") > 8
    assert near["bands"] and "Shop" not in [f["like"] for band in near["bands"] for f in band["folds"]]


def test_a_contact_is_what_a_source_says(service: Service) -> None:
    service.document(
        {
            "cis": [
                {"key": "s", "name": "S", "class": "business_service"},
                {"key": "db", "name": "db", "class": "database", "attributes": {"on_call_phone": "+41 44 000", "colour": "red"}},
            ],
            "dependencies": [{"dependent": "s", "provider": "db"}],
        }
    )
    assert [(c["name"], c["value"]) for c in service.get("/cis/db/outage")["contacts"]] == [("on_call_phone", "+41 44 000")]
    assert "+41 44 000" in service.page("/ci", key="db")
