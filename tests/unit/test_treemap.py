"""The geometry of treemaps: areas as the values, nothing overlaps, nothing is left over, and nothing is a thread."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from app.reports.treemap import squarified


@pytest.mark.parametrize("seed", range(4))
def test_rectangles_fill_the_whole_by_their_values(seed: int) -> None:
    draw = random.Random(seed)
    values = sorted((draw.lognormvariate(0, 1.5) for _ in range(25)), reverse=True)
    found = squarified(values, 600, 240)
    for value, one in zip(values, found, strict=True):
        assert one.width * one.height == pytest.approx(600 * 240 * value / sum(values))
        assert one.x >= -1e-9 and one.y >= -1e-9 and one.x + one.width <= 600 + 1e-6 and one.y + one.height <= 240 + 1e-6
    for a, b in combinations(found, 2):
        wide = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
        high = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
        assert wide < 1e-6 or high < 1e-6
    assert max(max(one.width / one.height, one.height / one.width) for one in found[:10]) < 4
    assert squarified([], 10, 10) == [] and len(squarified([1.0], 10, 10)) == 1
