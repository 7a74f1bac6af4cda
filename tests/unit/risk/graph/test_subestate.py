"""A cut-out says of its cone what the estate says."""

from __future__ import annotations

import random

import numpy as np
import pytest

from app.risk.first_order.sweep import contributions_to, first_order
from app.risk.graph.needs import needs_of
from app.risk.graph.subestate import subestate_of
from app.risk.intake.compile import compile_graph
from app.risk.outage.propagation import outage, workspace
from app.risk.outage.rates_and_exposures import rates_and_exposures_of
from tests.builders import estate
from tests.unit.risk.build import graph_of
from tests.unit.risk.first_order.test_sweep import rich_estate


@pytest.mark.parametrize("seed", range(4))
def test_outages_in_the_cone_are_those_of_the_estate(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(60):
        built = rich_estate(rng, rng.randint(2, 14))
        for ci in built["cis"]:
            if rng.random() < 0.05:
                ci["level_share"] = rng.choice((0.0, 0.4))
        compiled = compile_graph(graph_of(built))
        target = rng.randrange(len(compiled))
        cut = subestate_of(compiled, target)
        assert cut.positions.tolist() == needs_of(compiled.flat, target).tolist()
        assert cut.positions[cut.target] == target and cut.compiled.ci_id.tolist() == compiled.ci_id[cut.positions].tolist()
        inside, whole = workspace(cut.compiled), workspace(compiled)
        for _ in range(12):
            down = np.array(rng.sample(range(len(compiled)), rng.randint(0, min(4, len(compiled)))), np.int32)
            want, got = outage(compiled, down, whole), outage(cut.compiled, cut.local(down), inside)
            mine = set(cut.positions.tolist())
            assert cut.positions[got.failed].tolist() == [
                p for p in outage(compiled, cut.positions[cut.local(down)], whole).failed.tolist() if p in mine
            ]
            assert cut.positions[got.failed].tolist() == [p for p in want.failed.tolist() if p in mine]
            low = {p: c for p, c in zip(want.degraded.tolist(), want.capability.tolist(), strict=True) if p in mine}
            assert dict(zip(cut.positions[got.degraded].tolist(), got.capability.tolist(), strict=True)) == low
            assert len(got.services_down) == (target in want.failed)


@pytest.mark.parametrize("seed", range(3))
def test_losses_and_stakes_are_those_of_the_estate(seed: int) -> None:
    rng = random.Random(100 + seed)
    for _ in range(40):
        compiled = compile_graph(graph_of(rich_estate(rng, rng.randint(2, 12))))
        first = first_order(compiled)
        for service, position in enumerate(compiled.service_position.tolist()):
            cut = subestate_of(compiled, position)
            assert cut.service == service
            inner = first_order(cut.compiled)
            for name in ("suffered_hours", "suffered_money", "suffered_breaches"):
                assert getattr(inner, name)[0] == pytest.approx(getattr(first, name)[service], rel=1e-12, abs=1e-15, nan_ok=True)
            mine, theirs = contributions_to(cut.compiled, 0), contributions_to(compiled, service)
            assert cut.positions[mine.position].tolist() == theirs.position.tolist()
            local, whole = rates_and_exposures_of(cut.compiled), rates_and_exposures_of(compiled)
            assert sorted(local.failovers.key.tolist()) == sorted(
                whole.failovers.key[np.isin(compiled.flat.group_dependent, cut.positions)].tolist()
            )
            for group in range(len(cut.compiled.group_row)):
                row = int(cut.compiled.group_row[group])
                assert cut.compiled.group_key(group) == compiled.group_key(compiled.group_row.tolist().index(row))


def test_a_target_that_is_no_service() -> None:
    built = estate("S; a; b; c", hard="S>a a>b", soft="a>c:.5")
    cut = subestate_of(built.compiled, int(built.at("a")[0]))
    assert built.names(cut.positions) == ["a", "b", "c"] and cut.service == -1
    assert np.isnan(cut.compiled.customers).all() and cut.compiled.curve_ptr.tolist() == [0, 0]
    assert len(outage(cut.compiled, cut.local(built.at("b"))).services_down) == 1


def test_the_cone_of_a_large_estate_costs_little() -> None:
    from benchmarks.estate import generate

    compiled = compile_graph(generate(20_000, 90_000, 20, 1))
    cut = subestate_of(compiled, int(compiled.service_position[3]))
    assert len(cut.compiled) < 6000
    again = subestate_of(cut.compiled, cut.target)
    for name, array in again.compiled.to_arrays().items():
        assert array.tobytes() == cut.compiled.to_arrays()[name].tobytes(), name


@pytest.mark.parametrize("seed", range(5))
def test_a_cone_that_is_the_whole_estate_is_cut_out_array_by_array(seed: int) -> None:
    rng = random.Random(200 + seed)
    built = rich_estate(rng, 12)
    built["cis"].append({"key": "top", "failures_per_year": 1.0, "repair_hours": 2.0})
    built["dependencies"] += [{"dependent": "top", "provider": f"c{i}", "kind": "soft", "weight": 0.5} for i in range(12)]
    built["services"] = [{**built["services"][0], "key": "top"}]
    compiled = compile_graph(graph_of(built))
    cut = subestate_of(compiled, int(compiled.service_position[0]))
    for name, array in compiled.to_arrays().items():
        got = cut.compiled.to_arrays()[name]
        assert (got.dtype, got.tolist()) == (array.dtype, array.tolist()) or np.isnan(array).any(), name
        assert got.tobytes() == array.tobytes(), name
