"""What tests change of redundancy groups: by hand, by age, and never to the better where a switch failed (trap T10)."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.domain.graph import DependencyGraph
from app.domain.stability_tests import GroupEvidence
from app.risk.exact.diagrams.budget import Budget
from app.risk.first_order.sweep import first_order
from app.risk.first_order.switched import Switching, losses_with, lowers_loss, with_success
from app.risk.first_order.totals import totals_of
from app.risk.graph.compiled import CompiledGraph
from app.risk.intake.compile import compile_graph
from app.risk.intake.tested import estimate, success_of, weight_of, with_tests
from app.risk.study.estate_redundancy import estate_redundancy
from tests.builders import estate
from tests.unit.risk.build import graph_of, random_estate
from tests.unit.risk.first_order.test_sweep import rich_estate

DAY = 86400
NOW = 1000 * DAY
NAN = float("nan")


def pair(**options: Any) -> DependencyGraph:
    return estate("S; a; b; c", groups={"S": [(1, "a b", options)]}).graph


def with_evidence(graph: DependencyGraph, *evidence: GroupEvidence, before: Any = None) -> DependencyGraph:
    ci = {"ci_id": graph.cis.ci_id, "key": graph.cis.key}
    return replace(graph, groups=with_tests(graph.groups, ci, evidence, NOW, before))


def test_success_and_duration_by_hand() -> None:
    """Stated .9 and 10 min. Today one switch worked in 4 min and one failed: (.9 + 1) / 3 = .6333; (10 + 4) / 2 = 7 min."""
    graph = pair(failover_minutes=10.0, failover_success=0.9)
    key = graph.groups.key[0]
    groups = with_evidence(graph, GroupEvidence(key, NOW, True, 4.0), GroupEvidence(key, NOW, False)).groups
    assert groups.failover_success[0] == pytest.approx(1.9 / 3)
    assert groups.failover_minutes[0] == pytest.approx(7.0)
    assert graph.groups.failover_success[0] == 0.9, "the argument is not changed"


def test_evidence_ages_back_to_the_prior() -> None:
    """A failure of today, a year ago and thirty years ago, with .9 stated: .45 at first, .9 / 1.5 = .6 after a year."""
    found = [estimate(0.9, NAN, [GroupEvidence("g", NOW - days * DAY, False)], NOW) for days in (0, 365, 30 * 365)]
    successes = [one.success for one in found if one is not None]
    assert successes == pytest.approx([0.45, 0.9 / (1 + weight_of(0, 365 * DAY)), 0.9], abs=1e-6)
    assert [round(value, 3) for value in successes] == [0.45, 0.6, 0.9]


def test_nothing_known_is_the_beta_of_the_model() -> None:
    """With a prior of one half: (.5 + S) / (1 + S + F), the mean of Beta(.5 + S, .5 + F)."""
    for passed, failed in ((0, 0), (3, 0), (2, 5)):
        assert success_of(0.5, passed, failed) == pytest.approx((0.5 + passed) / (1 + passed + failed))


def test_a_test_of_the_future_is_none_yet() -> None:
    assert estimate(0.9, NAN, [GroupEvidence("g", NOW + DAY, False)], NOW) is None


def test_equal_groups_of_two_sources_are_one() -> None:
    graph = estate("S; a; b", groups={"S": [(1, "a b"), (1, "a b")]}).graph
    groups = with_evidence(graph, GroupEvidence(graph.groups.key[0], NOW, False)).groups
    assert groups.failover_success.tolist() == [0.5, 0.5]


def test_shares_count_where_every_member_has_one() -> None:
    """a carried .6 of the full load, b is not known: half of the shares say nothing. With .5 of b as well, .6 and .5."""
    graph = pair()
    key = graph.groups.key[0]
    a, b = (GroupEvidence(key, NOW, None, None, name, share) for name, share in (("a", 0.6), ("b", 0.5)))
    assert np.isnan(with_evidence(graph, a).groups.share).all()
    assert with_evidence(graph, a, b).groups.share.tolist() == pytest.approx([0.6, 0.5])


def test_groups_that_stay_as_they_were_are_the_same_object() -> None:
    """So that nothing is compiled again: a revision without a new test on the same day."""
    graph = pair(failover_success=0.9)
    one = GroupEvidence(graph.groups.key[0], NOW, False)
    first = with_evidence(graph, one).groups
    assert with_evidence(graph, one, before=first).groups is first
    assert with_evidence(graph, one, one, before=first).groups is not first


def test_where_switching_is_worse_than_waiting_a_failure_would_lower_the_loss() -> None:
    """T_f = 2 h, the active member is back after .5 h: chance 1 costs 2 h a failure, chance 0 half an hour."""
    built = estate(
        "S; a; b", groups={"S": [(1, "a b", {"failover_minutes": 120.0, "failover_success": 1.0})]},
        profiles={"a": {"repair_hours": 0.5}, "b": {"failures_per_year": 0.0}, "S": {"failures_per_year": 0.0}},
    )  # fmt: skip
    first = first_order(built.compiled)
    assert losses_with(built.compiled, first, {0: 1.0})["service_hours_per_year"] == pytest.approx(2.0)
    assert losses_with(built.compiled, first, {0: 0.0})["service_hours_per_year"] == pytest.approx(0.5)
    assert lowers_loss(built.compiled, first, 0, 1.0, 0.5)


def sums(compiled: CompiledGraph) -> dict[str, float]:
    found = totals_of(compiled, first_order(compiled)).sums()
    return {name: value for name, value in found.items() if value is not None and name != "services_hit"}


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 30))])
def test_what_another_chance_changes_is_what_a_sweep_of_everything_says(seed: int) -> None:
    rng = random.Random(seed)
    compiled = compile_graph(graph_of(rich_estate(rng, rng.randint(6, 9))))
    tried = Switching(compiled, first_order(compiled))
    for group in range(len(compiled.flat.group_kind)):
        for success in ({group: 0.0}, {group: 1.0}, {group: 0.4, 0: 0.7}):
            told, whole = tried.losses_with(success), sums(with_success(compiled, success))
            assert told == {name: pytest.approx(whole[name], rel=1e-9, abs=1e-9) for name in told}


def group_of(compiled: CompiledGraph, key: str) -> int | None:
    return next((g for g in range(len(compiled.flat.group_kind)) if compiled.group_key(g) == key), None)


def failed_test(rng: random.Random) -> tuple[CompiledGraph, CompiledGraph] | None:
    """A random estate before and after failed tests of a group, as the use case takes them; None where they are not counted."""
    graph = graph_of(random_estate(rng, rng.randint(3, 9), failover=0.6))
    if not len(graph.groups.key):
        return None
    before, key = compile_graph(graph), rng.choice(list(graph.groups.key))
    group = group_of(before, key)
    if group is None:
        return None
    evidence = [GroupEvidence(key, NOW - rng.randint(0, 900) * DAY, False) for _ in range(rng.randint(1, 3))]
    stated = float(graph.groups.failover_success[list(graph.groups.key).index(key)])
    found = estimate(stated, NAN, evidence, NOW)
    assert found is not None
    prior = 1.0 if np.isnan(stated) else stated
    assert found.success <= prior
    if lowers_loss(before, first_order(before), group, prior, found.success):
        return None
    return before, compile_graph(with_evidence(graph, *evidence))


@pytest.mark.parametrize("seed", [*range(10), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(10, 40))])
def test_a_failed_test_never_lowers_the_expected_loss(seed: int) -> None:
    """T10, in the sweep: every measure of the whole estate, through the columns and the gate, not by the counterfactual."""
    rng = random.Random(seed)
    for _ in range(5):
        drawn = failed_test(rng)
        if drawn is None:
            continue
        before, after = (sums(compiled) for compiled in drawn)
        for name, value in before.items():
            assert after[name] >= value - 1e-9 * max(abs(value), 1.0), (seed, name)


@pytest.mark.compiled
def test_a_failed_test_never_lowers_the_loss_of_a_study() -> None:
    """T10, with what combinations cost beyond the first order; how many of 300 estates had a test that counts is asked for."""
    rng, counted, lower = random.Random(10), 0, []
    for number in range(300):
        drawn = failed_test(rng)
        if drawn is None:
            continue
        counted += 1
        totals = []
        for compiled in drawn:
            first = first_order(compiled)
            more = estate_redundancy(compiled, first, Budget(), threads=1)
            totals.append(float(np.nansum(first.money)) + float(np.nansum(more.money)))
        if totals[1] < totals[0] - 1e-9 * max(abs(totals[0]), 1.0):
            lower.append((number, totals))
    assert counted >= 100
    assert not lower, (len(lower), counted, lower[:5])
