"""Real processes on one store: two schedulers started at once, a leader that is stopped and comes back, a runner that comes back
too late."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.storage.sqlite_store import SqliteStore
from app.usecases.keep import due_times, runs, sync_runs
from app.usecases.keep.plan import plan_of
from app.usecases.keep.sources import add_source, get_source

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
SCHEDULE = "every 2s"  # shorter than a person may say, so that a test is done in seconds
SCHEDULER = """
import sys, threading
from pathlib import Path
from app.bootstrap import assemble_service
from app.jobs.schedule import keep_schedule
from app.settings import load_settings
from app.usecases.keep import due_times
due_times.SHORTEST_SECONDS = 1
settings = load_settings(environment={}, data_folder=Path(sys.argv[1]))
keep_schedule(assemble_service(settings), threading.Event(), refresh_seconds=0.5)
"""
RUNNER = """
import sys, threading, time
from pathlib import Path
from app.bootstrap import assemble_service
from app.settings import load_settings
from app.usecases.keep import runs
runs.LEASE_SECONDS = 2.0
from app.jobs import runner
runner.RENEW_SECONDS = 0.5
if len(sys.argv) > 2:  # stands still between the writes and the pointer, until the file is gone
    from app.storage.sqlite_store import SqliteStore
    make_ready = SqliteStore.make_ready
    def late(store, revision):
        Path(sys.argv[2]).write_text("about to publish")
        while Path(sys.argv[2]).exists():
            time.sleep(0.05)
        return make_ready(store, revision)
    SqliteStore.make_ready = late
runner.run_one(assemble_service(load_settings(environment={}, data_folder=Path(sys.argv[1]))))
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def run(script: str, *arguments: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        log = (tmp_path / f"{len(started)}.log").open("wb")
        command = [sys.executable, "-c", script, str(tmp_path), *arguments]
        started.append(subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT))
        return started[-1]

    yield run
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteStore]:
    monkeypatch.setattr(due_times, "SHORTEST_SECONDS", 1)
    folder = tmp_path / "estate"
    folder.mkdir()
    (folder / "cis.csv").write_text("key,name,class\na,A,server\nb,B,server\n")
    opened = SqliteStore(tmp_path / "forestay.db")
    add_source(opened, "cmdb", "csv", str(folder), schedule=SCHEDULE)
    yield opened
    opened.close()


def wait_for(what: Callable[[], object], seconds: float = 60.0) -> object:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come")


def finish_open(store: SqliteStore) -> None:
    while job := runs.take(store):
        runs.finish(store, job, runs.DONE)


def leader(store: SqliteStore) -> tuple[str, int]:
    row = store.get("lease", "scheduler")
    held = json.loads(row.body) if row else {"holder": "", "token": 0}
    return held["holder"], held["token"]


def plan(store: SqliteStore) -> Any:
    return plan_of(store, get_source(store, "cmdb"), datetime.now(UTC))


def check_asked_once(store: SqliteStore, began: datetime) -> int:
    """Each due time since `began` was asked for once, or stands in the plan as passed over; how many were asked for."""
    asked, last = len(runs.page_jobs(store)), plan(store)
    due = due_times.due_times(SCHEDULE, began, datetime.fromisoformat(last.answered_at))
    assert asked + last.missed + last.held_back == len(due), (asked, last, due)
    return asked


def finish_while_due(store: SqliteStore, more: int) -> None:
    """Until so many more runs were asked for, each of them finished at once."""
    wanted = len(runs.page_jobs(store)) + more

    def enough() -> bool:
        finish_open(store)
        return len(runs.page_jobs(store)) >= wanted

    wait_for(enough)


def test_two_schedulers_started_at_once_ask_for_each_run_once(store, start) -> None:
    began = datetime.fromisoformat(plan(store).answered_at)
    start(SCHEDULER), start(SCHEDULER)
    wait_for(lambda: leader(store)[0])
    finish_while_due(store, 4)
    time.sleep(1)  # one that asks for a run again would have done so
    assert check_asked_once(store, began) >= 4
    assert leader(store)[1] == 1


def test_a_leader_that_was_stopped_asks_for_nothing_when_it_comes_back(store, start) -> None:
    began = datetime.fromisoformat(plan(store).answered_at)
    first = start(SCHEDULER)
    wait_for(lambda: leader(store)[0])
    stopped = leader(store)[0]
    wait_for(lambda: runs.page_jobs(store))
    first.send_signal(signal.SIGSTOP)
    start(SCHEDULER)
    wait_for(lambda: leader(store)[1] == 2)
    finish_open(store)
    first.send_signal(signal.SIGCONT)
    finish_while_due(store, 3)
    time.sleep(1)
    assert check_asked_once(store, began) >= 4
    assert leader(store)[1] == 2 and leader(store)[0] != stopped


def stop_between_transactions(process, store) -> None:
    """Stop a process at a moment at which it does not hold the one lock of an SQLite file, so that others can go on."""
    for _ in range(200):
        process.send_signal(signal.SIGSTOP)
        try:
            with closing(sqlite3.connect(store.path, timeout=0.1, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
            return
        except sqlite3.OperationalError:
            process.send_signal(signal.SIGCONT)
            time.sleep(0.02)
    raise AssertionError("it holds the lock all the time")


def test_a_runner_that_comes_back_too_late_cannot_publish(store, start, tmp_path: Path) -> None:
    arguments = {"source": "cmdb", "dry_run": False, "apply": True, "approve": False, "complete": False, "full": False}
    runs.enqueue(store, "sync", arguments, "anna")
    flag = tmp_path / "flag"
    first = start(RUNNER, str(flag))
    wait_for(flag.exists)
    stop_between_transactions(first, store)
    flag.unlink()
    wait_for(lambda: runs.page_jobs(store)[0].lease_until < time.time())
    (tmp_path / "estate" / "cis.csv").write_text("key,name,class\na,A,server\nb,B,server\nc,C,server\n")
    taken = runs.take(store)
    assert taken is not None
    store.take_lease(taken.fence)  # another took the job; the first one's lease is over
    first.send_signal(signal.SIGCONT)
    assert first.wait(60) == 0
    assert store.current().revision == 0
    assert [run.state for run in sync_runs.page_runs(store)] == ["failed"]
    assert "lease" in sync_runs.page_runs(store)[0].error or "fence" in sync_runs.page_runs(store)[0].error
    runs.finish(store, taken, runs.CANCELLED)
    runs.enqueue(store, "sync", arguments, "anna")
    second = start(RUNNER)
    assert second.wait(120) == 0
    assert store.current().revision >= 1 and get_source(store, "cmdb").last_state == "done"
    assert len(store.load_columns(store.current().revision, "ci")["ci_id"]) == 3
