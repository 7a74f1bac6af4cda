"""The measured effect against simulated histories whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from app.risk.measures.measured_effect import Period, Watched, measured_effect


def lived(rng: np.random.Generator, rate: float, years: float, median: float, sigma: float) -> Period:
    count = int(rng.poisson(rate * years))
    return Period(years, count, rng.lognormal(np.log(median), sigma, count).tolist())


def coverage(histories: int) -> float:
    rng, held = np.random.default_rng(11), 0
    for number in range(histories):
        truth, watched = 0.0, []
        for _ in range(int(rng.integers(1, 4))):
            rate, median, sigma, cost = rng.uniform(3, 15), rng.uniform(0.5, 6), rng.uniform(0.6, 1.0), rng.uniform(50, 500)
            after, shorter = rate * rng.choice((0.3, 0.7, 1.0)), median * rng.choice((0.5, 1.0))
            truth += cost * np.exp(sigma**2 / 2) * (rate * median - after * shorter)
            periods = lived(rng, rate, 2.0, median, sigma), lived(rng, after, rng.uniform(1, 2), shorter, sigma)
            watched.append(Watched(*periods, cost, sigma))
        found = measured_effect(watched, number, 1000)
        held += found is not None and found.low <= truth <= found.high
    return held / histories


@pytest.mark.slow
def test_nine_in_ten_intervals_hold_the_truth() -> None:
    assert 0.87 <= coverage(3000) <= 0.93


def test_by_hand() -> None:
    """(10.25 - 5.25) * 100 where all outages last an hour and the class says that they do."""
    found = measured_effect([Watched(Period(2.0, 20, [1.0] * 20), Period(2.0, 10, [1.0] * 10), 100.0, 1e-6)])
    assert found is not None and found.less == pytest.approx(500.0, rel=0.02) and found.low < 500 < found.high


@pytest.mark.parametrize(
    "watched",
    [
        [],
        [Watched(Period(0.0, 0, []), Period(1.0, 0, []), 1.0, 1.0)],
        [Watched(Period(1.0, 0, []), Period(1.0, 2, []), 1.0, 1.0)],
    ],
)
def test_what_was_not_seen_is_not_measured(watched: list[Watched]) -> None:
    assert measured_effect(watched) is None


def test_nothing_changed_is_not_told_from_nothing() -> None:
    same = Period(2.0, 12, [1.0, 2.0, 4.0] * 4)
    found = measured_effect([Watched(same, same, 100.0, 0.7)])
    assert found is not None and found.low < 0 < found.high
