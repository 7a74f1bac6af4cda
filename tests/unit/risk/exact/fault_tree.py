"""Fault trees as estates: OR is a CI with hard needs, AND a group with 1 needed, "k of n fail" a group with n - k + 1 needed.

Also a reader of the Open-PSA Model Exchange Format for coherent trees, and seeded random trees.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
from defusedxml.ElementTree import fromstring

from app.domain.errors import InvalidInput
from app.risk.graph.compiled import CompiledGraph
from app.risk.intake.compile import compile_graph
from tests.unit.risk.build import graph_of


@dataclass(frozen=True)
class FaultTree:
    """`gates`: name -> (how many inputs fail it, inputs); `events`: name -> probability."""

    top: str
    gates: Mapping[str, tuple[int, Sequence[str]]]
    events: Mapping[str, float]


@dataclass(frozen=True)
class BuiltTree:
    compiled: CompiledGraph
    top: int  # position
    names: Mapping[int, str]  # of positions


def built(tree: FaultTree) -> BuiltTree:
    """The estate of a tree, compiled."""
    names = [*tree.events, *tree.gates]
    dependencies, groups = [], []
    for name, (fails, inputs) in tree.gates.items():
        if fails == 1:
            dependencies += [{"dependent": name, "provider": i, "kind": "hard"} for i in inputs]
        else:
            needed = len(inputs) - fails + 1
            groups.append({"key": name, "dependent": name, "needed": needed, "members": list(inputs), "supply": False})
    cis = [{"key": name, "unavailability": tree.events.get(name, 0.0)} for name in names]
    compiled = compile_graph(
        graph_of({"cis": cis, "dependencies": dependencies, "groups": groups, "services": [{"key": tree.top}]})
    )
    at = {compiled.position_of(10 + i): name for i, name in enumerate(names)}
    return BuiltTree(compiled, next(p for p, name in at.items() if name == tree.top), at)


def read_open_psa(text: str) -> FaultTree:
    """The tree of a model file; InvalidInput where it is not coherent (not, xor and their kin) or unclear."""
    root = fromstring(text)
    gates: dict[str, tuple[int, Sequence[str]]] = {}
    events: dict[str, float] = {}
    for node in root.iter("define-basic-event"):
        value = node.find("float")
        if value is None:
            raise InvalidInput(f"basic event {node.get('name')} has no plain probability")
        events[str(node.get("name"))] = float(str(value.get("value")))
    for node in root.iter("define-house-event"):
        value = node.find("constant")
        events[str(node.get("name"))] = 1.0 if value is not None and value.get("value") == "true" else 0.0
    for node in root.iter("define-gate"):
        _formula(str(node.get("name")), next(child for child in node if child.tag not in ("label", "attributes")), gates)
    used = {i for _, inputs in gates.values() for i in inputs}
    tops = [name for name in gates if name not in used]
    if len(tops) != 1:
        raise InvalidInput(f"a tree has one top event, this has {len(tops)}")
    return FaultTree(tops[0], gates, events)


def _formula(name: str, node: Element, gates: dict[str, tuple[int, Sequence[str]]]) -> None:
    if node.tag in ("gate", "basic-event", "house-event", "event"):
        gates[name] = (1, [str(node.get("name"))])
        return
    inputs = []
    for number, child in enumerate(node):
        if child.tag in ("gate", "basic-event", "house-event", "event"):
            inputs.append(str(child.get("name")))
        else:
            inputs.append(f"{name}.{number}")
            _formula(inputs[-1], child, gates)
    fails = {"or": 1, "and": len(inputs), "atleast": int(node.get("min", "0"))}.get(node.tag)
    if fails is None:
        raise InvalidInput(f"gate {name}: '{node.tag}' is not coherent and is refused", gate=name)
    gates[name] = (fails, inputs)


def random_tree(
    seed: int, events: int, gates: int, width: int = 4, reach: int = 12, chance: tuple[float, float] = (1e-4, 0.3)
) -> FaultTree:
    """Gates in layers over shared events; each reads up to `width` of the last `reach` nodes and of the events."""
    rng = random.Random(seed)
    basic = {f"e{i}": float(np.exp(rng.uniform(np.log(chance[0]), np.log(chance[1])))) for i in range(events)}
    names = list(basic)
    rows: dict[str, tuple[int, Sequence[str]]] = {}
    loose: list[str] = []
    for number in range(gates):
        near = [f"g{i}" for i in range(max(0, number - reach), number)]
        center = number * events // gates
        local = [names[(center + rng.randint(-reach, reach)) % events] for _ in range(width)]
        inputs = sorted(set(rng.sample(near, min(len(near), rng.randint(0, 2))) + local[: rng.randint(2, width)]))
        if len(inputs) < 2:
            inputs = sorted({*inputs, names[center % events], names[(center + 1) % events]})
        rows[f"g{number}"] = (rng.choice([1, len(inputs), rng.randint(1, len(inputs))]), inputs)
        loose = [n for n in loose if n not in inputs] + [f"g{number}"]
    rows["top"] = (rng.choice([1, 1, len(loose)]) if len(loose) > 1 else 1, loose)
    return FaultTree("top", rows, basic)


def truth_q(tree: FaultTree) -> tuple[Any, list[str]]:
    """bool[2^E] whether the top fails by state, and the events by bit."""
    names = list(tree.events)
    states = np.arange(1 << len(names))
    value: dict[str, Any] = {name: (states >> i & 1).astype(np.int16) for i, name in enumerate(names)}

    def of(name: str) -> Any:
        if name not in value:
            fails, inputs = tree.gates[name]
            value[name] = (sum(of(i) for i in inputs) >= fails).astype(np.int16)
        return value[name]

    return of(tree.top).astype(bool), names


def plant_tree(seed: int, systems: int, trains: int, parts: int, sequences: int) -> FaultTree:
    """A plant as safety studies draw them: systems of redundant trains that lean on trains of earlier systems; the top is any of
    some sequences, each the failure of several systems. About systems * trains * parts events."""
    rng = random.Random(seed)
    events: dict[str, float] = {}
    gates: dict[str, tuple[int, Sequence[str]]] = {}

    def event(name: str) -> str:
        events[name] = float(10 ** rng.uniform(-4, -1.5))
        return name

    for s in range(systems):
        lean = rng.sample(range(s), min(s, rng.randint(1, 3)))
        common = event(f"common{s}")
        for t in range(trains):
            own = [event(f"part{s}.{t}.{i}") for i in range(rng.randint(max(1, parts - 1), parts + 1))]
            support = [f"train{a}.{(t + rng.randint(0, 1)) % trains}" for a in lean]
            gates[f"loss{s}.{t}"] = (1, [*own, *support])
            spare = event(f"spare{s}.{t}")
            gates[f"train{s}.{t}"] = (1, [f"loss{s}.{t}", common] if rng.random() < 0.7 else [f"both{s}.{t}", common])
            gates[f"both{s}.{t}"] = (2, [f"loss{s}.{t}", spare])
        gates[f"system{s}"] = (rng.randint(max(2, trains - 1), trains), [f"train{s}.{t}" for t in range(trains)])
    for n in range(sequences):
        chosen = rng.sample(range(systems // 3, systems), min(systems - systems // 3, rng.randint(1, 3)))
        gates[f"sequence{n}"] = (len(chosen), [f"system{s}" for s in chosen])
    gates["top"] = (1, [f"sequence{n}" for n in range(sequences)])
    read = {i for _, inputs in gates.values() for i in inputs}
    used = {name: row for name, row in gates.items() if name == "top" or name in read}
    return FaultTree("top", used, events)
