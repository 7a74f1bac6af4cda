"""Both parts of the loss of an estate: golden case C39, threads, and enumeration of random estates."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from app.risk.exact.diagrams.budget import Budget
from app.risk.first_order.sweep import first_order
from app.risk.intake.compile import compile_graph
from app.risk.study.estate_redundancy import BOUNDED, EXACT, estate_redundancy
from app.risk.study.tables import part_of
from tests.builders import Built, c39, estate
from tests.unit.risk.build import graph_of, random_estate
from tests.unit.risk.oracle import Oracle

OFF = {"unavailability": 0.0}


def test_c39_adds_up_over_services() -> None:
    made = c39()
    first = first_order(made.compiled)
    more = estate_redundancy(made.compiled, first, Budget())
    money = first.money + more.money
    d, b = int(made.at("d")[0]), int(made.at("b")[0])
    assert money[d] == pytest.approx(2442.41783, rel=1e-7) and money[b] == pytest.approx(6006.33934, rel=1e-7)
    assert money.sum() == pytest.approx(14455.0965, rel=1e-7)
    assert first.money[d] == pytest.approx(1.7532 * 1400) and first.money[b] == 0.0
    assert more.exact_money.all()


@pytest.mark.parametrize("seed", range(60))
def test_hours_of_both_parts_are_the_time_down(seed: int) -> None:
    """Without soft needs and failovers first order + redundancy = 8766 * Q of every service, by enumeration."""
    rng = random.Random(seed)
    built = random_estate(rng, rng.randint(3, 8), levels=False)
    built["dependencies"] = [row for row in built["dependencies"] if row["kind"] != "soft"]
    built["groups"] = [{k: v for k, v in group.items() if k != "shares"} for group in built["groups"]]
    compiled = compile_graph(graph_of(built))
    keys = [ci["key"] for ci in built["cis"]]
    q = {k: float(np.nan_to_num(compiled.unavailability[compiled.position_of(10 + i)])) for i, k in enumerate(keys)}
    first = first_order(compiled)
    more = estate_redundancy(compiled, first, Budget())
    oracle = Oracle(built)
    rest = oracle.failed(set())
    want = dict.fromkeys((s["key"] for s in built["services"]), 0.0)
    for bits in itertools.product((False, True), repeat=len(keys)):
        down = {k for k, b in zip(keys, bits, strict=True) if b}
        weight = float(np.prod([q[k] if b else 1 - q[k] for k, b in zip(keys, bits, strict=True)]))
        for name in want.keys() & oracle.failed(down):
            want[name] += weight
    for name, share in want.items():
        number = int(compiled.flat.service_at[compiled.position_of(10 + keys.index(name))])
        if name in rest:
            continue
        assert more.q[number] == pytest.approx(share, abs=1e-13)
        assert first.suffered_hours[number] + more.service_hours[number] == pytest.approx(8766 * share, rel=1e-9, abs=1e-9)


def test_threads_change_nothing() -> None:
    built = random_estate(random.Random(5), 40, failover=0.3)
    compiled = compile_graph(graph_of(built))
    first = first_order(compiled)
    one = estate_redundancy(compiled, first, Budget(), threads=1)
    for threads in (2, 4):
        again = estate_redundancy(compiled, first, Budget(), threads=threads)
        for name, column in one.to_arrays().items():
            assert column.tobytes() == getattr(again, name).tobytes(), name


def tangled() -> Built:
    """A service on 24 groups of three out of thirty: more than a diagram of a hundred nodes holds."""
    rng = random.Random(3)
    names = [f"n{i}" for i in range(30)]
    return estate(
        "; ".join(["S", "T", *names]),
        hard="T>n0",
        groups={"S": [(1, " ".join(rng.sample(names, 3))) for _ in range(24)]},
        profiles={n: {"failures_per_year": 1.0, "repair_hours": 100.0} for n in ["S", "T", *names]},
        services={"S": {"money_per_hour": 100.0, "customers": 7.0}, "T": {"money_per_hour": 1.0}},
    )


@pytest.mark.compiled
def test_beyond_the_budget_a_service_is_bounded_and_its_part_simulated() -> None:
    """The exact answer of a large budget lies in the simulated interval, which lies in the certain one; no service is missing in
    the sums."""
    made = tangled()
    first = first_order(made.compiled)
    exact = estate_redundancy(made.compiled, first, Budget())
    told = estate_redundancy(made.compiled, first, Budget(nodes=100, seconds=5.0), seed=4)
    s, t = (int(made.compiled.flat.service_at[made.at(name)[0]]) for name in "ST")
    assert exact.method.tolist() == [EXACT, EXACT] and (exact.samples == 0).all()
    assert told.method[s] == BOUNDED and told.method[t] == EXACT and told.samples[s] > 0 == told.samples[t]
    assert told.q_low[s] <= told.sampled_low[s] <= exact.q[s] <= told.sampled_high[s] <= told.q_high[s]
    assert told.hours_low[s] <= exact.service_hours[s] <= told.hours_high[s]
    assert told.money_low[s] <= exact.service_money[s] <= told.money_high[s]
    assert told.stops[s] == pytest.approx(exact.stops[s], rel=1e-3)
    assert not told.exact_money[s] and told.exact_money[t]
    for name in ("hours", "money"):
        assert getattr(told, name).sum() == pytest.approx(getattr(told, f"service_{name}").sum(), rel=1e-9)
    hours = part_of(told, "hours")
    assert hours.exact == pytest.approx(told.service_hours[t]) and hours.simulated == pytest.approx(told.service_hours[s])
    assert hours.low < hours.simulated < hours.high
    assert told.hours.sum() == pytest.approx(hours.exact + hours.simulated, rel=1e-9)


@pytest.mark.compiled
def test_who_starts_the_stops_of_a_bounded_service() -> None:
    """By CI, of those that start much: as the exact engine says within the sampling error."""
    made = tangled()
    first = first_order(made.compiled)
    exact = estate_redundancy(made.compiled, first, Budget())
    told = estate_redundancy(made.compiled, first, Budget(nodes=100, seconds=5.0), seed=4)
    much = exact.hours > 0.05 * exact.hours.max()
    assert much.sum() > 10
    assert told.hours[much] == pytest.approx(exact.hours[much], rel=0.25)


@pytest.mark.compiled
def test_threads_change_no_bit_of_what_is_simulated() -> None:
    made = tangled()
    first = first_order(made.compiled)
    runs = [estate_redundancy(made.compiled, first, Budget(nodes=100, seconds=5.0), threads, seed=9) for threads in (1, 2, 4)]
    for name, column in runs[0].to_arrays().items():
        assert all(column.tobytes() == getattr(run, name).tobytes() for run in runs), name
