"""Measures on random estates: what is swept again under the rule of `reaching` equals a sweep of everything."""

from __future__ import annotations

import random

import numpy as np
import pytest

from app.domain.errors import InvalidInput
from app.domain.graph import DependencyGraph
from app.risk.first_order.reassess import reassess
from app.risk.first_order.sweep import first_order
from app.risk.intake.common_cause import with_common_causes
from app.risk.intake.compile import compile_graph
from app.risk.intake.remade import Change, Rarer, Removed, Restored, Switched, Twinned, reaching, remade
from tests.unit.risk.build import graph_of
from tests.unit.risk.first_order.test_reassess import same
from tests.unit.risk.first_order.test_sweep import rich_estate


def random_changes(rng: random.Random, graph: DependencyGraph) -> list[Change]:
    ids = [int(ci_id) for ci_id in graph.cis.ci_id]
    services = {service.ci_id for service in graph.services}
    found: list[Change] = []
    for _ in range(rng.randint(1, 4)):
        what = rng.randrange(5)
        if what == 0:
            found.append(Restored(rng.choice(ids), None, rng.choice((0.25, 0.5))))
        elif what == 1 and len(graph.groups.key):
            found.append(Switched(rng.randrange(len(graph.groups.key)), rng.choice((0.0, 0.1)), rng.choice((0.7, 1.0))))
        elif what == 2 and len(graph.dependencies.dependent_id):
            row = rng.randrange(len(graph.dependencies.dependent_id))
            found.append(Removed(int(graph.dependencies.dependent_id[row]), int(graph.dependencies.provider_id[row])))
        elif what == 3 and set(ids) - services:
            found.append(Twinned(rng.choice(sorted(set(ids) - services)), rng.choice((0.0, 0.1))))
        elif what == 4:
            found.append(Rarer(rng.choice(ids), rng.choice((0.0, 0.3))))
    return found


@pytest.mark.parametrize("seed", range(60))
def test_random_measures(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.risk.first_order.reassess.WORTH", 1.0)
    rng = random.Random(seed)
    graph = graph_of(rich_estate(rng, rng.randint(4, 10)))
    changes = random_changes(rng, graph)
    try:
        after = remade(graph, changes)
    except InvalidInput:  # a restore that takes no time, or of what is down for good
        changes = [change for change in changes if not isinstance(change, Restored)]
        after = remade(graph, changes)
    old, new = (compile_graph(with_common_causes(one).graph) for one in (graph, after))
    got = reassess(old, first_order(old), new, reaching=reaching(graph, changes))
    assert got is not None
    same(got, first_order(new))
    again = remade(graph, list(reversed(changes)))
    np.testing.assert_allclose(
        first_order(compile_graph(with_common_causes(again).graph)).service_hours, got.service_hours, rtol=1e-9, atol=1e-12
    )
