"""The questions that are worth asking: by hand, and by all answers at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.risk.study.ask_first import INPUTS, RATE_INPUT, questions
from app.risk.study.uncertainty import OuterDraws, Response, drawn_areas
from tests.unit.risk.study.test_uncertainty import ranges

SCALES = np.array([0.25, 0.5, 1.0, 2.0, 4.0])


def outer(losses: list[float], draws: int = 4000, **spreads: Any) -> OuterDraws:
    """CIs that lose so much a year, in proportion to rate and restore time."""
    told = ranges(len(losses), **spreads)
    return OuterDraws(Response(SCALES, np.outer(losses, SCALES)), told, np.arange(len(losses)) + 5, draws, 1)


def test_only_what_may_carry_an_area_over_the_edge_is_asked() -> None:
    """k = 1 of 30, 20 and 1: the second passes 30 where its factor passes 1.5; the third never comes near; the first is sure."""
    made = outer([30.0, 20.0, 1.0], rate_own=[0.0, 0.5, 0.1])
    got = questions(made, np.arange(3), 3, k=1)
    assert got.ci.tolist() == [1] and [INPUTS[field] for field in got.field] == ["failures_per_year"]
    drawn = 20.0 * np.exp(0.5 * np.random.default_rng(3).standard_normal(400_000) - 0.125)
    assert got.p_changes[0] == pytest.approx((drawn > 30.0).mean(), abs=0.02)
    assert got.gain[0] == pytest.approx(np.maximum(drawn - 30.0, 0.0).mean(), rel=0.1)
    assert got.low[0] < 1.0 < got.high[0]


def test_an_area_that_falls_out_counts_as_well_and_restore_times_do() -> None:
    got = questions(outer([30.0, 20.0], repair_own=[0.7, 0.0]), np.arange(2), 2, k=1)
    assert got.ci.tolist() == [0] and got.field.tolist() == [1 - RATE_INPUT]


def test_areas_move_with_their_cis_and_are_what_the_draws_say() -> None:
    """Two CIs of team 0, one each of two others; of every question the share of its draws that change the worst, one by one."""
    made = outer([16.0, 14.0, 24.0, 20.0], draws=500, rate_own=[0.4, 0.0, 0.3, 0.6])
    codes = np.array([0, 0, 1, 2])
    got = questions(made, codes, 3, k=1)
    alone = {0: (0.4, 16.0), 2: (0.3, 24.0), 3: (0.6, 20.0)}
    assert sorted(got.ci.tolist()) == sorted(alone)
    for ci, p in zip(got.ci.tolist(), got.p_changes.tolist(), strict=True):
        spread = np.where(np.arange(4) == ci, alone[ci][0], 0.0)
        drawn = drawn_areas(outer([16.0, 14.0, 24.0, 20.0], draws=500, rate_own=spread), codes, 3)
        assert p == pytest.approx((np.argmax(drawn, axis=0) != 0).mean(), abs=1e-12)
    assert (np.diff(got.gain) <= 0).all()


def test_where_all_areas_are_among_the_worst_nothing_is_asked() -> None:
    assert len(questions(outer([3.0, 2.0], rate_own=[1.0, 1.0]), np.arange(2), 2, k=10).ci) == 0
