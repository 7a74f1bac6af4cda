"""Backstage: which side depends, by name; descriptor files and the catalog give the same; what it cannot read is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import InvalidInput, LimitExceeded, NotAllowed
from app.storage.sqlite_store import SqliteStore
from app.storage.workbench import LocalWorkbench
from app.usecases.sync_source import Bench, SyncSettings, Terms, sync_source
from importers.backstage.entities import ref_of
from importers.http.client import Outbound
from importers.registry import open_source
from tests.servers.backstage import TOKEN, BackstageStub, entity
from tests.servers.running import Running

PORTAL = [
    entity(
        "Component",
        "Artist-Lookup",
        (
            ("dependsOn", "resource:default/artists-db"),
            ("providesApi", "api:default/lookup"),
            ("ownedBy", "group:default/team-a"),
        ),
        type="service",
    ),
    entity("Component", "site", (("consumesApi", "api:default/lookup"), ("partOf", "system:default/portal")), type="website"),
    entity("Component", "widget", (("partOf", "component:default/site"),), type="library"),
    entity("Resource", "artists-db", type="database"),
    entity("API", "lookup", type="openapi"),
    entity("System", "portal", (("partOf", "domain:default/artists"),)),
    entity("Domain", "artists"),
    entity("Group", "team-a"),
]
FILE = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: Artist-Lookup}
spec: {type: service, owner: team-a, dependsOn: ['resource:artists-db'], providesApis: [lookup]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: site}
spec: {type: website, system: portal, consumesApis: [lookup]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: widget}
spec: {type: library, subcomponentOf: site}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: artists-db}
spec: {type: database}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: lookup}
spec: {type: openapi}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: portal}
spec: {domain: artists}
---
apiVersion: backstage.io/v1alpha1
kind: Domain
metadata: {name: artists}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team-a}
"""
NEEDS = {  # dependent, provider: turned round, each of these is another statement about who falls with whom
    ("component:default/artist-lookup", "resource:default/artists-db"),  # dependsOn
    ("api:default/lookup", "component:default/artist-lookup"),  # providesApi: without its provider there is no API
    ("component:default/site", "api:default/lookup"),  # consumesApi
    ("system:default/portal", "component:default/site"),  # partOf: the system falls with its part
    ("component:default/site", "component:default/widget"),
    ("domain:default/artists", "system:default/portal"),
}


def sync(source: Any, home: Path, number: int = 1, **how: Any) -> tuple[Any, set[tuple[str, str]], dict[str, tuple[str, str]]]:
    store = SqliteStore(home / "store.db")
    try:
        bench = Bench(store, LocalWorkbench(), home / "staging", home / "spool")
        report = sync_source(bench, source, SyncSettings("s", 1, str(number)), Terms(**how))
        revision = store.current().revision
        cis, rows = store.load_columns(revision, "ci"), store.load_columns(revision, "dependency")
    finally:
        store.close()
    keys = {int(cis["ci_id"][row]): cis["key"][row].partition(":")[2] for row in range(len(cis["ci_id"]))}
    needs = {(keys[int(a)], keys[int(b)]) for a, b in zip(rows["dependent_id"], rows["provider_id"], strict=True)}
    about = {keys[int(cis["ci_id"][row])]: (cis["ci_class"][row], cis["team"][row] or "") for row in range(len(cis["ci_id"]))}
    assert all(counts.closes() for counts in report.counts.values())
    return report, needs, about


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BACKSTAGE_TOKEN", TOKEN)
    stub = BackstageStub([{**row, "relations": list(row["relations"])} for row in PORTAL])
    server = Running(stub)
    yield stub, open_source("backstage", server.url, {"page_size": 2}, Outbound(["localhost"]))
    server.close()


def test_who_depends_on_whom(catalog, tmp_path: Path) -> None:
    _, source = catalog
    report, needs, about = sync(source, tmp_path)
    assert needs == NEEDS and report.complete
    assert about["component:default/artist-lookup"] == ("microservice", "team-a")
    assert about["resource:default/artists-db"] == ("database", "")
    assert report.counts["dependency"].ignored["type hasPart"] == 3
    assert source.check()[0] == "component: 3 entities"


def test_descriptor_files_give_what_the_catalog_gives(catalog, tmp_path: Path) -> None:
    _, source = catalog
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "catalog-info.yaml").write_text(FILE)
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    _, needs, about = sync(source, tmp_path / "a")
    report, same, alike = sync(open_source("backstage", str(tmp_path / "files"), {}), tmp_path / "b", complete=True)
    assert (same, alike) == (needs, about) and report.complete
    assert report.counts["ci"].ignored == {"kind group": 1}


def test_an_entity_that_went_retires_and_one_that_changed_is_the_only_one_mapped(catalog, tmp_path: Path) -> None:
    stub, source = catalog
    sync(source, tmp_path)
    del stub.entities["component:default/widget"]
    stub.entities["component:default/site"]["relations"] = [
        relation
        for relation in stub.entities["component:default/site"]["relations"]
        if relation["targetRef"] != "component:default/widget"
    ]
    stub.entities["resource:default/artists-db"]["spec"]["type"] = "bucket"
    assert sync(source, tmp_path, 2)[0].held_because == [
        "class software: 1 of the 1 records this source has would be retired, all of it"
    ]
    report, needs, about = sync(source, tmp_path, 3, approve=True)
    assert needs == NEEDS - {("component:default/site", "component:default/widget")}
    assert about["resource:default/artists-db"] == ("data_store", "")
    assert (report.path, report.retired, report.changed) == ("difference", 1, 1)


def test_a_dangling_reference_is_refused_and_the_rest_goes_on(catalog, tmp_path: Path) -> None:
    stub, source = catalog
    stub.entities["component:default/site"]["relations"].append({"type": "dependsOn", "targetRef": "resource:default/nowhere"})
    report, needs, _ = sync(source, tmp_path)
    assert needs == NEEDS
    assert [row.reason for row in report.rejected if "nowhere" in row.reason or "nowhere" in row.key]


def test_a_wrong_token_is_said(catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, source = catalog
    monkeypatch.setenv("BACKSTAGE_TOKEN", "wrong")
    with pytest.raises(NotAllowed, match="Missing credentials"):
        sync(open_source("backstage", source.lists.client.base, {}, Outbound(["localhost"])), tmp_path)


@pytest.mark.parametrize("text", ["a: &x [1]\nb: *x\n", "a: [1\n", "kind: Component\n---\nkind: &a {b: *a}\n"])
def test_yaml_that_cannot_be_read_is_refused_and_the_other_files_go_on(tmp_path: Path, text: str) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "bad.yaml").write_text(f"# apiVersion: backstage.io/v1alpha1\n{text}")
    (tmp_path / "files" / "good.yaml").write_text(FILE)
    report, needs, _ = sync(open_source("backstage", str(tmp_path / "files"), {}), tmp_path, complete=True)
    assert needs == NEEDS and not report.complete
    assert report.rejected[0].where.startswith("bad.yaml document")


def test_references_need_a_kind(tmp_path: Path) -> None:
    assert ref_of("Component:Other/A") == "component:other/a"
    for text in ("artists-db", "component:", ""):
        with pytest.raises(InvalidInput):
            ref_of(text)
    with pytest.raises((InvalidInput, LimitExceeded)):
        open_source("backstage", str(tmp_path), {"nosuch": 1})
