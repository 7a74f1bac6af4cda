"""The golden cases that follow from failed sets alone: every state of the CIs that can fail, through `outage`."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.risk.intake.compile import compile_graph
from app.risk.outage.propagation import outage, workspace
from tests.unit.risk.build import graph_of


def _cis(text: str) -> list[dict[str, Any]]:
    """`"S a:.01"`: an S that never fails and an a with U = .01."""
    pairs = (word.partition(":")[::2] for word in text.split())
    return [{"key": key, "unavailability": float(u or 0)} for key, u in pairs]


def _case(cis: str, hard: str = "", *groups: tuple[str, int, str, bool]) -> dict[str, Any]:
    return {
        "cis": _cis(cis),
        "dependencies": [dict(zip(("dependent", "provider"), p.split(">"), strict=True), kind="hard") for p in hard.split()],
        "groups": [
            {"key": f"g{i}", "dependent": own, "needed": needed, "members": members.split(), "supply": supply}
            for i, (own, needed, members, supply) in enumerate(groups)
        ],
        "services": [{"key": "S"}],
    }


def _q(estate: dict[str, Any], down: tuple[str, ...] = ()) -> float:
    compiled = compile_graph(graph_of(estate))
    space = workspace(compiled)
    at = {ci["key"]: compiled.position_of(10 + i) for i, ci in enumerate(estate["cis"])}
    live = [(at[ci["key"]], ci["unavailability"]) for ci in estate["cis"] if ci["unavailability"] > 0 and ci["key"] not in down]
    total = []
    for state in itertools.product((False, True), repeat=len(live)):
        lost = [v for (v, _), out in zip(live, state, strict=True) if out] + [at[key] for key in down]
        if len(outage(compiled, np.array(lost, dtype=np.int32), space).services_down):
            total.append(math.prod(q if out else 1 - q for (_, q), out in zip(live, state, strict=True)))
    return math.fsum(total)


BRIDGE = "S 1:.1 2:.1 3:.1 4:.1 5:.1"
SITES = "S a:.1 b:.1 site1:.02 site2:.02 lb:.01"
CASES = {
    "C01": (_case("S a:.01 b:.02 c:.03", "S>a S>b S>c"), 0.058906),
    "C02": (_case("S a:.1 b:.2", "", ("S", 1, "a b", False)), 0.02),
    "C03": (_case("S a:.1 b:.2 c:.3", "", ("S", 2, "a b c", False)), 0.098),
    "C03 all .1": (_case("S a:.1 b:.1 c:.1", "", ("S", 2, "a b c", False)), 0.028),
    "C04": (
        _case(f"{BRIDGE} w x y z", "w>1 w>4 x>2 x>5 y>1 y>3 y>5 z>2 z>3 z>4", ("S", 1, "w x y z", False)),
        0.02152,
    ),
    "C05": (_case("S A:.1 B:.1 D:.01", "A>D B>D", ("S", 1, "A B", False)), 0.0199),
    "C08": (_case("S A:.1 B:.1", "S>A A>B B>A"), 0.19),
    "C09": (_case("S A:.1 B:.1 C:.1", "S>A B>A", ("A", 1, "B C", False)), 0.109),
    "C36": (_case(SITES, "S>lb a>site1 b>site2 lb>site1", ("S", 1, "a b", False)), 0.04124836),
    "C36 lb moved": (
        _case(f"{SITES} lb2:.01", "a>site1 b>site2 lb>site1 lb2>site2", ("S", 1, "a b", False), ("S", 1, "lb lb2", False)),
        0.0143718796,
    ),
    "C37": (
        _case(
            f"{BRIDGE} X Y x4 y5 x3 y3", "x4>X x4>4 y5>Y y5>5 y3>Y y3>3 x3>X x3>3",
            ("S", 1, "x4 y5", False), ("X", 1, "1 y3", True), ("Y", 1, "2 x3", True),
        ),
        0.02152,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_unavailability_by_all_states(name: str) -> None:
    estate, want = CASES[name]
    assert _q(estate) == pytest.approx(want, rel=1e-9)


def test_c36_with_a_site_out() -> None:
    estate, _ = CASES["C36"]
    assert _q(estate, ("site1",)) == pytest.approx(1.0, rel=1e-12)
    assert _q(estate, ("site2",)) == pytest.approx(0.12682, rel=1e-9)


def test_c22_soft_diamond_by_both_rules() -> None:
    estate = _case("A B D S", "A>D B>D")
    estate["dependencies"] += [{"dependent": "S", "provider": p, "kind": "soft", "weight": 0.5} for p in "AB"]
    compiled = compile_graph(graph_of(estate))
    down = np.array([compiled.position_of(12)])
    assert 1 - outage(compiled, down).service_capability[0] == pytest.approx(0.75, rel=1e-12)
    assert 1 - outage(compiled, down, rule="worst").service_capability[0] == pytest.approx(0.5, rel=1e-12)


def test_normal_form_counts_and_refuses() -> None:
    estate = _case(
        "S a b c", "S>a S>a S>S", ("S", 3, "a b", False), ("S", 1, "a a", False), ("S", 1, "S b", False), ("S", 0, "b c", False)
    )
    estate["dependencies"] += [
        {"dependent": "S", "provider": "a", "kind": "soft", "weight": 0.3},
        {"dependent": "S", "provider": "nobody", "kind": "hard"},
        {"dependent": "S", "provider": "b", "kind": "soft", "weight": float("nan")},
    ]  # fmt: skip
    counts = compile_graph(graph_of(estate)).report.counts
    assert counts == {
        "dependencies_rejected_unknown_ci": 1, "dependencies_rejected_weight": 1, "duplicate_dependencies_dropped": 2,
        "groups_dropped_nothing_needed": 1, "groups_as_edges": 1, "groups_rejected_needed_outside_members": 1,
        "groups_rejected_own_member": 1, "self_dependencies_dropped": 1, "soft_absorbed": 1,
    }  # fmt: skip


def test_members_left_out_lower_the_need() -> None:
    estate = _case("S a b c", "", ("S", 2, "a b c", False))
    estate["cis"][1]["assessed"] = estate["cis"][2]["assessed"] = False
    compiled = compile_graph(graph_of(estate))
    assert compiled.report.counts["groups_with_lowered_need"] == 1
    assert len(outage(compiled, np.array([compiled.position_of(13)])).services_down) == 1


def test_arrays_come_back_from_disk_as_they_went(tmp_path: Path) -> None:
    compiled = compile_graph(graph_of(CASES["C37"][0]))
    for name, array in compiled.to_arrays().items():
        np.save(tmp_path / f"{name}.npy", array)
    back = type(compiled).from_arrays({path.stem: np.load(path, mmap_mode="c") for path in tmp_path.iterdir()})
    for v in range(len(compiled)):
        assert outage(back, np.array([v])).failed.tolist() == outage(compiled, np.array([v])).failed.tolist()


def test_a_failover_slower_than_the_repair_is_named() -> None:
    from app.risk.outage.failover import slow_switches
    from tests.builders import estate

    slow = {"failover_minutes": 60, "failover_success": 0.9}
    built = estate("S; a; b", groups={"S": [(1, "a b", slow)]}, profiles={"a": {"repair_hours": 0.5}, "b": {"repair_hours": 0.1}})
    assert slow_switches(built.compiled).tolist() == [0]
    built = estate("S; a; b", groups={"S": [(1, "a b", slow)]}, profiles={"a": {"repair_hours": 2.0}})
    assert slow_switches(built.compiled).tolist() == []
