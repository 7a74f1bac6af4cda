"""The geometry of a map: nodes in tiers and the needs between them in, places in a drawing out. map_svg.html draws them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, GAP_X, GAP_Y = 164, 52, 12, 26  # of a node, and what is between two
TIER_GAP, LEFT, TOP = 46, 8, 26  # between tiers; TOP leaves room for the name of a tier
IN_A_ROW = 7  # wider tiers go on in the next row
SWEEPS = 4


@dataclass(frozen=True, slots=True)
class Box:
    """The upper left corner of a node."""

    id: str
    x: float
    y: float

    @property
    def middle(self) -> float:
        return self.x + WIDTH / 2

    @property
    def bottom(self) -> float:
        return self.y + HEIGHT


@dataclass(frozen=True, slots=True)
class Line:
    """A need as a path from the border of one box to the border of the other, and where it ends."""

    dependent: str
    provider: str
    path: str
    start: tuple[float, float]
    end: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Tier:
    band: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """`boxes`: in reading order, tier by tier from left to right."""

    width: float
    height: float
    boxes: Sequence[Box]
    lines: Sequence[Line]
    tiers: Sequence[Tier]
    box_width: float = WIDTH
    box_height: float = HEIGHT


def laid_out(bands: Mapping[str, int], needs: Sequence[tuple[str, str]]) -> Layout:
    """Returns where nodes (id and tier, the lowest number on top) stand so that few lines cross, and the lines between them.

    >>> two = laid_out({"shop": -1, "db": 0}, [("shop", "db")])
    >>> [(box.id, box.x, box.y) for box in two.boxes], two.lines[0].path
    ([('shop', 8, 26), ('db', 8, 124)], 'M90.0 78.0 C90.0 101.0 90.0 101.0 90.0 124.0')
    """
    rows = _ordered(bands, needs)
    widest = max((min(len(row), IN_A_ROW) for row in rows.values()), default=0)
    width = 2 * LEFT + widest * WIDTH + max(widest - 1, 0) * GAP_X
    boxes, tiers, y = list[Box](), list[Tier](), TOP
    for band, row in rows.items():
        top = y
        for start in range(0, len(row), IN_A_ROW):
            line = row[start : start + IN_A_ROW]
            indent = LEFT + (widest - len(line)) * (WIDTH + GAP_X) // 2
            boxes += [Box(one, indent + place * (WIDTH + GAP_X), y) for place, one in enumerate(line)]
            y += HEIGHT + GAP_Y
        y -= GAP_Y
        tiers.append(Tier(band, top, y - top))
        y += TIER_GAP
    at = {box.id: box for box in boxes}
    lines = [_line(at[one], at[other]) for one, other in needs if one in at and other in at]
    return Layout(width, max(y - TIER_GAP + LEFT, TOP), boxes, lines, tiers)


def _ordered(bands: Mapping[str, int], needs: Iterable[tuple[str, str]]) -> dict[int, list[str]]:
    """The nodes of each tier in an order with few crossings: each towards the middle of its neighbours (barycentre), down and up
    again a few times."""
    rows = defaultdict[int, list[str]](list)
    for one, band in bands.items():
        rows[band].append(one)
    ordered = {band: rows[band] for band in sorted(rows)}
    neighbours = defaultdict[str, list[str]](list)
    for one, other in needs:
        if one in bands and other in bands and bands[one] != bands[other]:
            neighbours[one].append(other)
            neighbours[other].append(one)
    place = {one: (index + 0.5) / len(row) for row in ordered.values() for index, one in enumerate(row)}
    tiers = list(ordered)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for band in tiers if down else reversed(tiers):
            weight = {}
            for one in ordered[band]:
                beyond = [place[n] for n in neighbours[one] if (bands[n] < band) == down]
                weight[one] = sum(beyond) / len(beyond) if beyond else place[one]
            ordered[band].sort(key=lambda one: weight[one])
            for index, one in enumerate(ordered[band]):
                place[one] = (index + 0.5) / len(ordered[band])
    return ordered


def _line(dependent: Box, provider: Box) -> Line:
    """From the lower border of the upper box to the upper border of the lower one; in one row from side to side."""
    if dependent.y == provider.y:
        return _beside(dependent, provider)
    over, under = (dependent, provider) if dependent.y < provider.y else (provider, dependent)
    start, end, half = (over.middle, over.bottom), (under.middle, under.y), (under.y - over.bottom) / 2
    if dependent is not over:
        start, end, half = end, start, -half
    bend = f"C{start[0]:.1f} {start[1] + half:.1f} {end[0]:.1f} {end[1] - half:.1f} {end[0]:.1f} {end[1]:.1f}"
    return Line(dependent.id, provider.id, f"M{start[0]:.1f} {start[1]:.1f} {bend}", start, end)


def _beside(dependent: Box, provider: Box) -> Line:
    right = dependent.x < provider.x
    start = (dependent.x + (WIDTH if right else 0), dependent.y + HEIGHT / 2)
    end = (provider.x + (0 if right else WIDTH), provider.y + HEIGHT / 2)
    low = dependent.y + HEIGHT / 2 + (0 if abs(end[0] - start[0]) <= GAP_X else HEIGHT / 2 + GAP_Y / 2)
    path = f"M{start[0]:.1f} {start[1]:.1f} C{start[0]:.1f} {low:.1f} {end[0]:.1f} {low:.1f} {end[0]:.1f} {end[1]:.1f}"
    return Line(dependent.id, provider.id, path, start, end)
