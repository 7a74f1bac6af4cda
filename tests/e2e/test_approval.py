"""Runs that wait for a person: what they show, what an approval writes, and when it is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.jobs.runner import run_one
from app.usecases.keep.sources import add_source, get_source
from app.usecases.run_sync import SyncRequest, run_sync
from tests.e2e.conftest import Service

SHOP = {"key": "shop", "name": "Web shop", "class": "business_service"}


def cis(*names: str, **more: str) -> list[dict[str, str]]:
    return [{"key": name, "name": name, "class": "server", **more} for name in names]


def write(service: Service, **sheets: Any) -> Path:
    path = service.folder / "data" / "input" / "estate.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(sheets))
    return path


@pytest.fixture
def new(service: Service) -> Service:
    """A source that was just added."""
    place = write(service, cis=[SHOP, *cis("db")], dependencies=[{"dependent": "shop", "provider": "db"}])
    add_source(service.forestay.documents, "doc", "json", str(place))
    return service


def do_job(service: Service, path: str, body: Any) -> Any:
    job = service.post(path, body, status=202)
    assert run_one(service.forestay)
    return service.get(f"/jobs/{job['job_id']}")


def test_the_first_run_of_a_new_source_waits_and_an_approval_writes_what_it_showed(new: Service) -> None:
    job = do_job(new, "/sources/doc/sync", {"complete": True})
    assert (job["result"]["state"], new.get("/health")["revision"]) == ("held", 0)
    run = job["result"]["run_id"]
    page = new.get(f"/runs/{run}/changes", limit=2)
    assert page["held_because"] == ["first run of a new source: nothing is written before a person has seen what it would change"]
    assert {(t["noun"], t["of"], t["word"]): t["count"] for t in page["totals"] if t["noun"] != "record"} == {
        ("ci", "business_service", "created"): 1,
        ("ci", "server", "created"): 1,
        ("dependency", "hard", "created"): 1,
    }
    assert (page["total"], page["kept"], page["truncated"], page["next"]) == (5, 5, True, "2")
    assert [line["key"] for line in page["items"]] == ["doc:ci:db", "doc:ci:shop"]
    rest = new.get(f"/runs/{run}/changes", after="2")
    assert rest["items"][0]["key"] == "doc:ci:shop -> doc:ci:db (hard, doc)"
    assert (len(rest["items"]), rest["truncated"], rest["next"]) == (3, False, None)
    done = do_job(new, f"/runs/{run}/approve", {})
    assert (done["state"], done["result"]["state"], done["result"]["revision"]) == ("done", "done", 1)
    assert new.get(f"/runs/{run}")["state"] == "approved"
    assert new.get("/areas")["stamp"]["revision"] == 1
    assert new.get(f"/runs/{run}/changes", status=404)["code"] == "not_found"
    assert new.client.post(f"/api/v1/runs/{run}/approve", json={}).status_code == 409
    write(new, cis=[SHOP, *cis("db", "web")])
    assert do_job(new, "/sources/doc/sync", {})["result"]["state"] == "done"  # it is new no longer


def test_a_first_run_is_written_at_once_where_it_is_asked_for(new: Service) -> None:
    assert do_job(new, "/sources/doc/sync", {"apply": True})["result"]["state"] == "done"


def test_a_run_that_the_guard_holds_shows_what_would_go_and_whom_it_reaches(service: Service) -> None:
    many = [f"m{n}" for n in range(6)]
    edges = [{"dependent": "shop", "provider": "db"}, {"dependent": "shop", "provider": "m0"}]
    place = write(service, cis=[SHOP, *cis("db", *many)], dependencies=edges)
    service.sync("doc", "json", place)
    write(service, cis=[SHOP, *cis("db", team="Ops"), *cis("m1")], dependencies=edges[:1])
    result = service.cli("sync", "doc", "--complete")
    assert result.exit_code == 3
    assert "forestay approve 2" in result.output
    assert "5 CIs would go; business services that lean on them in any way: 1 (Web shop)" in result.output
    assert "- m0 (doc:ci:m0): 1 that stay lean on it (doc:ci:shop); 1 services" in result.output
    page = service.cli_json("runs", "changes", "2")
    assert page["held_because"][0] == "class server: 5 of the 7 records this source has would be retired, half or more"
    changed = next(line for line in page["items"] if line["noun"] == "ci" and line["word"] == "changed")
    assert (changed["key"], changed["values"]) == ("doc:ci:db", {"team": [None, "Ops"]})
    assert (page["losses"]["total"], page["losses"]["services"], len(page["losses"]["items"])) == (5, 1, 5)
    assert [(loss["dependents"], loss["services"]) for loss in page["losses"]["items"]] == [(1, 1)] + [(0, 0)] * 4
    approved = service.cli_json("approve", "2")
    assert (approved["state"], approved["retired"], approved["changed"]) == ("done", 5, 1)
    audit = [entry["action"] for entry in service.get("/audit")["items"]]
    assert "run approved" in audit


def test_an_approval_is_refused_when_the_source_has_changed_since(new: Service) -> None:
    run_sync(new.forestay, SyncRequest("doc"))
    write(new, cis=[SHOP, *cis("db", "another")])
    result = new.cli("approve", "1")
    assert result.exit_code == 3
    assert "the source or the estate has changed since" in result.output and "look at run 2" in result.output
    assert new.forestay.store.current().revision == 0
    assert new.cli("approve", "1").exit_code == 1  # run 2 took its place
    assert new.cli("approve", "2").exit_code == 0
    assert new.forestay.store.current().revision == 1


def test_an_approval_is_refused_when_the_estate_has_changed_since(new: Service) -> None:
    write(new, cis=[SHOP | {"identifiers": {"serial": "SN1"}}])
    run_sync(new.forestay, SyncRequest("doc"))
    new.csv("other", cis=[{"key": "far", "class": "server"}])
    assert new.cli("runs", "changes", "1").exit_code == 0
    new.csv("other", cis=[{"key": "far", "class": "server"}, {"key": "same", "class": "business_service", "serial": "SN1"}])
    result = new.cli("approve", "1")
    assert (result.exit_code, "has changed since" in result.output) == (3, True)
    page = new.cli_json("runs", "changes", "4")
    assert page["joins"] == ["ci:shop becomes part of other:ci:same, of which other tells too"]
    assert new.cli("approve", "4").exit_code == 0


def test_what_does_not_touch_the_changes_does_not_hinder_an_approval(new: Service) -> None:
    run_sync(new.forestay, SyncRequest("doc"))
    new.csv("other", cis=[{"key": "far", "class": "server"}])
    assert new.cli("approve", "1").exit_code == 0


def test_a_scheduled_run_of_a_source_that_waits_leaves_the_first_one_waiting(new: Service) -> None:
    for _ in range(3):
        run_sync(new.forestay, SyncRequest("doc", caller="scheduler"))
    assert get_source(new.forestay.documents, "doc").listed_run.endswith("1")
    last = new.get("/runs")["items"][0]
    assert last["warnings"] == ["it would change what run 1 would, which waits for approval"]
    assert [run["state"] for run in new.get("/runs")["items"]] == ["replaced", "replaced", "held"]
    assert new.cli("approve", "1").exit_code == 0


def test_an_import_of_a_named_file_and_a_dry_run_need_no_approval(new: Service) -> None:
    dry = new.cli("sync", "doc", "--dry-run")
    assert (dry.exit_code, "+ ci doc:ci:db [server]" in dry.output) == (0, True)
    assert new.forestay.store.current().revision == 0
    place = new.folder / "data" / "input" / "estate.json"
    assert new.cli("import", "json", str(place), "--name", "once", "--no-assess").exit_code == 0
    assert new.forestay.store.current().revision == 1
