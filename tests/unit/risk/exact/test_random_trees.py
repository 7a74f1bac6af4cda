"""Random fault trees: small ones against every state, larger ones cut to a tiny budget against the exact answer."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from app.risk.exact.answers.service import Want, exact_service
from app.risk.exact.diagrams.budget import Budget
from tests.unit.risk.exact.brute import Truth
from tests.unit.risk.exact.fault_tree import FaultTree, built, plant_tree, random_tree, truth_q

EVERYTHING = Want(birnbaum=True, counts=True, cut_sets=100_000, bounds=True, fussell_vesely=True)


def tangled_tree(seed: int) -> FaultTree:
    """Few events, read by many gates."""
    rng = random.Random(seed)
    return random_tree(seed, rng.randint(5, 11), rng.randint(6, 18), 4, 6, (1e-4, 0.9))


@pytest.mark.parametrize("block", range(8))
@pytest.mark.compiled
def test_small_trees_against_every_state(block: int) -> None:
    for seed in range(100 * block, 100 * block + 100):
        tree = tangled_tree(seed)
        made = built(tree)
        failed, names = truth_q(tree)
        at = {name: p for p, name in made.names.items()}
        truth = Truth(failed, np.array([at[name] for name in names]), np.array([tree.events[name] for name in names]))
        told = exact_service(made.compiled, made.top, want=EVERYTHING)
        place = {int(p): i for i, p in enumerate(told.position)}
        rows = [place.get(int(p), -1) for p in truth.positions]
        assert told.method == "exact" and not told.missing
        assert told.q == pytest.approx(truth.unavailability(), rel=1e-12)
        assert told.fussell_vesely is not None and told.cut_sets is not None
        for values, want in ((told.birnbaum, truth.birnbaum()), (told.fussell_vesely, truth.fussell_vesely())):
            assert [float(values[i]) if i >= 0 else 0.0 for i in rows] == pytest.approx(want.tolist(), rel=1e-9, abs=1e-15)
        cuts = truth.cut_sets()
        assert sorted(c.position for c in told.cut_sets) == cuts
        assert told.cut_sets_by_order == dict(Counter(len(row) for row in cuts))
        chances = np.array([c.probability for c in told.cut_sets])
        if told.esary_proschan_upper is not None:
            assert told.esary_proschan_upper == pytest.approx(max(told.q, -np.expm1(np.log1p(-chances).sum())), rel=1e-12)


@pytest.mark.parametrize("block", range(5))
@pytest.mark.compiled
def test_tiny_budgets_enclose_the_exact_value(block: int) -> None:
    """Plants of some thirty to hundred events, in room for 64 to 2,000 nodes."""
    bounded = 0
    for seed in range(60 * block, 60 * block + 60):
        rng = random.Random(seed)
        made = built(plant_tree(seed, rng.randint(6, 12), rng.randint(2, 4), rng.randint(1, 3), rng.randint(2, 5)))
        want = exact_service(made.compiled, made.top).q
        for nodes in (2, 64, 300, 2000):
            told = exact_service(made.compiled, made.top, Budget(nodes=nodes))
            assert told.q_low <= want * (1 + 1e-12) and want * (1 - 1e-12) <= told.q_high, (seed, nodes)
            bounded += told.method == "bounded"
    assert bounded > 60


@pytest.mark.compiled
def test_more_room_makes_the_interval_narrow() -> None:
    made = built(plant_tree(2, 20, 4, 4, 6))
    exact = exact_service(made.compiled, made.top)
    widths = []
    for nodes in (200, 5000, 40_000):
        told = exact_service(made.compiled, made.top, Budget(nodes=nodes))
        widths.append(told.q_high - told.q_low)
    assert exact.nodes > 20_000 and widths[0] > widths[1] > widths[2] >= 0.0
    assert widths[1] < 0.2 * exact.q and widths[2] < 1e-3 * exact.q


@pytest.mark.compiled
def test_a_list_cut_short_says_what_it_leaves_out() -> None:
    made = built(plant_tree(2, 10, 3, 4, 4))
    told = exact_service(made.compiled, made.top, want=Want(counts=True, cut_sets=50))
    every = exact_service(made.compiled, made.top, want=Want(counts=True, cut_sets=10**6))
    assert told.cut_sets is not None and every.cut_sets is not None and every.cut_set_count == len(every.cut_sets) == 30_147
    chances = [c.probability for c in every.cut_sets]
    assert [c.probability for c in told.cut_sets] == pytest.approx(chances[:50], rel=1e-12)
    assert told.not_listed == 30_097
    assert told.not_listed_sum == pytest.approx(sum(chances[50:]), rel=1e-6)
    assert (every.not_listed, every.not_listed_sum) == (0, 0.0)
    sets = {frozenset(c.position) for c in every.cut_sets}
    assert len(sets) == 30_147


@pytest.mark.parametrize(
    "args, events, cut_sets",
    [((0, 16, 3, 5, 6), 303, 7_511_482), ((0, 20, 4, 4, 6), 415, 28_054_004), ((2, 20, 4, 4, 6), 433, 167_750_148_227)],
)
@pytest.mark.compiled
def test_plants_of_several_hundred_events(args: tuple[int, int, int, int, int], events: int, cut_sets: int) -> None:
    tree = plant_tree(*args)
    made = built(tree)
    told = exact_service(made.compiled, made.top, want=Want(counts=True, cut_sets=100, bounds=True))
    assert len(tree.events) == events and told.method == "exact"
    assert told.cut_set_count == cut_sets
    assert told.esary_proschan_upper is not None and told.rare_event_sum is not None
    assert told.q <= told.esary_proschan_upper <= told.rare_event_sum
