"""The exact engine beside decision diagrams of the `oxidd` package: the same functions, built gate by gate, give the same
probability."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from oxidd.bdd import BDDManager

from app.risk.exact.answers.service import Want, exact_service
from tests.builders import estate


def chance(function: Any, q: list[float], level: dict[int, int]) -> float:
    """P(true) by Shannon expansion over the package's nodes."""
    known: dict[Any, float] = {}

    def of(node: Any) -> float:
        if not node.satisfiable():
            return 0.0
        if node.valid():
            return 1.0
        if node not in known:
            p = q[level[node.node_var()]]
            known[node] = p * of(node.cofactor_true()) + (1 - p) * of(node.cofactor_false())
        return known[node]

    return of(function)


@pytest.mark.parametrize("seed", range(25))
def test_random_trees_with_shared_events(seed: int) -> None:
    rng = random.Random(seed)
    count = rng.randint(10, 40)
    names = [f"e{i}" for i in range(count)]
    q = [rng.choice((1e-4, 0.01, 0.1, 0.3)) for _ in names]
    manager = BDDManager(200_000, 200_000, 1)
    variables = manager.add_vars(count)
    level = {int(var): i for i, var in enumerate(variables)}
    built: dict[str, Any] = {name: manager.var(var) for name, var in zip(names, variables, strict=True)}
    hard: list[str] = []
    groups: dict[str, list[tuple[int, str]]] = {}
    profiles = {name: {"unavailability": p} for name, p in zip(names, q, strict=True)}
    for i in range(rng.randint(6, 14)):
        gate, inputs = f"g{i}", rng.sample(list(built), rng.randint(2, 4))
        profiles[gate] = {"unavailability": 0.0}
        if rng.random() < 0.4:
            hard += [f"{gate}>{name}" for name in inputs]
            lost = 1
        else:
            needed = rng.randint(1, len(inputs) - 1)
            groups[gate] = [(needed, " ".join(inputs))]
            lost = len(inputs) - needed + 1
        function = manager.false()
        for some in itertools.combinations(inputs, lost):
            term = manager.true()
            for name in some:
                term &= built[name]
            function |= term
        built[gate] = function
    top = f"g{len(built) - count - 1}"
    made = estate(
        "; ".join([top, *(name for name in built if name != top)]),
        hard=" ".join(hard),
        groups=groups,
        profiles=profiles,
        services={top: {}},
    )
    told = exact_service(made.compiled, int(made.at(top)[0]), want=Want(counts=True))
    want = chance(built[top], q, level)
    assert told.method == "exact" and told.q == pytest.approx(want, rel=1e-12)
    for k in range(min(5, len(told.position))):
        name = made.order[int(made.compiled.ci_id[told.position[k]]) - 1]
        var = built[name]
        up, down = (chance(part, q, level) for part in (_fixed(built[top], var, True), _fixed(built[top], var, False)))
        assert told.birnbaum[k] == pytest.approx(up - down, rel=1e-9)


def _fixed(function: Any, variable: Any, value: bool) -> Any:
    """The function with one variable fixed."""
    literal = variable if value else ~variable
    return (function & literal).exists(variable)
