"""Readers while a revision is written, and a writer that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from app.storage.tables import digest
from tests import neo4j_server
from tests.contract.estate import batch, ci, revise, rows_of

CIS = 3_000
WAIT_SECONDS = 120
ROOT = Path(__file__).parents[2]


def links(n: int, step: int) -> list[dict[str, object]]:
    return [{"dependent_id": i, "provider_id": i % CIS + 1, "source_id": 1} for i in range(1, CIS + 1, step)][:n]


def read_whole(seen: list[tuple[str, str]], failures: list[BaseException]) -> int:
    """Wait until the reader has begun and ended a read of both nouns; how many answers came meanwhile."""
    before, until = len(seen), time.monotonic() + WAIT_SECONDS
    while len(seen) < before + 4 and not failures and time.monotonic() < until:
        time.sleep(0.01)
    return max(len(seen) - before - 3, 0)


def test_a_reader_sees_one_revision_while_the_next_is_written_and_taken_back(open_store):
    writer, reader = open_store(), open_store()
    revise(writer, batch("ci", [ci(i) for i in range(1, CIS + 1)]), batch("dependency", links(CIS, 1)))
    wanted = {noun: digest(reader.load_columns(1, noun)) for noun in ("ci", "dependency")}
    done = threading.Event()
    seen: list[tuple[str, str]] = []
    halfway: list[int] = []  # how many full reads began and ended while a revision was half written
    failures: list[BaseException] = []

    def read():
        try:
            while not done.is_set():
                seen.extend((noun, digest(reader.load_columns(1, noun))) for noun in ("ci", "dependency"))
        except BaseException as error:  # the main thread reports it
            failures.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        for give_up in (True, False, True):
            base = writer.current().revision
            writer.open_revision(f"change {base} {give_up}", base)
            changed = [ci(i, f"changed {base}") for i in range(1, CIS, 20)]
            ended = [row | {"kind": "hard"} for row in links(75, 40)] if base == 1 else []
            writer.write(base + 1, 1, batch("ci", [ci(CIS + base + 1), *changed], changed))
            halfway.append(read_whole(seen, failures))
            writer.write(base + 1, 2, batch("dependency", [], ended))
            writer.abandon(base + 1) if give_up else writer.publish(base + 1, base, {})
    finally:
        done.set()
        thread.join()
    assert not failures
    assert all(halfway)
    assert {pair for pair in seen if pair[1] != wanted[pair[0]]} == set()
    assert [len(rows_of(writer.load_columns(2, noun))) for noun in ("ci", "dependency")] == [CIS + 1, CIS - 75]


def test_what_is_ended_and_taken_back_within_one_read_is_in_it(open_store, monkeypatch):
    """Neo4j reads current rows and ended ones apart; a store that reads them at once is asked before and after as well."""
    writer, reader = open_store(), open_store()
    revise(writer, batch("ci", [ci(i) for i in range(1, 52)]), batch("dependency", links(50, 1)))
    wanted = digest(reader.load_columns(1, "dependency"))
    writer.open_revision("to be taken back", 1)

    def ends():
        writer.write(2, 1, batch("dependency", [], [row | {"kind": "hard"} for row in links(4, 10)]))

    current = getattr(reader, "_current", None)
    if current is None:
        ends()
        assert digest(reader.load_columns(1, "dependency")) == wanted
        writer.abandon(2)
    else:
        calls = []

        def meanwhile(*given):
            calls.append(given)
            if len(calls) > 1:
                return current(*given)
            ends()
            found = current(*given)
            writer.abandon(2)
            return found

        monkeypatch.setattr(reader, "_current", meanwhile)
    assert digest(reader.load_columns(1, "dependency")) == wanted


KILLED = """
import sys
from tests.contract.estate import batch, ci
store = eval(sys.argv[1], {}, {"SqliteStore": __import__("app.storage.sqlite_store", fromlist=["x"]).SqliteStore,
                               "Neo4jStore": __import__("app.storage.neo4j_store", fromlist=["x"]).Neo4jStore})
store.open_revision("killed", 1)
for n in range(1, 10_000):
    rows = [ci(1000 * n + i) for i in range(500)]
    ends = [ci(n)] if n <= 50 else []
    store.write(2, n, batch("ci", rows, ends))
    print(n, flush=True)
"""


@pytest.mark.parametrize("then", ["give up", "resume"])
def test_a_killed_import_leaves_the_old_revision(open_store, then):
    store = open_store()
    revise(store, batch("ci", [ci(i) for i in range(1, 101)]))
    old = digest(store.load_columns(1, "ci"))
    kind = type(store).__name__
    how = (
        f"SqliteStore({str(store.path)!r})"
        if kind == "SqliteStore"
        else f"Neo4jStore({neo4j_server.uri()!r}, {neo4j_server.auth()!r})"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, how],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    for line in child.stdout:
        if int(line) >= 8:
            break
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert store.current().revision == 1
    assert digest(store.load_columns(1, "ci")) == old
    done = store.pending().batches
    assert done >= 8
    if then == "resume":
        assert store.open_revision("killed", 1).batches == done
        store.write(2, done, batch("ci", [ci(999_999)]))  # applied already: nothing happens
        store.publish(2, 1, {})
        assert len(rows_of(store.load_columns(2, "ci"), "ci_id")) == 100 - min(done, 50) + 500 * done
    else:
        store.abandon(2)
        assert revise(store, batch("ci", [ci(5, "next")], [ci(5)])) == 2
        assert len(rows_of(store.load_columns(2, "ci"), "ci_id")) == 100
    assert digest(store.load_columns(1, "ci")) == old
    assert list(store.check()) == []
