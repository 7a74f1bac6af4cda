"""What to restore first, against every order, on random estates whose losses a plain walk computes."""

from __future__ import annotations

import random
from itertools import permutations
from typing import Any

import pytest

from app.risk.outage.restore_first import restore_order
from tests.seeds import THOROUGH, some_quick

ESTATES, MOST = (200, 8) if THOROUGH else (60, 6)  # CIs that are out: every order of them is tried


class Plain:
    """A random estate in plain Python: CIs need all of some and one of others; services have a loss an hour; some CIs are out,
    with hours of work."""

    def __init__(self, rng: random.Random) -> None:
        self.cis = list(range(rng.randint(8, 16)))
        self.hard: dict[int, list[int]] = {ci: [] for ci in self.cis}
        self.groups: dict[int, list[list[int]]] = {ci: [] for ci in self.cis}
        for ci in self.cis[2:]:
            below = list(range(ci))
            self.hard[ci] = rng.sample(below, min(len(below), rng.choice((0, 1, 1, 2))))
            if rng.random() < 0.4:
                self.groups[ci] = [rng.sample(below, min(len(below), rng.randint(2, 3)))]
        self.worth = {ci: rng.choice((10.0, 50.0, 200.0, 1000.0)) for ci in self.cis if rng.random() < 0.5}
        self.hours = {ci: rng.choice((0.5, 1.0, 2.0, 4.0, 8.0)) for ci in rng.sample(self.cis, rng.randint(2, MOST))}
        self.losses: dict[frozenset[int], float] = {}

    def failed(self, out: Any) -> set[int]:
        found: set[int] = set()
        for ci in self.cis:
            lost = any(need in found for need in self.hard[ci]) or any(all(m in found for m in g) for g in self.groups[ci])
            if ci in out or lost:
                found.add(ci)
        return found

    def loss(self, out: Any) -> float:
        key = frozenset(out)
        if key not in self.losses:
            self.losses[key] = sum(self.worth.get(ci, 0.0) for ci in self.failed(key))
        return self.losses[key]

    def needs(self) -> dict[int, frozenset[int]]:
        fell = {ci: self.failed({ci}) for ci in self.hours}
        return {ci: frozenset(other for other in self.hours if other != ci and ci in fell[other]) for ci in self.hours}

    def packages(self) -> list[frozenset[int]]:
        """For each service what brings it back, nothing of it dispensable."""
        everything = frozenset(self.hours)
        found = []
        for service in sorted(set(self.worth) & self.failed(everything)):
            package = everything
            for ci in sorted(everything, key=lambda one: -self.hours[one]):
                if service not in self.failed(everything - (package - {ci})):
                    package -= {ci}
            found.append(package)
        return found

    def avoided(self, order: Any) -> float:
        out, total, idle = set(order), 0.0, self.loss(order)
        for ci in order:
            total += self.hours[ci] * (idle - self.loss(out))
            out.discard(ci)
        return total

    def best(self, needs: dict[int, frozenset[int]]) -> float:
        allowed = (
            order
            for order in permutations(sorted(self.hours))
            if all(not needs[ci] & set(order[place:]) for place, ci in enumerate(order))
        )
        return max(self.avoided(order) for order in allowed)


@pytest.mark.parametrize("seed", some_quick(5, 6))
def test_the_proposed_order_avoids_what_the_best_does(seed: int) -> None:
    rng = random.Random(8800 + seed)
    exact, greedy, best, worst = 0.0, 0.0, 0.0, 1.0
    for _ in range(ESTATES):
        plain = Plain(rng)
        needs = plain.needs()
        most = plain.best(needs)
        found = restore_order(plain.loss, plain.hours, needs, plain.packages())
        assert found.exact and found.avoided == pytest.approx(most) == plain.avoided([step.ci for step in found.steps])
        stepwise = restore_order(plain.loss, plain.hours, needs, plain.packages(), exact_up_to=0)
        order = [step.ci for step in stepwise.steps]
        assert sorted(order) == sorted(plain.hours) and stepwise.avoided == pytest.approx(plain.avoided(order))
        assert all(not needs[ci] & set(order[place:]) for place, ci in enumerate(order))
        exact, greedy, best = exact + found.avoided, greedy + stepwise.avoided, best + most
        worst = min(worst, stepwise.avoided / most) if most else worst
    print(f"\n{ESTATES} estates, of the best: {exact / best:.2%}, by steps {greedy / best:.2%}, worst {worst:.2%}")
    assert greedy >= 0.95 * best


def test_by_hand_the_one_that_saves_most_an_hour_of_work_comes_first() -> None:
    worth = {1: 10.0, 2: 30.0}
    found = restore_order(lambda out: sum(worth[ci] for ci in out), {1: 1.0, 2: 2.0}, {})
    assert [step.ci for step in found.steps] == [2, 1]
    assert [step.avoided_per_hour for step in found.steps] == [15.0, 10.0]
    assert found.avoided == 30.0  # 40 an hour for 3 hours against 2 * 40 + 1 * 10


def test_what_another_needs_comes_before_it_and_both_are_worth_what_they_bring_together() -> None:
    def loss(out: frozenset[int]) -> float:
        return 100.0 * bool(out & {1, 2}) + 10.0 * (3 in out)

    for up_to in (8, 0):
        found = restore_order(loss, {1: 1.0, 2: 1.0, 3: 1.0}, {1: frozenset({2})}, [frozenset({1, 2})], exact_up_to=up_to)
        assert [step.ci for step in found.steps] == [2, 1, 3] and found.exact == (up_to == 8)


def test_cis_that_need_each_other_are_ordered_all_the_same() -> None:
    ring = {1: frozenset({2}), 2: frozenset({3}), 3: frozenset({1})}
    for up_to in (8, 0):
        found = restore_order(lambda out: float(len(out) > 0), {1: 1.0, 2: 1.0, 3: 1.0}, ring, exact_up_to=up_to)
        assert sorted(step.ci for step in found.steps) == [1, 2, 3]
    assert restore_order(lambda out: 0.0, {}, {}).steps == []
