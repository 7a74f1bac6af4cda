"""Who stops a service that no diagram can hold: for each CI P(it is down, and the service would be up but for it), sampled.

That is q_i B_i without bias (Birnbaum), so frequency and loss by initiating CI follow from it as they follow from the exact
engine. Single points need no sample: B_i = (1 - Q) / (1 - U_i). For the others the samples that told Q are drawn again, and in
each that fails each failed CI is repaired alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.risk.graph.compiled import Flat
from app.risk.graph.subestate import Subestate
from app.risk.jit import Array, Floats, Int32s, Int64, UInt64, inner, kernel
from app.risk.outage.failing import Marks, fail, marks
from app.risk.sampling.conditional import BLOCK_SAMPLES, DRAWS, Odds, draw_two, own_odds
from app.risk.sampling.cuts_found import Cuts, cuts_of, find_cuts
from app.risk.sampling.rare import rare_unavailability
from app.risk.sampling.stratified import STRATIFIED, TILTED_METHOD, Rare, split, stratified
from app.risk.sampling.streams import PAIRED, seed_word
from app.risk.sampling.tilted import FINAL, Mixture, densities, each_block, tilted, tilted_sample, trained

SOUGHT = 5_000  # CIs of a cone in which cuts are looked for one by one
PLENTY = 2_000  # failures among plain samples that tell who makes them


@dataclass(frozen=True, slots=True)
class Critical:
    """n CIs by local position that are no single points, P single points. `cuts`: minimal ones of the n, likeliest first, by
    number of the n."""

    rare: Rare
    position: Array  # int32[n]
    critical: Array  # float64[n] P(i is down, and the service is down and would be up with i alone restored)
    points: Array  # int32[P]
    cuts: Cuts


@inner
def restore_each(
    flat: Flat, work: Marks, odds: Odds, chosen: Int32s, target: int, weight: float, spare: Int32s, out: Floats
) -> None:
    """out[i] += weight for each of `chosen` without which the target works; chosen stops it."""
    for k in range(len(chosen)):
        kept = 0
        for j in range(len(chosen)):
            if j != k:
                spare[kept] = odds.position[chosen[j]]
                kept += 1
        fail(flat, work, spare[:kept])
        if work.stamp[target] < work.epoch[0]:
            out[chosen[k]] += weight


@kernel
def _plain(flat: Flat, work: Marks, odds: Odds, seed: UInt64, key: Int64, block: int, target: int) -> Array:
    """float64[n] of one block of stratified samples: how often each CI was critical."""
    out = np.zeros(len(odds.p))
    chosen, spare = np.empty(len(odds.p), np.int32), np.empty(len(odds.p), np.int32)
    for sample in range(BLOCK_SAMPLES):
        count = draw_two(odds, seed, key, PAIRED, block, sample * DRAWS, chosen)
        fail(flat, work, odds.position[chosen[:count]])
        if work.stamp[target] >= work.epoch[0]:
            restore_each(flat, work, odds, chosen[:count], target, 1.0, spare, out)
    return out


@kernel
def _steered(flat: Flat, work: Marks, mix: Mixture, seed: UInt64, key: Int64, block: int, target: int) -> Array:
    """float64[n] of one block of tilted samples: the weight with which each CI was critical."""
    n = len(mix.odds.p)
    out = np.zeros(n)
    chosen, spare, mark = np.empty(2 * n, np.int32), np.empty(2 * n, np.int32), np.zeros(n, np.bool_)
    inside, found = np.zeros(len(mix.cuts.p), np.int32), np.empty(len(mix.cuts.p), np.int32)
    for sample in range(BLOCK_SAMPLES):
        count, _ = tilted_sample(mix, seed, key, block, sample * DRAWS, chosen, mark)
        fail(flat, work, mix.odds.position[chosen[:count]])
        if work.stamp[target] >= work.epoch[0]:
            plain, heat, total, _ = densities(mix, chosen, count, inside, found)
            restore_each(flat, work, mix.odds, chosen[:count], target, 1.0 / (plain + heat + total), spare, out)
    return out


def _precise(cut: Subestate, seed: int, samples: int, threads: int) -> Rare:
    """As `rare_unavailability`, which is content where single points carry the interval: here the sampled part itself has to be
    told well."""
    plain = stratified(cut, seed, samples, threads=threads)
    if plain.method != STRATIFIED or (not plain.refused and plain.effective_samples >= PLENTY):
        return plain
    steered = tilted(cut, seed, samples, threads=threads)
    if not steered.refused and (plain.refused or steered.effective_samples > plain.effective_samples):
        return steered
    return plain


def critical(cut: Subestate, seed: int, samples: int = 65_536, threads: int = 1) -> Critical:
    """Q with its interval and who makes it; zeros where `rare` was refused or nothing had to be sampled. Same bits for any number
    of threads.

    Example by hand: 1 of a and b needed, U .1 each: every sample fails and both are critical in it: P = .01 each, B = .01 / .1 =
    .1.
    """
    flat, key, word = cut.compiled.flat, np.int64(cut.compiled.ci_id[cut.target]), seed_word(seed)
    part, odds = split(cut)
    rare = (
        _precise(cut, seed, samples, threads)
        if len(odds.p) <= SOUGHT
        else rare_unavailability(cut, seed, samples, threads=threads)
    )
    out, cuts = np.zeros(len(odds.p)), cuts_of(odds, {})
    blocks, scale = -(-samples // BLOCK_SAMPLES), 0.0
    if not rare.refused and rare.method == STRATIFIED:
        rows = each_block(
            flat, lambda work, block: _plain(flat, work, odds, word, key, block, cut.target), range(blocks), threads
        )
        out, scale = np.sum(rows, axis=0), odds.p_two
        if len(odds.p) <= SOUGHT:
            cuts, _ = find_cuts(flat, marks(flat), odds, word, key, cut.target)
    elif not rare.refused and rare.method == TILTED_METHOD:
        mix = trained(cut, odds, seed, threads)
        assert mix is not None  # it answered
        last = range(FINAL, FINAL + blocks)
        rows = each_block(flat, lambda work, block: _steered(flat, work, mix, word, key, block, cut.target), last, threads)
        out, scale, cuts = np.sum(rows, axis=0), 1.0, mix.cuts
    points = np.setdiff1d(own_odds(cut.compiled).position, odds.position).astype(np.int32)
    return Critical(rare, odds.position, out * (1.0 - part) * scale / (blocks * BLOCK_SAMPLES), points, cuts)
