"""A cone from moment to moment: CIs fail and come back, failovers interrupt, fail and let go.

Failover (model 1.6): the first `needed` members of a group are active. When one fails, of itself or with a provider, and enough
members are left, the group switches, whatever else has stopped its dependent: with its success probability the dependent is
interrupted for the failover time, else it is down until the first restore of a failed member, unless it is down already. Losing a
standby interrupts nothing; a standby that is down is missing by count. Interruptions trigger no other switch.
"""

from __future__ import annotations

import numpy as np

from app.risk.graph.compiled import SERVES, Flat
from app.risk.jit import Int32s, Int64, UInt64, inner
from app.risk.outage.failing import fail, fail_more
from app.risk.outage.failover import Failovers, mix
from app.risk.outage.failover_outcomes import new_switches, stands
from app.risk.outage.increments import Log, push_outage
from app.risk.outage.rates_and_exposures import RatesAndExposures
from app.risk.sampling.scene import FALLEN, FORCED, FRESH, HELD, LOW, STUCK, SWITCHES, TAIL, Scene, look, roots_of, seen
from app.risk.sampling.streams import SWITCH, open_unit, two_words


@inner
def works(failovers: Failovers, g: int, seed: UInt64, key: Int64, block: int, number: int) -> bool:
    """Whether the switch of group g succeeds after failure `number` of the CI `key`: the same for every service that sees it."""
    name = np.int64(mix(np.uint64(failovers.key[g])) ^ np.uint64(key))
    first, _ = two_words(seed, name, SWITCH, block, number)
    return open_unit(first) <= failovers.success[g]  # type: ignore[no-any-return]


@inner
def _by_key(failovers: Failovers, found: Int32s, first: int, last: int) -> None:
    """Sort found[first:last] by the keys of the groups, so that no order of rows matters."""
    for a in range(first + 1, last):
        g = found[a]
        b = a
        while b > first and failovers.key[found[b - 1]] > failovers.key[g]:
            found[b] = found[b - 1]
            b -= 1
        found[b] = g


@inner
def _hold(scene: Scene, g: int, until: float) -> None:
    for k in range(scene.sizes[HELD]):
        if scene.held[k] == g:
            scene.until[g] = max(scene.until[g], until)
            return
    scene.held[scene.sizes[HELD]] = g
    scene.until[g] = until
    scene.sizes[HELD] += 1


@inner
def _stick(scene: Scene, g: int) -> None:
    for k in range(scene.sizes[STUCK]):
        if scene.stuck[k] == g:
            return
    scene.stuck[scene.sizes[STUCK]] = g
    scene.sizes[STUCK] += 1


@inner
def switch_over(
    flat: Flat, failovers: Failovers, scene: Scene, seed: UInt64, block: int, key: Int64, number: int, now: float,
    interrupts: bool, before: int, tail: int
) -> None:  # fmt: skip
    """Let the groups switch that lost an active member among work.queue[before:tail], and those that failed switches trigger."""
    work, sizes = scene.work, scene.sizes
    size = new_switches(flat, failovers, work, before, tail, scene.asked, scene.found, 0, SERVES)
    _by_key(failovers, scene.found, 0, size)
    at = 0
    while at < size:
        g = scene.found[at]
        at += 1
        dependent = flat.group_dependent[g]
        if not stands(flat, work, g):
            continue
        if works(failovers, g, seed, key, block, number):
            if not interrupts or failovers.hours[g] <= 0.0:
                continue
            _hold(scene, g, now + failovers.hours[g])
        elif work.stamp[dependent] >= work.epoch[0]:
            continue  # down already, until what stops it is restored; groups that held each other down would never let go
        else:
            for e in range(flat.member_ptr[g], flat.member_ptr[g + 1]):
                scene.missed[e] = work.stamp[flat.member[e]] >= work.epoch[0]
            _stick(scene, g)
            before = tail
            tail = fail_more(flat, work, tail, dependent)
            grown = new_switches(flat, failovers, work, before, tail, scene.asked, scene.found, size, SERVES)
            _by_key(failovers, scene.found, size, grown)
            size = grown
        scene.forced[sizes[FORCED]] = dependent
        sizes[FORCED] += 1
    for k in range(size):
        scene.asked[scene.found[k]] = False


