"""How many services lean on each of several sets, against a walk for each CI."""

from __future__ import annotations

import random

import numpy as np

from app.risk.graph.dependents import dependents_of, services_above
from app.risk.intake.compile import compile_graph
from tests.unit.risk.build import graph_of, random_estate


def test_services_above_many_sets_are_those_of_each() -> None:
    """Over 256 sets take more than one turn; random estates have cycles."""
    leaning = 0
    for seed in range(40):
        rng = random.Random(seed)
        estate = random_estate(rng, rng.randint(4, 12))
        estate["services"] = [{"key": ci["key"], "customers": 1} for ci in rng.sample(estate["cis"], 4)]
        compiled = compile_graph(graph_of(estate))
        positions = np.sort(rng.sample(range(len(compiled)), 3)).astype(np.int32)
        count = rng.choice((3, 70, 600))
        sets = [np.asarray(rng.sample(range(count), 3), np.int32), np.asarray([rng.randrange(count)] * 3, np.int32)]
        services = np.asarray(rng.sample(range(len(compiled.service_position)), 3), np.int64)
        expected = np.zeros(count, np.int64)
        for number in range(count):
            inside = positions[np.any([row == number for row in sets], axis=0)]
            expected[number] = np.isin(compiled.service_position[services], dependents_of(compiled, inside)).sum()
        leaning += int(expected.sum())
        assert services_above(compiled, positions, sets, count, services).tolist() == expected.tolist(), seed
    assert leaning > 40
