"""One step with a given duration is the single outage of `what_if`: the same figures, by another way."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import numpy as np
import pytest

from app.risk.intake.compile import compile_graph
from app.risk.outage.what_if import what_if
from app.risk.timeline.demand import Demand
from app.risk.timeline.losses import losses_over_time
from app.risk.timeline.timeline import Fail, Question, Step, timeline
from tests.builders import estate
from tests.unit.risk.build import graph_of, random_estate


def check(compiled, forced, hours, at_hours, rule="product"):  # type: ignore[no-untyped-def]
    old = what_if(compiled, forced, hours, at_hours, rule)
    played = timeline(compiled, Question([Step(0.0, (Fail(np.asarray(forced), hours),))], restarts=False, rule=rule))
    new = losses_over_time(compiled, played, at_hours)
    assert (played.simulated, len(played.outcomes)) == (old.simulated, old.outcomes)
    assert [s.service for s in new.stories] == [s.service for s in old.stories]
    assert played.end_hours == pytest.approx(old.end_hours)
    for ours, theirs in zip(new.stories, old.stories, strict=True):
        names = ("lost_share", "hours_down", "money", "mtpd_breached_at", "rto_breached_at", "p_down")
        for name in names:
            assert getattr(ours, name) == pytest.approx(getattr(theirs, name), nan_ok=True, rel=1e-9, abs=1e-12), name
        assert ours.money_at == pytest.approx(theirs.money_at, nan_ok=True, rel=1e-9)
    return len(new.stories)


@pytest.mark.parametrize("seed", range(80))
def test_random_estates(seed: int) -> None:
    rng = random.Random(seed)
    made = random_estate(rng, rng.randint(3, 12), failover=0.7)
    compiled = compile_graph(graph_of(made))
    forced = rng.sample(range(len(compiled)), rng.randint(1, min(3, len(compiled))))
    check(compiled, forced, rng.choice((0.02, 0.5, 4.0, 9.0)), (0.5, 3.0), "worst" if seed % 4 == 0 else "product")


def test_sampled_outcomes_are_the_same_samples() -> None:
    groups = {"S": [(1, f"a{n} b{n}", {"failover_minutes": 30, "failover_success": 0.9}) for n in range(12)]}
    built = estate("S; " + "; ".join(f"a{n}; b{n}" for n in range(12)), groups=groups, services={"S": {"money_per_hour": 100.0}})
    assert check(built.compiled, built.at(" ".join(f"a{n}" for n in range(12))), 2.0, (1.0,)) == 1


def test_demand_weighs_money() -> None:
    built = estate("S; a", hard="S>a", services={"S": {"money_per_hour": 100.0, "customers": 10.0}})
    played = timeline(built.compiled, Question([Step(0.0, (Fail(built.at("a"), 2.0),))]))
    week = [1.0] * 168
    week[1] = 3.0  # Monday 01:00
    monday = datetime(2026, 11, 30, 0, 30, tzinfo=UTC)
    story = losses_over_time(built.compiled, played, (1.0,), Demand(monday, week)).stories[0]
    assert (story.money, story.money_at.tolist(), story.customer_hours) == (400.0, [200.0, 400.0], 40.0)
