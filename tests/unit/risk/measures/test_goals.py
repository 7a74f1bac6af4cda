"""The risk sheet: rows by hand, and that they add up."""

from __future__ import annotations

import numpy as np
import pytest

from app.risk.measures.goals import MINUTES_PER_YEAR, budget_minutes, budget_sheet


def test_rows_are_those_of_the_published_sheet() -> None:
    sheet = budget_sheet(np.array([1.0, 10.0]), np.array([2.0, 4.0]), np.array([2.0, 5.0]), 700.0, 0.999, detect_minutes=30.0)
    assert sheet.row.tolist() == [1, 0] and sheet.bad_minutes.tolist() == [600.0, 60.0]
    for k in range(2):
        minutes = (sheet.detect_minutes[k] + sheet.resolve_minutes[k]) * sheet.share_of_users[k]
        again = minutes * 365.25 / sheet.interval_days[k]
        assert again == pytest.approx(sheet.bad_minutes[k], rel=1e-12)
    assert sheet.flagged.tolist() == [True, False]
    assert sheet.share_of_budget[0] == pytest.approx(600 / 525.96)
    assert sheet.bad_minutes.sum() + sheet.rest_minutes == pytest.approx(sheet.total_minutes)


def test_a_goal_of_all_the_time_allows_nothing_and_none_judges_nothing() -> None:
    assert budget_minutes(1.0) == 0.0
    assert np.isinf(budget_sheet(np.array([1.0]), np.array([1.0]), np.array([1.0]), 60.0, 1.0).share_of_budget[0])
    without = budget_sheet(np.array([1.0]), np.array([1.0]), np.array([1.0]), 60.0, float("nan"))
    assert np.isnan(without.share_of_budget[0]) and not without.flagged[0] and np.isnan(without.budget_minutes)


def test_overlapping_outages_make_the_rest_negative() -> None:
    total = MINUTES_PER_YEAR * 0.75  # two CIs, each down half of the time
    sheet = budget_sheet(np.array([8766.0, 8766.0]), np.array([1095.75] * 2), np.array([8.0] * 2), total, 0.99)
    assert sheet.rest_minutes == pytest.approx(-1.25 * MINUTES_PER_YEAR)
