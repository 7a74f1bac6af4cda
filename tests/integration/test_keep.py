"""Keys, sessions, the audit chain and the job ledger on a real store."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.domain.errors import Conflict, InvalidInput, NotAllowed
from app.storage.sqlite_store import SqliteStore
from app.usecases.keep import access, audit, runs
from app.usecases.keep import sources as keep
from app.usecases.keep.audit_verify import verify

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def documents(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "forestay.db")
    yield store
    store.close()


def test_a_key_opens_until_it_expires(documents: SqliteStore) -> None:
    secret, key = access.create_key(documents, "ticketing", "integrator", days=30, now=NOW)
    assert access.caller_of(documents, secret, NOW) == access.Caller("ticketing", "integrator", key.prefix)
    with pytest.raises(NotAllowed):
        access.caller_of(documents, secret, NOW + timedelta(days=31))
    assert secret.split("_", 2)[2] not in documents.get("key", key.prefix).body


@pytest.mark.parametrize("wrong", ["", "fsy_00000000_x", "Bearer", "fsy_zz", "x" * 5000])
def test_a_wrong_key_is_refused(documents: SqliteStore, wrong: str) -> None:
    with pytest.raises(NotAllowed):
        access.caller_of(documents, wrong, NOW)


def test_revoking_a_key_ends_its_sessions(documents: SqliteStore) -> None:
    secret, key = access.create_key(documents, "anna", "analyst", now=NOW)
    token = access.open_session(documents, secret, 12, NOW)
    assert access.session_caller(documents, token, NOW) == access.Caller("anna", "analyst", key.prefix)
    access.revoke_key(documents, key.prefix, NOW)
    assert access.session_caller(documents, token, NOW) is None


def test_a_session_runs_out(documents: SqliteStore) -> None:
    secret, _ = access.create_key(documents, "anna", "viewer", now=NOW)
    token = access.open_session(documents, secret, 1, NOW)
    assert access.session_caller(documents, token, NOW + timedelta(hours=2)) is None


def test_roles_hold_only_their_permissions() -> None:
    assert access.Caller("x", "viewer").may("read")
    assert not access.Caller("x", "viewer").may("simulate")
    assert not access.Caller("x", "integrator").may("admin")
    assert all(access.Caller("x", "admin").may(permission) for permission in access.PERMISSIONS)


def test_the_audit_chain_is_whole_after_concurrent_writers(documents: SqliteStore) -> None:
    def write(name: int) -> None:
        for number in range(15):
            audit.record(documents, f"writer {name}", "test", str(number))

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify(documents) == []
    assert len(audit.entries(documents, "", 1000)) == 60


def test_a_changed_audit_entry_is_found(documents: SqliteStore) -> None:
    for number in range(3):
        audit.record(documents, "anna", "sync asked", str(number))
    entry = audit.entries(documents, "", 1000)[1]
    body = json.loads(entry.body) | {"caller": "somebody else"}
    documents.put("audit", entry.key, json.dumps(body, sort_keys=True))
    assert verify(documents) == ["entry 3 does not follow entry 2: one of the two was changed, added or taken away"]


def test_taking_the_last_audit_entry_away_is_found(documents: SqliteStore) -> None:
    for number in range(3):
        audit.record(documents, "anna", "sync asked", str(number))
    documents.delete("audit", audit.entries(documents, "", 1)[0].key)
    assert len(verify(documents)) == 1


def test_noted_reads_reach_the_trail_when_it_closes(documents: SqliteStore) -> None:
    trail = audit.ReadTrail(documents)
    trail.note("anna", "read areas.page", "/api/v1/areas")
    trail.close()
    assert [json.loads(row.body)["action"] for row in audit.entries(documents, "", 10)] == ["read areas.page"]


def test_a_job_is_taken_once_until_its_lease_runs_out(documents: SqliteStore) -> None:
    runs.enqueue(documents, "assess", {}, "anna")
    first = runs.take(documents, clock=1000.0)
    assert first is not None and first.state == runs.RUNNING
    assert runs.take(documents, clock=1001.0) is None
    second = runs.take(documents, clock=1000.0 + runs.LEASE_SECONDS + 1)
    assert second is not None and second.fence > first.fence
    with pytest.raises(Conflict):
        runs.report(documents, first, 0.5, "still here")
    with pytest.raises(Conflict):
        runs.finish(documents, first, runs.DONE)
    assert runs.finish(documents, second, runs.DONE, {"ok": 1}).state == runs.DONE
    assert runs.take(documents) is None


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_is_told(documents: SqliteStore) -> None:
    waiting = runs.enqueue(documents, "assess", {}, "anna")
    assert runs.cancel(documents, waiting.job_id).state == runs.CANCELLED
    runs.enqueue(documents, "assess", {}, "anna")
    running = runs.take(documents)
    assert running is not None
    assert runs.cancel(documents, running.job_id).cancel_asked
    assert runs.report(documents, runs.get_job(documents, running.job_id), 0.1, "x").cancel_asked


def test_sources_get_ids_and_priorities_in_order(documents: SqliteStore) -> None:
    first = keep.add_source(documents, "cmdb", "csv", "a")
    second = keep.add_source(documents, "netbox", "netbox", "b")
    assert (first.source_id, second.source_id) == (1, 2) and first.priority < second.priority
    assert keep.manual_source(documents).priority < first.priority
    with pytest.raises(InvalidInput):
        keep.add_source(documents, "cmdb", "csv", "a")
    with pytest.raises(InvalidInput):
        keep.add_source(documents, "No Such Name", "csv", "a")
