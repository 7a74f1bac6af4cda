"""A sweep brought forward by the changes equals a sweep from scratch, for random edits of random estates."""

from __future__ import annotations

import copy
import random
from typing import Any

import numpy as np
import pytest

from app.risk.first_order.pairs import FirstOrder
from app.risk.first_order.reassess import WORTH, reassess, touched
from app.risk.first_order.sweep import first_order
from app.risk.graph.compiled import CompiledGraph
from app.risk.intake.compile import compile_graph
from tests.builders import estate
from tests.unit.risk.build import graph_of
from tests.unit.risk.first_order.test_sweep import rich_estate

EDITS = 150


def edited(rng: random.Random, before: dict[str, Any]) -> dict[str, Any]:
    """A few random changes: rates, edges, groups, exposures, levels; CIs keep their ids."""
    after = copy.deepcopy(before)
    keys = [ci["key"] for ci in after["cis"]]
    for _ in range(rng.randint(1, 3)):
        what = rng.randrange(8)
        ci = rng.choice(after["cis"])
        if what == 0:
            ci["failures_per_year"] = rng.choice((0.0, 0.5, 3.0))
        elif what == 1:
            ci["repair_hours"] = rng.choice((0.5, 9.0))
        elif what == 2 and after["dependencies"]:
            after["dependencies"].remove(rng.choice(after["dependencies"]))
        elif what == 3:
            a, b = rng.sample(keys, 2)
            after["dependencies"].append(
                {"dependent": a, "provider": b, "kind": rng.choice(("hard", "soft", "supply")), "weight": 0.4}
            )
        elif what == 4 and after["groups"]:
            after["groups"].remove(rng.choice(after["groups"]))
        elif what == 5 and after["services"]:
            rng.choice(after["services"])["customers"] = rng.choice((None, 5, 500))
        elif what == 6:
            ci["failure_on_demand"] = rng.choice((0.0, 0.3))
        else:
            ci["assessed"] = False
    return after


def same(a: FirstOrder, b: FirstOrder) -> None:
    for name, column in a.to_arrays().items():
        np.testing.assert_allclose(column, getattr(b, name), rtol=1e-12, atol=1e-15, err_msg=name)


def edit(seed: int) -> tuple[CompiledGraph, CompiledGraph]:
    """An estate before and after a few random changes."""
    rng = random.Random(seed)
    before = rich_estate(rng, rng.randint(4, 12))
    return compile_graph(graph_of(before)), compile_graph(graph_of(edited(rng, before)))


@pytest.mark.parametrize("seed", range(EDITS))
def test_random_edits(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "app.risk.first_order.reassess.WORTH", 1.0
    )  # every one is brought forward, though sweeping all would be as quick
    old, new = edit(seed)
    got = reassess(old, first_order(old), new)
    assert got is not None
    same(got, first_order(new))


@pytest.mark.compiled
def test_how_many_of_the_random_edits_are_brought_forward() -> None:
    """Of 150 small estates 60 change by half or less: in 49 of them some rows are swept and some kept, 11 keep all."""
    taken = []
    for seed in range(EDITS):
        old, new = edit(seed)
        again, _ = touched(old, new)
        brought = reassess(old, first_order(old), new) is not None
        assert brought == (again.mean() <= WORTH), seed
        if brought:
            taken.append(bool(again.any()))
    assert (len(taken), sum(taken)) == (60, 49)


def test_only_what_a_change_can_touch_is_swept_again() -> None:
    def made(hard: str, rate: float) -> Any:
        return estate("S; a; b; c; d", hard=hard, profiles={"b": {"failures_per_year": rate, "repair_hours": 4.0}})

    base = made("S>a a>b", 1.0)
    again, _ = touched(base.compiled, made("S>a a>b", 2.0).compiled)
    assert base.names(np.flatnonzero(again)) == ["b"]
    more = made("S>a a>b a>c", 1.0)
    again, _ = touched(base.compiled, more.compiled)
    assert more.names(np.flatnonzero(again)) == ["a", "b", "c"]  # S leans on a, not a on S
    less, _ = touched(more.compiled, base.compiled)
    assert base.names(np.flatnonzero(less)) == ["a", "b", "c"]


def test_an_unchanged_estate_sweeps_nothing_and_gives_the_same_bits() -> None:
    before = rich_estate(random.Random(7), 12)
    old, new = compile_graph(graph_of(before)), compile_graph(graph_of(before))
    first = first_order(old)
    again, _ = touched(old, new)
    got = reassess(old, first, new)
    assert not again.any() and got is not None
    for name, column in first.to_arrays().items():
        assert column.tobytes() == getattr(got, name).tobytes(), name
