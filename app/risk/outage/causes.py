"""Why each CI of one outage fell: one tree of causes for all of them, made in time that follows what fell.

Breadth first from the forced CIs, in rounds: a CI falls in the round after the loss that took its last support away, and that
loss is its parent. So a path has as many steps as rounds, over edges alone it is a shortest chain, and no group counts as lost by
what fell because of it. A degraded CI hangs on the provider that costs it most. CIs of a supply loop that lost its source hang on
a lost need that has a path.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.errors import NotFound
from app.domain.graph import SUPPLY, SUPPLY_GROUP
from app.risk.graph.compiled import AT_REST_DOWN, SERVES, CompiledGraph, Flat
from app.risk.graph.places import place_of, places_of
from app.risk.jit import Array, Bools, Floats, Int8s, Int32s, inner, kernel
from app.risk.jit.borrowed import borrowed
from app.risk.outage.propagation import Outage

ROOT, NOBODY = -1, -2
EDGE, SOFT_EDGE, GROUP_EDGE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Cause:
    """One step of a path: `why` is out (forced), at a part (forced to a share), hard, supply, soft, group or supply group; the
    group's numbers where it is one."""

    position: int
    why: str
    group: int = -1
    members_failed: int = 0
    members: int = 0
    needed: int = 0


@dataclass(frozen=True, slots=True)
class Causes:
    """K CIs that fell, ascending: `node` positions, `parent` index of the cause among them (ROOT, NOBODY), `how` and `through`
    the need."""

    node: Array  # int32[K]
    failed: Array  # bool[K]
    parent: Array  # int32[K]
    how: Array  # int8[K] EDGE, SOFT_EDGE, GROUP_EDGE
    through: Array  # int32[K] kind of the edge, or number of the group

    def path(self, compiled: CompiledGraph, position: int) -> tuple[Cause, ...]:
        """From the forced CI to `position`. NotFound where it did not fall.

        Example by hand: S hard on A, A needs 1 of B and C, both forced: (B or C out), (A group, 2 of 2 failed, 1 needed), (S
        hard).
        """
        return tuple(self.step(compiled, at) for at in self.places(position))

    def places(self, position: int) -> list[int]:
        """The path to `position` as places in `node`; paths to many CIs share their beginnings."""
        at = int(np.searchsorted(self.node, np.int32(position)))  # of one type: else all of it is copied
        if at == len(self.node) or int(self.node[at]) != position:
            raise NotFound(f"position {position} did not fall in this outage", position=position)
        found: list[int] = []
        while at >= 0:
            found.append(at)
            at = int(self.parent[at])
        return found[::-1]

    def step(self, compiled: CompiledGraph, at: int) -> Cause:
        """Why the CI at a place fell."""
        position, parent = int(self.node[at]), int(self.parent[at])
        if parent < 0:
            why = "supply loop" if parent != ROOT else "out" if self.failed[at] else "at a part"
            return Cause(position, why)
        through = int(self.through[at])
        if self.how[at] == SOFT_EDGE:
            return Cause(position, "soft")
        if self.how[at] == EDGE:
            return Cause(position, "supply" if through == SUPPLY else "hard")
        flat = compiled.flat
        members = flat.member[flat.member_ptr[through] : flat.member_ptr[through + 1]]
        place = np.minimum(np.searchsorted(self.node, members), len(self.node) - 1)
        lost = int((((self.node[place] == members) & self.failed[place]) | (flat.flags[members] & AT_REST_DOWN != 0)).sum())
        why = "supply group" if flat.group_kind[through] == SUPPLY_GROUP else "group"
        return Cause(position, why, through, lost, len(members), int(flat.group_needed[through]))


FEW = 4096  # CIs that are found by halving: quicker than memory for a place of every CI


@inner
def _find(node: Int32s, position: int) -> int:
    low, high = 0, len(node)
    while low < high:
        middle = (low + high) // 2
        if node[middle] < position:
            low = middle + 1
        else:
            high = middle
    return low if low < len(node) and node[low] == position else -1


@inner
def _at(node: Int32s, place: Int32s, position: int) -> int:
    """As `_find`, in one step where there is a place for every CI."""
    return place_of(node, place, position) if len(place) else _find(node, position)


