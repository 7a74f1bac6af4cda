"""Problem areas: loss attributed to the CI that started it, added up by an attribute; each column adds up to the same total.

Letters: N CIs, A areas. Unknown money or customers are NaN in the sums' inputs' counts, never zero: an area whose every loss is unknown is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from app.domain.errors import InvalidInput
from app.risk.jit import Array

MEASURES = ("money_per_year", "customer_hours_per_year", "service_hours_per_year", "services_hit")


@dataclass(frozen=True, slots=True)
class Ranking:
    """Areas worst first: `area` codes (A), each measure by area in the same order, the measure ranked by, its total, shares adding up to 1."""

    area: Array  # int64[A]
    members: Array  # int64[A] CIs of the area
    values: Mapping[str, Array]  # float64[A] by measure
    measure: str
    total: float
    share: Array  # float64[A]


def measure_of(values: Mapping[str, Array]) -> str:
    """The measure a ranking goes by: money, else customer-hours, else service-hours, else services hit: the first that knows a loss at all.

    >>> measure_of({"money_per_year": np.array([np.nan]), "customer_hours_per_year": np.array([0.0]), "service_hours_per_year": np.array([2.0])})
    'service_hours_per_year'
    """
    for name in MEASURES[:-1]:
        if name in values and np.nansum(values[name]) > 0:
            return name
    return MEASURES[-1]


def add_up(codes: Array, count: int, values: Array) -> Array:
    """Sums by code (float64[count]); rows with code < 0 are left out; an area where every row is NaN is NaN.

    >>> add_up(np.array([0, 1, 1, 1]), 3, np.array([np.nan, 1.0, np.nan, 2.0])).tolist()
    [nan, 3.0, 0.0]
    """
    inside = codes >= 0
    known = inside & ~np.isnan(values)
    sums = np.bincount(codes[known], weights=values[known], minlength=count).astype(np.float64)
    rows, heard = np.bincount(codes[inside], minlength=count), np.bincount(codes[known], minlength=count)
    sums[(rows > 0) & (heard == 0)] = np.nan
    return sums


def rank(codes: Array, count: int, values: Mapping[str, Array], measure: str, tie: Array | None = None) -> Ranking:
    """Areas by falling `measure`, ties by `tie` (int[count], default the code). `codes` int[N]: the area of each CI, -1 none.

    Shares are of the measure's total over all areas and add up to 1 (0 everywhere where the total is 0). InvalidInput for an unknown measure.
    """
    if measure not in values:
        raise InvalidInput(f"no measure {measure}")
    sums = {name: add_up(codes, count, column) for name, column in values.items()}
    members = np.bincount(codes[codes >= 0], minlength=count)
    present = np.flatnonzero(members)
    by = np.nan_to_num(sums[measure][present])
    order = present[np.lexsort((present if tie is None else tie[present], -by))]
    total = float(np.nansum(sums[measure]))
    share = np.nan_to_num(sums[measure][order]) / total if total > 0 else np.zeros(len(order))
    return Ranking(order, members[order], {name: column[order] for name, column in sums.items()}, measure, total, share)
