"""Identity, keys, the deletion guard and completeness: the pure rules of an import."""

from __future__ import annotations

import json
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.completeness import PAGES, SAID, Evidence, Part, proven
from app.domain.deletion_guard import Watched, held_because
from app.domain.identity import Claim, Decided, partition
from app.domain.kept_keys import keep_keys
from app.domain.nouns import CI
from app.domain.payloads import content_hash, payload_of, record_of
from app.domain.precedence import SourceRank, ci_row, in_order
from app.domain.record_checks import ci_fault, group_fault, service_fault
from app.domain.records import CiRecord, GroupRecord, ServiceRecord

X, Y = ("fqdn", "x"), ("serial", "Y")


def places(claims):
    found = partition(claims)
    return [[claims[n].place for n in group] for group in found.groups], found.conflicts


def test_identity_is_transitive():
    claims = [Claim(1, "ci:a", (X,)), Claim(2, "ci:b", (X, Y)), Claim(3, "ci:c", (Y,))]
    assert places(claims)[0] == [[(1, "ci:a"), (2, "ci:b"), (3, "ci:c")]]


def test_an_identifier_held_twice_in_a_source_is_ignored():
    groups, conflicts = places([Claim(1, "ci:a", (X,)), Claim(2, "ci:b", (X,)), Claim(2, "ci:c", (X,))])
    assert len(groups) == 3
    assert "fqdn x is held by 3 records" in conflicts[0]


def test_a_chain_that_would_join_two_records_of_a_source_joins_nothing():
    other = ("fqdn", "z")
    groups, conflicts = places([Claim(1, "ci:a", (X,)), Claim(2, "ci:b", (X, other)), Claim(1, "ci:c", (other,))])
    assert len(groups) == 3
    assert "two records of one source" in conflicts[0]


def test_a_stronger_identifier_joins_and_the_weaker_one_that_speaks_against_it_is_refused():
    groups, conflicts = places([Claim(1, "ci:a", (X,)), Claim(2, "ci:b", (X, Y)), Claim(1, "ci:c", (Y,))])
    assert groups == [[(1, "ci:a")], [(1, "ci:c"), (2, "ci:b")]]
    assert "two records of one source" in conflicts[0]


def test_people_join_what_shares_nothing_and_part_what_shares_all():
    a, b, c = Claim(1, "ci:a", (Y,)), Claim(2, "ci:b", (Y,)), Claim(1, "ci:c")
    joined, parted = frozenset({(a.place, c.place)}), frozenset({(b.place, a.place), (b.place, c.place)})
    assert partition([a, b, c], Decided(joined=joined)).groups == ((0, 2, 1),)
    assert partition([a, b, c], Decided(joined, parted)).groups == ((0, 2), (1,))


IDENTIFIERS = st.lists(st.sampled_from([("fqdn", str(n)) for n in range(5)]), max_size=2).map(tuple)
CLAIMS = st.dictionaries(st.tuples(st.integers(1, 3), st.sampled_from("abcd")), IDENTIFIERS, max_size=10)


@given(CLAIMS, st.randoms(use_true_random=False))
def test_the_order_of_claims_changes_nothing(held, random):
    claims = [Claim(source, f"ci:{name}", identifiers) for (source, name), identifiers in held.items()]
    shuffled = random.sample(claims, len(claims))
    assert places(claims) == places(shuffled)
    for group in places(claims)[0]:
        assert len({source for source, _ in group}) == len(group)


def test_a_merge_keeps_the_oldest_and_a_split_the_founder():
    a, b = Claim(1, "ci:a"), Claim(2, "ci:b")
    assert keep_keys([[a, b]], {a.place: 5, b.place: 9}, {}) == [5]
    assert keep_keys([[a], [b]], {a.place: 5, b.place: 5}, {5: b.place}) == [None, 5]


@pytest.mark.parametrize(
    ("claimed", "retiring", "held"),
    [
        (1000, 50, False),
        (1000, 51, True),
        (100, 25, False),
        (100, 26, True),
        (4, 2, True),
        (3, 2, False),
        (3, 3, True),
        (9, 0, False),
    ],
)
def test_the_deletion_guard(claimed, retiring, held):
    assert bool(held_because([Watched("class server", claimed, retiring)])) is held


def test_the_guard_remembers_a_day():
    assert held_because([Watched("class server", 950, 45, 50)]) == []
    assert held_because([Watched("class server", 950, 45, 60)]) == ["class server: 105 of 1010 within 24 hours, more than 101"]


