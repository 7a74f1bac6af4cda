"""Search by any identity through API, command line and page."""

from __future__ import annotations

from typing import Any

import pytest

from app.jobs import runner
from app.usecases.assess import ASSESSMENTS, assess, page_assessments
from app.usecases.keep.access import create_key
from app.usecases.search import indexes
from app.usecases.search.index import SearchIndex
from tests.e2e.conftest import Service

ESTATE = {
    "cis": [
        {"key": "shop", "name": "Web shop", "class": "business_service", "site": "north"},
        {"key": "db1", "name": "orders-db-01", "class": "database", "site": "north", "failures_per_year": 2, "repair_hours": 3,
         "identifiers": {"fqdn": "orders-db-01.fra1.example", "serial": "SN-77120"}},
        {"key": "db2", "name": "orders-db-02", "class": "database", "site": "south", "failures_per_year": 9, "repair_hours": 9},
        {"key": "db3", "name": "orders-db-03", "class": "database", "site": "north"},
        {"key": "twin1", "name": "twin", "class": "server", "site": "north"},
        {"key": "twin2", "name": "Twin", "class": "server", "site": "south"},
    ],
    "dependencies": [{"dependent": "shop", "provider": "db1"}, {"dependent": "shop", "provider": "db2"}],
    "services": [{"key": "shop", "customers": 100, "money_per_hour": 10}],
}  # fmt: skip


def names(page: Any) -> list[str]:
    return [row["name"] for row in page["items"]]


def test_the_weightiest_first_by_any_identity_with_errors_forgiven(service: Service) -> None:
    service.document(ESTATE)
    page = service.get("/search", q="ORD 0")
    assert (names(page), page["total"], page["corrected"], page["ranked"]) == (
        ["orders-db-02", "orders-db-01", "orders-db-03"], 3, False, True,
    )  # fmt: skip
    assert page["items"][0]["services_hit"] == 1 and page["items"][0]["customer_hours_per_year"] > 0
    for query, kind in (("fra1.ex orders", "fqdn"), ("sn-771", "serial"), ("77120", "serial"), ("ｏｒｄｅｒｓ-db-01", "name")):
        found = service.get("/search", q=query)["items"]
        assert [(row["name"], row["alias_kind"]) for row in found] == [("orders-db-01", kind)], query
    slip = service.get("/search", q="ordres-db-02")
    assert (names(slip), slip["corrected"]) == (["orders-db-02"], True)
    nothing = service.get("/search", q="zzzzzz")
    assert (nothing["items"], nothing["total"], nothing["corrected"]) == ([], 0, False)
    pages = [service.get("/search", q="orders", limit=2)]
    pages.append(service.get("/search", q="orders", limit=2, after=pages[0]["next"]))
    assert [name for page in pages for name in names(page)] == names(service.get("/search", q="orders"))
    assert [page["truncated"] for page in pages] == [True, False] and pages[1]["next"] is None
    assert service.cli_json("search", "db", "orders")["total"] == 3
    assert "orders-db-02" in service.cli("search", "ordres-db-02").output
    html = service.page("/search", q="ordres-db-0")
    assert "differ by one sign" in html and html.index("orders-db-02") < html.index("orders-db-01")


def test_teams_sites_and_services_are_found_on_the_page(service: Service) -> None:
    named = [{**ci, "team": "Payments platform" if ci["key"] == "db1" else "Store <b>"} for ci in ESTATE["cis"]]  # type: ignore[union-attr]
    service.document({**ESTATE, "cis": named})
    page = service.page("/search", q="platf paym")
    assert '<a class="name" href="/area?kind=team&amp;name=Payments+platform">' in page and "No CI answers" in page
    slip = service.page("/search", q="paymnets")
    assert "Payments platform" in slip and "differ by one sign" in slip
    both = service.page("/search", q="store")
    assert "Store &lt;b&gt;" in both and "<b>" not in both.split("<main", 1)[1].split("Teams, sites")[1].split("<h2>")[0]
    sites = service.page("/search", q="nor")
    assert "/area?kind=site&amp;name=north" in sites and ">4</td>" in sites
    assert 'href="/service?key=' in service.page("/search", q="web sho")
    assert "Teams, sites" not in service.page("/search", q="zzzzzz")


