"""What stands in for the exact engine beyond its budget: Q, Birnbaum importance and the likeliest cut sets of one service, by
sampling.

It has the shape of the exact answer, so that stops, losses and their shares by initiating CI are computed from it in the same
way; each number that comes of it is simulated, with the interval of Q. What is certain binds it: Q stays between the engine's two
bounds.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.risk.exact.answers.service import CutSet, ServiceExact
from app.risk.graph.compiled import CompiledGraph
from app.risk.graph.subestate import subestate_of
from app.risk.jit import Array
from app.risk.sampling.critical import Critical, critical

SAMPLES = 65_536
PAIRED = 200  # cut sets of which pairs are looked at
SIMULATED = "simulated"


@dataclass(frozen=True, slots=True)
class SampledService:
    """`answer`: as the exact engine's, its method "simulated". `low`, `high`: 95 % interval of Q. `single`: bool[E] of answer's
    events: a single point."""

    answer: ServiceExact
    low: float
    high: float
    single: Array
    samples: int
    how: str  # exact (nothing had to be sampled), stratified, tilted, refused


def sampled_service(
    compiled: CompiledGraph, bounded: ServiceExact, seed: int, most: int, samples: int = SAMPLES, threads: int = 1
) -> SampledService:
    """Sample the service of a bounded answer; `most`: how many cut sets to list. Same bits for any number of threads.

    Where too few samples fail to tell, Q is what its single points make and the certain upper bound is the interval's.

    Example by hand: S hard on d (U .01), and 1 of a and b (.1 each) needed: Q = .01 + .99 * .01 = .0199, B_d = .99, B_a = .99 *
    .1.
    """
    cut = subestate_of(compiled, bounded.target)
    found = critical(cut, seed, samples, threads)
    rare = found.rare
    refused = bool(rare.refused)
    ends = (rare.exact_part, rare.exact_part, bounded.q_high) if refused else (rare.probability, *rare.interval)
    q, low, high = (min(max(edge, bounded.q_low), bounded.q_high) for edge in ends)
    single = np.isin(bounded.position, cut.positions[found.points])
    points = np.flatnonzero(single).tolist()
    made = np.zeros(len(cut.positions))
    made[found.position] = found.critical  # what is only softly needed is in the cut-out too, and never critical
    birnbaum = np.minimum(1.0, made[cut.local(bounded.position)] / bounded.event_q)
    birnbaum[points] = (1.0 - q) / (1.0 - bounded.event_q[points])
    answer = replace(
        bounded,
        method=SIMULATED,
        q=q,
        birnbaum=birnbaum,
        cut_sets=_listed(bounded, found, points, cut.positions, most),
        missing=(),
    )
    return SampledService(answer, low, high, single, rare.samples, "refused" if refused else rare.method)


def _listed(bounded: ServiceExact, found: Critical, points: list[int], positions: Array, most: int) -> tuple[CutSet, ...]:
    """Single points and the cuts that were found, the most probable first."""
    rows = [CutSet(float(bounded.event_q[k]), (int(bounded.position[k]),)) for k in points]
    at = positions[found.position]
    for k in range(len(found.cuts.p)):
        members = at[found.cuts.item[int(found.cuts.ptr[k]) : int(found.cuts.ptr[k + 1])]]
        rows.append(CutSet(float(found.cuts.p[k]), tuple(sorted(members.tolist()))))
    return tuple(sorted(rows, key=lambda row: (-row.probability, len(row.position), row.position))[:most])


def any_at_least(cuts: Sequence[CutSet], q: Mapping[int, float]) -> float:
    """A lower bound of P(some of these minimal cut sets has occurred), q by position: single ones exactly, of the others that
    hold none of those the sum less that of pairs (Bonferroni), or the largest.

    Example by hand: {d} .01, {a, b} .01: .01 + .99 * .01 = .0199.
    """
    single = 1.0 - math.prod(1.0 - cut.probability for cut in cuts if len(cut.position) == 1)
    others = [frozenset(cut.position) for cut in cuts if len(cut.position) > 1][:PAIRED]
    chance = [math.prod(q[p] for p in members) for members in others]
    pairs = (math.prod(q[p] for p in one | other) for one, other in itertools.combinations(others, 2))
    return single + (1.0 - single) * max(0.0, *chance, sum(chance) - math.fsum(pairs)) if others else single


def share_of_interval(sampled: SampledService, total: float, of_single: float) -> tuple[float, float]:
    """How far below and above `total` (a year, of all stops) the ends of the interval of Q lie; `of_single`: what single points
    make of it.

    What combinations make goes with their part of Q. Example by hand: 10 of which combinations make 4, their part of Q .001, Q
    .002 (.0018, .0022): .8 below, .8 above.
    """
    q = sampled.answer.q
    part = float(-np.expm1(np.log1p(-sampled.answer.event_q[sampled.single]).sum()))
    rest = q - part
    per_q = (total - of_single) / rest if rest > 0.0 else (total / q if q > 0.0 else 0.0)
    if math.isnan(per_q):
        return math.nan, math.nan
    return (q - sampled.low) * per_q, (sampled.high - q) * per_q