@inner
def _add(scene: Scene, i: int) -> None:
    scene.place[i] = scene.sizes[FALLEN]
    scene.fallen[scene.sizes[FALLEN]] = i
    scene.sizes[FALLEN] += 1


@inner
def fall(
    flat: Flat, inputs: RatesAndExposures, scene: Scene, seed: UInt64, block: int, i: int, number: int, now: float, target: int,
    rule: int, log: Log
) -> tuple[float, bool, Log]:  # fmt: skip
    """CI i fails by itself, for the `number`-th time: what the target has lost then, and whether it is down."""
    sizes = scene.sizes
    sizes[FORCED] = 0
    if not scene.quiet[i]:
        before = fail(flat, scene.work, roots_of(flat, scene, False, -1))
        tail = fail_more(flat, scene.work, before, i)
        switch_over(flat, inputs.failovers, scene, seed, block, inputs.key[i], number, now, True, before, tail)
        sizes[FRESH] = 0
    _add(scene, i)
    if sizes[STUCK] > 0:
        release(flat, scene)
    if sizes[FRESH] == 1 and sizes[FORCED] == 0:
        sizes[TAIL], sizes[LOW], _, log = push_outage(flat, scene.work, sizes[TAIL], sizes[LOW], 0, log, i, rule)
        lost, down = seen(flat, scene, target)
        return lost, down, log
    lost, down = look(flat, scene, target, rule)
    return lost, down, log


@inner
def fall_at_start(flat: Flat, inputs: RatesAndExposures, scene: Scene, seed: UInt64, block: int, down: Int32s) -> None:
    """The CIs `down` are out as the block begins; switches that failed for them are drawn anew, interruptions are over.

    Example by hand: 1 of a and b with success .9, a down: the dependent is down with probability .1.
    """
    for i in down:
        _add(scene, i)
    if scene.sizes[SWITCHES] > 0 and len(down) > 0:
        tail = fail(flat, scene.work, roots_of(flat, scene, False, -1))
        switch_over(flat, inputs.failovers, scene, seed, block, np.int64(0), 0, 0.0, False, 0, tail)
    scene.sizes[FORCED] = 0


@inner
def release(flat: Flat, scene: Scene) -> None:
    """Let go of the groups of which a failed member is back, looked at without what their own failed switch holds down."""
    work, sizes = scene.work, scene.sizes
    again = True
    while again:
        again = False
        k = 0
        while k < sizes[STUCK]:
            g = scene.stuck[k]
            fail(flat, work, roots_of(flat, scene, False, g))
            back = False
            for e in range(flat.member_ptr[g], flat.member_ptr[g + 1]):
                down = work.stamp[flat.member[e]] >= work.epoch[0]
                back |= scene.missed[e] and not down
                scene.missed[e] = down
            if back:
                sizes[STUCK] -= 1
                scene.stuck[k] = scene.stuck[sizes[STUCK]]
                again = True
            else:
                k += 1
    sizes[FRESH] = 0


@inner
def rise(flat: Flat, scene: Scene, i: int, target: int, rule: int) -> tuple[float, bool]:
    """CI i is restored: what the target has lost then, and whether it is down."""
    sizes = scene.sizes
    last = scene.fallen[sizes[FALLEN] - 1]
    scene.fallen[scene.place[i]] = last
    scene.place[last] = scene.place[i]
    scene.place[i] = -1
    sizes[FALLEN] -= 1
    sizes[FORCED] = 0
    if sizes[STUCK] > 0:
        release(flat, scene)
    return look(flat, scene, target, rule)


@inner
def next_release(scene: Scene) -> float:
    """When the next interruption ends (infinite: none)."""
    soonest = np.inf
    for k in range(scene.sizes[HELD]):
        soonest = min(soonest, scene.until[scene.held[k]])
    return soonest


@inner
def let_go(flat: Flat, scene: Scene, now: float, target: int, rule: int) -> tuple[float, bool]:
    """The interruptions that end by `now` are over."""
    sizes = scene.sizes
    k = 0
    while k < sizes[HELD]:
        if scene.until[scene.held[k]] <= now:
            sizes[HELD] -= 1
            scene.held[k] = scene.held[sizes[HELD]]
        else:
            k += 1
    sizes[FORCED] = 0
    return look(flat, scene, target, rule)
