"""E[c] against every state written out, on random estates with soft needs, shares, levels, groups and supply, both rules."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from app.risk.intake.compile import compile_graph
from app.risk.outage.expected_capability import expected_capability
from tests.builders import estate
from tests.unit.risk.build import graph_of, random_estate
from tests.unit.risk.oracle import Oracle

RULES = ("product", "worst")


def test_c21_soft_dependencies_beside_a_hard_one() -> None:
    made = estate(
        "S; A; B; C", hard="S>A", soft="S>B:.3 S>C:.5",
        profiles={"S": {"unavailability": 0.0}} | {n: {"unavailability": q} for n, q in (("A", 0.01), ("B", 0.1), ("C", 0.2))}
    )  # fmt: skip
    (s,) = made.at("S")
    assert expected_capability(made.compiled, s).lost_share == pytest.approx(0.13573, rel=1e-12)
    assert expected_capability(made.compiled, s, rule="worst").lost_share == pytest.approx(0.13276, rel=1e-12)


def test_two_soft_needs_that_share_a_cause_count_it_once() -> None:
    """C22 with D down one time in ten: .1 * (1 - .25); taken as independent it would be 1 - .95 * .95."""
    q = {name: {"unavailability": 0.1 if name == "D" else 0.0} for name in "SABD"}
    made = estate("S; A; B; D", hard="A>D B>D", soft="S>A:.5 S>B:.5", profiles=q)
    (s,) = made.at("S")
    assert expected_capability(made.compiled, s).lost_share == pytest.approx(0.075, rel=1e-12)
    assert expected_capability(made.compiled, s, rule="worst").lost_share == pytest.approx(0.05, rel=1e-12)


def test_a_hundred_independent_soft_needs_are_a_product() -> None:
    names = [f"n{i}" for i in range(100)]
    made = estate(
        "; ".join(["S", *names]), soft=" ".join(f"S>{n}:{0.001 * (i + 1):.3f}" for i, n in enumerate(names)),
        profiles={"S": {"unavailability": 0.0}} | {n: {"unavailability": 0.1} for n in names},
    )  # fmt: skip
    (s,) = made.at("S")
    want = np.prod([1 - 0.1 * 0.001 * (i + 1) for i in range(100)])
    assert expected_capability(made.compiled, s).capability == pytest.approx(want, rel=1e-12)


def test_a_long_chain_needs_no_recursion() -> None:
    names = [f"n{i}" for i in range(3000)]
    made = estate(
        "; ".join(names), soft=" ".join(f"{a}>{b}:.5" for a, b in itertools.pairwise(names)), services={"n0": {}},
        profiles={n: {"unavailability": 0.0} for n in names[:-1]} | {names[-1]: {"unavailability": 0.5}},
    )  # fmt: skip
    assert expected_capability(made.compiled, int(made.at("n0")[0])).capability == pytest.approx(1.0)


def test_too_much_is_refused_with_a_reason() -> None:
    names = [f"n{i}" for i in range(40)]
    made = estate(
        "; ".join(["S", "D", *names]), hard=" ".join(f"{n}>D" for n in names),
        soft=" ".join(f"S>{n}:{0.01 + 0.0131 * i:.4f}" for i, n in enumerate(names)),
        profiles={n: {"unavailability": 0.1} for n in ["S", "D", *names]},
    )  # fmt: skip
    told = expected_capability(made.compiled, int(made.at("S")[0]))
    assert np.isnan(told.capability) and "joint values" in told.reason


@pytest.mark.parametrize("seed", range(300))
def test_every_state_written_out(seed: int) -> None:
    rng = random.Random(seed)
    built = random_estate(rng, rng.randint(3, 8))
    for ci in built["cis"]:
        ci["unavailability"] = rng.choice((0.0, 0.1, 0.3, 0.5))
    compiled = compile_graph(graph_of(built))
    keys = [ci["key"] for ci in built["cis"]]
    oracle = Oracle(built)
    q = {ci["key"]: ci["unavailability"] for ci in built["cis"]}
    for rule in RULES:
        sums = dict.fromkeys(keys, 0.0)
        for bits in itertools.product((False, True), repeat=len(keys)):
            down = frozenset(k for k, b in zip(keys, bits, strict=True) if b)
            weight = np.prod([q[k] if b else 1 - q[k] for k, b in zip(keys, bits, strict=True)])
            if weight > 0:
                capability = oracle.capability(oracle.failed(set(down)), rule)
                for key in keys:
                    sums[key] += weight * capability[key]
        for service in built["services"]:
            position = compiled.position_of(10 + keys.index(service["key"]))
            told = expected_capability(compiled, position, rule=rule)
            if rule == "worst" and "degraded at rest" in told.reason:
                continue
            assert told.capability == pytest.approx(sums[service["key"]], abs=1e-12), (rule, service["key"], told.reason)
