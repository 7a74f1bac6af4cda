"""Stratified and tilted sampling of one service against all states written out, and what they refuse."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import numpy as np
import pytest

from app.risk.graph.subestate import Subestate, subestate_of
from app.risk.intake.compile import compile_graph
from app.risk.outage.failing import marks
from app.risk.sampling.conditional import BLOCK_SAMPLES, DRAWS, draw_two, odds_of
from app.risk.sampling.cuts_found import cuts_of, find_cuts
from app.risk.sampling.rare import rare_unavailability
from app.risk.sampling.stratified import FEW_SAMPLES, NO_FAILURE, split, stratified
from app.risk.sampling.streams import PAIRED, seed_word
from app.risk.sampling.tilted import tilted
from tests.builders import estate
from tests.unit.risk.build import graph_of
from tests.unit.risk.sampling.test_worlds import exact, weak_estate
from tests.unit.risk.test_golden import CASES

SIGMAS = math.erf(4.5 / math.sqrt(2))  # the level of an interval of 4.5 sigma


def of_service(compiled: Any, number: int = 0) -> Subestate:
    return subestate_of(compiled, int(compiled.service_position[number]))


def fleet(groups: int, size: int, q: float, **more: Any) -> Subestate:
    """S needs one of each of `groups` groups of `size` CIs with unavailability q."""
    names = [f"c{i}" for i in range(groups * size)]
    rows = [(1, " ".join(names[size * i : size * i + size])) for i in range(groups)]
    chance = {name: {"unavailability": q} for name in names}
    return of_service(
        estate("S; " + "; ".join(names), groups={"S": rows}, profiles={"S": {"unavailability": 0}, **chance}, **more).compiled
    )


def test_two_and_more_failures_come_as_often_as_they_should() -> None:
    p = np.array([0.02, 0.3, 0.001, 0.15, 0.6])
    odds = odds_of(np.arange(5), p)
    chance = {}
    for state in itertools.product((0, 1), repeat=5):
        if sum(state) >= 2:
            chance[tuple(i for i in range(5) if state[i])] = math.prod(p[i] if state[i] else 1 - p[i] for i in range(5))
    assert odds.p_two == pytest.approx(sum(chance.values()), rel=1e-12)
    seen = dict.fromkeys(chance, 0)
    chosen = np.zeros(5, np.int32)
    samples = 20 * BLOCK_SAMPLES
    for block in range(20):
        for sample in range(BLOCK_SAMPLES):
            count = draw_two(odds, seed_word(3), np.int64(7), PAIRED, block, sample * DRAWS, chosen)
            seen[tuple(chosen[:count].tolist())] += 1
    for key, probability in chance.items():
        share = probability / odds.p_two
        assert abs(seen[key] - samples * share) < 4.5 * math.sqrt(samples * share) + 1


def test_two_failures_of_tiny_probability_have_no_cancellation() -> None:
    odds = odds_of(np.arange(3), np.array([1e-9, 2e-9, 3e-9]))
    assert odds.p_two == pytest.approx(1e-18 * (2 + 3 + 6), rel=1e-7)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("method", (stratified, tilted))
@pytest.mark.compiled
def test_random_estates_lie_within_four_and_a_half_sigma(method: Any, seed: int) -> None:
    rng = random.Random(400 + seed)
    answered = 0
    for _ in range(25):
        built = weak_estate(rng, rng.randint(3, 10))
        compiled = compile_graph(graph_of(built))
        for key, q in exact(built).items():
            at = compiled.position_of(10 + [ci["key"] for ci in built["cis"]].index(key))
            got = method(subestate_of(compiled, at), 5, 4096, SIGMAS)
            if got.refused:
                assert math.isnan(got.probability) and math.isnan(got.interval.low)
                continue
            answered += 1
            assert got.interval.low * (1 - 1e-9) <= q <= got.interval.high * (1 + 1e-9)
            assert got.interval.low <= got.probability <= got.interval.high
    assert answered > 40


@pytest.mark.parametrize("name", CASES)
@pytest.mark.compiled
def test_golden_unavailabilities(name: str) -> None:
    built, want = CASES[name]
    got = rare_unavailability(of_service(compile_graph(graph_of(built))), 1, level=SIGMAS)
    assert not got.refused and got.interval.low <= want <= got.interval.high * (1 + 1e-12)


@pytest.mark.compiled
def test_c12_rare_events() -> None:
    built = estate(
        "S; a; b; c",
        hard="S>c",
        groups={"S": [(1, "a b")]},
        profiles={n: {"unavailability": u} for n, u in zip("Sabc", (0, 1e-6, 1e-6, 1e-9), strict=True)},
    )
    got = rare_unavailability(of_service(built.compiled), 1)
    assert got.exact_part == 1e-9
    assert got.probability == pytest.approx(1.000999999999e-09, rel=1e-9)


@pytest.mark.compiled
def test_a_hundred_triples_far_below_what_plain_sampling_sees() -> None:
    cut = fleet(100, 3, 1e-4)
    assert stratified(cut, 1).refused == NO_FAILURE
    got = rare_unavailability(cut, 1)
    assert got.method == "tilted" and got.effective_samples > 10_000
    assert got.interval.low < 1e-10 < got.interval.high < 1.03e-10
    assert got.probability == pytest.approx(1e-10, rel=0.01)


@pytest.mark.compiled
def test_intervals_of_tilted_sampling_cover_over_many_seeds() -> None:
    cut = fleet(5, 3, 0.001)
    want = -math.expm1(5 * math.log1p(-1e-9))
    low = high = 0
    for seed in range(200):
        got = tilted(cut, seed, 2048)
        low += got.interval.low > want
        high += got.interval.high < want
    assert low <= 200 * 0.025 + 4.5 * math.sqrt(200 * 0.025)
    assert high <= 200 * 0.025 + 4.5 * math.sqrt(200 * 0.025)
    assert low > 0


@pytest.mark.compiled
def test_intervals_of_stratified_sampling_cover_over_many_seeds() -> None:
    cut = fleet(8, 2, 0.05)
    want = -math.expm1(8 * math.log1p(-0.0025))
    missed = sum(
        not (got.interval.low <= want <= got.interval.high) for got in (stratified(cut, seed, 2048) for seed in range(1000))
    )
    assert 10 < missed <= 50 + 4.5 * math.sqrt(1000 * 0.05 * 0.95)


def test_threads_change_no_bit_and_the_order_of_rows_neither() -> None:
    rng = random.Random(12)
    built = weak_estate(rng, 12, 1)
    cut = of_service(compile_graph(graph_of(built)))
    moved = {**built, "dependencies": built["dependencies"][::-1], "groups": built["groups"][::-1]}
    other = of_service(compile_graph(graph_of(moved)))
    for method in (stratified, tilted):
        want = method(cut, 3, 8192)
        assert repr(method(cut, 3, 8192, threads=2)) == repr(method(cut, 3, 8192, threads=4)) == repr(want)
        assert repr(method(other, 3, 8192)) == repr(want)
        assert repr(method(cut, 4, 8192)) != repr(want) or want.method == "exact"


@pytest.mark.compiled
def test_cuts_are_minimal_and_all_are_found() -> None:
    cut = fleet(20, 3, 0.001)
    part, odds = split(cut)
    cuts, hot = find_cuts(cut.compiled.flat, marks(cut.compiled.flat), odds, seed_word(1), np.int64(1), cut.target)
    assert part == 0 and hot is not None and len(cuts.p) == 20
    assert np.diff(cuts.ptr).tolist() == [3] * 20
    assert cuts.p == pytest.approx(np.full(20, 1e-9))


def test_what_cannot_be_said_is_refused() -> None:
    nothing = fleet(1, 3, 1e-4)
    got = stratified(nothing, 1, 1024)
    assert got.refused == NO_FAILURE and math.isnan(got.probability)
    few = stratified(fleet(1, 3, 0.03), 1, 1024)
    assert few.refused == FEW_SAMPLES and 0 < few.effective_samples < 100 and math.isnan(few.interval.high)
    assert few.exact_part == 0.0


def test_what_needs_no_sample_is_exact() -> None:
    built = estate(
        "S; a; b; c",
        hard="S>a",
        soft="S>b:.5 S>c:.5",
        profiles={n: {"unavailability": u} for n, u in zip("Sabc", (0, 0.1, 0.2, 0.3), strict=True)},
    )
    got = rare_unavailability(of_service(built.compiled), 1)
    assert (got.method, got.probability, got.interval.low) == ("exact", pytest.approx(0.1), pytest.approx(0.1))
    built = estate("S; a", hard="S>a", profiles={"a": {"unavailability": 1.0}})
    assert rare_unavailability(of_service(built.compiled), 1).probability == 1.0
    built = estate(
        "S; a; b",
        hard="S>a S>b",
        profiles={n: {"unavailability": u} for n, u in zip("Sab", (0, math.nan, 0.25), strict=True)}
        | {"a": {"failures_per_year": math.nan}},
    )
    got = rare_unavailability(of_service(built.compiled), 1)
    assert (got.probability, got.unknown) == (pytest.approx(0.25, rel=1e-15), 1)


@pytest.mark.compiled
def test_an_exact_part_carries_no_sample_that_is_too_small() -> None:
    """Whatever single points make certain, less than 100 effective samples give no interval; importance sampling does."""
    names = [f"c{i}" for i in range(40)]
    chance = {name: {"unavailability": 1e-3} for name in names}
    built = estate(
        "S; x; " + "; ".join(names),
        hard="S>x",
        groups={"S": [(1, " ".join(names[:6]))]},
        soft=" ".join(f"S>{name}:.1" for name in names[6:]),
        profiles={"S": {"unavailability": 0}, "x": {"unavailability": 0.01}, **chance},
    )
    cut = of_service(built.compiled)
    few = stratified(cut, 1, 8192)
    assert few.refused == NO_FAILURE and few.exact_part == 0.01 and math.isnan(few.probability)
    got = rare_unavailability(cut, 1, 8192)
    assert got.method == "tilted" and got.effective_samples >= 100
    assert got.probability == pytest.approx(0.01, rel=1e-12) and got.interval.low <= 0.01 + 0.99e-18 <= got.interval.high


def test_no_cuts_is_an_empty_table() -> None:
    cuts = cuts_of(odds_of(np.arange(2), np.array([0.1, 0.2])), {})
    assert len(cuts.p) == 0 and cuts.ptr.tolist() == [0]
