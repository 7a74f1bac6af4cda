"""Why a CI is down: the shortest chain of needs back to a forced outage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.domain.errors import NotFound
from app.domain.graph import SUPPLY
from app.risk.compiled import CompiledGraph, Flat
from app.risk.jit import Array, kernel
from app.risk.propagation import Outage

OWN, GROUP = -1, -2


@dataclass(frozen=True, slots=True)
class Step:
    """One CI of the chain and why it is down: "own" (forced, or down at rest by itself), "hard", "supply" or "group"."""

    position: int
    why: str
    group: int = -1  # compiled group number where why is "group"
    group_key: str = ""
    members_failed: int = 0
    members: int = 0
    needed: int = 0


@kernel
def _chain(flat: Flat, lost: Array, root: Array, target: int) -> tuple[Array, Array]:
    """Breadth first from the target through lost needs: positions from target to a root, and the edge or ~group each step took."""
    parent = np.full(len(lost), -1, dtype=np.int32)
    through = np.zeros(len(lost), dtype=np.int64)
    queue = np.empty(len(lost), dtype=np.int32)
    queue[0] = target
    parent[target] = target
    head, tail, end = 0, 1, -1
    while head < tail:
        v = queue[head]
        head += 1
        if root[v]:
            end = v
            break
        for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
            u = flat.reverse[e]
            if lost[u] and parent[u] < 0:
                parent[u] = v
                through[u] = e
                queue[tail] = u
                tail += 1
        for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
            first, last = flat.member_ptr[g], flat.member_ptr[g + 1]
            count = 0
            for e in range(first, last):
                count += lost[flat.member[e]]
            if count >= last - first - flat.group_needed[g] + 1:
                for e in range(first, last):
                    u = flat.member[e]
                    if lost[u] and parent[u] < 0:
                        parent[u] = v
                        through[u] = -1 - g
                        queue[tail] = u
                        tail += 1
    size = 0
    if end >= 0:
        v = end
        while True:
            queue[size] = v
            size += 1
            if v == target:
                break
            v = parent[v]
    chain = queue[:size].copy()
    return chain, through[chain]


def explain(compiled: CompiledGraph, result: Outage, target: int) -> tuple[Step, ...]:
    """The chain from a forced CI (or one down at rest) to `target`, shortest in steps, ties to the smallest position.

    Linear in what failed, also for a CI with 100,000 providers. NotFound where the target is not down.

    Example by hand: S hard on A, A in group {B, C} needing 1, B and C forced: (B own), (A group 2 of 2 failed, 1 needed), (S hard).
    """
    flat = compiled.flat
    lost = np.zeros(len(compiled), dtype=np.bool_)
    lost[result.failed] = lost[compiled.rest_down] = True
    if not 0 <= target < len(compiled) or not lost[target]:
        raise NotFound(f"position {target} is not down in this outage", position=target)
    root = np.zeros(len(compiled), dtype=np.bool_)
    root[result.down] = True
    root[compiled.rest_down] = True
    chain, through = _chain(flat, lost, root, target)
    steps = [Step(int(chain[0]) if len(chain) else target, "own")]
    for i in range(1, len(chain)):
        edge = int(through[i - 1])
        if edge >= 0:
            steps.append(Step(int(chain[i]), "supply" if flat.reverse_kind[edge] == SUPPLY else "hard"))
            continue
        group = -1 - edge
        members = flat.member[flat.member_ptr[group] : flat.member_ptr[group + 1]]
        failed, needed = int(lost[members].sum()), int(flat.group_needed[group])
        steps.append(Step(int(chain[i]), "group", group, compiled.group_key(group), failed, len(members), needed))
    return tuple(steps)
