"""Fault trees given as estates through the JSON import (OR: hard needs; AND: a group with 1 needed; k of n fail: n - k + 1
needed): exact.

Published trees with the numbers published for them, and larger ones against an independent computation: a plain Python decision
diagram with Rauzy's minimal solutions (RESS 40 (1993) 203), which knows no modules, no reordering and no product code.
"""

from __future__ import annotations

import math
import random
import re
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from tests.e2e.conftest import Service
from tests.unit.risk.exact.fault_tree import FaultTree, plant_tree, random_tree

# one question: a guard against an answer that grows with the cut sets, wide enough for a slow machine (4 s on two quick cores)
SECONDS = 30.0


def estate_of(tree: FaultTree) -> dict[str, Any]:
    dependencies, groups = [], []
    for name, (fails, inputs) in tree.gates.items():
        if fails == 1:
            dependencies += [{"dependent": name, "provider": each} for each in inputs]
        else:
            groups.append({"key": name, "dependent": name, "needed": len(inputs) - fails + 1, "members": list(inputs)})
    cis = [{"key": name, "unavailability": tree.events.get(name, 0)} for name in (*tree.events, *tree.gates)]
    return {"cis": cis, "dependencies": dependencies, "groups": groups, "services": [{"key": tree.top}]}


class Diagram:
    """An ordered decision diagram of a coherent tree; nodes are numbers, 0 works, 1 fails. Reference only: slow and obvious."""

    def __init__(self, tree: FaultTree) -> None:
        self.tree = tree
        self.order: list[str] = []
        self.nodes: list[tuple[int, int, int]] = [(10**9, 0, 0), (10**9, 1, 1)]
        self.unique: dict[tuple[int, int, int], int] = {}
        self.both: dict[tuple[int, int, bool], int] = {}
        self.less: dict[tuple[int, int], int] = {}
        self.minimal: dict[int, int] = {}
        self.of: dict[str, int] = {}
        self.sort = self._depth_first()
        for name in self.sort:
            self.of[name] = self._gate(*tree.gates[name]) if name in tree.gates else self.node(self.order.index(name), 1, 0)
        self.top = self.of[tree.top]

    def _depth_first(self) -> list[str]:
        """Providers before dependents; events in the order they are met."""
        done: list[str] = []
        seen: set[str] = set()
        stack = [(self.tree.top, False)]
        while stack:
            name, finished = stack.pop()
            if finished:
                done.append(name)
            elif name not in seen:
                seen.add(name)
                if name in self.tree.events:
                    self.order.append(name)
                stack.append((name, True))
                stack += [(each, False) for each in reversed(self.tree.gates.get(name, (0, ()))[1])]
        return done

    def node(self, level: int, fails: int, works: int) -> int:
        if fails == works:
            return fails
        key = (level, fails, works)
        if key not in self.unique:
            self.unique[key] = len(self.nodes)
            self.nodes.append(key)
        return self.unique[key]

    def _gate(self, fails: int, inputs: Sequence[str]) -> int:
        """At least `fails` of the inputs: row by row, at_least[k] of those read so far."""
        at_least = [1] + [0] * fails
        for each in inputs:
            one = self.of[each]
            at_least[1:] = [self.apply(self.apply(below, one, True), same, False) for below, same in pairwise(at_least)]
        return at_least[fails]

    def apply(self, a: int, b: int, conjunction: bool) -> int:
        if a == b or a > b:
            a, b = b, a
        if a == b:
            return a
        if a <= 1:
            return (b if a == 1 else 0) if conjunction else (1 if a == 1 else b)
        key = (a, b, conjunction)
        if key not in self.both:
            (la, a1, a0), (lb, b1, b0) = self.nodes[a], self.nodes[b]
            level = min(la, lb)
            high = self.apply(a1 if la == level else a, b1 if lb == level else b, conjunction)
            low = self.apply(a0 if la == level else a, b0 if lb == level else b, conjunction)
            self.both[key] = self.node(level, high, low)
        return self.both[key]

    def q(self, **given: float) -> float:
        chance = {0: 0.0, 1: 1.0}
        for number in range(2, len(self.nodes)):  # a node comes after those below it
            level, fails, works = self.nodes[number]
            p = given.get(self.order[level], self.tree.events[self.order[level]])
            chance[number] = p * chance[fails] + (1.0 - p) * chance[works]
        return chance[self.top]

    def cut_sets(self) -> dict[int, int]:
        """Number of minimal cut sets by order."""
        top = self._minimal(self.top)
        counts: dict[int, dict[int, int]] = {0: {}, 1: {0: 1}}
        for number in range(2, len(self.nodes)):
            _, fails, works = self.nodes[number]
            row = dict(counts[works])
            for order, count in counts[fails].items():
                row[order + 1] = row.get(order + 1, 0) + count
            counts[number] = row
        return counts[top]

    def _set(self, level: int, present: int, absent: int) -> int:
        return absent if present == 0 else self.node(level, present, absent) if present != absent else self._same(level, present)

    def _same(self, level: int, present: int) -> int:
        key = (level, present, present)
        if key not in self.unique:
            self.unique[key] = len(self.nodes)
            self.nodes.append(key)
        return self.unique[key]

    def _minimal(self, f: int) -> int:
        """minsol(ite(x, F1, F0)) = ite(x, minsol(F1) without minsol(F0), minsol(F0)), a set of sets."""
        if f <= 1:
            return f
        if f not in self.minimal:
            level, fails, works = self.nodes[f]
            without_it = self._minimal(works)
            self.minimal[f] = self._set(level, self._without(self._minimal(fails), without_it), without_it)
        return self.minimal[f]

    def _without(self, f: int, g: int) -> int:
        """Sets of f that hold no set of g."""
        if f == 0 or g == 1:
            return 0
        if g == 0 or f == 1:
            return f
        key = (f, g)
        if key not in self.less:
            (lf, f1, f0), (lg, g1, g0) = self.nodes[f], self.nodes[g]
            if lf < lg:
                self.less[key] = self._set(lf, self._without(f1, g), self._without(f0, g))
            elif lf > lg:
                self.less[key] = self._without(f, g0)
            else:
                with_it = self._without(self._without(f1, g1), g0)
                self.less[key] = self._set(lf, with_it, self._without(f0, g0))
        return self.less[key]


