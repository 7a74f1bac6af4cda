"""Unavailability of one service by what fails in its cone (model 1.9): no failure contributes nothing; any failure of a single
point is exact, alone or with others, P(A) = 1 - prod(1 - U) over its single points; without one of those a single failure does
nothing, and two and more of the other CIs are sampled given that there are two: Q = P(A) + (1 - P(A)) P(N >= 2) P(down | N >=
2)."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from app.risk.graph.compiled import AT_REST_DOWN, Flat
from app.risk.graph.subestate import Subestate
from app.risk.jit import Array, Int64, UInt64, kernel
from app.risk.jit.clock import look
from app.risk.measures.reliability import union_probability
from app.risk.outage.failing import Marks, fail, marks
from app.risk.sampling.conditional import BLOCK_SAMPLES, DRAWS, Odds, draw_two, odds_of, own_odds
from app.risk.sampling.intervals import Interval, clopper_pearson
from app.risk.sampling.streams import PAIRED, seed_word

ENOUGH = 100.0  # effective samples below which no number is given
FEW_SAMPLES, NO_FAILURE = "effective_samples_below_100", "no_failure_found"
EXACT, STRATIFIED, TILTED_METHOD = "exact", "stratified", "tilted"


@dataclass(frozen=True, slots=True)
class Rare:
    """P(service down) of one service, or why there is none. `refused`: a code, and then probability and interval are NaN."""

    probability: float
    interval: Interval
    exact_part: float  # some single point is down
    sampled_part: float  # none is, and two and more of the other CIs stop it together
    samples: int
    effective_samples: float
    method: str
    unknown: int  # CIs of the cone whose unavailability nobody knows: they never fail here
    refused: str = ""
    uncut_share: float = 0.0  # of the sampled part: failures that hold none of the cuts that were found


@kernel
def _stops(flat: Flat, work: Marks, odds: Odds, target: int) -> Array:
    """bool[n]: the CI stops the target alone."""
    root = np.empty(1, np.int32)
    out = np.zeros(len(odds.p), np.bool_)
    for i in range(len(odds.p)):
        root[0] = odds.position[i]
        fail(flat, work, root)
        out[i] = work.stamp[target] >= work.epoch[0]
    return out


@kernel
def _hits(flat: Flat, work: Marks, odds: Odds, seed: UInt64, key: Int64, block: int, target: int) -> int:
    """Of a block of samples with at least two failures those that stop the target."""
    chosen = np.empty(len(odds.p), np.int32)
    hits = 0
    for sample in range(BLOCK_SAMPLES):
        count = draw_two(odds, seed, key, PAIRED, block, sample * DRAWS, chosen)
        fail(flat, work, odds.position[chosen[:count]])
        if work.stamp[target] >= work.epoch[0]:
            hits += 1
    return hits


def split(cut: Subestate) -> tuple[float, Odds]:
    """P(some single point of the service down), and the odds of the other CIs.

    Example by hand: S hard on a and b, U .1 and .2, and 1 of c and d: 1 - .9 * .8 = .28, c and d are left.
    """
    flat, odds = cut.compiled.flat, own_odds(cut.compiled)
    stops = np.asarray(_stops(flat, marks(flat), odds, cut.target), np.bool_)
    return abs(union_probability(odds.p[stops])), odds_of(odds.position[~stops], odds.p[~stops])


def settled(cut: Subestate, part: float, odds: Odds) -> Rare | None:
    """The answer where nothing has to be sampled: down at rest, or the other CIs do not stop it even all together (failure is
    monotone).

    Example by hand: S hard on a, soft on b and c: no failure of b and c stops it, U of a is the whole answer.
    """
    flat, work = cut.compiled.flat, marks(cut.compiled.flat)
    down = bool(flat.flags[cut.target] & AT_REST_DOWN)
    if not down and len(odds.p) >= 2:
        fail(flat, work, odds.position)
        if work.stamp[cut.target] >= work.epoch[0]:
            return None
    part = 1.0 if down else part
    return Rare(part, Interval(part, part), part, 0.0, 0, 0.0, EXACT, unknown_of(cut))


def unknown_of(cut: Subestate) -> int:
    """CIs of the cone whose unavailability nobody knows."""
    return int(np.isnan(cut.compiled.unavailability).sum())


def refusal(cut: Subestate, part: float, samples: int, effective: float, method: str, reason: str) -> Rare:
    """No number, and why."""
    none = Interval(math.nan, math.nan)
    return Rare(math.nan, none, part, math.nan, samples, effective, method, unknown_of(cut), reason)


def stratified(cut: Subestate, seed: int, samples: int = 65_536, level: float = 0.95, threads: int = 1) -> Rare:
    """Q_s = exact part + P(N >= 2) * share of samples down, with the Clopper-Pearson interval of the share; `samples` is rounded
    up to blocks.

    Independent CIs in steady state. Refused below 100 effective samples (here: hits), whatever the exact part carries. Same bits
    for any number of threads.

    Example by hand: 1 of a and b needed, U .1 each: N >= 2 is a and b both down, every sample hits: .01 exactly.
    """
    flat = cut.compiled.flat
    part, odds = split(cut)
    ready = settled(cut, part, odds)
    if ready is not None:
        return ready
    key, word = np.int64(cut.compiled.ci_id[cut.target]), seed_word(seed)
    blocks = -(-samples // BLOCK_SAMPLES)

    def run(mine: range) -> int:
        work, hits = marks(flat), 0
        for block in mine:
            look()
            hits += _hits(flat, work, odds, word, key, block, cut.target)
        return hits

    with ThreadPoolExecutor(threads) as pool:
        hits = sum(pool.map(run, [range(t, blocks, threads) for t in range(threads)]))
    drawn, scale = blocks * BLOCK_SAMPLES, (1.0 - part) * odds.p_two
    low, high = (float(x) for x in clopper_pearson(np.asarray(hits), np.asarray(drawn), level))
    rest = scale * hits / drawn
    if hits < ENOUGH:
        return refusal(cut, part, drawn, float(hits), STRATIFIED, FEW_SAMPLES if hits else NO_FAILURE)
    bounds = Interval(part + scale * low, part + scale * high)
    return Rare(part + rest, bounds, part, rest, drawn, float(hits), STRATIFIED, unknown_of(cut))
