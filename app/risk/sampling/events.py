"""One block of simulated years of one service: from event to event, every outage and every stop with what it cost (model 1.6,
1.10).

Outage: the service is away from its state at rest; one clock runs from its start, each stretch of constant state pays lost share
* (L(t2) - L(t1)). Stop: it is down or below its MBCO, without a break. Those that begin in the block are followed to their end,
at most RUN_OFF years beyond it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.domain.quantities import HOURS_PER_YEAR
from app.risk.graph.compiled import Flat
from app.risk.jit import Array, Floats, FloatTable, Int32s, Int64s, UInt64, inner, kernel
from app.risk.outage.increments import no_log
from app.risk.outage.outcome_losses import below_mbco, fixed_money
from app.risk.outage.rates_and_exposures import RatesAndExposures
from app.risk.sampling.renewal import Renewal, restore_time, sift_down, start_state, up_time
from app.risk.sampling.scene import NOTHING_LOST, Scene, all_up, look, look_alone
from app.risk.sampling.transitions import fall, fall_at_start, let_go, next_release, rise

BLOCK_YEARS = 10
RUN_OFF = 10  # years
START, HOURS, INITIATOR, ALONE, CUT_OFF, LOSS, LOST, DOWN, WORST = range(9)  # columns; stops have the first five
DOWN_HOURS, OUT_HOURS, LOST_HOURS = range(3)  # rows of the yearly sums
_SPAN = BLOCK_YEARS * HOURS_PER_YEAR


class Book(NamedTuple):
    """Lists that grow by replacement, and what is open: column START is negative where nothing is."""

    rows: FloatTable  # float64[room, 9]
    size: Int64s  # int64[1]
    open: Floats  # float64[9]


@inner
def _book() -> Book:
    open_ = np.zeros(9)
    open_[START] = -1.0
    return Book(np.empty((64, 9)), np.zeros(1, np.int64), open_)


@inner
def _begin(book: Book, now: float, i: int, alone: bool) -> None:
    book.open[:] = 0.0
    book.open[START], book.open[INITIATOR], book.open[ALONE] = now, i, alone


@inner
def _end(book: Book, now: float, cut_off: bool) -> Book:
    """Close what is open at `now` and list it."""
    at = book.size[0]
    rows = book.rows
    if at == len(rows):
        rows = np.empty((2 * at, 9))
        rows[:at] = book.rows
    rows[at] = book.open
    rows[at, HOURS], rows[at, CUT_OFF] = now - book.open[START], cut_off
    book.size[0] += 1
    book.open[START] = -1.0
    return Book(rows, book.size, book.open)


@inner
def _spread(row: Floats, start: float, end: float, share: float) -> None:
    """Add share * hours of the stretch to the years that it falls in; what lies beyond the block is left out."""
    end = min(end, _SPAN)
    while start < end:
        year = min(int(start / HOURS_PER_YEAR), BLOCK_YEARS - 1)
        stop = end if year == BLOCK_YEARS - 1 else min(end, (year + 1) * HOURS_PER_YEAR)
        row[year] += share * (stop - start)
        if stop <= start:
            return
        start = stop


@inner
def _pass_time(
    inputs: RatesAndExposures, outages: Book, sums: FloatTable, start: float, end: float, lost: float, down: bool, out: bool
) -> None:
    """A stretch of constant state."""
    if lost <= NOTHING_LOST:
        return
    _spread(sums[LOST_HOURS], start, end, lost)
    if down:
        _spread(sums[DOWN_HOURS], start, end, 1.0)
    if out:
        _spread(sums[OUT_HOURS], start, end, 1.0)
    began = outages.open[START]
    if began >= 0.0:
        outages.open[LOSS] += lost * (fixed_money(inputs, 0, end - began) - fixed_money(inputs, 0, start - began))
        outages.open[LOST] += lost * (end - start)
        outages.open[WORST] = max(outages.open[WORST], lost)
        if down:
            outages.open[DOWN] += end - start


@inner
def _is_out(inputs: RatesAndExposures, rest: float, lost: float, down: bool) -> bool:
    return lost > NOTHING_LOST and below_mbco(inputs, 0, down, rest - lost)


@inner
def _set_up(
    flat: Flat, inputs: RatesAndExposures, ren: Renewal, scene: Scene, seed: UInt64, block: int, time: Floats, heap: Int32s
) -> int:
    """Draw the start of the block; how many CIs take part."""
    all_up(scene)
    down = np.empty(len(time), np.int32)
    size, fallen = 0, 0
    for i in range(len(time)):
        if ren.rate[i] > 0.0:
            lies, time[i] = start_state(ren, seed, block, i)
            heap[size] = i
            size += 1
            if lies:
                down[fallen] = i
                fallen += 1
    for at in range(size // 2, -1, -1):
        if at < size:
            sift_down(heap, size, at, time, ren.key)
    fall_at_start(flat, inputs, scene, seed, block, down[:fallen])
    return size


@kernel
def run_block(
    flat: Flat, inputs: RatesAndExposures, ren: Renewal, scene: Scene, seed: UInt64, block: int, target: int, rule: int,
    sums: FloatTable
) -> tuple[Array, Array, bool]:  # fmt: skip
    """Outages (float64[K, 9]) and stops (float64[J, 9]) that begin in the block, and whether it began away from rest; adds to
    sums (float64[3, BLOCK_YEARS] hours by calendar year: down, down or below the MBCO, lost share).

    Example by hand: a, which S needs, fails at 100 h for 5 h: one outage and one stop (100, 5), sums[0, 0] = 5.
    """
    time, heap, number = np.empty(len(ren.key)), np.empty(len(ren.key), np.int32), np.zeros(len(ren.key), np.int64)
    size = _set_up(flat, inputs, ren, scene, seed, block, time, heap)
    rest, log = flat.rest_capability[target], no_log()
    outages, stops = _book(), _book()
    lost, down = look(flat, scene, target, rule)
    out = _is_out(inputs, rest, lost, down)
    inherited = lost > NOTHING_LOST
    now = 0.0
    while True:
        # the next moment at which something changes: an own failure or restore, or the end of an interruption
        followed = outages.open[START] >= 0.0 or stops.open[START] >= 0.0
        end = _SPAN + RUN_OFF * HOURS_PER_YEAR if followed else _SPAN
        release = next_release(scene)
        then = min(time[heap[0]] if size > 0 else np.inf, release)
        over = then >= end
        if over:
            then = max(now, end)
        _pass_time(inputs, outages, sums, now, then, lost, down, out)
        now = then
        if over:
            break
        # what changes then
        i = -1
        lost_before, out_before = lost, out
        if release <= then:
            lost, down = let_go(flat, scene, now, target, rule)
        else:
            i = heap[0]
            if scene.place[i] >= 0:
                lost, down = rise(flat, scene, i, target, rule)
                time[i] = now + up_time(ren, seed, block, i, number[i])
            else:
                number[i] += 1
                lost, down, log = fall(flat, inputs, scene, seed, block, i, number[i], now, target, rule, log)
                time[i] = now + restore_time(ren, seed, block, i, number[i])
            sift_down(heap, size, 0, time, ren.key)
        # outages and stops that end with it, and those that begin
        out = _is_out(inputs, rest, lost, down)
        if lost <= NOTHING_LOST and outages.open[START] >= 0.0:
            outages = _end(outages, now, False)
        if not out and stops.open[START] >= 0.0:
            stops = _end(stops, now, False)
        begins, stopped = lost > NOTHING_LOST >= lost_before, out and not out_before
        if (begins or stopped) and now < _SPAN and i >= 0:
            alone, alone_down = look_alone(flat, scene, i, target, rule)
            if begins:
                _begin(outages, now, i, alone > NOTHING_LOST)
            if stopped:
                _begin(stops, now, i, _is_out(inputs, rest, alone, alone_down))
    if outages.open[START] >= 0.0:
        outages = _end(outages, now, True)
    if stops.open[START] >= 0.0:
        stops = _end(stops, now, True)
    return outages.rows[: outages.size[0]].copy(), stops.rows[: stops.size[0]].copy(), inherited
