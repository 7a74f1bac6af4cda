"""A graph whose profiles alone changed compiles to what the long way gives."""

from __future__ import annotations

import copy
import random
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from app.risk.graph.compiled import CompiledGraph
from app.risk.intake.compile import compile_graph, recompiled
from tests.unit.risk.build import graph_of
from tests.unit.risk.first_order.test_sweep import rich_estate


def same(a: CompiledGraph, b: CompiledGraph) -> None:
    for name, array in a.to_arrays().items():
        np.testing.assert_array_equal(array, b.to_arrays()[name], err_msg=name)
    assert a.report == b.report
    assert {entry.name for entry in fields(a)} == {entry.name for entry in fields(b)}


def changed(seed: int, what: str, value: Any) -> tuple[Any, Any, Any]:
    before = rich_estate(random.Random(seed), 10)
    after = copy.deepcopy(before)
    after["cis"][3][what] = value
    old, new = graph_of(before), graph_of(after)
    return old, replace(new, dependencies=old.dependencies, groups=old.groups), compile_graph(old)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("what", "value"), [("failures_per_year", 7.0), ("repair_hours", 3.5), ("failure_on_demand", 0.2)])
def test_profiles_alone(seed: int, what: str, value: float) -> None:
    old, new, base = changed(seed, what, value)
    got = recompiled(base, old, new)
    if got is not None:
        same(got, compile_graph(new))
        assert got.flat is base.flat


@pytest.mark.parametrize(
    ("what", "value"), [("unavailability", 1.0), ("level_share", 0.3), ("assessed", False), ("failures_per_year", -1.0)]
)
def test_what_touches_structure_rest_or_the_report_goes_the_long_way(what: str, value: Any) -> None:
    old, new, base = changed(4, what, value)
    assert recompiled(base, old, new) is None


def test_another_structure_goes_the_long_way() -> None:
    before = rich_estate(random.Random(1), 8)
    old = graph_of(before)
    assert recompiled(compile_graph(old), old, graph_of(before)) is None  # equal, but nobody said so
