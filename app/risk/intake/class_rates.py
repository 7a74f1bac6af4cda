"""What the incidents of a class say of the rates of its CIs (model 1.13): shape and mean of the Gamma distribution they come
from.

Where a class begins is the class table: half of its variance is that of the mean of the class, the other half lies between its
CIs. All its watched CIs move it, the silent ones too, as far as they say something. A class is never one pair of figures: with
few incidents many pairs fit, and a rate that leaves that out is surer than it may be.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.domain.ci_classes import CiClass
from app.risk.jit import Array

HALF = 0.5  # share of the table's variance that all CIs of a class have in common [a proposal]
SHAPE_SPREAD = 1.0  # how sure the table is of the spread between CIs: sigma of the logarithm of the shape [a proposal]
NEVER = (0.05, 1.5)  # rate and spread where the table says that a class never fails by itself, and it is watched
MEANS, SHAPES = 17, 11  # nodes of the grid
BLOCK = 16_384  # pairs whose means are taken at once
WIDTHS = (4.5, 4.0, 3.5)  # half widths in standard deviations, grid after grid


class ClassRates(NamedTuple):
    """K Gamma distributions from which the rates of a class may come, with their weights."""

    shape: Array  # float64[K]
    years: Array  # float64[K], shape / mean
    weight: Array  # float64[K], adds up to 1

    def mean(self, incidents: Array, years: Array) -> Array:
        """Posterior mean rate of CIs with n incidents in T years each: the mean of (a + n) / (b + T) over the nodes.

        >>> one = ClassRates(np.array([0.5]), np.array([0.0]), np.array([1.0]))  # C30, Jeffreys: 2.5 / 3
        >>> one.mean(np.array([2]), np.array([3.0])).tolist()
        [0.8333333333333334]
        """
        pairs, back, _ = _pairs_with_times(incidents, years)
        means = [
            ((self.shape + part[:, :1]) / (self.years + part[:, 1:]) * self.weight).sum(axis=1)
            for part in np.array_split(pairs, 1 + len(pairs) // BLOCK)
        ]
        return np.asarray(np.concatenate(means)[back])

    def interval(self, incidents: float, years: float, level: float = 0.9) -> tuple[float, float]:
        """Equal-tailed credible interval of the rate of a CI with n incidents in T years, found by halving.

        >>> one = ClassRates(np.array([0.5]), np.array([0.0]), np.array([1.0]))  # C30
        >>> [round(end, 6) for end in one.interval(2, 3.0)]
        [0.190913, 1.845083]
        """
        from scipy.special import gammainc

        ends = []
        for share in ((1.0 - level) / 2, (1.0 + level) / 2):
            low, high = -60.0, 20.0  # of the logarithm
            for _ in range(80):
                middle = (low + high) / 2
                below = float((self.weight * gammainc(self.shape + incidents, (self.years + years) * np.exp(middle))).sum())
                low, high = (middle, high) if below < share else (low, middle)
            ends.append(float(np.exp((low + high) / 2)))
        return ends[0], ends[1]

    def prior(self) -> tuple[float, float]:
        """Shape and years of the Gamma distribution with the mean of the class and the mean of the shapes' logarithms."""
        rate = float((self.weight * self.shape / self.years).sum())
        shape = float(np.exp((self.weight * np.log(self.shape)).sum()))
        return shape, shape / rate


def begin_of(row: CiClass) -> tuple[float, float, float]:
    """Median rate of the class, spread of its logarithm, and shape between CIs, as the class table has them.

    >>> from app.domain.ci_classes import ci_classes
    >>> [round(value, 4) for value in begin_of(ci_classes()["other"])]   # .5 a year, sigma 1.2: .72 shared, .72 own
    [0.3488, 0.8485, 0.9484]
    """
    rate, sigma = (row.failures_per_year, max(row.failures_sigma, 0.1)) if row.failures_per_year > 0 else NEVER
    shared = HALF * sigma**2
    return float(rate * np.exp(-shared / 2)), float(np.sqrt(shared)), float(1 / np.expm1(sigma**2 - shared))


def class_rates(row: CiClass, incidents: Array, years: Array) -> ClassRates:
    """The distributions of a class, from the counts n over exposures T of its watched CIs: lognormal begin for mean and shape,
    and the negative binomial likelihood of the counts, on a grid that is laid again twice where the weight lies.

    Example by hand: no CI watched: the mean over the nodes is that of the table, .5 a year for `other`.
    """
    median, spread, shape = begin_of(row)
    centre, width = np.array([np.log(median), np.log(shape)]), np.array([spread, SHAPE_SPREAD])
    begin_centre, begin_width = centre, width
    # to a thousandth: hours out make nearly every exposure another one
    pairs, _, times = _pairs_with_times(incidents, np.exp(np.round(np.log(np.asarray(years, np.float64)), 3)))
    for reach in WIDTHS:
        axes = [c + w * np.linspace(-reach, reach, n) for c, w, n in zip(centre, width, (MEANS, SHAPES), strict=True)]
        grid = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")])
        off = (grid - begin_centre[:, None]) / begin_width[:, None]
        log_weight = _log_likelihood(grid, pairs, times) - 0.5 * (off**2).sum(axis=0)
        weight = np.exp(log_weight - log_weight.max())
        weight /= weight.sum()
        centre = (grid * weight).sum(axis=1)
        step = np.array([axis[1] - axis[0] for axis in axes])
        width = np.maximum(np.sqrt(((grid - centre[:, None]) ** 2 * weight).sum(axis=1)), 0.5 * step)
    shapes = np.exp(grid[1])
    return ClassRates(shapes, shapes / np.exp(grid[0]), weight)


def _log_likelihood(grid: Array, pairs: Array, times: Array) -> Array:
    """float64[K]: logarithm of the chance of the counts, without what is the same for all nodes."""
    if not len(pairs):
        return np.zeros(grid.shape[1])
    from scipy.special import gammaln  # takes a quarter of a second to import, and few estates need it

    shape, years = np.exp(grid[1]), np.exp(grid[1] - grid[0])
    n, t = pairs[:, :1], pairs[:, 1:]
    counts, at = np.unique(pairs[:, 0], return_inverse=True)
    rising = (gammaln(shape + counts[:, None]) - gammaln(shape))[at]
    return np.asarray((times[:, None] * (rising + shape * np.log(years) - (shape + n) * np.log(years + t))).sum(axis=0))


def _pairs_with_times(incidents: Array, years: Array) -> tuple[Array, Array, Array]:
    """The different pairs of count and exposure, float64[P, 2], which of them each CI has, and how many have each: most CIs of a
    class are silent over the same years."""
    n, t = np.asarray(incidents, np.int64), np.asarray(years, np.float64)
    spans, code = np.unique(t, return_inverse=True)
    width = int(n.max()) + 1 if len(n) else 1
    keys, back, times = np.unique(code.reshape(-1) * width + n, return_inverse=True, return_counts=True)
    return (
        np.stack([keys % width, spans[keys // width] if len(keys) else keys], axis=1).astype(np.float64),
        back.reshape(-1),
        times,
    )
