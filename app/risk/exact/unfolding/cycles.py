"""Cycles of needs, resolved into gates without cycles (model 1.3).

Inside a strongly connected component of the cone: what reaches each other through hard needs alone fails together and becomes one
node (OR of their own failures and outside needs). What is left holds groups: nu Y. mu X. Phi(X, Y) is iterated on decision
diagrams whose variables are the nodes that come in from outside, and the diagrams are turned into gates: n = low or (variable and
high).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from app.domain.graph import SUPPLY, SUPPLY_GROUP
from app.risk.exact.diagrams.bdd import COUNT, Bdd, compacted
from app.risk.exact.diagrams.budget import Budget
from app.risk.exact.formula.gates import FALSE, FULL, TRUE, Gates, Scratch, grown, scratch_of
from app.risk.exact.formula.make_gate import make_gate
from app.risk.exact.unfolding.fixpoint import System, solve
from app.risk.exact.unfolding.service_cone import Cone, Space
from app.risk.graph.compiled import Flat
from app.risk.graph.needs import down_for_good
from app.risk.graph.structure import components_in_order
from app.risk.jit import Array, Floats, Int32s, kernel

EXACT, LOWER, UPPER = 0, -1, 1
MOST_GATES = 300_000  # nodes of the diagrams of one component that are turned into gates
ROUNDS = 8  # of the unrolled bounds, where the fixpoint does not fit the budget


@dataclass(slots=True)
class Unfolding:
    """One service on its way to a formula: what is read, what is asked for, and the gates so far."""

    flat: Flat
    q: Array  # float64[N] own unavailabilities, 1 forced down
    cone: Cone
    space: Space
    target: int
    budget: Budget
    side: int  # EXACT, LOWER or UPPER
    store: Gates  # grown where it has to be
    node: Array  # int32[C] gate of each CI of the cone
    ranked: list[int] = field(default_factory=list)  # nodes that come into a cycle, in the order of its diagrams


class Unsolved(Exception):
    """A component whose fixpoint does not fit the budget."""


@kernel
def local_edges(flat: Flat, q: Floats, position: Int32s, space: Space) -> tuple[Array, Array]:
    """CSR dependent -> providers and members within the cone."""
    size = len(position)
    ptr = np.zeros(size + 1, np.int32)
    for fill in range(2):
        column = np.empty(ptr[size] if fill else 0, np.int32)
        at = 0
        for i in range(size):
            v = position[i]
            for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
                u = flat.reverse[e]
                if not down_for_good(flat, q, u):
                    if fill:
                        column[at] = space.local[u]
                    at += 1
            for e in range(flat.member_ptr[flat.group_ptr[v]], flat.member_ptr[flat.group_ptr[v + 1]]):
                u = flat.member[e]
                if not down_for_good(flat, q, u):
                    if fill:
                        column[at] = space.local[u]
                    at += 1
            ptr[i + 1] = at
    return ptr, column


def local_components(flat: Flat, q: Array, cone: Cone, space: Space) -> tuple[Array, Array, Array]:
    """Order of the cone's CIs (providers first), bounds of its components in that order, and which of them are cycles.

    Soft needs bind no component here, as they fail nothing.
    """
    size = len(cone.position)
    if not cone.cyclic:
        return np.arange(size, dtype=np.int32), np.zeros(0, np.int32), np.zeros(0, np.int32)
    ptr, column = local_edges(flat, q, cone.position, space)
    count, rank = components_in_order(ptr, column)
    order = np.argsort(rank, kind="stable").astype(np.int32)
    bounds = np.searchsorted(rank[order], np.arange(count + 1)).astype(np.int32)
    return order, bounds, np.flatnonzero(np.diff(bounds) > 1)


@dataclass(slots=True)
class _Inside:
    """One component, its members numbered 0.. in order of position; nodes are of the store, inputs >= 0 are members of the
    component."""

    own: list[list[int]] = field(default_factory=list)  # outside nodes each of which fails the member
    hard: list[list[int]] = field(default_factory=list)
    supply: list[list[int]] = field(default_factory=list)
    groups: list[tuple[int, int, bool, list[int], list[int]]] = field(
        default_factory=list
    )  # member, need, supply, inside, outside


def _read(unfolding: Unfolding, members: Array) -> _Inside:
    """The needs of a component's CIs, told apart by where they lead."""
    flat, q, space, cone, node = unfolding.flat, unfolding.q, unfolding.space, unfolding.cone, unfolding.node
    inside = _Inside()
    number = {int(c): i for i, c in enumerate(members)}

    def split(positions: Iterable[int]) -> tuple[list[int], list[int]]:
        here, there = [], []
        for u in positions:
            if down_for_good(flat, q, u):
                there.append(TRUE)
            elif (c := int(space.local[u])) in number:
                here.append(number[c])
            else:
                there.append(int(node[c]))
        return here, there

    for i, c in enumerate(members.tolist()):
        v = int(cone.position[c])
        rows = range(int(flat.reverse_ptr[v]), int(flat.reverse_ptr[v + 1]))
        supply, outside = split(int(flat.reverse[e]) for e in rows if flat.reverse_kind[e] == SUPPLY)
        hard, more = split(int(flat.reverse[e]) for e in rows if flat.reverse_kind[e] != SUPPLY)
        event = [int(cone.event[c])] if cone.event[c] >= 0 else []
        inside.own.append(event + outside + more)
        inside.hard.append(hard)
        inside.supply.append(supply)
        for g in range(int(flat.group_ptr[v]), int(flat.group_ptr[v + 1])):
            row = flat.member[int(flat.member_ptr[g]) : int(flat.member_ptr[g + 1])].tolist()
            here, there = split(row)
            need = len(row) - int(flat.group_needed[g]) + 1
            inside.groups.append((i, need, int(flat.group_kind[g]) == SUPPLY_GROUP, here, there))
    return inside


