"""Thresholds of independent events: plain and banded recursions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import binom

from app.risk.exact.formula.votes import slopes_large, slopes_small, vote_chance, vote_large, vote_slopes, vote_small


@pytest.mark.parametrize("need", [1, 3, 10, 20])
def test_weighted_against_every_state(need: int) -> None:
    rng = np.random.default_rng(need)
    weight, q = rng.integers(1, 5, 11).astype(np.int32), rng.random(11)
    total, slopes = 0.0, np.zeros(11)
    for bits in itertools.product((0, 1), repeat=11):
        on = np.array(bits)
        p = float(np.prod(np.where(on, q, 1 - q)))
        rest = (on * weight).sum() - on * weight
        total += p * ((on * weight).sum() >= need)
        slopes += p * ((rest < need) & (rest + weight >= need))
    up, down = vote_chance(q, 1 - q, weight, need)
    assert (up, down) == pytest.approx((total, 1 - total), rel=1e-12)
    made = np.empty(11)
    vote_slopes(q, 1 - q, weight, need, made)
    assert made == pytest.approx(slopes, rel=1e-12)


@pytest.mark.parametrize("count, need", [(3, 2), (50, 20), (50, 45), (400, 150), (2000, 1990)])
@pytest.mark.compiled
def test_banded_equals_plain(count: int, need: int) -> None:
    rng = np.random.default_rng(count)
    q = 0.2 + 0.7 * rng.random(count)
    ones = np.ones(count, np.int32)
    assert vote_large(q, 1 - q, need) == pytest.approx(vote_small(q, 1 - q, ones, need), rel=1e-10)
    a, b = np.empty(count), np.empty(count)
    slopes_small(q, 1 - q, ones, need, a)
    slopes_large(q, 1 - q, need, b)
    assert b == pytest.approx(a, rel=1e-9)


@pytest.mark.compiled
def test_a_hundred_thousand_members() -> None:
    count = 100_000
    q, ones = np.full(count, 0.3), np.ones(count, np.int32)
    for need in (30_000, 33_000):
        up, down = vote_chance(q, 1 - q, ones, need)
        assert up == pytest.approx(float(binom.sf(need - 1, count, 0.3)), rel=1e-8)
        assert down == pytest.approx(float(binom.cdf(need - 1, count, 0.3)), rel=1e-8)
    fewer = 30_000  # their time grows with the square
    slope = np.empty(fewer)
    vote_slopes(q[:fewer], 1 - q[:fewer], ones[:fewer], 9_300, slope)
    assert slope == pytest.approx(np.full(fewer, float(binom.pmf(9_299, fewer - 1, 0.3))), rel=1e-8)
