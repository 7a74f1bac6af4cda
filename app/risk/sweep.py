"""The first-order part: the exact effect and expected yearly loss of every single outage, everything else up (model 1.6, 1.8).

Work is cut into blocks of CIs, pure functions of arrays that merge by addition in the order of the blocks: threads change nothing, not one bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import NamedTuple, Self

import numpy as np

from app.risk.capability import PRODUCT, degrade
from app.risk.clusters import Reach, pairs_of, reach_space
from app.risk.compiled import SERVES, CompiledGraph, Flat
from app.risk.cone import cone_of
from app.risk.failing import Marks, fail, marks
from app.risk.increments import Log, lost_share, no_log, push_outage, take_back
from app.risk.jit import Array, kernel
from app.risk.loss import survival
from app.risk.stakes import Stakes, stakes_of
from app.risk.switching import (
    Tally,
    add_lasting,
    below_mbco,
    clear,
    enumerate_outcomes,
    lasting_money,
    new_switches,
    sample_outcomes,
    settle_outcome,
    tally,
)

BLOCK = 4096
THREADS = 2


class Rows(NamedTuple):
    """One row a CI of the block: counts, and expected values of one outage or a year (see FirstOrder)."""

    failed: Array
    degraded: Array
    services_down: Array
    services_degraded: Array
    service_hours: Array
    customer_hours: Array
    money: Array
    breaches: Array
    customers_unknown: Array
    money_unknown: Array
    simulated: Array
    hours_error: Array
    customer_error: Array
    money_error: Array


class Suffered(NamedTuple):
    """One row a service: what it suffers a year."""

    hours: Array
    money: Array
    breaches: Array
    points: Array


@dataclass(frozen=True, slots=True)
class FirstOrder:
    """N CIs by position, S services. Years are calendar years of 8,766 h, rates those of up time; NaN: the rate or restore time is unknown.

    `services_down`, `services_degraded`: how many services the outage stops or degrades (failovers aside). Loss columns: expected a year,
    over the services whose customers or money are known; `*_unknown` counts those hit whose are not. `simulated`: some failover outcomes were sampled.
    Single points of failure: services of CI i that it stops alone are point_service[point_ptr[i]:point_ptr[i+1]].
    """

    failed: Array  # int32[N] CIs down, itself included
    degraded: Array  # int32[N] degraded CIs that matter to a service
    services_down: Array  # int32[N]
    services_degraded: Array  # int32[N]
    service_hours: Array  # float64[N] a year
    customer_hours: Array  # float64[N] a year
    money: Array  # float64[N] a year
    breaches: Array  # float64[N] MTPD breaches a year
    customers_unknown: Array  # int32[N]
    money_unknown: Array  # int32[N]
    simulated: Array  # bool[N]
    hours_error: Array  # float64[N] standard error of service_hours where outcomes were sampled, else 0
    customer_error: Array  # float64[N] of customer_hours
    money_error: Array  # float64[N] of money
    point_ptr: Array  # int64[N+1]
    point_service: Array  # int32
    suffered_hours: Array  # float64[S] a year
    suffered_money: Array  # float64[S] a year, NaN unknown
    suffered_breaches: Array  # float64[S] a year
    suffered_points: Array  # int32[S] single points that can fail

    def to_arrays(self) -> dict[str, Array]:
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        return cls(**{entry.name: arrays[entry.name] for entry in fields(cls)})


@kernel
def _plain(flat: Flat, stakes: Stakes, work: Marks, book: Tally, s: int, i: int) -> None:
    """Expected values of service s in a lasting state, without failover: linear losses go by the load, so no restore time is needed."""
    v = stakes.service_position[s]
    share = lost_share(flat, work, v)
    down = work.stamp[v] >= work.epoch[0]
    book.hours[s] = share * stakes.mean[i]
    book.money[s] = share * lasting_money(stakes, s, i, 0.0)
    if not np.isnan(stakes.mtpd[s]) and below_mbco(stakes, s, down, flat.rest_capability[v] - share):
        book.breach[s] = survival(stakes.mean[i], stakes.sigma[i], stakes.mtpd[s])


@kernel
def _enter(book: Tally, s: int, i: int, count: int, share: float) -> int:
    if book.stamp[s] != i + 1:
        book.stamp[s] = i + 1
        book.touched[count] = s
        clear(book, s)
        book.share[s] = share
        count += 1
    return count


@kernel
def _stops_alone(
    flat: Flat, stakes: Stakes, work: Marks, g: int, s: int, tail: int, low: int, log: Log, rule: int
) -> tuple[bool, Log]:
    grown, _, logged, log = push_outage(flat, work, tail, low, 0, log, flat.group_dependent[g], rule)
    stops = work.stamp[stakes.service_position[s]] >= work.epoch[0]
    take_back(flat, work, tail, grown, log, 0, logged)
    return stops, log


@kernel
def _closed(
    flat: Flat, stakes: Stakes, work: Marks, book: Tally, i: int, s: int, groups: Array, tail: int, low: int, log: Log, rule: int
) -> tuple[bool, Log]:
    """Service s, which any switch of `groups` that can fail stops alone: down until the restore unless all of them work."""
    all_work, stopping = 1.0, groups[0]
    for k in range(len(groups)):
        if stakes.switch_success[groups[k]] >= 1.0:
            continue
        stopping = groups[k]
        stops, log = _stops_alone(flat, stakes, work, groups[k], s, tail, low, log, rule)
        if not stops:
            return False, log
        all_work *= stakes.switch_success[groups[k]]
    one = np.empty(1, np.int32)
    one[0] = s
    log = settle_outcome(flat, stakes, work, book, i, all_work, one, groups, len(groups), tail, low, 0, log, rule)
    grown, _, logged, log = push_outage(flat, work, tail, low, 0, log, flat.group_dependent[stopping], rule)
    add_lasting(flat, stakes, work, book, s, i, 1.0 - all_work, 0.0)
    take_back(flat, work, tail, grown, log, 0, logged)
    return True, log


@kernel
def _switch_over(
    flat: Flat, stakes: Stakes, work: Marks, book: Tally, space: Reach, asked: Array, i: int, groups: Array, tail: int, low: int, count: int, log: Log,
    rule: int,
) -> tuple[int, bool, Log]:  # fmt: skip
    """Expected values of every service that the triggered `groups` can touch; how many are touched in all, and whether some were sampled."""
    index, service, cluster = pairs_of(flat, work, space, groups)
    simulated = False
    for c in range(len(groups)):
        if cluster[c] != c:
            continue
        members = np.flatnonzero(cluster == c)
        mine = groups[members]
        chosen_all = np.unique(service[cluster[index] == c])
        if len(chosen_all) == 0:
            continue
        for s in chosen_all:
            count = _enter(book, s, i, count, lost_share(flat, work, stakes.service_position[s]))
            clear(book, s)
        good, log = enumerate_outcomes(flat, stakes, work, book, i, mine, asked, chosen_all, tail, low, 0, log, rule)
        if good:
            continue
        one = np.empty(1, np.int32)
        for s in chosen_all:
            one[0] = s
            some = groups[index[(service == s)]]
            good, log = enumerate_outcomes(flat, stakes, work, book, i, some, asked, one, tail, low, 0, log, rule)
            if not good:
                good, log = _closed(flat, stakes, work, book, i, s, some, tail, low, log, rule)
            if not good:
                clear(book, s)
                if not simulated:
                    book.sampled[:] = 0.0
                log = sample_outcomes(flat, stakes, work, book, i, some, asked, one, tail, low, 0, log, rule)
                simulated = True
    return count, simulated, log


@kernel
def _standard_error(values: Array) -> float:
    """Of the mean of equally likely values."""
    return np.sqrt(((values - values.mean()) ** 2).sum() / (len(values) - 1) / len(values))  # type: ignore[no-any-return]


@kernel
def _block(
    flat: Flat,
    stakes: Stakes,
    work: Marks,
    book: Tally,
    space: Reach,
    asked: Array,
    cis: Array,
    only: int,
    rows: Rows,
    suffered: Suffered,
    rule: int,
) -> tuple[Array, Array]:
    """The CIs `cis`: fills `rows`, adds to `suffered`; single points as (CI, service) pairs in their order. `only`: one service, or -1 for all."""
    point_ci, point_service = np.empty(1024, np.int32), np.empty(1024, np.int32)
    points = 0
    root = np.empty(1, np.int32)
    found = np.empty(len(stakes.switches), np.int32)
    log = no_log()
    for row in range(len(cis)):
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
                if points == len(point_ci):
                    a, b = np.empty(2 * points, np.int32), np.empty(2 * points, np.int32)
                    a[:points] = point_ci
                    b[:points] = point_service
                    point_ci, point_service = a, b
                point_ci[points], point_service[points] = i, s
                points += 1
                if stakes.can_fail[i]:
                    suffered.points[s] += 1
        for k in range(low):
            s = flat.service_at[work.degraded[k]]
            if s >= 0:
                count = _enter(book, s, i, count, lost_share(flat, work, work.degraded[k]))
                weak += 1
        rows.services_down[row], rows.services_degraded[row] = down, weak
        rate = stakes.rate[i]
        if not stakes.can_fail[i]:
            continue
        for k in range(count):
            _plain(flat, stakes, work, book, book.touched[k], i)
        triggered = 0
        if np.isnan(stakes.mean[i]) or len(found) == 0:
            triggered = 0
        else:
            triggered = new_switches(flat, stakes, work, 0, tail, asked, found, 0)
        if triggered:
            count, simulated, log = _switch_over(
                flat, stakes, work, book, space, asked, i, np.sort(found[:triggered]), tail, low, count, log, rule
            )
            rows.simulated[row] = simulated
            if simulated:
                rows.hours_error[row] = rate * _standard_error(book.sampled[0])
                rows.customer_error[row] = rate * _standard_error(book.sampled[1])
                rows.money_error[row] = rate * _standard_error(book.sampled[2])
            for k in range(triggered):
                asked[found[k]] = False
        hours, customers, money, breaches = 0.0, 0.0, 0.0, 0.0
        for k in range(count):
            s = book.touched[k]
            if only >= 0 and s != only:
                continue
            lost = rate * book.hours[s]
            paid = rate * book.money[s]
            if np.isnan(lost):
                lost = book.share[s] * stakes.load[i]
                if stakes.curve_ptr[s] == stakes.curve_ptr[s + 1]:
                    paid = lost * stakes.money[s]
            hours += lost
            suffered.hours[s] += lost
            if np.isnan(stakes.customers[s]):
                rows.customers_unknown[row] += 1
            else:
                customers += lost * stakes.customers[s]
            if np.isnan(stakes.money[s]) and stakes.curve_ptr[s] == stakes.curve_ptr[s + 1]:
                rows.money_unknown[row] += 1
            else:
                money += paid
            suffered.money[s] += paid
            if book.breach[s] > 0.0:
                breaches += rate * book.breach[s]
                suffered.breaches[s] += rate * book.breach[s]
        rows.service_hours[row], rows.customer_hours[row], rows.money[row], rows.breaches[row] = hours, customers, money, breaches
    return point_ci[:points], point_service[:points]


def _fresh(size: int, services: int) -> tuple[Rows, Suffered]:
    counts = ("failed", "degraded", "services_down", "services_degraded", "customers_unknown", "money_unknown")
    kind = {**dict.fromkeys(Rows._fields, np.float64), **dict.fromkeys(counts, np.int32), "simulated": np.bool_}
    rows = Rows(**{name: np.zeros(size, kind[name]) for name in Rows._fields})
    return rows, Suffered(np.zeros(services), np.zeros(services), np.zeros(services), np.zeros(services, np.int32))


_Desk = tuple[Marks, Tally, Reach, Array]


def _desk(compiled: CompiledGraph, stakes: Stakes) -> _Desk:
    """The workspace of one thread."""
    size = len(compiled)
    return (
        marks(compiled.flat),
        tally(len(compiled.service_position)),
        reach_space(size),
        np.zeros(len(stakes.switches), np.bool_),
    )


@dataclass(frozen=True, slots=True)
class Contributions:
    """K CIs whose outage costs one service something, worst first: position, whether it stops the service alone, expected loss a year."""

    position: Array  # int32[K]
    stops: Array  # bool[K]
    service_hours: Array  # float64[K]
    customer_hours: Array  # float64[K]
    money: Array  # float64[K]
    hours_error: Array  # float64[K] standard errors where failover outcomes were sampled, else 0
    customer_error: Array  # float64[K]
    money_error: Array  # float64[K]


def contributions_to(compiled: CompiledGraph, service: int, rule: int = PRODUCT) -> Contributions:
    """What each CI's outage costs one service a year, first order; cost follows the service's cone. The sum is what `first_order` says it suffers.

    Example by hand (C35): of crm (200 customers), db alone: 2 * 1.5 * 200 customer-hours.
    """
    flat, stakes = compiled.flat, stakes_of(compiled)
    cis = cone_of(flat, int(compiled.service_position[service]))
    rows, suffered = _fresh(len(cis), len(compiled.service_position))
    point_ci, point_service = _block(flat, stakes, *_desk(compiled, stakes), cis, service, rows, suffered, rule)
    stops = np.isin(cis, point_ci[point_service == service]) & stakes.can_fail[cis]
    keep = np.flatnonzero(stops | (rows.service_hours > 0) | np.isnan(rows.service_hours))
    order = keep[np.lexsort((cis[keep], -np.nan_to_num(rows.service_hours[keep]), -np.nan_to_num(rows.money[keep])))]
    return Contributions(
        cis[order], stops[order], rows.service_hours[order], rows.customer_hours[order], rows.money[order], rows.hours_error[order],
        rows.customer_error[order], rows.money_error[order],
    )  # fmt: skip


def first_order(
    compiled: CompiledGraph,
    listen: Callable[[float], None] = lambda share: None,
    threads: int = THREADS,
    rule: int = PRODUCT,
    block: int = BLOCK,
) -> FirstOrder:
    """Sweep every CI; `listen` hears the share done. Same bits for any number of threads.

    Example by hand (C35): db fails twice a year for 1.5 h, shop (1000 customers) and crm (200) need it: 2 * 1.5 * 1200 customer-hours a year.
    """
    flat, stakes = compiled.flat, stakes_of(compiled)
    size, services = len(compiled), len(compiled.service_position)
    starts = list(range(0, size, block))
    idle: list[_Desk] = []

    def run(start: int) -> tuple[Rows, Suffered, Array, Array]:
        desk = idle.pop() if idle else _desk(compiled, stakes)
        cis = np.arange(start, min(start + block, size), dtype=np.int32)
        rows, suffered = _fresh(len(cis), services)
        point_ci, point_service = _block(flat, stakes, *desk, cis, -1, rows, suffered, rule)
        idle.append(desk)
        return rows, suffered, point_ci, point_service

    columns, total = _fresh(size, services)
    cis, points = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
    with ThreadPoolExecutor(threads) as pool:
        for start, (rows, suffered, point_ci, point_service) in zip(starts, pool.map(run, starts), strict=True):
            for name, part in zip(Rows._fields, rows, strict=True):
                getattr(columns, name)[start : start + block] = part
            for name, part in zip(Suffered._fields, suffered, strict=True):
                getattr(total, name)[:] += part
            cis.append(point_ci)
            points.append(point_service)
            listen(min(1.0, (start + block) / size))
    ptr = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(np.concatenate(cis), minlength=size), out=ptr[1:])
    return FirstOrder(
        **columns._asdict(), point_ptr=ptr, point_service=np.concatenate(points), suffered_hours=total.hours, suffered_money=total.money,
        suffered_breaches=total.breaches, suffered_points=total.points,
    )  # fmt: skip
