"""Common causes: the beta factor against states counted by hand, who is like whom, and what a later revision makes of it."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.graph import ASSUMED, DECLARED, MEASURED
from app.risk.exact.answers.service import Want, exact_service
from app.risk.first_order.reassess import reassess, touched
from app.risk.first_order.sweep import first_order
from app.risk.intake.cause_rows import FIRST_ID, Cause, cause_id
from app.risk.intake.common_cause import positions_of_causes, with_common_causes
from app.risk.intake.compile import compile_graph, recompiled
from app.risk.outage.propagation import outage
from tests.builders import Built, estate
from tests.unit.risk.build import graph_of
from tests.unit.risk.first_order.test_reassess import edited, same
from tests.unit.risk.first_order.test_sweep import rich_estate

OFF = {"unavailability": 0.0}
Q = {"unavailability": 0.1}


def pair(share: float = 0.1, profiles: Mapping[str, Mapping[str, Any]] | None = None, **options: Any) -> Built:
    return estate(
        "S; a; b", groups={"S": [(1, "a b", {"common_cause_share": share, **options})]},
        profiles={"S": OFF, "a": Q, "b": Q} | dict(profiles or {})
    )  # fmt: skip


def q_of(built: Built) -> float:
    return float(exact_service(built.compiled, built.at("S")[0]).q)


def warnings_of(built: Built, **columns: Any) -> tuple[str, ...]:
    """Of the graph as the ledger would give it again."""
    return with_common_causes(replace(built.graph, groups=replace(built.graph.groups, **columns))).warnings


def test_c11_by_the_field_is_c11_by_hand() -> None:
    by_hand = estate(
        "S; a; b; ccf", hard="a>ccf b>ccf", groups={"S": [(1, "a b")]},
        profiles={"S": OFF, "a": {"unavailability": 0.09}, "b": {"unavailability": 0.09}, "ccf": {"unavailability": 0.01}},
    )  # fmt: skip
    assert q_of(pair()) == pytest.approx(0.018019, rel=1e-12)
    assert q_of(pair()) == pytest.approx(q_of(by_hand), rel=1e-14)
    assert q_of(pair(0.0)) == pytest.approx(0.01, rel=1e-12)
    assert q_of(pair(1.0)) == pytest.approx(0.1, rel=1e-12)


def test_a_rate_is_split_and_the_restore_time_kept() -> None:
    twin = {"failures_per_year": 10.0, "repair_hours": 8.0, "unavailability": math.nan}
    made = pair(0.2, {"a": twin, "b": twin})
    a, cause = made.at("a")[0], positions_of_causes(made.compiled)[0]
    assert made.compiled.failures_per_year[[a, cause]].tolist() == pytest.approx([8.0, 2.0])
    assert made.compiled.repair_hours[[a, cause]].tolist() == [8.0, 8.0]
    assert made.names([cause]) == ["common cause of group 1"]


def test_the_cause_is_named_wherever_it_shows() -> None:
    made = pair()
    told = exact_service(made.compiled, made.at("S")[0], want=Want(counts=True, cut_sets=10))
    assert told.cut_sets is not None
    sets = [(round(cut.probability, 6), made.names(cut.position)) for cut in told.cut_sets]
    assert sets == [(0.01, ["common cause of group 1"]), (0.0081, ["a", "b"])]
    fallen = outage(made.compiled, positions_of_causes(made.compiled)).failed
    assert made.names(fallen) == ["S", "a", "b", "common cause of group 1"]


def test_it_stands_where_all_members_stand() -> None:
    here, there = (
        {**Q, "site": "North", "team": "Web", "ci_class": "server"},
        {**Q, "site": "South", "team": "Web", "ci_class": "server"},
    )
    made = pair(profiles={"a": here, "b": there})
    cis = made.graph.cis
    assert (cis.site[3], cis.team[3], cis.ci_class[3], cis.supplier[3]) == (None, "Web", "server", None)
    assert cis.key[3] == "common cause of group 1"
    assert cis.lifecycle[3] is None and bool(cis.assessed[3])


def test_unlike_members_need_a_stated_unavailability() -> None:
    unlike = {"b": {"unavailability": 0.2}}
    refused = pair(profiles=unlike)
    assert not len(positions_of_causes(refused.compiled))
    assert q_of(refused) == pytest.approx(0.02)
    assert "state common_cause_unavailability for group 1" in warnings_of(refused)[0]
    stated = pair(profiles=unlike, common_cause_unavailability=0.005)
    assert q_of(stated) == pytest.approx(0.005 + 0.995 * 0.09 * 0.18, rel=1e-12)
    alone = pair(math.nan, profiles=unlike, common_cause_unavailability=0.005)  # what members have is theirs alone
    assert q_of(alone) == pytest.approx(0.005 + 0.995 * 0.1 * 0.2, rel=1e-12)


def test_two_restore_times_give_the_cause_none() -> None:
    slow = {"a": {"unavailability": 0.1, "repair_hours": 2.0}, "b": {"unavailability": 0.1, "repair_hours": 9.0}}
    made = pair(profiles=slow)
    at = positions_of_causes(made.compiled)[0]
    assert math.isnan(made.compiled.repair_hours[at]) and math.isnan(made.compiled.failures_per_year[at])
    assert made.compiled.unavailability[at] == pytest.approx(0.01)


def test_groups_of_the_same_members_have_one_cause() -> None:
    twice = estate(
        "S; T; a; b", groups={"S": [(1, "a b", {"common_cause_share": 0.1})], "T": [(1, "b a", {"common_cause_share": 0.1})]},
        services={"S": {}, "T": {}}, profiles={"S": OFF, "T": OFF, "a": Q, "b": Q},
    )  # fmt: skip
    assert len(positions_of_causes(twice.compiled)) == 1
    assert q_of(twice) == pytest.approx(0.018019, rel=1e-12)
    fork = estate(
        "S; T; a; b", groups={"S": [(1, "a b", {"common_cause_share": 0.1})], "T": [(1, "b a", {"common_cause_share": 0.3})]},
        profiles={"S": OFF, "T": OFF, "a": Q, "b": Q},
    )  # fmt: skip
    assert q_of(fork) == pytest.approx(0.03 + 0.97 * 0.07**2, rel=1e-12)


def test_causes_that_take_more_than_all_are_refused() -> None:
    options = {"common_cause_share": 0.7}
    made = estate(
        "S; a; b; c", groups={"S": [(1, "a b", options), (1, "a c", options)]}, profiles={"S": OFF, "a": Q, "b": Q, "c": Q}
    )
    assert made.names(positions_of_causes(made.compiled)) == ["common cause of group 1"]
    assert made.compiled.unavailability[made.at("a b c")].tolist() == pytest.approx([0.03, 0.03, 0.1])


def test_origins_and_evidence_follow_the_members() -> None:
    made = estate("S; a; b", groups={"S": [(1, "a b", {})]})
    cis = made.graph.cis
    plain = replace(
        made.graph,
        cis=replace(
            cis, failures_origin=np.array([DECLARED, MEASURED, MEASURED], np.int8),
            repair_origin=np.array([DECLARED, DECLARED, ASSUMED], np.int8),
            observed_years=np.array([0.0, 2.0, 2.0]), observed_incidents=np.array([0, 3, 3], np.int32),
        ),
        groups=replace(made.graph.groups, common_cause_share=np.array([0.5])),
    )  # fmt: skip
    told = with_common_causes(plain).graph.cis
    assert (told.failures_origin[3], told.repair_origin[3]) == (MEASURED, ASSUMED)
    assert (told.observed_years[3], told.observed_incidents[3]) == (2.0, 3)


def test_a_graph_without_shares_is_the_graph_itself() -> None:
    plain = estate("S; a; b", groups={"S": [(1, "a b")]}).graph
    assert with_common_causes(plain).graph is plain
    left_out = replace(plain, groups=replace(plain.groups, common_cause_share=np.array([0.1])))
    left_out = replace(left_out, cis=replace(plain.cis, assessed=np.array([True, True, False])))
    assert with_common_causes(left_out).graph is left_out  # one member left: nothing in common


def test_numbers_are_those_of_no_ci_and_stay() -> None:
    keys = [f"cmdb:{i}" for i in range(2000)]
    ids = np.array([cause_id(key) for key in keys], np.int64)
    assert len(set(ids.tolist())) == 2000 and (ids >= FIRST_ID).all()
    assert Cause("cmdb:1", 1, np.array([1]), 0.1, math.nan).ci_id == ids[1]


def changed(**columns: Any) -> tuple[Any, Any]:
    """(plain graph before, plain graph after) of an estate whose groups have a share."""
    plain = estate(
        "S; T; a; b; c", hard="T>c", groups={"S": [(1, "a b", {})]}, services={"S": {"money_per_hour": 10.0}, "T": {}}
    ).graph
    plain = replace(plain, groups=replace(plain.groups, common_cause_share=np.array([0.2])))
    return plain, replace(plain, cis=replace(plain.cis, **columns))


def test_a_later_revision_finds_the_same_cause() -> None:
    rates = np.array([1.0, 1.0, 3.0, 3.0, 1.0])
    plain, later = changed(failures_per_year=rates)
    before = with_common_causes(plain)
    after = with_common_causes(later, (plain, before))
    assert after.graph.dependencies is before.graph.dependencies
    old = compile_graph(before.graph)
    quick = recompiled(old, before.graph, after.graph)
    whole = compile_graph(with_common_causes(later).graph)
    assert quick is not None
    for name, column in whole.to_arrays().items():
        assert np.array_equal(column, quick.to_arrays()[name], equal_nan=column.dtype.kind == "f"), name
    first = first_order(old)
    again, _ = touched(old, whole)
    assert sorted(whole.ci_id[again].tolist()) == [3, 4, cause_id("group 1")]
    told, fresh = reassess(old, first, quick), first_order(whole)
    assert told is None or all(
        np.array_equal(getattr(told, name), column, equal_nan=column.dtype.kind == "f")
        for name, column in fresh.to_arrays().items()
    )


def test_a_share_that_comes_or_goes_is_swept_again() -> None:
    plain = estate(
        "S; T; U; V; W; a; b; c", hard="T>c U>c V>c W>c", groups={"S": [(1, "a b", {})]},
        services={name: {"money_per_hour": 10.0} for name in "STUVW"},
    ).graph  # fmt: skip
    states = [
        with_common_causes(replace(plain, groups=replace(plain.groups, common_cause_share=np.array([share]))))
        for share in (np.nan, 0.2, 0.4)
    ]
    compiled = [compile_graph(state.graph) for state in states]
    for old, new in itertools.permutations(range(3), 2):
        told, fresh = reassess(compiled[old], first_order(compiled[old]), compiled[new]), first_order(compiled[new])
        assert told is not None
        for name, column in fresh.to_arrays().items():
            assert np.array_equal(getattr(told, name), column, equal_nan=column.dtype.kind == "f"), (old, new, name)


@pytest.mark.parametrize("seed", range(80))
def test_random_estates_are_brought_forward_as_from_scratch(seed: int) -> None:
    """Cycles, soft and supply needs, shares that come, go and change, members that become unlike or leave the assessed estate."""
    rng = random.Random(seed)

    def shares(rows: dict[str, Any]) -> None:
        for group in rows["groups"]:
            group["common_cause_share"] = rng.choice((math.nan, 0.1, 0.5))
            group["common_cause_unavailability"] = rng.choice((math.nan, math.nan, 0.01))

    before = rich_estate(rng, rng.randint(4, 12))
    if rng.random() < 0.7:  # like members are rare else
        for row in before["cis"]:
            row |= {"failures_per_year": 2.0, "repair_hours": 8.0}
    shares(before)
    after = edited(rng, before)
    if rng.random() < 0.5:
        shares(after)
    plain, later = graph_of(before), graph_of(after)
    old = with_common_causes(plain)
    new = with_common_causes(later, (plain, old))
    compiled = compile_graph(old.graph), compile_graph(new.graph)
    told, fresh = (
        reassess(compiled[0], first_order(compiled[0]), compiled[1]),
        first_order(compile_graph(with_common_causes(later).graph)),
    )
    if told is not None:
        same(told, fresh)


def brute_force(members: list[int], needed: list[int], share: list[float], q: list[float]) -> float:
    """P(some group fails), over all states of members and causes; members[g] is a set of bits, q by member."""
    causes = sorted({(bits, beta) for bits, beta in zip(members, share, strict=True) if beta > 0})
    left = [1.0 - sum(beta for bits, beta in causes if bits >> i & 1) for i in range(len(q))]
    own = [q[i] * left[i] for i in range(len(q))]
    common = [(bits, beta * next(q[i] for i in range(len(q)) if bits >> i & 1)) for bits, beta in causes]
    total = 0.0
    for state in range(1 << len(q)):
        p_own = math.prod(own[i] if state >> i & 1 else 1 - own[i] for i in range(len(q)))
        for struck in range(1 << len(common)):
            p, down = p_own, state
            for j, (bits, u) in enumerate(common):
                p *= u if struck >> j & 1 else 1 - u
                down |= bits if struck >> j & 1 else 0
            fails = any((bits & down).bit_count() >= bits.bit_count() - m + 1 for bits, m in zip(members, needed, strict=True))
            total += p if fails else 0.0
    return total


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_beta_through_the_exact_engine_is_brute_force(seed: int) -> None:
    rng = random.Random(seed)
    count = rng.randint(2, 5)
    q = [rng.choice((0.01, 0.2, 0.5))] * count
    sets = rng.sample(
        [bits for bits in range(1, 1 << count) if bits.bit_count() >= 2], k=min(rng.randint(1, 3), (1 << count) - 1 - count)
    )
    share = [rng.choice((0.0, 0.1, 0.3)) for _ in sets]
    needed = [rng.randint(1, bits.bit_count()) for bits in sets]
    names = [f"m{i}" for i in range(count)]
    groups = [
        (m, " ".join(names[i] for i in range(count) if bits >> i & 1), {"common_cause_share": beta})
        for bits, m, beta in zip(sets, needed, share, strict=True)
    ]
    profiles = {"S": OFF} | {name: {"unavailability": value} for name, value in zip(names, q, strict=True)}
    made = estate("; ".join(["S", *names]), groups={"S": groups}, profiles=profiles)
    assert q_of(made) == pytest.approx(brute_force(sets, needed, share, q), rel=1e-9)
