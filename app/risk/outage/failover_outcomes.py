"""The ways in which the failovers of one outage can go: one rule for the sweep, for what-if questions and for simulated years
(model 1.6).

A failed active member triggers its group's switch while enough members are left, whether or not the outage stops the dependent by
another need as well. With success the dependent is interrupted for the failover time in full; else it is down for as long as the
outage lasts, and its failure may trigger other switches. An interruption triggers none. Each switch is asked once.

`Walk` goes through all outcomes depth first while their number allows it (`next_outcome`), else draws some (`sample_outcome`).
What an outcome costs is for others to say: the sweep by expected values (`outcome_losses`), what-if hour by hour, the years as
time passes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import AT_REST_DOWN, Flat
from app.risk.jit import Bools, Floats, Int8s, Int32s, Int64, Int64s, inner
from app.risk.outage.failing import Marks
from app.risk.outage.failover import Failovers, draw
from app.risk.outage.increments import Log, push_outage, take_back

ENUMERATED = 10  # switches that work and might fail, in any one outcome; and there are at most 2 ** ENUMERATED outcomes
ROOM = 256  # for switches that failed switches trigger
MOOT, WORKS, FAILS = 0, 1, 2  # how a switch goes; moot: not enough members are left when its turn comes
OUTCOME, DONE, TOO_MANY = 0, 1, 2  # what `next_outcome` says
GROWN, LOW, LOGGED, SIZE, SWITCHED, DEPTH, OUTCOMES = range(7)  # places in `Walk.now`
FIRST_GROWN, FIRST_LOW, FIRST_LOGGED, FIRST_SIZE = range(4)  # places in `Walk.first`


@inner
def stands(flat: Flat, work: Marks, g: int) -> bool:
    """Whether group g has enough members left to switch; its dependent may be down by another need, but not at rest."""
    lost = work.group_count[g] if work.group_stamp[g] == work.epoch[0] else 0
    return lost < flat.group_left[g] and not flat.flags[flat.group_dependent[g]] & AT_REST_DOWN


@inner
def is_active(flat: Flat, g: int, u: int) -> bool:
    """Whether member u of group g is one of its active ones: the first `needed`."""
    first, active = flat.member_ptr[g], False
    for e in range(first, first + flat.group_needed[g]):
        active |= flat.member[e] == u
    return active


@inner
def new_switches(
    flat: Flat, failovers: Failovers, work: Marks, first: int, last: int, asked: Bools, found: Int32s, count: int, mask: int
) -> int:
    """List in found[count:] the groups that the failed CIs work.queue[first:last] make switch; the new count. `asked`: bool[G]
    groups that were listed before; `mask`: flags that a dependent must carry to be of interest."""
    for k in range(first, last):
        u = work.queue[k]
        if not failovers.active[u]:
            continue
        for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
            g = flat.joined[e]
            if not failovers.switches[g] or asked[g] or flat.flags[flat.group_dependent[g]] & mask != mask:
                continue
            if is_active(flat, g, u) and stands(flat, work, g) and count < len(found):
                asked[g] = True
                found[count] = g
                count += 1
    return count


class Walk(NamedTuple):
    """Where a walk through the outcomes of one outage stands, so that its caller looks at one outcome after the other.

    The last five are stacks: what was so before each open switch was decided, to go back to.
    """

    # int64[7] sizes of the failed set, of the degraded list, of the log, of `found` and of `switched`; open switches; outcomes
    now: Int64s
    first: Int64s  # int64[4] the first four of them when the walk began
    weight: Floats  # float64[1] probability of the present outcome
    found: Int32s  # int32[room] groups that switch, in the order in which they are asked
    how: Int8s  # int8[room] MOOT, WORKS or FAILS
    switched: Int32s  # int32[room] groups whose switch works and interrupts, in the present outcome
    at: Int32s  # int32[room] place in `found` of each open switch
    before: Floats  # float64[room] probability
    grown: Int32s  # int32[room]
    low: Int32s  # int32[room]
    logged: Int32s  # int32[room]
    size: Int32s  # int32[room]


@inner
def begin_walk(groups: Int32s, room: int, tail: int, degraded: int, logged: int) -> Walk:
    """A walk from the present state, `groups` of which switch first; `room` for all groups that may be asked."""
    found = np.empty(room, np.int32)
    found[: len(groups)] = groups
    now, first = np.zeros(7, np.int64), np.zeros(4, np.int64)
    now[GROWN], now[LOW], now[LOGGED], now[SIZE] = tail, degraded, logged, len(groups)
    first[:] = now[:4]
    return Walk(
        now, first, np.ones(1), found, np.zeros(room, np.int8), np.empty(room, np.int32), np.empty(room, np.int32),
        np.empty(room),
        np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32),
    )  # fmt: skip


@inner
def _go_back(flat: Flat, work: Marks, walk: Walk, asked: Bools, log: Log, grown: int, low: int, logged: int, size: int) -> None:
    """Take the walk back to an earlier state, given by its sizes."""
    now = walk.now
    take_back(flat, work, grown, now[GROWN], log, logged, now[LOGGED])
    for k in range(size, now[SIZE]):
        asked[walk.found[k]] = False
    now[GROWN], now[LOW], now[LOGGED], now[SIZE] = grown, low, logged, size


@inner
def rewind(flat: Flat, work: Marks, walk: Walk, asked: Bools, log: Log) -> None:
    """Take the walk back to the state in which it began."""
    first = walk.first
    _go_back(flat, work, walk, asked, log, first[FIRST_GROWN], first[FIRST_LOW], first[FIRST_LOGGED], first[FIRST_SIZE])


@inner
def _fail_switch(
    flat: Flat, failovers: Failovers, work: Marks, walk: Walk, asked: Bools, g: int, log: Log, rule: int, mask: int
) -> Log:
    """The switch of group g fails: its dependent is down, and groups that this makes switch are asked after the others."""
    now, before = walk.now, walk.now[GROWN]
    now[GROWN], now[LOW], now[LOGGED], log = push_outage(
        flat, work, before, now[LOW], now[LOGGED], log, flat.group_dependent[g], rule
    )
    now[SIZE] = new_switches(flat, failovers, work, before, now[GROWN], asked, walk.found, now[SIZE], mask)
    return log


@inner
def _list_switched(flat: Flat, work: Marks, walk: Walk) -> None:
    """List the switches that work; one whose group lost too many members since then interrupts nothing any more."""
    count = 0
    for k in range(walk.now[SIZE]):
        if walk.how[k] == WORKS and stands(flat, work, walk.found[k]):
            walk.switched[count] = walk.found[k]
            count += 1
    walk.now[SWITCHED] = count


@inner
def next_outcome(
    flat: Flat, failovers: Failovers, work: Marks, walk: Walk, asked: Bools, log: Log, rule: int, mask: int
) -> tuple[int, Log]:
    """Go on to the next outcome: the state is then its lasting one, walk.weight[0] its probability, walk.switched what
    interrupts.

    `asked`: bool[G] groups not to be asked again. DONE after the last, TOO_MANY where they are too many to go through: the state
    is then that of the start.
    """
    now = walk.now
    at = 0
    if now[OUTCOMES] > 0:
        # back to the last open switch that worked: it fails now
        while now[DEPTH] > 0 and walk.how[walk.at[now[DEPTH] - 1]] == FAILS:
            now[DEPTH] -= 1
        if now[DEPTH] == 0:
            rewind(flat, work, walk, asked, log)
            return DONE, log
        top = now[DEPTH] - 1
        _go_back(flat, work, walk, asked, log, walk.grown[top], walk.low[top], walk.logged[top], walk.size[top])
        at = walk.at[top]
        g = walk.found[at]
        walk.how[at] = FAILS
        walk.weight[0] = walk.before[top] * (1.0 - failovers.success[g])
        log = _fail_switch(flat, failovers, work, walk, asked, g, log, rule, mask)
        at += 1
    # decide the switches that are left: each that may fail works first
    while at < now[SIZE]:
        g = walk.found[at]
        if not stands(flat, work, g):
            walk.how[at] = MOOT
        elif failovers.success[g] <= 0.0:  # it never works: there is one way only
            walk.how[at] = FAILS
            log = _fail_switch(flat, failovers, work, walk, asked, g, log, rule, mask)
        else:
            walk.how[at] = WORKS
            if failovers.success[g] < 1.0:
                top = now[DEPTH]
                walk.at[top], walk.before[top], walk.size[top] = at, walk.weight[0], now[SIZE]
                walk.grown[top], walk.low[top], walk.logged[top] = now[GROWN], now[LOW], now[LOGGED]
                now[DEPTH] += 1
                walk.weight[0] *= failovers.success[g]
        at += 1
    open_now = 0
    for k in range(now[DEPTH]):
        open_now += walk.how[walk.at[k]] == WORKS
    if open_now > ENUMERATED or now[OUTCOMES] == 2**ENUMERATED or now[SIZE] == len(walk.found):
        rewind(flat, work, walk, asked, log)
        return TOO_MANY, log
    now[OUTCOMES] += 1
    _list_switched(flat, work, walk)
    return OUTCOME, log


@inner
def sample_outcome(
    flat: Flat, failovers: Failovers, work: Marks, walk: Walk, asked: Bools, key: Int64, sample: int, log: Log, rule: int,
    mask: int
) -> Log:  # fmt: skip
    """Draw one outcome, by (key, sample, group): the same for every service that asks. `rewind` before the next one."""
    now, at = walk.now, 0
    while at < now[SIZE]:
        g = walk.found[at]
        walk.how[at] = MOOT
        if stands(flat, work, g):
            if draw(key, sample, failovers.key[g]) < failovers.success[g]:
                walk.how[at] = WORKS
            else:
                walk.how[at] = FAILS
                log = _fail_switch(flat, failovers, work, walk, asked, g, log, rule, mask)
        at += 1
    _list_switched(flat, work, walk)
    return log
