"""Revisions on the page: the list, what got worse between two of them; and the first step on an empty store."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

from app.usecases.keep import runs
from tests.e2e.conftest import Service
from tests.e2e.test_page_sentences import text_of


def estate(rate: int) -> dict[str, object]:
    cis = [
        {"key": "shop", "name": "Shop", "class": "business_service", "customers": 10, "money_per_hour": 100},
        {"key": "db", "name": "db-1", "class": "database", "failures_per_year": rate, "repair_hours": 2},
        {"key": "web", "name": "web-1", "class": "server", "failures_per_year": 9 - rate, "repair_hours": 2},
    ]
    return {"cis": cis, "dependencies": [{"dependent": "shop", "provider": key} for key in ("db", "web")]}


def test_revisions_are_listed_and_compared(service: Service) -> None:
    service.document(estate(2))
    service.document(estate(6))
    page = service.page("/revisions")
    assert re.findall(r'data-label="Revision">(\d)</th>', page) == ["2", "1"] and text_of(page).count("Problem areas then") == 1
    assert re.findall(r"/revisions\?from=(\d)", page) == ["1"]
    compared = service.page("/revisions", **{"from": 1})
    worse, better = compared.split("What got worse")[1].split("What got better")
    assert "db-1" in worse and "web-1" not in worse and "web-1" in better.split("All revisions")[0]
    now = {row["label"]: row for row in service.get("/areas", since=1)["items"]}
    assert now["db-1"]["difference"] > 0 > now["web-1"]["difference"]
    assert service.client.get("/revisions?from=2&to=1").status_code == 422
    assert service.client.get("/revisions?from=x").status_code == 422


def test_an_empty_store_shows_three_ways_in_and_takes_a_file(service: Service) -> None:
    page = service.page("/")
    assert all(way in text_of(page) for way in ("Your own file", "Your CMDB", "The example"))
    body = {"file": (io.BytesIO(json.dumps(estate(2)).encode()), "My Estate.json")}
    answer = service.client.post("/start", data=body, headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sources")
    source = service.get("/sources/my-estate")
    assert source["kind"] == "json" and json.loads(Path(source["location"]).read_text()) == estate(2)
    assert [(job.verb, job.arguments["source"]) for job in runs.open_jobs(service.forestay.documents)] == [("sync", "my-estate")]
    wrong = service.client.post("/start", data={"file": (io.BytesIO(b"x"), "x.exe")}, headers={"Sec-Fetch-Site": "same-origin"})
    assert wrong.status_code == 422 and "ends in" in wrong.text
    assert service.client.post("/start", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
