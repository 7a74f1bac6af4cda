"""Unavailability of one service where failures are too rare for plain sampling: importance sampling tilted to its leading cuts
(model 1.9).

The samples come from a mixture: the cone as it is given two failures, the cone at raised rates, and for each cut found the cone
with the cut's CIs down. Its shares follow from the cross-entropy method (Rubinstein, Kroese 2004): each component's part of the
failures' weight, twice. A sample with failures x weighs w = 1 / (a_0 [N >= 2] / P(N >= 2) + b h(x) / f(x) + sum of a_k / P(cut k)
over the cuts inside x), so CIs that lie in no cut never add to the spread of the weights, however large the cone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np

from app.risk.graph.compiled import Flat
from app.risk.graph.subestate import Subestate
from app.risk.jit import Array, Bools, Floats, Int32s, Int64, UInt64, inner, kernel
from app.risk.jit.clock import look
from app.risk.outage.failing import Marks, fail, marks
from app.risk.sampling.conditional import BLOCK_SAMPLES, DRAWS, Odds, draw_more, draw_two, uniform
from app.risk.sampling.cuts_found import Cuts, find_cuts
from app.risk.sampling.intervals import Interval, z_value, zero_hits_limit
from app.risk.sampling.stratified import ENOUGH, FEW_SAMPLES, NO_FAILURE, TILTED_METHOD, Rare, refusal, settled, split, unknown_of
from app.risk.sampling.streams import TILTED, seed_word

T = TypeVar("T")
DEFENSIVE = 0.1  # share that the cone as it is, and the heated one, keep
TRAINED = 8  # blocks a round of cross-entropy
PILOT, FINAL = 2**16, 2**20  # first blocks of the rounds and of the estimate


class Mixture(NamedTuple):
    """`share`: cumulated shares of the components: as it is, heated, then each cut."""

    odds: Odds
    hot: Odds
    cuts: Cuts
    share: Floats  # float64[K+2]
    logit: Floats  # float64[n] ln of the factor by which heating raises the odds
    tilt: float  # ln of h(x) P(N >= 2, heated) / f(x) for no failure at all


def _mixture(odds: Odds, hot: Odds, cuts: Cuts, weight: Array) -> Mixture:
    share = np.cumsum(weight / weight.sum())
    share[-1] = 1.0
    logit = np.log(hot.p) - np.log1p(-hot.p) - np.log(odds.p) + np.log1p(-odds.p)
    return Mixture(odds, hot, cuts, share, logit, float(hot.log_none[-1] - odds.log_none[-1]))


@inner
def tilted_sample(mix: Mixture, seed: UInt64, key: Int64, block: int, base: int, chosen: Int32s, mark: Bools) -> tuple[int, int]:
    """Failures (numbers) of one sample in chosen: how many, and by which component. `mark`: bool[n] all False, and so again
    afterwards."""
    component = int(np.searchsorted(mix.share, uniform(seed, key, TILTED, block, base)))
    if component == 0:
        count = draw_two(mix.odds, seed, key, TILTED, block, base + 1, chosen)
    elif component == 1:
        count = draw_two(mix.hot, seed, key, TILTED, block, base + 1, chosen)
    else:
        count = 0
        for e in range(mix.cuts.ptr[component - 2], mix.cuts.ptr[component - 1]):
            chosen[count] = mix.cuts.item[e]
            mark[chosen[count]] = True
            count += 1
        forced = count
        count = draw_more(mix.odds, seed, key, TILTED, block, base + 1, -1, chosen, count)
        kept = forced
        for k in range(forced, count):
            if not mark[chosen[k]]:
                chosen[kept] = chosen[k]
                kept += 1
        count = kept
        for k in range(forced):
            mark[chosen[k]] = False
    return count, component


@inner
def densities(mix: Mixture, chosen: Int32s, count: int, inside: Int32s, found: Int32s) -> tuple[float, float, float, int]:
    """(as it is, heated, all cuts) parts of g(x) / f(x), and how many cuts lie inside, their numbers in `found`. `inside`:
    int32[K] zeros."""
    shares = mix.share
    plain = shares[0] / mix.odds.p_two
    heat = mix.tilt
    cuts, total = 0, 0.0
    for k in range(count):
        i = chosen[k]
        heat += mix.logit[i]
        for e in range(mix.cuts.of_ptr[i], mix.cuts.of_ptr[i + 1]):
            c = mix.cuts.of[e]
            inside[c] += 1
            if inside[c] == mix.cuts.ptr[c + 1] - mix.cuts.ptr[c]:
                total += (shares[c + 2] - shares[c + 1]) / mix.cuts.p[c]
                found[cuts] = c
                cuts += 1
    for k in range(count):
        for e in range(mix.cuts.of_ptr[chosen[k]], mix.cuts.of_ptr[chosen[k] + 1]):
            inside[mix.cuts.of[e]] = 0
    return plain, (shares[1] - shares[0]) * math.exp(heat) / mix.hot.p_two, total, cuts


@kernel
def _weigh(flat: Flat, work: Marks, mix: Mixture, seed: UInt64, key: Int64, block: int, target: int) -> tuple[Array, Array]:
    """Of one block: float64[6] sum of weights of failures, of their squares, their number, their number from the heated
    component, the weight and the number of failures without any cut inside; and float64[K+2], the weight by component that would
    have drawn them."""
    n = len(mix.odds.p)
    chosen, mark = np.empty(2 * n, np.int32), np.zeros(n, np.bool_)
    inside, found = np.zeros(len(mix.cuts.p), np.int32), np.empty(len(mix.cuts.p), np.int32)
    out, duty = np.zeros(6), np.zeros(len(mix.share))
    for sample in range(BLOCK_SAMPLES):
        count, component = tilted_sample(mix, seed, key, block, sample * DRAWS, chosen, mark)
        fail(flat, work, mix.odds.position[chosen[:count]])
        if work.stamp[target] < work.epoch[0]:
            continue
        plain, heat, total, cuts = densities(mix, chosen, count, inside, found)
        weight = 1.0 / (plain + heat + total)
        out[0] += weight
        out[1] += weight * weight
        out[2] += 1.0
        out[3] += component == 1
        if cuts == 0:
            out[4] += weight
            out[5] += 1.0
        duty[0] += weight * weight * plain
        duty[1] += weight * weight * heat
        for k in range(cuts):
            c = found[k]
            duty[c + 2] += weight * weight * (mix.share[c + 2] - mix.share[c + 1]) / mix.cuts.p[c]
    return out, duty


def each_block(flat: Flat, one: Callable[[Marks, int], T], blocks: range, threads: int) -> list[T]:
    """What `one` makes of every block, in their order whatever the threads."""

    def some(mine: range) -> list[T]:
        work, made = marks(flat), list[T]()
        for block in mine:
            look()
            made.append(one(work, block))
        return made

    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(some, [blocks[t::threads] for t in range(threads)]))
    return [parts[k % threads][k // threads] for k in range(len(blocks))]


def trained(cut: Subestate, odds: Odds, seed: int, threads: int = 1) -> Mixture | None:
    """The mixture for a service without its single points, its shares by two rounds of cross-entropy; None: no failure at any
    rate.

    Example by hand: 1 of a and b needed: one cut; its component gets all but the shares that are always kept.
    """
    flat, key, word = cut.compiled.flat, np.int64(cut.compiled.ci_id[cut.target]), seed_word(seed)
    cuts, hot = find_cuts(flat, marks(flat), odds, word, key, cut.target)
    if hot is None:
        return None
    weight = np.concatenate([[DEFENSIVE, DEFENSIVE], (1.0 - 2.0 * DEFENSIVE) * cuts.p / max(cuts.p.sum(), 1e-300)])
    for first in (PILOT, PILOT + TRAINED):
        sums, duty = _summed(cut, _mixture(odds, hot, cuts, weight), seed, range(first, first + TRAINED), threads)
        if sums[0] > 0.0:
            share = duty / duty.sum()
            weight = np.concatenate([np.maximum(share[:2], DEFENSIVE), np.maximum(share[2:], 1e-3 / max(len(cuts.p), 1))])
    return _mixture(odds, hot, cuts, weight)


def _summed(cut: Subestate, mix: Mixture, seed: int, blocks: range, threads: int) -> tuple[Array, Array]:
    flat, key, word = cut.compiled.flat, np.int64(cut.compiled.ci_id[cut.target]), seed_word(seed)
    rows = each_block(flat, lambda work, block: _weigh(flat, work, mix, word, key, block, cut.target), blocks, threads)
    return np.sum([one[0] for one in rows], axis=0), np.sum([one[1] for one in rows], axis=0)


def tilted(cut: Subestate, seed: int, samples: int = 65_536, level: float = 0.95, threads: int = 1) -> Rare:
    """Q_s = exact part (its single points) + importance sampling of two and more of the other CIs, with a normal interval;
    `samples` is rounded up to blocks.

    Unbiased for any mixture: the cuts steer it, they need not be all. Effective samples (sum w)^2 / sum w^2 over the failures;
    refused below 100, or where no failure was found at any rate. Cuts that nobody found are a risk that weights cannot show: of
    the failures drawn at raised rates none held an unknown one, so the upper bound is raised by the rule of three of their
    number. Same bits for any number of threads.

    Example by hand: 1 of a, b and c needed, U = 1e-6 each: every sample of the cut {a, b, c} fails, 1e-18.
    """
    part, odds = split(cut)
    ready = settled(cut, part, odds)
    if ready is not None:
        return ready
    mix = trained(cut, odds, seed, threads)
    if mix is None:
        return refusal(cut, part, 0, 0.0, TILTED_METHOD, NO_FAILURE)
    blocks = -(-samples // BLOCK_SAMPLES)
    sums, _ = _summed(cut, mix, seed, range(FINAL, FINAL + blocks), threads)
    drawn = blocks * BLOCK_SAMPLES
    total, squares, _, heated, uncut, strays = (float(x) for x in sums)
    effective = total * total / squares if squares > 0.0 else 0.0
    if effective < ENOUGH:
        return refusal(cut, part, drawn, effective, TILTED_METHOD, FEW_SAMPLES if total else NO_FAILURE)
    mean = (1.0 - part) * total / drawn
    half = z_value(level) * (1.0 - part) * math.sqrt(max(squares / drawn - (total / drawn) ** 2, 0.0) / drawn)
    unseen = 0.0 if strays else mean * zero_hits_limit(heated, level)
    bounds = Interval(part + max(mean - half, 0.0), min(part + mean + half + unseen, 1.0))
    return Rare(part + mean, bounds, part, mean, drawn, effective, TILTED_METHOD, unknown_of(cut), "", uncut / total)
