"""The geometry of a treemap: rectangles with areas as the values, as square as can be (Bruls, Huizing, van Wijk 2000)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rectangle:
    x: float
    y: float
    width: float
    height: float


def squarified(values: Sequence[float], width: float, height: float) -> list[Rectangle]:
    """Returns a rectangle for each value (above 0, the largest first) that together fill width by height.

    >>> [(round(r.x), round(r.y), round(r.width), round(r.height)) for r in squarified([6, 6, 4, 3, 2, 2, 1], 6, 4)][:3]
    [(0, 0, 3, 2), (0, 2, 3, 2), (3, 0, 2, 2)]
    """
    total = sum(values)
    areas = [value * width * height / total for value in values] if total > 0 else []
    found, x, y, place = list[Rectangle](), 0.0, 0.0, 0
    while place < len(areas):
        side = min(width - x, height - y)
        count = 1
        while place + count < len(areas) and _worst(areas[place : place + count + 1], side) <= _worst(
            areas[place : place + count], side
        ):
            count += 1
        row = areas[place : place + count]
        thick = sum(row) / side if side > 0 else 0.0
        along = 0.0
        upright = width - x >= height - y  # the row stands along the left side, else along the upper one
        for area in row:
            long = area / thick if thick > 0 else 0.0
            found.append(Rectangle(x, y + along, thick, long) if upright else Rectangle(x + along, y, long, thick))
            along += long
        x, y = (x + thick, y) if upright else (x, y + thick)
        place += count
    return found


def _worst(row: Sequence[float], side: float) -> float:
    """The largest ratio of long to short side in a row laid along `side`."""
    total = sum(row)
    return max(side * side * max(row) / (total * total), total * total / (side * side * min(row)))
