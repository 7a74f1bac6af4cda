"""Which inputs are worth asking for (model 1.13): those whose true value may change which areas are the k worst, by what that is
worth.

Each input is taken by itself, all others at what is expected of them, so the loss of its area moves with it alone and it changes
the k worst just where it carries the area over the edge between the k-th and the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from app.risk.jit import Array
from app.risk.study.uncertainty import BLOCK, OuterDraws, rate_factors, read_off, repair_factors

RATE_INPUT, REPAIR_INPUT = 0, 1
INPUTS = ("failures_per_year", "repair_hours")
KEPT = 1000  # questions that a study keeps
FAR = 1000.0  # no draw multiplies a value by more: an area that would need it is passed over


class Questions(NamedTuple):
    """Q questions, the one worth most first: the CI (position) and which of INPUTS; how likely its answer changes the k worst; by
    how much a year the loss of the k worst is expected to come closer to that of those which really are; 5 % and 95 % of the
    factor on the value."""

    ci: Array  # int64[Q]
    field: Array  # int64[Q]
    p_changes: Array  # float64[Q]
    gain: Array
    low: Array
    high: Array


def questions(
    outer: OuterDraws,
    codes: Array,
    count: int,
    k: int = 10,
    most: int = KEPT,
    listen: Callable[[float], None] = lambda share: None,
) -> Questions:
    """The `most` questions of the largest gain, for areas `codes` int[N] (-1 none) of `count`; those that change nothing are left
    out.

    Example by hand: areas that lose 30 and 20 a year, k = 1; the rate behind the 20 may be double or nothing, each one half of
    the time: 40 > 30 changes the worst with .5 and brings 10 in half of the cases, 5 on average. That behind the 30, if it may be
    15 or 45: 15 < 20 changes it with .5, 2.5 on average.
    """
    answer, ranges = outer.answer, outer.ranges
    unit = int(np.argmin(np.abs(answer.scales - 1.0)))
    base = answer.table[:, unit]
    inside = codes >= 0
    area = np.bincount(codes[inside], weights=base[inside], minlength=count)
    if count <= k:
        return Questions(*(np.zeros(0, np.int64),) * 2, *(np.zeros(0),) * 4)
    order = np.argsort(-area, kind="stable")
    among = np.zeros(count, np.bool_)
    among[order[:k]] = True
    last_in, first_out = area[order[k - 1]], area[order[k]]
    costing = np.flatnonzero(inside & (base > 0.0))
    rest = area[codes[costing]] - base[costing]
    near = np.where(among[codes[costing]], rest < first_out, rest + FAR * base[costing] > last_in)
    costing = costing[near]
    found: list[tuple[Array, ...]] = []
    for start in range(0, len(costing), BLOCK):
        rows = costing[start : start + BLOCK]
        one = np.ones((len(rows), outer.draws))
        of = codes[rows]
        for number, factors in (
            (RATE_INPUT, rate_factors(ranges, outer.ci_id, rows, outer.draws, outer.seed)),
            (REPAIR_INPUT, repair_factors(ranges, outer.ci_id, rows, outer.draws, outer.seed)),
        ):
            drawn = (
                base[rows, None] * factors if number == RATE_INPUT else read_off(answer.scales, answer.table[rows], one, factors)
            )
            then = (area[of] - base[rows])[:, None] + drawn
            over = np.where(among[of, None], first_out - then, then - last_in)
            p = (over > 0.0).mean(axis=1)
            ends = np.quantile(factors, (0.05, 0.95), axis=1)
            kept = np.flatnonzero(p > 0.0)
            gain = np.maximum(over, 0.0).mean(axis=1)
            found.append((rows[kept], np.full(len(kept), number), p[kept], gain[kept], ends[0][kept], ends[1][kept]))
        listen(min(1.0, (start + BLOCK) / len(costing)))
    if not found:
        return Questions(*(np.zeros(0, np.int64),) * 2, *(np.zeros(0),) * 4)
    whole = Questions(*(np.concatenate(column) for column in zip(*found, strict=True)))
    best = np.lexsort((outer.ci_id[whole.ci], whole.field, -whole.p_changes, -whole.gain))[:most]
    return Questions(*(column[best] for column in whole))
