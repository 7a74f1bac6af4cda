"""Real inputs beside the checkout: what each gives, with counts that close."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from app.storage.sqlite_store import SqliteStore
from app.storage.workbench import LocalWorkbench
from app.usecases.sync_source import Bench, SyncSettings, Terms, sync_source
from importers.json.source import JsonSource
from importers.registry import open_source

pytestmark = pytest.mark.shared
SHARED = Path(os.environ.get("FORESTAY_SHARED") or Path(__file__).parents[2].parent / "shared")


def sync(source, home: Path):
    store = SqliteStore(home / "store.db")
    try:
        bench = Bench(store, LocalWorkbench(), home / "staging", home / "spool")
        report = sync_source(bench, source, SyncSettings("s", 1, "1"), Terms(complete=True))
    finally:
        store.close()
    assert all(counts.closes() for counts in report.counts.values())
    return report


def counted(report, kind):
    counts = report.counts[kind]
    return counts.read, counts.stored, sum(counts.ignored.values()), counts.duplicate, counts.rejected


# read, stored, ignored, duplicate, rejected
@pytest.mark.parametrize(
    ("kind", "path", "settings", "cis", "dependencies", "groups"),
    [
        ("json", "cmdb-kit", {"mapping": "cmdb-kit"}, (290, 24, 266, 0, 0), (22, 22, 0, 0, 0), 0),
        ("callgraph", "train-ticket/call-edges.csv", {}, (58, 58, 0, 0, 0), (113, 113, 0, 0, 0), 0),
        ("archimate", "archisurance/archisurance.xml", {}, (120, 106, 14, 0, 0), (178, 140, 34, 1, 3), 0),
        ("netbox", "netbox-demo/netbox-demo-v3.6-subset.json", {}, (475, 475, 0, 0, 0), (445, 445, 0, 0, 0), 4),
        ("backstage", "backstage-examples", {}, (20, 14, 6, 0, 0), (30, 10, 14, 0, 6), 0),
    ],
)
def test_shared_data(tmp_path, kind, path, settings, cis, dependencies, groups):
    report = sync(open_source(kind, str(SHARED / "data" / path), settings), tmp_path)
    assert (counted(report, "ci"), counted(report, "dependency"), report.counts["group"].stored) == (cis, dependencies, groups)
    assert (report.state, report.complete, report.identity_conflicts) == ("done", True, [])


def test_an_empty_workbook_gives_nothing_and_says_so(tmp_path):
    report = sync(open_source("csv", str(SHARED / "data/cmdb-kit/all-all.xlsx"), {}), tmp_path)
    assert (report.state, report.complete) == ("unchanged", False)
    assert any("0 records" in warning for warning in report.warnings)


def test_golden_estates_import_unchanged(tmp_path):
    cases = json.loads((SHARED / "reference/golden.json").read_text("utf-8"))
    estates = [estate for case in cases for estate in (case.get("estate"), *(case.get("variants") or {}).values()) if estate]
    for number, estate in enumerate(estates):
        home = tmp_path / str(number)
        home.mkdir()
        (home / "estate.json").write_text(json.dumps(estate), "utf-8")
        report = sync(JsonSource(home / "estate.json"), home)
        assert report.counts["ci"].stored == len(estate["cis"])
        assert report.counts["ci"].rejected == 0
        assert report.counts["service"].stored == len(estate["services"])
