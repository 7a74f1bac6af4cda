"""Snapshot worlds of one service with capability: how much of it is missing on average, down and degraded apart (model 1.4, 1.6).

The worlds are those of `sample_worlds`, bit by bit (same seed, CI, block), so the times it is down are the same count. Shares are
summed in whole units of 2^-32: sums of integers, which merge in any order to the same bits; rounding is at most 2^-33 a world.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from app.domain.errors import InvalidInput
from app.risk.graph.compiled import AT_REST_DOWN, SERVES, Flat
from app.risk.graph.subestate import Subestate
from app.risk.jit import Array, Floats, Int32s, Int64s, UInt64, inner, kernel
from app.risk.jit.clock import look
from app.risk.outage.capability import PRODUCT, degrade
from app.risk.outage.failing import Marks, fail, marks
from app.risk.outage.increments import lost_share
from app.risk.sampling.intervals import Interval, share_interval
from app.risk.sampling.own_failures import BLOCK_WORLDS, WORDS, OwnFailures, own_failures, sample_own
from app.risk.sampling.streams import check_blocks, seed_word

UNIT = 4294967296.0  # 2^32 units are the whole of a service


@dataclass(frozen=True, slots=True)
class Degradation:
    """Counts over `worlds` worlds of one service; losses against its state at rest. Merges by addition."""

    worlds: int
    down: int  # worlds in which it is down, down at rest aside
    out: int  # down or below its MBCO
    degraded: int  # worlds in which it is not down and below its state at rest
    lost_units: int  # sum of the share lost while degraded, in 2^-32
    lost_squares: int  # sum of its squares, in 2^-32
    rest_capability: float  # of the service in the untouched estate
    unknown: int  # CIs of the cone whose unavailability nobody knows: they never fail here

    @staticmethod
    def merged(a: Degradation, b: Degradation) -> Degradation:
        """The counts of two sets of blocks that share none.

        Example by hand: 1 of 4,096 worlds down and 0 of 4,096: 1 of 8,192.
        """
        if (a.rest_capability, a.unknown) != (b.rest_capability, b.unknown):
            raise InvalidInput("worlds of different services do not merge")
        return Degradation(
            a.worlds + b.worlds, a.down + b.down, a.out + b.out, a.degraded + b.degraded, a.lost_units + b.lost_units,
            a.lost_squares + b.lost_squares, a.rest_capability, a.unknown,
        )  # fmt: skip

    def p_down(self) -> float:
        """The share of worlds in which it is down."""
        return self.down / self.worlds if self.worlds else 0.0

    def lost_while_down(self) -> float:
        """The part of `lost` from worlds in which it is down: rest capability * p_down."""
        return self.rest_capability * self.p_down()

    def lost_while_degraded(self) -> float:
        """The part of `lost` from worlds in which it still runs.

        Example by hand: half of it missing in 10 of 1,000 worlds: .005.
        """
        return self.lost_units / UNIT / self.worlds if self.worlds else 0.0

    def lost(self) -> float:
        """E[c at rest - c]: expected share missing against the state at rest; E[1 - c] is 1 - rest_capability more."""
        return self.lost_while_down() + self.lost_while_degraded()

    def lost_interval(self, level: float = 0.95) -> Interval:
        """Of `lost`, by `share_interval`.

        Example by hand: down in 30 of 1,000 worlds and never degraded: Wilson of 30 of 1,000.
        """
        total = self.rest_capability * self.down + self.lost_units / UNIT
        squares = self.rest_capability**2 * self.down + self.lost_squares / UNIT
        return share_interval(total, squares, self.worlds, level)


@inner
def _by_world(own: OwnFailures, seed: UInt64, block: int) -> tuple[Array, Array]:
    """CSR world -> CIs that fail by themselves, ascending."""
    world, ci = np.empty(256, np.int32), np.empty(256, np.int32)
    row = np.empty(WORDS, np.uint64)
    ptr = np.zeros(BLOCK_WORLDS + 1, np.int32)
    count = 0
    for i in range(len(own.key)):
        if not sample_own(own, seed, block, i, row):
            continue
        if count + BLOCK_WORLDS > len(world):
            more_world, more_ci = np.empty(2 * (count + BLOCK_WORLDS), np.int32), np.empty(2 * (count + BLOCK_WORLDS), np.int32)
            more_world[:count], more_ci[:count] = world[:count], ci[:count]
            world, ci = more_world, more_ci
        for w in range(WORDS):
            word = row[w]
            place = 64 * w
            while word != np.uint64(0):
                if word & np.uint64(1):
                    world[count], ci[count] = place, i
                    ptr[place + 1] += 1
                    count += 1
                word >>= np.uint64(1)
                place += 1
    for w in range(BLOCK_WORLDS):
        ptr[w + 1] += ptr[w]
    at = ptr[:-1].copy()
    sorted_ci = np.empty(count, np.int32)
    for k in range(count):
        sorted_ci[at[world[k]]] = ci[k]
        at[world[k]] += 1
    return ptr, sorted_ci


@inner
def state_of(flat: Flat, work: Marks, down: Int32s, target: int, rule: int) -> tuple[float, bool]:
    """Share that the target lost with the CIs `down` out, and whether it is down."""
    tail = fail(flat, work, down)
    degrade(flat, work, tail, rule, SERVES)
    return lost_share(flat, work, target), work.stamp[target] >= work.epoch[0]


@kernel
def _block(
    flat: Flat, work: Marks, own: OwnFailures, seed: UInt64, block: int, target: int, mbco: float, rule: int, single: Floats,
    counts: Int64s
) -> None:  # fmt: skip
    """Add a block to counts int64[5]: down, out, degraded, units, squares. `single`: loss of each CI alone, -1 unknown, 2
    down."""
    ptr, ci = _by_world(own, seed, block)
    rest = flat.rest_capability[target]
    for world in range(BLOCK_WORLDS):
        first, last = ptr[world], ptr[world + 1]
        if first == last:
            continue
        if last == first + 1 and single[ci[first]] >= 0.0:
            lost = single[ci[first]]
        else:
            lost, down = state_of(flat, work, ci[first:last], target, rule)
            if down:
                lost = 2.0
            if last == first + 1:
                single[ci[first]] = lost
        if lost <= 0.0:
            continue
        if lost == 2.0:
            counts[0] += 1
            counts[1] += 1
            continue
        if below_mbco_share(mbco, rest - lost):
            counts[1] += 1
        counts[2] += 1
        counts[3] += np.int64(lost * UNIT + 0.5)
        counts[4] += np.int64(lost * lost * UNIT + 0.5)


@inner
def below_mbco_share(mbco: float, left: float) -> bool:
    """Whether what is left falls short of the MBCO (NaN: there is none)."""
    return not np.isnan(mbco) and left < mbco


def sample_degradation(
    cut: Subestate,
    seed: int,
    first_block: int,
    last_block: int,
    forced: Sequence[int] | Array = (),
    threads: int = 1,
    rule: int = PRODUCT,
) -> Degradation:
    """Sample blocks first_block .. last_block - 1 of BLOCK_WORLDS worlds of the service of `cut`; `forced`: local positions
    always down.

    Each world by the scalar kernels of failure and capability, at the cost of what is down in it.

    Example by hand: S soft .5 on a with U = .2: degraded in a fifth of the worlds, `lost` close to .1, never down.
    """
    check_blocks(first_block, last_block)
    compiled, flat = cut.compiled, cut.compiled.flat
    everything = np.arange(len(compiled), dtype=np.int32)
    own = own_failures(compiled, everything, np.asarray(forced, np.int64))
    constant = (flat.flags & AT_REST_DOWN) != 0
    own = own._replace(unavailability=np.where(constant, 0.0, own.unavailability), forced=own.forced & ~constant)
    word, mbco = seed_word(seed), float(compiled.mbco_share[0])

    def run(blocks: range) -> Array:
        work, counts, single = marks(flat), np.zeros(5, np.int64), np.full(len(compiled), -1.0)
        for block in blocks:
            look()
            _block(flat, work, own, word, block, cut.target, mbco, rule, single, counts)
        return counts

    total = np.zeros(5, np.int64)
    if not flat.flags[cut.target] & AT_REST_DOWN:
        with ThreadPoolExecutor(threads) as pool:
            for part in pool.map(run, [range(first_block + t, last_block, threads) for t in range(threads)]):
                total += part
    down, out, degraded, units, squares = total.tolist()
    return Degradation(
        BLOCK_WORLDS * (last_block - first_block), down, out, degraded, units, squares, float(flat.rest_capability[cut.target]),
        int(np.isnan(compiled.unavailability).sum()),
    )  # fmt: skip