def test_areas_are_suggested_with_what_they_stop(service: Service) -> None:
    service.document(ESTATE)
    [north] = service.get("/search/areas", q="nort")["items"]
    assert (north["kind"], north["name"], north["services_hit"]) == ("site", "north", 1)
    slip = service.get("/search/areas", q="nroth", limit=1)
    assert (slip["corrected"], slip["total"]) == (True, 1)


def test_a_name_of_two_is_answered_with_both(service: Service) -> None:
    service.document(ESTATE)
    rules = [
        rule for rule in service.client.application.url_map.iter_rules() if "<path:ci>" in rule.rule and "GET" in rule.methods
    ]
    asked = {"assumption": "?field=repair_hours&value=2"}  # what an address wants beside its CI
    paths = [rule.rule.replace("<path:ci>", "twin") + asked.get(rule.rule.rpartition("/")[2], "") for rule in rules]
    assert len(paths) >= 9
    for path in (*paths, "/api/v1/impact?id=TWIN"):
        answer = service.client.get(path)
        assert answer.status_code == 409, path
        both = sorted(answer.get_json()["candidates"])
        assert [key.rsplit(":", 1)[1] for key in both] == ["twin1", "twin2"], path
    assert service.client.put("/api/v1/live/twin", json={"state": "down"}).status_code == 409
    down = service.post("/simulations", {"cis": ["twin"]}, status=409)
    assert sorted(down["candidates"]) == both
    assert service.get("/cis/ｏｒｄｅｒｓ-db-01")["name"] == "orders-db-01", "compatible signs name the same CI"


def test_a_scope_searches_what_it_sees_and_ranks_by_that(make_service: Any) -> None:
    service = make_service(FORESTAY_WEB_SIGN_IN="keys")
    service.document(ESTATE)
    secret, _ = create_key(service.forestay.documents, "north", "viewer", scope="site=north")
    whole, _ = create_key(service.forestay.documents, "all", "viewer")

    def ask(key: str, **query: Any) -> Any:
        return service.client.get("/api/v1/search", query_string=query, headers={"Authorization": f"Bearer {key}"}).get_json()

    assert names(ask(whole, q="orders")) == ["orders-db-02", "orders-db-01", "orders-db-03"]
    seen = ask(secret, q="orders")
    assert (names(seen), seen["total"]) == (["orders-db-01", "orders-db-03"], 2)
    assert ask(secret, q="orders-db-02")["total"] == 2, "forgiven as an error: nothing is written so in what it sees"


def test_until_a_large_index_is_made_the_store_answers(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "AT_ONCE", 0)
    service.document(ESTATE)
    purpose = f"{indexes.PURPOSE}-{service.forestay.estates.at().fingerprint}"
    page = service.get("/search", q="orders")
    assert (page["ranked"], len(page["items"])) == (False, 3), "the assessment does not wait for it"
    assert service.forestay.cache.load(1, purpose) is None
    assert runner._index_searches(service.forestay)
    kept = service.forestay.cache.load(1, purpose)
    assert kept is not None and len(SearchIndex.from_arrays(kept)) == len(ESTATE["cis"])
    assert service.get("/search", q="orders")["ranked"]
    assert not runner._index_searches(service.forestay), "it is there"


def test_a_large_index_that_nobody_makes_is_made_in_the_background(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "AT_ONCE", 0)
    monkeypatch.setattr(indexes, "PATIENCE_SECONDS", 0.0)
    service.document(ESTATE)
    assert not service.get("/search", q="orders")["ranked"]
    making = service.forestay.searches._making
    assert making is not None
    making.join()
    assert service.get("/search", q="orders")["ranked"]


def test_no_index_is_made_before_the_assessment(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "AT_ONCE", 0)
    service.document(ESTATE)
    (row,) = page_assessments(service.forestay.documents)
    ASSESSMENTS.delete(service.forestay.documents, row.assessment)
    assert not runner._index_searches(service.forestay)
    assess(service.forestay)
    assert runner._index_searches(service.forestay)
