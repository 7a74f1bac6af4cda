"""Collisions of planned outages against brute force over all sets and all moments, in plain Python (`Oracle`).

FORESTAY_CALENDARS=10000 asks for so many random calendars instead of 100.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pytest

from app.risk.intake.compile import compile_graph
from app.risk.outage.collisions import Collision, collisions
from tests.builders import Built, estate
from tests.seeds import fresh, named
from tests.unit.risk.build import graph_of, random_estate
from tests.unit.risk.oracle import Oracle

CALENDARS = int(os.environ.get("FORESTAY_CALENDARS", "100"))
HOURS = 10  # of a random calendar


class BruteForce:
    """Every set of changes at every hour."""

    def __init__(
        self, oracle: Oracle, roots: Sequence[set[str]], spans: Sequence[Sequence[tuple[int, int]]], largest: int
    ) -> None:
        self.oracle, self.roots, self.largest = oracle, roots, largest
        self.known: dict[frozenset[int], frozenset[str]] = {}
        self.at = [
            frozenset(n for n, own in enumerate(spans) if any(start <= hour < end for start, end in own)) for hour in range(HOURS)
        ]

    def falls(self, changes: frozenset[int]) -> frozenset[str]:
        if changes not in self.known:
            down = {key for change in changes for key in self.roots[change]}
            self.known[changes] = frozenset(self.oracle.failed(down))
        return self.known[changes]

    def smallest(self) -> dict[tuple[int, ...], tuple[frozenset[str], list[int]]]:
        """Of each smallest set what falls together only, and the hours."""
        found: dict[tuple[int, ...], tuple[frozenset[str], list[int]]] = {}
        for size in range(2, self.largest + 1):
            for items in combinations(range(len(self.roots)), size):
                hours = [hour for hour, active in enumerate(self.at) if set(items) <= active]
                if not hours:
                    continue
                fewer = [self.falls(frozenset(items) - {item}) for item in items]
                together = self.falls(frozenset(items)) - frozenset().union(*fewer)
                if together:
                    found[items] = (together, hours)
        return found

    def by_few(self, active: frozenset[int]) -> frozenset[str]:
        """What falls with some set of at most `largest` of these."""
        sizes = range(min(self.largest, len(active)) + 1)
        return frozenset().union(*(self.falls(frozenset(items)) for size in sizes for items in combinations(active, size)))


def redundant_estate(rng: random.Random) -> dict[str, Any]:
    """Mostly groups, over one another and round in circles, so that it takes several outages to stop something."""
    keys = [f"c{n}" for n in range(rng.randint(6, 12))]
    groups, rows = [], []
    for number, key in enumerate(keys[3:], 3):
        others = keys[:number] if rng.random() < 0.8 else [other for other in keys if other != key]
        members = rng.sample(others, rng.randint(2, min(5, len(others))))
        needed, supply = rng.choice((1, 1, 1, 2, 2)), rng.random() < 0.3
        if rng.random() < 0.8:
            group = {"key": f"g{number}", "dependent": key, "needed": needed, "members": members, "supply": supply}
            groups.append(group)
        if rng.random() < 0.3:
            kind = rng.choice(("hard", "soft", "supply"))
            rows.append({"dependent": key, "provider": rng.choice(others), "kind": kind, "weight": 0.5})
    return {"cis": [{"key": key} for key in keys], "dependencies": rows, "groups": groups, "services": []}


def check(rng: random.Random, said: Counter[str]) -> None:
    rows = random_estate(rng, rng.randint(3, 10)) if rng.random() < 0.3 else redundant_estate(rng)
    keys = [ci["key"] for ci in rows["cis"]]
    count, largest = rng.randint(2, 8), rng.choice((2, 3, 3, 4))
    roots = [set(rng.sample(keys, rng.choice((1, 1, 1, 2)))) for _ in range(count)]
    spans = []
    for _ in range(count):
        own = []
        for _ in range(rng.choice((1, 1, 2))):
            start = rng.randrange(HOURS)
            own.append((start, min(start + rng.choice((0, 1, 3, 5, 8)), HOURS)))
        spans.append(own)
    brute = BruteForce(Oracle(rows), roots, spans, largest)
    compiled = compile_graph(graph_of(rows))
    place = {key: compiled.position_of(10 + number) for number, key in enumerate(keys)}
    name = {position: key for key, position in place.items()}
    got = collisions(compiled, [[place[key] for key in own] for own in roots], spans, largest=largest)
    assert not got.unsure

    def names(one: Collision) -> frozenset[str]:
        return frozenset(name[position] for position in one.together.tolist())

    def hours(one: Collision) -> list[int]:
        return [hour for start, end in one.spans for hour in range(start, end)]

    mine = {one.items: (names(one), hours(one)) for one in got.found if one.smallest}
    want = brute.smallest()
    assert mine == want
    more = [one for one in got.found if not one.smallest]
    for one in more:
        assert len(one.items) > largest
        assert names(one) <= brute.falls(frozenset(one.items)) - brute.by_few(frozenset(one.items))
    for active in set(brute.at):
        few = brute.by_few(active)
        told = frozenset().union(*(names(one) for one in more if set(one.items) <= active)) - few
        assert told == brute.falls(active) - few
    for about in range(count):
        own = collisions(compiled, [[place[key] for key in one] for one in roots], spans, about=about, largest=largest)
        assert {one.items: (names(one), hours(one)) for one in own.found if one.smallest} == {
            items: what for items, what in want.items() if about in items
        }
    said["calendars"] += 1
    said["that collide"] += bool(want)
    said["collisions"] += len(want)
    said["of three and more"] += sum(len(items) > 2 for items in want)
    said["beyond the largest set"] += len(more)


def test_random_calendars_against_brute_force() -> None:
    said: Counter[str] = Counter()
    for seed in [*range(CALENDARS * 3 // 4), *fresh(CALENDARS - CALENDARS * 3 // 4)]:
        with named(seed):
            check(random.Random(seed), said)
    print(dict(said))
    assert said["that collide"] > CALENDARS // 20 and said["of three and more"] > 0


PAIR = estate("S; a; b", groups={"S": [(1, "a b")]})
CHAIN = estate("S; app; a; b; db", hard="S>app app>db", groups={"app": [(1, "a b")]})
THREE = estate("S; a; b; c", groups={"S": [(1, "a b c")]})
TWO_OF_THREE = estate("S; a; b; c", groups={"S": [(2, "a b c")]})
FOUR = estate("S; a; b; c; d", groups={"S": [(1, "a b c d")]})
BEHIND = estate("S; a; b; rack; power", hard="a>rack rack>power", groups={"S": [(1, "a b")]})
NESTED = estate("S; left; right; a; b; c", hard="right>c", groups={"S": [(1, "left right")], "left": [(1, "a b")]})
LOOP = estate("S; x; y; a; b", hard="S>x", supply="x>y", groups={"y": [(1, "x a b", {"supply": True})]})
SOFT = estate("S; a; b", soft="S>a:.5 S>b:.5")

Plan = Sequence[tuple[str, int, int]]  # CIs, from, to
CASES: dict[str, tuple[Built, Plan, list[tuple[str, str, str]]]] = {
    "both members at once": (PAIR, [("a", 0, 4), ("b", 2, 6)], [("0 1", "S", "2-4")]),
    "one within the other": (PAIR, [("a", 0, 9), ("b", 2, 3)], [("0 1", "S", "2-3")]),
    "windows that touch stay silent": (PAIR, [("a", 0, 4), ("b", 4, 6)], []),
    "one after the other stays silent": (PAIR, [("a", 0, 4), ("b", 5, 6)], []),
    "the same member twice stays silent": (PAIR, [("a", 0, 4), ("a", 0, 4)], []),
    "what falls with one alone stays silent": (CHAIN, [("db", 0, 4), ("a", 0, 4)], []),
    "one change of both members collides with none": (PAIR, [("a b", 0, 4), ("a", 0, 4)], []),
    "a member and the rack under the other": (BEHIND, [("power", 0, 4), ("b", 1, 2)], [("0 1", "S", "1-2")]),
    "two ends of one path stay silent": (BEHIND, [("power", 0, 4), ("a", 0, 4)], []),
    "only three together": (THREE, [("a", 0, 4), ("b", 1, 4), ("c", 2, 4)], [("0 1 2", "S", "2-4")]),
    "two of the three stay silent": (THREE, [("a", 0, 4), ("b", 0, 4), ("c", 4, 8)], []),
    "each pair of a group of which two are needed": (
        TWO_OF_THREE, [("a", 0, 4), ("b", 0, 4), ("c", 3, 8)], [("0 1", "S", "0-4"), ("0 2", "S", "3-4"), ("1 2", "S", "3-4")],
    ),
    "four where three are looked for": (
        FOUR, [("a", 0, 4), ("b", 0, 4), ("c", 0, 4), ("d", 0, 4)], [("0 1 2 3", "S", "0-4, not taken apart")],
    ),
    "a group under a group": (
        NESTED, [("a", 0, 4), ("b", 0, 4), ("c", 0, 2)], [("0 1", "left", "0-4"), ("0 1 2", "S", "0-2")],
    ),
    "a loop that loses both of its sources": (LOOP, [("a", 0, 4), ("b", 0, 4)], [("0 1", "S x y", "0-4")]),
    "soft needs stay silent": (SOFT, [("a", 0, 4), ("b", 0, 4)], []),
    "days apart": (PAIR, [("a", 0, 2), ("a", 10, 12), ("b", 11, 20)], [("1 2", "S", "11-12")]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_cases_by_hand(case: str) -> None:
    built, plan, want = CASES[case]
    got = collisions(built.compiled, [built.at(cis).tolist() for cis, _, _ in plan], [[(a, b)] for _, a, b in plan])
    found = [
        (
            " ".join(map(str, one.items)),
            " ".join(built.names(one.together)),
            ", ".join(f"{a}-{b}" for a, b in one.spans) + ("" if one.smallest else ", not taken apart"),
        )
        for one in got.found
    ]
    assert found == want


def test_sets_beyond_the_number_that_is_examined_are_listed_whole() -> None:
    members = " ".join(f"m{n}" for n in range(12))
    built = estate("S; " + members.replace(" ", "; "), groups={"S": [(3, members)]})
    roots, spans = [[position] for position in built.at(members).tolist()], [[(0, 4)]] * 12
    got = collisions(built.compiled, roots, spans, largest=3, most=50)
    assert got.unsure == [(tuple(range(12)), [(0, 4)])]
    assert [(len(one.items), built.names(one.together), one.smallest) for one in got.found] == [(12, ["S"], False)]
