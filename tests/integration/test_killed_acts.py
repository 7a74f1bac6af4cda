"""Whatever people and syncs write is killed at the steps that it takes: readers then see the state before or that after, the
audit trail tells just what happened, and the next write of another kind, and of this one, succeeds."""

from __future__ import annotations

import itertools
import json
import os
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from app.bootstrap import Forestay, assemble_service
from app.settings import load_settings
from app.usecases.doctor import examine
from tests import acts, neo4j_server
from tests.acts import ACTS, Act
from tests.kill_points import END, Killer
from tests.seeds import THOROUGH, fresh


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Forestay]:
    if request.node.get_closest_marker("neo4j"):
        neo4j_server.empty_database()
        for name, value in neo4j_server.as_settings().items():
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("FORESTAY_KERNELS", "interpreted")
    found = assemble_service(load_settings(data_folder=tmp_path / "data"))
    acts.set_up(found)
    yield found
    found.close()


def go(service: Forestay, act: Act, back: bool) -> tuple[str, str]:
    """There or back without a kill; the states before and after."""
    act.prepare(service, back)
    before = act.state(service)
    act.do(service, back)
    return before, act.state(service)


def check_between(act: Act, before: str, after: str, found: str) -> None:
    """One unit of work: the one state or the other. Several: each part of the state is as before or as after."""
    if act.states == 2:
        assert found in (before, after)
        return
    old, new, now = json.loads(before), json.loads(after), json.loads(found)
    for name in now:
        assert now[name] in (old[name], new[name]), name


EVERY = int(os.environ.get("FORESTAY_KILL_EVERY", "1" if THOROUGH else "41"))  # which points are hit
GROUPS = [[name] for name in ACTS] if THOROUGH else [list(ACTS)[::2], list(ACTS)[1::2]]
QUICK = 8  # acts that are done after each kill, the next ones after the next
LONG = ("sync", "approve", "import and remove", "assess", "study")


def do_all(service: Forestay, names: Iterable[str]) -> None:
    """Each act there, then each back."""
    for back in (False, True):
        for name in names:
            ACTS[name].prepare(service, back)
            ACTS[name].do(service, back)


def everything(service: Forestay) -> tuple[str, str]:
    return acts.state(service), acts.scores(service)


def probes(name: str, one_by_one: bool) -> Iterator[set[str]]:
    """Yields the acts that must succeed after a kill of this one: itself, every quick one (in turn so many of them, where not
    everything is tried) and in turn one of those that take longer; or, one by one, itself and in turn one of all the others."""
    others = [other for other in ACTS if other != name]
    if one_by_one:
        yield from ({name, other} for other in itertools.cycle(others))
    quick = [other for other in others if other not in LONG]
    turns = itertools.cycle(quick)
    for other in itertools.cycle(LONG):
        yield {name, other, *itertools.islice(turns, len(quick) if THOROUGH else QUICK)}


def check_kills(service: Forestay, killer: Killer, name: str, one_by_one: bool, every: int) -> tuple[int, int]:
    """Kills at every n-th point of an act, and does its probes there and back after each; returns how many points were hit, and
    how many there are."""
    act, hit, met = ACTS[name], 0, 0
    following = probes(name, one_by_one)
    settled = everything(service)

    def begin(back: bool) -> str:
        if back:
            go(service, act, False)
        act.prepare(service, back)
        return act.state(service)

    for back in (False, True) if act.killed_back else (False,):
        asked = {"verb": "act", "act": name, "back": back}
        before, taken, after = begin(back), killer.steps(asked), act.state(service)
        do_all(service, [name])
        assert everything(service) == settled
        points = points_of(taken)
        met += len(points)
        for step, number in points[hit % every :: every]:
            assert begin(back) == before
            killer.kill_at(asked, step, number)
            where = f"{name} {'back' if back else 'there'}, at {step!r} number {number}"
            check_between(act, before, after, act.state(service))
            assert list(service.store.check()) == [], where
            assert [found for found in examine(service) if found.severity == "fault"] == [], where
            chosen = next(following)
            do_all(service, [one for one in ACTS if one in chosen])
            assert everything(service) == settled, where
            assert acts.disagreements(service) == [], where
            hit += 1
    return hit, met


def points_of(taken: dict[str, int]) -> list[tuple[str, int]]:
    """Every step of the store and of files each time that it is taken; of those in the staging file, which nobody reads again,
    the first and last time."""
    found: list[tuple[str, int]] = []
    for step, times in sorted(taken.items()):
        numbers = sorted({1, times}) if step.endswith(".staging") else list(range(1, times + 1))
        found += [(step, number) for number in numbers if step != END]
    return found


def check_group(service: Forestay, names: Sequence[str], one_by_one: bool = False, every: int = EVERY) -> None:
    do_all(service, ACTS)  # the first time leaves traces
    hit: dict[str, tuple[int, int]] = {}
    with Killer(service.settings.data_folder, os.environ, ["tests.killed_verbs"]) as killer:
        for name in names:
            hit[name] = check_kills(service, killer, name, one_by_one, every)
    each = ", ".join(f"{name} {count} of {met}" for name, (count, met) in hit.items())
    print(f"killed at {sum(count for count, _ in hit.values())} points: {each}")
    assert all(count for count, _ in hit.values())


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("names", GROUPS, ids=lambda names: names[0])
def test_acts_killed_at_their_steps(service: Forestay, names: list[str]) -> None:
    check_group(service, names)


ON_NEO4J = GROUPS if THOROUGH else [["service add", "merge and split", "approve"]]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_acts_killed_at_random(service: Forestay) -> None:
    """Whatever the moment: the audit trail tells just what readers see, and every act succeeds afterwards."""
    do_all(service, ACTS)
    kills = 200 if THOROUGH else 8
    with Killer(service.settings.data_folder, os.environ, ["tests.killed_verbs"]) as killer:
        for seed in fresh(kills):
            killer.kill_after({"verb": "wander", "seed": seed}, random.Random(seed).uniform(0.05, 1.0))
            assert list(service.store.check()) == [], seed
            assert acts.disagreements(service) == [], seed
            name = list(ACTS)[seed % len(ACTS)]
            for back in (False, True):
                go(service, ACTS[name], back)
            assert acts.disagreements(service) == [], (seed, name)
    do_all(service, ACTS)  # undoes what was left done
    for act in ACTS.values():
        there, back = go(service, act, False), go(service, act, True)
        assert (there, back) == (go(service, act, False), go(service, act, True))
    print(f"killed at {kills} moments")


@pytest.mark.neo4j
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("names", ON_NEO4J, ids=lambda names: names[0])
def test_acts_on_neo4j_killed_at_their_steps(service: Forestay, names: list[str]) -> None:
    check_group(service, names, True, EVERY if THOROUGH else 2 * EVERY)
