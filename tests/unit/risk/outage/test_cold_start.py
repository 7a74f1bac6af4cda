"""Bootstrap traps against the greatest fixpoint written out."""

from __future__ import annotations

import random

import pytest

from app.risk.intake.compile import compile_graph
from app.risk.outage.cold_start import cold_start
from tests.builders import estate
from tests.unit.risk.build import graph_of, random_estate
from tests.unit.risk.oracle import Oracle


def test_a_circle_runs_and_cannot_be_started() -> None:
    made = estate("S; A; B; C", hard="S>A A>B B>A C>C")
    told = cold_start(made.compiled)
    assert made.names(told.trap) == ["A", "B", "S"]
    assert made.names(told.trap[told.circle]) == ["A", "B"]
    assert len({int(c) for c, inside in zip(told.component, told.circle, strict=True) if inside}) == 1


def test_a_group_with_a_way_out_is_no_trap() -> None:
    made = estate("A; B; C", hard="B>A", groups={"A": [(1, "B C")]})
    assert not len(cold_start(made.compiled).trap)
    both = estate("A; B; C", hard="B>A", groups={"A": [(2, "B C")]})
    assert both.names(cold_start(both.compiled).trap) == ["A", "B"]


@pytest.mark.parametrize("seed", range(300))
def test_random_estates(seed: int) -> None:
    built = random_estate(random.Random(seed), random.Random(seed + 1).randint(2, 12))
    compiled = compile_graph(graph_of(built))
    oracle = Oracle(built)
    want = oracle.cold() - oracle.failed(set())
    keys = [ci["key"] for ci in built["cis"]]
    assert {keys[int(compiled.ci_id[p]) - 10] for p in cold_start(compiled).trap} == want
