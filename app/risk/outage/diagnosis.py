"""The probable cause of what is observed: the fewest failed providers that explain the failed set; reports may be missing or
false (model, "Probable cause").

Score of a set of causes C, with F(C) the exact failed set of C and O what is observed, as a difference of log likelihoods to "all
reports are false": |F & O| log((1 - m) / f) + |F - O| log(m) + sum over C of log(p). m: share of failed CIs that nobody reports;
f: probability of a false report, p: of a failure of this CI now, both for one CI. Single causes are ranked by it; the fewest
causes are found greedily, each the one that adds most. N CIs, O observed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.risk.graph.compiled import AT_REST_DOWN, CompiledGraph, Flat
from app.risk.jit import Array, Bools, Int32s, Int64s, kernel
from app.risk.jit.borrowed import borrowed
from app.risk.jit.clock import working_time
from app.risk.outage.failing import Marks, fail
from app.risk.outage.propagation import Workspace, workspace

MISSING, FALSE_REPORTS = 0.1, 0.05  # of the failed CIs nobody reports so many; of the reports so many are false
WINDOW_HOURS = 24.0  # p: that a CI fails within it
UNKNOWN_RATE = 0.1  # failures a year, of a CI whose rate nobody knows
HOURS_A_YEAR = 8766.0
BLOCK, LARGEST_BLOCK = 256, 16_384
MOST_CAUSES = 10
STEPS = 50_000_000  # needs that the search for candidates may walk over


@dataclass(frozen=True, slots=True)
class ProbableCause:
    """A CI whose outage explains `explained` of the observed CIs; `missing`: CIs that it takes down and nobody reports."""

    position: int
    score: float
    explained: int
    missing: int


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`ranked`: single causes, the best first. `fewest`: causes that together explain what is observed; `unexplained`: what none
    of them explains (int32): causes of their own, or false reports. `tried` of `candidates` CIs were examined."""

    ranked: Sequence[ProbableCause]
    fewest: Sequence[int]
    unexplained: Array
    tried: int
    candidates: int


@kernel
def _votes(flat: Flat, observed: Int32s, votes: Int32s, mark: Int32s, queue: Int32s, most: int) -> int:
    """Count for each CI how many of the observed CIs need it (themselves included); how many of these were walked from."""
    flat = borrowed(flat)
    steps = 0
    for i in range(len(observed)):
        if steps > most:
            return i
        queue[0] = observed[i]
        mark[observed[i]] = i + 1
        head, tail = 0, 1
        while head < tail:
            v = queue[head]
            head += 1
            votes[v] += 1
            for e in range(flat.reverse_ptr[v], flat.reverse_ptr[v + 1]):
                u = flat.reverse[e]
                if mark[u] != i + 1:
                    mark[u] = i + 1
                    queue[tail] = u
                    tail += 1
            for e in range(flat.member_ptr[flat.group_ptr[v]], flat.member_ptr[flat.group_ptr[v + 1]]):
                u = flat.member[e]
                if mark[u] != i + 1:
                    mark[u] = i + 1
                    queue[tail] = u
                    tail += 1
        steps += tail
    return len(observed)


@kernel
def _effects(flat: Flat, work: Marks, base: Int32s, candidates: Int32s, observed: Bools, hits: Int64s, sizes: Int64s) -> None:
    """Of each candidate, failed together with `base`: how many observed CIs fall, and how many CIs."""
    flat, work = borrowed(flat), borrowed(work)
    roots = np.empty(len(base) + 1, np.int32)
    roots[: len(base)] = base
    for i in range(len(candidates)):
        roots[len(base)] = candidates[i]
        count = fail(flat, work, roots)
        found = 0
        for k in range(count):
            if observed[work.queue[k]]:
                found += 1
        hits[i], sizes[i] = found, count


@dataclass(frozen=True, slots=True)
class _Weights:
    """What a report that is explained, one that is missing, and each cause weigh."""

    hit: float
    miss: float
    prior: Array  # float64[N]


def _weights(compiled: CompiledGraph, observed: int, missing: float, false: float) -> _Weights:
    rate = np.where(np.isnan(compiled.failures_per_year), UNKNOWN_RATE, compiled.failures_per_year)
    p = np.clip(rate * WINDOW_HOURS / HOURS_A_YEAR, 1e-9, 0.5)
    chance = min(max(false * observed / len(compiled), 1e-9), 0.5)
    return _Weights(float(np.log((1 - missing) / chance)), float(np.log(missing)), np.log(p))


