"""How old data is when it comes back from backups: random estates against the rule word by word, over sets and dictionaries."""

from __future__ import annotations

import math
import random
from typing import Any

import networkx as nx
import numpy as np
import pytest

from app.risk.graph.compiled import AT_REST_DOWN
from app.risk.intake.compile import compile_graph
from app.risk.recovery.data_loss import data_loss
from tests.builders import estate
from tests.unit.risk.build import graph_of, random_estate


def losses(made: dict[str, Any], interval: dict[str, float], lag: dict[str, float]) -> dict[str, float]:
    """Component by component, as each needs the others' answers; soft needs hand on no data."""
    direct = {
        (row["dependent"], row["provider"]) for row in made["dependencies"]
        if row["kind"] != "soft" or row["weight"] == 1.0
    }  # fmt: skip
    every = [(row["dependent"], row["provider"]) for row in made["dependencies"] if row["kind"] != "soft" or row["weight"] > 0]
    graph = nx.DiGraph()
    graph.add_nodes_from(interval)
    graph.add_edges_from([*every, *((g["dependent"], m) for g in made["groups"] for m in g["members"])])
    worst: dict[str, float] = {}
    for part in nx.topological_sort(nx.condensation(graph).reverse()):
        members = nx.condensation(graph).nodes[part]["members"]
        found = [interval[v] for v in members if not math.isnan(interval[v])]
        for v in members:
            found += [worst[b] for a, b in direct if a == v and b in worst]
            for group in made["groups"]:
                if group["dependent"] == v:
                    ages = sorted(worst[m] for m in set(group["members"]) if m in worst)
                    found += ages[min(group["needed"], len(ages)) - 1 :][:1] if ages else []
        if found:
            own = max(found) + sum(lag[v] for v in members if not math.isnan(lag[v]))
            worst |= dict.fromkeys(members, own)
    return worst


def test_random_estates_equal_the_rule() -> None:
    rng = random.Random(3)
    held = 0
    for _ in range(150):
        made = random_estate(rng, rng.randint(2, 8), levels=False)
        made["groups"] = [group for group in made["groups"] if group["needed"] > 0]
        for group in made["groups"]:
            group.pop("shares", None)
        keys = [ci["key"] for ci in made["cis"]]
        interval = {key: rng.choice((math.nan, math.nan, 1.0, 6.0, 24.0)) for key in keys}
        lag = {key: rng.choice((math.nan, math.nan, 0.25, 2.0)) for key in keys}
        compiled = compile_graph(graph_of(made))
        if (compiled.flat.flags & AT_REST_DOWN).any():
            continue
        order = [keys[int(compiled.row[at])] for at in range(len(compiled))]
        told = data_loss(compiled, np.array([interval[key] for key in order]), np.array([lag[key] for key in order]))
        want = losses(made, interval, lag)
        for key, worst, holder in zip(order, told.worst_hours, told.holder, strict=True):
            assert (math.isnan(worst) and key not in want) or worst == pytest.approx(want[key]), (made, key)
            assert (holder < 0) == (key not in want)
            held += key in want
    assert held > 200


def test_a_replica_beside_an_old_backup_counts_where_one_of_two_is_enough() -> None:
    made = estate("S; a; b", groups={"S": [(1, "a b")]})
    both = estate("S; a; b", groups={"S": [(2, "a b")]})
    for built, want in ((made, 1.0), (both, 24.0)):
        interval = np.full(3, np.nan)
        interval[built.at("a b")] = 1.0, 24.0
        told = data_loss(built.compiled, interval, np.full(3, np.nan))
        assert told.worst_hours[built.at("S")[0]] == want


def test_a_member_of_unknown_data_never_makes_the_loss_smaller() -> None:
    made = estate("S; a; b", groups={"S": [(1, "a b")]})
    interval = np.full(3, np.nan)
    interval[made.at("b")] = 24.0
    assert data_loss(made.compiled, interval, np.full(3, np.nan)).worst_hours[made.at("S")[0]] == 24.0
