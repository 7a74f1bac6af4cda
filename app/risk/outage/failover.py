"""Which groups switch over to a standby, for how long, with what success, and the key of each in random streams (model 1.2, 1.6).

The first `needed` members in the given order are active, the others stand by. A standby that fails on demand (gamma) takes its
share of the success: c * prod(1 - gamma) over the standby members. A group without failover time and success never switches.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from app.risk.graph.compiled import CompiledGraph, Flat
from app.risk.graph.ragged import ascending, spans
from app.risk.jit import Array, Bools, Floats, Int64s, UInt64, inner, kernel


class Failovers(NamedTuple):
    """The failovers of an estate of N CIs and G groups, or of those groups that were asked about; every other group never
    switches."""

    switches: Bools  # bool[G] its failover costs something: it takes time or may not work
    hours: Floats  # float64[G] 0 at once
    success: Floats  # float64[G] failure on demand of the standbys included
    key: Int64s  # int64[G] names the group in random streams, from ci_ids alone: no order of rows changes it
    active: Bools  # bool[N] active in some group that switches


@inner
def mix(z: UInt64) -> Any:
    """splitmix64: one step of a random stream by its counter."""
    z = np.uint64(z) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@kernel
def draw(key: int, sample: int, group_key: int) -> float:
    """A number in [0, 1) by (question, sample, group): the same for any order and number of threads."""
    z = mix(mix(mix(np.uint64(np.int64(key))) ^ np.uint64(sample)) ^ np.uint64(np.int64(group_key)))
    return np.float64(z >> np.uint64(11)) / 9007199254740992.0


@kernel
def _success_and_keys(
    flat: Flat, groups: Int64s, success: Floats, hours: Floats, on_demand: Floats, ci_id: Int64s
) -> tuple[Array, Array]:
    """Success and key of each group in `groups`, all of which have a failover time."""
    out, key = np.empty(len(groups)), np.empty(len(groups), np.int64)
    for i in range(len(groups)):
        g = groups[i]
        first, last = flat.member_ptr[g], flat.member_ptr[g + 1]
        out[i] = 1.0 if np.isnan(success[g]) else success[g]
        for e in range(first + flat.group_needed[g], last):
            out[i] *= 1.0 - on_demand[flat.member[e]]
        z = mix(mix(np.uint64(ci_id[flat.group_dependent[g]])) ^ np.uint64(flat.group_needed[g]))
        for e in range(first, last):
            z = mix(z ^ np.uint64(ci_id[flat.member[e]]))
        # not by the success: where a test lowers it, the same draws are compared with the lower number, and none is luckier
        key[i] = np.int64(mix(mix(z ^ np.uint64(hours[g] * 3600.0))))
    return out, key


def failovers_of(compiled: CompiledGraph, groups: Array | None = None) -> Failovers:
    """The failovers among the compiled groups `groups` (all where None).

    Example by hand: 1 of a and b, failover 5 min, success .95, gamma of b .1: 1/12 h, success .855; the gamma of a counts for
    nothing.
    """
    flat, given = compiled.flat, compiled.failover_hours
    size = len(given)
    wanted = np.arange(size) if groups is None else ascending(np.asarray(groups, np.int64))
    wanted = wanted[~np.isnan(given[wanted])]
    hours, success, key, switches = np.zeros(size), np.ones(size), np.zeros(size, np.int64), np.zeros(size, np.bool_)
    hours[wanted] = given[wanted]
    success[wanted], key[wanted] = _success_and_keys(
        flat, wanted, compiled.failover_success, given, compiled.failure_on_demand, compiled.ci_id
    )
    switches[wanted] = (hours[wanted] > 0.0) | (success[wanted] < 1.0)
    active = np.zeros(len(compiled), np.bool_)
    switching = wanted[switches[wanted]]
    active[flat.member[spans(flat.member_ptr[switching], flat.group_needed[switching])]] = True
    return Failovers(switches, hours, success, key, active)


def slow_switches(compiled: CompiledGraph) -> Array:
    """Groups whose failover takes longer than their active members' mean restore time: switching is worse than waiting (int32,
    ascending).

    Example by hand: active a with a mean restore time of 0.5 h and a failover of 60 minutes.
    """
    flat = compiled.flat
    groups = np.flatnonzero(np.nan_to_num(compiled.failover_hours) > 0)
    slow = [
        group
        for group in groups.tolist()
        if compiled.failover_hours[group]
        > np.nanmax(
            np.nan_to_num(
                compiled.repair_hours[flat.member[flat.member_ptr[group] : flat.member_ptr[group] + flat.group_needed[group]]],
                nan=np.inf,
            ),
            initial=0.0,
        )
    ]
    return np.asarray(slow, np.int32)