def diagnose(
    compiled: CompiledGraph, observed: Sequence[int], limit: int = 10, missing: float = MISSING, false: float = FALSE_REPORTS,
    seconds: float = 2.0, space: Workspace | None = None, known: Sequence[int] = (),
) -> Diagnosis:  # fmt: skip
    """Rank the CIs whose outage explains that the CIs at `observed` are down, and name the fewest that explain them together.
    What the CIs `known` to be out (maintenance) take down needs no other cause.

    Candidates are what is observed and all that it needs, examined in the order of the most that each could explain, until none
    can come among the first `limit` any more or the time is over (then `tried` < `candidates`).

    Example by hand: A and B hard on P, C apart; A, B and C reported: P is the first cause (2 explained, itself missing), C is
    explained by C alone.
    """
    space = space or workspace(compiled)
    seen = np.unique(np.asarray(list(observed), np.int32))
    seen = seen[(compiled.flat.flags[seen] & AT_REST_DOWN) == 0]
    base = np.unique(np.asarray(list(known), np.int32))
    if len(base):
        fail(compiled.flat, space.work, base)
        seen = seen[space.work.stamp[seen] < space.work.epoch[0]]
    weights = _weights(compiled, len(seen), missing, false)
    until = working_time() + seconds
    search = _Search(compiled, space, weights, until)
    best, tried, candidates = search.best(seen, base, limit)
    fewest: list[int] = []
    left = seen
    gain = best[:1]
    while gain and len(left) and len(fewest) < MOST_CAUSES:
        fewest.append(gain[0].position)
        together = np.append(base, np.asarray(fewest, np.int32))
        fail(compiled.flat, space.work, together)
        left = left[space.work.stamp[left] < space.work.epoch[0]]
        if not len(left) or working_time() > until:
            break
        further, _, _ = search.best(left, together, 1)
        gain = [one for one in further if one.explained > 1]  # a report alone is a cause of its own or false: nobody can tell
    return Diagnosis(best, fewest, left, tried, candidates)


@dataclass(frozen=True, slots=True)
class _Search:
    compiled: CompiledGraph
    space: Workspace
    weights: _Weights
    until: float

    def best(self, seen: Array, base: Array, limit: int) -> tuple[list[ProbableCause], int, int]:
        """The best candidates that add to `base`, how many were examined, and of how many."""
        flat, work, weights = self.compiled.flat, self.space.work, self.weights
        votes = np.zeros(len(self.compiled), np.int32)
        queue, mark = np.empty(len(votes), np.int32), np.zeros(len(votes), np.int32)
        walked = _votes(flat, seen, votes, mark, queue, STEPS)
        candidates = np.flatnonzero((votes > 0) & ((flat.flags & AT_REST_DOWN) == 0)).astype(np.int32)
        candidates = np.setdiff1d(candidates, base)
        is_seen = np.zeros(len(votes), np.bool_)
        is_seen[seen] = True
        could = (votes[candidates] + (len(seen) - walked)) * weights.hit + weights.prior[candidates]
        could += np.where(is_seen[candidates], 0.0, weights.miss)
        order = np.lexsort((candidates, -could))
        candidates, could = candidates[order], could[order]
        fell = fail(flat, work, base)
        score = np.full(len(candidates), -np.inf)
        hits, sizes = np.zeros(len(candidates), np.int64), np.zeros(len(candidates), np.int64)
        tried, block = 0, BLOCK
        while tried < len(candidates) and working_time() < self.until:
            if tried >= limit and could[tried] < np.partition(score[:tried], -limit)[-limit]:
                tried = len(candidates)  # none of the others can come before these
                break
            part = slice(tried, min(tried + block, len(candidates)))
            _effects(flat, work, base, candidates[part], is_seen, hits[part], sizes[part])
            sizes[part] -= fell
            score[part] = hits[part] * weights.hit + (sizes[part] - hits[part]) * weights.miss + weights.prior[candidates[part]]
            tried, block = part.stop, min(2 * block, LARGEST_BLOCK)
        first = np.lexsort((candidates, -score))[:limit]
        ranked = [
            ProbableCause(int(candidates[k]), float(score[k]), int(hits[k]), int(sizes[k] - hits[k]))
            for k in first
            if hits[k] > 0
        ]
        return ranked, tried, len(candidates)
