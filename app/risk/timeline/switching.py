"""The failovers that one step of a timeline asks, and what lasts after them: the rule of `failover_outcomes`, where a switch
that was asked earlier keeps its answer until the active members of its group are back."""

from __future__ import annotations

import numpy as np

from app.risk.graph.compiled import Flat
from app.risk.jit import Array, Bools, Int8s, Int32s, Int64, inner, kernel
from app.risk.jit.borrowed import borrowed
from app.risk.outage.failing import Marks, fail, fail_more, in_order
from app.risk.outage.failover import Failovers, draw
from app.risk.outage.failover_outcomes import FAILS, MOOT, WORKS, is_active, stands

NOT_ASKED = -1


@inner
def _scan(
    flat: Flat, failovers: Failovers, work: Marks, head: int, tail: int, known: Int8s, seen: Bools, found: Int32s, count: int,
    held: Int32s, holds: int,
) -> tuple[int, int, int]:  # fmt: skip
    """Look at the failed CIs from work.queue[head] on: dependents behind switches that failed earlier go down as well, groups
    that switch now are listed in `found`. New sizes of the failed set, of `found` and of `held`."""
    while head < tail:
        u = work.queue[head]
        head += 1
        if not failovers.active[u]:
            continue
        for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
            g = flat.joined[e]
            if seen[g] or not failovers.switches[g] or not is_active(flat, g, u):
                continue
            seen[g] = True
            if known[g] == FAILS:
                held[holds] = g
                holds += 1
                tail = fail_more(flat, work, tail, flat.group_dependent[g])
            elif known[g] == NOT_ASKED:
                found[count] = g
                count += 1
    return tail, count, holds


@kernel
def switched(
    flat: Flat, failovers: Failovers, work: Marks, roots: Int32s, fallen: int, known: Int8s, failing: Int32s, key: Int64,
    sample: int
) -> tuple[Array, Array, Array, Array, Array, float]:  # fmt: skip
    """Return what lasts after the outage of `roots`: the failed set, the groups that were asked and how each went (MOOT, WORKS or
    FAILS), the groups whose failed switch holds its dependent down, those that interrupt theirs, and the probability of
    these answers.

    fallen: how many CIs the outage of `roots` takes down where `work` holds it already, else 0. known: int8[G] how a group
    answered earlier, NOT_ASKED. `failing` (ascending): groups whose switch fails if it may; every other one works, or is drawn by
    (key, sample, group) where sample >= 0.
    """
    flat, failovers, work = borrowed(flat), borrowed(failovers), borrowed(work)
    groups = len(known)
    seen = np.zeros(groups, np.bool_)
    room = failovers.switches.sum() + 1
    found, how, held = np.empty(room, np.int32), np.empty(room, np.int8), np.empty(room, np.int32)
    tail = fallen if fallen > 0 else fail(flat, work, roots)
    tail, count, holds = _scan(flat, failovers, work, 0, tail, known, seen, found, 0, held, 0)
    # a group that lost too many members before it was asked is not asked at all in this outage
    found[:count] = np.sort(found[:count])
    weight, at = 1.0, 0
    while at < count:
        g = found[at]
        success = failovers.success[g]
        if not stands(flat, work, g):
            how[at] = MOOT
        elif success >= 1.0:
            how[at] = WORKS
        elif success <= 0.0:
            how[at] = FAILS
        elif sample >= 0:
            how[at] = WORKS if draw(key, sample, failovers.key[g]) < success else FAILS
        else:
            place = np.searchsorted(failing, g)
            how[at] = FAILS if place < len(failing) and failing[place] == g else WORKS
            weight *= success if how[at] == WORKS else 1.0 - success
        if how[at] == FAILS:
            held[holds] = g
            holds += 1
            before = tail
            tail = fail_more(flat, work, tail, flat.group_dependent[g])
            tail, count, holds = _scan(flat, failovers, work, before, tail, known, seen, found, count, held, holds)
        at += 1
    interrupts = np.empty(count, np.int32)
    working = 0
    for k in range(count):
        if how[k] == WORKS and stands(flat, work, found[k]):
            interrupts[working] = found[k]
            working += 1
    return in_order(work, tail), found[:count], how[:count], held[:holds], interrupts[:working], weight


@kernel
def active_down(flat: Flat, groups: Int32s, down: Int32s) -> Array:
    """Return bool[len(groups)]: an active member of the group is among `down` (ascending)."""
    out = np.zeros(len(groups), np.bool_)
    for k in range(len(groups)):
        g = groups[k]
        first = flat.member_ptr[g]
        for e in range(first, first + flat.group_needed[g]):
            at = np.searchsorted(down, flat.member[e])
            out[k] |= at < len(down) and down[at] == flat.member[e]
    return out
