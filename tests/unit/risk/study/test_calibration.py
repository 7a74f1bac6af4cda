"""Are the ranges worth what they say? Histories with known truth, and what was estimated from them (docs/model.md, section 19).

The truth is drawn from the class table as the model reads it, so a range that is right holds the true value in nine of ten cases.
`FORESTAY_KERNELS=compiled python -m pytest -m compiled -s tests/unit/risk/study/test_calibration.py` prints the figures.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from app.risk.study.ask_first import RATE_INPUT, questions
from app.risk.study.uncertainty import drawn_areas, rate_factors, repair_factors, spread_of
from tests.unit.risk.study.histories import Lived, estimated

pytestmark = pytest.mark.compiled
HISTORIES = 240
YEARS = 3.0
WORST, ASKED = 10, 20


@cache
def _histories() -> list[tuple[Lived, Any]]:
    """Estates with the loss of every CI in every draw."""
    made = []
    for seed in range(HISTORIES):
        one = estimated(seed, YEARS)
        made.append((one, drawn_areas(one.outer, np.arange(len(one.compiled)), len(one.compiled))))
    return made


def test_ranges_of_rates_hold_the_true_rate_in_nine_of_ten_cases() -> None:
    held, measured = [], []
    for one, _ in _histories():
        rows = one.fails
        drawn = rate_factors(one.outer.ranges, one.outer.ci_id, rows, one.outer.draws, one.outer.seed)
        low, high = np.quantile(drawn * one.compiled.failures_per_year[rows, None], (0.05, 0.95), axis=1)
        held.append(((one.truth.rate[rows] >= low) & (one.truth.rate[rows] <= high)).mean())
        drawn = repair_factors(one.outer.ranges, one.outer.ci_id, rows, one.outer.draws, one.outer.seed)
        low, high = np.quantile(drawn * one.compiled.repair_hours[rows, None], (0.05, 0.95), axis=1)
        measured.append(((one.truth.hours[rows] >= low) & (one.truth.hours[rows] <= high)).mean())
    print(f"\n90 % ranges hold the true rate in {np.mean(held):.1%}, the true restore time in {np.mean(measured):.1%}")
    assert 0.87 <= np.mean(held) <= 0.93 and 0.87 <= np.mean(measured) <= 0.93


def test_ranges_of_the_expected_loss_hold_the_true_one_in_nine_of_ten_cases() -> None:
    held, ratio = [], []
    for one, drawn in _histories():
        low, high = np.quantile(drawn.sum(axis=0), (0.05, 0.95))
        held.append(low <= one.true_loss.sum() <= high)
        ratio.append(one.true_loss.sum() / drawn.sum(axis=0).mean())
    print(f"\n90 % ranges hold the true expected loss in {np.mean(held):.1%} of {HISTORIES} histories")
    print(f"true over expected loss, mean: {np.mean(ratio):.3f}")
    assert 0.87 <= np.mean(held) <= 0.93
    assert np.mean(ratio) == pytest.approx(1.0, abs=0.05)


def test_the_chance_to_be_among_the_first_ten_is_what_it_says() -> None:
    """CIs by what is said of them, 0 to 20 %, and so on: as many of them are truly among the ten worst."""
    said, were = [], []
    for one, drawn in _histories():
        order = np.argsort(-drawn.mean(axis=1), kind="stable")
        p = spread_of(drawn[order], WORST).p_worst
        worst = np.zeros(len(p), bool)
        worst[np.argsort(-one.true_loss, kind="stable")[:WORST]] = True
        said.append(p)
        were.append(worst[order])
    p, among = np.concatenate(said), np.concatenate(were)
    print()
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        inside = (p >= low) & (p < low + 0.2 if low < 0.8 else p <= 1.0)
        print(f"said {p[inside].mean():.3f}, were {among[inside].mean():.3f} ({inside.sum()} CIs)")
        assert inside.sum() > 200 and among[inside].mean() == pytest.approx(p[inside].mean(), abs=0.05)


def _loss_of_chosen(one: Lived, asked: Any, fields: Any) -> float:
    """True loss of the ten CIs that are the worst by what is known once these inputs have been answered."""
    rate, hours = np.ones(len(one.compiled)), np.ones(len(one.compiled))
    by_rate = fields == RATE_INPUT
    rate[asked[by_rate]] = one.truth.rate[asked[by_rate]] / one.compiled.failures_per_year[asked[by_rate]]
    hours[asked[~by_rate]] = one.truth.hours[asked[~by_rate]] / one.compiled.repair_hours[asked[~by_rate]]
    known = one.outer.answer.table[:, 2] * rate * hours  # losses are linear in both here
    return float(one.true_loss[np.argsort(-known, kind="stable")[:WORST]].sum())


def test_questions_that_are_worth_asking_beat_random_ones() -> None:
    """200 estates before any incident was read: the first 20 questions of the list against 20 at random of the inputs that
    cost something (mean of 40 such choices), by the true loss of the ten CIs that then stand first."""
    won, found, at_random = 0, [], []
    for seed in range(200):
        one = estimated(seed, 0.25)
        asked = questions(one.outer, np.arange(len(one.compiled)), len(one.compiled), WORST)
        ours = _loss_of_chosen(one, asked.ci[:ASKED], asked.field[:ASKED])
        rng = np.random.default_rng([seed, 7])
        pool = [(ci, field) for ci in one.fails[one.true_loss[one.fails] > 0] for field in (0, 1)]
        theirs = []
        for _ in range(40):
            drawn = np.asarray([pool[k] for k in rng.choice(len(pool), ASKED, replace=False)])
            theirs.append(_loss_of_chosen(one, drawn[:, 0], drawn[:, 1]))
        won += ours > np.mean(theirs)
        best = float(np.sort(one.true_loss)[::-1][:WORST].sum())
        found.append(ours / best)
        at_random.append(np.mean(theirs) / best)
    print(
        f"\n{ASKED} questions of the list beat {ASKED} at random in {won} of 200 estates: the ten CIs that then stand first have "
        f"{np.mean(found):.1%} of the loss of the ten worst, after random questions {np.mean(at_random):.1%}"
    )
    assert won >= 180
