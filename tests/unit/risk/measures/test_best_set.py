"""The best set of measures against all sets, on random values with every kind of interaction."""

from __future__ import annotations

import random
from itertools import combinations

import numpy as np
import pytest

from app.risk.measures.best_set import SetValue, best_set


class Losses:
    """C CIs with a loss each; a measure touches some of them; what a set makes of a CI's loss is a random share of it, drawn for
    the touching measures in the set: they may help only together, or spoil each other."""

    def __init__(self, seed: int, measures: int, cis: int = 8) -> None:
        rng = random.Random(seed)
        self.seed, self.loss = seed, np.asarray([rng.choice((0.0, 1.0, 5.0, 20.0)) for _ in range(cis)])
        self.touches = np.asarray([[rng.random() < 0.3 for _ in range(cis)] for _ in range(measures)])
        self.costs = [rng.choice((0.0, 1.0, 2.0, 3.5)) for _ in range(measures)]

    def now(self, chosen: tuple[int, ...]) -> np.ndarray:
        left = []
        for ci, loss in enumerate(self.loss):
            mine = tuple(m for m in chosen if self.touches[m][ci])
            left.append(loss * random.Random(f"{self.seed} {ci} {mine}").choice((0.0, 0.2, 0.5, 1.0, 1.2)) if mine else loss)
        return np.asarray(left)

    def value(self, chosen: tuple[int, ...]) -> SetValue:
        now = self.now(chosen)
        left = [m for m in range(len(self.costs)) if m not in chosen]
        any_of = self.touches[left].any(axis=0) if left else np.zeros(len(now), bool)
        return SetValue(float(self.loss.sum() - now.sum()), self.touches @ now, float(now[any_of].sum()))


def exhaustive(losses: Losses, budget: float) -> float:
    numbers = range(len(losses.costs))
    sets = (chosen for size in range(len(losses.costs) + 1) for chosen in combinations(numbers, size))
    return max(losses.value(chosen).less for chosen in sets if sum(losses.costs[m] for m in chosen) <= budget)


@pytest.mark.parametrize("seed", range(25))
def test_the_best_set_is_the_best_of_all_sets(seed: int) -> None:
    losses = Losses(seed, 4 + seed % 4)
    for budget in (0.0, 3.0, 7.5):
        found = best_set(losses.costs, budget, losses.value)
        assert found.exact and found.bound == found.less
        assert found.less == pytest.approx(exhaustive(losses, budget), abs=1e-12)
        assert found.cost == sum(losses.costs[m] for m in found.chosen) <= budget


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_the_best_of_twelve(seed: int) -> None:
    losses = Losses(seed, 12, 10)
    found = best_set(losses.costs, 9.0, losses.value)
    assert found.exact and found.less == pytest.approx(exhaustive(losses, 9.0), abs=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_a_search_that_was_ended_says_what_it_left_out(seed: int) -> None:
    """The bound holds at whatever set the search ends."""
    losses = Losses(seed, 6)
    true, whole = exhaustive(losses, 6.0), best_set(losses.costs, 6.0, losses.value).tried
    for turns in (0, 1, 7, 8, 10, whole):
        left = iter(range(turns))
        found = best_set(losses.costs, 6.0, losses.value, lambda left=left: next(left, None) is not None)
        assert found.less <= true + 1e-12 <= found.bound + 2e-12


def test_measures_that_help_only_together_are_found() -> None:
    """S needs a by two ways: taking one of them away changes nothing, taking both away all."""
    value = {(): 0.0, (0,): 0.0, (1,): 0.0, (2,): 4.0, (0, 1): 10.0, (0, 2): 4.0, (1, 2): 4.0}
    reach = np.asarray([10.0, 10.0, 10.0])
    found = best_set(
        [1.0, 1.0, 1.0], 2.0, lambda chosen: SetValue(value[chosen], reach * (value[chosen] < 10), 10.0 - value[chosen])
    )
    assert (found.chosen, found.less, found.bound) == ((0, 1), 10.0, 10.0)