class _Store:
    """Makes gates, with room enough."""

    def __init__(self, store: Gates) -> None:
        self.store = store
        self.work = scratch_of(16)

    def gate(self, nodes: list[int], need: int) -> int:
        if len(nodes) > len(self.work.node) - 2:
            self.work = scratch_of(2 * len(nodes))
        while True:
            self.work.node[: len(nodes)] = nodes
            self.work.weight[: len(nodes)] = 1
            made = int(make_gate(self.store, self.work, len(nodes), need))
            if made != FULL:
                return made
            self.store = grown(self.store, 2 * len(self.store.need), 2 * len(self.store.input) + len(nodes))


def _merged(inside: _Inside) -> list[int]:
    """The class of each member: those that reach each other through hard needs alone are one."""
    ptr = np.zeros(len(inside.hard) + 1, np.int32)
    np.cumsum([len(row) for row in inside.hard], out=ptr[1:])
    column = np.array([u for row in inside.hard for u in row], np.int32)
    _, rank = components_in_order(ptr, column)
    return [int(r) for r in rank]


def _system(inside: _Inside, rank: list[int], make: _Store) -> System:
    """Equations of the classes; outside failures that suffice alone are put together into one node a class."""
    size = max(rank) + 1
    own: list[list[int]] = [[] for _ in range(size)]
    hard: list[list[int]] = [[] for _ in range(size)]
    supply: list[list[int]] = [[] for _ in range(size)]
    for i, c in enumerate(rank):
        own[c] += inside.own[i]
        hard[c] += [rank[u] for u in inside.hard[i] if rank[u] != c]
        supply[c] += [rank[u] for u in inside.supply[i]]
    groups = []
    for i, need, grounded, here, there in inside.groups:
        if here:
            groups.append((rank[i], need, grounded, [rank[u] for u in here], there))
        else:
            own[rank[i]].append(make.gate(there, need))
    return System([make.gate(row, 1) for row in own], hard, supply, groups)


