"""An assumption tried: the ranking with it is the one that is there once it is kept; kept with a reason, and taken back."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.conftest import Service
from tests.e2e.test_page_sentences import text_of


@pytest.fixture
def shop(service: Service) -> Service:
    service.csv(
        cis=[
            {"key": "shop", "name": "Shop", "class": "business_service", "failures_per_year": 0},
            {"key": "db", "name": "db-1", "class": "database"},
            {"key": "web", "name": "web-1", "class": "server", "failures_per_year": 3, "repair_hours": 2},
        ],
        dependencies=[{"dependent": "shop", "provider": "db"}, {"dependent": "shop", "provider": "web"}],
        services=[{"key": "shop", "customers": 100, "money_per_hour": 1000}],
    )
    return service


@pytest.mark.parametrize(("field", "value"), [("failures_per_year", "30"), ("repair_hours", "90")])
def test_what_is_tried_is_what_the_ranking_says_once_it_is_kept(shop: Service, field: str, value: str) -> None:
    before = shop.get("/areas")
    tried = shop.get("/cis/db/assumption", field=field, value=value)
    assert tried["value"]["origin"] == "assumed" and tried["correction"] is None
    assert shop.get("/areas")["items"] == before["items"] and shop.get("/health")["revision"] == 1  # nothing was written
    assert (tried["ci"]["rank"], tried["ci"]["rank_with"]) == (2, 1)
    kept = shop.client.post("/assume", data={"ci": "db", "field": field, "value": value, "reason": "vendor says so"})
    assert kept.status_code == 303
    after = shop.get("/areas")
    assert [(row["key"], row["loss_with"]) for row in tried["first"]] == [
        (row["name"], row["money_per_year"]) for row in after["items"]
    ]
    assert tried["total_with"] == after["total"] and tried["total"] == before["total"]
    said = next(entry for entry in shop.get("/audit")["items"] if entry["action"] == "corrected")
    assert said["details"]["reason"] == "vendor says so"
    assert "vendor says so" in text_of(shop.page("/revisions"))
    place = parse_qs(urlsplit(kept.location).query)
    page = shop.page("/assume", **{name: values[0] for name, values in place.items()})
    assert "Take the correction back" in page
    assert shop.client.post("/assume", data={"ci": "db", "field": field, "value": ""}).status_code == 303
    assert shop.get("/areas")["items"] == before["items"]


def test_the_page_leads_from_the_value_and_says_what_is_wrong(shop: Service) -> None:
    link = 'href="/assume?ci=csv:ci:db&amp;field=failures_per_year"'
    assert link in shop.page("/ci", key="csv:ci:db") and link in shop.page("/area", kind="ci", name="csv:ci:db")
    text = text_of(shop.page("/assume", ci="csv:ci:db", field="failures_per_year", value="30"))
    assert "2 → 1" in text and "Keep it as a correction" in text
    for query, status in (("value=no", 422), ("value=-1", 422), ("value=1e9", 422), ("value=30", 200)):
        assert shop.client.get(f"/assume?ci=db&field=failures_per_year&{query}").status_code == status, query
    assert shop.client.get("/assume?ci=db&field=team").status_code == 422
    assert shop.client.post("/assume", data={"ci": "db", "field": "repair_hours", "value": "4"}).status_code == 422  # no reason
