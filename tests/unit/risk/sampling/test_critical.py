"""Sampled importance against the exact engine, on random estates and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from app.risk.exact.answers.service import Want, exact_service
from app.risk.graph.subestate import subestate_of
from app.risk.sampling.critical import critical
from app.risk.services.sampled_service import any_at_least, sampled_service, share_of_interval
from tests.builders import estate
from tests.unit.risk.exact.brute import random_case


def test_a_pair_and_a_single_point() -> None:
    made = estate(
        "S; a; b; d",
        hard="S>d",
        groups={"S": [(1, "a b")]},
        profiles={"S": {"unavailability": 0.0}, "d": {"unavailability": 0.01}, **{n: {"unavailability": 0.1} for n in "ab"}},
    )
    exact = exact_service(made.compiled, int(made.at("S")[0]), want=Want(cut_sets=10))
    told = sampled_service(made.compiled, exact, seed=1, most=10, samples=4096)
    assert told.answer.q == pytest.approx(0.0199, rel=1e-12)  # two of two fail for sure, given that two do
    assert told.answer.birnbaum == pytest.approx(exact.birnbaum, rel=1e-12)
    assert told.answer.cut_sets == exact.cut_sets
    assert [made.names([int(p)])[0] for p in exact.position[told.single]] == ["d"]


def test_some_cut_set_has_occurred_is_bounded_from_below() -> None:
    for seed in range(60):
        compiled, q, target = random_case(seed, 10)
        compiled.unavailability[:] = q
        exact = exact_service(compiled, target, want=Want(cut_sets=1000))
        known = dict(zip(exact.position.tolist(), exact.event_q.tolist(), strict=True))
        cuts = [cut for cut in exact.cut_sets or () if cut.position]
        assert any_at_least(cuts, known) <= exact.q * (1 + 1e-12)
        if cuts and all(len(cut.position) == 1 for cut in cuts):
            assert any_at_least(cuts, known) == pytest.approx(exact.q, rel=1e-9)


@pytest.mark.compiled
def test_random_estates_against_the_exact_engine() -> None:
    """q B of every CI within five standard errors, Q in its interval for about 95 of 100; what is certain binds both."""
    inside = tried = 0
    for seed in range(120):
        compiled, q, target = random_case(seed, 12)
        compiled.unavailability[:] = q
        exact = exact_service(compiled, target, want=Want(cut_sets=50))
        if exact.q in (0.0, 1.0) or not len(exact.position):
            continue
        told = sampled_service(compiled, exact, seed, 50, samples=8192)
        tried += 1
        found = critical(subestate_of(compiled, target), seed, 8192)
        inside += found.rare.refused != "" or found.rare.interval.low * (1 - 1e-9) <= exact.q <= found.rare.interval.high * (
            1 + 1e-9
        )
        mass, want = told.answer.event_q * told.answer.birnbaum, exact.event_q * exact.birnbaum
        assert np.abs(mass - want).max() <= 5.0 * np.sqrt(max(exact.q, 1e-12) / 8192) + 1e-9
        known = {cut.position for cut in exact.cut_sets or ()}
        if exact.not_listed == 0:
            assert {cut.position for cut in told.answer.cut_sets or ()} <= known  # each one is minimal
    assert tried > 60 and inside >= 0.9 * tried


@pytest.mark.compiled
def test_the_interval_of_a_loss_goes_with_what_is_sampled() -> None:
    made = estate(
        "S; d; a; b", hard="S>d", groups={"S": [(1, "a b")]},
        profiles={"S": {"unavailability": 0.0}, "d": {"unavailability": 0.001}, **{n: {"unavailability": 0.03} for n in "ab"}},
    )  # fmt: skip
    exact = exact_service(made.compiled, int(made.at("S")[0]))
    told = sampled_service(made.compiled, exact, seed=1, most=5, samples=1024)
    low, high = share_of_interval(told, 10.0, 6.0)
    per_q = 4.0 / (told.answer.q - 0.001)
    assert low == pytest.approx((told.answer.q - told.low) * per_q) and high == pytest.approx((told.high - told.answer.q) * per_q)
