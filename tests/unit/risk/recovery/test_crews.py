"""Recovery with crews: the interval against an exhaustive search over all schedules, C29, and the slow third member.

The search shares no code with the engine: sets, dictionaries, and one branch for every set of restorations that can be started.
"""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from app.risk.first_order.sweep import first_order
from app.risk.graph.compiled import AT_REST_DOWN
from app.risk.intake.compile import compile_graph
from app.risk.recovery.crews import Crews, crew_schedule, work_hours
from app.risk.recovery.restore_times import CIRCLE, restoration, restore_plan
from app.risk.recovery.start_needs import start_needs
from tests.builders import estate
from tests.unit.risk.build import graph_of, random_estate

ESTATES = int(os.environ.get("FORESTAY_RECOVERY_ESTATES", "60"))


class Search:
    """All schedules of an estate in which everything is down: when each CI can be back at the earliest."""

    def __init__(self, made: Mapping[str, Any], places: Mapping[str, int], without: set[tuple[str, str]]) -> None:
        self.hours = {ci["key"]: ci["repair_hours"] for ci in made["cis"]}
        self.pool = {ci["key"]: ci.get("pool") if ci["repair_hours"] > 0 else None for ci in made["cis"]}
        self.places = places
        self.hard = {(row["dependent"], row["provider"]) for row in made["dependencies"]
                     if row["kind"] == "hard" or (row["kind"] == "soft" and row["weight"] == 1.0)}  # fmt: skip
        self.supply = {(row["dependent"], row["provider"]) for row in made["dependencies"] if row["kind"] == "supply"}
        self.groups = made["groups"]
        self.without = without

    def starts(self, v: str, done: frozenset[str]) -> bool:
        needs = (self.hard - self.without) | self.supply
        return all(b in done for a, b in needs if a == v) and all(
            sum(m in done for m in g["members"]) >= g["needed"] for g in self.groups if g["dependent"] == v
        )

    def up(self, done: frozenset[str]) -> set[str]:
        """The largest set of restored CIs that run by each other; no circle feeds itself."""
        fed = set(done)
        while True:
            up = set(fed)
            while True:  # hard needs and groups: what runs may run in a circle
                more = {
                    v for v in up
                    if all(b in up for a, b in self.hard if a == v)
                    and all(b in fed for a, b in self.supply if a == v)
                    and all(
                        sum(m in (fed if g["supply"] else up) for m in g["members"]) >= g["needed"]
                        for g in self.groups if g["dependent"] == v
                    )
                }  # fmt: skip
                if more == up:
                    break
                up = more
            grounded: set[str] = set()  # supply comes from what has its own supply already
            while True:
                more = {
                    v for v in up
                    if all(b in grounded for a, b in self.supply if a == v)
                    and all(
                        sum(m in grounded for m in g["members"]) >= g["needed"]
                        for g in self.groups if g["dependent"] == v and g["supply"]
                    )
                }  # fmt: skip
                if more == grounded:
                    break
                grounded = more
            if grounded == fed:
                return grounded
            fed = grounded

    def best(self, target: str) -> float:
        """The least time after which the target is up, over all schedules; infinite: never."""
        seen: dict[Any, float] = {}

        def after(done: frozenset[str], running: tuple[tuple[str, float], ...], tried: frozenset[str]) -> float:
            if target in done and target in self.up(done):
                return 0.0
            state = (done, running)
            if state in seen:
                return seen[state]
            seen[state] = float("inf")  # a state never comes back: time goes on
            begun = {v for v, _ in running}
            ready = [v for v in self.hours if v not in done and v not in begun and self.starts(v, done)]
            free = [v for v in ready if self.pool[v] is None]
            held = [v for v in ready if self.pool[v] is not None]
            best = float("inf")
            for size in range(len(held) + 1):
                for some in itertools.combinations(held, size):
                    now = sorted([*running, *((v, self.hours[v]) for v in (*free, *some))])
                    load: dict[str, int] = {}
                    for v, _ in now:
                        pool = self.pool[v]
                        if pool is not None:
                            load[pool] = load.get(pool, 0) + 1
                    if any(count > self.places[pool] for pool, count in load.items()) or not now:
                        continue
                    step = min(left for _, left in now)
                    rest = tuple((v, left - step) for v, left in now if left > step)
                    best = min(best, step + after(done | {v for v, left in now if left <= step}, rest, frozenset()))
            seen[state] = best
            return best

        return after(frozenset(), (), frozenset())


