"""The geometry of maps: no two boxes overlap, lines join the borders of boxes, few lines cross."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from app.reports.map_layout import HEIGHT, IN_A_ROW, WIDTH, Layout, laid_out


def crossings(layout: Layout) -> int:
    """Pairs of lines between the same two rows that cross."""
    at = {box.id: box for box in layout.boxes}
    ends = [(at[line.dependent], at[line.provider]) for line in layout.lines]
    return sum(
        (a.y, b.y) == (c.y, d.y) and (a.x - c.x) * (b.x - d.x) < 0
        for (a, b), (c, d) in combinations(ends, 2)
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_boxes_are_apart_and_lines_join_their_borders(seed: int) -> None:
    draw = random.Random(seed)
    bands = {f"n{number}": draw.randint(-3, 3) for number in range(60)}
    needs = [(one, other) for one in bands for other in draw.sample(list(bands), 3) if one != other]
    layout = laid_out(bands, needs)
    assert {box.id for box in layout.boxes} == set(bands) and len(layout.lines) == len(needs)
    for one, other in combinations(layout.boxes, 2):
        assert abs(one.x - other.x) >= WIDTH or abs(one.y - other.y) >= HEIGHT, (one, other)
    at = {box.id: box for box in layout.boxes}
    for line in layout.lines:
        for (x, y), box in ((line.start, at[line.dependent]), (line.end, at[line.provider])):
            on_side = x in (box.x, box.x + WIDTH) and box.y <= y <= box.bottom
            assert on_side or (y in (box.y, box.bottom) and box.x <= x <= box.x + WIDTH), (line, box)
    for box in layout.boxes:
        assert box.x >= 0 and box.x + WIDTH <= layout.width and box.y >= 0 and box.bottom <= layout.height
    tops = {tier.band: tier.y for tier in layout.tiers}
    assert list(tops.values()) == sorted(tops.values()) and all(box.y >= tops[bands[box.id]] for box in layout.boxes)


def test_lines_that_need_not_cross_do_not() -> None:
    bands = {f"{name}{band}": band for band in (0, 1, 2) for name in "abcde"}
    needs = [(f"{name}{band}", f"{other}{band + 1}") for band in (0, 1) for name, other in zip("abcde", "edcba", strict=True)]
    assert crossings(laid_out(bands, needs)) == 0


def test_a_wide_tier_goes_on_in_the_next_row() -> None:
    layout = laid_out({f"n{number:02}": 0 for number in range(2 * IN_A_ROW + 1)}, [])
    assert len({box.y for box in layout.boxes}) == 3 and laid_out({}, []).boxes == []
