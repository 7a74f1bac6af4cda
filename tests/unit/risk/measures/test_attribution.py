"""Parts of a difference: they add up, and equal the mean over all orders."""

from __future__ import annotations

import random
from itertools import permutations

import numpy as np
import pytest

from app.risk.measures.attribution import parts_of_difference


@pytest.mark.parametrize("seed", range(10))
def test_parts_are_the_mean_over_all_orders(seed: int) -> None:
    rng, count = random.Random(seed), 3
    known: dict[frozenset[int], np.ndarray] = {}

    def worth(made: frozenset[int]) -> np.ndarray:
        return known.setdefault(made, np.array([rng.random(), rng.gauss(0, 1e6)]))

    parts = parts_of_difference(worth, count)
    assert np.allclose(sum(parts), worth(frozenset(range(count))) - worth(frozenset()), rtol=1e-12)
    for change in range(count):
        gains = [worth(frozenset(order[: order.index(change) + 1])) - worth(frozenset(order[: order.index(change)]))
                 for order in permutations(range(count))]  # fmt: skip
        assert np.allclose(parts[change], np.mean(gains, axis=0), rtol=1e-12)


def test_what_never_makes_a_difference_has_no_part() -> None:
    parts = parts_of_difference(lambda made: np.array(float(0 in made)), 3)
    assert [part.item() for part in parts] == [1.0, 0.0, 0.0]
