"""What only the SQLite file can go wrong with: its schema, its locks, its copies."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.domain.errors import StoreUnavailable
from app.storage.sqlite import schema
from app.storage.sqlite_store import SqliteStore
from tests.contract.estate import batch, ci, revise, rows_of, write_and_die


def test_a_file_of_something_else_is_left_alone(tmp_path):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE mine (a)")
    other.close()
    with pytest.raises(StoreUnavailable, match="something else"):
        SqliteStore(path)
    (tmp_path / "text.db").write_text("not a database, and long enough to be taken for a page of one" * 20)
    with pytest.raises(StoreUnavailable):
        SqliteStore(tmp_path / "text.db")


def test_what_a_dead_process_wrote_is_not_played_into_a_new_database(tmp_path):
    write_and_die(tmp_path / "a.db")
    (tmp_path / "a.db").rename(tmp_path / "kept.db")
    with pytest.raises(StoreUnavailable, match=r"a\.db is not there, but its journal a\.db-(journal|wal) is"):
        SqliteStore(tmp_path / "a.db")
    (tmp_path / "kept.db").rename(tmp_path / "a.db")
    with_it = SqliteStore(tmp_path / "a.db")
    assert with_it.get("note", "kept").body == "old" and with_it.page("lost", "", 1) == []


def test_a_copy_after_one_that_was_killed_holds_nothing_of_it(tmp_path):
    write_and_die(tmp_path / "copy.db.part")
    store = SqliteStore(tmp_path / "a.db")
    store.put("note", "new", "{}")
    store.copy_to(tmp_path / "copy.db")
    copy = SqliteStore(tmp_path / "copy.db")
    assert [row.key for row in copy.page("note", "", 9)] == ["new"] and copy.check() == []
    assert [path.name for path in tmp_path.glob("*.part*")] == []


def test_a_newer_schema_is_refused(tmp_path):
    store = SqliteStore(tmp_path / "a.db")
    store.connection.execute("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(StoreUnavailable, match="newer version"):
        SqliteStore(tmp_path / "a.db")


def test_a_migration_that_is_cut_off_leaves_nothing(tmp_path, monkeypatch):
    whole = list(schema.statements_of(schema.sql("sqlite_only/schema", "0001_ledger")))
    monkeypatch.setattr(schema, "statements_of", lambda script: iter([*whole[:10], "SELECT * FROM no_such_table"]))
    with pytest.raises(StoreUnavailable):
        SqliteStore(tmp_path / "a.db")
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []
    assert SqliteStore(tmp_path / "a.db").current().revision == 0


def test_a_file_of_the_first_schema_opens_with_its_rows(tmp_path, monkeypatch):
    """Written before ranges, common causes and populations: what is there stays, what is new is absent, and can be written from
    then on."""
    path, first = tmp_path / "a.db", schema.SQL_FOLDER / "sqlite_only" / "schema" / "0001_ledger.sql"
    with sqlite3.connect(path) as old:
        for statement in schema.statements_of(first.read_text("utf-8")):
            old.execute(statement)
        at = "2026-01-01T00:00:00.000000Z"
        old.execute("INSERT INTO revision VALUES (0, '', 'published', 0, 0, ?, ?, '', '{}')", (at, at))
        old.execute("INSERT INTO revision VALUES (1, 'one', 'published', 0, 0, ?, ?, '', '{}')", (at, at))
        old.execute("INSERT INTO pointer VALUES (1, 1, 0, 0)")
        holds = (1, 9223372036854775807)
        old.execute(
            "INSERT INTO ci (ci_id, since, until, key, name, ci_class, raw_class, lifecycle, environment, site, team, supplier, "
            "failures_per_year, failures_origin, repair_origin, repair_distribution, aliases, attributes) "
            "VALUES (1, ?, ?, 'cmdb:server:1', 'srv-1', 0, 0, 0, 0, 0, 0, 0, 2.5, 0, 0, 0, '', '')", holds,
        )  # fmt: skip
        old.execute("INSERT INTO alias VALUES ('cmdb:server:1', 1, 1), ('srv-1', 1, 1)")
        old.execute("INSERT INTO redundancy_group VALUES (1, ?, ?, 'cmdb:g', 1, 0, 1, '[]', '', 2.0, 0.9, 1)", holds)
        old.execute("INSERT INTO exposure VALUES (1, 1, ?, ?, 7.0, NULL, 0, '', NULL, NULL, NULL, NULL, 0.99)", holds)
        old.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        old.execute("PRAGMA user_version = 1")
    old.close()
    store = SqliteStore(path)
    assert rows_of(store.load_columns(1, "ci"), "name", "failures_per_year", "failures_per_year_low", "repair_hours_high") == [
        ("srv-1", 2.5, None, None)
    ]
    group = ("failover_success", "common_cause_share", "common_cause_unavailability")
    assert rows_of(store.load_columns(1, "redundancy_group"), *group) == [(0.9, None, None)]
    assert rows_of(store.load_columns(1, "exposure"), "customers", "customer_population", "availability_target") == [
        (7.0, None, 0.99)
    ]
    named = {"ci_id": 1, "customers": 8.0, "customer_population": "buyers"}
    revise(store, batch("exposure", [named], [named]), batch("ci", [ci(1, failures_per_year_high=3.0)], [ci(1)]))
    assert rows_of(store.load_columns(2, "exposure"), "customers", "customer_population") == [(8.0, "buyers")]
    assert rows_of(store.load_columns(1, "exposure"), "customers", "customer_population") == [(7.0, None)]
    assert rows_of(store.load_columns(2, "ci"), "failures_per_year_high") == [(3.0,)]
    assert list(store.check()) == []


def test_many_open_a_new_file_at_once(tmp_path):
    at_once = threading.Barrier(12)

    def opened(path):
        at_once.wait()
        return SqliteStore(path)

    with ThreadPoolExecutor(12) as pool:
        for number in range(15):
            stores = list(pool.map(opened, [tmp_path / f"{number}.db"] * 12))
            assert [store.current().revision for store in stores] == [0] * 12
            for store in stores:
                store.close()


def test_a_commit_waits_for_a_reader_in_the_middle_of_an_answer(tmp_path):
    store, reader = SqliteStore(tmp_path / "a.db"), SqliteStore(tmp_path / "a.db")
    revise(store, batch("ci", [ci(i) for i in range(1, 50)]))
    half = reader.connection.execute("SELECT * FROM ci")
    half.fetchone()
    timer = threading.Timer(0.5, half.close)
    timer.start()
    started = time.monotonic()
    store.put("job", "a", "{}")
    assert time.monotonic() - started > 0.2 or store.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    timer.join()
    assert reader.get("job", "a").body == "{}"


def test_a_connection_is_opened_again_after_a_fork(tmp_path):
    store = SqliteStore(tmp_path / "a.db")
    child = os.fork()
    if child == 0:
        os._exit(0 if store.put("job", "child", "{}").version == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert store.get("job", "child").version == 1


def test_an_online_copy_is_whole_while_the_store_is_written(tmp_path):
    store, writer = SqliteStore(tmp_path / "a.db"), SqliteStore(tmp_path / "a.db")
    revise(store, batch("ci", [ci(i) for i in range(1, 3000)]))
    thread = threading.Thread(target=lambda: revise(writer, batch("ci", [ci(i) for i in range(3000, 6000)])))
    thread.start()
    store.copy_to(tmp_path / "copy.db")
    thread.join()
    copy = SqliteStore(tmp_path / "copy.db")
    assert list(copy.check()) == []
    assert len(rows_of(copy.load_columns(1, "ci", ["ci_id"]))) == 2999
