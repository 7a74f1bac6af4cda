"""Every CI that fell has a path from a forced CI whose steps are real needs, as long as the rounds in which things fall."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest

from app.domain.errors import NotFound
from app.risk.graph.compiled import CompiledGraph
from app.risk.intake.compile import compile_graph
from app.risk.outage.causes import NOBODY, ROOT, causes, worn_group, worn_groups
from app.risk.outage.propagation import outage, workspace
from tests.unit.risk.build import graph_of, random_estate
from tests.unit.risk.oracle import Oracle


def _at(compiled: CompiledGraph, estate: dict[str, Any]) -> dict[str, int]:
    return {estate["cis"][row]["key"]: v for v, row in enumerate(compiled.row.tolist())}


def _rounds(oracle: Oracle, down: set[str], rest: set[str]) -> dict[str, int]:
    """In which round each CI falls, supply read as ordinary: those of a supply loop may never fall here."""
    fell, now, number = dict.fromkeys(down, 0), set(down) | rest, 0
    while True:
        more = oracle._phi(now, now, now)
        number += 1
        if more == now:
            return fell
        fell |= dict.fromkeys(more - now, number)
        now = more


def _real(
    oracle: Oracle,
    estate: dict[str, Any],
    lost: set[str],
    cap: dict[str, float],
    rest: dict[str, float],
    a: str,
    b: str,
    why: str,
) -> bool:
    """Whether b fell (or got worse) through a by a need of that kind."""
    if why == "hard":
        return (b, a) in oracle.hard
    if why == "supply":
        return (b, a) in oracle.supply
    if why == "soft":
        return (b, a) in oracle.soft
    for g in oracle.groups:
        if g["dependent"] == b and a in g["members"] and bool(g.get("supply")) == (why == "supply group"):
            failed = sum(m in lost for m in g["members"])
            if b not in lost:
                if "shares" in g or sorted((cap[m] for m in g["members"]), reverse=True)[g["needed"] - 1] < 1.0:
                    return cap[a] < rest[a]
            elif failed >= len(g["members"]) - g["needed"] + 1:
                return True
    return False


@pytest.mark.parametrize("seed", range(6))
def test_every_path_is_made_of_real_needs_and_as_long_as_the_rounds(seed: int) -> None:
    rng = random.Random(3000 + seed)
    checked = 0
    for _ in range(250):
        estate = random_estate(rng, rng.randint(2, 10))
        oracle, compiled = Oracle(estate), compile_graph(graph_of(estate))
        at = _at(compiled, estate)
        key = {v: k for k, v in at.items()}
        rest_lost = oracle.failed(set())
        rest, space = oracle.capability(rest_lost), workspace(compiled)
        for _ in range(3):
            down = set(rng.sample(oracle.keys, rng.randint(1, min(3, len(oracle.keys)))))
            result = outage(compiled, np.array(sorted(at[k] for k in down), np.int32), space)
            lost, tree = oracle.failed(down), causes(compiled, result)
            cap = oracle.capability(lost)
            rounds = _rounds(oracle, down, rest_lost)
            for target in [*result.failed.tolist(), *result.degraded.tolist()]:
                steps = tree.path(compiled, target)
                assert steps[-1].position == target and steps[0].why == "out" and key[steps[0].position] in down
                assert len({s.position for s in steps}) == len(steps)
                for one, two in itertools.pairwise(steps):
                    assert _real(oracle, estate, lost, cap, rest, key[one.position], key[two.position], two.why), (
                        estate,
                        down,
                        steps,
                    )
                if key[target] in lost and key[target] in rounds:
                    checked += 1
                    assert len(steps) - 1 == rounds[key[target]]
            assert not (tree.parent == NOBODY).any()
            assert set(tree.node[tree.parent == ROOT].tolist()) == {at[k] for k in down - rest_lost}
    assert checked > 500


def _pair() -> tuple[CompiledGraph, dict[str, int]]:
    estate = {
        "cis": [{"key": k, "unavailability": 0.1} for k in "SABC"], "services": [{"key": "S"}],
        "dependencies": [{"dependent": "S", "provider": "A", "kind": "hard"}],
        "groups": [{"key": "pair", "dependent": "A", "needed": 1, "members": ["B", "C"]}],
    }  # fmt: skip
    compiled = compile_graph(graph_of(estate))
    return compiled, _at(compiled, estate)


def test_second_path_down_as_well_is_explained_by_the_group() -> None:
    compiled, at = _pair()
    both = outage(compiled, np.array([at["B"], at["C"]]))
    steps = causes(compiled, both).path(compiled, at["S"])
    assert [step.why for step in steps] == ["out", "group", "hard"]
    assert (steps[1].position, compiled.group_key(steps[1].group)) == (at["A"], "pair")
    assert (steps[1].members_failed, steps[1].members, steps[1].needed) == (2, 2, 1)
    one = outage(compiled, np.array([at["B"]]))
    with pytest.raises(NotFound):
        causes(compiled, one).path(compiled, at["S"])
    assert worn_groups(compiled, one).tolist() == [0]
    worn = worn_group(compiled, one, 0)
    assert (worn.dependent, worn.lost, worn.left, worn.needed) == (at["A"], (at["B"],), (at["C"],), 1)
    assert worn_groups(compiled, both).tolist() == []


@pytest.mark.compiled
@pytest.mark.timeout(300)  # 100,000 squared steps take longer
def test_cause_of_a_ci_with_100_000_providers_is_found_at_once() -> None:
    keys = [f"p{i}" for i in range(100_000)]
    estate = {
        "cis": [{"key": k, "unavailability": 0.0} for k in ["S", *keys]], "groups": [], "services": [{"key": "S"}],
        "dependencies": [{"dependent": "S", "provider": k, "kind": "hard"} for k in keys],
    }  # fmt: skip
    compiled = compile_graph(graph_of(estate))
    answer = outage(compiled, np.asarray([compiled.position_of(number) for number in range(11, 100_011)], np.int32))
    causes(compiled, outage(compiled, np.array([compiled.position_of(11)])))
    assert len(causes(compiled, answer).path(compiled, compiled.position_of(10))) == 2


def test_paths_to_services_need_only_what_serves() -> None:
    """The causes of the CIs from which a service is reached are those of the tree of all."""
    paths = left_out = 0
    for seed in range(60):
        rng = random.Random(seed)
        estate = random_estate(rng, rng.randint(5, 12))
        estate["services"] = [{"key": ci["key"], "customers": 1} for ci in rng.sample(estate["cis"], 2)]
        compiled = compile_graph(graph_of(estate))
        hit = outage(compiled, rng.sample(range(len(compiled)), 2))
        every, some = causes(compiled, hit), causes(compiled, hit, serving=True)
        left_out += len(every.node) - len(some.node)
        for position in np.intersect1d(compiled.service_position, every.node).tolist():
            assert some.path(compiled, position) == every.path(compiled, position), seed
            paths += 1
    assert paths > 30 and left_out > 30