@kernel
def gates_of_nodes(store: Gates, work: Scratch, bdd: Bdd, variable: Int32s, made: Int32s, start: int) -> int:
    """made[n] = the gate of node n: low or (variable and high), from `start` on; where the store was full, else the number of
    nodes."""
    for n in range(start, bdd.state[COUNT]):
        work.node[0] = variable[bdd.level[n]]
        work.node[1] = made[bdd.high[n]]
        work.weight[:2] = 1
        both = make_gate(store, work, 2, 2)
        if both == FULL:
            return n
        work.node[0] = made[bdd.low[n]]
        work.node[1] = both
        work.weight[:2] = 1
        either = make_gate(store, work, 2, 1)
        if either == FULL:
            return n
        made[n] = either
    return bdd.state[COUNT]  # type: ignore[no-any-return]


def _gates_of(bdd: Bdd, roots: Array, variables: list[int], make: _Store) -> list[int] | None:
    """The diagrams as gates, of nodes of the store; None where they are too many."""
    wanted = roots.astype(np.int32).copy()
    bdd = compacted(bdd, wanted, int(bdd.state[COUNT]))
    count = int(bdd.state[COUNT])
    if count > MOST_GATES:
        return None
    made = np.full(count, FALSE, np.int32)
    made[1] = TRUE
    at = 2
    while True:
        at = int(gates_of_nodes(make.store, make.work, bdd, np.array(variables, np.int32), made, at))
        if at == count:
            return [int(made[root]) for root in wanted]
        make.store = grown(make.store, 2 * len(make.store.need) + 16, 2 * len(make.store.input) + 64)


def _read_outside(unfolding: Unfolding, members: Array) -> Array:
    """bool: the member is the target, or something of the cone outside the component needs it."""
    flat, space, cone, target = unfolding.flat, unfolding.space, unfolding.cone, unfolding.target
    mine = np.zeros(len(cone.position), np.bool_)
    mine[members] = True
    out = np.zeros(len(members), np.bool_)
    for i, c in enumerate(members.tolist()):
        v = int(cone.position[c])
        groups = flat.joined[int(flat.joined_ptr[v]) : int(flat.joined_ptr[v + 1])]
        readers = np.concatenate(
            [flat.forward[int(flat.forward_ptr[v]) : int(flat.forward_ptr[v + 1])], flat.group_dependent[groups]]
        )
        readers = readers[space.seen[readers]]
        out[i] = v == target or not mine[space.local[readers]].all()
    return out


def _unrolled(system: System, make: _Store, side: int) -> list[int]:
    """Gates that bound the fixpoint: from "none failed" with supply needs read as ordinary ones, or from "all failed"."""
    state = [TRUE if side == UPPER else FALSE] * len(system.own)
    for _ in range(min(ROUNDS, len(state))):
        for v in range(len(state)):
            inputs = [system.own[v], *(state[u] for u in system.hard[v]), *(state[u] for u in system.supply[v])]
            for dependent, need, _, here, there in system.groups:
                if dependent == v:
                    inputs.append(make.gate([*(state[u] for u in here), *there], need))
            state[v] = make.gate(inputs, 1)
    return state


def solve_component(unfolding: Unfolding, members: Array) -> None:
    """Set the nodes of a component's CIs that are read outside. `ranked` is extended by the nodes that come in, in the order of
    the diagrams: a good one for the events below them.

    Example by hand (C09): A = a or (B and C), B = b or A: A = a or (b and c), B = a or b.
    """
    make, node, side = _Store(unfolding.store), unfolding.node, unfolding.side
    inside = _read(unfolding, members)
    rank = np.array(_merged(inside))
    system = _system(inside, rank.tolist(), make)
    if len(system.own) == 1 and not system.groups and not system.supply[0]:
        node[members], unfolding.store = system.own[0], make.store
        return
    read = _read_outside(unfolding, members)
    solved = solve(system, unfolding.budget)
    state = None
    if solved is not None:
        bdd, roots, variables = solved
        state = _gates_of(bdd, roots[rank[read]], variables, make)
        unfolding.ranked += variables
    if state is None and side == EXACT:
        raise Unsolved(f"a cycle of {len(members)} CIs with redundancy groups needs more than the budget")
    if state is None:
        bound = _unrolled(system, make, side)
        state = [bound[c] for c in rank[read]]
    node[members[read]], unfolding.store = state, make.store
