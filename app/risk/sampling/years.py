"""Simulated years of one service: every outage with its length, loss and the CI that started it (model 1.6, 1.9, 1.10)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from app.domain.errors import InvalidInput
from app.domain.quantities import HOURS_PER_YEAR
from app.risk.graph.compiled import AT_REST_DOWN
from app.risk.graph.subestate import Subestate
from app.risk.jit import Array
from app.risk.outage.capability import PRODUCT
from app.risk.outage.rates_and_exposures import rates_and_exposures_of
from app.risk.sampling import events
from app.risk.sampling.events import BLOCK_YEARS, run_block
from app.risk.sampling.renewal import renewal_of
from app.risk.sampling.scene import Scene, scene_of
from app.risk.sampling.streams import check_blocks, seed_word


@dataclass(frozen=True, slots=True)
class Outages:
    """K outages or stops in order of block and start. Initiator: the CI whose own failure began it (Vesely; Barlow, Proschan)."""

    block: Array  # int64[K]
    start_hours: Array  # float64[K] since the block began
    hours: Array  # float64[K]
    initiator: Array  # int32[K] local position in the cut-out
    initiator_ci_id: Array  # int64[K]
    # bool[K] its failure, with the switches it triggered, would have done it with all else up; else redundancy was used up
    alone: Array
    cut_off: Array  # bool[K] still going on RUN_OFF years after the block: hours and loss are too low
    loss: Array  # float64[K] money; NaN unknown; 0 for stops, which are part of outages
    lost_hours: Array  # float64[K] lost share * hours
    down_hours: Array  # float64[K]
    worst_share: Array  # float64[K] the largest share lost

    def year(self) -> Array:
        """int64[K]: calendar year since block 0 in which each begins."""
        inner = np.minimum((self.start_hours / HOURS_PER_YEAR).astype(np.int64), BLOCK_YEARS - 1)
        return np.asarray(self.block * BLOCK_YEARS + inner)


@dataclass(frozen=True, slots=True)
class Years:
    """Blocks of BLOCK_YEARS years of one service, first_block on. Yearly hours are those of the calendar year, losses those of
    outages begun in it."""

    first_block: int
    years: int
    outages: Outages  # away from the state at rest
    stops: Outages  # down or below the MBCO
    down_hours: Array  # float64[years]
    out_hours: Array  # float64[years] down or below the MBCO
    lost_hours: Array  # float64[years] weighted by lost share; times customers: customer-hours
    begun_away: Array  # bool[blocks] the block began away from rest: that outage belongs to the block before
    customers: float  # NaN unknown
    mtpd_hours: float  # NaN none
    without_restore_time: int  # CIs left out: unavailability given, no restore time
    unknown: int  # CIs left out: rate or restore time unknown

    def loss(self) -> Array:
        """float64[years]: money by the year in which the outage began.

        Example by hand: two outages of 100 and 50 begun in year 3: 150 there.
        """
        offset = self.outages.year() - self.first_block * BLOCK_YEARS
        return np.asarray(np.bincount(offset, weights=self.outages.loss, minlength=self.years), np.float64)

    @staticmethod
    def merged(a: Years, b: Years) -> Years:
        """Two runs of blocks, the second right after the first.

        Example by hand: blocks 0..9 and 10..19 of one seed: what one run of 0..19 gives, bit by bit.
        """
        if b.first_block != a.first_block + a.years // BLOCK_YEARS:
            raise InvalidInput("years merge where one run of blocks follows the other")
        joined = [_joined(getattr(a, name), getattr(b, name)) for name in ("outages", "stops")]
        sums = [np.concatenate([getattr(a, n), getattr(b, n)]) for n in ("down_hours", "out_hours", "lost_hours", "begun_away")]
        return Years(
            a.first_block, a.years + b.years, joined[0], joined[1], sums[0], sums[1], sums[2], sums[3], a.customers, a.mtpd_hours,
            a.without_restore_time, a.unknown,
        )  # fmt: skip


def _joined(a: Outages, b: Outages) -> Outages:
    return Outages(*(np.concatenate([getattr(a, f.name), getattr(b, f.name)]) for f in fields(Outages)))


def _outages(rows: list[tuple[int, Array]], ci_id: Array) -> Outages:
    table = np.concatenate([part for _, part in rows]) if rows else np.zeros((0, 9))
    block = np.repeat(np.asarray([block for block, _ in rows], np.int64), [len(part) for _, part in rows])
    initiator = table[:, events.INITIATOR].astype(np.int32)
    return Outages(
        block, table[:, events.START].copy(), table[:, events.HOURS].copy(), initiator, ci_id[initiator],
        table[:, events.ALONE] > 0.0,
        table[:, events.CUT_OFF] > 0.0, table[:, events.LOSS].copy(), table[:, events.LOST].copy(), table[:, events.DOWN].copy(),
        table[:, events.WORST].copy(),
    )  # fmt: skip


def simulate_years(
    cut: Subestate,
    seed: int,
    first_block: int,
    last_block: int,
    threads: int = 1,
    rule: int = PRODUCT,
    listen: Callable[[float], None] | None = None,
) -> Years:
    """Blocks first_block .. last_block - 1 of BLOCK_YEARS years of the service of `cut`, from event to event.

    Each CI fails and is restored by itself, also while a provider is down (model 1.5); its times are keyed (seed, ci_id, block),
    so that services that share a CI see the same failures. Every block starts in steady state. Failovers as in `scene`. Same bits
    for any number of threads.

    Example by hand (C16): two CIs of which one is needed, .001 failures per hour, 10 h: stops last 5 h on average.
    """
    check_blocks(first_block, last_block)
    compiled, flat = cut.compiled, cut.compiled.flat
    renewal, left_out = renewal_of(compiled)
    inputs, word = rates_and_exposures_of(compiled), seed_word(seed)
    idle, lock, done = list[Scene](), threading.Lock(), [0]

    def run(block: int) -> tuple[Array, Array, bool, Array]:
        with lock:
            scene = idle.pop() if idle else scene_of(compiled, inputs.failovers)
        sums = np.zeros((3, BLOCK_YEARS))
        outages, stops, inherited = run_block(flat, inputs, renewal, scene, word, block, cut.target, rule, sums)
        with lock:
            idle.append(scene)
            done[0] += 1
            if listen is not None:
                listen(done[0] / (last_block - first_block))
        return outages, stops, inherited, sums

    blocks: list[int] = [] if flat.flags[cut.target] & AT_REST_DOWN else list(range(first_block, last_block))
    with ThreadPoolExecutor(threads) as pool:
        shares = list(pool.map(lambda t: [run(block) for block in blocks[t::threads]], range(threads)))
    parts: list[Any] = [shares[k % threads][k // threads] for k in range(len(blocks))]
    years = BLOCK_YEARS * (last_block - first_block)
    sums = np.concatenate([part[3] for part in parts], axis=1) if parts else np.zeros((3, years))
    away = [part[2] for part in parts] if parts else [False] * (last_block - first_block)
    return Years(
        first_block, years, _outages([(b, p[0]) for b, p in zip(blocks, parts, strict=True)], compiled.ci_id),
        _outages([(b, p[1]) for b, p in zip(blocks, parts, strict=True)], compiled.ci_id), sums[0].copy(), sums[1].copy(),
        sums[2].copy(),
        np.asarray(away, np.bool_), float(compiled.customers[0]), float(compiled.mtpd_hours[0]), left_out.without_restore_time,
        left_out.unknown,
    )  # fmt: skip
