"""The doctor finds what is wrong with the store, its writers, its files and the machine, says the cure, and mends what needs no
decision."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.bootstrap import Forestay, assemble_service
from app.cli import main
from app.domain.errors import ForestayError, StoreUnavailable
from app.settings import load_settings
from app.storage.sqlite_store import SqliteStore
from app.storage.staging import OneAtATime
from app.usecases.doctor import Finding, examine, repair
from app.usecases.keep import audit, copying, runs, sync_runs
from app.usecases.keep.lease import take_or_renew
from app.usecases.keep.sources import add_source, update_source
from app.usecases.run_sync import SyncRequest, run_sync

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Forestay]:
    before = os.umask(0o077)  # as the commands do
    found = assemble_service(load_settings(data_folder=tmp_path / "data"))
    add_source(found.documents, "cmdb", "csv", str(tmp_path))
    yield found
    found.close()
    os.umask(before)


def dead_process() -> str:
    code = "from app.usecases.keep.process import this_process; print(this_process())"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def only(service: Forestay, now: datetime | None = None) -> Finding:
    (found,) = examine(service, now)
    return found


def test_nothing_is_wrong_with_a_new_store(service: Forestay) -> None:
    assert examine(service) == []
    assert repair(service) == []


def test_everything_it_writes_is_its_owners_alone(service: Forestay) -> None:
    folder = service.settings.data_folder
    service.cache.save(1, "x", {"a": "b"})
    service.cache.settle()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}
    assert modes["forestay.db"] == modes["audit.key"] == 0o600
    assert set(modes.values()) == {0o600}


def test_a_database_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = SqliteStore(tmp_path / "forestay.db")
        store.copy_to(tmp_path / "backup.db")
        store.close()
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("forestay.db", "backup.db")] == [0o600, 0o600]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.db", "forestay.db"]


def test_files_that_others_may_read_are_found_and_closed(service: Forestay) -> None:
    folder = service.settings.data_folder
    (folder / "forestay.db").chmod(0o644)
    found = only(service)
    assert (found.severity, found.what) == (
        "attention",
        "1 files and folders can be read or written by others than their owner: data/forestay.db, …",
    )
    folder.chmod(0o755)
    assert only(service).severity == "fault"
    assert repair(service) == [f"2 files and folders of {folder} are closed to others"]
    assert examine(service) == []


def test_what_a_dead_writer_left_is_named_and_mended(service: Forestay) -> None:
    service.store.open_revision("exposure:x", 0, "exposure of a, by anna")
    assert take_or_renew(service.documents, "ledger", f"{dead_process()} exposure:x") is not None
    found = only(service)
    assert found.what == "revision 1 was left half written by exposure of a, by anna, whose process died"
    assert "forestay doctor --repair" in found.cure
    assert repair(service) == ["revision 1 was taken back: exposure of a, by anna"]
    assert examine(service) == []


def test_a_writer_that_lives_is_no_fault(service: Forestay) -> None:
    service.store.open_revision("exposure:x", 0, "exposure of a, by anna")
    assert take_or_renew(service.documents, "ledger", "elsewhere/1/2 exposure:x") is not None
    assert examine(service) == [] and repair(service) == []


def test_a_lease_and_a_run_of_dead_processes(service: Forestay) -> None:
    assert take_or_renew(service.documents, "ledger", f"{dead_process()} exposure:x") is not None
    assert only(service).what == "the lease of the ledger was left by a dead process (exposure:x)"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.usecases.keep.sync_runs.this_process", dead_process)
        run_id = sync_runs.new_run(service.documents, "cmdb", "anna")
    assert any(found.what == f"run {run_id} runs no more: its process died" for found in examine(service))
    assert repair(service) == [f"run {run_id} is said to have failed: its process died"]
    assert sync_runs.get_run(service.documents, run_id).state == "failed"


@pytest.mark.parametrize(("free", "severity"), [(1 << 30, "attention"), (1 << 20, "fault")])
def test_a_disk_that_fills_up(service: Forestay, monkeypatch: pytest.MonkeyPatch, free: int, severity: str) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(1 << 40, 0, free))
    found = only(service)
    assert found.severity == severity and "MiB are free" in found.what and "make room" in found.cure


def test_a_clock_that_is_wrong(service: Forestay) -> None:
    audit.record(service.documents, "anna", "key created", "x")
    found = examine(service, datetime.now(UTC) - timedelta(hours=3))
    assert [one.what.partition(" is of ")[0] for one in found] == ["revision 0", "the last entry of the audit trail"]
    assert all("one of two clocks is wrong" in one.what and "time server" in one.cure for one in found)


def test_a_cache_that_cannot_be_read(service: Forestay) -> None:
    service.cache.save(1, "x", {"a": "b"})
    service.cache.settle()
    (place,) = service.settings.cache_folder.glob("0*")
    (place / "manifest.json").write_text("{")
    assert only(service).what.startswith("1 entries of the cache can't be read: 000000000001-x")
    assert repair(service) == [f"unreadable cache was taken away: {place.name}"]
    assert examine(service) == []


LEFT = (
    ".forestay.db.77.0123abcd",
    ".forestay.db.77.0123abcd-journal",
    ".audit.key.77.0123abcd",
    "monday.db.part",
    "monday.db.part-journal",
    "input/cmdb/upload-0123456789ab.json",
    "spool/cmdb/rows.json.new",
    "spool/cmdb.new/cis.csv",
    "cache/.part-x1y2z3/000.npy",
    "staging/cmdb.staging",
)
KEPT = (
    "input/cmdb/upload-ba9876543210.json",
    "input/cmdb/mine.csv.part",
    "input/rows.new",
    "spool/cmdb/rows.json",
    ".forestay.db.old",
    "forestay.db.bak",
)


def test_what_dead_processes_did_not_finish(service: Forestay) -> None:
    folder = service.settings.data_folder
    for name in (*LEFT, *KEPT):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    update_source(service.documents, "cmdb", location=str(folder / "input/cmdb/upload-ba9876543210.json"))
    with OneAtATime(service.settings.staging_folder):  # a sync of now, and files that were touched a moment ago
        assert examine(service) == []
    (staged,) = repair(service)
    assert staged == "an unfinished file was taken away: cmdb.staging"
    long_ago = time.time() - 3700
    for path in folder.rglob("*"):
        os.utime(path, (long_ago, long_ago))
    assert (
        only(service).what
        == "9 files were begun by processes that died, or replaced, and are of no use: .audit.key.77.0123abcd, …"
    )
    assert len(repair(service)) == 9
    assert examine(service) == []
    left = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert left >= {*KEPT, "forestay.db", "audit.key"} and not left & {*LEFT}


def test_a_database_elsewhere_leaves_its_unfinished_files_there(tmp_path: Path) -> None:
    place = tmp_path / "elsewhere"
    environment = {"FORESTAY_STORE_URL": f"sqlite:{place / 'estate.db'}"}
    found = assemble_service(load_settings(environment=environment, data_folder=tmp_path / "data"))
    for name in (".estate.db.77.0123abcd", ".other.db.77.0123abcd"):
        (place / name).touch()
        os.utime(place / name, (0, 0))
    assert [path.name for path in found.leftovers()] == [".estate.db.77.0123abcd"]
    found.close()


def test_an_old_store_and_a_schedule_that_nobody_fires(service: Forestay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.storage.sqlite.care.OLDEST", (99, 0))
    add_source(service.documents, "second", "csv", "x", schedule="every 15m")
    assert [found.what.partition(":")[0] for found in examine(service)] == [
        f"the store is kept by {service.store.engine()}",
        "sources have a schedule and nobody fires it",
    ]


def test_a_store_that_is_half_filled(service: Forestay) -> None:
    copying.begin(service.documents)
    service.store.open_revision("exposure:x", 0, "exposure of a, by anna")
    found = only(service)
    assert (found.severity, found.cure) == ("fault", "do it again: it goes on where it stopped")
    assert "restore or a promotion" in found.what
    assert repair(service) == [] and service.store.pending() is not None


def test_jobs_that_nobody_does(service: Forestay) -> None:
    waiting = runs.enqueue(service.documents, "assess", {}, "anna")
    soon, late = datetime.now(UTC) + timedelta(minutes=4), datetime.now(UTC) + timedelta(minutes=6)
    assert examine(service, soon) == []
    found = only(service, late)
    assert (found.what, found.cure) == (
        f"job {waiting.job_id} (assess) has waited for over 5 minutes",
        "start a runner: forestay work",
    )
    taken = runs.take(service.documents, time.time() - 2 * runs.LEASE_SECONDS)
    assert taken is not None
    found = only(service)
    assert (found.what, found.cure) == (
        f"the runner of job {waiting.job_id} is gone",
        "start a runner: forestay work takes the job over",
    )


def test_sources_that_are_held_failed_incomplete_or_old(service: Forestay, tmp_path: Path) -> None:
    (tmp_path / "cis.csv").write_text("key,name,class\n" + "".join(f"k{n},n,server\n" for n in range(60)))

    def synced(**said: bool) -> None:
        run_sync(service, SyncRequest("cmdb", apply=True, caller="anna", **said))

    synced(approve=True, complete=True)
    found = only(service, datetime.now(UTC) + timedelta(days=8))
    assert found.what.startswith("cmdb was last read on ") and found.cure == "forestay sync cmdb"
    (tmp_path / "cis.csv").write_text("key,name,class\nk1,n,server\n")
    synced(complete=True)
    found = only(service)
    assert found.what.startswith("cmdb is held: ") and found.cure == "if it is right: forestay sync cmdb --approve"
    (tmp_path / "cis.csv").unlink()
    with pytest.raises(ForestayError):
        synced()
    found = only(service)
    assert found.what.startswith("cmdb failed: ") and found.cure == "forestay source check cmdb"
    said = {"incomplete": {"server": "page 3 was refused"}, "complete_at": {"server": "2026-11-01T08:00:00+00:00"}}
    update_source(service.documents, "cmdb", last_state="done", **said)
    found = only(service)
    assert found.what == "cmdb: page 3 was refused; stale, last read whole 2026-11-01T08:00"
    assert found.cure == "forestay source check cmdb"


def test_a_damaged_store(service: Forestay, tmp_path: Path) -> None:
    (tmp_path / "cis.csv").write_text("key,name,class\na,one,server\n")
    run_sync(service, SyncRequest("cmdb", apply=True, approve=True, complete=True, caller="anna"))
    service.store.connection.execute("DELETE FROM alias")
    found = only(service)
    assert (found.severity, found.what) == ("fault", "1 CI states are missing in the alias index")
    assert found.cure == "restore the latest backup into an empty store: forestay restore FILE"


def test_no_source_at_all(tmp_path: Path) -> None:
    found = assemble_service(load_settings(data_folder=tmp_path / "data"))
    (one,) = [finding for finding in examine(found) if finding.what == "no source is registered"]
    assert one.cure == "forestay source add NAME KIND LOCATION"
    found.close()


def test_an_audit_trail_that_was_changed(service: Forestay) -> None:
    audit.record(service.documents, "anna", "key created", "x")
    row = service.documents.page(audit.KIND, "", 1)[0]
    service.documents.put(audit.KIND, row.key, row.body.replace("anna", "bert"))
    found = examine(service)
    assert {(one.severity, one.cure) for one in found} == {("fault", "keep the store as evidence and restore from a backup")}
    assert found[0].what.startswith("entry 1 was changed")


@pytest.mark.parametrize("fault", ["empty", "schema", "no database", "journal"])
def test_a_store_that_cannot_be_opened_is_a_finding(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "forestay.db"
    SqliteStore(path).close()
    if fault == "schema":
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 2")
        connection.close()
    else:
        path.write_bytes({"empty": b"", "no database": b"no database" * 1000, "journal": b""}[fault])
    if fault == "journal":
        path.rename(path.with_name("forestay.db-journal")).write_bytes(b"old pages")
    answer = CliRunner().invoke(main, ["--data", str(tmp_path), "doctor", "--repair", "--json"])
    assert answer.exit_code == 1
    (found,) = json.loads(answer.output)
    said = {
        "empty": "is empty",
        "schema": "its schema is 2",
        "no database": "can't be",
        "journal": "take forestay.db-journal away",
    }
    assert found["severity"] == "fault" and said[fault] in found["what"]


def test_an_empty_file_is_not_an_empty_estate(tmp_path: Path) -> None:
    (tmp_path / "forestay.db").touch()
    with pytest.raises(StoreUnavailable, match=r"is empty \(0 bytes\).*forestay restore FILE"):
        SqliteStore(tmp_path / "forestay.db")
    answer = CliRunner().invoke(main, ["--data", str(tmp_path), "doctor", "--json"])
    assert answer.exit_code == 1
    assert [row["severity"] for row in json.loads(answer.output)] == ["fault"]


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_an_older_number_on_newer_tables_is_said(tmp_path: Path, version: int) -> None:
    SqliteStore(tmp_path / "forestay.db").close()
    with sqlite3.connect(tmp_path / "forestay.db") as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    with pytest.raises(
        StoreUnavailable, match=f"says that its schema is {version}, but its tables are not those of that version"
    ):
        SqliteStore(tmp_path / "forestay.db")


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "forestay.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreUnavailable, match="can't be"):
        SqliteStore(tmp_path / "forestay.db")
