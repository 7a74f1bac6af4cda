"""Every state of a small estate through the work list of `failing`, and what follows from the table of them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from app.risk.graph.compiled import CompiledGraph
from app.risk.intake.compile import compile_graph
from app.risk.outage.failing import fail, marks
from tests.unit.risk.build import graph_of, random_estate


@numba.njit(nogil=True)
def _table(flat: Any, work: Any, events: Any, forced: Any, target: int) -> Any:
    states = 1 << len(events)
    out = np.zeros(states, np.bool_)
    roots = np.empty(len(events) + len(forced), np.int32)
    for state in range(states):
        count = 0
        for v in forced:
            roots[count] = v
            count += 1
        for i in range(len(events)):
            if state >> i & 1:
                roots[count] = events[i]
                count += 1
        fail(flat, work, roots[:count])
        out[state] = work.stamp[target] >= work.epoch[0]
    return out


@dataclass(frozen=True)
class Truth:
    """`failed` bool[2^E]; bit i of the state is event i, at positions[i]."""

    failed: Any
    positions: Any
    q: Any

    def chances(self) -> Any:
        p = np.ones(1)
        for q in self.q:
            p = np.concatenate([p * (1 - q), p * q])
        return p

    def unavailability(self) -> float:
        p = np.sort(self.chances()[self.failed])
        return float(p.sum())

    def birnbaum(self) -> Any:
        states = np.arange(len(self.failed))
        out = []
        for i in range(len(self.q)):
            rest = Truth(None, None, np.delete(self.q, i)).chances()
            low, high = self.failed[(states >> i & 1) == 0], self.failed[(states >> i & 1) == 1]
            out.append(float(rest[high & ~low].sum()))
        return np.array(out)

    def cut_sets(self) -> list[tuple[int, ...]]:
        """Minimal ones, by positions."""
        states = np.arange(len(self.failed))
        minimal = self.failed.copy()
        for i in range(len(self.q)):
            with_i = (states >> i & 1) == 1
            minimal[with_i] &= ~self.failed[states[with_i] ^ (1 << i)]
        rows = [
            tuple(sorted(int(self.positions[i]) for i in range(len(self.q)) if s >> i & 1))
            for s in np.flatnonzero(minimal).tolist()
        ]
        return sorted(rows)

    def fussell_vesely(self) -> Any:
        """P(some minimal cut set with i has occurred) / Q, state by state."""
        where = {int(p): i for i, p in enumerate(self.positions)}
        masks = [sum(1 << where[p] for p in row) for row in self.cut_sets()]
        states, p, total = np.arange(len(self.failed)), self.chances(), self.unavailability()
        out = np.zeros(len(self.q))
        for i in range(len(self.q)):
            hit = np.zeros(len(states), np.bool_)
            for mask in masks:
                if mask >> i & 1:
                    hit |= (states & mask) == mask
            out[i] = p[hit].sum() / total if total > 0 else 0.0
        return out


def truth_of(compiled: CompiledGraph, q: Any, target: int) -> Truth:
    known = np.nan_to_num(q)
    events = np.flatnonzero((known > 0) & (known < 1)).astype(np.int32)
    failed = _table(compiled.flat, marks(compiled.flat), events, np.flatnonzero(known >= 1).astype(np.int32), target)
    return Truth(failed, events, known[events])


def random_case(seed: int, cis: int) -> tuple[CompiledGraph, Any, int]:
    """A random cyclic estate, unavailabilities of every kind (0, 1, unknown, tiny, large), and a target."""
    rng = random.Random(seed)
    estate = random_estate(rng, rng.randint(2, cis))
    rng.shuffle(estate["cis"])
    compiled = compile_graph(graph_of(estate))
    pick = np.random.default_rng(seed)
    kinds = pick.choice(5, len(compiled), p=[0.12, 0.03, 0.03, 0.12, 0.7])
    q = np.choose(kinds,
        [np.zeros(len(compiled)), np.ones(len(compiled)), np.full(len(compiled), np.nan), np.full(len(compiled), 1e-9),
            pick.random(len(compiled))])  # fmt: skip
    return compiled, q, int(pick.integers(len(compiled)))
