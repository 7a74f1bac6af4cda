"""The part of the estate that worlds are sampled for, renumbered in the order of evaluation.

Only CIs that serve some service and are not down at rest: those down at rest are constants that `group_left` has taken into
account already. Order: providers before dependents. The CIs of a component (of what fails: hard and supply needs, members) lie
side by side; inside one with a supply need the parts that hang together by ordinary needs lie side by side, for nu Y. mu X.
Phi(X, Y) (model 1.3) is the greatest solution of "each part is the least solution given the rest": ordinary needs between parts
form no loop, so solving them in order or reading them in Y comes to the same. Inside a component and a part the order is that of
leaving a depth-first search, so that two sweeps settle a ring.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.domain.graph import SUPPLY, SUPPLY_GROUP
from app.risk.graph.compiled import AT_REST_DOWN, IN_CYCLE, SERVES, CompiledGraph, Flat
from app.risk.graph.structure import all_providers, components_in_order
from app.risk.jit import Array, Bools, Int8s, Int32s, kernel

SINGLE, ORDINARY, GROUNDED_LOOP = 0, 1, 2  # kinds of components


class Needs(NamedTuple):
    """What each of n CIs needs, by local numbers; groups without the members that are down at rest."""

    need_ptr: Int32s  # int32[n+1]
    need: Int32s  # int32, hard and supply
    need_supply: Bools  # bool
    group_ptr: Int32s  # int32[n+1]
    group_left: Int32s  # int32, failed members that stop the dependent
    group_supply: Bools  # bool
    member_ptr: Int32s  # int32
    member: Int32s  # int32


class Plan(NamedTuple):
    """n CIs in order of evaluation, C components, S services."""

    position: Int32s  # int32[n] in the compiled graph
    needs: Needs
    component_ptr: Int32s  # int32[C+1]
    component_kind: Int8s  # int8[C]
    part_start: Int32s  # int32[n] first CI of its part (itself outside components with a supply need)
    part_end: Int32s  # int32[n]
    inside_ptr: Int32s  # int32[n+1] dependents in the same component
    inside: Int32s  # int32
    spare: Int32s  # int32[n] number among the CIs of components with a supply need, or -1
    service: Int32s  # int32[S] local numbers, -1 down at rest


@kernel
def _needs(flat: Flat, position: Int32s, number: Int32s) -> Needs:
    """The needs of the CIs at `position`, in that order; number int32[N]: global -> local, -1 left out."""
    size = len(position)
    need_ptr, group_ptr = np.zeros(size + 1, np.int32), np.zeros(size + 1, np.int32)
    edges, members = 0, 0
    for i in range(size):
        v = position[i]
        for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
            edges += number[flat.reverse[e]] >= 0
        need_ptr[i + 1] = edges
        group_ptr[i + 1] = group_ptr[i] + flat.group_ptr[v + 1] - flat.group_ptr[v]
        for e in range(flat.member_ptr[flat.group_ptr[v]], flat.member_ptr[flat.group_ptr[v + 1]]):
            members += number[flat.member[e]] >= 0
    groups = group_ptr[size]
    need, need_supply = np.empty(edges, np.int32), np.empty(edges, np.bool_)
    group_left, group_supply = np.empty(groups, np.int32), np.empty(groups, np.bool_)
    member_ptr, member = np.zeros(groups + 1, np.int32), np.empty(members, np.int32)
    edge, group, place = 0, 0, 0
    for i in range(size):
        v = position[i]
        for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
            u = number[flat.reverse[e]]
            if u >= 0:
                need[edge] = u
                need_supply[edge] = flat.reverse_kind[e] == SUPPLY
                edge += 1
        for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
            for e in range(flat.member_ptr[g], flat.member_ptr[g + 1]):
                u = number[flat.member[e]]
                if u >= 0:
                    member[place] = u
                    place += 1
            group_left[group] = flat.group_left[g]
            group_supply[group] = flat.group_kind[g] == SUPPLY_GROUP
            group += 1
            member_ptr[group] = place
    return Needs(need_ptr, need, need_supply, group_ptr, group_left, group_supply, member_ptr, member)


@kernel
def _inner_providers(needs: Needs, block: Int32s, looped: Bools, ordinary_only: bool) -> tuple[Array, Array]:
    """CSR of what CIs with looped[i] need inside their own block, all of it or by ordinary needs only."""
    size = len(needs.need_ptr) - 1
    ptr = np.zeros(size + 1, np.int32)
    column = np.empty(64, np.int32)
    at = 0
    for i in range(size):
        if looped[i]:
            room = needs.need_ptr[i + 1] - needs.need_ptr[i]
            room += needs.member_ptr[needs.group_ptr[i + 1]] - needs.member_ptr[needs.group_ptr[i]]
            if at + room > len(column):
                larger = np.empty(2 * (at + room), np.int32)
                larger[:at] = column[:at]
                column = larger
            for e in range(needs.need_ptr[i], needs.need_ptr[i + 1]):
                if block[needs.need[e]] == block[i] and not (ordinary_only and needs.need_supply[e]):
                    column[at] = needs.need[e]
                    at += 1
            for g in range(needs.group_ptr[i], needs.group_ptr[i + 1]):
                for e in range(needs.member_ptr[g], needs.member_ptr[g + 1]):
                    if block[needs.member[e]] == block[i] and not (ordinary_only and needs.group_supply[g]):
                        column[at] = needs.member[e]
                        at += 1
        ptr[i + 1] = at
    return ptr, column[:at].copy()


@kernel
def _left_at(ptr: Int32s, column: Int32s) -> Array:
    """int32[n]: when a depth-first search towards the providers leaves each CI."""
    size = len(ptr) - 1
    left = np.full(size, -1, np.int32)
    seen = np.zeros(size, np.bool_)
    at = ptr[:-1].copy()
    path = np.empty(size, np.int32)
    clock = 0
    for root in range(size):
        if seen[root]:
            continue
        depth = 0
        path[0] = root
        seen[root] = True
        while depth >= 0:
            v = path[depth]
            if at[v] < ptr[v + 1]:
                u = column[at[v]]
                at[v] += 1
                if not seen[u]:
                    seen[u] = True
                    depth += 1
                    path[depth] = u
            else:
                left[v] = clock
                clock += 1
                depth -= 1
    return left


@kernel
def _supply_inside(needs: Needs, block: Int32s, looped: Bools) -> Array:
    """bool[n]: the CI has a supply need inside its own component."""
    out = np.zeros(len(block), np.bool_)
    for i in range(len(block)):
        if not looped[i]:
            continue
        for e in range(needs.need_ptr[i], needs.need_ptr[i + 1]):
            out[i] |= needs.need_supply[e] and block[needs.need[e]] == block[i]
        for g in range(needs.group_ptr[i], needs.group_ptr[i + 1]):
            if needs.group_supply[g]:
                for e in range(needs.member_ptr[g], needs.member_ptr[g + 1]):
                    out[i] |= block[needs.member[e]] == block[i]
    return out


@kernel
def _turned(ptr: Int32s, column: Int32s) -> tuple[Array, Array]:
    """The CSR of the other direction."""
    size = len(ptr) - 1
    back = np.zeros(size + 1, np.int32)
    for e in range(len(column)):
        back[column[e] + 1] += 1
    for v in range(size):
        back[v + 1] += back[v]
    at = back[:-1].copy()
    rows = np.empty(len(column), np.int32)
    for v in range(size):
        for e in range(ptr[v], ptr[v + 1]):
            rows[at[column[e]]] = v
            at[column[e]] += 1
    return back, rows


def plan_of(compiled: CompiledGraph) -> Plan:
    """Renumber what serves some service; O(n + edges).

    Example by hand: S hard on a, b serves nobody: the plan holds a, S in that order, two components of one CI.
    """
    flat = compiled.flat
    position = np.flatnonzero((flat.flags & (SERVES | AT_REST_DOWN)) == SERVES).astype(np.int32)
    size = len(position)
    number = np.full(len(compiled), -1, np.int32)
    number[position] = np.arange(size, dtype=np.int32)
    needs = _needs(flat, position, number)
    nothing = np.zeros(size + 1, np.int32)
    _, block = components_in_order(
        *all_providers(
            needs.need_ptr, needs.need, nothing, np.zeros(0, np.int32), needs.group_ptr, needs.member_ptr, needs.member
        )
    )
    looped = (np.bincount(block, minlength=1) > 1)[block] if size else np.zeros(0, np.bool_)
    part = np.zeros(size, np.int32)
    if (flat.flags[position] & IN_CYCLE).any():  # else the order of positions is that of providers before dependents already
        _, part = components_in_order(*_inner_providers(needs, block, looped, True))
        left = _left_at(*_inner_providers(needs, block, looped, False))
        first_left = np.full(int(part.max()) + 1, size, np.int32)
        np.minimum.at(first_left, part, left)
        order = np.lexsort((left, part, first_left[part], block, flat.component[position]))
        position, block, looped, part = position[order], block[order], looped[order], part[order]
        number[position] = np.arange(size, dtype=np.int32)
        needs = _needs(flat, position, number)
    return _plan(compiled, position, number, needs, block, looped, part)


def _plan(
    compiled: CompiledGraph, position: Array, number: Array, needs: Needs, block: Array, looped: Array, part: Array
) -> Plan:
    size = len(position)
    edges = np.flatnonzero(np.diff(block)) + 1
    component_ptr = np.concatenate([[0], edges, [size] if size else []]).astype(np.int32)
    supply = _supply_inside(needs, block, looped)
    grounded = np.zeros(size, np.bool_)
    kind = np.zeros(len(component_ptr) - 1, np.int8)
    if looped.any():
        kind = np.where(looped[component_ptr[:-1]], ORDINARY, SINGLE).astype(np.int8)
        kind[np.searchsorted(component_ptr, np.flatnonzero(supply), "right") - 1] = GROUNDED_LOOP
        grounded = np.repeat(kind == GROUNDED_LOOP, np.diff(component_ptr))
    here = np.arange(size, dtype=np.int32)
    start = np.ones(size, np.bool_)
    start[1:] = ~grounded[1:] | (np.diff(part) != 0) | (np.diff(block) != 0)
    starts = np.append(np.flatnonzero(start), size).astype(np.int32)
    row = np.cumsum(start) - 1
    inside_ptr, inside = _turned(*_inner_providers(needs, block, looped, False))
    return Plan(
        position=position, needs=needs, component_ptr=component_ptr, component_kind=kind, part_start=starts[row].astype(np.int32),
        part_end=starts[row + 1].astype(np.int32) if size else here, inside_ptr=inside_ptr, inside=inside,
        spare=np.where(grounded, np.cumsum(grounded) - 1, -1).astype(np.int32), service=number[compiled.service_position],
    )  # fmt: skip
