"""Answers about the past: the stamp is of that time, and before the first revision there is none."""

from __future__ import annotations

import time

from app.usecases.keep import sources as keep
from tests.e2e.conftest import Service

CIS = [{"key": "shop", "name": "Shop", "class": "business_service"}, {"key": "db", "name": "db", "class": "database"}]


def test_the_stamp_names_the_data_as_old_as_it_was_then(service: Service) -> None:
    needs = [{"dependent": "shop", "provider": "db"}]
    service.csv("cmdb", cis=CIS, dependencies=needs)
    first = service.get("/services")["stamp"]
    service.csv("more", cis=[{"key": "x", "name": "x", "class": "server"}])
    service.csv("cmdb", cis=[*CIS, {"key": "new", "name": "new", "class": "server"}], dependencies=needs)
    time.sleep(keep.FRESH_SECONDS)  # answers may know the sources that long ago
    now, then = service.get("/services")["stamp"], service.get("/services", revision=first["revision"])["stamp"]
    assert [source["name"] for source in then["sources"]] == ["cmdb"] and len(now["sources"]) == 2
    assert then["sources"][0]["synced_at"][:16] == first["sources"][0]["synced_at"][:16]
    assert then["sources"][0]["synced_at"] < next(row for row in now["sources"] if row["name"] == "cmdb")["synced_at"]


def test_before_the_first_revision_is_an_error(service: Service) -> None:
    service.csv("cmdb", cis=CIS)
    for path in ("/services", "/areas", "/services/shop/availability", "/cis"):
        query = {"q": "shop"} if path == "/cis" else {}
        problem = service.get(path, status=404, as_of="1990-01-01T00:00:00Z", **query)
        assert "nothing was known" in problem["detail"], path
    assert service.cli("services", "--as-of", "1990-01-01T00:00:00Z").exit_code != 0


def test_soft_needs_stated_twice_count_by_the_largest_weight(service: Service) -> None:
    hours = []
    for weights in ((0.2, 0.7), (0.7, 0.2)):
        rows = [{"dependent": "shop", "provider": "db", "kind": "soft", "weight": weight} for weight in weights]
        report = service.csv("cmdb", cis=CIS, dependencies=rows)
        hours.append(service.get("/services")["items"][0]["service_hours_per_year"])
        assert report.counts["dependency"].rejected == 0
    assert hours[0] == hours[1] > 0


def test_every_answer_that_can_be_read_again_has_a_tag(service):
    service.csv(cis=[{"key": "shop", "name": "Shop", "class": "business_service"}], services=[{"key": "shop", "customers": 5}])
    tried = 0
    for path in (
        "services",
        "areas",
        "cis",
        "quality",
        "revisions",
        "sources",
        "runs",
        "jobs",
        "studies",
        "suggestions",
        "cis/shop",
        "impact?id=shop",
        "cold-start",
        "recovery",
        "recovery/gaps",
        "cold-start/order",
        "services/shop/recovery",
        "conflicts",
        "cis/shop/identity",
    ):
        answer = service.client.get(f"/api/v1/{path}")
        if answer.status_code == 404:
            continue
        assert answer.status_code == 200, answer.text
        tried += 1
        again = service.client.get(f"/api/v1/{path}", headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", answer.headers["ETag"]), path
    assert tried > 11
    before = service.client.get("/api/v1/sources")
    service.csv("b", cis=[{"key": "x", "class": "server"}])
    later = service.client.get("/api/v1/sources", headers={"If-None-Match": before.headers["ETag"]})
    assert later.status_code == 200 and later.headers["ETag"] != before.headers["ETag"]
