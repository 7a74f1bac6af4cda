"""Minimal cuts of a service, found by failing its cone at raised rates and repairing what is not needed for the failure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from app.risk.graph.compiled import Flat
from app.risk.jit import Array, Floats, Int32s, Int64, UInt64, inner, kernel
from app.risk.outage.failing import Marks, fail
from app.risk.sampling.conditional import BLOCK_SAMPLES, DRAWS, Odds, draw_two, odds_of
from app.risk.sampling.streams import TILTED

LISTED = 4096  # cuts kept, the likeliest
RUNGS = 12
PATIENCE = 32  # blocks a rung of the ladder may take to show no new cut
OFTEN = 64  # failures a block from a rung that is hot enough


class Cuts(NamedTuple):
    """K minimal cuts by numbers of an Odds, likeliest first."""

    ptr: Int32s  # int32[K+1]
    item: Int32s  # int32, ascending in each cut
    p: Floats  # float64[K] probability that all its CIs are down
    of_ptr: Int32s  # int32[n+1] CI -> cuts
    of: Int32s  # int32


@inner
def _down(flat: Flat, work: Marks, odds: Odds, chosen: Int32s, target: int) -> bool:
    fail(flat, work, odds.position[chosen])
    return work.stamp[target] >= work.epoch[0]  # type: ignore[no-any-return]


@inner
def reduced(flat: Flat, work: Marks, odds: Odds, chosen: Int32s, target: int) -> Array:
    """A minimal cut inside the failure `chosen`: what the failure survives without is taken out, the least likely CI first.

    Example by hand: 1 of a and b needed, a, b, c down: c is taken out, a and b are the cut.
    """
    kept = chosen.copy()
    size = len(kept)
    for at in np.argsort(odds.p[chosen], kind="mergesort"):
        without = kept[:size][kept[:size] != chosen[at]]
        if _down(flat, work, odds, without, target):
            size = len(without)
            kept[:size] = without
    return kept[:size].copy()


@inner
def cut_inside(cuts: Cuts, chosen: Int32s, inside: Int32s) -> bool:
    """Whether a known cut lies in `chosen`. `inside`: int32[K] zeros, and zeros again afterwards.

    Example by hand: the cut {0, 2} lies in {0, 1, 2}, not in {0, 1}.
    """
    answer = False
    for i in chosen:
        for e in range(cuts.of_ptr[i], cuts.of_ptr[i + 1]):
            c = cuts.of[e]
            inside[c] += 1
            answer |= inside[c] == cuts.ptr[c + 1] - cuts.ptr[c]
    for i in chosen:
        for e in range(cuts.of_ptr[i], cuts.of_ptr[i + 1]):
            inside[cuts.of[e]] = 0
    return answer


@kernel
def _failures(
    flat: Flat, work: Marks, odds: Odds, known: Cuts, seed: UInt64, key: Int64, block: int, target: int, ptr: Int32s, item: Int32s
) -> tuple[int, int]:
    """Samples of one block that stop the target: how many, and how many hold no known cut; the cuts of these in ptr, item."""
    chosen, inside = np.empty(len(odds.p), np.int32), np.zeros(len(known.p), np.int32)
    failed, found = 0, 0
    for sample in range(BLOCK_SAMPLES):
        count = draw_two(odds, seed, key, TILTED, block, sample * DRAWS, chosen)
        if not _down(flat, work, odds, chosen[:count], target):
            continue
        failed += 1
        if not cut_inside(known, chosen[:count], inside):
            cut = reduced(flat, work, odds, chosen[:count], target)
            if ptr[found] + len(cut) > len(item):
                break
            item[ptr[found] : ptr[found] + len(cut)] = cut
            found += 1
            ptr[found] = ptr[found - 1] + len(cut)
    return failed, found


def heated(odds: Odds, expected: float) -> Odds:
    """The same CIs at rates raised alike, -ln(1 - p) theta-fold, so that their sum is `expected` (never below what it was).

    Example by hand: two CIs with p = .01, 2 expected: -ln(1 - p) = 1 each, p = .632.
    """
    theta = max(1.0, expected / -float(odds.log_none[-1]))
    return odds_of(odds.position, np.minimum(-np.expm1(theta * np.log1p(-odds.p)), 1.0 - 1e-9))


def find_cuts(flat: Flat, work: Marks, odds: Odds, seed: Any, key: Any, target: int) -> tuple[Cuts, Odds | None]:
    """Cuts from a ladder of ever hotter rates, and the rung to sample at for cuts not found (None: no failure at any rate).

    A rung is left when a block of it shows no failure without a known cut. The last is the second that fails often: longer cuts
    show only there; the one to sample at is the first that does.
    """
    cuts, known = dict[tuple[int, ...], float](), cuts_of(odds, {})
    hot: Odds | None = None
    often = 0
    ptr, item = np.zeros(BLOCK_SAMPLES + 1, np.int32), np.empty(BLOCK_SAMPLES * 64, np.int32)
    for rung in range(RUNGS):
        warm = heated(odds, 2.0 ** (rung + 1))
        for block in range(PATIENCE):
            failed, found = _failures(flat, work, warm, known, seed, key, rung * PATIENCE + block, target, ptr, item)
            if not found or len(known.p) == LISTED:
                break
            fresh = {tuple(np.sort(item[ptr[k] : ptr[k + 1]]).tolist()) for k in range(found)} - cuts.keys()
            cuts.update((cut, float(np.prod(odds.p[list(cut)]))) for cut in fresh)
            known = cuts_of(odds, cuts)
        if failed and not often:
            hot = warm
        often += failed >= OFTEN
        if often == 2 or float(warm.p.min()) > 0.5:
            break
    return known, hot


def cuts_of(odds: Odds, chance: Mapping[tuple[int, ...], float]) -> Cuts:
    """The likeliest LISTED of cuts, each with the chance that all of it is down.

    Example by hand: a and b with U = .1: one cut, p = .01.
    """
    order = sorted(chance, key=lambda cut: (-chance[cut], cut))[:LISTED]
    ptr = np.zeros(len(order) + 1, np.int32)
    np.cumsum([len(cut) for cut in order], out=ptr[1:])
    item = np.asarray([i for cut in order for i in cut], np.int32)
    number = np.repeat(np.arange(len(order), dtype=np.int32), np.diff(ptr))
    by_ci = np.lexsort((number, item))
    of_ptr = np.zeros(len(odds.p) + 1, np.int32)
    np.cumsum(np.bincount(item, minlength=len(odds.p)), out=of_ptr[1:])
    return Cuts(ptr, item, np.asarray([chance[cut] for cut in order], np.float64), of_ptr, number[by_ci])
