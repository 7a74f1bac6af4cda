"""What what-if questions share: who switches in an outage, which failovers any outcome of it may ask, the key of its random
streams, and the loss curve of a service.

All outcomes of the failovers are gone through while there are at most 2^10 of them; beyond it SAMPLES are drawn, keyed by the
forced CIs, and the answer says `simulated`.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import numpy as np

from app.risk.graph.compiled import CompiledGraph, Flat
from app.risk.jit import Array, Int32s, Int64, kernel
from app.risk.jit.borrowed import borrowed
from app.risk.measures.loss import LossCurve
from app.risk.outage.causes import joined_groups
from app.risk.outage.failing import Marks, fail
from app.risk.outage.failover import Failovers, failovers_of
from app.risk.outage.failover_outcomes import (
    new_switches,
)
from app.risk.outage.propagation import Outage, Workspace, workspace

SAMPLES = 128
WORK = 20_000_000  # failed CIs all enumerated outcomes together may touch; beyond it they are sampled


Rule = Literal["product", "worst"]  # how capabilities combine


def interruptible(compiled: CompiledGraph, result: Outage, failovers: Failovers, space: Workspace | None = None) -> Array:
    """Dependents of the groups that switch in an outage (int32, by group): each is interrupted, or down where the switch fails.
    `failovers`: those of the whole estate, which many outages share.

    Example by hand: S needs 1 of a and b in that order, failover given: a down makes S switch, b down does not.
    """
    if not failovers.switches[joined_groups(compiled.flat, result.failed)].any():
        return np.zeros(0, np.int32)
    groups = _triggered(compiled.flat, failovers, (space or workspace(compiled)).work, result.down)
    return np.asarray(compiled.flat.group_dependent[groups])


@kernel
def _triggered(flat: Flat, failovers: Failovers, work: Marks, roots: Int32s) -> Array:
    """The groups that the outage of `roots` makes switch, ascending."""
    flat, failovers, work = borrowed(flat), borrowed(failovers), borrowed(work)
    groups = np.empty(len(failovers.switches), np.int32)
    asked = np.zeros(len(groups), np.bool_)
    return np.sort(groups[: new_switches(flat, failovers, work, 0, fail(flat, work, roots), asked, groups, 0, 0)])


def all_failovers(compiled: CompiledGraph, roots: Array, space: Workspace) -> tuple[Failovers, int]:
    """Every failover that some outcome of an outage of `roots` (int32) may ask: those of the groups that lose a member when all
    of their switches fail. Also how many CIs the outage takes down where the marks of `space` hold it alone now, else 0."""
    down, known = roots, 0
    while True:
        count = fail(compiled.flat, space.work, down)
        failovers = failovers_of(compiled, joined_groups(compiled.flat, space.work.queue[:count]))
        groups = np.flatnonzero(failovers.switches)
        alone = count if down is roots else 0
        if len(groups) == known:
            return failovers, alone
        known, dependents = len(groups), compiled.flat.group_dependent[groups]
        if (space.work.stamp[dependents] >= space.work.epoch[0]).all():  # they are down already: no more than that will be
            return failovers, alone
        down = np.concatenate([roots, dependents]).astype(np.int32)


def outage_key(compiled: CompiledGraph, roots: Array) -> Int64:
    """The key of the forced CIs in random streams: the same question gives the same answer."""
    digest = hashlib.blake2b(np.sort(compiled.ci_id[roots]).tobytes(), digest_size=8).digest()
    return np.int64(int.from_bytes(digest, "big", signed=True))


def service_curve(compiled: CompiledGraph, service: int) -> LossCurve | None:
    """The service's loss curve: its own, or linear by money per hour; None where money is unknown."""
    low, high = int(compiled.curve_ptr[service]), int(compiled.curve_ptr[service + 1])
    if high > low:
        return LossCurve(compiled.curve_hours[low:high], compiled.curve_loss[low:high])
    money = float(compiled.money_per_hour[service])
    return None if np.isnan(money) else LossCurve.linear(money)
