"""A source is added, looked at, changed and scheduled on its pages; what is wrong is said beside the form."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.jobs.runner import run_one
from app.usecases.keep.access import create_key
from app.usecases.keep.sources import find_source, get_source
from app.usecases.keep.sync_runs import page_runs
from importers.registry import KINDS, NEEDS, settings_of
from tests.e2e.conftest import Service


def written(service: Service, name: str = "estate.json", **more: object) -> Path:
    place = service.folder / "data" / "input" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    cis = [
        {"key": "shop", "name": "Shop", "class": "business_service"},
        {"key": "db", "name": "db <01>", "class": "warp core", "identifiers": {"serial": "SN9"}, "team": "ops"},
        {"key": "", "name": "nameless"},
    ]
    place.write_text(json.dumps({"cis": cis, **more}))
    return place


def test_a_source_is_looked_at_added_run_and_changed(service: Service) -> None:
    place = written(service)
    assert "Add a source" in service.page("/sources")
    choice = service.page("/sources/add")
    assert all(f"/sources/add?kind={kind}" in choice for kind in KINDS)
    assert "Look at what it brings" in service.page("/sources/add", kind="json")
    given = {"kind": "json", "name": "erp", "location": str(place), "schedule": "30 2 * * *"}
    look = service.client.post("/sources/add", data={**given, "look": "1"})
    assert look.status_code == 200 and "db &lt;01&gt;" in look.text and "serial SN9" in look.text and "warp core" in look.text
    assert "Refused among them" in look.text and find_source(service.forestay.documents, "erp") is None
    assert 'value="30 2 * * *"' in look.text, "what was typed stays"
    added = service.client.post("/sources/add", data=given)
    assert (added.status_code, added.headers["Location"]) == (303, "/source?name=erp")
    page = service.page("/source", name="erp")
    assert page.count(" 02:30 UTC") == 3
    assert service.get("/audit")["items"][0]["action"] == "source added"
    checked = service.client.post("/source/check", data={"name": "erp"})
    assert "The first 2 CIs by the mapping" in checked.text
    assert service.client.post("/sources/sync", data={"source": "erp", "look": "1"}).status_code == 303
    assert run_one(service.forestay)
    assert page_runs(service.forestay.documents, "", 1)[0].state == "dry_run"
    change = {"name": "erp", "location": str(place), "priority": "7", "schedule": "every 12h"}
    assert service.client.post("/source/change", data=change).status_code == 303
    kept = get_source(service.forestay.documents, "erp")
    assert (kept.priority, kept.schedule) == (7, "every 12h")
    assert "12:00 UTC" in service.page("/source", name="erp")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"name": "Not A Name"}, "small letters"),
        ({"schedule": "sometimes"}, "for example 0 3 * * *"),
        ({"priority": "first"}, "priority is a whole number"),
        ({"location": "/etc/passwd"}, "a path below"),
        ({"set-mapping": "/etc/mapping.toml"}, "a path below"),
        ({"set-colour": "red"}, "unknown setting colour"),
        ({"location": ""}, "Location"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(service: Service, changed: dict[str, str], says: str) -> None:
    given = {"kind": "json", "name": "erp", "location": str(written(service)), **changed}
    answer = service.client.post("/sources/add", data=given)
    assert answer.status_code == 422 and says in answer.text and "Add it" in answer.text
    assert find_source(service.forestay.documents, "erp") is None


def test_what_cannot_be_reached_is_said(service: Service) -> None:
    given = {"kind": "netbox", "name": "nb", "location": "https://netbox.example.com", "set-token_env": "NB", "look": "1"}
    answer = service.client.post("/sources/add", data=given)
    assert answer.status_code == 422 and "NB" in answer.text
    assert service.client.get("/sources/add?kind=nothing").status_code == 422
    assert service.client.get("/source?name=nobody").status_code == 404
    bad = service.client.post("/source/change", data={"name": "nobody"})
    assert bad.status_code == 404


def test_each_kind_says_what_it_needs() -> None:
    assert tuple(NEEDS) == KINDS
    for kind in KINDS:
        assert all(isinstance(name, str) for name in settings_of(kind)), kind


def test_who_may_not_add_sees_no_form(make_service: Callable[..., Service]) -> None:
    service = make_service(FORESTAY_WEB_SIGN_IN="keys")
    secret, _ = create_key(service.forestay.documents, "Ina", "integrator")
    service.client.post("/sign-in", data={"key": secret})
    assert "Add a source" not in service.page("/sources")
    assert service.client.get("/sources/add").status_code == 403
    assert service.client.post("/source/change", data={"name": "x"}).status_code == 403
