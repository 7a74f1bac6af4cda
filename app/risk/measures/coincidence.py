"""How unlikely it is by chance that things fail at the same time, and what is left of that when many pairs are looked at.

F failures of the one, p the share of the time near a failure of the other. T tests.
"""

from __future__ import annotations

import numpy as np

from app.risk.jit import Array


def time_near(starts: Array, seconds: float, begin: float, end: float) -> float:
    """Share of the time from `begin` to `end` that lies within `seconds` of one of the `starts` (float64[F], sorted).

    Example by hand: starts at 100 and 110 of 0..1000, 20 seconds: 80..130, a share of .05.
    """
    if not len(starts) or end <= begin:
        return 0.0
    low, high = np.maximum(starts - seconds, begin), np.minimum(starts + seconds, end)
    covered = np.concatenate([[begin], np.maximum.accumulate(high)[:-1]])
    return float(np.maximum(high - np.maximum(low, covered), 0.0).sum() / (end - begin))


def by_chance(together: Array, failures: Array, near: Array) -> Array:
    """P(at least `together` of `failures` fall into a share `near` of the time), each by itself: the upper tail of the binomial.

    Example by hand: 2 of 2 at a share of .01: .0001; 0 of 5: 1.
    """
    from scipy.special import betainc

    together, failures, near = (np.asarray(one, np.float64) for one in (together, failures, near))
    k = np.maximum(together, 1.0)
    return np.where(together <= 0, 1.0, betainc(k, np.maximum(failures - k, 0.0) + 1.0, np.minimum(near, 1.0)))


def false_discoveries(chances: Array, tests: int) -> Array:
    """Of those with so small a chance or a smaller one, the share that is expected to be chance alone: Benjamini and Hochberg.
    `tests`: how many were made; those that are not listed had a chance of 1.

    Example by hand: chances .001 and .02 of 10 tests: .01 and .1.
    """
    order = np.argsort(chances, kind="stable")
    ranked = np.minimum(chances[order] * tests / np.arange(1, len(chances) + 1), 1.0)
    shares = np.empty(len(chances))
    shares[order] = np.minimum.accumulate(ranked[::-1])[::-1]
    return shares
