"""nu Y. mu X. Phi(X, Y) of one component on decision diagrams (model 1.3)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.exact.diagrams.bdd import (
    COUNT,
    LIMIT,
    NO_ROOM,
    OR,
    STEPS,
    TOO_LONG,
    Bdd,
    apply,
    at_least,
    bdd_of,
    compacted,
    make_node,
    slices_of,
)
from app.risk.exact.diagrams.budget import Budget
from app.risk.exact.formula.gates import FALSE, TRUE
from app.risk.exact.formula.narrow_order import narrow_order
from app.risk.graph.structure import components_in_order
from app.risk.jit import Array, Bools, Int8s, Int32s, kernel
from app.risk.jit.clock import working_time

DONE = 0
SLICE = 20_000_000  # steps between two looks at the clock


class System(NamedTuple):
    """Equations of R classes: x_r = own_r or any hard or any supply or any group. Own and outside inputs are nodes of the gate
    store."""

    own: list[int]
    hard: list[list[int]]
    supply: list[list[int]]
    groups: list[tuple[int, int, bool, list[int], list[int]]]  # class, need, supply, classes, nodes


class _Flat(NamedTuple):
    """The same for the kernel. Inputs of groups: classes, or diagrams of the outside, by `member_kind`."""

    own: Int32s  # int32[R] diagrams
    ptr: Int32s  # int32[R+1]
    need: Int32s  # int32[H] hard and supply classes
    grounded: Bools  # bool[H]
    group_ptr: Int32s  # int32[R+1]
    group_need: Int32s  # int32[G]
    member_ptr: Int32s  # int32[G+1]
    member: Int32s  # int32[M]
    member_kind: Int8s  # int8[M] 0 read in X, 1 read in Y, 2 fixed diagram


@kernel
def round_of(
    store: Bdd, flat: _Flat, x: Int32s, y: Int32s, f: Int32s, weight: Int32s, table: Int32s, changed: Bools, backward: bool
) -> int:
    """One pass x_v = Phi(x, y) over the classes in order or against it, in place; DONE, NO_ROOM or TOO_LONG."""
    for i in range(len(x)):
        v = len(x) - 1 - i if backward else i
        value = flat.own[v]
        for e in range(flat.ptr[v], flat.ptr[v + 1]):
            value = apply(store, OR, value, y[flat.need[e]] if flat.grounded[e] else x[flat.need[e]])
            if value < 0:
                return value
        for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
            count = 0
            for e in range(flat.member_ptr[g], flat.member_ptr[g + 1]):
                m = flat.member[e]
                f[count] = x[m] if flat.member_kind[e] == 0 else (y[m] if flat.member_kind[e] == 1 else m)
                weight[count] = 1
                count += 1
            lost = at_least(store, f, weight, count, flat.group_need[g], table)
            if lost < 0:
                return lost
            value = apply(store, OR, value, lost)
            if value < 0:
                return value
        if value != x[v]:
            x[v] = value
            changed[0] = True
    return DONE


def _flattened(system: System, store: Bdd, variables: list[int]) -> _Flat:
    """Numbers in place of lists; the outside becomes variables, constants go."""
    place = {n: i for i, n in enumerate(variables)}

    def diagram(n: int) -> int:
        return 0 if n == FALSE else 1 if n == TRUE else int(make_node(store, place[n], 0, 1))

    size = len(system.own)
    rows = [[(u, False) for u in system.hard[v]] + [(u, True) for u in system.supply[v]] for v in range(size)]
    flat_rows = [pair for row in rows for pair in row]
    groups = sorted(system.groups, key=lambda g: g[0])
    members = [
        [(u, 1 if grounded else 0) for u in here] + [(diagram(n), 2) for n in there] for _, _, grounded, here, there in groups
    ]
    return _Flat(
        np.array([diagram(n) for n in system.own], np.int32),
        np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int32),
        np.array([u for u, _ in flat_rows], np.int32),
        np.array([kind for _, kind in flat_rows], np.bool_),
        np.searchsorted([g[0] for g in groups], np.arange(size + 1)).astype(np.int32),
        np.array([g[1] for g in groups], np.int32),
        np.concatenate([[0], np.cumsum([len(row) for row in members])]).astype(np.int32),
        np.array([m for row in members for m, _ in row], np.int32),
        np.array([kind for row in members for _, kind in row], np.int8),
    )


def renumbered(system: System) -> tuple[System, Array]:
    """The classes in an order along their needs, so that little is open between neighbours (Cuthill, McKee); place[r]: the new
    number."""
    size = len(system.own)
    pairs = [(v, u) for rows in (system.hard, system.supply) for v, row in enumerate(rows) for u in row]
    pairs += [(v, u) for v, _, _, here, _ in system.groups for u in here]
    ends = np.array(pairs, np.int32).reshape(-1, 2)
    order = narrow_order(ends[:, 0], ends[:, 1], size)
    place = np.empty(size, np.int64)
    place[order] = np.arange(size)

    def at(row: list[int]) -> list[int]:
        return [int(place[u]) for u in row]

    rows = [[at(part[v]) for v in order] for part in (system.hard, system.supply)]
    groups = [(int(place[v]), need, kind, at(here), there) for v, need, kind, here, there in system.groups]
    return System([system.own[v] for v in order], rows[0], rows[1], sorted(groups, key=lambda g: g[0])), place


def _variables(system: System) -> list[int]:
    """Outside nodes in the order in which the classes read them."""
    seen: dict[int, None] = {}
    at = 0
    for v, n in enumerate(system.own):
        seen.setdefault(n)
        while at < len(system.groups) and system.groups[at][0] == v:
            for outside in system.groups[at][4]:
                seen.setdefault(outside)
            at += 1
    return [n for n in seen if n >= 0]


def ordinary_cycle(system: System) -> bool:
    """Whether ordinary needs alone form a cycle."""
    rows = [list(row) for row in system.hard]
    for v, _, grounded, here, _ in system.groups:
        rows[v] += [] if grounded else here
    ptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int32)
    count, _ = components_in_order(ptr, np.array([u for row in rows for u in row], np.int32))
    return bool(count < len(rows) or any(v in row for v, row in enumerate(rows)))


class _Iteration:
    """X, Y and the manager they live in."""

    def __init__(self, system: System, budget: Budget) -> None:
        self.variables = _variables(system)
        self.store = bdd_of(len(self.variables), 4096 + 4 * len(self.variables))
        self.flat = _flattened(system, self.store, self.variables)
        widest = max(int(np.diff(self.flat.member_ptr).max(initial=0)), int(self.flat.group_need.max(initial=0))) + 2
        self.scratch = (np.zeros(widest, np.int32), np.zeros(widest, np.int32), np.zeros(widest, np.int32))
        self.budget, self.until = budget, working_time() + budget.seconds

    def settled(self, x: Array, y: Array) -> bool:
        """x = Phi(x, y), iterated in place from where it is until nothing changes; False beyond the budget. `y` may be x
        itself."""
        changed, backward, slices = np.array([True]), False, slices_of(SLICE)
        while changed[0]:
            changed[0] = False
            self.store.state[LIMIT] = self.store.state[STEPS] + next(slices)
            told = round_of(self.store, self.flat, x, y, *self.scratch, changed, backward)
            if told == NO_ROOM and not self.more_room(x, y):
                return False
            if told in (NO_ROOM, TOO_LONG):
                changed[0] = True
            else:
                backward = not backward
            if working_time() > self.until:
                return False
        return True

    def more_room(self, x: Array, y: Array) -> bool:
        """Drop what nobody needs, in twice the room while the budget allows; whether any room was made."""
        fixed = self.flat.member_kind == 2
        roots = np.concatenate([x, y, self.flat.own, self.flat.member[fixed]]).astype(np.int32)
        room = min(2 * len(self.store.level), self.budget.nodes)
        self.store = compacted(self.store, roots, room)
        x[:], y[:], own, members = np.split(roots, np.cumsum([len(x), len(y), len(self.flat.own)]))
        self.flat.own[:] = own
        self.flat.member[fixed] = members
        return bool(self.store.state[COUNT] < 0.7 * room)


def solve(system: System, budget: Budget) -> tuple[Bdd, Array, list[int]] | None:
    """The manager, int32[R] the diagrams of the fixpoint, and the nodes its levels stand for; None beyond the budget.

    Where ordinary needs alone form no cycle, X = Phi(X, Y) has one solution for each Y, so the fixpoint is the greatest of Z =
    Phi(Z, Z), and is iterated as such. Example by hand (C09): x_A = a or (x_B and c), x_B = b or x_A: x_A = a or (b and c).
    """
    system, place = renumbered(system)
    work = _Iteration(system, budget)
    size = len(system.own)
    grounded = any(system.supply) or any(kind for _, _, kind, _, _ in system.groups)
    y = np.ones(size, np.int32)
    if grounded and not ordinary_cycle(system):
        return (work.store, y[place], work.variables) if work.settled(y, y) else None
    while True:
        x = np.zeros(size, np.int32)
        if not work.settled(x, y):
            return None
        if not grounded or np.array_equal(x, y):
            return work.store, x[place], work.variables
        y = x
