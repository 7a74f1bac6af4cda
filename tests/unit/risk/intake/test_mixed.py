"""Estates of two times mixed: the corners are the estates themselves, what both know comes from the right one."""

from __future__ import annotations

import random
from typing import Any

import pytest

from app.risk.intake.mixed import same_structure, with_evidence, with_exposure
from tests.unit.risk.build import graph_of, random_estate


def estate(rate: float, customers: float, *more: str) -> dict[str, Any]:
    return {
        "cis": [{"key": key, "failures_per_year": rate, "repair_hours": 1.0} for key in ("s", "a", "b", *more)],
        "dependencies": [],
        "groups": [{"key": "pair", "dependent": "s", "members": ["a", "b"], "needed": 1, "failover_success": rate / 10}],
        "services": [{"key": "s", "customers": customers}],
    }


def test_what_both_know_comes_from_the_evidence_and_the_rest_stays() -> None:
    before, after = graph_of(estate(2.0, 10.0)), graph_of(estate(3.0, 20.0, "new"))
    mixed = with_evidence(after, before)
    assert mixed.cis.failures_per_year.tolist() == [2.0, 2.0, 2.0, 3.0]
    assert mixed.groups.failover_success.tolist() == [0.2] and mixed.groups.member_id is after.groups.member_id
    assert mixed.services is after.services and mixed.dependencies is after.dependencies


def test_structure_is_the_same_whatever_is_said_of_it() -> None:
    assert same_structure(graph_of(estate(2.0, 10.0)), graph_of(estate(3.0, 20.0)))
    assert not same_structure(graph_of(estate(2.0, 10.0)), graph_of(estate(2.0, 10.0, "new")))
    hung = estate(2.0, 10.0) | {"dependencies": [{"dependent": "s", "provider": "a", "kind": "hard"}]}
    assert not same_structure(graph_of(estate(2.0, 10.0)), graph_of(hung))


def test_services_come_from_the_exposure_where_it_knows_their_ci() -> None:
    before, after = estate(2.0, 10.0), estate(2.0, 20.0, "t")
    after["services"].append({"key": "t", "customers": 5.0})
    mixed = with_exposure(graph_of(after), graph_of(before))
    assert [one.customers for one in mixed.services] == [10.0, 5.0]
    back = with_exposure(graph_of(before), graph_of(after))
    assert [one.customers for one in back.services] == [20.0], "the other one has no CI there"


def test_shares_of_members_are_taken_over_only_for_the_same_members() -> None:
    before, after = estate(2.0, 10.0), estate(2.0, 10.0)
    before["groups"][0]["shares"], after["groups"][0]["shares"] = [0.6, 0.6], [0.9, 0.9]
    assert with_evidence(graph_of(after), graph_of(before)).groups.share.tolist() == [0.6, 0.6]
    before["groups"][0]["members"] = ["b", "a"]
    assert with_evidence(graph_of(after), graph_of(before)).groups.share.tolist() == [0.9, 0.9]


@pytest.mark.parametrize("seed", range(20))
def test_an_estate_mixed_with_itself_is_the_same_object(seed: int) -> None:
    rng = random.Random(seed)
    drawn = random_estate(rng, rng.randint(2, 10), failover=0.5)
    graph, again = graph_of(drawn), graph_of(drawn)
    assert with_exposure(with_evidence(graph, again), again) is graph and same_structure(graph, again)
