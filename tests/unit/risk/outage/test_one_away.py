"""What is one failure away, against every further outage tried one by one."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from app.risk.intake.compile import compile_graph
from app.risk.outage import one_away
from app.risk.outage.one_away import one_failure_away
from app.risk.outage.propagation import outage, workspace
from tests.seeds import some_quick
from tests.unit.risk.build import graph_of, random_estate


def brute(compiled: Any, down: list[int]) -> dict[int, list[int]]:
    space = workspace(compiled)
    now = outage(compiled, np.array(down, np.int32), space)
    stopped = set(now.services_down.tolist())
    found: dict[int, list[int]] = {}
    for c in sorted(set(range(len(compiled))) - set(now.failed.tolist()) - set(compiled.rest_down.tolist())):
        alone = set(outage(compiled, np.array([c], np.int32), space).services_down.tolist())
        both = set(outage(compiled, np.array([*down, c], np.int32), space).services_down.tolist())
        for s in sorted(both - alone - stopped):
            found.setdefault(s, []).append(c)
    return found


@pytest.mark.parametrize("seed", some_quick(1, 6))
def test_random_estates(seed: int) -> None:
    rng = random.Random(4000 + seed)
    some = 0
    for _ in range(400):
        estate = random_estate(rng, rng.randint(3, 12))
        if rng.random() < 0.8:  # sparser, so that more stands
            estate["dependencies"] = [row for row in estate["dependencies"] if rng.random() < 0.4]
        compiled = compile_graph(graph_of(estate))
        down = rng.sample(range(len(compiled)), rng.randint(1, 2))
        want = brute(compiled, down)
        got = one_failure_away(compiled, outage(compiled, np.array(down, np.int32)), seconds=60.0)
        assert {s: list(p) for s, p in got.positions.items()} == want
        assert not got.truncated and got.tried == got.candidates
        some += bool(want)
    assert some > 5


@pytest.mark.parametrize("seed", some_quick(1, 4))
def test_outages_that_are_kept_for_the_next_question_change_no_answer(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_away, "MUCH", 0)
    rng = random.Random(4100 + seed)
    used = 0
    for _ in range(150):
        estate = random_estate(rng, rng.randint(6, 14))
        estate["dependencies"] = [row for row in estate["dependencies"] if rng.random() < 0.5]
        compiled = compile_graph(graph_of(estate))
        space = workspace(compiled)
        for _ in range(4):
            down = rng.sample(range(len(compiled)), 1)
            kept = len(space.alone)
            got = one_failure_away(compiled, outage(compiled, np.array(down, np.int32), space), 60.0, space)
            assert {s: list(p) for s, p in got.positions.items()} == brute(compiled, down)
            used += bool(kept and got.positions)
    assert used > 5


def test_a_ci_under_several_members_left_counts_though_no_single_member_does() -> None:
    estate = {
        "cis": [{"key": k, "failures_per_year": 1.0, "repair_hours": 1.0} for k in "SabcdR"], "services": [{"key": "S"}],
        "dependencies": [{"dependent": m, "provider": "R", "kind": "hard"} for m in "bc"],
        "groups": [{"key": "g", "dependent": "S", "needed": 2, "members": list("abcd")}],
    }  # fmt: skip
    compiled = compile_graph(graph_of(estate))
    a, r = compiled.position_of(11), compiled.position_of(15)
    got = one_failure_away(compiled, outage(compiled, np.array([a])))
    assert {s: list(p) for s, p in got.positions.items()} == {0: [r]}


def test_time_that_runs_out_is_said() -> None:
    keys = [f"m{i}" for i in range(300)]
    estate = {
        "cis": [{"key": k, "failures_per_year": 1.0, "repair_hours": 1.0} for k in ("S", *keys)], "services": [{"key": "S"}],
        "dependencies": [],
        "groups": [{"key": "g", "dependent": "S", "needed": 299, "members": keys}],
    }  # fmt: skip
    compiled = compile_graph(graph_of(estate))
    result = outage(compiled, np.array([compiled.position_of(11)]))
    got = one_failure_away(compiled, result, seconds=0.0)
    assert got.truncated and 0 < got.tried < got.candidates == 299
    assert len(one_failure_away(compiled, result, seconds=60.0).positions[0]) == 299


def test_the_cone_of_a_ci() -> None:
    from app.risk.graph.needs import needs_of
    from tests.builders import estate

    built = estate("S; a; b; c; d", hard="S>a", soft="a>b:.5", groups={"b": [(1, "d")]})
    assert built.names(needs_of(built.compiled.flat, int(built.at("S")[0]))) == ["S", "a", "b", "d"]