@inner
def _spread(
    flat: Flat,
    node: Int32s,
    place: Int32s,
    failed: Bools,
    root: Int32s,
    touched: Int32s,
    count: Int32s,
    parent: Int32s,
    how: Int8s,
    through: Int32s,
) -> None:
    queue = np.empty(len(node), np.int32)
    tail = 0
    for i in range(len(root)):
        at = _at(node, place, root[i])
        if at < 0:  # down at rest
            continue
        parent[at] = ROOT
        queue[tail] = at
        tail += 1
    head = 0
    while head < tail:
        at = queue[head]
        head += 1
        u = node[at]
        for e in range(flat.forward_ptr[u], flat.forward_ptr[u + 1]):
            to = _at(node, place, flat.forward[e])
            if to >= 0 and failed[to] and parent[to] == NOBODY:
                parent[to] = at
                how[to] = EDGE
                through[to] = flat.forward_kind[e]
                queue[tail] = to
                tail += 1
        for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
            g = flat.joined[e]
            slot = _find(touched, g) if len(touched) else g
            count[slot] += 1
            to = _at(node, place, flat.group_dependent[g])
            if to >= 0 and failed[to] and parent[to] == NOBODY and count[slot] >= flat.group_left[g]:
                parent[to] = at
                how[to] = GROUP_EDGE
                through[to] = g
                queue[tail] = to
                tail += 1


@inner
def _lost_members(flat: Flat, node: Int32s, place: Int32s, failed: Bools, g: int) -> int:
    """Members of a group that failed in this outage."""
    lost = 0
    for e in range(flat.member_ptr[g], flat.member_ptr[g + 1]):
        by = _at(node, place, flat.member[e])
        lost += by >= 0 and failed[by]
    return lost


@inner
def _attach_loops(flat: Flat, node: Int32s, place: Int32s, failed: Bools, parent: Int32s, how: Int8s, through: Int32s) -> None:
    """Set the parents of CIs that fell together because a supply loop lost its source: any lost need that has a path will do."""
    changed = True
    while changed:
        changed = False
        for at in range(len(node)):
            if not failed[at] or parent[at] != NOBODY:
                continue
            v = node[at]
            for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
                by = _at(node, place, flat.reverse[e])
                if parent[at] == NOBODY and by >= 0 and failed[by] and parent[by] != NOBODY:
                    parent[at] = by
                    how[at] = EDGE
                    through[at] = flat.reverse_kind[e]
                    changed = True
            for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
                if parent[at] != NOBODY or _lost_members(flat, node, place, failed, g) < flat.group_left[g]:
                    continue
                for e in range(flat.member_ptr[g], flat.member_ptr[g + 1]):
                    by = _at(node, place, flat.member[e])
                    if parent[at] == NOBODY and by >= 0 and failed[by] and parent[by] != NOBODY:
                        parent[at] = by
                        how[at] = GROUP_EDGE
                        through[at] = g
                        changed = True


@inner
def _group_loss(flat: Flat, node: Int32s, place: Int32s, share: Floats, g: int, component: int) -> float:
    """How far this outage lowers the factor of a group (model 1.4)."""
    first, last = flat.member_ptr[g], flat.member_ptr[g + 1]
    before, now = np.empty(last - first), np.empty(last - first)
    for e in range(first, last):
        u = flat.member[e]
        by = _at(node, place, u)
        before[e - first] = flat.rest_capability[u]
        now[e - first] = flat.rest_capability[u] if by < 0 else share[by]
    if not flat.group_shared[g]:
        before.sort()
        now.sort()
        return before[-flat.group_needed[g]] - now[-flat.group_needed[g]]  # type: ignore[no-any-return]
    had, has = 0.0, 0.0
    for e in range(first, last):
        inside = flat.component[flat.member[e]] == component
        had += flat.member_share[e] * (1.0 if inside and before[e - first] > 0.0 else before[e - first])
        has += flat.member_share[e] * (1.0 if inside and now[e - first] > 0.0 else now[e - first])
    return min(1.0, had) - min(1.0, has)