def written(top: str, text: str, chance: float, sure: str = "") -> FaultTree:
    """A tree as lines "g = a & b", "g = a | b", all events with the same probability but those that are sure to happen."""
    gates = {}
    for line in text.strip().splitlines():
        name, formula = (part.strip() for part in line.split("="))
        inputs = re.split(r"\s*[&|]\s*", formula)
        gates[name] = (len(inputs) if "&" in formula else 1, inputs)
    used = dict.fromkeys(each for _, inputs in gates.values() for each in inputs if each not in gates)
    return FaultTree(top, gates, {name: 1.0 if name in sure.split() else chance for name in used})


THREE_MOTORS = """
E1 = E2 & E3
E2 = K5 | E4
E4 = t1 & E6
E6 = T2 | K5
E3 = K2 | E5
E5 = T1 | E8
E8 = K1 | E9
E9 = E10 | E11
E10 = KT1 & KT3 & E12
E12 = KT2 | T4
E11 = S1 | T3
t1 = K1 | t2
t2 = t3 | t4
t4 = S1 | T1inc
t3 = t5 & t6 & t7
t5 = KT1inc | T2inc
t6 = KT2inc | T3inc
t7 = KT3inc | T4inc
"""
CHINESE = """
r1 = g1 & g2
g1 = e1 | e2 | e3 | g3
g2 = g4 & g5
g3 = g6 & g7
g4 = e4 | e5 | e6 | e7 | g8
g5 = e8 | g9
g6 = e9 | e10 | e11 | g10
g7 = e12 | e13
g8 = g11 & g12
g9 = g13 & g14
g10 = g15 & g16
g11 = e14 | e15 | e16 | g17
g12 = g18 & g19
g13 = e1 | e2 | e3 | g20
g14 = e4 | e5 | e6 | e7 | g21
g15 = e17 | e18
g16 = e19 | e20 | e21
g17 = g22 & g23
g18 = e22 | e23
g19 = e24 | e25
g20 = g11 & g12
g21 = g6 & g7
g22 = e17 | e18 | e21
g23 = e19 | e20
"""


def sets_named(told: dict[str, Any]) -> set[frozenset[str]]:
    return {frozenset(row["names"]) for row in told["items"]}


def test_three_motors(service: Service) -> None:
    """OpenFTA's example as SCRAM publishes it: Q .0211538, these 12 minimal cut sets; three house events are sure."""
    tree = written("E1", THREE_MOTORS, 0.02, sure="KT1 KT2 KT3")
    service.document(estate_of(tree))
    q = service.get("/services/E1/availability")["unavailability"]
    assert q["method"] == "exact"
    assert q["value"] == pytest.approx(0.0211538, abs=5e-8) and q["value"] == pytest.approx(Diagram(tree).q(), rel=1e-12)
    told = service.get("/services/E1/cut-sets")
    triples = {frozenset(("T2", a, b, c)) for a in ("KT1inc", "T2inc") for b in ("KT2inc", "T3inc") for c in ("KT3inc", "T4inc")}
    pairs = {frozenset(("T2", name)) for name in ("K1", "S1", "T1inc")}
    assert sets_named(told) == {frozenset({"K5"}), *pairs, *triples}
    assert [(row["order"], row["count"]) for row in told["by_order"]] == [(1, 1), (2, 3), (4, 8)]


