from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from app.risk.graph.compiled import CompiledGraph
from app.risk.intake.compile import compile_graph
from app.risk.outage.propagation import outage, workspace
from tests.seeds import some_quick
from tests.unit.risk.build import graph_of, random_estate
from tests.unit.risk.oracle import Oracle


def _keys(compiled: CompiledGraph, estate: dict[str, Any], positions: Any) -> set[str]:
    return {estate["cis"][row]["key"] for row in compiled.row[positions].tolist()}


def _shuffled(rng: random.Random, estate: dict[str, Any]) -> dict[str, Any]:
    return {name: rng.sample(rows, len(rows)) for name, rows in estate.items()}


@pytest.mark.parametrize("seed", some_quick(4, 8))
def test_kernels_agree_with_the_word_by_word_oracle(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(300):
        estate = random_estate(rng, rng.randint(2, 11))
        oracle = Oracle(estate)
        moved = _shuffled(rng, estate)
        compiled = compile_graph(graph_of(moved))
        space = workspace(compiled)
        rest = oracle.failed(set())
        assert _keys(compiled, moved, compiled.rest_down) == rest
        at_rest = oracle.capability(rest)
        for v, row in enumerate(compiled.row.tolist()):
            assert compiled.flat.rest_capability[v] == pytest.approx(at_rest[moved["cis"][row]["key"]], abs=1e-11)
        for _ in range(3):
            down = set(rng.sample(oracle.keys, rng.randint(0, 2)))
            positions = [v for v, row in enumerate(compiled.row.tolist()) if moved["cis"][row]["key"] in down]
            for rule in ("product", "worst"):
                answer = outage(compiled, np.array(positions, np.int32), space, rule)  # type: ignore[arg-type]
                failed = oracle.failed(down)
                assert _keys(compiled, moved, answer.failed) | rest == failed
                if rule == "worst" and any(0 < at_rest[k] < 1 for k in oracle.keys):
                    continue  # the state at rest is kept under the product rule
                want = oracle.capability(failed, rule)
                got = {k: at_rest[k] for k in oracle.keys} | dict.fromkeys(failed, 0.0)
                got |= {
                    moved["cis"][int(compiled.row[p])]["key"]: c
                    for p, c in zip(answer.degraded.tolist(), answer.capability.tolist(), strict=True)
                }
                assert got == pytest.approx(want, abs=1e-11)


def _estate(cis: str, rows: list[tuple[str, str, str]], groups: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "cis": [{"key": k, "unavailability": 0.1} for k in cis],
        "dependencies": [{"dependent": a, "provider": b, "kind": k, "weight": 0.5} for a, b, k in rows],
        "groups": groups, "services": [{"key": cis[0]}],
    }  # fmt: skip


def test_second_path_down_as_well_is_full_impact() -> None:
    estate = _estate("SABC", [("S", "A", "hard")], [{"key": "pair", "dependent": "A", "needed": 1, "members": ["B", "C"]}])
    compiled = compile_graph(graph_of(estate))
    b, c = compiled.position_of(12), compiled.position_of(13)
    assert outage(compiled, np.array([b])).services_down.tolist() == []
    assert outage(compiled, np.array([b, c])).services_down.tolist() == [0]


def test_a_supply_loop_without_source_is_down_at_rest() -> None:
    compiled = compile_graph(graph_of(_estate("SAB", [("S", "A", "hard"), ("A", "B", "supply"), ("B", "A", "supply")], [])))
    assert len(compiled.rest_down) == 3


def test_loss_goes_round_a_cycle_once() -> None:
    rows = [("A", "B", "hard"), ("B", "A", "hard"), ("A", "D", "soft")]
    compiled = compile_graph(graph_of(_estate("ABD", rows, [])))
    assert outage(compiled, np.array([compiled.position_of(12)])).capability.tolist() == [0.5, 0.5]
