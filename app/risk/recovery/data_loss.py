"""How much data a service loses at worst when everything that it needs comes back from its backups (RPO, model 1.11).

Rule: a CI that holds data comes back as it was an interval ago, and what a CI passes on is late by its lag, so
W_v = lag_v + max(interval_v, W_u over hard and supply needs, and of each group the needed-th smallest W among the members that
hold data or pass it on; where fewer do, the largest). CIs that need each other: their lags together on top of the largest. The
mean is half of the worst. N CIs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import CompiledGraph, Flat
from app.risk.jit import Array, Floats, kernel


class DataLoss(NamedTuple):
    """N CIs by position. A CI that holds no data and needs none that does loses none that is known: NaN."""

    worst_hours: Array  # float64[N]
    holder: Array  # int32[N] the CI whose interval counts, -1 none
    rough: Array  # bool[N] an upper bound: CIs that need each other lie on the way


@kernel
def _losses(flat: Flat, interval: Floats, lag: Floats) -> tuple[Array, Array, Array]:
    """(worst, holder, rough); interval and lag float64[N], NaN: holds no data, none."""
    size = len(interval)
    worst, holder, rough = np.full(size, np.nan), np.full(size, -1, np.int32), np.zeros(size, np.bool_)
    members = 0
    for g in range(len(flat.group_needed)):
        members = max(members, flat.member_ptr[g + 1] - flat.member_ptr[g])
    losses, at = np.empty(members), np.empty(members, np.int32)
    first = 0
    while first < size:
        end = first + 1
        while end < size and flat.component[end] == flat.component[first]:
            end += 1
        together, most, by, bound = 0.0, -1.0, -1, end - first > 1
        for v in range(first, end):
            together += 0.0 if np.isnan(lag[v]) else lag[v]
            if interval[v] > most:
                most, by = interval[v], v
            for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
                u = flat.reverse[e]
                if worst[u] > most:
                    most, by = worst[u], holder[u]
                bound = bound or rough[u]
            for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
                count = 0
                for e in range(flat.member_ptr[g], flat.member_ptr[g + 1]):
                    u = flat.member[e]
                    if worst[u] >= 0.0:
                        losses[count], at[count] = worst[u], u
                        count += 1
                        bound = bound or rough[u]
                if count > 0:
                    order = np.argsort(losses[:count], kind="mergesort")
                    u = at[order[min(max(flat.group_needed[g], 1), count) - 1]]
                    if worst[u] > most:
                        most, by = worst[u], holder[u]
        if by >= 0:
            for v in range(first, end):
                worst[v], holder[v], rough[v] = most + together, by, bound
        first = end
    return worst, holder, rough


def data_loss(compiled: CompiledGraph, interval: Array, lag: Array) -> DataLoss:
    """Return the worst loss of every CI; interval and lag float64[N] by position (NaN: holds no data; no lag).

    Example by hand: S on an application with a lag of .5 on a database with a backup every 24 h that takes 2 h to be safe:
    .5 + 2 + 24 = 26.5 hours at worst.
    """
    return DataLoss(*_losses(compiled.flat, interval, lag))
