"""A process that syncs is killed at each step that it takes: the revision before stays complete and readable, and the next sync
gives the graph that it would have given without the kill. A source that goes to and fro between two states, so every run has much
to write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.bootstrap import Forestay, assemble_service
from app.domain.change_list import ChangeList
from app.domain.nouns import NOUNS
from app.settings import load_settings
from app.usecases.keep import sync_runs
from app.usecases.keep.sources import add_source, get_source
from app.usecases.run_sync import SyncRequest, run_sync
from tests import neo4j_server
from tests.changes_made import changes_made
from tests.kill_points import Killer
from tests.seeds import THOROUGH, commit

CIS, CIS_ON_NEO4J = 400, 120


def write_state(folder: Path, other: bool, cis_in_all: int) -> None:
    """Two states of one estate: names and sites change, a tenth of the CIs and many dependencies are of one state only."""
    folder.mkdir(exist_ok=True)
    numbers = [n for n in range(cis_in_all) if n % 10 != (3 if other else 7)]
    cis = [f"k{n},{'other' if other and n % 3 == 0 else 'name'} {n},server,site {n % (4 + other)}" for n in numbers]
    step, known = (7, 2)[other], set(numbers)
    edges = [f"k{n},k{n // 2}" for n in numbers if n and n // 2 in known] + [
        f"k{n},k{n // 2 + step}" for n in numbers if n > 40 and n // 2 + step in known
    ]
    groups = [f"g{n},k{n},{1 + other},k{n + 1}|k{n + 2}" for n in range(10, cis_in_all - 10, 10) if {n, n + 1, n + 2} <= known]
    sheets = {
        "cis": ["key,name,class,site", *cis],
        "dependencies": ["dependent,provider", *edges],
        "groups": ["key,dependent,needed,members", *groups],
        "services": ["key,customers", "k0,100", "k1,200" if other else "k1,300"],
    }
    for name, lines in sheets.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Forestay]:
    if request.node.get_closest_marker("neo4j"):
        neo4j_server.empty_database()
        for name, value in neo4j_server.as_settings().items():
            monkeypatch.setenv(name, value)
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


Point = tuple[bool, str, int]  # whether in a full run, at which step, the how manieth of its kind


def points_of(taken: dict[bool, dict[str, int]], thorough: bool) -> list[Point]:
    """Where a run is killed: at each commit; at every other step the first, a middle and the last time it is taken, in full runs
    and in those over what changed. Not thorough: at each commit and each step of the store once, in the one kind of run or the
    other."""
    found: list[Point] = []
    for full, steps in taken.items():
        for step, times in sorted(steps.items()):
            commit = step.lower().startswith("commit")
            some = {1, (times + 1) // 2, times} if thorough else {1}
            found += [(full, step, number) for number in (range(1, times + 1) if commit else sorted(some))]
    if thorough:
        return found
    once = sorted({(step, number) for _, step, number in found if not step.endswith(".staging")})
    return [(at % 2 == 0, *point) if (at % 2 == 0, *point) in found else (at % 2 == 1, *point) for at, point in enumerate(once)]


def check_kills(
    service: Forestay, folder: Path, part: int = 0, parts: int = 1, thorough: bool = True, cis: int = CIS
) -> set[str]:
    """Kills at every `parts`-th point, from number `part`; returns the steps at which a run was killed."""
    wanted: list[str] = []
    for other in (False, True):
        write_state(folder, other, cis)
        sync(service)
        wanted.append(graph(service))
    assert wanted[0] != wanted[1]
    with Killer(service.settings.data_folder, os.environ) as killer:
        taken: dict[bool, list[dict[str, int]]] = {True: [], False: []}
        for full, other in (
            (True, False),
            (True, True),
            (False, False),
            (False, True),
        ):  # the ledger holds the second state after each pair
            write_state(folder, other, cis)
            taken[full].append(killer.steps({"verb": "sync", "full": full}))
            assert graph(service) == wanted[other]
        points = [points_of({full: taken[full][other] for full in taken}, thorough) for other in (False, True)]
        # each direction kills at the half of what it has in common with the other, and at all that only it does
        common = sorted(set(points[0]) & set(points[1]))
        left = [[*common[other::2], *sorted(set(points[other]) - set(common))][part::parts] for other in (False, True)]
        now, killed, written = 1, set[str](), set[int]()
        while left[0] or left[1]:
            write_state(folder, now == 0, cis)
            before = service.store.current().revision
            held, point = digests(service, before), None
            if left[1 - now]:
                point = left[1 - now].pop()
                killer.kill_at({"verb": "sync", "full": point[0]}, *point[1:])
                killed.add(point[1])
                after = service.store.current().revision
                written.add(after - before)
                assert digests(service, before) == held
                assert list(service.store.check()) == []
                assert graph(service) == (wanted[now] if after == before else wanted[1 - now]), point
            sync(service)
            now = 1 - now
            assert graph(service) == wanted[now], f"after a kill at {point}"
            assert get_source(service.documents, "cmdb").last_state in ("done", "unchanged")
    assert written == {0, 1}  # before the pointer moved, and after
    errors = {run.error for run in sync_runs.page_runs(service.documents, "", 200) if run.state == "failed"}
    assert "its process died; nothing of it was written" in errors  # a run that died leaves a trace
    assert any("its process died while it wrote revision" in error for error in errors)
    return killed


@pytest.mark.slow
@pytest.mark.parametrize("part", range(2))
def test_a_sync_killed_at_each_step(service: Forestay, tmp_path: Path, part: int) -> None:
    parts = 2 if THOROUGH else 4  # the commit names which two of the four
    killed = check_kills(service, tmp_path / "input", part if THOROUGH else 2 * part + int(commit(), 16) % 2, parts)
    assert len(killed) >= (20 if THOROUGH else 12), killed


@pytest.mark.neo4j
@pytest.mark.timeout(900)
def test_a_sync_into_neo4j_killed_at_each_step(service: Forestay, tmp_path: Path) -> None:
    part, parts = (0, 1) if THOROUGH else (int(commit(), 16) % 2, 2)
    killed = check_kills(service, tmp_path / "input", part, parts, thorough=False, cis=CIS_ON_NEO4J)
    assert len(killed) >= 20 // parts, killed
