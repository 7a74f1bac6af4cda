"""Needs that nobody stated, out of what failed together: a CI that went down when another did, though the model keeps it up.

Failures that begin within 15 minutes of each other are looked at together. One that follows, by the model, from the others of its
time is explained. For each that is not, what else failed then (and does not itself fail with it) is a candidate. The likeliest
one of each CI is taken as if it were stated, what it explains is set aside, and the rest is looked at again. F failures, N CIs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.risk.graph.compiled import CompiledGraph
from app.risk.jit import Array
from app.risk.measures.coincidence import by_chance, false_discoveries, time_near
from app.risk.outage.propagation import Workspace, outage, workspace

NEAR_SECONDS = 900  # a cascade shows within 15 minutes
MOST_FALSE = 0.05  # of what is proposed, the share that may be chance
CROWD = 1000  # CIs that begin to fail at one time: beyond, the hour says nothing of pairs
ROUNDS = 12
SECONDS = 2  # other providers of a CI that are shown behind all likeliest ones
RECORDED = (0.3, 0.95)  # bounds of the share of failures that come on record
LEADS = (0.5, 0.95)  # bounds of the share in which what is needed is seen to fail first


@dataclass(frozen=True, slots=True)
class Coincidence:
    """The CI at `dependent` failed `failures` times for no reason that is known, `together` of them with the one at `provider`,
    which failed `provider_failures` times in all; by chance `expected` times. `chance`: of so many or more; `false_share`: of all
    pairs that are as unlikely, the share that is chance. `score`: logarithm of how much likelier this is with the need than
    without it; `like_it` of the `of_class` CIs of the dependent's class need as many of the provider's class as it then would;
    `second`: another provider of this CI is likelier, by `behind` in score."""

    dependent: int
    provider: int
    together: int
    failures: int
    provider_failures: int
    expected: float
    chance: float
    false_share: float
    score: float
    like_it: int
    of_class: int
    second: bool = False
    behind: float = 0.0


@dataclass(frozen=True, slots=True)
class FailedTogether:
    """`pairs`: the most telling first; `failures`: all; `unexplained`: those of a time at which others failed too and did not
    cause them; `tests`: pairs of CIs that were held against chance; `crowded`: failures of crowded times, which were left out;
    `recorded_share`: of the failures that the known needs let expect, those on record."""

    pairs: Sequence[Coincidence]
    failures: int
    unexplained: int
    tests: int
    crowded: int
    recorded_share: float


def failed_together(
    compiled: CompiledGraph, at: Array, started: Array, ci_class: Array, space: Workspace | None = None, near: int = NEAR_SECONDS
) -> FailedTogether:
    """`at` int[F] positions, `started` float[F] unix seconds of failures (overlapping ones of one CI are one already), `ci_class`
    int[N].

    Example by hand: S is hard on a, and on b, which nobody stated; in 10,000 hours b fails twice and S both times with it, a
    once, and S with it. S's two failures are unexplained, both within 15 minutes of b: by chance a share of 2 x .5 h / 10,000 h
    of the time, twice: 1e-8.
    """
    order = np.lexsort((at, started))
    at, started = np.asarray(at)[order], np.asarray(started, np.float64)[order]
    if not len(at):
        return FailedTogether([], 0, 0, 0, 0, RECORDED[1])
    search = _Search(compiled, space or workspace(compiled), at, started, np.asarray(ci_class), near)
    first = search.look()
    found: list[Coincidence] = []
    look = first
    for _ in range(ROUNDS):
        fresh = search.likeliest(look)
        if not fresh:
            break
        found += fresh
        search.take(fresh)
        look = search.look()
    held = {(one.dependent, one.provider) for one in found}
    found += [one for one in search.seconds.values() if (one.dependent, one.provider) not in held]
    found.sort(key=lambda one: (one.second, one.behind, -one.score, one.dependent, one.provider))
    return FailedTogether(found, len(at), sum(map(len, first.partners.values())), first.tests, search.crowded, search.recorded)


@dataclass(frozen=True, slots=True)
class _Look:
    """What is unexplained: how often each CI failed so, and what else failed at those times. `tests`: pairs that it could be."""

    alone: dict[int, int]
    partners: dict[int, list[frozenset[int]]]
    tests: int


class _Search:
    def __init__(
        self, compiled: CompiledGraph, space: Workspace, at: Array, started: Array, ci_class: Array, near: int
    ) -> None:  # fmt: skip
        self._compiled, self._space, self._at, self._started, self._near = compiled, space, at, started, near
        self._taken: dict[int, set[int]] = {}  # provider -> dependents
        self._alone: dict[int, frozenset[int]] = {}
        self._class = ci_class
        times = np.split(np.arange(len(at)), np.flatnonzero(np.diff(started) > near) + 1)
        self._times = [rows for rows in times if len(set(at[rows].tolist())) <= CROWD]
        self.crowded = len(at) - sum(map(len, self._times))
        self._count = Counter(at.tolist())
        self._window = float(started[0]), float(started[-1])
        by_ci = np.argsort(at, kind="stable")
        places = np.concatenate([[0], np.cumsum(np.bincount(at, minlength=len(compiled)))])
        self._by_ci, self._places = started[by_ci], places
        self._of_class = Counter(self._class.tolist())
        self._held, self._so_many = self._known_needs()
        self.recorded, self.leads = self._of_known_needs()
        self._shares: dict[int, float] = {}
        self._met: dict[tuple[int, int], tuple[int, int, int]] = {}
        self.seconds: dict[tuple[int, int], Coincidence] = {}

    def _known_needs(self) -> tuple[Counter[tuple[int, int]], Counter[tuple[int, int, int]]]:
        """Returns how many needs each CI has on each class, and how many CIs of a class have so many or more on another."""
        flat = self._compiled.flat
        providers = np.repeat(np.arange(len(self._compiled)), np.diff(flat.forward_ptr))
        held = Counter(zip(flat.forward.tolist(), self._class[providers].tolist(), strict=True))
        so_many: Counter[tuple[int, int, int]] = Counter()
        for (x, ci_class), number in held.items():
            so_many.update((int(self._class[x]), ci_class, n) for n in range(1, number + 1))
        return held, so_many

    def _of_known_needs(self) -> tuple[float, float]:
        """Returns how often the direct dependents of what failed are on record as well, and how often they began later."""
        flat, seen, expected, after, before = self._compiled.flat, 1.0, 2.0, 1.0, 1.0
        for rows in self._times:
            began = dict(zip(self._at[rows][::-1].tolist(), self._started[rows][::-1].tolist(), strict=True))
            for u, start in began.items():
                dependents = flat.forward[flat.forward_ptr[u] : flat.forward_ptr[u + 1]].tolist()
                expected += len(dependents)
                both = [began[v] for v in dependents if v in began]
                seen += len(both)
                after += sum(one > start for one in both)
                before += sum(one < start for one in both)
        return min(max(seen / expected, RECORDED[0]), RECORDED[1]), min(max(after / (after + before), LEADS[0]), LEADS[1])

    def _spread(self, roots: list[int]) -> frozenset[int]:
        """Returns what fails with `roots`, over the needs that were taken as well."""
        failed = set(outage(self._compiled, roots, self._space).failed.tolist())
        while True:
            more = {v for u in failed & self._taken.keys() for v in self._taken[u]} - failed
            if not more:
                return frozenset(failed)
            failed |= set(outage(self._compiled, sorted(failed | more), self._space).failed.tolist())

    def _fails_with(self, position: int) -> frozenset[int]:
        if position not in self._alone:
            self._alone[position] = self._spread([position])
        return self._alone[position]

    def _unexplained(self, here: list[int]) -> set[int]:
        """Returns those of the CIs that fail at one time which do not follow from the others."""
        every = set(here)
        caused = {x for y in here for x in self._fails_with(y) & every if x != y}
        left = every - caused
        if len(here) > 2 and len(self._compiled.flat.group_kind):  # several together take what none of them does
            left = {x for x in left if x not in self._spread([y for y in here if y != x])}
        return left

    def look(self) -> _Look:
        alone: dict[int, int] = {}
        partners: dict[int, list[frozenset[int]]] = {}
        at, started = self._at, self._started
        for rows in self._times:
            here = sorted(set(at[rows].tolist()))
            left = self._unexplained(here)
            for row in rows.tolist():
                x = int(at[row])
                if x not in left:
                    continue
                alone[x] = alone.get(x, 0) + 1
                close = rows[np.abs(started[rows] - started[row]) <= self._near]
                met = frozenset(at[close].tolist()) - {x} - self._fails_with(x)
                if met:
                    partners.setdefault(x, []).append(met)
        return _Look(alone, partners, len(alone) * max(len(self._count) - 1, 0))

    def likeliest(self, look: _Look) -> list[Coincidence]:
        """Returns the likeliest provider of each CI; of CIs that would fail with one that is returned, none, nor any that hangs
        on one: they are looked at again."""
        counts = [
            (x, y, k) for x, mets in sorted(look.partners.items()) for y, k in sorted(Counter(p for m in mets for p in m).items())
        ]
        if not counts:
            return []
        near = np.asarray([self._share(y) for _, y, _ in counts])
        chances = by_chance(np.asarray([k for _, _, k in counts]), np.asarray([look.alone[x] for x, _, _ in counts]), near)
        false = false_discoveries(chances, look.tests)
        rated: dict[int, list[Coincidence]] = {}
        for (x, y, k), chance, wrong, share in zip(counts, chances.tolist(), false.tolist(), near.tolist(), strict=True):
            if wrong > MOST_FALSE:
                continue
            score, like, of = self._score(x, y, k, share)
            one = Coincidence(x, y, k, look.alone[x], self._count[y], look.alone[x] * share, chance, wrong, score, like, of)
            if score > 0:
                rated.setdefault(x, []).append(one)
        for those in rated.values():
            those.sort(key=lambda one: (-one.score, one.provider))
        chosen: list[Coincidence] = []
        below: set[int] = set()
        for one, *others in sorted(rated.values(), key=lambda those: (-those[0].score, those[0].dependent)):
            if one.dependent not in below and one.provider not in below:
                chosen.append(one)
                below |= self._fails_with(one.dependent)
                for other in others[:SECONDS]:
                    self.seconds[other.dependent, other.provider] = replace(other, second=True, behind=one.score - other.score)
        return chosen

    def _starts(self, position: int) -> Array:
        return self._by_ci[int(self._places[position]) : int(self._places[position + 1])]

    def _share(self, position: int) -> float:
        if position not in self._shares:
            self._shares[position] = time_near(self._starts(position), self._near, *self._window)
        return self._shares[position]

    def _score(self, x: int, y: int, together: int, share: float) -> tuple[float, int, int]:
        """Each failure of y is one of x with the share that comes on record, or by chance, and is seen before it as often as with
        needs that are known, or by chance in one of two; before, what CIs of the two classes have says how likely one more need
        is: of those that have as many, the share that has another."""
        r, of_x, of_y = self.recorded, int(self._class[x]), int(self._class[y])
        held = self._held[x, of_y]
        like, as_many = self._so_many[of_x, of_y, held + 1], self._so_many[of_x, of_y, held] if held else self._of_class[of_x]
        both, first, last = self._both(x, y)
        told = together * math.log(r / max(share, 1e-12)) + (self._count[y] - both) * math.log(1.0 - r)
        told += first * math.log(2.0 * self.leads) + last * math.log(2.0 * (1.0 - self.leads))
        return told + math.log((like + 0.1) / (as_many + 1.0) / max(self._of_class[of_y], 1)), like, self._of_class[of_x]

    def _both(self, x: int, y: int) -> tuple[int, int, int]:
        """Returns how many failures of y had one of x near, whatever explains it, and of them those before and after it."""
        if (x, y) not in self._met:
            own, other = self._starts(x), self._starts(y)
            low, high = np.searchsorted(own, other - self._near), np.searchsorted(own, other + self._near, "right")
            near = high > low
            nearest = own[low[near]]
            self._met[x, y] = int(near.sum()), int((other[near] < nearest).sum()), int((other[near] > nearest).sum())
        return self._met[x, y]

    def take(self, found: Sequence[Coincidence]) -> None:
        for one in found:
            self._taken.setdefault(one.provider, set()).add(one.dependent)
            self._held[one.dependent, int(self._class[one.provider])] += 1
        self._alone.clear()
