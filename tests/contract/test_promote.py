"""Copies of a store: promote, backup, restore. SQLite to SQLite here; over Neo4j both ways in `make test-neo4j`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from app.domain.errors import Conflict, NotFound, StoreUnavailable
from app.domain.nouns import NOUNS
from app.storage.sqlite_store import SqliteStore
from app.usecases.backup import backup, restore
from app.usecases.promote import promote
from app.usecases.write_revision import settle, turn
from tests.contract.estate import batch, ci, revise, table, write_and_die
from tests.contract.model import Ledger, random_changes
from tests.contract.test_history import compare, write
from tests.contract.test_scores import scores


@pytest.fixture
def other(tmp_path: Path):
    made = SqliteStore(tmp_path / "other.db")
    yield made
    made.close()


def fill(store, seed=3):
    rng = random.Random(seed)
    ledger, mint = Ledger(), [1]
    for base in range(5):
        changes = random_changes(rng, ledger, mint)
        store.open_revision(f"op {base}", base, note=f"sync {base}")
        write(store, base, changes)
        store.publish(base + 1, base, {"ci": mint[0]})
        ledger.publish(changes)
    store.put("job", "a", "{}")
    store.put("job", "a", '{"n":2}')
    store.append("note", "x")
    store.append("note", "y")
    store.write_scores("a1", 5, scores({row["ci_id"]: row["ci_id"] for row in ledger.rows(5, "ci")}))
    return ledger


def test_a_copy_answers_for_every_revision(store, other):
    ledger = fill(store)
    report = promote(store, store, other, other)
    assert (report.revisions, report.documents, report.scores) == (5, 3, len(ledger.rows(5, "ci")))
    assert report.digests == 6 * len(NOUNS)
    compare(other, ledger, range(6))
    assert [(row.operation_id, row.note, row.published_at, row.counters) for row in other.revisions(0, 9)][:-1] == [
        (row.operation_id, row.note, row.published_at, row.counters) for row in store.revisions(0, 9)
    ][:-1]
    assert other.get("job", "a").version == 2
    assert other.append("note", "z").key == "00000000000000000003"
    assert other.scored_by().assessment == "a1"


def test_a_copy_into_this_store(store, other):
    ledger = fill(other, seed=4)
    assert promote(other, other, store, store).revisions == 5
    compare(store, ledger, range(6))
    assert list(store.check()) == []


def test_a_copy_that_was_cut_off_goes_on(store, other):
    ledger = fill(store)
    other.open_revision("op 0", 0, "sync 0")
    assert promote(store, store, other, other).revisions == 5
    compare(other, ledger, range(6))


def test_documents_that_went_after_a_copy_was_cut_off_go_in_the_copy(store, other):
    fill(store)
    store.put("job_open", "1", "{}")
    promote(store, store, other, other)  # as one that was killed at its end: it may be done again
    store.delete("job_open", "1")
    store.delete("note", store.page("note", "", 1)[0].key)
    store.put("job", "b", "{}")
    promote(store, store, other, other)
    assert other.kinds() == store.kinds() and "job_open" not in other.kinds()
    assert [other.page(kind, "", 9) for kind in store.kinds()] == [store.page(kind, "", 9) for kind in store.kinds()]


def test_a_store_that_is_half_filled_is_not_written_to_nor_copied(store, other, tmp_path):
    fill(store)

    def cut_off(line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        promote(store, store, other, other, cut_off)
    with pytest.raises(Conflict, match="not finished yet: do it again"), turn(other, other, "exposure:x", "x"):
        pass
    with pytest.raises(Conflict, match="not finished yet: do it again"):
        promote(other, other, SqliteStore(tmp_path / "third.db"), SqliteStore(tmp_path / "third.db"))
    assert settle(other, other) is (other.pending() is None)
    promote(store, store, other, other)
    assert other.kinds() == store.kinds()
    with turn(other, other, "exposure:x", "x"):
        pass


def test_what_was_forgotten_stays_forgotten(store, other):
    ledger = fill(store)
    store.prune(3)
    promote(store, store, other, other)
    assert other.horizon() == 3
    compare(other, ledger, range(3, 6))
    with pytest.raises(NotFound):
        other.load_columns(2, "ci")


def test_a_target_with_something_in_it_is_refused(store, other):
    fill(store)
    other.put("job", "mine", "{}")
    with pytest.raises(Conflict):
        promote(store, store, other, other)
    other.delete("job", "mine")
    revise(other, batch("ci", [ci(1)]), operation_id="mine")
    with pytest.raises(Conflict):
        promote(store, store, other, other)


def test_backup_and_restore(store, other, tmp_path):
    ledger = fill(store)
    target = tmp_path / "backup.db"
    report = backup(store, target, SqliteStore)
    assert (report.revision, report.documents) == (5, 3)
    with pytest.raises(Conflict):
        backup(store, target, SqliteStore)
    assert restore(target, other, SqliteStore).revisions == 5
    compare(other, ledger, range(6))
    assert table(other.load_scores()) == table(store.load_scores())
    assert not list(tmp_path.glob("*.part"))


def test_a_backup_after_one_that_was_killed_holds_nothing_of_it(store, tmp_path):
    fill(store)
    target = tmp_path / "backup.db"
    write_and_die(tmp_path / "backup.db.part")
    assert backup(store, target, SqliteStore).documents == 3
    assert [path.name for path in tmp_path.glob("backup*")] == ["backup.db"]


def test_a_damaged_backup_is_not_restored(store, other, tmp_path):
    fill(store)
    target = tmp_path / "backup.db"
    backup(store, target, SqliteStore)
    raw = bytearray(target.read_bytes())
    raw[len(raw) // 2 : len(raw) // 2 + 40_000] = b"\xff" * 40_000
    target.write_bytes(bytes(raw))
    with pytest.raises((Conflict, StoreUnavailable)):
        restore(target, other, SqliteStore)
    assert other.current().revision == 0