@pytest.mark.compiled
def test_chinese(service: Service) -> None:
    """Aralia benchmark "chinese": 392 minimal cut sets, Q 1.17058e-3 with every event at .01."""
    tree = written("r1", CHINESE, 0.01)
    service.document(estate_of(tree))
    q = service.get("/services/r1/availability")["unavailability"]["value"]
    assert q == pytest.approx(1.17058e-3, rel=5e-6) and q == pytest.approx(Diagram(tree).q(), rel=1e-12)
    told = service.get("/services/r1/cut-sets", limit=500)
    assert told["total"] == len(sets_named(told)) == 392 and told["probability_not_listed"] == 0.0


def cells(shared: bool) -> FaultTree:
    """Eleven cells of which all must fail, each of six single events and four pairs; two cells share one event (Aralia
    "das9209")."""
    gates: dict[str, tuple[int, list[str]]] = {"top": (11, [f"cell{i}" for i in range(11)])}
    events = []
    for i in range(11):
        own = [f"e{i}.{k}" for k in range(10)]
        if shared and i == 6:
            own[5] = "e0.5"
        events += own
        gates[f"cell{i}"] = (1, [*own[:2], f"inner{i}", f"pair{i}"])
        gates[f"inner{i}"] = (1, own[2:6])
        gates[f"pair{i}"] = (2, [f"left{i}", f"right{i}"])
        gates[f"left{i}"], gates[f"right{i}"] = (1, own[6:8]), (1, own[8:])
    return FaultTree("top", gates, dict.fromkeys(events, 0.01))


@pytest.mark.compiled
def test_das9209_with_82_billion_cut_sets(service: Service) -> None:
    """Published: 8.20e10 minimal cut sets, Q 1.058e-13; by hand: e alone or one of 9 in each of two cells, and 10 in each of
    nine: 82e9."""
    tree = cells(shared=True)
    service.document(estate_of(tree))
    started = time.monotonic()
    told = service.get("/services/top/cut-sets")
    assert time.monotonic() - started < SECONDS
    assert told["total_digits"] == "82000000000" and told["total"] == 82 * 10**9 and told["truncated"]
    works = 0.99**2  # of two events in a row of an OR
    pair = (1 - works) ** 2
    full, rest = (1 - 0.99**singles * (1 - pair) for singles in (6, 5))
    by_hand = full**9 * (0.01 + 0.99 * rest**2)
    assert told["unavailability"]["value"] == pytest.approx(by_hand, rel=1e-9) == pytest.approx(1.058e-13, rel=5e-4)
    listed = sum(row["probability"] for row in told["items"])
    assert told["probability_not_listed"] == pytest.approx(told["rare_event_sum"] - listed, rel=1e-9)


@pytest.mark.compiled
def test_counts_beyond_two_to_the_53_have_all_their_digits(service: Service) -> None:
    """11 cells that share nothing: 10^11; 30 of 60 fail: C(60, 30); both at once multiply to 1.18e28."""
    tree = cells(shared=False)
    parts = {f"p{i}": 0.3 + i / 1000 for i in range(60)}
    gates = {**tree.gates, "vote": (30, list(parts)), "all": (2, ["top", "vote"])}
    service.document(estate_of(FaultTree("all", gates, {**tree.events, **parts})))
    started = time.monotonic()
    told = service.get("/services/all/cut-sets", limit=3)
    assert time.monotonic() - started < SECONDS
    assert told["total"] is None and told["total_digits"] == str(10**11 * math.comb(60, 30))
    by_order = {row["order"]: int(row["digits"]) for row in told["by_order"]}
    assert by_order == {
        30 + 11 + twos: math.comb(11, twos) * 6 ** (11 - twos) * 4**twos * math.comb(60, 30) for twos in range(12)
    }
    cell = 1 - 0.99**6 * (1 - (1 - 0.99**2) ** 2)
    assert told["unavailability"]["value"] == pytest.approx(cell**11 * at_least(30, list(parts.values())), rel=1e-9)


def at_least(k: int, chances: Sequence[float]) -> float:
    """P(k or more of independent events), by the distribution of their number."""
    number = [1.0]
    for p in chances:
        number = [(1 - p) * same + p * below for same, below in zip([*number, 0.0], [0.0, *number], strict=True)]
    return math.fsum(number[k:])


