"""A source that goes: what is retired with it, what stays, and that nothing of it is left behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.domain.errors import NotFound
from app.jobs.runner import run_one
from app.usecases.keep import plan, runs
from app.usecases.keep.sources import get_source, update_source
from tests.e2e.conftest import Service

SHARED = {"key": "both", "class": "server", "serial": "SN1"}


@pytest.fixture
def two(service: Service) -> Service:
    """`gone` tells of one CI of its own and one that `stays` tells of too."""
    service.csv("stays", cis=[SHARED | {"key": "mine", "team": ""}])
    service.csv(
        "gone",
        cis=[SHARED | {"team": "Ops"}, {"key": "alone", "class": "server"}],
        dependencies=[{"dependent": "both", "provider": "alone"}],
    )
    return service


def keys(service: Service) -> set[str]:
    store = service.forestay.store
    return set(store.load_columns(store.current().revision, "ci", ["key"])["key"])


def test_a_dry_run_says_what_would_be_retired(two: Service) -> None:
    before = two.forestay.store.current().revision
    result = two.cli("source", "remove", "gone")
    assert result.exit_code == 0
    assert "- ci gone:ci:alone [server]" in result.output
    assert "~ ci stays:ci:mine [server]" in result.output and "team: Ops -> nothing" in result.output
    assert "nothing was done: 1 CIs retired with it" in result.output
    assert two.forestay.store.current().revision == before
    assert get_source(two.forestay.documents, "gone").kind == "csv"


def test_a_removed_source_leaves_nothing_behind(two: Service) -> None:
    documents, data = two.forestay.documents, two.folder / "data"
    update_source(documents, "gone", schedule="every 1h", settings={"token_env": "SECRET_NAME"})
    plan.plan_of(documents, get_source(documents, "gone"), plan.datetime.now(plan.UTC))
    runs.enqueue(documents, "sync", {"source": "gone", **plan.ARGUMENTS}, "scheduler")
    assert (data / "spool" / "gone").exists()
    removal = two.cli_json("source", "remove", "gone", "--apply")
    assert (removal["done"], removal["run"]["retired"], removal["run"]["state"]) == (True, 1, "done")
    assert keys(two) == {"stays:ci:mine"}
    with pytest.raises(NotFound):
        get_source(documents, "gone")
    assert not (data / "spool" / "gone").exists()
    assert plan.PLANS.find(documents, "gone") is None
    assert [job.state for job in runs.page_jobs(documents, "", 10)] == ["cancelled"]
    kinds = [kind for kind in documents.kinds() if kind not in ("audit", "job")]
    assert not [d for kind in kinds for d in documents.page(kind, "", 500) if "SECRET_NAME" in d.body]
    entry = next(e for e in two.get("/audit")["items"] if e["action"] == "source removed")
    assert (entry["subject"], entry["details"]["retired"]) == ("gone", 1)
    assert two.cli("source", "remove", "gone").exit_code == 5


def test_kept_cis_stay_as_last_known_and_are_its_own_again(two: Service) -> None:
    before = two.forestay.store.current().revision
    removal = two.cli_json("source", "remove", "gone", "--apply", "--keep")
    assert (removal["done"], removal["run"], two.forestay.store.current().revision) == (True, None, before)
    two.csv("stays", cis=[SHARED | {"key": "mine", "site": "north"}])  # what the removed one said still counts in its place
    state = two.get("/cis/gone:ci:alone")
    assert state["key"] == "gone:ci:alone"
    assert {record["source"] for record in state["records"]} == {"gone"}
    shared = two.get("/cis/stays:ci:mine")
    assert (shared["team"], shared["site"]) == ("Ops", "north")
    report = two.csv("gone", cis=[{"key": "alone", "class": "server"}], approve=True)
    assert (report.created, report.retired) == (0, 0)
    assert two.get("/cis/stays:ci:mine")["team"] in (None, "")


def test_a_source_is_removed_as_a_job_and_an_upload_with_it(service: Service) -> None:
    place = service.folder / "data" / "input" / "doc"
    place.mkdir(parents=True)
    (place / "upload.json").write_text(json.dumps({"cis": [{"key": "a"}]}))
    service.sync("doc", "json", Path(place / "upload.json"))
    job = service.post("/sources/doc/remove", {}, status=202)
    assert run_one(service.forestay)
    result = service.get(f"/jobs/{job['job_id']}")["result"]
    assert (result["done"], result["retired"]) == (False, 1)
    assert service.get(f"/runs/{result['run_id']}/changes")["losses"]["total"] == 1
    job = service.post("/sources/doc/remove", {"apply": True}, status=202)
    assert run_one(service.forestay)
    assert service.get(f"/jobs/{job['job_id']}")["result"]["done"] is True
    assert keys(service) == set() and not (place / "upload.json").exists()
    service.get("/sources/doc", status=404)


def test_a_source_that_is_read_right_now_is_not_removed(two: Service) -> None:
    runs.enqueue(two.forestay.documents, "sync", {"source": "gone", **plan.ARGUMENTS}, "anna")
    assert runs.take(two.forestay.documents) is not None
    result = two.cli("source", "remove", "gone", "--apply")
    assert (result.exit_code, "reads this source right now" in result.output) == (1, True)
