"""How much of a difference each of several changes made, when they were made together (Shapley 1953).

What a change makes depends on which others were made before it; its part is the mean over all orders. Parts add up to the whole
difference, a change that never makes a difference has no part, and no order is preferred.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import factorial

import numpy as np

from app.risk.jit import Array

Made = frozenset[int]  # numbers of the changes that are made


def parts_of_difference(worth: Callable[[Made], Array], count: int) -> list[Array]:
    """The part of each of `count` changes in `worth(all) - worth(none)`; `worth`: float64 of any shape.

    Part i is the sum over the sets S without i of |S|! (count - |S| - 1)! / count! * (worth(S + i) - worth(S)).

    Example by hand: a rate doubles and the customers double: 10 becomes 40; each alone makes 20, each has (10 + 20) / 2 = 15.

    >>> worth = {0: 10.0, 1: 20.0, 2: 40.0}
    >>> [part.item() for part in parts_of_difference(lambda made: np.array(worth[len(made)]), 2)]
    [15.0, 15.0]
    """
    sets = [frozenset(chosen) for size in range(count + 1) for chosen in combinations(range(count), size)]
    values = {made: np.asarray(worth(made), np.float64) for made in sets}
    parts = []
    for change in range(count):
        part = np.zeros_like(values[frozenset()])
        for made in sets:
            if change not in made:
                weight = factorial(len(made)) * factorial(count - len(made) - 1) / factorial(count)
                part += weight * (values[made | {change}] - values[made])
        parts.append(part)
    return parts
