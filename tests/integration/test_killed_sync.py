"""A process that syncs is killed at random moments of the whole run: the revision before stays complete and readable, and the next sync gives
the graph that it would have given without the kill. A source that goes to and fro between two states, so every run has much to write."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from app.bootstrap import Forestay, assemble_service
from app.domain.change_list import ChangeList
from app.domain.nouns import NOUNS
from app.settings import load_settings
from app.usecases.changes.of_ledger import changes_made
from app.usecases.keep import sync_runs
from app.usecases.keep.sources import add_source, get_source
from app.usecases.run_sync import SyncRequest, run_sync
from tests import neo4j_server

ROOT = Path(__file__).parents[2]
CIS = 700
CHILD = """
import os, sys, time
from app.bootstrap import assemble_service
from app.settings import load_settings
from app.usecases.run_sync import SyncRequest, run_sync
from pathlib import Path
service = assemble_service(load_settings(data_folder=Path(sys.argv[1])))
print("ready", flush=True)
request = SyncRequest("cmdb", apply=True, approve=True, complete=True, full=sys.argv[2] == "full")
run_sync(service, request, lambda step, share: print(step, flush=True))
print("done", flush=True)
"""


def write_state(folder: Path, other: bool) -> None:
    """Two states of one estate: names and sites change, a tenth of the CIs and many dependencies are of one state only."""
    folder.mkdir(exist_ok=True)
    numbers = [n for n in range(CIS) if n % 10 != (3 if other else 7)]
    cis = [f"k{n},{'other' if other and n % 3 == 0 else 'name'} {n},server,site {n % (4 + other)}" for n in numbers]
    step, known = (7, 2)[other], set(numbers)
    edges = [f"k{n},k{n // 2}" for n in numbers if n and n // 2 in known] + [
        f"k{n},k{n // 2 + step}" for n in numbers if n > 40 and n // 2 + step in known
    ]
    groups = [f"g{n},k{n},1,k{n + 1}|k{n + 2}" for n in range(10, CIS - 10, 10) if {n, n + 1, n + 2} <= known]
    sheets = {"cis": ["key,name,class,site", *cis], "dependencies": ["dependent,provider", *edges], "groups": ["key,dependent,needed,members", *groups],
              "services": ["key,customers", "k0,100", "k1,200" if other else "k1,300"]}  # fmt: skip
    for name, lines in sheets.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Forestay]:
    if request.node.get_closest_marker("neo4j"):
        neo4j_server.empty_database()
        monkeypatch.setenv("FORESTAY_STORE_URL", neo4j_server.uri())
        monkeypatch.setenv("FORESTAY_STORE_PASSWORD", neo4j_server.auth()[1])
    found = assemble_service(load_settings(data_folder=tmp_path / "data"))
    add_source(found.documents, "cmdb", "csv", str(tmp_path / "input"))
    yield found
    found.close()


def graph(service: Forestay) -> str:
    """What the current revision holds, whatever numbers it has."""
    found = ChangeList()
    changes_made(service.store, 0, service.store.current().revision, {1: "cmdb"}, found)
    return found.digest()


def digests(service: Forestay, revision: int) -> list[str]:
    return [service.store.digest(0, revision, noun) for noun in NOUNS]


def sync(service: Forestay) -> None:
    run_sync(service, SyncRequest("cmdb", apply=True, approve=True, complete=True))


def start(service: Forestay, full: bool) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, str(service.settings.data_folder), "full" if full else "difference"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert child.stdout is not None and child.stdout.readline() == "ready\n"
    return child


def kill_at(child: subprocess.Popen[str], seconds: float) -> list[str]:
    """The steps that the killed process had told of."""
    time.sleep(seconds)
    child.send_signal(signal.SIGKILL)
    told = (child.communicate()[0] or "").splitlines()
    assert child.returncode in (0, -signal.SIGKILL)
    return told


def check_kills(service: Forestay, folder: Path, points: int, seed: int = 0) -> tuple[int, set[str]]:
    """How many runs died before their end, and the last steps that they told of."""
    random, died, steps = Random(1000 * points + seed), 0, set[str]()
    wanted: list[str] = []
    for other in (False, True):
        write_state(folder, other)
        sync(service)
        wanted.append(graph(service))
    assert wanted[0] != wanted[1]
    lasts = {}
    for full in (True, False):  # how long a whole run takes, and back to the second state
        write_state(folder, not full)
        child = start(service, full)
        began = time.monotonic()
        child.communicate()
        lasts[full] = time.monotonic() - began
    now = 1  # the ledger holds the second state
    for point in range(points):
        write_state(folder, now == 0)
        before = service.store.current().revision
        held = digests(service, before)
        full = point % 2 == 0
        share = (point // 2 + random.random()) / (points // 2)  # every part of the run has its turn
        told = kill_at(start(service, full), 1.02 * share * lasts[full])
        after = service.store.current().revision
        assert after in (before, before + 1)
        assert digests(service, before) == held
        assert list(service.store.check()) == []
        assert graph(service) == (wanted[now] if after == before else wanted[1 - now])
        if "done" not in told:
            died += 1
            steps.add(told[-1].split(":")[0] if told else "nothing yet")
        else:  # a warm server is quicker than it was at first
            lasts[full] *= 0.7
        sync(service)
        now = 1 - now
        assert graph(service) == wanted[now], f"point {point}, killed after {told[-1:]}"
        assert get_source(service.documents, "cmdb").last_state in ("done", "unchanged")
    states = {run.state for run in sync_runs.page_runs(service.documents, "", 200)}
    assert "running" in states  # a run that died leaves a trace
    return died, steps


@pytest.mark.slow
@pytest.mark.parametrize("part", range(5))
def test_a_sync_killed_at_a_hundred_points(service: Forestay, tmp_path: Path, part: int) -> None:
    died, steps = check_kills(service, tmp_path / "input", 20, part)
    assert died >= 12
    assert len(steps) >= 3, steps


@pytest.mark.neo4j
@pytest.mark.timeout(900)
def test_a_sync_into_neo4j_killed_at_a_dozen_points(service: Forestay, tmp_path: Path) -> None:
    died, steps = check_kills(service, tmp_path / "input", 12)
    assert died >= 6
    assert len(steps) >= 3, steps
