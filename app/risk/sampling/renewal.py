"""Up and down times of each CI of a cone: alternating renewal, keyed (seed, ci_id, block of years), from a stationary start
(model 1.5).

Up time: exponential with the rate. Restore time: exponential, lognormal with mean m and sigma (mu = ln m - sigma^2 / 2), or fixed
(sigma 0 or FIXED). A block starts in steady state: down with probability U, and then for the rest of the restore time, which has
density S(t) / m: exponential again, a uniform part of a length-biased lognormal (mu + sigma^2), a uniform part of a fixed time
(Cox, Renewal Theory, 1962).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from app.domain.quantities import HOURS_PER_YEAR
from app.risk.graph.compiled import AT_REST_DOWN, CompiledGraph
from app.risk.jit import Floats, Int32s, Int64s, UInt64, inner
from app.risk.measures.loss import FIXED
from app.risk.sampling.streams import RESTORE, START, UP_TIME, open_unit, two_words


class Renewal(NamedTuple):
    """n CIs by local position."""

    key: Int64s  # int64[n] ci_id
    rate: Floats  # float64[n] failures per hour of up time, 0: never fails here
    mean: Floats  # float64[n] restore time, hours
    sigma: Floats  # float64[n] NaN exponential, 0 or FIXED a fixed time
    p_down: Floats  # float64[n] in steady state


class LeftOut(NamedTuple):
    """CIs of a cone that never fail in simulated years although they may in truth."""

    without_restore_time: int  # their unavailability was given, but no restore time
    unknown: int  # their rate or restore time is unknown


def renewal_of(compiled: CompiledGraph) -> tuple[Renewal, LeftOut]:
    """Rates and restore times in hours, and how many CIs cannot take part.

    Example by hand: 8.766 failures a year of up time, 10 h: .001 per hour, down with probability .01 / 1.01.
    """
    rate, mean = compiled.failures_per_year / HOURS_PER_YEAR, compiled.repair_hours
    live = (compiled.flat.flags & AT_REST_DOWN) == 0
    with np.errstate(invalid="ignore"):
        part = live & (rate > 0.0) & (mean > 0.0) & np.isfinite(rate * mean)
    rate, mean = np.where(part, rate, 0.0), np.where(part, mean, 0.0)
    given = live & ~part & (compiled.unavailability > 0.0) & (compiled.unavailability < 1.0)
    unknown = live & np.isnan(compiled.unavailability)
    renewal = Renewal(compiled.ci_id, rate, mean, np.ascontiguousarray(compiled.repair_sigma), rate * mean / (1.0 + rate * mean))
    return renewal, LeftOut(int(given.sum()), int(unknown.sum()))


@inner
def _normal(first: UInt64, second: UInt64) -> float:
    """A standard normal number from two words (Box, Muller 1958)."""
    return math.sqrt(-2.0 * math.log(open_unit(first))) * math.cos(2.0 * math.pi * open_unit(second))


@inner
def _is_fixed(sigma: float) -> bool:
    return sigma == 0.0 or sigma == FIXED


@inner
def up_time(ren: Renewal, seed: UInt64, block: int, i: int, number: int) -> float:
    """Hours until the next failure of CI i, its up time number `number` in the block.

    Example by hand: u = e^-1 and .001 per hour: 1,000 h.
    """
    first, _ = two_words(seed, ren.key[i], UP_TIME, block, number)
    return -math.log(open_unit(first)) / ren.rate[i]  # type: ignore[no-any-return]


@inner
def restore_time(ren: Renewal, seed: UInt64, block: int, i: int, number: int) -> float:
    """Hours until CI i is restored, after failure number `number` of the block.

    Example by hand: fixed: the mean itself.
    """
    mean, sigma = ren.mean[i], ren.sigma[i]
    if _is_fixed(sigma):
        return mean  # type: ignore[no-any-return]
    first, second = two_words(seed, ren.key[i], RESTORE, block, number)
    if math.isnan(sigma):
        return -mean * math.log(open_unit(first))  # type: ignore[no-any-return]
    return mean * math.exp(sigma * _normal(first, second) - 0.5 * sigma * sigma)  # type: ignore[no-any-return]


@inner
def start_state(ren: Renewal, seed: UInt64, block: int, i: int) -> tuple[bool, float]:
    """Whether CI i is down at the start of the block, and the hours until that changes.

    Example by hand: a fixed restore time of 10 h, down with probability U, then for u * 10 h more.
    """
    first, second = two_words(seed, ren.key[i], START, block, 0)
    if open_unit(first) > ren.p_down[i]:
        return False, up_time(ren, seed, block, i, 0)
    mean, sigma = ren.mean[i], ren.sigma[i]
    if math.isnan(sigma):
        return True, -mean * math.log(open_unit(second))
    if _is_fixed(sigma):
        return True, mean * open_unit(second)
    one, two = two_words(seed, ren.key[i], START, block, 1)
    return True, open_unit(second) * mean * math.exp(sigma * _normal(one, two) + 0.5 * sigma * sigma)


@inner
def sift_down(heap: Int32s, size: int, at: int, time: Floats, key: Int64s) -> None:
    """Restore the order of a heap of CIs by (time, ci_id) below place `at`.

    Example by hand: the heap (5 h, 2 h, 3 h) of three CIs becomes (2 h, 5 h, 3 h).
    """
    item = heap[at]
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and _earlier(heap[child + 1], heap[child], time, key):
            child += 1
        if not _earlier(heap[child], item, time, key):
            break
        heap[at] = heap[child]
        at = child
    heap[at] = item


@inner
def _earlier(i: int, j: int, time: Floats, key: Int64s) -> bool:
    return time[i] < time[j] or (time[i] == time[j] and key[i] < key[j])  # type: ignore[no-any-return]
