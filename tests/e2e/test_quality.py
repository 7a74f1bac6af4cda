"""Data quality, its numbers by hand, and on the example estate, whose redundancy is partly on paper."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.demo import retailer
from app.jobs import runner
from app.risk.first_order.data_quality import coverage, only_in_one
from app.usecases.answers.quality import found
from app.usecases.assess import assessed
from app.usecases.keep import sources as keep
from tests.e2e.conftest import Service

RATED = {"class": "server", "failures_per_year": "1", "repair_hours": "10", "team": "Ops", "site": "north"}


@pytest.fixture
def asked(service: Service) -> Service:
    """A shop of 100 customers on one of two servers, both on one array d: 2 failures a year, 5 hours each."""
    service.csv(
        "cmdb",
        cis=[
            {
                "key": "shop",
                "name": "Shop",
                "class": "business_service",
                "team": "Web",
                "site": "north",
                "failures_per_year": "0",
                "repair_hours": "1",
            },
            {"key": "a", **RATED},
            {"key": "b", **RATED},
            {"key": "d", "class": "storage_array", "failures_per_year": "2", "repair_hours": "5", "site": "north"},
            {"key": "x", **RATED},
            {"key": "y", **RATED},
            {"key": "lone", "class": "gadget"},
        ],
        dependencies=[
            {"dependent": "a", "provider": "d"},
            {"dependent": "b", "provider": "d"},
            {"dependent": "x", "provider": "y"},
            {"dependent": "y", "provider": "x"},
            {"dependent": "x", "provider": "nobody"},
        ],
        groups=[{"key": "pair", "dependent": "shop", "needed": "1", "members": "a|b"}],
        services=[{"key": "shop", "customers": "100"}],
    )
    return service


def by_kind(answer: Any) -> dict[str, Any]:
    return {finding["kind"]: finding for finding in answer["findings"]}


def test_findings_and_what_they_weigh(asked: Service) -> None:
    answer = asked.get("/quality")
    assert (answer["measure"], answer["cis"], answer["services"]) == ("customer_hours_per_year", 7, 1)
    assert answer["total"] == pytest.approx(1000, rel=0.002)  # 2 a year x 5 h x 100 customers, and d cannot fail while it is down
    kinds = by_kind(answer)
    told = {kind: (f["count"], f["of"], f["share"] and round(f["share"], 6)) for kind, f in kinds.items()}
    assert told == {
        "no owner": (2, 7, 1.0),
        "no site": (1, 7, 0.0),
        "class unknown": (1, 7, 0.0),
        "rate assumed": (1, 7, 0.0),
        "orphan": (1, 7, 0.0),
        "on a cycle": (2, 7, 0.0),
        "no RTO": (1, 1, 1.0),
        "redundancy on paper: one CI": (1, 1, 1.0),
        "redundancy on paper: one site": (1, 1, None),
        "dangling relation": (1, 7, None),
        "need not read": (1, 1, None),
    }
    assert kinds["no owner"]["examples"] == ["cmdb:ci:d", "cmdb:ci:lone"]
    assert kinds["orphan"]["examples"] == ["cmdb:ci:lone"]
    assert all(f["effect"] and f["advice"] for f in answer["findings"])


def test_redundancy_on_paper_names_the_shared_thing_and_its_loss(asked: Service) -> None:
    answer = asked.get("/quality")
    assert (answer["groups"], answer["groups_on_paper"], answer["examined"], answer["paper_total"]) == (1, 1, 7, 2)
    shared, site = answer["paper"]
    assert (shared["by"], shared["shared"], shared["groups"]) == ("ci", "cmdb:ci:d", 1)
    assert shared["examples"] == ["cmdb:pair: 2 of 2 members, 1 needed"]
    assert shared["impact"] == answer["total"]
    assert (site["by"], site["name"], site["impact"]) == ("site", "north", None)


def test_coverage_and_sources(asked: Service) -> None:
    asked.csv("other", cis=[{"key": "more", "class": "server"}])
    answer = asked.get("/quality", limit=2)
    assert (len(answer["classes"]), answer["classes_total"], answer["truncated"]) == (2, 5, True)
    servers = answer["classes"][0]
    assert (servers["source"], servers["ci_class"], servers["cis"]) == ("cmdb", "server", 4)
    assert [servers[name] for name in ("owner_share", "site_share", "measured_share", "declared_share", "assumed_share")] == [
        1,
        1,
        0,
        1,
        0,
    ]
    cmdb = next(row for row in answer["sources"] if row["name"] == "cmdb")
    assert (cmdb["records"], cmdb["refused"], cmdb["dangling"], cmdb["unknown_classes"]) == (7, 1, 1, {"gadget": 1})
    assert 0 <= cmdb["age_hours"] < 1


def test_an_estate_that_is_empty_or_has_no_group(service: Service) -> None:
    assert service.get("/quality")["findings"] == []
    service.csv("cmdb", cis=[{"key": "a", "class": "server"}])
    assert by_kind(service.get("/quality"))["orphan"]["count"] == 1


def test_a_large_estate_is_looked_through_once_for_every_process(asked: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found, "AT_ONCE", 0)
    monkeypatch.setattr(runner, "KEEPERS", (found.keep_found,))
    faults = runner._Ahead(asked.forestay)
    assert faults.look() and not faults.look(), "it is there"
    estates = asked.forestay.estates
    at_once, looks = asked.get("/quality"), list[Any]()
    look = found._look
    monkeypatch.setattr(found, "_look", lambda *given: looks.append(given) or look(*given))
    assessed(estates, asked.forestay.cache, None).quality.clear()  # as in a process that was just started
    again = asked.get("/quality")
    assert not looks and all(again[part] == at_once[part] for part in ("findings", "classes", "paper"))
    keep.add_source(asked.forestay.documents, "other", "csv", str(asked.folder), None, {})
    assessed(estates, asked.forestay.cache, None).quality.clear()
    assert len(asked.get("/quality")["sources"]) == 2 and len(looks) == 1, "sources have changed since"


@pytest.mark.compiled
def test_the_example_shows_its_paper_redundancy(service: Service) -> None:
    places = retailer.write(retailer.build(), service.folder / "example")
    for name, kind in (("cmdb", "csv"), ("datacentre", "json"), ("tracing", "callgraph")):
        service.sync(name, kind, places[name])
    answer = service.cli_json("quality", "--limit", "500")
    shared = {row["shared"]: row for row in answer["paper"] if row["by"] == "ci"}
    array = shared["datacentre:ci:san-fra1-02"]
    assert "cmdb:db-payment-pair: 2 of 2 members, 1 needed" in array["examples"]
    area = service.get("/area", kind="ci", name="datacentre:ci:san-fra1-02")["area"]
    assert array["impact"] == pytest.approx(area["money_per_year"])
    kinds = by_kind(answer)
    assert kinds["observed, not declared"]["count"] > 20 and kinds["contradiction"]["count"] > 100
    assert "san-fra1-02" in service.page("/quality")
    printed = service.cli("quality")
    assert (printed.exit_code, "one CI takes" in printed.output) == (0, True)


def test_only_seen_and_only_declared_by_hand() -> None:
    dependent, provider = np.array([1, 2, 1, 1, 1]), np.array([2, 3, 2, 3, 4])  # seen 1>2, 2>3; declared 1>2, 1>3, 1>4
    seen, declared = only_in_one(dependent, provider, np.array([True, True, False, False, False]))
    assert (seen.tolist(), declared.tolist()) == ([1], [3])


def test_coverage_by_hand() -> None:
    codes, counts, sums = coverage(np.array([0, 0, 1]), np.array([1, 1, 0]), np.array([[True, False, True]]), 2)
    assert (codes.tolist(), counts.tolist(), sums.tolist()) == ([1, 2], [2, 1], [[1, 1]])