@inner
def _hang_degraded(
    flat: Flat, node: Int32s, place: Int32s, failed: Bools, share: Floats, parent: Int32s, how: Int8s, through: Int32s
) -> None:
    """Set the parent of each degraded CI: the provider that costs it most, among those that have a path."""
    changed = True
    while changed:
        changed = False
        for at in range(len(node)):
            if failed[at] or parent[at] != NOBODY:
                continue
            v = node[at]
            worst = 0.0
            for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
                by = _at(node, place, flat.reverse[e])
                if by >= 0 and parent[by] != NOBODY and flat.rest_capability[node[by]] - share[by] > worst:
                    worst = flat.rest_capability[node[by]] - share[by]
                    parent[at] = by
                    how[at] = EDGE
                    through[at] = flat.reverse_kind[e]
            for e in range(flat.soft_reverse_ptr[v], flat.soft_reverse_ptr[v + 1]):
                by = _at(node, place, flat.soft_reverse[e])
                if (
                    by >= 0
                    and parent[by] != NOBODY
                    and flat.soft_weight[e] * (flat.rest_capability[node[by]] - share[by]) > worst
                ):
                    worst = flat.soft_weight[e] * (flat.rest_capability[node[by]] - share[by])
                    parent[at] = by
                    how[at] = SOFT_EDGE
            for g in range(flat.group_ptr[v], flat.group_ptr[v + 1]):
                cost = _group_loss(flat, node, place, share, g, flat.component[v])
                if cost <= worst:
                    continue
                deepest = 0.0
                for e in range(flat.member_ptr[g], flat.member_ptr[g + 1]):
                    by = _at(node, place, flat.member[e])
                    if by >= 0 and parent[by] != NOBODY and flat.rest_capability[node[by]] - share[by] > deepest:
                        deepest = flat.rest_capability[node[by]] - share[by]
                        worst = cost
                        parent[at] = by
                        how[at] = GROUP_EDGE
                        through[at] = g
            if parent[at] != NOBODY:
                changed = True


def causes(compiled: CompiledGraph, result: Outage, lowered: Sequence[int] = (), serving: bool = False) -> Causes:
    """The tree of causes of an outage: K failed and degraded CIs, O(K log K + needs of the K). `lowered`: CIs that were put to a
    share of their own; what only they degrade hangs on them. `serving`: of the CIs alone from which a service is reached, which
    is so of all that such a CI needs, so that their causes are the same. See `Causes.path` for the example."""
    own = np.asarray(list(lowered), np.int32)
    failed, degraded, capability = result.failed, result.degraded, result.capability
    if serving:
        failed = failed[compiled.flat.flags[failed] & SERVES != 0]
        reaches = compiled.flat.flags[degraded] & SERVES != 0
        degraded, capability = degraded[reaches], capability[reaches]
    return Causes(*_tree(compiled.flat, result.down, failed, degraded, capability, own))


@kernel
def _tree(
    flat: Flat, down: Int32s, failed_positions: Int32s, degraded: Int32s, capability: Floats, lowered: Int32s
) -> tuple[Array, Array, Array, Array, Array]:
    """The fields of Causes, in one call of a kernel: a dozen small calls cost more than making an average tree."""
    flat = borrowed(flat)
    size = len(failed_positions) + len(degraded)
    node, failed, share = np.empty(size, np.int32), np.zeros(size, np.bool_), np.zeros(size)
    f, d = 0, 0
    for at in range(size):
        failed[at] = d == len(degraded) or (f < len(failed_positions) and failed_positions[f] < degraded[d])
        if failed[at]:
            node[at] = failed_positions[f]
            f += 1
        else:
            node[at], share[at] = degraded[d], capability[d]
            d += 1
    place = places_of(node, len(flat.flags)) if size > FEW else np.empty(0, np.int32)
    parent, how, through = np.full(size, NOBODY, np.int32), np.zeros(size, np.int8), np.zeros(size, np.int32)
    touched = np.empty(0, np.int32) if size > FEW else joined_groups(flat, failed_positions)
    count = np.zeros(len(flat.group_needed) if size > FEW else len(touched), np.int32)
    _spread(flat, node, place, failed, down, touched, count, parent, how, through)
    _attach_loops(flat, node, place, failed, parent, how, through)
    for i in range(len(lowered)):
        at = _at(node, place, lowered[i])
        if at >= 0 and not failed[at]:
            parent[at] = ROOT
    _hang_degraded(flat, node, place, failed, share, parent, how, through)
    return node, failed, parent, how, through


