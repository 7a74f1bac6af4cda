"""One outage with failovers: expected loss of the services that its switches can touch (model 1.6), exactly where it can be.

A failed active member triggers its group's switch while enough members are left, whether or not the outage stops the dependent by another
need as well: with success the dependent is interrupted for the failover time in full, else it is down until the restore; so one that the outage
stops anyway is down for max(R, T_f) where the switch succeeds (model 1.16). A failed switch lasts and may trigger others, an interruption triggers
none. Services are taken together where the same switches can touch them. Up to 10 such switches all outcomes are enumerated; beyond it there is a closed form where each failed switch alone stops
the service, else keyed sampling, which marks the CI `simulated`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import AT_REST_DOWN, SERVES, Flat
from app.risk.jit import Bools, Floats, FloatTable, Int32s, Int64s, inner, kernel
from app.risk.measures.loss import curve_expected, curve_loss, mean_until, survival
from app.risk.outage.failing import Marks, fail_more, new_epoch
from app.risk.outage.failover import draw
from app.risk.outage.increments import Log, lost_share, lower_capabilities, no_log, push_outage, take_back
from app.risk.outage.rates_and_exposures import Stakes

ENUMERATED = 10
ROOM = 256  # for switches that failed switches trigger
SAMPLES = 64


class Tally(NamedTuple):
    """Expected values of one outage by service (S), valid where `stamp` is the outage's number."""

    stamp: Int64s  # int64[S]
    touched: Int32s  # int32[S] services with an entry, in order of discovery
    hours: Floats  # float64[S] lost hours, weighted by share
    money: Floats  # float64[S]
    breach: Floats  # float64[S] probability that the MTPD is breached
    share: Floats  # float64[S] worst share lost in the basic state
    sampled: (
        FloatTable  # float64[3, SAMPLES] hours, customer-hours and money of each sampled way the switches go, over all services
    )


@kernel
def tally(services: int) -> Tally:
    return Tally(
        np.zeros(services, np.int64), np.zeros(services, np.int32), np.zeros(services), np.zeros(services), np.zeros(services), np.zeros(services),
        np.zeros((3, SAMPLES)),
    )  # fmt: skip


@inner
def clear(book: Tally, s: int) -> None:
    """Forget what was added for service s."""
    book.hours[s] = book.money[s] = book.breach[s] = 0.0


@inner
def lasting_money(stakes: Stakes, s: int, i: int, after: float) -> float:
    """E max(L(R) - L(after), 0) of service s for an outage of CI i; NaN unknown."""
    first, last = stakes.curve_ptr[s], stakes.curve_ptr[s + 1]
    if last > first:
        return curve_expected(
            stakes.curve_hours[first:last], stakes.curve_loss[first:last], stakes.mean[i], stakes.sigma[i], after
        )
    return stakes.money[s] * (stakes.mean[i] - mean_until(stakes.mean[i], stakes.sigma[i], after))  # type: ignore[no-any-return]


@inner
def fixed_money(stakes: Stakes, s: int, hours: float) -> float:
    """L(hours) of service s."""
    first, last = stakes.curve_ptr[s], stakes.curve_ptr[s + 1]
    if last > first:
        return curve_loss(stakes.curve_hours[first:last], stakes.curve_loss[first:last], hours)
    return stakes.money[s] * hours  # type: ignore[no-any-return]


@inner
def below_mbco(stakes: Stakes, s: int, down: bool, left: float) -> bool:
    """Whether the MTPD clock runs."""
    return down or (not math.isnan(stakes.mbco[s]) and left < stakes.mbco[s])


@inner
def add_lasting(flat: Flat, stakes: Stakes, work: Marks, book: Tally, s: int, i: int, weight: float, after: float) -> None:
    """What service s loses from `after` hours on, in the current state."""
    v = stakes.service_position[s]
    share = lost_share(flat, work, v)
    if share <= 0.0:
        return
    down = work.stamp[v] >= work.epoch[0]
    book.hours[s] += weight * share * (stakes.mean[i] - mean_until(stakes.mean[i], stakes.sigma[i], after))
    book.money[s] += weight * share * lasting_money(stakes, s, i, after)
    if not math.isnan(stakes.mtpd[s]) and below_mbco(stakes, s, down, flat.rest_capability[v] - share):
        book.breach[s] += weight * survival(stakes.mean[i], stakes.sigma[i], stakes.mtpd[s])


