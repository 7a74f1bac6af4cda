"""Small chains against closed forms, the independent engine, and a plain linear solution."""

from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest

from app.domain.errors import InvalidInput
from app.risk.compile import compile_graph
from app.risk.exact.service import exact_service
from app.risk.markov import Takeover, small_group, stationary
from app.risk.service_figures import stops_per_year
from app.risk.stop_loss import failover_year
from tests.unit.risk.build import graph_of


@pytest.mark.parametrize("r", [1e-6, 0.1, 3.0])
def test_one_crew_for_two_alike(r: float) -> None:
    """Birth and death: rates 2 l, l up; m, m down: P(both down) = 2 r^2 / (1 + 2 r + 2 r^2), and it ends with rate m."""
    told = small_group([r / 10, r / 10], [10, 10], crews=1)
    want = 2 * r * r / (1 + 2 * r + 2 * r * r)
    assert told.unavailability == pytest.approx(want, rel=1e-14)
    assert told.mean_outage_hours == pytest.approx(10, rel=1e-13)
    assert told.frequency_per_hour == pytest.approx(want / 10, rel=1e-13)


def test_the_first_to_fail_is_restored_first() -> None:
    """Two unlike, one crew: the five states by hand, from the balance of each."""
    (a, b), (u, v) = (0.02, 0.005), (1 / 8, 1 / 30)
    # columns: up, A, B, AB (A under repair), BA
    flows = np.array(
        [
            [-(a + b), u, v, 0, 0],
            [a, -(u + b), 0, 0, v],
            [b, 0, -(v + a), u, 0],
            [0, b, 0, -u, 0],
            [1, 1, 1, 1, 1],
        ]
    )
    share = np.linalg.solve(flows, [0, 0, 0, 0, 1.0])
    told = small_group([a, b], [8, 30], crews=1)
    assert told.unavailability == pytest.approx(share[3] + share[4], rel=1e-12)
    assert told.frequency_per_hour == pytest.approx(share[3] * u + share[4] * v, rel=1e-12)


@pytest.mark.parametrize("needed", [1, 2, 3, 4])
def test_a_crew_for_each_is_the_group_of_independent_members(needed: int) -> None:
    rng = random.Random(needed)
    rates, hours = [rng.uniform(1, 40) for _ in range(4)], [rng.uniform(1, 50) for _ in range(4)]
    cis = [{"key": "S", "unavailability": 0}]
    cis += [{"key": f"m{i}", "failures_per_year": rates[i], "repair_hours": hours[i]} for i in range(4)]
    group = {"key": "g", "dependent": "S", "needed": needed, "members": [f"m{i}" for i in range(4)]}
    compiled = compile_graph(graph_of({"cis": cis, "dependencies": [], "groups": [group], "services": [{"key": "S"}]}))
    exact = exact_service(compiled, compiled.position_of(10))
    told = small_group([rate / 8766 for rate in rates], hours, needed)
    assert told.unavailability == pytest.approx(exact.q, rel=1e-12)
    assert told.frequency_per_hour * 8766 == pytest.approx(stops_per_year(compiled, exact), rel=1e-12)


def test_fewer_crews_are_never_better() -> None:
    for seed in range(20):
        rng = random.Random(seed)
        rates, hours = [rng.uniform(1e-4, 1e-1) for _ in range(4)], [rng.uniform(1, 50) for _ in range(4)]
        for needed in (1, 2, 3):
            found = [small_group(rates, hours, needed, crews).unavailability for crews in (1, 2, 3, 4)]
            assert all(one > other for one, other in itertools.pairwise(found))


def test_a_cold_standby_with_one_crew() -> None:
    """Rates l, l up; m, m down: P(both down) = r^2 / (1 + r + r^2)."""
    r = 0.25
    told = small_group([r, r], [1, 1], crews=1, takeover=Takeover(standby_share=0.0))
    assert told.unavailability == pytest.approx(r * r / (1 + r + r * r), rel=1e-14)


def test_a_perfect_takeover_of_hot_members_is_the_plain_group() -> None:
    rates, hours = [0.01, 0.02, 0.005], [5, 9, 40]
    for crews in (1, 2, 3):
        plain, taken = small_group(rates, hours, 1, crews), small_group(rates, hours, 1, crews, Takeover())
        assert taken.unavailability == pytest.approx(plain.unavailability, rel=1e-12)
        assert taken.frequency_per_hour == pytest.approx(plain.frequency_per_hour, rel=1e-12)


def test_the_formula_of_active_and_passive_is_its_first_order() -> None:
    """C20 in small rates: the closed formula is first order in double failures, so the gap shrinks with the rates."""
    gaps = []
    for scale in (1.0, 0.1, 0.01):
        rate = scale * 2 / 8766
        told = small_group([rate, rate], [8, 8], takeover=Takeover(success=0.95, hours=5 / 60))
        standby = rate * 8 / (1 + rate * 8)
        omega = 8766 * rate / (1 + rate * 8)
        want = failover_year(omega, 8, 5 / 60, 0.95, [standby]).hours
        gaps.append(abs(8766 * told.unavailability / want - 1))
    assert gaps[0] < 3e-3 and gaps[0] > 5 * gaps[1] > 25 * gaps[2]


def test_no_takeover_ever_works() -> None:
    """The active member alone while the other rests cold; then whoever is back first carries on: one member that alternates, with two crews."""
    told = small_group([0.01, 0.01], [10, 10], takeover=Takeover(success=0.0, standby_share=0.0))
    assert told.unavailability == pytest.approx(0.1 / 1.1, rel=1e-12)


def test_stationary_against_a_linear_solution() -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        rates = rng.random((7, 7)) * 10 ** rng.uniform(-3, 3, (7, 7))
        balance = rates.T - np.diag(rates.sum(axis=1))
        balance[-1] = 1.0
        assert stationary(rates) == pytest.approx(np.linalg.solve(balance, [0.0] * 6 + [1.0]), rel=1e-7)


@pytest.mark.parametrize(
    "asked",
    [
        ([], [], 1, 1, None),
        ([0.1] * 5, [1.0] * 5, 1, 1, None),
        ([0.1], [math.inf], 1, 1, None),
        ([0.0], [1.0], 1, 1, None),
        ([0.1, 0.1], [1.0, 1.0], 3, 1, None),
        ([0.1, 0.1], [1.0, 1.0], 1, 0, None),
        ([0.1, 0.1], [1.0, 1.0], 2, 1, Takeover()),
        ([0.1, 0.1], [1.0, 1.0], 1, 1, Takeover(success=1.1)),
    ],
)
def test_senseless_questions_are_refused(asked: tuple[list[float], list[float], int, int, Takeover | None]) -> None:
    with pytest.raises(InvalidInput):
        small_group(*asked)