@pytest.mark.compiled
def test_a_vote_over_like_events_lists_at_once(service: Service) -> None:
    """C(60, 30) cut sets of one probability: listing three of them must not walk the others."""
    parts = [f"p{i}" for i in range(60)]
    service.document(estate_of(FaultTree("top", {"top": (30, parts)}, dict.fromkeys(parts, 0.3))))
    started = time.monotonic()
    told = service.get("/services/top/cut-sets", limit=3)
    assert time.monotonic() - started < SECONDS
    assert told["total_digits"] == str(math.comb(60, 30)) and len(told["items"]) == 3
    assert all(row["probability"] == pytest.approx(0.3**30, rel=1e-9) for row in told["items"])
    assert told["unavailability"]["value"] == pytest.approx(at_least(30, [0.3] * 60), rel=1e-9)


def belts(seed: int, stations: int = 12, parts: int = 30) -> FaultTree:
    """All but one of a row of stations must fail; each by single parts and pairs of parts, some of them the next station's or the
    one's after."""
    rng = random.Random(seed)
    events = {f"e{s}.{k}": 10 ** rng.uniform(-3, -1) for s in range(stations) for k in range(parts)}
    gates: dict[str, tuple[int, list[str]]] = {"top": (stations - 1, [f"station{s}" for s in range(stations)])}
    for s in range(stations):
        own = [f"e{s}.{k}" for k in range(parts)]
        lent = [f"e{t}.{rng.randrange(parts)}" for t in (s + 1, s + 2) if t < stations for _ in range(2)]
        pairs = [f"pair{s}.{k}" for k in range(8)]
        for k, pair in enumerate(pairs):
            gates[pair] = (2, [own[2 * k], own[2 * k + 1]])
        gates[f"station{s}"] = (1, list(dict.fromkeys([*own[16:], *pairs, *lent])))
    return FaultTree("top", gates, events)


TREES = {
    "a plant of 300 events": lambda: plant_tree(seed=6, systems=16, trains=3, parts=6, sequences=8),
    "a plant of 290 events with a small Q": lambda: plant_tree(seed=13, systems=16, trains=3, parts=6, sequences=8),
    "360 events in stations, 10^16 cut sets": lambda: belts(seed=1),
    "240 shared events, 4e10 cut sets, a Q of 1e-97": lambda: random_tree(9, 300, 120, width=6, reach=4, chance=(1e-2, 0.3)),
}


@pytest.mark.parametrize("name", TREES)
@pytest.mark.compiled
def test_generated_trees_equal_an_independent_computation(service: Service, name: str) -> None:
    tree = TREES[name]()
    reference = Diagram(tree)
    service.document(estate_of(tree))
    started = time.monotonic()
    told = service.get(f"/services/{tree.top}/cut-sets", limit=20)
    assert time.monotonic() - started < SECONDS
    assert told["unavailability"]["method"] == "exact"
    assert told["unavailability"]["value"] == pytest.approx(reference.q(), rel=1e-9)
    wanted = {order: count for order, count in sorted(reference.cut_sets().items()) if count}
    assert {row["order"]: int(row["digits"]) for row in told["by_order"]} == wanted
    assert told["total_digits"] == str(sum(wanted.values()))
    rows = service.get(f"/services/{tree.top}/importance", by="birnbaum", limit=20)["items"]
    for row in rows:
        assert row["birnbaum"] == pytest.approx(reference.q(**{row["name"]: 1.0}) - reference.q(**{row["name"]: 0.0}), rel=1e-9)


NEGATING = ["not", "xor", "nand", "nor", "inhibit"]


@pytest.mark.parametrize("gate", NEGATING)
def test_gates_that_negate_are_refused_with_the_reason(service: Service, gate: str) -> None:
    """As a JSON group, a JSON dependency, a CSV group and a CSV dependency; the rest of the document goes on."""
    cis = [{"key": name, "unavailability": 0.1} for name in ("S", "a", "b")]
    document = {
        "cis": cis,
        "dependencies": [{"dependent": "S", "provider": "a"}, {"dependent": "S", "provider": "b", "kind": gate.upper()}],
        "groups": [{"key": "g", "dependent": "S", "needed": 1, "members": ["a", "b"], "type": gate}],
        "services": [{"key": "S"}],
    }
    sheets = {
        "cis": [{"key": name} for name in ("T", "c", "d")],
        "dependencies": [{"dependent": "T", "provider": "c", "kind": "hard"}, {"dependent": "T", "provider": "d", "kind": gate}],
        "groups": [{"key": "h", "dependent": "T", "needed": 1, "members": "c|d", "kind": gate}],
    }
    for report in (service.document(document), service.csv(**sheets)):
        assert report.state == "done" and len(report.rejected) == 2
        for row in report.rejected:
            assert row.field == "kind" and "negation is not supported" in row.reason and gate in row.reason.casefold()
            assert "hard needs" in row.advice and "groups" in row.advice
    assert service.get("/services/S/availability")["unavailability"]["value"] == pytest.approx(1 - 0.9**2)  # S and a