@inner
def settle_outcome(
    flat: Flat, stakes: Stakes, work: Marks, alone: Marks, book: Tally, i: int, weight: float, chosen: Int32s, switched: Int32s, count: int,
    tail: int, degraded: int, logged: int, log: Log, rule: int,
) -> Log:  # fmt: skip
    """Add one outcome: the lasting state is the current one of `work`; `switched[:count]` are the groups that interrupt. `chosen`: the services asked about.

    A stretch of the interruptions from t1 to t2 costs a (L(t2) - L(t1)) for the share a that they take alone (the state of `alone`), and what the
    outage takes beside them for as long as it lasts, E min(R, t2) - min(R, t1) of it. After the last of them the outage alone goes on.
    """
    size = len(chosen)
    base = np.empty(size)
    for k in range(size):
        base[k] = lost_share(flat, work, stakes.service_position[chosen[k]])
    hours = np.empty(count)
    for k in range(count):
        hours[k] = stakes.switch_hours[switched[k]]
    order = np.argsort(-hours, kind="mergesort") if count > 1 else np.arange(count)
    # levels from the longest failover to the shortest; the state of a level holds while t is between the next shorter time and its own
    start = np.zeros(size)  # until when interruptions change what the service loses
    held_hours, held_money = np.zeros(size), np.zeros(size)
    out_alone, out_both = (
        np.zeros(size),
        np.zeros(size),
    )  # until when the MTPD clock runs, by the interruptions alone and while the outage lasts
    grown, low, logged_now = tail, degraded, logged
    new_epoch(alone)
    alone_tail, alone_low, alone_log = 0, 0, no_log()
    settled, alone_settled = grown, alone_tail  # how far capabilities follow; failovers of equal length are settled together
    for k in range(count):
        v = flat.group_dependent[switched[order[k]]]
        upper = hours[order[k]]
        if upper <= 0.0:
            break
        grown, alone_tail = fail_more(flat, work, grown, v), fail_more(flat, alone, alone_tail, v)
        lower = hours[order[k + 1]] if k + 1 < count else 0.0
        if upper == lower:
            continue
        low, logged_now, log = lower_capabilities(flat, work, settled, grown, low, logged_now, log, rule)
        alone_low, _, alone_log = lower_capabilities(flat, alone, alone_settled, alone_tail, alone_low, 0, alone_log, rule)
        settled, alone_settled = grown, alone_tail
        lasts = mean_until(stakes.mean[i], stakes.sigma[i], upper) - mean_until(stakes.mean[i], stakes.sigma[i], lower)
        for j in range(size):
            s = chosen[j]
            v = stakes.service_position[s]
            both, only = lost_share(flat, work, v), lost_share(flat, alone, v)
            if start[j] == 0.0 and only <= 1e-15 and both <= base[j] + 1e-15:
                continue
            start[j] = max(start[j], upper)
            held_hours[j] += only * (upper - lower) + (both - only) * lasts
            held_money[j] += only * (fixed_money(stakes, s, upper) - fixed_money(stakes, s, lower))
            if both > only:
                held_money[j] += (both - only) * (lasting_money(stakes, s, i, lower) - lasting_money(stakes, s, i, upper))
            rest = flat.rest_capability[v]
            if only > 1e-15 and below_mbco(stakes, s, alone.stamp[v] >= alone.epoch[0], rest - only):
                out_alone[j] = max(out_alone[j], upper)
            if below_mbco(stakes, s, work.stamp[v] >= work.epoch[0], rest - both):
                out_both[j] = max(out_both[j], upper)
    take_back(flat, work, tail, grown, log, logged, logged_now)
    for j in range(size):
        s = chosen[j]
        before = book.breach[s]
        add_lasting(flat, stakes, work, book, s, i, weight, start[j])
        book.hours[s] += weight * held_hours[j]
        book.money[s] += weight * held_money[j]
        if math.isnan(stakes.mtpd[s]):
            continue
        if out_alone[j] > stakes.mtpd[s]:
            book.breach[s] = before + weight  # the interruption alone breaches it, however long the rest lasts
        elif out_both[j] > stakes.mtpd[s]:
            book.breach[s] = before + weight * survival(stakes.mean[i], stakes.sigma[i], stakes.mtpd[s])
    return log


@inner
def stands(flat: Flat, work: Marks, g: int) -> bool:
    """Whether group g has enough members left to switch; its dependent may be down by another need, but not at rest."""
    lost = work.group_count[g] if work.group_stamp[g] == work.epoch[0] else 0
    return lost < flat.group_left[g] and not flat.flags[flat.group_dependent[g]] & AT_REST_DOWN


@inner
def new_switches(flat: Flat, stakes: Stakes, work: Marks, first: int, last: int, asked: Bools, found: Int32s, count: int) -> int:
    """Groups triggered by work.queue[first:last] that were not asked about yet and have enough members left, whatever else stops their dependents."""
    for k in range(first, last):
        u = work.queue[k]
        if not stakes.has_switch[u]:
            continue
        for e in range(flat.joined_ptr[u], flat.joined_ptr[u + 1]):
            g = flat.joined[e]
            lives = stands(flat, work, g) and flat.flags[flat.group_dependent[g]] & SERVES
            if stakes.switches[g] and stakes.active[e] and not asked[g] and lives and count < len(found):
                asked[g] = True
                found[count] = g
                count += 1
    return count


