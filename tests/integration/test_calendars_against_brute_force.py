"""Changes with what is out now, and in freezes and demand peaks, against brute force over all hours in plain Python (`Oracle`).

FORESTAY_CALENDARS=10000 asks for so many random calendars instead of 60.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import cast

import numpy as np

from app.domain.live import LiveReport, effect_of
from app.domain.planned import CHANGE, FREEZE, PLANNED, PlannedEntry
from app.risk.intake.compile import compile_graph
from app.risk.outage.collisions import collisions, common
from app.risk.outage.propagation import outage
from app.usecases.answers.live_state import LiveState
from app.usecases.calendars.place import Placed, in_period, out_now, touched
from app.usecases.estate import Estate
from tests.seeds import fresh, named
from tests.unit.risk.build import graph_of, random_estate
from tests.unit.risk.oracle import Oracle
from tests.unit.risk.outage.test_collisions import redundant_estate

CALENDARS = int(os.environ.get("FORESTAY_CALENDARS", "60"))
AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
START, HOUR, HOURS = int(AT.timestamp()), 3600, 10
PERIOD = (START, START + HOURS * HOUR)
LARGEST = 3
Windows = list[tuple[int, int]]


def windows(rng: random.Random) -> Windows:
    """In hours from now; some begin before."""
    starts = [rng.randint(-3, HOURS - 1) for _ in range(rng.choice((1, 1, 2)))]
    return [(start, start + rng.choice((1, 3, 5, 8))) for start in starts]


def placed(kind: str, hours: Windows, positions: list[int], covers: list[int] | None) -> Placed:
    spans = sorted((START + a * HOUR, START + b * HOUR) for a, b in hours)
    entry = PlannedEntry("x", kind, "x", (), "", spans, "", "UTC", None, PLANNED, "test")
    inside = in_period([entry], PERIOD)
    return Placed(
        entry, inside[0][1] if inside else [], positions, None if covers is None else np.asarray(sorted(covers), np.int32)
    )


def check(rng: random.Random, said: Counter[str]) -> None:
    rows = random_estate(rng, rng.randint(3, 10), levels=False) if rng.random() < 0.3 else redundant_estate(rng)
    keys = [ci["key"] for ci in rows["cis"]]
    oracle, compiled = Oracle(rows), compile_graph(graph_of(rows))
    place = {key: compiled.position_of(10 + number) for number, key in enumerate(keys)}
    name = {position: key for key, position in place.items()}
    changes = [(rng.sample(keys, rng.choice((1, 1, 2))), windows(rng)) for _ in range(rng.randint(1, 5))]
    live = {key: rng.choice((None, -1, 1, 4, 4, 7)) for key in rng.sample(keys, rng.choice((0, 1, 2, 2)))}  # hour of its end
    closed = [
        (windows(rng), None if rng.random() < 0.2 else rng.sample(keys, rng.randint(1, 3))) for _ in range(rng.randint(0, 3))
    ]

    def lives(key: str, hour: int) -> bool:
        end = live[key]
        return end is None or end <= 0 or hour < end

    reports = {
        place[key]: [
            LiveReport(key, "down", None, "", "" if end is None else (AT + timedelta(hours=end)).isoformat(), "", "", "")
        ]
        for key, end in live.items()
    }
    effects = {position: effect_of(own) for position, own in reports.items()}
    state = LiveState(cast(Estate, None), AT, "", effects, reports, [])
    mine = [placed(CHANGE, hours, sorted(place[key] for key in cis), None) for cis, hours in changes]
    now = out_now(state, PERIOD)
    roots = [*(one.positions for one in mine), *(one.positions for one in now)]
    got = collisions(compiled, roots, [*(one.spans for one in mine), *([one.span] for one in now)], largest=LARGEST)
    told: dict[tuple[tuple[int, ...], bool, int], frozenset[str]] = {}
    for one in got.found:
        parties = tuple(item for item in one.items if item < len(mine))
        assert parties  # what is out now does not collide with itself
        for a, b in one.spans:
            for hour in range((a - START) // HOUR, (b - START) // HOUR):
                if one.smallest:
                    told[parties, len(parties) < len(one.items), hour] = frozenset(name[p] for p in one.together.tolist())
    want: dict[tuple[tuple[int, ...], bool, int], frozenset[str]] = {}
    known: dict[frozenset[str], frozenset[str]] = {}

    def falls(down: set[str]) -> frozenset[str]:
        return known.setdefault(frozenset(down), frozenset(oracle.failed(down)))

    for hour in range(HOURS):
        active = [n for n, (_, hours) in enumerate(changes) if any(a <= hour < b for a, b in hours)]
        out = {key for key in live if lives(key, hour)}
        for with_now in (False, True) if out else (False,):
            for size in range(1, LARGEST + 1 - with_now):
                for parties in combinations(active, size):
                    sides = [set(changes[n][0]) for n in parties] + ([out] if with_now else [])
                    if len(sides) < 2:
                        continue
                    fewer = [falls(set().union(*(other for m, other in enumerate(sides) if m != n))) for n in range(len(sides))]
                    together = falls(set().union(*sides)) - frozenset().union(*fewer)
                    if together:
                        want[parties, with_now, hour] = together
    assert told == want
    rest = oracle.capability(oracle.failed(set()))
    for (cis, hours), own in zip(changes, mine, strict=True):
        failed = oracle.failed(set(cis))
        after = oracle.capability(failed)
        hit = {key for key in keys if (key in failed and rest[key] > 0) or after[key] < rest[key] - 1e-9} | (set(cis) & failed)
        hit -= {key for key in keys if rest[key] == 0}
        result = outage(compiled, own.positions)
        reach = np.union1d(result.failed, result.degraded)
        for times, covers in closed:
            freeze = placed(FREEZE, times, [], None if covers is None else [place[key] for key in covers])
            when = [h for a, b in common(own.spans, freeze.spans) for h in range((a - START) // HOUR, (b - START) // HOUR)]
            mine_hours = when if touched(freeze, reach) else []
            meets = (covers is None and hit) or (covers is not None and hit & set(covers))
            both = [h for h in range(HOURS) if any(a <= h < b for a, b in hours) and any(a <= h < b for a, b in times)]
            assert mine_hours == (both if meets else [])
            said["in a freeze"] += bool(mine_hours)
            said["beside a freeze"] += bool(both) and not mine_hours
    said["calendars"] += 1
    said["with what is out now"] += len({key[0] for key in want if key[1]})
    said["of changes alone"] += len({key[0] for key in want if not key[1]})


def test_random_calendars_with_the_present_and_freezes() -> None:
    said: Counter[str] = Counter()
    for seed in [*range(CALENDARS * 3 // 4), *fresh(CALENDARS - CALENDARS * 3 // 4)]:
        with named(seed):
            check(random.Random(seed), said)
    print(dict(said))
    assert min(said["in a freeze"], said["beside a freeze"], said["with what is out now"], said["of changes alone"]) > 0
