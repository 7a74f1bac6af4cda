"""The present state of an estate: several CIs are out since different times, and others work at a part (model 1.10).

What is out and what works at a part are put into one state by the engine of `propagation`; the clock of each CI that is down
starts when the set of what was out by then first took it down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import CompiledGraph, Flat
from app.risk.graph.ready_queue import push
from app.risk.jit import Array, Floats, Int32s, Int64s, kernel
from app.risk.jit.borrowed import borrowed
from app.risk.outage.capability import degrade
from app.risk.outage.failing import Marks, fail, fail_more, new_epoch
from app.risk.outage.propagation import RULES, Outage, Workspace, workspace
from app.risk.outage.what_if import Rule


@kernel
def _state(flat: Flat, work: Marks, down: Int32s, lowered: Int32s, rule: int) -> tuple[int, int]:
    """Sizes of the failed set in work.queue and of the degraded one in work.degraded."""
    flat, work = borrowed(flat), borrowed(work)
    failed = fail(flat, work, down)
    for i in range(len(lowered)):
        if work.stamp[lowered[i]] < work.epoch[0]:
            push(work.ready, lowered[i])
    return failed, degrade(flat, work, failed, rule, 0)


class _Levels(NamedTuple):
    """The levels of an estate, which a question lowers while it computes and puts back."""

    level: Floats  # float64[N]


def present_state(
    compiled: CompiledGraph, down: Sequence[int], shares: Mapping[int, float], space: Workspace | None = None,
    rule: Rule = "product",
) -> Outage:  # fmt: skip
    """The state while the CIs at `down` are out and each CI of `shares` does that share (0 to below 1) of what it would do.

    Exact, as `propagation.outage`; a CI that is out is out, whatever its share. Cost follows what falls or degrades, but for one
    copy of N levels for the first question with shares.

    Example by hand: S hard on A: A at a share of .6: S is degraded to .6; A out as well: S is down.
    """
    space = space or workspace(compiled)
    flat, work = compiled.flat, space.work
    roots = np.unique(np.asarray(list(down), np.int32))
    lowered = np.asarray(sorted(shares), np.int32)
    if len(lowered):
        level = space.kept(_Levels, lambda: _Levels(compiled.flat.level.copy())).level
        level[lowered] *= np.asarray([shares[position] for position in lowered.tolist()])
        flat = flat._replace(level=level)
    try:
        failed_count, degraded_count = _state(flat, work, roots, lowered, RULES[rule])
    finally:
        flat.level[lowered] = compiled.flat.level[lowered]
    failed, degraded = np.sort(work.queue[:failed_count]), np.sort(work.degraded[:degraded_count])
    capability = work.capability[degraded].copy()
    stopped = flat.service_at[failed]
    hit = flat.service_at[degraded]
    order = np.argsort(hit[hit >= 0])
    return Outage(
        roots, failed, degraded, capability, np.sort(stopped[stopped >= 0]), hit[hit >= 0][order], capability[hit >= 0][order]
    )


@kernel
def _in_turn(flat: Flat, work: Marks, roots: Int32s, ends: Int64s) -> int:
    """Fail the roots one after another; ends[i]: size of the failed set after roots[i]."""
    flat, work = borrowed(flat), borrowed(work)
    new_epoch(work)
    tail = 0
    for i in range(len(roots)):
        tail = fail_more(flat, work, tail, roots[i])
        ends[i] = tail
    return tail


@dataclass(frozen=True, slots=True)
class Clocks:
    """Of K CIs that are down, ascending: `turn`, the index of the root with which each fell."""

    failed: Array  # int32[K]
    turn: Array  # int64[K]

    def of(self, position: int) -> int:
        """The turn of a CI; -1 where it is not down."""
        at = int(np.searchsorted(self.failed, np.int32(position)))  # of one type: else all of it is copied
        return int(self.turn[at]) if at < len(self.failed) and int(self.failed[at]) == position else -1


def clocks(compiled: CompiledGraph, roots: Sequence[int], space: Workspace | None = None) -> Clocks:
    """When each CI fell, where `roots` went out in this order (none comes back: what is down now has been down since).

    Example by hand: S needs 1 of A and B; A, then B goes out: A fell in turn 0, B and S in turn 1.
    """
    space = space or workspace(compiled)
    order = np.asarray(list(roots), np.int32)
    ends = np.zeros(len(order), np.int64)
    count = _in_turn(compiled.flat, space.work, order, ends)
    failed = space.work.queue[:count]
    turn = np.searchsorted(ends, np.arange(count), side="right")
    by_position = np.argsort(failed)
    return Clocks(failed[by_position].copy(), turn[by_position])
