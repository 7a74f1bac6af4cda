"""Readers of a SQLite store while another process imports 80,000 CIs and 400,000 dependencies into it.

How long the longest of them waited is measured by `make bench`, not here.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from app.storage.sqlite_store import SqliteStore
from benchmarks.estate import generate, write_csv

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]
CIS, DEPENDENCIES, SERVICES = 80_000, 400_000, 200
EVERY_SECONDS = 0.02
SMALL_CIS = "key,name,class\nold-shop,Old shop,business_service\nold-db,Old DB,database\n"
SMALL_NEEDS = "dependent,provider\nold-shop,old-db\n"


def importing(data: Path, name: str, folder: Path) -> subprocess.Popen[str]:
    command = ["import", "csv", str(folder), "--name", name, "--complete", "--no-assess"]
    return subprocess.Popen(
        [sys.executable, "-m", "app", "--data", str(data), *command],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def neighbours(store: SqliteStore, revision: int, key: str) -> list[str]:
    """Keys of what a CI needs, as a page would ask."""
    hits = store.find(revision, [key]).get(key, ())
    if not hits:
        return []
    found = store.rows(revision, "dependency", "dependent_id", [hits[0].ci_id])
    providers = sorted(set(np.asarray(found["provider_id"]).tolist()))
    return sorted(store.states(revision, providers)["key"]) if providers else []


def being_written(path: Path) -> bool:
    """Whether a writer is inside a transaction of this file just now."""
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
        return False
    except sqlite3.OperationalError:
        return True
    finally:
        other.close()


def test_no_reader_waits_or_fails_while_a_large_import_lands(tmp_path: Path) -> None:
    small, large, data = tmp_path / "small", tmp_path / "large", tmp_path / "data"
    small.mkdir()
    (small / "cis.csv").write_text(SMALL_CIS)
    (small / "dependencies.csv").write_text(SMALL_NEEDS)
    graph = generate(CIS, DEPENDENCIES, SERVICES, 3)
    write_csv(graph, large)
    first = importing(data, "small", small)
    assert first.wait(120) == 0
    rows = graph.dependencies
    some = int(graph.cis.ci_id[np.argmax(np.bincount(rows.dependent_id, minlength=CIS + 1)[graph.cis.ci_id])])
    keys = dict(zip(graph.cis.ci_id.tolist(), graph.cis.key, strict=True))
    wanted = sorted({f"large:ci:{keys[provider]}" for provider in rows.provider_id[rows.dependent_id == some].tolist()})
    assert len(wanted) > 3

    store = SqliteStore(data / "forestay.db")
    process = importing(data, "large", large)
    inside = 0
    seen: list[tuple[int, list[str], list[str]]] = []
    try:
        while process.poll() is None:
            held = being_written(data / "forestay.db")
            revision = store.current().revision
            seen.append((revision, neighbours(store, revision, "old-shop"), neighbours(store, revision, keys[some])))
            inside += held and being_written(data / "forestay.db")
            time.sleep(EVERY_SECONDS)
    finally:
        output = process.communicate()[0]
    assert process.returncode == 0, output
    revision = store.current().revision
    seen.append((revision, neighbours(store, revision, "old-shop"), neighbours(store, revision, keys[some])))
    assert inside > 20  # answered while the writer was in the middle of a transaction, not between two
    revisions = [revision for revision, _, _ in seen]
    assert revisions == sorted(revisions) and set(revisions) == {1, 2}
    before = [answer for answer in seen if answer[0] == 1]
    after = [answer for answer in seen if answer[0] == 2]
    assert len(before) > 80  # the reader saw the old estate while the new one was written
    assert all(answer == (1, ["small:ci:old-db"], []) for answer in before)
    assert all(answer == (2, ["small:ci:old-db"], wanted) for answer in after)
    assert neighbours(store, 1, keys[some]) == []
    assert len(store.load_columns(2, "ci", ["ci_id"])["ci_id"]) == CIS + 2
    assert len(store.load_columns(2, "dependency", ["kind"])["kind"]) == len(rows.kind) + 1
    store.close()
