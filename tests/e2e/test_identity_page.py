"""The page of identity: what makes records one, what may be one, where sources disagree, what people decided and took back."""

from __future__ import annotations

import re
from html import unescape

from app.jobs.runner import run_one
from app.usecases import decide
from app.usecases.decisions_kept import decision_page
from app.usecases.find import identify
from tests.e2e.conftest import Service

SHOP = {"key": "shop", "name": "Shop", "class": "business_service"}


def two_sources(service: Service) -> None:
    """`db` is one CI of two sources, by its FQDN, on whose team they disagree; `web` and `app` are one CI each."""
    db = {"key": "db", "name": "db <1>", "class": "server", "fqdn": "db.example.com", "team": "ops"}
    service.csv("cmdb", cis=[SHOP, db, {"key": "web", "name": "web-1", "class": "server"}])
    other = {"key": "d1", "name": "db-1", "class": "server", "fqdn": "db.example.com", "team": "dev"}
    service.csv("nms", cis=[other, {"key": "app", "name": "app-1", "class": "server"}])


def key(service: Service, text: str) -> str:
    return identify(service.forestay.store, service.forestay.store.current().revision, text).key


def test_why_records_are_one_and_where_they_disagree(service: Service) -> None:
    two_sources(service)
    page = service.page("/identity", ci="db")
    assert "db.example.com" in page and "cmdb:ci:db" in page and "nms:ci:d1" in page and "Split them off" in page
    assert "ops</b>" in page.replace("</bdi>", "").replace("<bdi>", "") and "dev" in page and "is believed before" in page
    both = service.page("/identity", ci="web", **{"with": "app"})
    assert "Two CIs" in both and "names never merge by themselves" in both and "Merge them" in both
    assert service.client.get("/identity?ci=nothing-such").status_code == 404
    assert service.client.get("/identity?decisions_after=x").status_code == 422


def test_a_merge_is_taken_back(on_each_store: Service) -> None:
    service = on_each_store
    two_sources(service)
    answer = service.client.post("/identity/merge", data={"a": "web", "b": "app", "reason": "seen in the rack"})
    assert answer.status_code == 303
    assert key(service, "web") == key(service, "app")
    page = service.page("/identity")
    assert "merged" in page and "seen in the rack" in page and "by an analyst" not in page
    [kept] = decision_page(service.forestay, 10).items
    assert set(kept.records) == {"cmdb:ci:web", "nms:ci:app"} and kept.by == "local"
    assert service.client.post("/identity/take-back", data={"decision": kept.decision}).status_code == 303
    assert key(service, "web") != key(service, "app")
    assert "Nobody decided anything" in service.page("/identity")
    assert service.get("/decisions")["items"] == []
    assert service.client.post("/identity/take-back", data={"decision": kept.decision}).status_code == 404


def test_a_split_is_taken_back(on_each_store: Service) -> None:
    service = on_each_store
    two_sources(service)
    answer = service.client.post("/identity/split", data={"ci": "db", "record": "nms:ci:d1", "reason": "a copied serial"})
    assert answer.status_code == 303 and "with=" in answer.location
    assert key(service, "cmdb:ci:db") != key(service, "nms:ci:d1")
    [kept] = service.get("/decisions")["items"]
    assert kept["word"] == "kept apart" and len(kept["cis"]) == 2
    assert kept["decision"] in service.cli("decisions", "--json").output
    assert service.cli("take-back", kept["decision"]).exit_code == 0
    assert service.post("/decisions/take-back", {"decision": kept["decision"]}, 404)
    assert "is one CI" in service.page("/identity", ci="db")
    assert "nms:ci:d1" in service.page("/identity", ci="cmdb:ci:db")


def test_a_correction_is_taken_back(on_each_store: Service) -> None:
    service = on_each_store
    two_sources(service)
    decide.correct(service.forestay, "db", {"team": "platform", "repair_hours": "3"}, "anna")
    assert service.get(f"/cis/{key(service, 'db')}")["team"] == "platform"
    page = service.page("/identity", ci="db")
    assert "a person corrected it" in page and "team: platform; repair hours: 3.0" in page
    [kept] = decision_page(service.forestay, 10).items
    service.client.post("/identity/take-back", data={"decision": kept.decision})
    assert service.get(f"/cis/{key(service, 'db')}")["team"] == "ops"
    assert decision_page(service.forestay, 10).total == 0


def test_suggestions_are_looked_for_accepted_and_refused(service: Service) -> None:
    twins = [{"key": f"a{n}", "name": f"mail-gateway-{n}.example.com", "class": "server", "serial": f"SER {n}00"} for n in (1, 2)]
    service.csv("cmdb", cis=[SHOP, *twins])
    named = [{"key": f"b{n}", "name": f"mail-gateway-{n}.example.com", "class": "server", "site": "x"} for n in (1, 2)]
    service.csv("nms", cis=named)
    assert "Nobody looked yet" in service.page("/identity")
    assert service.client.post("/identity/suggest").status_code == 303
    assert "They are being looked for" in service.page("/identity")
    assert run_one(service.forestay)
    found = service.get("/suggestions")["items"]
    assert len(found) >= 2
    page = service.page("/identity")
    assert found[0]["a_name"] in page and "One CI</button>" in page
    for row, verb in zip(found[:2], ("accept", "refuse"), strict=True):
        answer = service.client.post("/identity/decide", data={"suggestion": row["suggestion"], "verb": verb})
        assert answer.status_code == 303
    assert {row.word for row in decision_page(service.forestay, 10).items} == {"merged", "kept apart"}
    assert service.client.post("/identity/decide", data={"suggestion": "x", "verb": "eat"}).status_code == 422
    assert service.client.post("/identity/decide", data={"suggestion": "x", "verb": "accept"}).status_code == 404


def test_each_finding_leads_to_where_it_is_mended(service: Service) -> None:
    two_sources(service)
    page = service.page("/quality")
    for part in ("/?origin=assumed", "/ci?key=", "/identity#conflicts", "/identity?ci=", "/assume?ci=", "/sources"):
        assert f'href="{part}' in page, part
    for place in sorted(set(re.findall(r'href="(/[^"]*)"', page.split("<main", 1)[1]))):
        assert service.client.get(unescape(place).partition("#")[0]).status_code == 200, place
