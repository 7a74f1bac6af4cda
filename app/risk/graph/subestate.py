"""The cone of one service as a compiled graph of its own: every kernel runs on it, at a cost that follows the cone.

A cone holds all that its CIs need, so failure and capability inside it depend on nothing outside; components lie in it whole or
not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.risk.graph.compiled import SERVES, CompiledGraph, Flat
from app.risk.graph.needs import needs_of
from app.risk.graph.ragged import among
from app.risk.graph.structure import gathered, offsets_of, renumbered, transpose
from app.risk.jit import Array


@dataclass(frozen=True, slots=True)
class Subestate:
    """`compiled`: the cone alone, in the order it has in the estate, its target the only service (number 0)."""

    compiled: CompiledGraph
    positions: Array  # int32[n], local -> global, ascending
    target: int  # local position
    service: int  # number of the target's service in the estate, -1 where it is none

    def local(self, positions: Array | Sequence[int]) -> Array:
        """Local positions (int32) of those global ones that lie in the cone; the others are left out.

        Example by hand: a cone of the positions 3, 8, 9: of 9, 4, 3 it gives 2, 0.
        """
        wanted = np.asarray(positions, np.int64)
        at = np.minimum(np.searchsorted(self.positions, wanted), len(self.positions) - 1)
        return np.asarray(at[self.positions[at] == wanted], np.int32)


def subestate_of(compiled: CompiledGraph, target: int) -> Subestate:
    """The cone of the CI at position `target`: everything it needs by any path, soft needs included. O(N) bytes touched, else
    O(cone).

    State at rest, flags and what groups have left are those of the whole estate, for nothing outside the cone can change them.

    Example by hand: S hard on a, T hard on a: the cut-out of S holds a and S; a fails S there as it does in the estate.
    """
    cone = needs_of(compiled.flat, target)
    local = int(np.searchsorted(cone, np.int32(target)))
    return Subestate(cut_out(compiled, cone, np.array([local])), cone, local, int(compiled.flat.service_at[target]))


def cut_out(compiled: CompiledGraph, cone: Array, targets: Array, named: bool = True) -> CompiledGraph:
    """The CIs of `cone` (int32, ascending; all that they need is among them) as an estate of their own, in the same order.

    `targets`: local positions of its services, by number; what is no service in the estate is one of which nothing is known.
    `named`: whether its CIs can be found by id and its groups have keys, for which kernels do not ask.

    Example by hand: S and T hard on a: cut out with S and T as targets 0 and 1 they fail with a as they do in the estate.
    """
    flat = compiled.flat
    number = np.full(len(compiled), -1, np.int32)
    number[cone] = np.arange(len(cone), dtype=np.int32)
    reverse = renumbered(flat.reverse_ptr, flat.reverse, flat.reverse_kind, cone, number)
    soft_reverse = renumbered(flat.soft_reverse_ptr, flat.soft_reverse, flat.soft_weight, cone, number)
    groups = groups_of(flat, cone)
    member_ptr, member, share = renumbered(flat.member_ptr, flat.member, flat.member_share, groups, number)
    joined_ptr = offsets_of(member, len(cone))
    of_member = np.repeat(np.arange(len(groups), dtype=np.int32), np.diff(member_ptr))
    dependent = number[flat.group_dependent[groups]]
    component = np.cumsum(np.diff(flat.component[cone], prepend=flat.component[cone[:1]]) != 0).astype(np.int32)
    service_at = np.full(len(cone), -1, np.int32)
    service_at[targets] = np.arange(len(targets), dtype=np.int32)
    soft_forward = transpose(*soft_reverse)
    inner = Flat(
        (flat.flags[cone] | SERVES).astype(np.uint8), *transpose(*reverse), *reverse, soft_forward[0], soft_forward[1],
        *soft_reverse,
        joined_ptr, of_member[gathered(member, joined_ptr)], offsets_of(dependent, len(cone)), dependent, flat.group_kind[groups],
        flat.group_needed[groups], flat.group_left[groups], flat.group_shared[groups], member_ptr, member, share, component,
        offsets_of(component, int(component[-1]) + 1), flat.level[cone], flat.rest_capability[cone], service_at,
    )  # fmt: skip
    return _cut(compiled, inner, cone, groups, np.asarray(targets, np.int32), named)


def groups_of(flat: Flat, positions: Array) -> Array:
    """int32: the groups of these dependents, one dependent after another."""
    return _numbers(flat.group_ptr, positions)


def _numbers(ptr: Array, rows: Array) -> Array:
    """int32: the numbers of the entries of the given rows, one row after another."""
    count = ptr[rows + 1] - ptr[rows]
    first = np.repeat(ptr[rows] - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
    return (first + np.arange(int(count.sum()))).astype(np.int32)


def _cut(compiled: CompiledGraph, inner: Flat, cone: Array, groups: Array, targets: Array, named: bool) -> CompiledGraph:
    ids = compiled.ci_id[cone]
    order = np.argsort(ids if named else ids[:0], kind="stable").astype(np.int32)
    keyed = groups if named else groups[:0]
    keys = compiled.group_key_offsets[keyed + 1] - compiled.group_key_offsets[keyed]
    letters = _numbers(compiled.group_key_offsets, keyed)
    offsets = np.zeros(len(keyed) + 1, np.int64)
    np.cumsum(keys, out=offsets[1:])
    numbers = compiled.flat.service_at[cone[targets]]
    known = numbers >= 0
    services = np.maximum(numbers, 0)
    curves = np.where(known, np.diff(compiled.curve_ptr)[services], 0) if known.any() else np.zeros(len(numbers), np.int32)
    points = _numbers(compiled.curve_ptr, numbers[known])

    def of_service(column: Array) -> Array:
        return np.where(known, column[services], np.nan) if known.any() else np.full(len(numbers), np.nan)

    return CompiledGraph(
        flat=inner, row=compiled.row[cone], ci_id=ids, sorted_ci_id=ids[order], sorted_position=order,
        failures_per_year=compiled.failures_per_year[cone], repair_hours=compiled.repair_hours[cone],
        repair_sigma=compiled.repair_sigma[cone],
        unavailability=compiled.unavailability[cone], failure_on_demand=compiled.failure_on_demand[cone],
        restart_hours=compiled.restart_hours[cone], group_row=compiled.group_row[groups],
        group_key_blob=compiled.group_key_blob[letters],
        group_key_offsets=offsets, failover_hours=compiled.failover_hours[groups],
        failover_success=compiled.failover_success[groups],
        service_position=targets,
        service_row=np.where(known, compiled.service_row[services], -1).astype(np.int32)
        if known.any()
        else np.full(len(numbers), -1, np.int32),
        customers=of_service(compiled.customers), money_per_hour=of_service(compiled.money_per_hour),
        curve_ptr=np.concatenate([[0], np.cumsum(curves)]).astype(np.int32), curve_hours=compiled.curve_hours[points],
        curve_loss=compiled.curve_loss[points],
        mtpd_hours=of_service(compiled.mtpd_hours), rto_hours=of_service(compiled.rto_hours),
        mbco_share=of_service(compiled.mbco_share),
        rest_down=np.flatnonzero(among(cone, compiled.rest_down)).astype(np.int32),
        open_needs=compiled.open_needs[cone],
        report=compiled.report,
    )  # fmt: skip
