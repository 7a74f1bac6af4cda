"""The engine's timeline against the naive one: equal states of every CI at every instant, over random estates with cycles,
groups, soft needs, supply and failover, and scenarios of several steps. FORESTAY_TIMELINES: how many estates."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.risk.graph.compiled import CompiledGraph
from app.risk.intake.compile import compile_graph
from app.risk.outage.failover_outcomes import FAILS, MOOT
from app.risk.outage.propagation import outage
from app.risk.timeline.played import Outcome
from app.risk.timeline.question import Block, Degrade, Fail, Question, Restore, Step
from app.risk.timeline.timeline import timeline
from tests.unit.risk.build import graph_of, random_estate
from tests.unit.risk.oracle import Oracle
from tests.unit.risk.timeline.naive import Naive

ESTATES = int(os.environ.get("FORESTAY_TIMELINES", "60"))


def case(seed: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """An estate and the acts of a scenario."""
    rng = random.Random(seed)
    estate = random_estate(rng, rng.randint(3, 9), failover=0.6)
    keys = [ci["key"] for ci in estate["cis"]]
    for ci in estate["cis"]:
        ci["restart_hours"] = rng.choice((0.0, 0.0, 0.25, 1.5))
        ci["repair_hours"] = rng.choice((0.5, 2.0, 8.0))
    estate["services"] = [{"key": key, "customers": 1, "money_per_hour": 1} for key in keys]
    steps = []
    for _ in range(rng.randint(1, 5)):
        do = rng.choice(("fail", "fail", "fail", "degrade", "restore", "block"))
        act: dict[str, Any] = {"at": rng.choice((0.0, 0.5, 1.0, 3.0, 7.0)), "do": do}
        act["cis"] = rng.sample(keys, rng.randint(1, min(3, len(keys))))
        if do == "fail":
            act["hours"] = rng.choice((None, 1.0, 2.5, 6.0, "modelled", "modelled"))
        if do == "degrade":
            act |= {"hours": rng.choice((None, 2.0)), "share": rng.choice((0.3, 0.6))}
        steps.append(act)
    return estate, sorted(steps, key=lambda act: float(act["at"]))


def compiled_of(estate: dict[str, Any]) -> CompiledGraph:
    graph = graph_of(estate)
    hours = np.array([ci.get("restart_hours", 0.0) for ci in estate["cis"]])
    return compile_graph(replace(graph, cis=replace(graph.cis, restart_hours=hours)))


def steps_of(compiled: CompiledGraph, estate: dict[str, Any], acts: list[dict[str, Any]]) -> list[Step]:
    at = {ci["key"]: 10 + n for n, ci in enumerate(estate["cis"])}
    steps = []
    for act in acts:
        positions = np.asarray([compiled.position_of(at[key]) for key in act["cis"]], np.int32)
        made: Any
        if act["do"] == "fail":
            modelled = act["hours"] == "modelled"
            made = Fail(positions, None if modelled else act["hours"], modelled)
        elif act["do"] == "degrade":
            made = Degrade(positions, act["share"], act["hours"])
        else:
            made = (Restore if act["do"] == "restore" else Block)(positions)
        steps.append(Step(act["at"], (made,)))
    return steps


def groups_by_number(compiled: CompiledGraph, naive: Naive) -> dict[int, int]:
    """Number of a group in the naive reading by that of the engine."""
    rows = {group["key"]: n for n, group in enumerate(naive.groups)}
    return {g: rows[naive.estate["groups"][int(row)]["key"]] for g, row in enumerate(compiled.group_row.tolist())}


def rule_for(seed: int, estate: dict[str, Any]) -> Any:
    """Every fifth estate goes by "worst", where its state at rest is the same by both rules: the compiled one is by "product"."""
    oracle = Oracle(estate)
    failed = oracle.failed(set())
    same = oracle.capability(failed, "worst") == pytest.approx(oracle.capability(failed, "product"), abs=1e-9)
    return "worst" if seed % 5 == 0 and same else "product"


def compare(seed: int) -> tuple[int, int]:
    """Outcomes of the failovers, and stretches between instants that were compared."""
    estate, acts = case(seed)
    rule = rule_for(seed, estate)
    compiled = compiled_of(estate)
    steps = steps_of(compiled, estate, acts)
    restarts = seed % 3 != 0
    answer = timeline(compiled, Question(steps, restarts, rule=rule), apart=False)
    outcomes = list(answer.outcomes)
    total = sum(one.probability for one in outcomes)
    assert total == pytest.approx(1.0, abs=1e-9)
    instants = 0
    rng = random.Random(seed)
    for one in outcomes if len(outcomes) <= 12 else rng.sample(outcomes, 12):
        instants += compare_outcome(seed, estate, acts, compiled, one, restarts, rule, answer.simulated)
    return len(outcomes), instants


def compare_outcome(
    seed: int, estate: dict[str, Any], acts: list[dict[str, Any]], compiled: CompiledGraph, one: Outcome, restarts: bool,
    rule: str, simulated: bool,
) -> int:  # fmt: skip
    asked: dict[tuple[int, int], str] = {}
    order = {}
    places = {key: compiled.position_of(10 + n) for n, key in enumerate(ci["key"] for ci in estate["cis"])}
    naive = Naive(
        estate, acts, lambda step, group, _: asked[step, group], lambda step, group: order[step, group], places.__getitem__,
        restarts, rule=rule,
    )  # fmt: skip
    numbers = groups_by_number(compiled, naive)
    for step, group, how in one.answers:
        order[step, numbers[group]] = len(order)
        asked[step, numbers[group]] = "moot" if how == MOOT else "fails" if how == FAILS else "works"
    naive.run()
    if not simulated:
        assert one.probability == pytest.approx(naive.probability, rel=1e-9)
    key_of = {n: estate["cis"][int(compiled.ci_id[int(p)]) - 10]["key"] for n, p in enumerate(compiled.service_position)}
    for start, end, expected in naive.states:
        if end - start < 1e-9:
            continue
        middle = (start + end) / 2
        got = {key_of[n]: (s.state, s.capability) for n, rows in one.stretches.items() for s in rows if s.start <= middle < s.end}
        assert {k: v[0] for k, v in got.items()} == {k: v[0] for k, v in expected.items()}, (seed, start, end, acts)
        for k, (_, capability) in expected.items():
            assert got[k][1] == pytest.approx(capability, abs=1e-9), (seed, start, k)
    for forced, lasting in zip(one.forced, one.lasting, strict=True):  # what is shown of a step need not fail anew
        anew, known = outage(compiled, forced), outage(compiled, forced, fallen=lasting)
        for name in ("failed", "degraded", "capability", "services_down", "services_degraded", "service_capability"):
            assert np.array_equal(getattr(anew, name), getattr(known, name)), (seed, name)
    keys = {place: key for key, place in places.items()} | {-1: ""}
    for came, waited in zip(one.returns, naive.waited, strict=True):
        told = {keys[v]: keys[need] for v, need in zip(came.position.tolist(), came.waited_for.tolist(), strict=True)}
        assert told == {key: waited[key] for key in told}, (seed, acts)
    ends = max((s.end for rows in one.stretches.values() for s in rows), default=0.0)
    assert ends <= max((end for _, end, _ in naive.states), default=0.0) + 1e-9
    return len(naive.states)


@pytest.mark.parametrize("block", range(6))
def test_states_equal_the_naive_ones(block: int) -> None:
    share = max(ESTATES // 6, 1)
    outcomes = instants = 0
    for seed in range(block * share, (block + 1) * share):
        more = compare(seed)
        outcomes, instants = outcomes + more[0], instants + more[1]
    print(f"{share} estates, {outcomes} outcomes of failovers, {instants} stretches between instants: all states equal")
    assert instants > share
