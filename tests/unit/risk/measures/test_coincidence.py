"""What happens together by chance, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from app.risk.measures.coincidence import by_chance, false_discoveries, time_near


def test_time_near_counts_what_overlaps_once_and_ends_with_the_window() -> None:
    assert time_near(np.asarray([100.0, 110.0]), 20.0, 0.0, 1000.0) == pytest.approx(0.05)
    assert time_near(np.asarray([0.0, 1000.0]), 20.0, 0.0, 1000.0) == pytest.approx(0.04)
    assert time_near(np.zeros(0), 20.0, 0.0, 1000.0) == 0.0


def test_by_chance_is_the_upper_tail_of_the_binomial() -> None:
    told = by_chance(np.asarray([2, 0, 1]), np.asarray([2, 5, 3]), np.asarray([0.01, 0.5, 0.1]))
    assert told.tolist() == pytest.approx([1e-4, 1.0, 1 - 0.9**3])


def test_false_discoveries_never_fall_with_the_chance() -> None:
    assert false_discoveries(np.asarray([0.02, 0.001]), 10).tolist() == pytest.approx([0.1, 0.01])
    assert false_discoveries(np.asarray([0.011, 0.01]), 10).tolist() == pytest.approx([0.055, 0.055])
