"""Own failures of a cone given that there are at least two, at a cost that follows the failures and not the cone.

With S_i = sum of ln(1 - p_k) over k < i, the next failure after i is the first j with S_(j+1) - S_(i+1) <= ln u: a binary search.
The first of at least two is i with probability e^(S_i) p_i (1 - e^(S_n - S_(i+1))), and these add up to P(N >= 2) without
cancellation.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import AT_REST_DOWN, CompiledGraph
from app.risk.jit import Array, Floats, Int32s, Int64, UInt64, inner
from app.risk.sampling.streams import open_unit, two_words

BLOCK_SAMPLES = 1024
DRAWS = 65536  # random numbers a sample has room for


class Odds(NamedTuple):
    """n independent CIs, in order of ci_id, each down with 0 < p < 1."""

    position: Int32s  # int32[n] local
    p: Floats  # float64[n]
    log_none: Floats  # float64[n+1] S
    first: Floats  # float64[n] cumulated P(first = i, N >= 2)
    p_two: float  # P(N >= 2)


def odds_of(position: Array, p: Array) -> Odds:
    """Of CIs at `position` (int32[n]) that are down with probability p (float64[n]).

    >>> round(odds_of(np.array([0, 1]), np.array([0.1, 0.2])).p_two, 12)
    0.02
    """
    log_none = np.concatenate([[0.0], np.cumsum(np.log1p(-p))])
    one_after = -np.expm1(log_none[-1] - log_none[1:])
    first = np.cumsum(np.exp(log_none[:-1]) * p * one_after)
    return Odds(position.astype(np.int32), np.asarray(p, np.float64), log_none, first, float(first[-1]) if len(first) else 0.0)


def own_odds(compiled: CompiledGraph) -> Odds:
    """The CIs of a cut-out that fail by themselves now and then; unknown unavailabilities count as 0, those down at rest are
    constants.

    Example by hand: S (U = 0), a (U = .1), b (U unknown): a alone.
    """
    q = np.nan_to_num(compiled.unavailability)
    live = np.flatnonzero((q > 0.0) & (q < 1.0) & ((compiled.flat.flags & AT_REST_DOWN) == 0))
    live = live[np.argsort(compiled.ci_id[live], kind="stable")]
    return odds_of(live, q[live])


@inner
def uniform(seed: UInt64, key: Int64, purpose: int, block: int, index: int) -> float:
    """Random number `index` of a stream, in (0, 1].

    Example by hand: numbers 0 and 1 are the two words of one counter.
    """
    one, two = two_words(seed, key, purpose, block, index >> 1)
    return open_unit(two if index & 1 else one)


@inner
def _next(log_none: Floats, after: int, drop: float) -> int:
    """The first j > after with S_(j+1) - S_(after+1) <= drop, or n."""
    bound = log_none[after + 1] + drop
    low, high = after + 1, len(log_none) - 1
    while low < high:
        middle = (low + high) // 2
        if log_none[middle + 1] <= bound:
            high = middle
        else:
            low = middle + 1
    return low


@inner
def draw_more(
    odds: Odds, seed: UInt64, key: Int64, purpose: int, block: int, index: int, after: int, out: Int32s, count: int
) -> int:
    """Append to out[:count] the failures after number `after` (-1: all), drawn from `index` on; the new count.

    Example by hand: p = .5 each, u = .3, ln .3 = -1.2 <= 2 ln .5 = -1.39 is wrong, so the next but one fails, if u > .25.
    """
    while True:
        after = _next(odds.log_none, after, math.log(uniform(seed, key, purpose, block, index)))
        index += 1
        if after >= len(odds.p) or count == len(out):
            return count
        out[count] = after
        count += 1


@inner
def draw_two(odds: Odds, seed: UInt64, key: Int64, purpose: int, block: int, index: int, out: Int32s) -> int:
    """Numbers (ascending) of the failures given N >= 2 into `out`; how many.

    Example by hand: of two CIs both fail, whatever is drawn.
    """
    n = len(odds.p)
    first = min(int(np.searchsorted(odds.first, uniform(seed, key, purpose, block, index) * odds.p_two)), n - 2)
    one_after = -math.expm1(odds.log_none[n] - odds.log_none[first + 1])
    second = min(_next(odds.log_none, first, math.log1p(-uniform(seed, key, purpose, block, index + 1) * one_after)), n - 1)
    out[0], out[1] = first, second
    return draw_more(odds, seed, key, purpose, block, index + 2, second, out, 2)
