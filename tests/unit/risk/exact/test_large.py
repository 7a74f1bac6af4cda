"""Sizes: a chain of a million CIs, rings and groups of a hundred thousand."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from app.domain.columns import Categorical, Texts
from app.domain.graph import HARD, CiColumns, DependencyColumns, DependencyGraph, GroupColumns, ServiceExposure
from app.risk.exact.answers.service import Want, exact_service
from app.risk.exact.diagrams.budget import Budget
from app.risk.graph.compiled import CompiledGraph
from app.risk.intake.compile import compile_graph


def large_estate(q: Any, dependent: Any, provider: Any, groups: Sequence[tuple[int, int, Any]] = ()) -> CompiledGraph:
    """CI 0 is the service; groups (dependent, needed, members)."""
    count = len(q)
    text = Texts(np.full(count, 120, np.uint8), np.arange(count + 1, dtype=np.int64))
    none, nan, zero, byte = (
        Categorical(np.full(count, -1, np.int32), ()),
        np.full(count, np.nan),
        np.zeros(count),
        np.zeros(count, np.int8),
    )
    members = np.concatenate([np.zeros(0, np.int64), *(np.asarray(g[2], np.int64) for g in groups)])
    cis = CiColumns(
        ci_id=np.arange(count), key=text, name=text, ci_class=none, site=none, team=none, supplier=none, lifecycle=none,
        environment=none,
        assessed=np.ones(count, bool), failures_per_year=nan, failures_origin=byte, repair_hours=np.full(count, 4.0),
        repair_origin=byte,
        repair_distribution=byte, repair_sigma=nan, unavailability=np.asarray(q, float), failure_on_demand=zero,
        level_share=np.ones(count),
        restart_hours=zero, observed_years=zero, observed_incidents=np.zeros(count, np.int32),
    )  # fmt: skip
    rows = len(dependent)
    return compile_graph(
        DependencyGraph(
            cis,
            DependencyColumns(np.asarray(dependent, np.int64), np.asarray(provider, np.int64), np.full(rows, HARD, np.int8),
                np.full(rows, np.nan)),
            GroupColumns(
                [f"g{i}" for i in range(len(groups))], np.array([g[0] for g in groups], np.int64), np.zeros(len(groups), np.int8),
                np.array([g[1] for g in groups], np.int64),
                np.concatenate([[0], np.cumsum([len(g[2]) for g in groups])]).astype(np.int64),
                members, np.full(len(members), np.nan), np.full(len(groups), np.nan), np.full(len(groups), np.nan),
            ),
            [ServiceExposure(0, 1.0, 1.0)],
        )
    )  # fmt: skip


def test_a_thousand_single_points() -> None:
    count = 1000
    made = large_estate(np.full(count, 1e-12), np.zeros(count - 1), np.arange(1, count))
    told = exact_service(made, made.position_of(0))
    assert told.q == pytest.approx(-math.expm1(count * math.log1p(-1e-12)), rel=1e-15)


@pytest.mark.slow
def test_a_chain_of_a_million() -> None:
    count = 1_000_000
    made = large_estate(np.full(count, 1e-7), np.arange(count - 1), np.arange(1, count))
    told = exact_service(made, made.position_of(0), want=Want(counts=True, cut_sets=3))
    assert told.q == pytest.approx(-math.expm1(count * math.log1p(-1e-7)), rel=1e-14)
    assert told.birnbaum == pytest.approx(np.full(count, math.exp((count - 1) * math.log1p(-1e-7))), rel=1e-12)
    assert told.cut_sets_by_order == {1: count} and told.not_listed == count - 3


@pytest.mark.slow
def test_a_ring_of_a_hundred_thousand() -> None:
    count = 100_000
    made = large_estate(np.full(count, 1e-6), np.arange(count), (np.arange(count) + 1) % count)
    assert exact_service(made, made.position_of(0)).q == pytest.approx(-math.expm1(count * math.log1p(-1e-6)), rel=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("needed", [1, 2, 50_000, 80_000, 99_999])
def test_a_group_of_a_hundred_thousand(needed: int) -> None:
    from scipy.stats import binom

    count = 100_000
    made = large_estate(np.concatenate([[0.0], np.full(count, 0.2)]), [], [], [(0, needed, np.arange(1, count + 1))])
    start = time.monotonic()
    told = exact_service(made, made.position_of(0), want=Want(counts=True))
    assert time.monotonic() - start < 60
    lost = count - needed + 1
    assert told.method == "exact"
    assert told.q == pytest.approx(float(binom.sf(lost - 1, count, 0.2)), rel=1e-6, abs=1e-300)
    assert told.cut_sets_by_order == {lost: math.comb(count, lost)}
    assert told.birnbaum == pytest.approx(np.full(count, float(binom.pmf(lost - 1, count - 1, 0.2))), rel=1e-6, abs=1e-300)


@pytest.mark.slow
def test_members_that_only_stand_on_racks() -> None:
    """100,000 members without failures of their own on 300 racks: a weighted threshold over the racks."""
    members, racks = 100_000, 300
    q = np.concatenate([np.zeros(members + 1), np.full(racks, 0.01)])
    made = large_estate(
        q, np.arange(1, members + 1), members + 1 + np.arange(members) % racks, [(0, 99_000, np.arange(1, members + 1))]
    )
    told = exact_service(made, made.position_of(0))
    # racks hold 333 or 334 members: three of them lose at most 1,002, and 1,001 lost members stop the service
    rng = np.random.default_rng(1)
    weight = np.bincount(np.arange(members) % racks)
    lost = (rng.random((400_000, racks)) < 0.01) @ weight
    assert told.q == pytest.approx(float((lost >= 1001).mean()), rel=0.02)


@pytest.mark.slow
def test_what_no_diagram_can_hold_is_enclosed_at_once() -> None:
    members, racks = 100_000, 300
    q = np.concatenate([[0.0], np.full(members, 0.001), np.full(racks, 0.01)])
    made = large_estate(
        q, np.arange(1, members + 1), members + 1 + np.arange(members) % racks, [(0, 50_000, np.arange(1, members + 1))]
    )
    told = exact_service(made, made.position_of(0), Budget(seconds=5))
    assert told.method == "bounded" and told.q_low <= told.q_high < 0.05 and told.seconds < 30