def tried(rng: random.Random, most: int) -> tuple[int, int, int, int]:
    """One random estate: services compared, those with an open interval, with start-up circles, back later than started."""
    made = random_estate(rng, rng.randint(2, most), levels=False)
    for ci in made["cis"]:
        ci["pool"] = rng.choice((None, "a", "a", "b"))
        ci["repair_hours"] = rng.choice((0.5, 1.0, 2.0, 3.0))
    for group in made["groups"]:
        group.pop("shares", None)
    places = {"a": rng.choice((1, 1, 2)), "b": rng.choice((1, 2))}
    compiled = compile_graph(graph_of(made))
    position = {ci["key"]: compiled.position_of(10 + place) for place, ci in enumerate(made["cis"])}
    hard = [(row["dependent"], row["provider"]) for row in made["dependencies"] if row["kind"] == "hard"]
    kinds: dict[tuple[str, str], set[str]] = {}
    for row in made["dependencies"]:
        kinds.setdefault((row["dependent"], row["provider"]), set()).add(row["kind"])
    plain = [pair for pair in sorted(set(hard)) if kinds[pair] <= {"hard", "soft"}]
    whole = {(g["dependent"], m) for g in made["groups"] if g["needed"] == len(g["members"]) for m in g["members"]}
    without = {pair for pair in plain if rng.random() < 0.3 and pair not in whole} if rng.random() < 0.5 else set()
    if any(compiled.flat.flags & AT_REST_DOWN):
        return 0, 0, 0, 0
    search = Search(made, places, without)
    starting = None
    if without:
        pairs = sorted(without)
        starting = start_needs(
            compiled,
            np.array([position[a] for a, _ in pairs], np.int32),
            np.array([position[b] for _, b in pairs], np.int32),
        )
    names = sorted(places)
    pool = np.full(len(compiled), -1, np.int32)
    for ci in made["cis"]:
        if ci["pool"] is not None:
            pool[position[ci["key"]]] = names.index(ci["pool"])
    crews = Crews(pool, np.array([places[name] for name in names], np.int32))
    plan = restore_plan(compiled)
    down = np.arange(len(compiled), dtype=np.int32)
    times = restoration(compiled, compiled.repair_hours, down, plan, starting)
    first = first_order(compiled)
    ci = np.repeat(down, np.diff(first.point_ptr))
    work = work_hours(ci, first.point_service, compiled.repair_hours, crews, len(compiled.service_position))
    free = Search(made, dict.fromkeys(places, 99), without)
    compared = opened = circles = later = 0
    for number, service in enumerate(compiled.service_position.tolist()):
        name = next(key for key, at in position.items() if at == service)
        alone = times.finish[times.at(service)]
        own = crew_schedule(compiled, compiled.repair_hours, times, plan, crews, np.array([service]), starting)
        every = crew_schedule(compiled, compiled.repair_hours, times, plan, crews, compiled.service_position, starting)
        best = search.best(name)
        if best == float("inf"):
            assert times.unsure[times.at(service)] & CIRCLE, "what nothing can start has only an upper bound"
            circles += 1
            continue
        if times.unsure[times.at(service)] & CIRCLE:
            circles += 1
            continue
        assert alone == pytest.approx(free.best(name)), ("without crews the time is exact", made, without, name)
        low = max(alone, work[number])
        assert low <= best + 1e-9 and best <= own.back[service] + 1e-9 and best <= every.back[service] + 1e-9, (made, name)
        compared += 1
        opened += low < own.back[service]
        later += starting is not None
    return compared, opened, circles, later


def test_the_interval_holds_the_optimum_of_an_exhaustive_search() -> None:
    rng = random.Random(16)
    found = np.zeros(4, int)
    for number in range(ESTATES):
        found += tried(rng, 6 if ESTATES <= 60 else 5 + number % 5)
    print(
        f"\n{ESTATES} estates: {found[0]} services compared, {found[1]} intervals open, {found[2]} circles, {found[3]} start-less"
    )
    assert found[0] > ESTATES and found[1] > 0 and found[2] > 0 and found[3] > 0


def crewed(hours: dict[str, float], made: Any, places: int) -> tuple[float, float]:
    """Lower and upper bound of S where all CIs but S share one pool."""
    compiled = made.compiled
    figures, pool = np.zeros(len(compiled)), np.full(len(compiled), -1, np.int32)
    for name, value in hours.items():
        figures[made.at(name)] = value
        if name != "S":
            pool[made.at(name)] = 0
    crews, plan = Crews(pool, np.array([places], np.int32)), restore_plan(compiled)
    times = restoration(compiled, figures, np.arange(len(compiled), dtype=np.int32), plan)
    target = made.at("S")
    first = first_order(compiled)
    ci = np.repeat(np.arange(len(compiled), dtype=np.int32), np.diff(first.point_ptr))
    number = compiled.service_position.tolist().index(int(target[0]))
    low = work_hours(ci, first.point_service, figures, crews, len(compiled.service_position))[number]
    schedule = crew_schedule(compiled, figures, times, plan, crews, target)
    return max(float(times.finish[times.at(int(target[0]))]), float(low)), float(schedule.back[target[0]])


def test_c29_five_restorations_by_two_crews() -> None:
    made = estate("S; a; b; c; d; e", "S>a S>b S>c S>d S>e", services={"S": {}})
    assert crewed({"S": 0, "a": 3, "b": 3, "c": 2, "d": 2, "e": 2}, made, 2) == (6.0, 7.0)


def test_a_slow_third_member_never_raises_the_interval() -> None:
    made = estate("S; a; b; c", groups={"S": [(1, "a b c")]}, services={"S": {}})
    two = estate("S; a; b", groups={"S": [(1, "a b")]}, services={"S": {}})
    want = crewed({"S": 0.5, "a": 2.0, "b": 3.0}, two, 1)
    assert want == (2.5, 2.5)
    for third in (3.0, 30.0, 1000.0):
        assert crewed({"S": 0.5, "a": 2.0, "b": 3.0, "c": third}, made, 1) == want
