"""The geometry of charts: values in, places in a drawing out. The drawings are in charts.html."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, LABELS, FIGURES, ROW = 640, 210, 90, 26  # of a bar chart: all of it, the labels to the left, the figures to the right
CURVE_WIDTH, CURVE_HEIGHT, LEFT, BOTTOM, TOP = 640, 240, 70, 34, 14
LONGEST_LABEL = 28


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: its value, the ends of its range where one is known, and where its name leads."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    href: str = ""


@dataclass(frozen=True, slots=True)
class DrawnBar:
    bar: Bar
    label: str
    y: int
    width: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class DrawnBars:
    width: int
    height: int
    left: int
    rows: Sequence[DrawnBar]


def drawn_bars(bars: Sequence[Bar]) -> DrawnBars:
    """Returns bars from a common zero; what is below zero, or unknown, has no bar and is told by its figure.

    >>> row = drawn_bars([Bar("a", 5.0, 2.5, 10.0)]).rows[0]
    >>> row.width, row.low, row.high
    (170.0, 295.0, 550.0)
    """
    most = max((end for bar in bars for end in (bar.value, bar.high) if end is not None and math.isfinite(end)), default=0.0)
    scale = (WIDTH - LABELS - FIGURES) / most if most > 0 else 0.0

    def place(value: float | None) -> float | None:
        return None if value is None or not math.isfinite(value) else round(LABELS + max(value, 0.0) * scale, 1)

    rows = [
        DrawnBar(
            bar,
            bar.label if len(bar.label) <= LONGEST_LABEL else bar.label[: LONGEST_LABEL - 1] + "…",
            number * ROW,
            (place(bar.value) or LABELS) - LABELS,
            place(bar.low),
            place(bar.high),
        )
        for number, bar in enumerate(bars)
    ]
    return DrawnBars(WIDTH, max(len(rows), 1) * ROW, LABELS, rows)


@dataclass(frozen=True, slots=True)
class Mark:
    """A value of x that matters, with its name."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Curve:
    """`path`: of the line; ticks and marks: place and what is said there."""

    width: int
    height: int
    left: int
    floor: int
    top: int
    path: str
    x_ticks: Sequence[tuple[float, float]]
    y_ticks: Sequence[tuple[float, float]]
    marks: Sequence[tuple[float, str]]


def drawn_curve(points: Sequence[Sequence[float]], marks: Sequence[Mark] = (), steps: bool = False) -> Curve:
    """Returns a curve through points (x, y), x rising; `steps`: level from each point to the next, else straight between them.

    >>> drawn_curve([(0, 0), (2, 10)]).path
    'M70.0 206.0 L640.0 14.0'
    """
    floor = CURVE_HEIGHT - BOTTOM
    right = max([*(point[0] for point in points), *(mark.x for mark in marks)], default=0.0) or 1.0
    most = max((point[1] for point in points), default=0.0) or 1.0

    def across(x: float) -> float:
        return round(LEFT + x / right * (CURVE_WIDTH - LEFT), 1)

    def up(y: float) -> float:
        return round(floor - y / most * (floor - TOP), 1)

    path = ""
    for x, y in points:
        path += f"M{across(x)} {up(y)}" if not path else f" H{across(x)} V{up(y)}" if steps else f" L{across(x)} {up(y)}"
    return Curve(
        CURVE_WIDTH,
        CURVE_HEIGHT,
        LEFT,
        floor,
        TOP,
        path,
        [(across(x), x) for x in ticks(right)],
        [(up(y), y) for y in ticks(most)],
        [(across(mark.x), mark.label) for mark in marks],
    )


def ticks(most: float, wanted: int = 5) -> list[float]:
    """Returns round numbers from 0 to `most`, about as many as wanted.

    >>> ticks(9.0), ticks(0.04)
    ([0.0, 2.0, 4.0, 6.0, 8.0], [0.0, 0.01, 0.02, 0.03, 0.04])
    """
    rough = most / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= rough)
    return [round(number * step, 12) for number in range(int(most / step + 1e-9) + 1)]
