"""One outage of a fixed duration against every outcome and every stretch written out."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from app.risk.intake.compile import compile_graph
from app.risk.timeline.one_outage import what_if
from tests.unit.risk.build import graph_of
from tests.unit.risk.first_order.test_sweep import cascade, chain, fan, rich_estate, shuffled
from tests.unit.risk.switch_oracle import SwitchOracle


@pytest.mark.parametrize("seed", range(4))
def test_random_estates_agree_with_every_stretch_written_out(seed: int) -> None:
    rng = random.Random(5000 + seed)
    switched = 0
    for _ in range(150):
        estate = rich_estate(rng, rng.randint(2, 9))
        oracle, moved = SwitchOracle(estate), shuffled(rng, estate)
        compiled = compile_graph(graph_of(moved))
        at = {moved["cis"][row]["key"]: v for v, row in enumerate(compiled.row.tolist())}
        down = rng.sample(sorted(at), rng.randint(1, 2))
        duration = rng.choice((0.04, 0.3, 2.0, 24.0))
        got = what_if(compiled, [at[k] for k in down], duration, at_hours=(duration / 2, 500.0))
        assert not got.simulated
        switched += got.outcomes > 1
        stories = {story.service: story for story in got.stories}
        for s in estate["services"]:
            number, want = int(compiled.flat.service_at[at[s["key"]]]), oracle.story(frozenset(down), duration, s)
            if number not in stories:
                assert (want.hours, want.money, want.breach) == (0, 0, 0)
                continue
            story = stories[number]
            known = bool(s.get("impact")) or s["money_per_hour"] is not None
            assert story.money == pytest.approx(want.money if known else math.nan, rel=1e-9, abs=1e-9, nan_ok=True)
            assert story.money_at[-1] == pytest.approx(story.money, rel=1e-9, abs=1e-9, nan_ok=True)
            assert [story.hours_down, story.p_down] == pytest.approx([want.hours, want.breach], rel=1e-9, abs=1e-9)
    assert switched > 15


def test_worked_examples() -> None:
    estate = fan(1, "hard", 0.9)
    estate["groups"][0]["failover_minutes"] = 30
    estate["services"] = [{"key": "S", "money_per_hour": 100, "mtpd_hours": 1.5, "rto_hours": 0.25}]
    compiled = compile_graph(graph_of(estate))
    db, a0 = compiled.position_of(12), compiled.position_of(11)
    hard = what_if(compiled, [a0], 2.0, at_hours=(1.0,))
    story = hard.stories[0]
    assert (story.hours_down, story.money, story.money_at.tolist()) == (2.0, 200.0, [100.0, 200.0])
    assert (story.mtpd_breached_at, story.rto_breached_at, story.p_down, story.lost_share) == (1.5, 0.25, 1.0, 1.0)
    over = what_if(compiled, [db], 2.0)
    assert over.stories[0].money == pytest.approx(0.9 * 50 + 0.1 * 200)
    assert (over.outcomes, over.switches, over.stories[0].p_down, over.end_hours) == (2, 1, 1.0, 2.0)
    assert what_if(compiled, [db], 0.1).end_hours == 0.5  # a switch takes its time in full


def test_failure_on_demand_counts_here_too() -> None:
    estate = fan(1, "hard", 0.95)
    estate["services"] = [{"key": "S", "money_per_hour": 120}]
    estate["cis"][-1]["failure_on_demand"] = 0.1
    compiled = compile_graph(graph_of(estate))
    assert what_if(compiled, [compiled.position_of(12)], 2.0).stories[0].money == pytest.approx(0.855 * 10 + 0.145 * 240)


def test_too_many_switches_are_sampled_the_same_whatever_the_order_of_rows() -> None:
    estate = fan(11, "soft", 0.6)
    answers, errors = [], []
    for seed in range(3):
        moved = shuffled(random.Random(seed), estate) | {"cis": estate["cis"]}
        compiled = compile_graph(graph_of(moved))
        got = what_if(compiled, [compiled.position_of(10 + 12)], 8.0)
        assert got.simulated and got.outcomes == 128
        answers.append(got.stories[0].money)
        errors.append(got.money_error)
    assert answers == pytest.approx([answers[0]] * 3, rel=1e-12)
    rows = list(SwitchOracle(estate).outcomes(frozenset({"db"})))
    assert len(rows) == 2**11
    want = SwitchOracle(estate).story(frozenset({"db"}), 8.0, estate["services"][0]).money
    assert 0 < abs(answers[0] - want) < 4 * errors[0] < 0.3 * want


def test_failed_switches_that_trigger_too_many_others_are_sampled_in_bounded_time() -> None:
    estate = cascade(16)
    compiled = compile_graph(graph_of(estate))
    got = what_if(compiled, [compiled.position_of(10 + len(estate["cis"]) - 1)], 8.0)
    assert got.simulated and got.outcomes == 128


def test_a_chain_of_failed_switches_is_exact() -> None:
    compiled = compile_graph(graph_of(chain(12)))
    got = what_if(compiled, [compiled.position_of(12)], 8.0)
    assert not got.simulated and got.outcomes == 13
    assert got.stories[0].money == pytest.approx(0.5**12 * 80 + 0.5**12 * 1)
    assert np.isclose(got.stories[0].p_down, 2 * 0.5**12)