@pytest.mark.parametrize(
    ("evidence", "said", "complete"),
    [
        (Evidence(PAGES, (Part("device", 3, 3),)), False, True),
        (Evidence(PAGES, (Part("device", 2, 3),)), True, False),
        (Evidence(PAGES, (Part("device", 3, None, ended=False),)), True, False),
        (Evidence(SAID, (Part("cis", 3),)), False, False),
        (Evidence(SAID, (Part("cis", 3),)), True, True),
        (Evidence(SAID, ()), True, False),
    ],
)
def test_completeness_is_proven(evidence, said, complete):
    assert proven(evidence, said)[0] is complete


def test_an_origin_travels_with_its_value():
    first, second = SourceRank(2, "b", 10), SourceRank(1, "a", 20)
    said = [
        (second, CiRecord("ci", "1", "low", "server", failures_per_year=2.0, failures_origin="measured", team="ops")),
        (first, CiRecord("ci", "1", "high", "other", repair_hours=3.0)),
    ]
    row = ci_row(7, "k", [record for _, record in in_order(said)])
    assert row[2:4] == ("high", "server")
    told = dict(zip(CI.names(), row, strict=True))
    names = ("failures_per_year", "failures_origin", "repair_hours", "repair_origin")
    assert [told[name] for name in names] == [2.0, "measured", 3.0, "declared"]
    assert row[8] == "ops"


def test_each_attribute_is_the_best_source_s_that_says_it():
    said = [
        (SourceRank(1, "aaa", 300), CiRecord("ci", "1", "worst", "server", attributes={"rack": "W", "os": "W", "cpu": "W"})),
        (SourceRank(2, "bbb", 200), CiRecord("ci", "2", "middle", "server", attributes={"rack": "M", "os": "M", "ram": "M"})),
        (SourceRank(3, "zzz", 100), CiRecord("ci", "3", "best", "server", attributes={"rack": "B"})),
    ]
    for given_in in permutations(said):
        row = ci_row(7, "k", [record for _, record in in_order(given_in)])
        told = dict(zip(CI.names(), row, strict=True))
        assert json.loads(told["attributes"]) == {"rack": "B", "os": "M", "ram": "M", "cpu": "W"}
        assert told["name"] == "best"


def test_a_range_travels_with_its_value():
    narrow = {"failures_per_year_low": 1.0, "failures_per_year_high": 4.0, "repair_hours_low": 2.0, "repair_hours_high": 8.0}
    best = CiRecord("ci", "1", "a", "server", failures_per_year=3.0)
    other = CiRecord("ci", "1", "b", "server", failures_per_year=2.0, repair_hours=4.0, **narrow)
    told = dict(zip(CI.names(), ci_row(7, "k", [best, other]), strict=True))
    assert [told[name] for name in narrow] == [None, None, 2.0, 8.0]  # the rate is the best source's, which states no range


@pytest.mark.parametrize(
    ("low", "value", "high", "field"),
    [
        (1.0, 2.0, 4.0, None),
        (2.0, 2.0, 2.0, None),
        (0.0, 0.0, 0.0, None),
        (None, 2.0, 4.0, "repair_hours_low"),
        (1.0, 2.0, None, "repair_hours_high"),
        (1.0, None, 4.0, "repair_hours_low"),
        (3.0, 2.0, 4.0, "repair_hours_low"),
        (1.0, 5.0, 4.0, "repair_hours_low"),
        (0.0, 2.0, 4.0, "repair_hours_low"),
        (-1.0, 2.0, 4.0, "repair_hours_low"),
        (1.0, 2.0, float("nan"), "repair_hours_low"),
    ],
)
def test_a_range_holds_its_value(low, value, high, field):
    fault = ci_fault(CiRecord("ci", "1", "a", "server", repair_hours=value, repair_hours_low=low, repair_hours_high=high))
    assert (fault and fault[0]) == field


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"common_cause_share": 0.1}, None),
        ({"common_cause_share": 1.0, "common_cause_unavailability": 0.5}, None),
        ({"common_cause_share": 1.1}, "common_cause_share"),
        ({"common_cause_share": float("nan")}, "common_cause_share"),
        ({"common_cause_unavailability": 1.0}, "common_cause_unavailability"),
        ({"common_cause_unavailability": -0.1}, "common_cause_unavailability"),
    ],
)
def test_a_common_cause_is_a_share(values, field):
    fault = group_fault(GroupRecord("g", "s", ("a", "b"), 1, **values))
    assert (fault and fault[0]) == field


def test_a_population_is_a_short_name():
    assert service_fault(ServiceRecord("s", customer_population="x" * 200)) is None
    assert service_fault(ServiceRecord("s", customer_population="x" * 201))[0] == "customer_population"


def test_payloads_round_trip_and_differ():
    record = CiRecord("ci", "1", "ü", "server", identifiers=(X,), attributes={"b": "1", "a": "2"})
    assert record_of(payload_of(record)) == record
    assert content_hash(payload_of(record)) != content_hash(payload_of(CiRecord("ci", "1", "u", "server", identifiers=(X,))))
