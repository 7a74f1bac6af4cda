"""Capability in snapshot worlds: the same worlds as the bit-parallel ones, the same states as the scalar kernels, the exact
mean."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import numpy as np
import pytest

from app.risk.graph.subestate import subestate_of
from app.risk.intake.compile import compile_graph
from app.risk.outage.capability import WORST
from app.risk.outage.propagation import outage, workspace
from app.risk.sampling.degradation_worlds import Degradation, sample_degradation
from app.risk.sampling.intervals import wilson
from app.risk.sampling.worlds import sample_worlds, states_of
from tests.builders import estate
from tests.unit.risk.build import graph_of
from tests.unit.risk.sampling.test_worlds import weak_estate


def exact(compiled: Any, rule: Any) -> tuple[float, float, float]:
    """(p_down, lost while degraded, its mean square) of service 0, over all states."""
    space, at = workspace(compiled), int(compiled.service_position[0])
    live = [v for v in range(len(compiled)) if 0 < compiled.unavailability[v] < 1]
    rest = compiled.flat.rest_capability[at]
    down = lost = square = 0.0
    for state in itertools.product((False, True), repeat=len(live)):
        p = math.prod(
            compiled.unavailability[v] if out else 1 - compiled.unavailability[v] for v, out in zip(live, state, strict=True)
        )
        got = outage(compiled, np.array([v for v, out in zip(live, state, strict=True) if out], np.int32), space, rule)
        if len(got.services_down) and 0 in got.services_down:
            down += p
        elif 0 in got.services_degraded:
            share = rest - got.service_capability[got.services_degraded.tolist().index(0)]
            lost, square = lost + p * share, square + p * share * share
    return down, lost, square


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.compiled
def test_means_lie_within_four_and_a_half_sigma(seed: int) -> None:
    rng = random.Random(seed)
    for number in range(12):
        compiled = compile_graph(graph_of(weak_estate(rng, rng.randint(2, 9), 1)))
        cut = subestate_of(compiled, int(compiled.service_position[0]))
        rule = ("product", "worst")[number % 2]
        down, lost, square = exact(cut.compiled, rule)
        got = sample_degradation(cut, 4, 30 * number, 30 * number + 30, rule=number % 2 * WORST)
        spread = 4.5 / math.sqrt(got.worlds)
        assert abs(got.p_down() - down) <= spread * math.sqrt(down * (1 - down)) + 1e-12
        assert abs(got.lost_while_degraded() - lost) <= spread * math.sqrt(max(square - lost * lost, 0.0)) + 1e-9


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.compiled
def test_the_worlds_are_those_of_the_whole_estate(seed: int) -> None:
    rng = random.Random(10 + seed)
    for _ in range(20):
        compiled = compile_graph(graph_of(weak_estate(rng, rng.randint(2, 14), 3)))
        whole = sample_worlds(compiled, seed, 1, 3)
        for service, position in enumerate(compiled.service_position.tolist()):
            got = sample_degradation(subestate_of(compiled, position), seed, 1, 3)
            assert got.down == whole.failed[service] or got.rest_capability == 0.0


def test_a_world_at_a_time() -> None:
    built = estate(
        "S; a; b; c", hard="S>a", soft="S>b:.5 S>c:.4",
        profiles={"S": {"unavailability": 0}, **{name: {"unavailability": 0.2} for name in "abc"}},
        services={"S": {"mbco_share": 0.55}},
    )  # fmt: skip
    cut = subestate_of(built.compiled, int(built.at("S")[0]))
    position, own, _ = states_of(built.compiled, 8, 0)
    a, b, c = (own[position.tolist().index(int(built.at(name)[0]))] for name in "abc")
    left = np.where(b, 0.5, 1.0) * np.where(c, 0.6, 1.0)
    got = sample_degradation(cut, 8, 0, 1)
    assert (got.down, got.degraded) == (a.sum(), (~a & (b | c)).sum())
    assert got.out == (a | (left < 0.55)).sum()
    assert got.lost_while_degraded() == pytest.approx((1 - left)[~a].sum() / got.worlds, abs=1e-9)
    assert got.lost() == pytest.approx(1 - (left * ~a).mean(), abs=1e-9)
    low, high = got.lost_interval()
    assert low < 1 - 0.8 * 0.9 * 0.92 < high
    assert got.down / got.worlds == pytest.approx(0.2, abs=0.03)


def test_threads_and_splits_change_no_bit() -> None:
    rng = random.Random(5)
    compiled = compile_graph(graph_of(weak_estate(rng, 14, 1)))
    cut = subestate_of(compiled, int(compiled.service_position[0]))
    want = sample_degradation(cut, 3, 0, 9)
    for threads in (2, 4):
        assert sample_degradation(cut, 3, 0, 9, threads=threads) == want
    parts = sample_degradation(cut, 3, 0, 4), sample_degradation(cut, 3, 4, 9, threads=2)
    assert Degradation.merged(*parts) == Degradation.merged(*parts[::-1]) == want


def test_intervals_of_what_is_only_down_are_those_of_a_count() -> None:
    got = Degradation(1000, 30, 30, 0, 0, 0, 1.0, 0)
    assert tuple(got.lost_interval()) == pytest.approx([float(x) for x in wilson(30, 1000)])
    assert Degradation(1000, 0, 0, 0, 0, 0, 1.0, 0).lost_interval().high == pytest.approx(0.0029957, rel=1e-4)


def test_a_service_down_or_degraded_at_rest_loses_nothing_by_it() -> None:
    built = estate(
        "S; a; b",
        soft="S>a:.5 S>b:.4",
        profiles={"S": {"unavailability": 0}, "a": {"unavailability": 1}, "b": {"unavailability": 0.5}},
    )
    got = sample_degradation(subestate_of(built.compiled, int(built.at("S")[0])), 1, 0, 20)
    assert got.rest_capability == 0.5
    assert got.lost_while_degraded() == pytest.approx(0.5 * 0.2, abs=0.003)
    built = estate("S; a", hard="S>a", profiles={"a": {"unavailability": 1}})
    got = sample_degradation(subestate_of(built.compiled, int(built.at("S")[0])), 1, 0, 2)
    assert (got.rest_capability, got.down, got.lost()) == (0.0, 0, 0.0)


@pytest.mark.compiled
def test_coverage_of_the_expected_loss_over_a_thousand_seeds() -> None:
    built = estate(
        "S; a; b",
        soft="S>a:.5 S>b:.25",
        profiles={"S": {"unavailability": 0}, "a": {"unavailability": 0.002}, "b": {"unavailability": 0.004}},
    )
    cut = subestate_of(built.compiled, int(built.at("S")[0]))
    want = 1 - (1 - 0.5 * 0.002) * (1 - 0.25 * 0.004)
    hits = 0
    for seed in range(1000):
        low, high = sample_degradation(cut, seed, 0, 2).lost_interval()
        hits += low <= want <= high
    assert abs(hits - 950) < 4.5 * math.sqrt(1000 * 0.95 * 0.05)
