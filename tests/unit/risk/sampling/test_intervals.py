"""Intervals cover what they say: counted over a thousand seeds, compared with their exact coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from app.domain.errors import InvalidInput
from app.risk.sampling.intervals import (
    Intervals,
    binomial_quantile,
    clopper_pearson,
    mean_interval,
    quantile_interval,
    share_interval,
    wilson,
    zero_hits_limit,
)
from app.risk.sampling.own_failures import BLOCK_WORLDS
from app.risk.sampling.worlds import sample_worlds
from tests.builders import estate

SEEDS = 1000


@pytest.fixture(scope="module")
def hits() -> dict[float, np.ndarray]:
    """Worlds of one block in which S is down, for a thousand seeds and several unavailabilities of the one CI it needs."""
    found = {}
    for q in (0.0005, 0.003, 0.2):
        compiled = estate("S; a", hard="S>a", profiles={"a": {"unavailability": q}, "S": {"unavailability": 0}}).compiled
        found[q] = np.array([sample_worlds(compiled, seed, 0, 1).failed[0] for seed in range(SEEDS)])
    return found


def covered(interval: Intervals, q: float) -> np.ndarray:
    return np.asarray((interval.low <= q) & (q <= interval.high))


def coverage(method: object, q: float, level: float) -> float:
    """The exact probability that the interval of a binomial count covers q."""
    counts = np.arange(BLOCK_WORLDS + 1)
    return float(binom.pmf(counts, BLOCK_WORLDS, q)[covered(method(counts, BLOCK_WORLDS, level), q)].sum())  # type: ignore[operator]


@pytest.mark.parametrize("level", (0.8, 0.95))
@pytest.mark.parametrize("q", (0.0005, 0.003, 0.2))
@pytest.mark.parametrize("method", (wilson, clopper_pearson))
@pytest.mark.slow
def test_a_thousand_seeds_are_covered_as_often_as_they_should(
    hits: dict[float, np.ndarray], method: object, q: float, level: float
) -> None:
    want = coverage(method, q, level)
    got = covered(method(hits[q], BLOCK_WORLDS, level), q).sum()  # type: ignore[operator]
    assert abs(got - SEEDS * want) < 4.5 * math.sqrt(SEEDS * want * (1 - want))
    assert want >= level if method is clopper_pearson else abs(want - level) < (0.03 if q > 0.001 else 0.12)
    narrow = covered(method(hits[q], BLOCK_WORLDS, 0.5), q).sum()  # type: ignore[operator]
    assert abs(narrow - SEEDS * want) > 4.5 * math.sqrt(SEEDS * want * (1 - want))  # the test can fail


@pytest.mark.compiled
def test_counts_of_a_thousand_seeds_are_binomial(hits: dict[float, np.ndarray]) -> None:
    for q, counts in hits.items():
        variance = BLOCK_WORLDS * q * (1 - q)
        assert abs(counts.mean() - BLOCK_WORLDS * q) < 4.5 * math.sqrt(variance / SEEDS)
        assert abs(counts.var() / variance - 1) < 4.5 * math.sqrt(2 / SEEDS)


def test_wilson_covers_its_level_on_average() -> None:
    chances = np.linspace(0.001, 0.02, 60)
    assert np.mean([coverage(wilson, q, 0.95) for q in chances]) == pytest.approx(0.95, abs=0.004)


def test_the_ends() -> None:
    for method in (wilson, clopper_pearson):
        low, high = method(np.array([0, 10, 0]), np.array([10, 10, 0]))
        assert low.tolist()[0] == 0 and high.tolist()[1:] == [1, 1] and low[2] == 0
        assert 0 < high[0] < 0.35 and 0.65 < low[1] < 1
    # (1 - p)^n = .025 and by symmetry
    assert clopper_pearson(0, 10).high == pytest.approx(1 - 0.025**0.1)
    assert clopper_pearson(10, 10).low == pytest.approx(0.025**0.1)
    assert zero_hits_limit(1000) == pytest.approx(3 / 1000, rel=0.002)
    assert zero_hits_limit(0) == zero_hits_limit(1) == 1.0
    with pytest.raises(InvalidInput):
        wilson(1, 10, 1.0)


def test_shares_between_zero_and_one_have_narrower_intervals() -> None:
    assert share_interval(30.0, 30.0, 1000.0) == pytest.approx(tuple(map(float, wilson(30, 1000))))
    low, high = share_interval(30.0, 15.0, 1000.0)
    assert wilson(30, 1000).low < low < 0.03 < high < wilson(30, 1000).high
    assert share_interval(0.0, 0.0, 1000.0).high == zero_hits_limit(1000)
    assert share_interval(500.0, 250.0, 1000.0) == (0.5, 0.5)


def test_means_and_quantiles_are_covered_at_their_level() -> None:
    rng = np.random.default_rng(5)
    means = quantiles = 0
    for _ in range(SEEDS):
        sample = np.sort(rng.exponential(size=60))
        low, high = mean_interval(rng.permutation(sample).reshape(12, 5).mean(axis=1))
        means += low <= 1 <= high
        low, high = quantile_interval(sample, 0.9)
        quantiles += low <= -math.log(0.1) <= high
    spread = 4.5 * math.sqrt(SEEDS * 0.95 * 0.05)
    assert abs(means - 0.95 * SEEDS) < spread + 0.015 * SEEDS  # means of five exponentials are not quite normal
    assert 0.95 * SEEDS - spread < quantiles <= SEEDS
    assert quantile_interval(np.arange(10.0), 0.99).high == math.inf
    assert mean_interval(np.array([1.0])) == (-math.inf, math.inf)


def test_the_quantile_of_a_binomial_count_is_that_of_scipy_stats() -> None:
    tails = [side for level in (0.5, 0.8, 0.9, 0.95, 0.99, 0.999) for side in ((1 - level) / 2, 1 - (1 - level) / 2)]
    shares = [0.0, 1e-5, 0.001, 0.05, 0.3, 0.5, 0.9, 0.99, 0.999, 1.0, *np.random.default_rng(1).random(30)]
    for trials in (1, 2, 3, 10, 59, 100, 1000, 12_345, 1_000_000):
        for p in shares:
            for q in tails:
                assert binomial_quantile(q, trials, p) == binom.ppf(q, trials, p), (q, trials, p)