@inner
def enumerate_outcomes(
    flat: Flat, stakes: Stakes, work: Marks, alone: Marks, book: Tally, i: int, groups: Int32s, known: Bools, chosen: Int32s, tail: int, degraded: int, logged: int,
    log: Log, rule: int,
) -> tuple[bool, Log]:  # fmt: skip
    """All ways the switches `groups` (and those they trigger) go. `known`: bool[G] groups not to be asked again. False, and nothing added, beyond 10 deep."""
    limit = ENUMERATED
    found = np.empty(len(groups) + ROOM, np.int32)
    found[: len(groups)] = groups
    state = np.zeros(len(found), np.int8)  # 1 success, 2 failed, 0 not enough members left
    at_depth = np.zeros(limit + 1, np.int32)
    p_depth, tail_depth = np.zeros(limit + 1), np.zeros(limit + 1, np.int32)
    low_depth, log_depth, found_depth = (
        np.zeros(limit + 1, np.int32),
        np.zeros(limit + 1, np.int32),
        np.zeros(limit + 1, np.int32),
    )
    depth, at, size, weight = 0, 0, len(groups), 1.0
    grown, low, logged_now = tail, degraded, logged
    good = True
    while True:
        while at < size:
            g = found[at]
            if not stands(flat, work, g):
                state[at] = 0
            elif stakes.switch_success[g] >= 1.0:
                state[at] = 1
            elif depth >= limit:
                good = False
                break
            else:
                at_depth[depth], p_depth[depth], tail_depth[depth] = at, weight, grown
                low_depth[depth], log_depth[depth], found_depth[depth] = low, logged_now, size
                depth += 1
                state[at] = 1
                weight *= stakes.switch_success[g]
            at += 1
        if not good or size == len(found):
            take_back(flat, work, tail, grown, log, logged, logged_now)
            for k in range(len(groups), size):
                known[found[k]] = False
            for k in range(len(chosen)):
                clear(book, chosen[k])
            return False, log
        count = 0
        switched = np.empty(size, np.int32)
        for k in range(size):
            if state[k] == 1 and stands(flat, work, found[k]):
                switched[count] = found[k]
                count += 1
        if weight > 0.0:
            log = settle_outcome(
                flat, stakes, work, alone, book, i, weight, chosen, switched, count, grown, low, logged_now, log, rule
            )
        while depth > 0:
            top = depth - 1
            at = at_depth[top]
            take_back(flat, work, tail_depth[top], grown, log, log_depth[top], logged_now)
            for k in range(found_depth[top], size):
                known[found[k]] = False
            grown, low, logged_now, size = tail_depth[top], low_depth[top], log_depth[top], found_depth[top]
            if state[at] == 1:
                break
            depth -= 1
        if depth == 0:
            return True, log
        g = found[at]
        state[at] = 2
        weight = p_depth[depth - 1] * (1.0 - stakes.switch_success[g])
        before = grown
        grown, low, logged_now, log = push_outage(flat, work, grown, low, logged_now, log, flat.group_dependent[g], rule)
        size = new_switches(flat, stakes, work, before, grown, known, found, size)
        at += 1


@inner
def sample_outcomes(
    flat: Flat, stakes: Stakes, work: Marks, alone: Marks, book: Tally, i: int, groups: Int32s, known: Bools, chosen: Int32s, tail: int, degraded: int, logged: int,
    log: Log, rule: int,
) -> Log:  # fmt: skip
    """SAMPLES ways the switches go, each with the same weight, for the one service in `chosen`; draws are the same for every service."""
    found = np.empty(len(stakes.switches), np.int32)
    switched = np.empty(len(stakes.switches), np.int32)
    for sample in range(SAMPLES):
        found[: len(groups)] = groups
        size, at, count = len(groups), 0, 0
        grown, low, logged_now = tail, degraded, logged
        while at < size:
            g = found[at]
            at += 1
            if not stands(flat, work, g):
                continue
            if draw(stakes.key[i], sample, stakes.switch_key[g]) < stakes.switch_success[g]:
                switched[count] = g
                count += 1
                continue
            before = grown
            grown, low, logged_now, log = push_outage(flat, work, grown, low, logged_now, log, flat.group_dependent[g], rule)
            size = new_switches(flat, stakes, work, before, grown, known, found, size)
        left = 0
        for k in range(count):
            if stands(flat, work, switched[k]):
                switched[left] = switched[k]
                left += 1
        count = left
        s = chosen[0]
        hours, money = book.hours[s], book.money[s]
        log = settle_outcome(
            flat, stakes, work, alone, book, i, 1.0 / SAMPLES, chosen, switched, count, grown, low, logged_now, log, rule
        )
        hours, money = (book.hours[s] - hours) * SAMPLES, (book.money[s] - money) * SAMPLES
        book.sampled[0, sample] += hours
        book.sampled[1, sample] += 0.0 if math.isnan(stakes.customers[s]) else hours * stakes.customers[s]
        book.sampled[2, sample] += 0.0 if math.isnan(money) else money
        take_back(flat, work, tail, grown, log, logged, logged_now)
        for k in range(len(groups), size):
            known[found[k]] = False
    return log