@kernel
def joined_groups(flat: Flat, failed: Int32s) -> Array:
    """The groups with a failed member, ascending."""
    total = 0
    for i in range(len(failed)):
        total += flat.joined_ptr[failed[i] + 1] - flat.joined_ptr[failed[i]]
    if total > FEW:
        touched = np.zeros(len(flat.group_needed), np.bool_)
        for i in range(len(failed)):
            for e in range(flat.joined_ptr[failed[i]], flat.joined_ptr[failed[i] + 1]):
                touched[flat.joined[e]] = True
        return np.flatnonzero(touched).astype(np.int32)
    groups = np.empty(total, np.int32)
    at = 0
    for i in range(len(failed)):
        for e in range(flat.joined_ptr[failed[i]], flat.joined_ptr[failed[i] + 1]):
            groups[at] = flat.joined[e]
            at += 1
    groups.sort()
    size = 0
    for i in range(total):
        if size == 0 or groups[i] != groups[size - 1]:
            groups[size] = groups[i]
            size += 1
    return groups[:size]


@dataclass(frozen=True, slots=True)
class WornGroup:
    """A group whose dependent stands, with nothing left to lose: members lost in this outage, members left, needed."""

    group: int
    dependent: int
    lost: tuple[int, ...]
    left: tuple[int, ...]
    needed: int


@kernel
def _standing(flat: Flat, node: Int32s, failed: Bools, groups: Int32s) -> Array:
    keep = np.zeros(len(groups), np.bool_)
    for i in range(len(groups)):
        at = _find(node, flat.group_dependent[groups[i]])
        keep[i] = not (at >= 0 and failed[at]) and not flat.flags[flat.group_dependent[groups[i]]] & AT_REST_DOWN
    return keep


@kernel
def _worn(flat: Flat, node: Int32s, failed: Bools, groups: Int32s) -> Array:
    keep = np.zeros(len(groups), np.bool_)
    for i in range(len(groups)):
        keep[i] = _lost_members(flat, node, np.empty(0, np.int32), failed, groups[i]) == flat.group_left[groups[i]] - 1
    return keep


@dataclass(frozen=True, slots=True)
class StandingGroups:
    """Numbers of the groups that lost a member in an outage and whose dependent stands (int32, ascending)."""

    touched: Array
    worn: Array  # those among them with no further member to lose


def standing_groups(compiled: CompiledGraph, result: Outage) -> StandingGroups:
    """The groups that an outage touched and did not stop.

    Example by hand: S needs 1 of A and B, A forced: the group is touched and worn; with 1 of A, B and C it is touched only.
    """
    flat, failed = compiled.flat, np.ones(len(result.failed), np.bool_)
    groups = joined_groups(flat, result.failed)
    touched = np.asarray(groups[_standing(flat, result.failed, failed, groups)])
    return StandingGroups(touched, np.asarray(touched[_worn(flat, result.failed, failed, touched)]))


def worn_groups(compiled: CompiledGraph, result: Outage) -> Array:
    """Numbers of the groups that this outage left with no further member to lose while their dependent stands (int32,
    ascending)."""
    return standing_groups(compiled, result).worn


def worn_group(compiled: CompiledGraph, result: Outage, group: int) -> WornGroup:
    """One worn group with its members, lost and left."""
    flat = compiled.flat
    members = flat.member[flat.member_ptr[group] : flat.member_ptr[group + 1]]
    place = np.minimum(np.searchsorted(result.failed, members), len(result.failed) - 1)
    lost = result.failed[place] == members
    return WornGroup(
        group, int(flat.group_dependent[group]), tuple(members[lost].tolist()), tuple(members[~lost].tolist()),
        int(flat.group_needed[group]),
    )  # fmt: skip
