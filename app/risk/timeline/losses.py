"""What each service goes through and loses over a timeline (model 1.10, "Loss over time"): one clock per service, from the
moment it leaves its rest level until it is back; expected values over the outcomes of the failovers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import CompiledGraph
from app.risk.graph.ragged import ptr_of
from app.risk.jit import Array, Floats, Int64s, inner, kernel
from app.risk.jit.clock import look
from app.risk.measures.loss import curve_loss
from app.risk.timeline.demand import Demand
from app.risk.timeline.played import Stretch, Timeline

BLOCK = 256
NO_SET: frozenset[int] = frozenset()


@dataclass(slots=True)
class Story:
    """One service, by expected value over outcomes; hours from the start of the timeline. NaN: unknown; infinite: never."""

    service: int
    stretches: Sequence[Stretch] = ()  # of the likeliest outcome
    lost_share: float = 0.0  # the worst share lost at any time in the likeliest outcome
    hours_down: float = 0.0  # below its MBCO counts
    hours_degraded: float = 0.0
    customer_hours: float = np.nan  # lost shares times customers, over time
    money: float = np.nan
    money_low: float = np.nan  # over outcomes
    money_high: float = np.nan
    money_at: Array = field(default_factory=lambda: np.zeros(0))
    mtpd_breached_at: float = np.inf  # earliest over outcomes
    rto_breached_at: float = np.inf
    p_mtpd_breached: float = 0.0
    p_rto_breached: float = 0.0
    p_down: float = 0.0  # probability that it stops at all
    first_down_at: float = np.inf  # in the likeliest outcome


@dataclass(frozen=True, slots=True)
class Losses:
    """Stories by service number, and the money of all services in each outcome (known money only); `drawn`: in some of the
    outcomes, as they are too many to list."""

    stories: Sequence[Story]
    at_hours: Array
    paid: Array  # float64 by outcome
    probability: Array  # float64 by outcome
    drawn: bool = False


def losses_over_time(
    compiled: CompiledGraph, played: Timeline, at_hours: Array | Sequence[float] = (), demand: Demand | None = None
) -> Losses:
    """The losses of every service that a timeline touches; money is asked at `at_hours` and at the end.

    Example by hand: S, 100 an hour, down from 0 to 2: money 200, 100 after 1 h.
    """
    times = np.unique(np.asarray([*at_hours, played.end_hours], dtype=np.float64))
    touched = sorted({number for one in played.outcomes for number in one.stretches})
    shares = played.shares
    every = [(number, one.probability) for number, one in enumerate(played.outcomes)]
    held = [shares.parts.sets[shares.parts.of_service[number]] if shares else NO_SET for number in touched]
    ways_of = {one: [(way.play, way.probability) for way in shares.ways(one)] if shares else every for one in set(held)}
    stories, paid_by = list[Story](), dict[frozenset[int], Array]()
    for first in range(0, len(touched), BLOCK):
        look()
        services = slice(first, first + BLOCK)
        ways = [ways_of[one] for one in held[services]]
        made, money = _stories(compiled, played, touched[services], ways, times, demand)
        stories += made
        for one, story, paid in zip(held[services], made, money, strict=True):
            if not np.isnan(story.money):
                paid_by[one] = paid_by.get(one, 0.0) + paid
    if shares is None:
        paid, probability = paid_by.get(NO_SET, np.zeros(len(every))), np.asarray([weight for _, weight in every])
        return Losses(stories, times, paid, probability)
    together = np.zeros(len(shares.together))
    for one, paid in paid_by.items():
        together += paid[shares.ways_together(one)]
    return Losses(stories, times, together, shares.together, shares.drawn)


class Told(NamedTuple):
    """What some services go through, in rows: by service its ways, by way its stretches, by stretch the pieces of even demand."""

    way_ptr: Int64s  # int64[services + 1]
    weight: Floats  # float64[ways] probability
    stretch_ptr: Int64s  # int64[ways + 1]
    start: Floats  # float64[stretches]
    end: Floats  # float64[stretches]
    capability: Floats  # float64[stretches]
    piece_ptr: Int64s  # int64[stretches + 1]
    piece_start: Floats  # float64[pieces]
    piece_end: Floats  # float64[pieces]
    factor: Floats  # float64[pieces]


class Terms(NamedTuple):
    """What the same services have at stake."""

    rest: Floats  # float64[services] capability at rest
    mbco: Floats  # float64[services]
    mtpd: Floats  # float64[services]
    rto: Floats  # float64[services]
    money: Floats  # float64[services] an hour, where there is no curve; NaN unknown
    curve_first: Int64s  # int64[services] first point of the loss curve
    curve_last: Int64s  # int64[services] place after the last; the first: no curve
    curve_hours: Floats
    curve_loss: Floats


# columns of the figures
DOWN_HOURS, DEGRADED_HOURS, SHARE_HOURS, MONEY, LOW, HIGH, MTPD_AT, RTO_AT, P_MTPD, P_RTO, P_DOWN, FIGURES = range(12)


def _stories(
    compiled: CompiledGraph, played: Timeline, services: Sequence[int], ways: Sequence[Sequence[tuple[int, float]]], times: Array,
    demand: Demand | None,
) -> tuple[list[Story], list[Array]]:  # fmt: skip
    """Some services by expected value over their ways (numbers of outcomes, with probabilities), and their money in each."""
    numbers = np.asarray(services)
    way_ptr = ptr_of(np.asarray([len(one) for one in ways]))
    told = [
        played.outcomes[outcome].stretches.get(number, [])
        for number, one in zip(services, ways, strict=True)
        for outcome, _ in one
    ]
    rows = [s for stretches in told for s in stretches]
    pieces = [demand.cuts(s.start, s.end) for s in rows] if demand is not None else []
    start, end = np.asarray([s.start for s in rows], np.float64), np.asarray([s.end for s in rows], np.float64)
    piece_ptr, piece_start, piece_end, factor = np.arange(len(rows) + 1), start, end, np.ones(len(rows))
    if pieces:
        piece_ptr = ptr_of(np.asarray([len(factors) for _, factors in pieces]))
        piece_start, piece_end = (
            np.concatenate([cuts[part] for cuts, _ in pieces]) for part in (slice(None, -1), slice(1, None))
        )
        factor = np.concatenate([factors for _, factors in pieces])
    positions = compiled.service_position[numbers]
    terms = Terms(
        compiled.flat.rest_capability[positions].astype(np.float64), compiled.mbco_share[numbers], compiled.mtpd_hours[numbers],
        compiled.rto_hours[numbers], compiled.money_per_hour[numbers], compiled.curve_ptr[numbers].astype(np.int64),
        compiled.curve_ptr[numbers + 1].astype(np.int64), compiled.curve_hours, compiled.curve_loss,
    )  # fmt: skip
    capability = np.asarray([s.capability for s in rows], np.float64)
    figures, money, money_at = tell(
        Told(
            way_ptr, np.asarray([weight for one in ways for _, weight in one], np.float64),
            ptr_of(np.asarray([len(stretches) for stretches in told])), start, end, capability, piece_ptr.astype(np.int64),
            piece_start, piece_end, factor,
        ),
        terms, times,
    )  # fmt: skip
    stories = []
    likeliest = played.outcomes[played.likeliest].stretches
    customers = compiled.customers[numbers]
    for place, number in enumerate(services):
        row = figures[place].tolist()
        stretches = likeliest.get(number, [])
        rest = float(terms.rest[place])
        stories.append(
            Story(
                number, stretches, max((rest - s.capability for s in stretches), default=0.0), row[DOWN_HOURS],
                row[DEGRADED_HOURS], row[SHARE_HOURS] * float(customers[place]), row[MONEY], row[LOW], row[HIGH], money_at[place],
                row[MTPD_AT], row[RTO_AT], row[P_MTPD], row[P_RTO], row[P_DOWN],
                min((s.start for s in stretches if s.capability <= 0.0), default=np.inf),
            )
        )  # fmt: skip
    return stories, [money[way_ptr[place] : way_ptr[place + 1]] for place in range(len(services))]


@inner
def _pay(
    told: Told, hours: Floats, loss: Floats, stretch: int, began: float, share: float, weight: float, times: Floats,
    money_at: Floats
) -> float:  # fmt: skip
    """What a stretch costs on a clock that began at `began`; weighed, it is added to `money_at` by each of `times`."""
    total = 0.0
    for piece in range(told.piece_ptr[stretch], told.piece_ptr[stretch + 1]):
        start, end, factor = told.piece_start[piece], told.piece_end[piece], told.factor[piece]
        before = curve_loss(hours, loss, start - began)
        cost = share * factor * (curve_loss(hours, loss, end - began) - before)
        total += cost
        for k in range(np.searchsorted(times, start, side="right"), len(times)):
            if times[k] >= end:
                money_at[k] += weight * cost
            else:
                money_at[k] += weight * share * factor * (curve_loss(hours, loss, times[k] - began) - before)
    return total


@inner
def _run_clocks(told: Told, terms: Terms, row: Floats, i: int, way: int) -> None:
    """The clocks of MTPD and RTO, which run while the service is down or below its MBCO, without a break."""
    weight, mbco = told.weight[way], terms.mbco[i]
    out_from, out_to, stopped = 0.0, -1.0, False
    mtpd_at, rto_at = np.inf, np.inf
    for k in range(told.stretch_ptr[way], told.stretch_ptr[way + 1]):
        start, end, capability = told.start[k], told.end[k], told.capability[k]
        if capability <= 0.0 or (not np.isnan(mbco) and capability < mbco):
            out_from = start if start != out_to else out_from
            out_to = end
            stopped = stopped or capability <= 0.0
            row[DOWN_HOURS] += weight * (end - start)
            if end - out_from > terms.mtpd[i]:
                mtpd_at = min(mtpd_at, out_from + terms.mtpd[i])
            if end - out_from > terms.rto[i]:
                rto_at = min(rto_at, out_from + terms.rto[i])
        else:
            row[DEGRADED_HOURS] += weight * (end - start)
    row[MTPD_AT], row[RTO_AT] = min(row[MTPD_AT], mtpd_at), min(row[RTO_AT], rto_at)
    row[P_MTPD] += weight if mtpd_at < np.inf else 0.0
    row[P_RTO] += weight if rto_at < np.inf else 0.0
    row[P_DOWN] += weight if stopped else 0.0


@kernel(steps=lambda told, terms, times: len(told.piece_start) * len(times))
def tell(told: Told, terms: Terms, times: Floats) -> tuple[Array, Array, Array]:
    """Return the figures of each service, its money in each of its ways, and its expected money by each of `times` (ascending).

    Example by hand: 100 an hour, down from 0 to 2, times 1 and 3: money 200, of which 100 and 200.
    """
    count = len(terms.rest)
    figures, money_at = np.zeros((count, FIGURES)), np.zeros((count, len(times)))
    money = np.zeros(len(told.weight))
    for i in range(count):
        row = figures[i]
        row[MTPD_AT] = row[RTO_AT] = np.inf
        hours, loss = np.array([0.0, 1.0]), np.array([0.0, terms.money[i]])
        is_known = not np.isnan(terms.money[i])
        if terms.curve_last[i] > terms.curve_first[i]:
            hours = terms.curve_hours[terms.curve_first[i] : terms.curve_last[i]].copy()
            loss = terms.curve_loss[terms.curve_first[i] : terms.curve_last[i]].copy()
            is_known = True
        row[MONEY] = 0.0 if is_known else np.nan
        row[LOW], row[HIGH] = (np.inf, -np.inf) if is_known else (np.nan, np.nan)
        if not is_known:
            money_at[i] = np.nan
        for way in range(told.way_ptr[i], told.way_ptr[i + 1]):
            _run_clocks(told, terms, row, i, way)
            began, before = 0.0, -1.0
            for k in range(told.stretch_ptr[way], told.stretch_ptr[way + 1]):
                began = told.start[k] if told.start[k] != before else began  # it was back in between: its clock starts anew
                before = told.end[k]
                share = terms.rest[i] - told.capability[k]
                lasts = 0.0
                for piece in range(told.piece_ptr[k], told.piece_ptr[k + 1]):
                    lasts += (told.piece_end[piece] - told.piece_start[piece]) * told.factor[piece]
                row[SHARE_HOURS] += told.weight[way] * share * lasts
                if is_known:
                    money[way] += _pay(told, hours, loss, k, began, share, told.weight[way], times, money_at[i])
            if is_known:
                row[MONEY] += told.weight[way] * money[way]
                row[LOW], row[HIGH] = min(row[LOW], money[way]), max(row[HIGH], money[way])
    return figures, money, money_at
