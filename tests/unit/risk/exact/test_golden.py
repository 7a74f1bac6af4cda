"""The golden cases that ask for Q, importance, cut sets and bounds of one service; estates spelled out here, numbers by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.risk.exact.answers.importance import importance_of
from app.risk.exact.answers.service import ServiceExact, Want, exact_service
from app.risk.measures.reliability import failure_frequency
from tests.builders import Built, estate

EVERYTHING = Want(birnbaum=True, counts=True, cut_sets=10, bounds=True, fussell_vesely=True)


def _built(cis: str, hard: str = "", groups: dict[str, list[tuple[Any, ...]]] | None = None) -> Built:
    """`cis` "S a:.01": an S that never fails by itself, and a with U = .01."""
    parts = [word.partition(":")[::2] for word in cis.split()]
    profiles = {key: {"unavailability": float(u or 0)} for key, u in parts}
    return estate("; ".join(key for key, _ in parts), hard, groups=groups, profiles=profiles, services={"S": {}})


def _asked(built: Built, forced: str = "") -> ServiceExact:
    down = built.at(forced).tolist() if forced else []
    return exact_service(built.compiled, int(built.at("S")[0]), forced=down, want=EVERYTHING)


def _of(built: Built, answer: ServiceExact, values: Any) -> dict[str, float]:
    return {built.names([p])[0]: float(v) for p, v in zip(answer.position, values, strict=True)}


BRIDGE = "S 1:.1 2:.1 3:.1 4:.1 5:.1"
SITES = "S a:.1 b:.1 site1:.02 site2:.02 lb:.01"
SUPPLY = {"supply": True}
CASES = {
    "C01": (_built("S a:.01 b:.02 c:.03", "S>a S>b S>c"), 0.058906),
    "C02": (_built("S a:.1 b:.2", groups={"S": [(1, "a b")]}), 0.02),
    "C03": (_built("S a:.1 b:.2 c:.3", groups={"S": [(2, "a b c")]}), 0.098),
    "C03 all .1": (_built("S a:.1 b:.1 c:.1", groups={"S": [(2, "a b c")]}), 0.028),
    "C04": (_built(f"{BRIDGE} w x y z", "w>1 w>4 x>2 x>5 y>1 y>3 y>5 z>2 z>3 z>4", {"S": [(1, "w x y z")]}), 0.02152),
    "C05": (_built("S A:.1 B:.1 D:.01", "A>D B>D", {"S": [(1, "A B")]}), 0.0199),
    "C08": (_built("S A:.1 B:.1", "S>A A>B B>A"), 0.19),
    "C09": (_built("S A:.1 B:.1 C:.1", "S>A B>A", {"A": [(1, "B C")]}), 0.109),
    "C11": (_built("S a:.09 b:.09 ccf:.01", "a>ccf b>ccf", {"S": [(1, "a b")]}), 0.018019),
    "C12": (_built("S a:1e-6 b:1e-6 c:1e-9", "S>c", {"S": [(1, "a b")]}), 1.000999999999e-9),
    "C13": (_built("S a:.01 b:.1 c:.2", "S>a", {"S": [(1, "b c")]}), 0.0298),
    "C36": (_built(SITES, "S>lb a>site1 b>site2 lb>site1", {"S": [(1, "a b")]}), 0.04124836),
    "C36 lb moved": (
        _built(f"{SITES} lb2:.01", "a>site1 b>site2 lb>site1 lb2>site2", {"S": [(1, "a b"), (1, "lb lb2")]}),
        0.0143718796,
    ),
    "C37": (
        _built(
            f"{BRIDGE} X Y x4 y5 x3 y3", "x4>X x4>4 y5>Y y5>5 y3>Y y3>3 x3>X x3>3",
            {"S": [(1, "x4 y5")], "X": [(1, "1 y3", SUPPLY)], "Y": [(1, "2 x3", SUPPLY)]},
        ),
        0.02152,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_unavailability(name: str) -> None:
    built, want = CASES[name]
    answer = _asked(built)
    assert answer.method == "exact" and answer.q_low == answer.q == answer.q_high
    assert answer.q == pytest.approx(want, rel=1e-13)
    assert (
        answer.esary_proschan_lower is not None and answer.esary_proschan_upper is not None and answer.rare_event_sum is not None
    )
    assert answer.esary_proschan_lower <= answer.q <= answer.esary_proschan_upper <= answer.rare_event_sum * (1 + 1e-12)


def test_c04_cut_sets_and_bounds() -> None:
    built, _ = CASES["C04"]
    answer = _asked(built)
    assert answer.cut_sets_by_order == {2: 2, 3: 2} and answer.path_sets_by_order == {2: 2, 3: 2}
    assert answer.cut_sets is not None and [built.names(c.position) for c in answer.cut_sets] in (
        [["1", "2"], ["4", "5"], ["1", "3", "5"], ["2", "3", "4"]], [["4", "5"], ["1", "2"], ["1", "3", "5"], ["2", "3", "4"]],
        [["1", "2"], ["4", "5"], ["2", "3", "4"], ["1", "3", "5"]], [["4", "5"], ["1", "2"], ["2", "3", "4"], ["1", "3", "5"]],
    )  # fmt: skip
    assert answer.not_listed == 0 and answer.not_listed_sum == 0.0
    assert answer.rare_event_sum == pytest.approx(0.022, rel=1e-12)
    assert answer.esary_proschan_upper == pytest.approx(0.0218592199, rel=1e-9)
    assert answer.esary_proschan_lower == pytest.approx(0.0026512201, rel=1e-9)
    birnbaum = _of(built, answer, answer.birnbaum)
    assert birnbaum["3"] == pytest.approx(0.0162, rel=1e-12) and birnbaum["1"] == pytest.approx(0.1062, rel=1e-12)


def test_c13_every_measure() -> None:
    built, _ = CASES["C13"]
    answer = _asked(built)
    made = importance_of(answer.q, answer.birnbaum, answer.event_q)
    want = {
        "birnbaum": (0.98, 0.198, 0.099), "criticality": (0.32885906, 0.66442953, 0.66442953),
        "raw": (33.557047, 6.97986577, 3.65771812),
        "rrw": (1.49, 2.98, 2.98), "dim_equal": (0.76742365, 0.1550509, 0.07752545),
        "dim_proportional": (0.19838057, 0.40080972, 0.40080972),
    }  # fmt: skip
    for name, values in want.items():
        assert _of(built, answer, getattr(made, name)) == pytest.approx(dict(zip("abc", values, strict=True)), rel=1e-7), name
    assert answer.fussell_vesely is not None
    assert _of(built, answer, answer.fussell_vesely) == pytest.approx(
        {"a": 0.33557047, "b": 0.67114094, "c": 0.67114094}, rel=1e-7
    )


def test_edge_values_of_importance() -> None:
    one = np.array([0.5])
    alone = importance_of(0.5, np.array([1.0]), one)  # Q(0) = 0
    assert np.isinf(alone.rrw[0]) and alone.raw[0] == 2.0 and alone.criticality[0] == 1.0
    never = importance_of(0.0, np.array([1.0]), np.array([0.0]))  # Q = 0, Q(1) > 0
    assert np.isinf(never.raw[0]) and never.criticality[0] == 0.0 and never.conditional[0] == 0.0
    unknown = importance_of(0.5, np.array([1.0]), one, np.array([np.nan]))
    assert np.isnan(unknown.initiator_share[0])
    outside = importance_of(0.5, np.array([1.0, 0.0]), np.array([0.5, 0.1]), np.array([2.0, np.nan]))  # B = 0 needs no omega
    assert outside.initiator_share.tolist() == [1.0, 0.0]


def test_c36_with_a_site_out() -> None:
    built, _ = CASES["C36"]
    assert _asked(built, "site1").q == 1.0
    assert _asked(built, "site2").q == pytest.approx(0.12682, rel=1e-12)
    out = _asked(built)
    q1 = importance_of(out.q, out.birnbaum, out.event_q).raw * out.q
    assert _of(built, out, q1)["site2"] == pytest.approx(0.12682, rel=1e-12)  # Q(what-if with the CI down) = Q(1)


@pytest.mark.parametrize(
    "hard, groups, profiles, want",
    [
        ("S>a", {}, {"a": (8.766, 10.0)}, (0.0099009901, 8.67920792, {"a": 1.0})),  # C15
        (
            "",
            {"S": [(1, "a b")]},
            {"a": (8.766, 10.0), "b": (8.766, 10.0)},
            (9.80296049e-5, 0.171865503, {"a": 0.5, "b": 0.5}),
        ),  # C16
        ("S>a S>b", {}, {"a": (8.766, 10.0), "b": (4.383, 40.0)}, (0.0293146962, 12.7635411, {"a": 2 / 3, "b": 1 / 3})),  # C17
        (
            "S>a",
            {"S": [(1, "b c")]},
            {"a": (0.8766, 4.0), "b": (87.66, 8.0), "c": (87.66, 8.0)},
            (0.0058846146, 0.00147060517 * 8766, {"a": 0.0675990676, "b": 0.466200466, "c": 0.466200466}),
        ),  # C18
    ],
)
def test_failure_frequency(hard: str, groups: Any, profiles: Any, want: Any) -> None:
    rows = {key: {"failures_per_year": rate, "repair_hours": mean} for key, (rate, mean) in profiles.items()}
    built = estate(
        "S; " + "; ".join(rows), hard, groups=groups, profiles={"S": {"unavailability": 0.0}, **rows}, services={"S": {}}
    )
    answer = _asked(built)
    omega = failure_frequency(built.compiled.failures_per_year, built.compiled.repair_hours)[answer.position]
    assert answer.q == pytest.approx(want[0], rel=1e-8)
    assert float(omega @ answer.birnbaum) == pytest.approx(want[1], rel=1e-8)
    shares = importance_of(answer.q, answer.birnbaum, answer.event_q, omega).initiator_share
    assert _of(built, answer, shares) == pytest.approx(want[2], rel=1e-8)
    assert float(shares.sum()) == pytest.approx(1.0, rel=1e-12)


def test_down_for_good_and_never() -> None:
    down = _asked(_built("S a:1", "S>a"))
    assert (down.q, down.method, down.cut_sets_by_order) == (1.0, "exact", {0: 1})
    never = _asked(_built("S a:0", "S>a"))
    assert (never.q, never.cut_sets_by_order, never.cut_sets) == (0.0, {}, ())
    unknown = estate(
        "S; a", "S>a", profiles={"S": {"unavailability": 0.0}, "a": {"failures_per_year": float("nan")}}, services={"S": {}}
    )
    assert (_asked(unknown).q, _asked(unknown).unknown) == (0.0, 1)
