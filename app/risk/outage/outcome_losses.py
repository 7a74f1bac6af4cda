"""What the outcomes of one outage's failovers cost each service, by expected values over a restore time that is random (model
1.6, 1.16).

With success the dependent is interrupted for the failover time in full, so one that the outage stops anyway is down for max(R,
T_f). Services are taken together where the same switches can touch them. Where the outcomes (`failover_outcomes`) are too many to
go through there is a closed form if each failed switch alone stops the service (`sweep`), else keyed sampling, which marks the CI
`simulated`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import SERVES, Flat
from app.risk.jit import Bools, Floats, FloatTable, Int32s, Int64s, inner, kernel
from app.risk.measures.loss import curve_expected, curve_loss, mean_until, survival
from app.risk.outage.failing import Marks, fail_more, new_epoch
from app.risk.outage.failover_outcomes import (
    DONE,
    GROWN,
    LOGGED,
    LOW,
    OUTCOME,
    ROOM,
    SWITCHED,
    begin_walk,
    next_outcome,
    rewind,
    sample_outcome,
)
from app.risk.outage.increments import Log, lost_share, lower_capabilities, no_log, take_back
from app.risk.outage.rates_and_exposures import RatesAndExposures

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
        np.zeros(services, np.int64), np.zeros(services, np.int32), np.zeros(services), np.zeros(services), np.zeros(services),
        np.zeros(services),
        np.zeros((3, SAMPLES)),
    )  # fmt: skip


@inner
def clear(book: Tally, s: int) -> None:
    """Forget what was added for service s."""
    book.hours[s] = book.money[s] = book.breach[s] = 0.0


@inner
def lasting_money(inputs: RatesAndExposures, s: int, i: int, after: float) -> float:
    """E max(L(R) - L(after), 0) of service s for an outage of CI i; NaN unknown."""
    first, last = inputs.curve_ptr[s], inputs.curve_ptr[s + 1]
    if last > first:
        return curve_expected(
            inputs.curve_hours[first:last], inputs.curve_loss[first:last], inputs.mean[i], inputs.sigma[i], after
        )
    return inputs.money[s] * (inputs.mean[i] - mean_until(inputs.mean[i], inputs.sigma[i], after))  # type: ignore[no-any-return]


@inner
def fixed_money(inputs: RatesAndExposures, s: int, hours: float) -> float:
    """What an outage of so many hours costs service s: L(hours)."""
    first, last = inputs.curve_ptr[s], inputs.curve_ptr[s + 1]
    if last > first:
        return curve_loss(inputs.curve_hours[first:last], inputs.curve_loss[first:last], hours)
    return inputs.money[s] * hours  # type: ignore[no-any-return]


@inner
def below_mbco(inputs: RatesAndExposures, s: int, down: bool, left: float) -> bool:
    """Whether service s is out (down, or below its MBCO), so that the time to its MTPD runs."""
    return down or (not math.isnan(inputs.mbco[s]) and left < inputs.mbco[s])


@inner
def add_lasting(
    flat: Flat, inputs: RatesAndExposures, work: Marks, book: Tally, s: int, i: int, weight: float, after: float
) -> None:
    """What service s loses from `after` hours on, in the current state."""
    v = inputs.service_position[s]
    share = lost_share(flat, work, v)
    if share <= 0.0:
        return
    down = work.stamp[v] >= work.epoch[0]
    book.hours[s] += weight * share * (inputs.mean[i] - mean_until(inputs.mean[i], inputs.sigma[i], after))
    book.money[s] += weight * share * lasting_money(inputs, s, i, after)
    if not math.isnan(inputs.mtpd[s]) and below_mbco(inputs, s, down, flat.rest_capability[v] - share):
        book.breach[s] += weight * survival(inputs.mean[i], inputs.sigma[i], inputs.mtpd[s])


@inner
def settle_outcome(
    flat: Flat, inputs: RatesAndExposures, work: Marks, alone: Marks, book: Tally, i: int, weight: float, chosen: Int32s,
    switched: Int32s, count: int,
    tail: int, degraded: int, logged: int, log: Log, rule: int,
) -> Log:  # fmt: skip
    """Add one outcome: the lasting state is the current one of `work`; `switched[:count]` are the groups that interrupt.
    `chosen`: the services asked about.

    A stretch of the interruptions from t1 to t2 costs a (L(t2) - L(t1)) for the share a that they take alone (the state of
    `alone`), and what the outage takes beside them for as long as it lasts, E min(R, t2) - min(R, t1) of it. After the last of
    them the outage alone goes on.
    """
    size = len(chosen)
    base = np.empty(size)
    for k in range(size):
        base[k] = lost_share(flat, work, inputs.service_position[chosen[k]])
    hours = np.empty(count)
    for k in range(count):
        hours[k] = inputs.failovers.hours[switched[k]]
    order = np.argsort(-hours, kind="mergesort") if count > 1 else np.arange(count)
    # levels from the longest failover to the shortest; the state of a level holds while t is between the next shorter time and
    # its own
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
        # this level: the dependent is interrupted beside the outage (work), and by the interruptions alone (alone)
        grown, alone_tail = fail_more(flat, work, grown, v), fail_more(flat, alone, alone_tail, v)
        lower = hours[order[k + 1]] if k + 1 < count else 0.0
        if upper == lower:
            continue
        low, logged_now, log = lower_capabilities(flat, work, settled, grown, low, logged_now, log, rule)
        alone_low, _, alone_log = lower_capabilities(flat, alone, alone_settled, alone_tail, alone_low, 0, alone_log, rule)
        settled, alone_settled = grown, alone_tail
        lasts = mean_until(inputs.mean[i], inputs.sigma[i], upper) - mean_until(inputs.mean[i], inputs.sigma[i], lower)
        for j in range(size):
            s = chosen[j]
            v = inputs.service_position[s]
            both, only = lost_share(flat, work, v), lost_share(flat, alone, v)
            if start[j] == 0.0 and only <= 1e-15 and both <= base[j] + 1e-15:
                continue
            start[j] = max(start[j], upper)
            held_hours[j] += only * (upper - lower) + (both - only) * lasts
            held_money[j] += only * (fixed_money(inputs, s, upper) - fixed_money(inputs, s, lower))
            if both > only:
                held_money[j] += (both - only) * (lasting_money(inputs, s, i, lower) - lasting_money(inputs, s, i, upper))
            rest = flat.rest_capability[v]
            if only > 1e-15 and below_mbco(inputs, s, alone.stamp[v] >= alone.epoch[0], rest - only):
                out_alone[j] = max(out_alone[j], upper)
            if below_mbco(inputs, s, work.stamp[v] >= work.epoch[0], rest - both):
                out_both[j] = max(out_both[j], upper)
    # after the interruptions: the lasting state goes on until the restore
    take_back(flat, work, tail, grown, log, logged, logged_now)
    for j in range(size):
        s = chosen[j]
        before = book.breach[s]
        add_lasting(flat, inputs, work, book, s, i, weight, start[j])
        book.hours[s] += weight * held_hours[j]
        book.money[s] += weight * held_money[j]
        if math.isnan(inputs.mtpd[s]):
            continue
        if out_alone[j] > inputs.mtpd[s]:
            book.breach[s] = before + weight  # the interruption alone breaches it, however long the rest lasts
        elif out_both[j] > inputs.mtpd[s]:
            book.breach[s] = before + weight * survival(inputs.mean[i], inputs.sigma[i], inputs.mtpd[s])
    return log


@inner
def add_all_outcomes(
    flat: Flat, inputs: RatesAndExposures, work: Marks, alone: Marks, book: Tally, i: int, groups: Int32s, asked: Bools,
    chosen: Int32s, tail: int,
    degraded: int, log: Log, rule: int,
) -> tuple[bool, Log]:  # fmt: skip
    """All ways the switches `groups` (and those they trigger) go, each with its probability. False, and nothing added, where they
    are too many."""
    walk = begin_walk(groups, len(groups) + ROOM, tail, degraded, 0)
    while True:
        step, log = next_outcome(flat, inputs.failovers, work, walk, asked, log, rule, SERVES)
        if step != OUTCOME:
            break
        if walk.weight[0] > 0.0:
            log = settle_outcome(
                flat, inputs, work, alone, book, i, walk.weight[0], chosen, walk.switched, walk.now[SWITCHED], walk.now[GROWN],
                walk.now[LOW], walk.now[LOGGED], log, rule,
            )  # fmt: skip
    if step != DONE:
        for k in range(len(chosen)):
            clear(book, chosen[k])
    return step == DONE, log


@inner
def add_sampled_outcomes(
    flat: Flat, inputs: RatesAndExposures, work: Marks, alone: Marks, book: Tally, i: int, groups: Int32s, asked: Bools,
    chosen: Int32s, tail: int,
    degraded: int, log: Log, rule: int,
) -> Log:  # fmt: skip
    """SAMPLES ways the switches go, each with the same weight, for the services `chosen`; draws are the same for every
    service."""
    walk = begin_walk(groups, len(inputs.failovers.switches), tail, degraded, 0)
    for sample in range(SAMPLES):
        log = sample_outcome(flat, inputs.failovers, work, walk, asked, inputs.key[i], sample, log, rule, SERVES)
        hours, money = book.hours[chosen], book.money[chosen]
        log = settle_outcome(
            flat, inputs, work, alone, book, i, 1.0 / SAMPLES, chosen, walk.switched, walk.now[SWITCHED], walk.now[GROWN],
            walk.now[LOW],
            walk.now[LOGGED], log, rule,
        )  # fmt: skip
        for k in range(len(chosen)):
            s = chosen[k]
            lost, paid = (book.hours[s] - hours[k]) * SAMPLES, (book.money[s] - money[k]) * SAMPLES
            book.sampled[0, sample] += lost
            book.sampled[1, sample] += 0.0 if math.isnan(inputs.customers[s]) else lost * inputs.customers[s]
            book.sampled[2, sample] += 0.0 if math.isnan(paid) else paid
        rewind(flat, work, walk, asked, log)
    return log
