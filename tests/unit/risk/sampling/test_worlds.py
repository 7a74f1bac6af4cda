"""Bit-parallel worlds against the scalar kernel, world by world, and against all states written out."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.domain.columns import Categorical, Texts
from app.domain.errors import InvalidInput
from app.domain.graph import CiColumns, DependencyColumns, ServiceExposure
from app.risk.graph.compiled import AT_REST_DOWN, SERVES, CompiledGraph
from app.risk.intake.compile import compile_graph
from app.risk.outage.failing import fail, marks
from app.risk.sampling.own_failures import BLOCK_WORLDS
from app.risk.sampling.worlds import Worlds, sample_worlds, states_of
from tests.builders import estate
from tests.seeds import some_quick
from tests.unit.risk.build import graph_of, random_estate
from tests.unit.risk.oracle import Oracle
from tests.unit.risk.test_golden import CASES


def weak_estate(rng: random.Random, cis: int, services: int = 3) -> dict[str, Any]:
    """`random_estate` with unavailabilities of every size: sparse, dense, none, unknown, down at rest."""
    built = random_estate(rng, cis, levels=False)
    for ci in built["cis"]:
        ci["unavailability"] = rng.choice((0.0, 0.0, 1e-4, 0.003, 0.02, 0.0625, 0.1, 0.3, 0.5, 0.9))
        if rng.random() < 0.02:
            ci["unavailability"] = 1.0
    built["services"] = built["services"][:services]
    return built


def compiled_of(built: dict[str, Any]) -> CompiledGraph:
    return compile_graph(graph_of(built))


def assert_scalar(compiled: CompiledGraph, seed: int, block: int, worlds: Any, forced: Any = ()) -> None:
    """The states of some worlds are what `fail` says of their own failures."""
    position, own, state = states_of(compiled, seed, block, forced)
    work = marks(compiled.flat)
    seen = (compiled.flat.flags & (SERVES | AT_REST_DOWN)) == SERVES
    assert sorted(position.tolist()) == np.flatnonzero(seen).tolist()
    for world in worlds:
        tail = fail(compiled.flat, work, position[own[:, world]].astype(np.int32))
        failed = np.zeros(len(compiled), bool)
        failed[work.queue[:tail]] = True
        wrong = position[failed[position] != state[:, world]]
        assert not len(wrong), (world, wrong)


@pytest.mark.parametrize("seed", some_quick(3, 6))
def test_every_world_is_what_the_scalar_kernel_says(seed: int) -> None:
    rng = random.Random(seed)
    for number in range(50):
        compiled = compiled_of(weak_estate(rng, rng.randint(2, 14), rng.randint(1, 3)))
        assert_scalar(compiled, seed, number, range(0, BLOCK_WORLDS, 13))


@pytest.mark.parametrize("seed", range(3))
def test_forced_cis_are_down_in_every_world(seed: int) -> None:
    rng = random.Random(100 + seed)
    for number in range(30):
        compiled = compiled_of(weak_estate(rng, rng.randint(3, 12)))
        assert_scalar(compiled, seed, number, range(0, BLOCK_WORLDS, 41), rng.sample(range(len(compiled)), 2))


@pytest.mark.parametrize("seed", range(3))
def test_larger_estates_with_large_components(seed: int) -> None:
    rng = random.Random(200 + seed)
    for number in range(4):
        built = weak_estate(rng, 150, 3)
        for ci in built["cis"]:
            ci["unavailability"] = rng.choice((0.0, 0.001, 0.01))
        assert_scalar(compiled_of(built), seed, number, range(0, BLOCK_WORLDS, 29))


def exact(built: dict[str, Any]) -> dict[str, float]:
    """Q of each service by all states, with the oracle in plain Python."""
    oracle = Oracle({**built, "cis": [{**ci, "level_share": 0.0 if ci["unavailability"] == 1 else 1.0} for ci in built["cis"]]})
    live = [(ci["key"], ci["unavailability"]) for ci in built["cis"] if 0 < ci["unavailability"] < 1]
    total: dict[str, list[float]] = {s["key"]: [] for s in built["services"]}
    for lost in itertools.product((False, True), repeat=len(live)):
        p = math.prod(q if out else 1 - q for (_, q), out in zip(live, lost, strict=True))
        failed = oracle.failed({key for (key, _), out in zip(live, lost, strict=True) if out})
        for key, parts in total.items():
            parts.append(p if key in failed else 0.0)
    return {key: math.fsum(parts) for key, parts in total.items()}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.compiled
def test_frequencies_lie_within_four_and_a_half_sigma(seed: int) -> None:
    rng = random.Random(300 + seed)
    for number in range(10):
        built = weak_estate(rng, rng.randint(2, 8))
        compiled = compiled_of(built)
        got = sample_worlds(compiled, 17, 40 * number, 40 * number + 40)
        for key, q in exact(built).items():
            at = 10 + [ci["key"] for ci in built["cis"]].index(key)
            count = got.failed[compiled.flat.service_at[compiled.position_of(at)]]
            assert abs(count - got.worlds * q) <= 4.5 * math.sqrt(got.worlds * q * (1 - q)) + 1e-9


@pytest.mark.parametrize("name", CASES)
@pytest.mark.compiled
def test_golden_unavailabilities(name: str) -> None:
    built, want = CASES[name]
    got = sample_worlds(compiled_of(built), 1, 0, 100)
    assert abs(got.failed[0] - got.worlds * want) < 4.5 * math.sqrt(got.worlds * want)


def bits(worlds: Worlds) -> tuple[Any, ...]:
    return worlds.worlds, worlds.failed.tobytes(), worlds.together.tobytes(), worlds.both.tobytes(), worlds.unknown


@pytest.mark.compiled
def test_threads_and_splits_change_no_byte() -> None:
    from benchmarks.estate import generate

    compiled = compile_graph(generate(4000, 18000, 20, 1))
    want = sample_worlds(compiled, 5, 0, 12, watched=range(20))
    assert want.failed.min() > 0 and want.together.sum() == want.worlds
    for threads in (2, 4):
        assert bits(sample_worlds(compiled, 5, 0, 12, threads=threads, watched=range(20))) == bits(want)
    for cut in (0, 1, 5, 11):
        parts = (
            sample_worlds(compiled, 5, 0, cut, threads=2, watched=range(20)),
            sample_worlds(compiled, 5, cut, 12, watched=range(20)),
        )
        assert bits(Worlds.merged(*parts)) == bits(Worlds.merged(*parts[::-1])) == bits(want)
    assert bits(sample_worlds(compiled, 6, 0, 12, watched=range(20))) != bits(want)


def test_counts_of_pairs_and_of_services_down_together() -> None:
    rng = random.Random(9)
    compiled = compiled_of(weak_estate(rng, 12, 3))
    position, _, state = states_of(compiled, 3, 2)
    got = sample_worlds(compiled, 3, 2, 3, watched=(0, 1, 2))
    row = {p: state[i] for i, p in enumerate(position.tolist())}
    rested = [p for p in compiled.service_position.tolist() if p in row]
    down = np.array([row.get(p, np.ones(BLOCK_WORLDS, bool)) for p in compiled.service_position.tolist()])
    assert got.both.tolist() == (down.astype(int) @ down.T.astype(int)).tolist()
    assert got.failed.tolist() == np.diag(got.both).tolist()
    assert got.together.tolist() == np.bincount(sum(row[p].astype(int) for p in rested), minlength=4).tolist()


def test_the_order_of_cis_changes_no_count() -> None:
    rng = random.Random(11)
    built = weak_estate(rng, 14, 2)
    want = sample_worlds(compiled_of(built), 1, 0, 2)
    for _ in range(5):
        moved = {
            **built,
            "dependencies": rng.sample(built["dependencies"], len(built["dependencies"])),
            "groups": rng.sample(built["groups"], len(built["groups"])),
        }
        assert bits(sample_worlds(compiled_of(moved), 1, 0, 2)) == bits(want)


@pytest.mark.compiled
def test_a_ring_of_many_and_a_chain_are_settled_quickly() -> None:
    size = 20_000
    names = [f"c{i}" for i in range(size)]
    order = random.Random(1).sample(names, size)
    ring = " ".join(f"{a}>{b}" for a, b in itertools.pairwise([*order, order[0]]))
    chance = {name: {"unavailability": 1e-5} for name in names}
    built = estate("S; " + "; ".join(names), hard=f"S>c7 {ring}", profiles={**chance, "S": {"unavailability": 0}})
    got = sample_worlds(built.compiled, 1, 0, 4)
    q = -math.expm1(size * math.log1p(-1e-5))
    assert abs(got.failed[0] / got.worlds - q) < 4.5 * math.sqrt(q * (1 - q) / got.worlds)
    chain = " ".join(f"{a}>{b}" for a, b in itertools.pairwise(order))
    built = estate("S; " + "; ".join(names), hard=f"S>{order[0]} {chain}", profiles={**chance, "S": {"unavailability": 0}})
    got = sample_worlds(built.compiled, 1, 0, 4)
    assert abs(got.failed[0] / got.worlds - q) < 4.5 * math.sqrt(q * (1 - q) / got.worlds)


@pytest.mark.compiled
def test_a_ring_of_supply_with_two_sources() -> None:
    size = 300
    names = [f"c{i}" for i in range(size)]
    groups: dict[str, list[Any]] = {
        name: [(1, f"{names[i - 1]} {names[(i + 1) % size]}" + (" x" if i in (0, 150) else ""), {"supply": True})]
        for i, name in enumerate(names)
    }
    chance = {name: {"unavailability": 0.002} for name in names}
    built = estate(
        "S; x; " + "; ".join(names),
        hard="S>c75",
        groups=groups,
        profiles={**chance, "x": {"unavailability": 0.1}, "S": {"unavailability": 0}},
    )
    assert_scalar(built.compiled, 1, 0, range(0, BLOCK_WORLDS, 101))


@pytest.mark.compiled
def test_groups_of_a_hundred_thousand_members() -> None:
    size, needed = 100_000, 99_000
    names = " ".join(f"m{i}" for i in range(size))
    chance = {name: {"unavailability": 0.01} for name in names.split()}
    built = estate(
        "S; " + names.replace(" ", "; "), groups={"S": [(needed, names)]}, profiles={**chance, "S": {"unavailability": 0}}
    )
    position, own, state = states_of(built.compiled, 1, 0)
    lost = own.sum(axis=0) >= size - needed + 1
    assert 0.3 < lost.mean() < 0.7
    assert (state[position.tolist().index(int(built.at("S")[0]))] == lost).all()


def test_unknown_unavailabilities_count_as_none_and_are_counted() -> None:
    built = estate(
        "S; a; b; c",
        hard="S>a S>b",
        profiles={"a": {"failures_per_year": math.nan}, "b": {"unavailability": 0.5}, "S": {"unavailability": 0}},
    )
    got = sample_worlds(built.compiled, 1, 0, 2)
    assert got.unknown == 1
    assert abs(got.failed[0] - got.worlds / 2) < 4.5 * math.sqrt(got.worlds) / 2


def test_watched_services_are_checked() -> None:
    built = estate("S; a", hard="S>a")
    with pytest.raises(InvalidInput):
        sample_worlds(built.compiled, 1, 0, 1, watched=(1,))
    with pytest.raises(InvalidInput):
        sample_worlds(built.compiled, 1, 2, 1)


@pytest.mark.slow
def test_a_chain_of_a_million_cis() -> None:
    """In random order, each down with 1e-6: the first needs all of them."""
    small = estate("S; a", hard="S>a").graph
    size = 1_000_000
    order = np.random.default_rng(1).permutation(size)
    none, empty = np.full(size, np.nan), Categorical(np.full(size, -1, np.int32), ())
    columns: dict[str, Any] = dict.fromkeys(CiColumns.__slots__, none)
    columns |= dict.fromkeys(("ci_class", "site", "team", "supplier", "lifecycle", "environment"), empty)
    columns |= {name: Texts(np.zeros(0, np.uint8), np.zeros(size + 1, np.int64)) for name in ("key", "name")}
    columns |= {
        "ci_id": np.arange(size), "assessed": np.ones(size, bool), "unavailability": np.full(size, 1e-6),
        "level_share": np.ones(size),
        "repair_distribution": np.zeros(size, np.int8),
    }  # fmt: skip
    chain = DependencyColumns(order[:-1], order[1:], np.zeros(size - 1, np.int8), np.ones(size - 1))
    graph = replace(small, cis=CiColumns(**columns), dependencies=chain, services=[ServiceExposure(int(order[0]))])
    got = sample_worlds(compile_graph(graph), 1, 0, 3)
    q = -math.expm1(size * math.log1p(-1e-6))
    assert abs(got.failed[0] / got.worlds - q) < 4.5 * math.sqrt(q * (1 - q) / got.worlds)
