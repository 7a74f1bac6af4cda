"""When what is down is back: the golden case, the trap of the slow third member, and random estates against iteration to the
fixpoint."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.risk.graph.compiled import AT_REST_DOWN
from app.risk.intake.compile import compile_graph
from app.risk.outage.cold_start import cold_start
from app.risk.recovery.restore_times import CIRCLE, UNKNOWN_HOURS, restoration, restore_plan, slack_hours
from tests.builders import estate
from tests.unit.risk.build import graph_of, random_estate

GOLDEN = Path(__file__).parents[3] / "reference" / "golden.json"


def finishes(compiled: Any, hours: Any, down: Mapping[int, bool]) -> dict[int, float]:
    """From "never" downwards, each CI by the formula, until nothing changes: what can be started from nothing."""
    flat = compiled.flat
    time = dict.fromkeys(down, math.inf)
    while True:
        new = {}
        for v in down:
            needs = [time.get(int(u), 0.0) for u in flat.reverse[flat.reverse_ptr[v] : flat.reverse_ptr[v + 1]]]
            for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
                members = flat.member[flat.member_ptr[g] : flat.member_ptr[g + 1]].tolist()
                back = sorted(math.inf if flat.flags[u] & AT_REST_DOWN else time.get(u, 0.0) for u in members)
                needs += back[: flat.group_needed[g]]
            new[v] = hours[v] + max(needs, default=0.0)
        if new == time:
            return time
        time = new


def test_the_golden_case_through_five_cis() -> None:
    case = next(case for case in json.loads(GOLDEN.read_text("utf-8")) if case["id"] == "C28")
    compiled = compile_graph(graph_of(case["estate"]))
    at = {ci["key"]: compiled.position_of(10 + place) for place, ci in enumerate(case["estate"]["cis"])}
    down = np.sort(np.array([at[key] for key in case["down"]], np.int32))
    told = restoration(compiled, compiled.repair_hours, down)
    assert told.finish[told.at(at["S"])] == 6.5
    assert told.path(at["S"]) == [at[key] for key in ("Stor", "DB", "App", "S")]
    slack = slack_hours(compiled, compiled.repair_hours, told, at["S"])
    assert slack == {at[key]: 1.5 if key == "VM" else 0.0 for key in at}


def test_a_slow_third_member_never_makes_recovery_longer() -> None:
    def back(third: float) -> float:
        made = estate("S; a; b; c", groups={"S": [(1, "a b c")]})
        hours = np.zeros(4)
        for name, value in (("S", 0.5), ("a", 2.0), ("b", 3.0), ("c", third)):
            hours[made.at(name)] = value
        told = restoration(made.compiled, hours, np.arange(4, dtype=np.int32))
        return float(told.finish[told.at(int(made.at("S")[0]))])

    assert back(100.0) == back(2.5) == 2.5
    assert back(1.0) == 1.5


def test_a_circle_waits_for_the_members_outside_of_it_that_do_not_suffice() -> None:
    """V runs by both of a and b, b runs by V; a is back after 10 hours, then V and b are forced up one after the other."""
    made = estate("V; a; b", "b>V", groups={"V": [(2, "a b")]})
    hours = np.zeros(3)
    for name, value in (("V", 1.0), ("a", 10.0), ("b", 2.0)):
        hours[made.at(name)] = value
    times = restoration(made.compiled, hours, np.arange(3, dtype=np.int32))
    place = times.at(int(made.at("V")[0]))
    assert (times.finish[place], bool(times.unsure[place] & CIRCLE)) == (13.0, True)


@pytest.mark.parametrize("seed", range(8))
def test_random_estates_equal_iteration_to_the_fixpoint(seed: int) -> None:
    rng = random.Random(seed)
    circles = late = 0
    for _ in range(250):
        compiled = compile_graph(graph_of(random_estate(rng, rng.randint(2, 12))))
        count = len(compiled)
        hours = np.array([rng.choice([0.5, 1.0, 2.0, 7.25, 30.0]) for _ in range(count)])
        up = [v for v in range(count) if not compiled.flat.flags[v] & AT_REST_DOWN]
        down = [v for v in up if rng.random() < 0.8]
        # what needs too much of it is down with it, as in an outage
        plan = restore_plan(compiled)
        told = restoration(compiled, hours, np.array(down, np.int32), plan)
        want = finishes(compiled, hours, dict.fromkeys(down, True))
        for v, finish, unsure in zip(down, told.finish, told.unsure, strict=True):
            if unsure & CIRCLE:
                circles += 1
                assert math.isfinite(finish)
            else:
                assert finish == want[v]
                late += finish > hours[v]
            if want[v] == math.inf:
                assert unsure & CIRCLE, "what waits for a circle has only an upper bound"
        again = restoration(compiled, hours, np.array(down[::2], np.int32), plan)
        fresh = restoration(compiled, hours, np.array(down[::2], np.int32))
        assert again.finish.tolist() == fresh.finish.tolist() and again.unsure.tolist() == fresh.unsure.tolist()
    assert circles > 20 and late > 200


def test_everything_down_leaves_the_traps_of_a_cold_start() -> None:
    rng = random.Random(5)
    seen = 0
    for _ in range(200):
        compiled = compile_graph(graph_of(random_estate(rng, 10)))
        down = np.array([v for v in range(len(compiled)) if not compiled.flat.flags[v] & AT_REST_DOWN], np.int32)
        told = restoration(compiled, np.ones(len(compiled)), down)
        traps = set(cold_start(compiled).trap.tolist())
        assert traps <= {int(v) for v, unsure in zip(down, told.unsure, strict=True) if unsure & CIRCLE}
        seen += len(traps)
    assert seen > 20


def test_slack_is_what_a_ci_may_be_late() -> None:
    rng = random.Random(9)
    tried = 0
    for _ in range(120):
        compiled = compile_graph(graph_of(random_estate(rng, 9)))
        down = np.array([v for v in range(len(compiled)) if not compiled.flat.flags[v] & AT_REST_DOWN], np.int32)
        hours = np.array([rng.choice([0.5, 1.0, 2.0, 8.0]) for _ in range(len(compiled))])
        told = restoration(compiled, hours, down)
        if not len(down) or told.unsure.any():
            continue
        target = int(down[-1])
        slack = slack_hours(compiled, hours, told, target)
        before = told.finish[told.at(target)]
        for position, late in slack.items():
            assert late >= 0.0
            longer = hours.copy()
            longer[position] += late
            after = restoration(compiled, longer, down)
            assert after.finish[after.at(target)] == before
            tried += 1
    assert tried > 100


def test_an_unknown_hour_counts_as_none_and_is_marked() -> None:
    made = estate("S; a; b; c", hard="S>a a>b")
    hours = np.ones(4)
    hours[made.at("b")] = np.nan
    told = restoration(made.compiled, hours, np.arange(4, dtype=np.int32))
    place = {name: told.at(int(made.at(name)[0])) for name in "Sabc"}
    assert told.finish[place["S"]] == 2.0
    assert [bool(told.unsure[place[name]] & UNKNOWN_HOURS) for name in "Sabc"] == [True, True, True, False]
