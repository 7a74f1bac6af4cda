"""Outcomes that are played apart, by the sets of switches that reach each CI, against all of them together: equal figures."""

from __future__ import annotations

import os
import random
from typing import Any

import numpy as np
import pytest

from app.risk.timeline.losses import Losses, losses_over_time
from app.risk.timeline.played import Timeline
from app.risk.timeline.question import Fail, Question, Step
from app.risk.timeline.timeline import timeline
from tests.unit.risk.timeline.test_against_naive import compiled_of, steps_of

ESTATES = int(os.environ.get("FORESTAY_TIMELINES", "60"))
FIGURES = (
    "lost_share", "hours_down", "hours_degraded", "customer_hours", "money", "money_low", "money_high", "mtpd_breached_at",
    "rto_breached_at", "p_mtpd_breached", "p_rto_breached", "p_down", "first_down_at",
)  # fmt: skip


def several(seed: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Three layers: CIs, applications behind groups that switch, some of them with members among the applications before, and
    services on some of these; and a scenario in which mostly active members fail."""
    rng = random.Random(seed)
    below, above, services = [f"c{n}" for n in range(8)], [f"a{n}" for n in range(rng.randint(3, 6))], [f"s{n}" for n in range(5)]
    estate: dict[str, Any] = {"dependencies": [], "groups": []}
    for n, key in enumerate(above):
        members = rng.sample([*below, *(above[:n] if rng.random() < 0.4 else [])], rng.choice((2, 2, 3)))
        group = {"key": f"g{n}", "dependent": key, "members": members, "needed": rng.choice((1, 1, len(members) - 1))}
        group |= {"failover_minutes": rng.choice((0, 15, 90)), "failover_success": rng.choice((0.9, 0.9, 0.4, 0.5, 1.0, 0.0))}
        estate["groups"].append(group)
    for key in services:
        for provider in rng.sample([*above, *below], rng.randint(1, 3)):
            kind = rng.choice(("hard", "hard", "soft"))
            estate["dependencies"].append({"dependent": key, "provider": provider, "kind": kind, "weight": 0.5})
    for _ in range(rng.randint(0, 2)):
        edge = {"dependent": rng.choice(above), "provider": rng.choice([*below, *above]), "kind": "hard"}
        estate["dependencies"] += [edge] if edge["dependent"] != edge["provider"] else []
    estate["cis"] = [
        {"key": key, "restart_hours": rng.choice((0.0, 0.25)), "repair_hours": rng.choice((0.5, 2.0, 8.0))}
        for key in [*below, *above, *services]
    ]
    estate["services"] = [{"key": key, "customers": 1, "money_per_hour": 1, "mtpd_hours": 3.0} for key in [*services, above[0]]]
    active = sorted({group["members"][0] for group in estate["groups"]})  # their outage makes a group switch
    acts = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        cis = {*rng.sample(active, min(rng.randint(1, 4), len(active))), *rng.sample(below, rng.randint(0, 1))}
        hours = rng.choice((None, 1.0, 2.5, 6.0, "modelled"))
        acts.append({"at": rng.choice((0.0, 1.0, 3.0)), "do": "fail", "cis": sorted(cis), "hours": hours})
    return estate, sorted(acts, key=lambda act: float(act["at"]))


def equal(seed: int, apart: Timeline, together: Timeline, one: Losses, other: Losses) -> None:
    assert apart.count == len(together.outcomes), seed
    assert apart.switches == together.switches, seed
    assert apart.end_hours == pytest.approx(together.end_hours), seed
    assert [story.service for story in one.stories] == [story.service for story in other.stories], seed
    for mine, theirs in zip(one.stories, other.stories, strict=True):
        for name in FIGURES:
            assert getattr(mine, name) == pytest.approx(getattr(theirs, name), rel=1e-9, abs=1e-9, nan_ok=True), (seed, name)
        assert mine.money_at == pytest.approx(theirs.money_at), seed
        assert list(mine.stretches) == list(theirs.stretches), seed
    likely, likeliest = apart.outcomes[apart.likeliest], together.outcomes[together.likeliest]
    assert likely.probability == pytest.approx(likeliest.probability) and likely.answers == likeliest.answers, seed
    assert sorted(np.round(one.paid, 7).tolist()) == pytest.approx(sorted(np.round(other.paid, 7).tolist()), abs=1e-6), seed
    assert one.probability.sum() == pytest.approx(1.0)
    assert (one.paid * one.probability).sum() == pytest.approx((other.paid * other.probability).sum()), seed


@pytest.mark.parametrize("block", range(4))
def test_apart_is_together(block: int) -> None:
    share = max(ESTATES // 4, 1)
    fewer = apart_at_all = plays = ways = 0
    for seed in range(block * share, (block + 1) * share):
        estate, acts = several(seed)
        compiled = compiled_of(estate)
        question = Question(steps_of(compiled, estate, acts), restarts=seed % 3 != 0)
        together = timeline(compiled, question, apart=False)
        apart = timeline(compiled, question)
        if together.simulated or apart.shares is None:
            continue
        apart_at_all += len(together.outcomes) > 1
        plays, ways = plays + len(apart.outcomes), ways + len(together.outcomes)
        fewer += len(apart.outcomes) < len(together.outcomes)
        hours = [0.5, 1.0, 3.0]
        equal(seed, apart, together, losses_over_time(compiled, apart, hours), losses_over_time(compiled, together, hours))
    print(f"{share} estates, {apart_at_all} with several outcomes, {fewer} with fewer plays: {plays} for {ways}; figures equal")
    assert apart_at_all and fewer


def test_many_switches_that_meet_nowhere_are_exact() -> None:
    """20 services, each behind a switch of its own: 2^20 ways, told by three plays (before: samples)."""
    count = 20
    estate: dict[str, Any] = {"cis": [], "dependencies": [], "groups": [], "services": []}
    for n in range(count):
        estate["cis"] += [{"key": key, "repair_hours": 1.0} for key in (f"s{n}", f"a{n}", f"b{n}")]
        estate["groups"].append(
            {"key": f"g{n}", "dependent": f"s{n}", "members": [f"a{n}", f"b{n}"], "needed": 1, "failover_minutes": 30,
             "failover_success": 0.9}
        )  # fmt: skip
        estate["services"].append({"key": f"s{n}", "customers": 1, "money_per_hour": 100})
    compiled = compiled_of(estate)
    down = np.sort(np.asarray([compiled.position_of(10 + 3 * n + 1) for n in range(count)], np.int32))
    played = timeline(compiled, Question([Step(0.0, (Fail(down, 2.0),))], restarts=False))
    assert not played.simulated and played.count == 2**count and len(played.outcomes) == 3
    losses = losses_over_time(compiled, played)
    assert losses.drawn and sum(story.money for story in losses.stories) == pytest.approx(count * (0.9 * 50 + 0.1 * 200))
    assert losses.paid.mean() == pytest.approx(count * 65.0, rel=0.02)


def test_plays_of_the_part_that_switches_reach_are_to_the_bit_those_of_the_estate(monkeypatch: pytest.MonkeyPatch) -> None:
    several_plays = 0
    for seed in range(9000, 9000 + ESTATES // 2):
        estate, acts = several(seed)
        compiled = compiled_of(estate)
        question = Question(steps_of(compiled, estate, acts), restarts=seed % 3 != 0, hours=20.0)
        told = []
        for most in (0, 10**9):
            monkeypatch.setattr("app.risk.timeline.timeline.PART", most)
            played = timeline(compiled, question)
            told.append((played, losses_over_time(compiled, played, [0.5, 2.0, 4.0])))
        (whole, of_whole), (part, of_part) = told
        assert (whole.end_hours, whole.count, whole.switches) == (part.end_hours, part.count, part.switches), seed
        assert [one.fails for one in whole.outcomes] == [one.fails for one in part.outcomes], seed
        held = frozenset[int]().union(*part.shares.parts.largest) if part.shares else frozenset[int]()
        for mine, theirs in zip(whole.outcomes, part.outcomes, strict=True):  # the part has no switch that no service leans on
            assert [one for one in mine.asked if one.group in held] == [one for one in theirs.asked if one.group in held], seed
        for story, other in zip(of_whole.stories, of_part.stories, strict=True):
            for name in ("service", "stretches", *FIGURES):
                assert np.array_equal(getattr(story, name), getattr(other, name)), (seed, name)
            assert np.array_equal(story.money_at, other.money_at), seed
        assert np.array_equal(of_whole.paid, of_part.paid) and np.array_equal(of_whole.probability, of_part.probability), seed
        several_plays += len(part.outcomes) > 2
    assert several_plays > ESTATES // 12
