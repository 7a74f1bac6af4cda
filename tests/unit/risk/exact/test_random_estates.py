"""Random estates with cycles, groups, supply and soft needs, against every state of them."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import numpy as np
import pytest

from app.risk.exact.answers.service import Want, exact_service
from app.risk.exact.diagrams.budget import Budget
from app.risk.intake.compile import compile_graph
from tests.seeds import fresh, named
from tests.unit.risk.build import graph_of, random_estate
from tests.unit.risk.exact.brute import Truth, random_case, truth_of
from tests.unit.risk.oracle import Oracle

EVERYTHING = Want(birnbaum=True, counts=True, cut_sets=100_000, bounds=True, fussell_vesely=True)


def _compared(seed: int) -> None:
    compiled, q, target = random_case(seed, 12)
    truth = truth_of(compiled, q, target)
    told = exact_service(compiled, target, unavailability=q, want=EVERYTHING)
    want = truth.unavailability()
    assert told.method == "exact"
    assert told.q == pytest.approx(want, rel=1e-12)
    place = {int(p): i for i, p in enumerate(told.position)}

    def aligned(values: np.ndarray) -> list[float]:  # events outside the cone do not matter
        return [float(values[place[int(p)]]) if int(p) in place else 0.0 for p in truth.positions]

    assert told.fussell_vesely is not None and told.cut_sets is not None and told.rare_event_sum is not None
    assert aligned(told.birnbaum) == pytest.approx(truth.birnbaum().tolist(), rel=1e-9, abs=1e-15)
    assert aligned(told.fussell_vesely) == pytest.approx(truth.fussell_vesely().tolist(), rel=1e-9, abs=1e-15)
    _same_sets(truth, [c.position for c in told.cut_sets], told.cut_sets_by_order)
    chances = [c.probability for c in told.cut_sets]
    assert chances == sorted(chances, reverse=True)
    assert told.rare_event_sum == pytest.approx(sum(chances), rel=1e-12)
    if told.esary_proschan_upper is not None:
        assert want * (1 - 1e-12) <= told.esary_proschan_upper <= told.rare_event_sum * (1 + 1e-12)
    if told.esary_proschan_lower is not None:
        assert told.esary_proschan_lower <= want * (1 + 1e-12)


def _same_sets(truth: Truth, told: list[tuple[int, ...]], orders: dict[int, int] | None) -> None:
    want = truth.cut_sets()
    assert sorted(told) == want
    assert orders == dict(Counter(len(row) for row in want))


@pytest.mark.parametrize("block", range(10))
@pytest.mark.compiled
def test_against_every_state(block: int) -> None:
    for seed in range(50 * block, 50 * block + 50):
        _compared(seed)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_ten_thousand_against_every_state() -> None:
    for seed in (*range(1000, 6000), *fresh(5000)):
        with named(seed):
            _compared(seed)


def test_against_the_model_word_by_word() -> None:
    """The same, with the states told by the oracle over sets."""
    for seed in range(25):
        rng = random.Random(seed)
        estate = random_estate(rng, rng.randint(3, 6))
        compiled, oracle = compile_graph(graph_of(estate)), Oracle(estate)
        keys = [ci["key"] for ci in estate["cis"]]
        q = {key: rng.choice((0.05, 0.3, 0.6)) for key in keys}
        at = {key: compiled.position_of(10 + i) for i, key in enumerate(keys)}
        own = np.zeros(len(compiled))
        for key, p in at.items():
            own[p] = q[key]
        chance = dict.fromkeys(keys, 0.0)
        for state in itertools.product((False, True), repeat=len(keys)):
            weight = float(np.prod([q[k] if out else 1 - q[k] for k, out in zip(keys, state, strict=True)]))
            for key in oracle.failed({k for k, out in zip(keys, state, strict=True) if out}):
                chance[key] += weight
        for key in keys:
            assert exact_service(compiled, at[key], unavailability=own).q == pytest.approx(chance[key], rel=1e-12)


def test_the_order_of_cis_does_not_matter() -> None:
    for seed in range(60):
        rng = random.Random(seed)
        estate = random_estate(rng, 12)
        key = rng.choice(estate["cis"])["key"]
        seen = []
        for turn in range(3):
            for rows in (estate["cis"], estate["dependencies"], estate["groups"]):
                random.Random(turn).shuffle(rows)
            compiled = compile_graph(graph_of(estate))
            target = compiled.position_of(10 + [ci["key"] for ci in estate["cis"]].index(key))
            seen.append(exact_service(compiled, target).q)
        assert seen == pytest.approx([seen[0]] * 3, rel=1e-13)


def test_birnbaum_against_finite_differences() -> None:
    for seed in range(40):
        compiled, q, target = random_case(seed, 12)
        told = exact_service(compiled, target, unavailability=q)
        for p, b in zip(told.position.tolist(), told.birnbaum.tolist(), strict=True):
            ends = []
            for value in (0.25, 0.75):
                moved = q.copy()
                moved[p] = value
                ends.append(exact_service(compiled, target, unavailability=moved).q)
            assert (ends[1] - ends[0]) / 0.5 == pytest.approx(b, rel=1e-9, abs=1e-13)  # Q is linear in each q


@pytest.mark.compiled
def test_a_cycle_beyond_the_budget_is_enclosed() -> None:
    """With no time for the fixpoint the answer is an interval around it."""
    tried = 0
    for seed in range(500):
        compiled, q, target = random_case(seed, 12)
        want = exact_service(compiled, target, unavailability=q).q
        told = exact_service(compiled, target, Budget(seconds=-1.0), unavailability=q)
        assert told.q_low <= want * (1 + 1e-12) and want * (1 - 1e-12) <= told.q_high
        if told.method == "bounded":
            tried += 1
            assert told.reason and np.isnan(told.birnbaum).all()
    assert tried > 15
