"""The formula of one CI's failure: gates over the own failures of its cone, without cycles.

F_v = own_v or any(F_u, needed) or any_g(at least n_g - m_g + 1 of the members failed), model 1.2; cycles are resolved by
`cycles`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.risk.exact.diagrams.budget import Budget
from app.risk.exact.formula.gates import FALSE, FULL, GATES, TRUE, Gates, Scratch, gates_store, grown, scratch_of
from app.risk.exact.formula.make_gate import make_gate
from app.risk.exact.unfolding.cycles import EXACT, Unfolding, local_components, solve_component
from app.risk.exact.unfolding.service_cone import Space, cone_of_failure, exact_space
from app.risk.graph.compiled import AT_REST_DOWN, CompiledGraph, Flat
from app.risk.jit import Array, Floats, Int32s, kernel


@dataclass(frozen=True, slots=True)
class Formula:
    """E events. `root`: a node of `store`, or FALSE (never fails) or TRUE (down for good)."""

    store: Gates
    root: int
    q: Array  # float64[E], each in (0, 1)
    position: Array  # int32[E] whose own failure the event is
    unknown: int  # CIs of the cone whose unavailability is not known: they count as 0
    rank: Array | None = (
        None  # float64[E] a good order of the events that come in through cycles, NaN the others; None: no cycles
    )


@kernel
def add_cis(
    flat: Flat, q: Floats, space: Space, position: Int32s, event: Int32s, order: Int32s, start: int, end: int, node: Int32s,
    store: Gates,
    work: Scratch,
) -> int:  # fmt: skip
    """Make the nodes of the CIs order[start:end], providers first; where it stopped, `end` if there was room for all.

    One long loop: each call in it hands dozens of arrays over, which costs more than the work itself.
    """
    local, into, weight, spare = space.local, work.node, work.weight, work.spare
    reverse_ptr, reverse, group_ptr, member_ptr, member = (
        flat.reverse_ptr,
        flat.reverse,
        flat.group_ptr,
        flat.member_ptr,
        flat.member,
    )
    flags, needed = flat.flags, flat.group_needed
    for i in range(start, end):
        v = position[order[i]]
        groups = 0
        for g in range(group_ptr[v], group_ptr[v + 1]):
            size = member_ptr[g + 1] - member_ptr[g]
            for e in range(size):
                u = member[member_ptr[g] + e]
                into[e] = TRUE if (flags[u] & AT_REST_DOWN) or q[u] >= 1.0 else node[local[u]]
                weight[e] = 1
            made = make_gate(store, work, size, size - needed[g] + 1)
            if made == FULL:
                return i
            spare[groups] = made
            groups += 1
        into[:groups] = spare[:groups]
        count = groups
        for e in range(reverse_ptr[v], reverse_ptr[v + 1]):
            u = reverse[e]
            into[count] = TRUE if (flags[u] & AT_REST_DOWN) or q[u] >= 1.0 else node[local[u]]
            count += 1
        if event[order[i]] >= 0:
            into[count] = event[order[i]]
            count += 1
        weight[:count] = 1
        made = make_gate(store, work, count, 1)
        if made == FULL:
            return i
        node[order[i]] = made
    return end


def formula_of(
    compiled: CompiledGraph, target: int, budget: Budget, q: Array | None = None, space: Space | None = None, side: int = EXACT
) -> Formula:
    """The formula of a CI's failure. q: float64[N] own unavailabilities (1: forced down), else the compiled ones; NaN counts as
    0.

    `side`: EXACT, or LOWER or UPPER for a formula that never fails more, never less than the true one. Unsolved, for EXACT only,
    says that a component with groups inside did not fit the budget.

    Example by hand: S hard on a and b, U .01 and .02 -> one OR gate over two events.
    """
    flat = compiled.flat
    own = np.ascontiguousarray(compiled.unavailability if q is None else q, dtype=np.float64)
    if (flat.flags[target] & AT_REST_DOWN) or own[target] >= 1.0:
        return Formula(gates_store(0, 1, 1), TRUE, np.zeros(0), np.zeros(0, np.int32), 0)
    space = space or exact_space(len(flat.flags))
    cone = cone_of_failure(flat, own, target, space)
    store = gates_store(cone.events, cone.gates + 8, cone.edges + 8)
    node = np.full(len(cone.position), FALSE, np.int32)
    unfolding = Unfolding(flat, own, cone, space, target, budget, side, store, node)
    _build(unfolding, *local_components(flat, own, cone, space))
    store, ranked = unfolding.store, unfolding.ranked
    events = cone.position[cone.event >= 0]
    root = int(node[space.local[target]])
    return Formula(
        store, root, own[events], events, cone.unknown, event_ranks(store, np.array(ranked, np.int32)) if ranked else None
    )


@kernel
def event_ranks(store: Gates, ranked: Int32s) -> Array:
    """float64[E] place of the first of `ranked` that an event is, or is below of; NaN: of none."""
    rank = np.full(store.events + store.used[GATES], np.nan)
    for i in range(len(ranked) - 1, -1, -1):
        rank[ranked[i]] = i
    for n in range(len(rank) - 1, store.events - 1, -1):
        if np.isnan(rank[n]):
            continue
        for e in range(store.ptr[n - store.events], store.ptr[n - store.events + 1]):
            c = store.input[e]
            if not rank[c] <= rank[n]:
                rank[c] = rank[n]
    return rank[: store.events].copy()


def _build(unfolding: Unfolding, order: Array, bounds: Array, loops: Array) -> None:
    """Stretches without cycles in kernels, components one by one between them."""
    flat, q, space, cone, node = unfolding.flat, unfolding.q, unfolding.space, unfolding.cone, unfolding.node
    work = scratch_of(cone.widest + 2)
    at = 0
    for loop in [*loops.tolist(), -1]:
        end = int(bounds[loop]) if loop >= 0 else len(order)
        while at < end:
            store = unfolding.store
            at = int(add_cis(flat, q, space, cone.position, cone.event, order, at, end, node, store, work))
            if at < end:
                unfolding.store = grown(store, 2 * len(store.need), 2 * len(store.input))
        if loop >= 0:
            at = int(bounds[loop + 1])
            solve_component(unfolding, order[end:at])
