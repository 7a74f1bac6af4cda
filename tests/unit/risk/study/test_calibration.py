"""Are the ranges worth what they say? Histories with known truth, and what was estimated from them (docs/model.md, section 20).

The truth is drawn from the class table as the model reads it, so a range that is right holds the true value in nine of ten cases.
`FORESTAY_KERNELS=compiled python -m pytest -m compiled -s tests/unit/risk/study/test_calibration.py` prints the figures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.risk.study.ask_first import RATE_INPUT, questions
from app.risk.study.uncertainty import drawn_areas, rate_factors, repair_factors, spread_of
from tests.unit.risk.study.histories import Lived, estimated

pytestmark = pytest.mark.compiled
HISTORIES = 240
DRAWS = 200
YEARS = 3.0
WORST, ASKED = 10, 20


def test_what_ranges_and_ranks_say_of_themselves_holds() -> None:
    """Of 90 % ranges of rates, restore times and of the expected loss nine of ten hold the true value; of the CIs of which it is
    said with 0 to 20 % that they are among the ten worst, and so on, as many are. One test, as all ask the same histories."""
    rates, times, losses, ratio, said, were = [], [], [], [], [], []
    for seed in range(HISTORIES):
        one = estimated(seed, YEARS, DRAWS)
        drawn = drawn_areas(one.outer, np.arange(len(one.compiled)), len(one.compiled))
        rates.append(_held(one, one.truth.rate, one.compiled.failures_per_year, rate_factors))
        times.append(_held(one, one.truth.hours, one.compiled.repair_hours, repair_factors))
        low, high = np.quantile(drawn.sum(axis=0), (0.05, 0.95))
        losses.append(low <= one.true_loss.sum() <= high)
        ratio.append(one.true_loss.sum() / drawn.sum(axis=0).mean())
        order = np.argsort(-drawn.mean(axis=1), kind="stable")
        worst = np.zeros(len(order), bool)
        worst[np.argsort(-one.true_loss, kind="stable")[:WORST]] = True
        said.append(spread_of(drawn[order], WORST).p_worst)
        were.append(worst[order])
    print(f"\n90 % ranges hold the true rate in {np.mean(rates):.1%}, the true restore time in {np.mean(times):.1%},")
    print(f"the true expected loss in {np.mean(losses):.1%} of {HISTORIES} histories; true over expected {np.mean(ratio):.3f}")
    p, among = np.concatenate(said), np.concatenate(were)
    bins = [(p >= low) & ((p < low + 0.2) | (low == 0.8)) for low in (0.0, 0.2, 0.4, 0.6, 0.8)]
    for inside in bins:
        print(f"among the ten worst: said {p[inside].mean():.3f}, were {among[inside].mean():.3f} ({inside.sum()} CIs)")
    for share in (np.mean(rates), np.mean(times), np.mean(losses)):
        assert 0.87 <= share <= 0.93
    assert np.mean(ratio) == pytest.approx(1.0, abs=0.05)
    for inside in bins:
        assert inside.sum() > 200 and among[inside].mean() == pytest.approx(p[inside].mean(), abs=0.05)


def _held(one: Lived, true: Any, value: Any, factors: Any) -> float:
    """Share of the CIs whose true value lies in the 90 % range of the drawn ones."""
    drawn = factors(one.outer.ranges, one.outer.ci_id, one.fails, one.outer.draws, one.outer.seed) * value[one.fails, None]
    low, high = np.quantile(drawn, (0.05, 0.95), axis=1)
    return float(((true[one.fails] >= low) & (true[one.fails] <= high)).mean())


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
    cost something (mean of 20 such choices), by the true loss of the ten CIs that then stand first."""
    won, found, at_random = 0, [], []
    for seed in range(200):
        one = estimated(seed, 0.25, 100)
        asked = questions(one.outer, np.arange(len(one.compiled)), len(one.compiled), WORST)
        ours = _loss_of_chosen(one, asked.ci[:ASKED], asked.field[:ASKED])
        rng = np.random.default_rng([seed, 7])
        pool = [(ci, field) for ci in one.fails[one.true_loss[one.fails] > 0] for field in (0, 1)]
        theirs = []
        for _ in range(20):
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
