"""Several CIs out since different times, others at a part: the state and the clocks, against the engine of one outage."""

from __future__ import annotations

import random

import numpy as np
import pytest

from app.risk.intake.compile import compile_graph
from app.risk.outage.present import clocks, present_state
from app.risk.outage.propagation import outage
from tests.builders import estate
from tests.seeds import some_quick
from tests.unit.risk.build import graph_of, random_estate


@pytest.mark.parametrize("seed", some_quick(1, 3))
def test_clocks_start_when_the_set_of_what_was_out_first_took_a_ci_down(seed: int) -> None:
    rng = random.Random(7100 + seed)
    for _ in range(150):
        compiled = compile_graph(graph_of(random_estate(rng, rng.randint(3, 10))))
        roots = rng.sample(range(len(compiled)), rng.randint(1, 3))
        found = clocks(compiled, roots)
        fell = [set(outage(compiled, roots[: n + 1]).failed.tolist()) for n in range(len(roots))]
        want = {ci: next(n for n, failed in enumerate(fell) if ci in failed) for ci in fell[-1]}
        assert dict(zip(found.failed.tolist(), found.turn.tolist(), strict=True)) == want
        assert all(found.of(ci) == want.get(ci, -1) for ci in range(len(compiled)))


@pytest.mark.parametrize("seed", some_quick(2, 3))
def test_a_share_acts_as_a_level_of_the_ci_itself(seed: int) -> None:
    rng = random.Random(7200 + seed)
    some = 0
    for _ in range(150):
        rows = random_estate(rng, rng.randint(3, 10), levels=False)
        compiled = compile_graph(graph_of(rows))
        down = rng.sample(range(len(compiled)), 1)
        low, share = rng.randrange(len(compiled)), rng.choice((0.2, 0.6))
        if not compiled.flat.rest_capability[low]:
            continue
        got = present_state(compiled, down, {low: share})
        rows["cis"][int(compiled.ci_id[low]) - 10]["level_share"] = share
        lowered = compile_graph(graph_of(rows))  # the same numbers of CIs: a level moves nothing
        assert (lowered.ci_id == compiled.ci_id).all()
        want = outage(lowered, down)
        capability = lowered.flat.rest_capability.copy()
        capability[want.degraded] = want.capability
        capability[want.failed] = 0
        mine = compiled.flat.rest_capability.copy()
        mine[got.degraded] = got.capability
        mine[got.failed] = 0
        assert mine == pytest.approx(capability, abs=1e-9)
        assert got.failed.tolist() == want.failed.tolist()
        some += len(got.degraded) > 1
    assert some > 10


def test_maintenance_of_one_and_failure_of_the_other_stop_the_pair() -> None:
    """T8: a CI in maintenance has used up redundancy."""
    built = estate("S; a; b", groups={"S": [(1, "a b")]})
    a, b = built.at("a b").tolist()
    assert not len(present_state(built.compiled, [a], {}).services_down)
    assert present_state(built.compiled, [a, b], {}).services_down.tolist() == [0]


def test_shares_are_not_written_into_the_estate() -> None:
    built = estate("S; a", hard="S>a")
    (a,) = built.at("a").tolist()
    assert present_state(built.compiled, [], {a: 0.6}).service_capability.tolist() == [0.6]
    assert built.compiled.flat.level.tolist() == [1.0, 1.0]
    assert present_state(built.compiled, [a], {a: 0.6}).services_down.tolist() == [0]
    assert np.array_equal(outage(built.compiled, []).failed, [])
