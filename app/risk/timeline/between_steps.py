"""What holds between two steps of a scenario, and what an act of a step changes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import AT_REST_DOWN, CompiledGraph, Flat
from app.risk.graph.ragged import among, ascending, spans
from app.risk.jit import Array
from app.risk.outage.failover import Failovers
from app.risk.outage.propagation import Workspace
from app.risk.timeline.come_back import Plan
from app.risk.timeline.question import Act, Block, Degrade, Fail
from app.risk.timeline.states import Able

NONE = np.zeros(0, np.int32)


@dataclass(slots=True)
class OneEstate:
    """What one compiled graph needs to be asked: its own workspace and failovers."""

    compiled: CompiledGraph
    space: Workspace
    plan: Plan
    able: Able
    failovers: Failovers
    known: Array  # int8[G] answers of switches
    held: Held | None = None


class Held(NamedTuple):
    """The outage that the marks hold in their present epoch: `roots` (int32) and how many CIs it takes down."""

    roots: Array
    epoch: int
    cis: int


def held_by_marks(estate: OneEstate, roots: Array) -> int:
    """How many CIs the outage of `roots` takes down, where the marks hold it already, else 0. It is told once: whoever asks adds
    to it."""
    held, estate.held = estate.held, None
    if held is None or held.epoch != int(estate.space.work.epoch[0]) or not np.array_equal(held.roots, roots):
        return 0
    return held.cis


@dataclass(slots=True)
class Standing:
    """What holds between two steps. Positions ascend; the arrays beside them belong to them."""

    own: Array = field(default_factory=lambda: NONE)
    fixed: Array = field(default_factory=lambda: np.zeros(0))  # hour at which an outage ends, NaN: after its hours of work
    hours: Array = field(default_factory=lambda: np.zeros(0))
    restarting: Array = field(default_factory=lambda: NONE)
    restart: Array = field(default_factory=lambda: np.zeros(0))
    levels: dict[int, tuple[float, float]] = field(default_factory=dict)  # share, hour at which it ends
    interrupted: dict[int, float] = field(default_factory=dict)  # dependent, hour at which it ends
    blocked: Array = field(default_factory=lambda: NONE)
    working: Array = field(default_factory=lambda: NONE)  # CIs whose work began before, and when
    since: Array = field(default_factory=lambda: np.zeros(0))
    asked: Array = field(default_factory=lambda: NONE)  # groups whose switch was asked and not answered anew


def apply_act(estate: OneEstate, state: Standing, act: Act, now: float) -> None:
    """Bring one act into the state."""
    flat = estate.compiled.flat
    positions = ascending(np.asarray(act.positions, np.int32))
    positions = positions[(flat.flags[positions] & AT_REST_DOWN) == 0]
    if isinstance(act, Block):
        first = flat.group_ptr[positions]
        state.blocked = np.union1d(state.blocked, spans(first, flat.group_ptr[positions + 1] - first)).astype(np.int32)
        return
    if isinstance(act, Degrade):
        for position in positions.tolist():
            state.levels[position] = (act.share, np.inf if act.hours is None else now + act.hours)
        return
    others = ~among(state.own, positions)
    own, fixed, hours = state.own[others], state.fixed[others], state.hours[others]
    free = ~among(state.restarting, positions)
    state.restarting, state.restart = state.restarting[free], state.restart[free]
    if isinstance(act, Fail):
        end = np.nan if act.modelled else np.inf if act.hours is None else now + act.hours
        own = np.concatenate([own, positions]).astype(np.int32)
        fixed = np.concatenate([fixed, np.full(len(positions), end)])
        hours = np.concatenate([hours, estate.compiled.repair_hours[positions]])
        order = np.argsort(own, kind="stable")
        own, fixed, hours = own[order], fixed[order], hours[order]
    else:
        for position in positions.tolist():
            state.levels.pop(position, None)
    state.own, state.fixed, state.hours = own, fixed, hours


def moved(state: Standing, before: CompiledGraph, after: CompiledGraph) -> Standing:
    """The same state in the positions of another compilation of the same CIs; switches are asked anew."""

    def there(positions: Array) -> Array:
        ids = before.ci_id[positions]
        return np.asarray(after.sorted_position[np.searchsorted(after.sorted_ci_id, ids)], np.int32)

    def kept(positions: Array) -> Array:
        """The order in which to take them; those that the other compilation has down at rest are left out."""
        order = np.argsort(positions)
        return np.asarray(order[(after.flat.flags[positions[order]] & AT_REST_DOWN) == 0])

    own, restarting = there(state.own), there(state.restarting)
    by_own, by_restart = kept(own), kept(restarting)
    dependents = np.unique(before.flat.group_dependent[state.blocked])
    positions = there(dependents)
    first = after.flat.group_ptr[positions]
    blocked = np.sort(spans(first, after.flat.group_ptr[positions + 1] - first)).astype(np.int32)
    return Standing(
        own[by_own], state.fixed[by_own], state.hours[by_own], restarting[by_restart], state.restart[by_restart],
        {int(there(np.asarray([p]))[0]): value for p, value in state.levels.items()},
        {int(there(np.asarray([p]))[0]): value for p, value in state.interrupted.items()},
        blocked,
    )  # fmt: skip


def with_levels(flat: Flat, state: Standing) -> Flat:
    if not state.levels:
        return flat
    level = flat.level.copy()
    for position, (share, _) in state.levels.items():
        level[position] = min(level[position], share)
    return flat._replace(level=level)


def with_blocked(flat: Flat, failovers: Failovers, blocked: Array) -> Failovers:
    """The failovers, those of blocked groups never working."""
    if not len(blocked):
        return failovers
    switches, success, active = failovers.switches.copy(), failovers.success.copy(), failovers.active.copy()
    switches[blocked], success[blocked] = True, 0.0
    active[flat.member[spans(flat.member_ptr[blocked], flat.group_needed[blocked])]] = True
    return failovers._replace(switches=switches, success=success, active=active)


def positions_of_ids(compiled: CompiledGraph, ci_ids: Array) -> Array:
    """Positions, ascending."""
    return ascending(np.asarray(compiled.sorted_position[np.searchsorted(compiled.sorted_ci_id, ci_ids)]))


def active_members(flat: Flat, group: int) -> Array:
    first = int(flat.member_ptr[group])
    return flat.member[first : first + int(flat.group_needed[group])]
