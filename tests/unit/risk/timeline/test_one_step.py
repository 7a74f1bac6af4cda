"""One step is the single outage of `what_if` (figures: tests/unit/risk/outage/test_what_if.py); demand weighs what it costs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.risk.timeline.demand import Demand
from app.risk.timeline.losses import losses_over_time
from app.risk.timeline.one_outage import what_if
from app.risk.timeline.question import Fail, Question, Step
from app.risk.timeline.timeline import timeline
from tests.builders import estate


def test_more_switches_than_can_be_gone_through_are_sampled() -> None:
    """12 independent switches that succeed with .9: the money is that of the mean within the interval that the samples give."""
    groups = {"S": [(1, f"a{n} b{n}", {"failover_minutes": 30, "failover_success": 0.9}) for n in range(12)]}
    built = estate("S; " + "; ".join(f"a{n}; b{n}" for n in range(12)), groups=groups, services={"S": {"money_per_hour": 100.0}})
    got = what_if(built.compiled, built.at(" ".join(f"a{n}" for n in range(12))), 2.0, (1.0,))
    exact = 0.9**12 * 50 + (1 - 0.9**12) * 200
    assert (got.simulated, got.outcomes, got.switches) == (True, 128, 12)
    assert got.stories[0].money == pytest.approx(exact, abs=4 * got.money_error)
    assert 0 < got.money_error < 10
    assert got.stories[0].money == what_if(built.compiled, built.at(" ".join(f"a{n}" for n in range(12))), 2.0).stories[0].money


def test_demand_weighs_money() -> None:
    built = estate("S; a", hard="S>a", services={"S": {"money_per_hour": 100.0, "customers": 10.0}})
    played = timeline(built.compiled, Question([Step(0.0, (Fail(built.at("a"), 2.0),))]))
    week = [1.0] * 168
    week[1] = 3.0  # Monday 01:00
    monday = datetime(2026, 11, 30, 0, 30, tzinfo=UTC)
    story = losses_over_time(built.compiled, played, (1.0,), Demand(monday, week)).stories[0]
    assert (story.money, story.money_at.tolist(), story.customer_hours) == (400.0, [200.0, 400.0], 40.0)
