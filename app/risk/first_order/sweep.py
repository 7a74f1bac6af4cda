"""The first-order part: the exact effect and expected yearly loss of every single outage, everything else up (model 1.6, 1.8).

Work is cut into blocks of CIs, pure functions of arrays that merge by addition in the order of the blocks: threads change
nothing, not one bit.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from app.risk.first_order.clusters import Reach, alike, pairs_of, reach_space, taken_along
from app.risk.first_order.pairs import FirstOrder, Pairs, Rows, first_order_of, fresh_rows
from app.risk.graph.compiled import SERVES, CompiledGraph, Flat
from app.risk.graph.needs import needs_of
from app.risk.graph.ragged import ascending, ptr_of
from app.risk.jit import Array, Bools, Floats, Int32s, Int64s, inner, kernel
from app.risk.jit.borrowed import borrowed
from app.risk.jit.clock import look
from app.risk.measures.loss import survival
from app.risk.outage.capability import PRODUCT, degrade
from app.risk.outage.failing import Marks, fail, fail_more, marks, new_epoch
from app.risk.outage.failover import failovers_of
from app.risk.outage.failover_outcomes import ENUMERATED, new_switches, stands
from app.risk.outage.increments import Log, lost_share, no_log, push_outage, take_back
from app.risk.outage.outcome_losses import (
    Tally,
    add_all_outcomes,
    add_lasting,
    add_sampled_outcomes,
    below_mbco,
    clear,
    fixed_money,
    lasting_money,
    settle_outcome,
    tally,
)
from app.risk.outage.rates_and_exposures import RatesAndExposures, can_fail, rates_and_exposures_of

BLOCK = 4096
SMALL_BLOCK = 128  # while it is interpreted: between two blocks compiled code may arrive
THREADS = 2
WALK = 64  # services that cost about as much to settle as one way of the switches costs to walk


@inner
def _plain(flat: Flat, inputs: RatesAndExposures, work: Marks, book: Tally, s: int, i: int) -> None:
    """Expected values of service s in a lasting state, without failover: linear losses go by the load, so no restore time is
    needed."""
    v = inputs.service_position[s]
    share = lost_share(flat, work, v)
    down = work.stamp[v] >= work.epoch[0]
    book.hours[s] = share * inputs.mean[i]
    book.money[s] = share * lasting_money(inputs, s, i, 0.0)
    if not np.isnan(inputs.mtpd[s]) and below_mbco(inputs, s, down, flat.rest_capability[v] - share):
        book.breach[s] = survival(inputs.mean[i], inputs.sigma[i], inputs.mtpd[s])


@inner
def _enter(book: Tally, s: int, i: int, count: int, share: float) -> int:
    if book.stamp[s] != i + 1:
        book.stamp[s] = i + 1
        book.touched[count] = s
        clear(book, s)
        book.share[s] = share
        count += 1
    return count


@inner
def _stops_for_sure(
    flat: Flat, inputs: RatesAndExposures, work: Marks, alone: Marks, asked: Bools, found: Int32s, g: int, s: int, tail: int,
    low: int, log: Log, rule: int
) -> tuple[bool, Log]:  # fmt: skip
    """Whether group g stops service s either way: by its failed switch, which triggers no other, and by its interruption
    alone."""
    v = inputs.service_position[s]
    grown, _, logged, log = push_outage(flat, work, tail, low, 0, log, flat.group_dependent[g], rule)
    stops = work.stamp[v] >= work.epoch[0]
    more = new_switches(flat, inputs.failovers, work, tail, grown, asked, found, 0, SERVES)
    for k in range(more):
        asked[found[k]] = False
    take_back(flat, work, tail, grown, log, 0, logged)
    if inputs.failovers.hours[g] > 0.0:
        new_epoch(alone)
        fail_more(flat, alone, 0, flat.group_dependent[g])
        stops = stops and alone.stamp[v] >= alone.epoch[0]
    return stops and more == 0, log


@inner
def _closed(
    flat: Flat, inputs: RatesAndExposures, work: Marks, alone: Marks, book: Tally, asked: Bools, i: int, s: int, groups: Int32s,
    tail: int, low: int,
    log: Log, rule: int,
) -> tuple[bool, Log]:  # fmt: skip
    """Service s, which every switch of `groups` stops for sure: unless all of them work it is down for max(R, T), T the longest
    failover of those that work."""
    all_work = 1.0
    scratch = np.empty(len(inputs.failovers.switches), np.int32)
    hours = np.empty(len(groups))
    for k in range(len(groups)):
        hours[k] = inputs.failovers.hours[groups[k]]
        stops, log = _stops_for_sure(flat, inputs, work, alone, asked, scratch, groups[k], s, tail, low, log, rule)
        if not stops:
            return False, log
        all_work *= inputs.failovers.success[groups[k]]
    one = np.empty(1, np.int32)
    one[0] = s
    log = settle_outcome(flat, inputs, work, alone, book, i, all_work, one, groups, len(groups), tail, low, 0, log, rule)
    grown, _, logged, log = push_outage(flat, work, tail, low, 0, log, flat.group_dependent[groups[0]], rule)
    share = lost_share(flat, work, inputs.service_position[s])
    left = 1.0  # the chance that no switch with a longer failover works
    first = True
    for k in np.argsort(-hours, kind="mergesort"):
        chance = left * inputs.failovers.success[groups[k]]
        if first:
            chance -= all_work
        first = False
        left *= 1.0 - inputs.failovers.success[groups[k]]
        before = book.breach[s]
        add_lasting(flat, inputs, work, book, s, i, chance, hours[k])
        book.hours[s] += chance * share * hours[k]
        book.money[s] += chance * share * fixed_money(inputs, s, hours[k])
        if hours[k] > inputs.mtpd[s]:
            book.breach[s] = before + chance
    add_lasting(flat, inputs, work, book, s, i, left, 0.0)
    take_back(flat, work, tail, grown, log, 0, logged)
    return True, log


@inner
def _apart(
    flat: Flat, inputs: RatesAndExposures, work: Marks, asked: Bools, groups: Int32s, tail: int, low: int, log: Log, rule: int
) -> tuple[bool, Log]:
    """Whether no failed switch of `groups` changes how another goes, nor any of them together trigger one: all can switch even if
    all fail."""
    grown, lower, logged = tail, low, 0
    for g in groups:
        grown, lower, logged, log = push_outage(flat, work, grown, lower, logged, log, flat.group_dependent[g], rule)
    found = np.empty(1, np.int32)
    good = new_switches(flat, inputs.failovers, work, tail, grown, asked, found, 0, SERVES) == 0
    if not good:
        asked[found[0]] = False
    for g in groups:
        good = good and stands(flat, work, g)
    take_back(flat, work, tail, grown, log, 0, logged)
    return good, log


@inner
def _not_closed(
    flat: Flat, inputs: RatesAndExposures, work: Marks, alone: Marks, book: Tally, asked: Bools, i: int, services: Int32s,
    groups: Int32s, tail: int, low: int, log: Log, rule: int,
) -> tuple[Int32s, Log]:  # fmt: skip
    """The services that have no closed form; the others are settled by it."""
    left, count = np.empty(len(services), np.int32), 0
    for s in services:
        good, log = _closed(flat, inputs, work, alone, book, asked, i, s, groups, tail, low, log, rule)
        if not good:
            left[count] = s
            count += 1
    return left[:count], log


@inner
def _switch_over(
    flat: Flat, inputs: RatesAndExposures, work: Marks, alone: Marks, book: Tally, space: Reach, asked: Bools, i: int,
    groups: Int32s, tail: int, low: int,
    count: int, log: Log, rule: int, wanted: Bools,
) -> tuple[int, bool, Log]:  # fmt: skip
    """Expected values of every service that the triggered `groups` can touch, of those in `wanted`; how many are touched in all,
    and whether some were sampled. Services are settled together where the same switches can touch them."""
    index, service = pairs_of(flat, space, groups)
    for s in np.unique(service):
        count = _enter(book, s, i, count, lost_share(flat, work, inputs.service_position[s]))
        clear(book, s)
    asked_about = wanted[service]
    chances = inputs.failovers.success[groups]
    sets = alike(index[asked_about], service[asked_about], (chances > 0.0) & (chances < 1.0))
    done = np.zeros(len(sets.doubtful), np.bool_)
    simulated = False
    for d in range(len(done)):
        if done[d]:
            continue
        mine = groups[sets.switch[sets.switch_ptr[d] : sets.switch_ptr[d + 1]]]
        own = sets.service[sets.service_ptr[d] : sets.service_ptr[d + 1]]
        closed_first = 2 * len(mine) * len(own) < 1 << min(sets.doubtful[d], 62)  # each switch is looked at alone
        if closed_first:
            closed_first, log = _apart(flat, inputs, work, asked, mine, tail, low, log, rule)
        if closed_first:
            own, log = _not_closed(flat, inputs, work, alone, book, asked, i, own, mine, tail, low, log, rule)
            done[d] = len(own) == 0
            if done[d]:
                continue
        along = taken_along(sets, d, done, WALK if sets.doubtful[d] <= ENUMERATED else 0)
        chosen = own
        for a in along[1:]:
            chosen = np.append(chosen, sets.service[sets.service_ptr[a] : sets.service_ptr[a + 1]])
        good, log = add_all_outcomes(flat, inputs, work, alone, book, i, mine, asked, chosen, tail, low, log, rule)
        if good:
            done[along] = True
            continue
        if not closed_first:
            own, log = _not_closed(flat, inputs, work, alone, book, asked, i, own, mine, tail, low, log, rule)
        if len(own):
            if not simulated:
                book.sampled[:] = 0.0
            log = add_sampled_outcomes(flat, inputs, work, alone, book, i, mine, asked, own, tail, low, log, rule)
            simulated = True
    return count, simulated, log


@inner
def _standard_error(values: Floats) -> float:
    """Of the mean of equally likely values."""
    return np.sqrt(((values - values.mean()) ** 2).sum() / (len(values) - 1) / len(values))  # type: ignore[no-any-return]


class Found(NamedTuple):
    """Single points and pairs of a block, in the order of its CIs; grows by replacement."""

    point_service: Int32s  # int32
    pair_service: Int32s  # int32
    pair_hours: Floats  # float64
    pair_money: Floats  # float64
    pair_breaches: Floats  # float64


@inner
def _found(points: int, pairs: int) -> Found:
    return Found(np.empty(points, np.int32), np.empty(pairs, np.int32), np.empty(pairs), np.empty(pairs), np.empty(pairs))


@inner
def _room(found: Found, points: int, pairs: int, more: int) -> Found:
    """The same with room for `more` rows of each."""
    if points + more <= len(found.point_service) and pairs + more <= len(found.pair_service):
        return found
    grown = _found(max(len(found.point_service), 2 * (points + more)), max(len(found.pair_service), 2 * (pairs + more)))
    grown.point_service[:points] = found.point_service[:points]
    grown.pair_service[:pairs] = found.pair_service[:pairs]
    grown.pair_hours[:pairs] = found.pair_hours[:pairs]
    grown.pair_money[:pairs] = found.pair_money[:pairs]
    grown.pair_breaches[:pairs] = found.pair_breaches[:pairs]
    return grown


@kernel
def _block(
    flat: Flat, inputs: RatesAndExposures, work: Marks, alone: Marks, book: Tally, space: Reach, asked: Bools, cis: Int32s,
    rows: Rows, point_count: Int64s,
    pair_count: Int64s, rule: int, wanted: Bools,
) -> Found:  # fmt: skip
    """The CIs `cis`: fills `rows`, and how many single points and pairs each has. What an outage costs is worked out for the
    services in `wanted` (bool[S]) alone; all are counted."""
    flat, inputs, work, alone, book = borrowed(flat), borrowed(inputs), borrowed(work), borrowed(alone), borrowed(book)
    space, asked, rows = borrowed(space), borrowed(asked), borrowed(rows)
    found = _found(1024, 1024)
    points, pairs = 0, 0
    root = np.empty(1, np.int32)
    groups = np.empty(len(inputs.failovers.switches), np.int32)
    log = no_log()
    for row in range(len(cis)):
        # what fails and what is degraded when this CI is out, and which services are among it
        i = cis[row]
        root[0] = i
        tail = fail(flat, work, root)
        low = degrade(flat, work, tail, rule, SERVES)
        rows.failed[row], rows.degraded[row] = tail, low
        count, down, weak = 0, 0, 0
        for k in range(tail):
            s = flat.service_at[work.queue[k]]
            if s >= 0:
                count = _enter(book, s, i, count, lost_share(flat, work, work.queue[k]))
                down += 1
        for k in range(low):
            s = flat.service_at[work.degraded[k]]
            if s >= 0:
                count = _enter(book, s, i, count, lost_share(flat, work, work.degraded[k]))
                weak += 1
        rows.services_down[row], rows.services_degraded[row] = down, weak
        found = _room(found, points, pairs, count)
        found.point_service[points : points + down] = np.sort(book.touched[:down])
        points += down
        point_count[row] = down
        if not inputs.can_fail[i]:
            continue
        # what the outage costs each service as if no group switched over
        for k in range(count):
            if wanted[book.touched[k]]:
                _plain(flat, inputs, work, book, book.touched[k], i)
        # the services that a failover can touch are looked at anew, with all ways in which it can go
        triggered = 0
        if not np.isnan(inputs.mean[i]) and len(groups):
            triggered = new_switches(flat, inputs.failovers, work, 0, tail, asked, groups, 0, SERVES)
        if triggered:
            count, simulated, log = _switch_over(
                flat,
                inputs,
                work,
                alone,
                book,
                space,
                asked,
                i,
                np.sort(groups[:triggered]),
                tail,
                low,
                count,
                log,
                rule,
                wanted,
            )
            rows.simulated[row] = simulated
            if simulated:
                rows.hours_error[row] = inputs.rate[i] * _standard_error(book.sampled[0])
                rows.customer_error[row] = inputs.rate[i] * _standard_error(book.sampled[1])
                rows.money_error[row] = inputs.rate[i] * _standard_error(book.sampled[2])
            for k in range(triggered):
                asked[groups[k]] = False
        found = _room(found, points, pairs, count)
        pair_count[row] = _costs(inputs, book, rows, row, i, np.sort(book.touched[:count]), wanted, found, pairs)
        pairs += pair_count[row]
    return Found(
        found.point_service[:points],
        found.pair_service[:pairs],
        found.pair_hours[:pairs],
        found.pair_money[:pairs],
        found.pair_breaches[:pairs],
    )


@inner
def _costs(
    inputs: RatesAndExposures,
    book: Tally,
    rows: Rows,
    row: int,
    i: int,
    services: Int32s,
    wanted: Bools,
    found: Found,
    first: int,
) -> int:
    """What the outage costs a year, service by service, of those in `wanted`; the number of pairs written. Services in order, so
    that no order of rows shows in a sum."""
    hours, customers, money, breaches = 0.0, 0.0, 0.0, 0.0
    pairs = first
    for s in services:
        priced = not np.isnan(inputs.money[s]) or inputs.curve_ptr[s] < inputs.curve_ptr[s + 1]
        rows.customers_unknown[row] += np.isnan(inputs.customers[s])
        rows.money_unknown[row] += not priced
        if not wanted[s]:
            continue
        lost = inputs.rate[i] * book.hours[s]
        paid = inputs.rate[i] * book.money[s]
        if np.isnan(lost):
            lost = book.share[s] * inputs.load[i]
            if inputs.curve_ptr[s] == inputs.curve_ptr[s + 1]:
                paid = lost * inputs.money[s]
        hours += lost
        if not np.isnan(inputs.customers[s]):
            customers += lost * inputs.customers[s]
        if priced:
            money += paid
        late = inputs.rate[i] * book.breach[s] if book.breach[s] > 0.0 else 0.0
        breaches += late
        if lost != 0.0 or paid != 0.0:  # NaN is a cost too: an unknown one
            found.pair_service[pairs], found.pair_hours[pairs], found.pair_money[pairs], found.pair_breaches[pairs] = (
                s,
                lost,
                paid,
                late,
            )
            pairs += 1
    rows.service_hours[row], rows.customer_hours[row], rows.money[row], rows.breaches[row] = hours, customers, money, breaches
    return pairs - first


Desk = tuple[Marks, Marks, Tally, Reach, Array]


def desk_of(compiled: CompiledGraph, inputs: RatesAndExposures) -> Desk:
    """The workspace of one thread."""
    size = len(compiled)
    return (
        marks(compiled.flat),
        marks(compiled.flat),
        tally(len(compiled.service_position)),
        reach_space(size),
        np.zeros(len(inputs.failovers.switches), np.bool_),
    )


@dataclass(frozen=True, slots=True)
class Contributions:
    """K CIs whose outage costs one service something, worst first: position, whether it stops the service alone, expected loss a
    year."""

    position: Array  # int32[K]
    stops: Array  # bool[K]
    service_hours: Array  # float64[K]
    customer_hours: Array  # float64[K]
    money: Array  # float64[K]
    breaches: Array  # float64[K]
    hours_error: (
        Array  # float64[K] standard errors where failover outcomes were sampled (over all services: at most this), else 0
    )
    customer_error: Array  # float64[K]
    money_error: Array  # float64[K]


def contributions_to(
    compiled: CompiledGraph, service: int, rule: int = PRODUCT, switches: bool = True, cis: Array | None = None
) -> Contributions:
    """What each CI's outage costs one service a year, first order; cost follows the service's cone. The sum is what `first_order`
    says it suffers.

    `switches`: False as if no group switched over; `cis`: only these CIs (int32 positions).

    Example by hand (C35): of crm (200 customers), db alone: 2 * 1.5 * 200 customer-hours.
    """
    inputs = rates_and_exposures_of(compiled)
    if not switches:
        inputs = inputs._replace(failovers=failovers_of(compiled, np.zeros(0, np.int64)))
    cis = needs_of(compiled.flat, int(compiled.service_position[service])) if cis is None else cis
    rows, point_ptr, point_service, pairs = sweep_rows(compiled, inputs, cis, desk_of(compiled, inputs), rule)
    return _of_service(compiled, service, cis, rows, point_ptr, point_service, pairs)


def contributions_in(compiled: CompiledGraph, first: FirstOrder, service: int) -> Contributions:
    """The same as `contributions_to`, read from a sweep of the whole estate."""
    pairs = Pairs(first.pair_ptr, first.pair_service, first.pair_hours, first.pair_money, first.pair_breaches)
    rows = Rows(*(getattr(first, name) for name in Rows._fields))
    every = np.arange(len(compiled), dtype=np.int32)
    return _of_service(compiled, service, every, rows, first.point_ptr, first.point_service, pairs)


def _of_service(
    compiled: CompiledGraph, service: int, cis: Array, rows: Rows, point_ptr: Array, point_service: Array, pairs: Pairs
) -> Contributions:
    """The rows of the CIs `cis` that cost one service something or stop it alone, worst first."""
    at = np.flatnonzero(pairs.service == service)
    ci = np.searchsorted(pairs.ptr, at, "right") - 1
    points = np.searchsorted(point_ptr, np.flatnonzero(point_service == service), "right") - 1
    row = ascending(np.concatenate([ci, points]))
    hours, money, breaches = np.zeros(len(row)), np.zeros(len(row)), np.zeros(len(row))
    of_pair = np.searchsorted(row, ci)
    hours[of_pair], money[of_pair], breaches[of_pair] = pairs.hours[at], pairs.money[at], pairs.breaches[at]
    known = not np.isnan(compiled.money_per_hour[service]) or compiled.curve_ptr[service] < compiled.curve_ptr[service + 1]
    stops = np.zeros(len(row), np.bool_)
    stops[np.searchsorted(row, points)] = True
    stops &= can_fail(compiled, cis[row])
    keep = np.flatnonzero(stops | (hours > 0) | np.isnan(hours))
    order = keep[np.lexsort((cis[row[keep]], -np.nan_to_num(hours[keep]), -np.nan_to_num(money[keep])))]
    row = row[order]
    return Contributions(
        cis[row], stops[order], hours[order], hours[order] * np.nan_to_num(compiled.customers[service]),
        money[order] if known else np.zeros(len(order)), breaches[order], rows.hours_error[row], rows.customer_error[row],
        rows.money_error[row],
    )  # fmt: skip


def sweep_rows(
    compiled: CompiledGraph, inputs: RatesAndExposures, cis: Array, desk: Desk, rule: int = PRODUCT, wanted: Array | None = None
) -> tuple[Rows, Array, Array, Pairs]:
    """The CIs `cis` (int32 positions), one row each: (rows, point_ptr, point_service, pairs). A pure function of arrays.
    `wanted`: bool[S] services of which it is worked out what they lose: pairs and sums are of these, counts and points of all."""
    rows = fresh_rows(len(cis))
    point_count, pair_count = np.zeros(len(cis), np.int64), np.zeros(len(cis), np.int64)
    wanted = np.ones(len(compiled.service_position), np.bool_) if wanted is None else wanted
    found = _block(compiled.flat, inputs, *desk, cis, rows, point_count, pair_count, rule, wanted)
    pairs = Pairs(ptr_of(pair_count), found.pair_service, found.pair_hours, found.pair_money, found.pair_breaches)
    return rows, ptr_of(point_count), found.point_service, pairs


def sweep(
    compiled: CompiledGraph, cis: Array, listen: Callable[[float], None] = lambda share: None, threads: int = THREADS,
    rule: int = PRODUCT,
    block: int | None = None,
) -> tuple[Rows, Array, Array, Pairs]:  # fmt: skip
    """As `sweep_rows` for many CIs, in blocks on several threads; `listen` hears the share done."""
    inputs, size = rates_and_exposures_of(compiled), len(cis)
    block = block or (BLOCK if _block.load() else SMALL_BLOCK)
    idle: list[Desk] = []

    def run(start: int) -> tuple[Rows, Array, Array, Pairs]:
        look()
        desk = idle.pop() if idle else desk_of(compiled, inputs)
        answer = sweep_rows(compiled, inputs, cis[start : start + block], desk, rule)
        idle.append(desk)
        return answer

    starts = list(range(0, size, block))
    rows, points, pairs, counts = (
        fresh_rows(size),
        [np.zeros(0, np.int32)],
        list[Pairs](),
        (np.zeros(size, np.int64), np.zeros(size, np.int64)),
    )
    with ThreadPoolExecutor(threads) as pool:
        for start, (part, point_ptr, point_service, pair) in zip(starts, pool.map(run, starts), strict=True):
            for name in Rows._fields:
                getattr(rows, name)[start : start + block] = getattr(part, name)
            counts[0][start : start + block], counts[1][start : start + block] = np.diff(point_ptr), np.diff(pair.ptr)
            points.append(point_service)
            pairs.append(pair)
            listen(min(1.0, (start + block) / size))
    nothing = Pairs(ptr_of(counts[1]), np.zeros(0, np.int32), np.zeros(0), np.zeros(0), np.zeros(0))
    joined = [np.concatenate([getattr(part, name) for part in (nothing, *pairs)]) for name in Pairs._fields[1:]]
    return rows, ptr_of(counts[0]), np.concatenate(points), Pairs(nothing.ptr, *joined)


def first_order(
    compiled: CompiledGraph,
    listen: Callable[[float], None] = lambda share: None,
    threads: int = THREADS,
    rule: int = PRODUCT,
    block: int | None = None,
) -> FirstOrder:
    """Sweep every CI; `listen` hears the share done. Same bits for any number of threads.

    Example by hand (C35): db fails twice a year for 1.5 h, shop (1000 customers) and crm (200) need it: 2 * 1.5 * 1200
    customer-hours a year.
    """
    found = sweep(compiled, np.arange(len(compiled), dtype=np.int32), listen, threads, rule, block)
    return first_order_of(*found, can_fail(compiled), len(compiled.service_position))
