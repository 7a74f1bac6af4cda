"""The line difference gives what a full read gives: random edits to a folder of CSV files, both ways."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.changes import rows_of
from app.domain.deletion_guard import Limits
from app.domain.nouns import NOUNS
from app.domain.records import SyncReport
from app.storage.sqlite_store import SqliteStore
from app.storage.workbench import LocalWorkbench
from app.usecases.sync_source import Bench, SyncSettings, Terms, sync_source
from importers.csv.source import CsvSource

KEYS = st.sampled_from([f"k{n}" for n in range(7)])
CI = st.tuples(KEYS, st.sampled_from(["server", "database", "gadget", "k1"]), st.sampled_from(["", "1", "2.5", "nan", " 1"]))
DEPENDENCY = st.tuples(KEYS, KEYS, st.sampled_from(["hard", "soft", "supply", "odd"]), st.sampled_from(["", "0.5", "0", "2"]))
GROUP = st.tuples(st.sampled_from(["g1", "g2"]), KEYS, st.sampled_from(["1", "2", "0"]), st.lists(KEYS, min_size=1, max_size=3))
SERVICE = st.tuples(KEYS, st.sampled_from(["", "5", "-1"]))
ESTATE = st.tuples(
    st.lists(CI, max_size=8), st.lists(DEPENDENCY, max_size=8), st.lists(GROUP, max_size=3), st.lists(SERVICE, max_size=3)
)


def write(folder: Path, estate) -> None:
    cis, dependencies, groups, services = estate
    folder.mkdir(exist_ok=True)
    sheets = {
        "cis": ("key,class,failures_per_year", [",".join(row) for row in cis]),
        "dependencies": ("dependent,provider,kind,weight", [",".join(row) for row in dependencies]),
        "groups": ("key,dependent,needed,members", [f"{k},{d},{n},{'|'.join(m)}" for k, d, n, m in groups]),
        "services": ("key,customers", [",".join(row) for row in services]),
    }
    for name, (header, lines) in sheets.items():
        (folder / f"{name}.csv").write_text("\n".join([header, *lines]) + "\n", "utf-8")


def run(store, folder: Path, home: Path, number: int, full: bool, limits: Limits | None = None) -> SyncReport:
    source = SyncSettings("cmdb", 1, str(number), limits=limits or Limits())
    bench = Bench(store, LocalWorkbench(), home / "staging", home / "spool")
    return sync_source(bench, CsvSource(folder), source, Terms(complete=True, approve=True, full=full))


def contents(store) -> dict[str, list]:
    revision = store.current().revision
    ci_keys = {row[0]: row[1] for row in rows_of(NOUNS["ci"], store.load_columns(revision, "ci"))}
    found: dict[str, list] = {"ci": sorted(ci_keys.items())}
    for name, noun in NOUNS.items():
        rows = rows_of(noun, store.load_columns(revision, name))
        found[name] = sorted((row[1:] if name == "redundancy_group" else row for row in rows), key=repr)
    return found


def told(report: SyncReport) -> dict[str, object]:
    counts = {kind: asdict(count) for kind, count in report.counts.items()}
    kept = (
        "state",
        "created",
        "changed",
        "retired",
        "dependencies_added",
        "dependencies_changed",
        "dependencies_retired",
        "unknown_classes",
        "retired_of",
        "complete",
        "held_because",
    )
    rejected = sorted((r.kind, r.where, r.reason) for r in report.rejected)
    return {"counts": counts, "rejected": rejected} | {name: getattr(report, name) for name in kept}


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.lists(ESTATE, min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_difference_equals_full(estates, random):
    with TemporaryDirectory() as name:
        home = Path(name)
        narrow, whole = SqliteStore(home / "narrow.db"), SqliteStore(home / "whole.db")
        mixed = list(estates[0])
        for number, estate in enumerate(estates):
            if number:  # mostly small edits: keep most lines of the estate before
                for part, rows in enumerate(estate):
                    kept = [row for row in mixed[part] if random.random() < 0.8]
                    mixed[part] = kept + rows[:2]
                    random.shuffle(mixed[part])
            write(home / "input", tuple(mixed))
            a = run(narrow, home / "input", home / "a", number, full=False)
            b = run(whole, home / "input", home / "b", number, full=True)
            assert told(a) == told(b)
            assert contents(narrow) == contents(whole)
        narrow.close()
        whole.close()


def test_a_small_edit_takes_the_short_path(tmp_path):
    store = SqliteStore(tmp_path / "store.db")
    cis = [(f"k{n}", "server", "1") for n in range(40)]
    rows = [(f"k{n}", f"k{n + 1}", "hard", "") for n in range(39)]
    write(tmp_path / "input", (cis, rows, [("g", "k1", "1", ["k5", "k6"])], [("k0", "5")]))
    run(store, tmp_path / "input", tmp_path, 1, full=False)
    cis[3] = ("k3", "database", "2")
    del cis[39], rows[38]
    write(tmp_path / "input", (cis, rows, [("g", "k1", "1", ["k5", "k7"])], [("k0", "6")]))
    report = run(store, tmp_path / "input", tmp_path, 2, full=False)
    assert (report.path, report.warnings) == ("difference", [])
    assert (report.created, report.changed, report.retired, report.dependencies_retired) == (0, 1, 1, 1)
    assert report.rows_reconciled == 2
    assert report.counts["ci"].unchanged == 38
    shutil.rmtree(tmp_path / "spool")
    assert run(store, tmp_path / "input", tmp_path, 3, full=False).state == "unchanged"
    store.close()
