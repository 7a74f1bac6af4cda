"""Losses of all services by event and by simulated year (model 1.12).

Event: the failure of one CI at one moment, with all outages it begins, of any service. Times are keyed by CI, so services that
share one see the same failures and their own simulated years fit together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from app.domain.errors import InvalidInput
from app.risk.graph.compiled import CompiledGraph
from app.risk.graph.subestate import subestate_of
from app.risk.jit import Array
from app.risk.sampling.events import BLOCK_YEARS
from app.risk.sampling.years import Years, simulate_years

KEPT = 100_000  # largest events that are kept one by one
AT_ONCE = 1000  # services times blocks whose outages are held at the same time


@dataclass(frozen=True, slots=True)
class YearLosses:
    """Money of all services together, by simulated year; merges block after block."""

    first_block: int
    sums: Array  # float64[Y] of all events begun in the year
    largest: Array  # float64[Y] largest event of the year, 0 where there was none
    events: Array  # float64[<= KEPT] the largest event losses of all years, falling
    event_count: int  # events with a loss, those not kept included
    services: int
    money_unknown: int  # services left out because nobody knows their money
    cut_off: int  # outages still going on when they were given up: their losses are too low

    @staticmethod
    def merged(a: YearLosses, b: YearLosses) -> YearLosses:
        """The losses of two runs of blocks of the same services, the second of which follows the first.

        Example by hand: years with sums 1, 2 and 3, 4: years 1, 2, 3, 4.
        """
        if b.first_block != a.first_block + len(a.sums) // BLOCK_YEARS or (a.services, a.money_unknown) != (
            b.services,
            b.money_unknown,
        ):
            raise InvalidInput("yearly losses merge where one run of blocks of the same services follows the other")
        events = np.sort(np.concatenate([a.events, b.events]))[::-1][:KEPT].copy()
        return YearLosses(
            a.first_block, np.concatenate([a.sums, b.sums]), np.concatenate([a.largest, b.largest]), events,
            a.event_count + b.event_count, a.services, a.money_unknown, a.cut_off + b.cut_off,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Part:
    """What one service adds: K outages that cost something."""

    block: Array
    start: Array
    ci_id: Array
    year: Array  # since the first block
    loss: Array
    known: bool
    cut_off: int


def _part(years: Years) -> _Part:
    rows = years.outages
    costs = np.flatnonzero(rows.loss > 0.0)
    known = not np.isnan(rows.loss).any()
    return _Part(
        rows.block[costs], rows.start_hours[costs], rows.initiator_ci_id[costs],
        rows.year()[costs] - years.first_block * BLOCK_YEARS, rows.loss[costs], known, int(rows.cut_off.sum()),
    )  # fmt: skip


def _collect(parts: Sequence[_Part], first_block: int, years: int) -> YearLosses:
    """Add up by event, then by year; sums go in the order of the losses, so the order of services changes no bit."""
    block, start, ci_id, year, loss = (
        np.concatenate([np.zeros(0, kind), *(getattr(part, name) for part in parts if part.known)])
        for name, kind in (("block", np.int64), ("start", float), ("ci_id", np.int64), ("year", np.int64), ("loss", float))
    )
    order = np.lexsort((loss, ci_id, start, block))
    block, start, ci_id, year, loss = (column[order] for column in (block, start, ci_id, year, loss))
    new = np.ones(len(loss), np.bool_)
    new[1:] = (np.diff(block) != 0) | (np.diff(start) != 0.0) | (np.diff(ci_id) != 0)
    first = np.flatnonzero(new)
    event = np.add.reduceat(loss, first) if len(first) else np.zeros(0)
    when = year[first]
    largest = np.zeros(years)
    np.maximum.at(largest, when, event)
    return YearLosses(
        first_block, np.bincount(when, weights=event, minlength=years).astype(np.float64), largest,
        np.sort(event)[::-1][:KEPT].copy(), len(event), sum(part.known for part in parts),
        sum(not part.known for part in parts), sum(part.cut_off for part in parts if part.known),
    )  # fmt: skip


def year_losses(runs: Sequence[Years]) -> YearLosses:
    """Losses by event and year from the simulated years of several services: same seed, same blocks. Services of unknown money
    are left out.

    Example by hand: CI d fails at 7 h and stops two services, 1,000 and 400: one event of 1,400.
    """
    if not runs or any((run.first_block, run.years) != (runs[0].first_block, runs[0].years) for run in runs):
        raise InvalidInput("yearly losses need the years of at least one service, all of the same blocks")
    return _collect([_part(run) for run in runs], runs[0].first_block, runs[0].years)


def simulate_losses(
    compiled: CompiledGraph,
    seed: int,
    first_block: int,
    last_block: int,
    services: Sequence[int] | Array | None = None,
    threads: int = 1,
    listen: Callable[[float], None] | None = None,
) -> YearLosses:
    """Simulate the years of `services` (numbers; all where None) one cone after another and add them up, a few blocks at a time.

    Services whose money nobody knows are not simulated, only counted. `listen` hears the share done. Same bits for any number of
    threads.

    Example by hand (C39): two services behind d, 1,000 and 400 an outage: events of 1,400 whenever d fails with both up.
    """
    numbers = np.arange(len(compiled.service_position)) if services is None else np.asarray(services, np.int64)
    paid = (np.diff(compiled.curve_ptr)[numbers] > 0) | ~np.isnan(compiled.money_per_hour[numbers])
    known = numbers[paid].tolist()
    step = max(1, AT_ONCE // max(len(known), 1))
    total: YearLosses | None = None
    for block in range(first_block, last_block, step):
        end = min(block + step, last_block)

        def run(service: int, block: int = block, end: int = end) -> _Part:
            cut = subestate_of(compiled, int(compiled.service_position[service]))
            return _part(simulate_years(cut, seed, block, end))

        with ThreadPoolExecutor(threads) as pool:
            part = _collect(list(pool.map(run, known)), block, BLOCK_YEARS * (end - block))
        total = part if total is None else YearLosses.merged(total, part)
        if listen is not None:
            listen((end - first_block) / (last_block - first_block))
    if total is None:
        total = _collect([], first_block, 0)
    return YearLosses(
        total.first_block, total.sums, total.largest, total.events, total.event_count, len(known), len(numbers) - len(known),
        total.cut_off
    )  # fmt: skip
