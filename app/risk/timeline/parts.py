"""Which ways the failovers go must be played so that what becomes of every CI is known exactly (model 1.10).

A switch matters only to what leans on its group's dependent. So a CI's story depends on few switches (its set), whatever all
others do, and one play that decides the switches of many sets at once serves them all: instead of every way in which all switches
go together, about as many plays are made as the largest set has ways. `together` says how the sets combine, for joint figures.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol, TypeVar

import numpy as np

from app.risk.graph.compiled import Flat
from app.risk.graph.dependents import all_dependents
from app.risk.graph.needs import needed_by
from app.risk.graph.ragged import ascending, spans
from app.risk.jit import Array, Int32s, Int64, kernel
from app.risk.jit.borrowed import borrowed
from app.risk.jit.clock import look
from app.risk.outage.failing import Marks, fail
from app.risk.outage.failover import Failovers
from app.risk.outage.failover_outcomes import is_active, stands

Fails = frozenset[tuple[int, int]]  # (step, group) of the switches that fail; every other one works
NO_FAILS: Fails = frozenset()
Groups = frozenset[int]
MOST_REACHED = 20_000_000  # CIs above all switches together
MOST_SETS = 1_000
MOST_TANGLED = 3
DRAWN = 1024  # ways in which all switches go together: so many are listed, or drawn where there are more


class Asked(NamedTuple):
    """A switch that was asked and might have gone otherwise, with the probability that it went as it did."""

    step: int
    group: int
    fails: bool
    probability: float


class Play(Protocol):
    """What a play of the whole scenario says of its switches, in the order in which they were asked."""

    asked: list[Asked]
    counted: list[int]  # groups whose switch interrupts or leaves its dependent down


P = TypeVar("P", bound=Play)


class Way(NamedTuple):
    """One way in which the switches of a set go: the play that shows it, and its probability."""

    play: int
    probability: float
    fails: Fails


class Ends(NamedTuple):
    """What else must be played where the sets are those of services alone, for the latest return of all CIs and the rings outside
    of the cone. A CI is back the later the more switches fail, where their failure does not change whether others are asked: so
    `alone` fail together, with every way of those that are tangled."""

    alone: Fails
    tangled: Groups


@dataclass(frozen=True, slots=True)
class Parts:
    """The sets of switches of an estate under a scenario."""

    of_service: Array  # int64[S] place in `sets`
    sets: Sequence[Groups]  # the first is empty
    rings: Sequence[Groups]  # switches that may change whether others are asked; they are independent of those of other rings
    largest: Sequence[Groups]  # sets and rings in `cone` that no other one holds
    cone: Array  # int32, ascending: what the CIs of the sets are and all that they need
    ends: Ends | None = None  # None: the sets are those of all CIs, and so know the latest return of each


@kernel
def _may_be_asked(flat: Flat, failovers: Failovers, work: Marks, roots: Int32s, groups: Int32s, once: bool) -> Array:
    """Return bool[len(groups)]: an active member of the group is down when the dependents of all `groups` are, beside `roots`;
    and where all happens at once, enough of its members stand that of `roots` alone."""
    flat, failovers, work = borrowed(flat), borrowed(failovers), borrowed(work)
    out = np.ones(len(groups), np.bool_)
    if once:
        fail(flat, work, roots)
        for i in range(len(groups)):
            out[i] = stands(flat, work, groups[i])
    count = len(roots)
    down = np.empty(count + len(groups), np.int32)
    down[:count] = roots
    for i in range(len(groups)):
        if out[i]:
            down[count] = flat.group_dependent[groups[i]]
            count += 1
    fail(flat, work, down[:count])
    for i in range(len(groups)):
        g, hit = groups[i], False
        for e in range(flat.member_ptr[g], flat.member_ptr[g + 1]):
            u = flat.member[e]
            hit |= work.stamp[u] == work.epoch[0] and is_active(flat, g, u)
        out[i] &= hit
    return out


@kernel
def _above(flat: Flat, groups: Int32s, most: int) -> tuple[Array, Array]:
    """Return all that leans on the dependent of each group, these among them: ptr and positions; cut off beyond `most`."""
    flat = borrowed(flat)
    queue, seen = np.empty(len(flat.flags), np.int32), np.zeros(len(flat.flags), np.bool_)
    ptr = np.zeros(len(groups) + 1, np.int64)
    found = np.empty(1024, np.int32)
    size = 0
    for i in range(len(groups)):
        queue[0] = flat.group_dependent[groups[i]]
        seen[queue[0]] = True
        tail = all_dependents(flat, queue, 1, seen, 0, 0)
        if size + tail > len(found):
            grown = np.empty(2 * (size + tail), np.int32)
            grown[:size] = found[:size]
            found = grown
        for k in range(tail):
            seen[queue[k]] = False
            found[size + k] = queue[k]
        size += tail
        ptr[i + 1] = size
        if size > most:
            break
    return ptr, found[:size]


def parts_of(flat: Flat, failovers: Failovers, work: Marks, roots: Array, once: bool) -> Parts | None:
    """Return the sets of switches that the outage of `roots` may ask (`once`: all of them fail at one time), None where there are
    too many to tell them apart.

    Example by hand: S needs one of a and b, T one of c and d, a and c fail: the sets are {}, {group of S}, {group of T}.
    """
    groups = np.flatnonzero(failovers.switches).astype(np.int32)
    groups = groups[_may_be_asked(flat, failovers, work, roots, groups, once)]
    is_open = (failovers.success[groups] > 0.0) & (failovers.success[groups] < 1.0)
    opened = groups[is_open]
    ptr, above = _above(flat, opened, MOST_REACHED)
    if len(above) > MOST_REACHED:
        return None
    at = np.zeros(len(flat.flags), np.int64)
    sets: list[Groups] = [frozenset()]
    for i, g in enumerate(opened.tolist()):
        here = above[ptr[i] : ptr[i + 1]]
        before, where = np.unique(at[here], return_inverse=True)
        at[here] = len(sets) + where
        sets += [sets[k] | {g} for k in before.tolist()]
        if len(sets) > MOST_SETS * (i + 2):
            return None
    services = np.flatnonzero(flat.service_at >= 0)
    rings = _rings(flat, groups, opened, ptr, above)
    cone = needed_by(flat, services[at[services] > 0].astype(np.int32), True)
    ends = _ends(flat, rings, opened, cone) if once else None
    if ends is None:
        cone = needed_by(flat, ascending(above), True)
    asked = services if ends else np.concatenate([services, above])
    used, number = np.unique(at[asked], return_inverse=True)
    kept = [sets[k] for k in used.tolist()]
    if not kept or kept[0]:
        kept.insert(0, frozenset())
        number = number + 1
    if len(kept) > MOST_SETS:
        return None
    of_service = np.zeros(len(services), np.int64)
    of_service[flat.service_at[services]] = number[: len(services)]
    inside = [ring for ring in rings if cone[flat.group_dependent[list(ring)]].all()]
    return Parts(of_service, kept, rings, _largest([*kept, *inside]), np.flatnonzero(cone).astype(np.int32), ends)


def _ends(flat: Flat, rings: Sequence[Groups], opened: Array, cone: Array) -> Ends | None:
    """What is played beside the sets of services; None where that is much, or where a ring lies in the cone (bool[N]) in part."""
    for ring in rings:
        held = cone[flat.group_dependent[list(ring)]]
        if held.any() and not held.all():
            return None
    alone = frozenset((0, g) for ring in rings if len(ring) == 1 for g in ring)
    tangled = frozenset(opened.tolist()) & frozenset[int]().union(*(ring for ring in rings if len(ring) > 1))
    return Ends(alone, tangled) if len(tangled) <= MOST_TANGLED else None


def _rings(flat: Flat, groups: Array, opened: Array, ptr: Array, above: Array) -> list[Groups]:
    """Open switches of `groups` with all of them that their failure may reach, joined where they share one."""
    first = flat.member_ptr[groups]
    counts = flat.member_ptr[groups + 1] - first
    member, owner = flat.member[spans(first, counts)], np.repeat(groups, counts)
    order = np.argsort(member, kind="stable")
    member, owner = member[order], owner[order]
    parent = {g: g for g in groups.tolist()}

    def root(g: int) -> int:
        while parent[g] != g:
            parent[g] = parent[parent[g]]
            g = parent[g]
        return g

    for i, g in enumerate(opened.tolist()):
        here = above[ptr[i] : ptr[i + 1]]
        low, high = np.searchsorted(member, here), np.searchsorted(member, here, side="right")
        for other in np.unique(owner[spans(low, high - low)]).tolist():
            parent[root(other)] = root(g)
    rings: dict[int, set[int]] = {}
    for g in parent:
        rings.setdefault(root(g), set()).add(g)
    might = set(opened.tolist())
    return [frozenset(ring) for ring in rings.values() if ring & might]


def _largest(sets: Iterable[Groups]) -> list[Groups]:
    out: list[Groups] = []
    for one in sorted(set(sets), key=lambda held: (-len(held), sorted(held))):
        if one and not any(one <= other for other in out):
            out.append(one)
    return out


@dataclass(slots=True)
class _Book:
    """How far one set was gone through: a tree whose leaves are the ways, each known by its switches that fail."""

    groups: Groups
    done: set[Fails] = field(default_factory=set)
    waiting: list[Fails] = field(default_factory=list)

    def note(self, asked: Sequence[Asked]) -> None:
        mine = [one for one in asked if one.group in self.groups]
        fails = frozenset((one.step, one.group) for one in mine if one.fails)
        if fails in self.done:
            return
        self.done.add(fails)
        last = max((place for place, one in enumerate(mine) if one.fails), default=-1)
        for one in mine[last + 1 :]:
            self.waiting.append(fails | {(one.step, one.group)})

    def next_way(self, decided: dict[int, Fails]) -> Fails | None:
        """The first way that is not played yet and agrees with what is decided; it is taken off the list."""
        self.waiting = [fails for fails in self.waiting if fails not in self.done]
        for place, fails in enumerate(self.waiting):
            if all(g not in decided or decided[g] == frozenset(f for f in fails if f[1] == g) for g in self.groups):
                return self.waiting.pop(place)
        return None


def play_apart(sets: Sequence[Groups], first: P, play: Callable[[Fails], P], most: int) -> list[P] | None:
    """Play until every way of every set was seen, `first` with all switches of the sets working; None where that takes more than
    `most` plays."""
    books = [_Book(held) for held in sets]
    plays = [first]
    for book in books:
        book.note(first.asked)
    while any(book.waiting for book in books):
        decided: dict[int, Fails] = {}
        for book in sorted(books, key=lambda one: -len(one.waiting)):
            fails = book.next_way(decided)
            if fails is not None:
                decided |= {g: frozenset(f for f in fails if f[1] == g) for g in book.groups}
        if not decided:
            break
        if len(plays) >= most:
            return None
        look()
        plays.append(play(frozenset().union(*decided.values())))
        for book in books:
            book.note(plays[-1].asked)
    return plays


@dataclass
class Shares:
    """What the plays say together: of every set its ways, and how the sets go together."""

    parts: Parts
    plays: Sequence[Play]
    key: Int64  # of random streams
    known: dict[Groups, list[Way]] = field(default_factory=dict)

    def ways(self, groups: Groups) -> list[Way]:
        """The ways of a set, in the order in which they were played; probabilities sum to 1."""
        if groups not in self.known:
            found: dict[Fails, Way] = {}
            for number, one in enumerate(self.plays):
                mine = [asked for asked in one.asked if asked.group in groups]
                fails = frozenset((asked.step, asked.group) for asked in mine if asked.fails)
                if fails not in found:
                    found[fails] = Way(number, math.prod(asked.probability for asked in mine), fails)
            self.known[groups] = list(found.values())
        return self.known[groups]

    def complete(self) -> bool:
        """Whether the ways of every set are all there."""
        return all(
            abs(sum(way.probability for way in self.ways(held)) - 1.0) < 1e-9 for held in (*self.parts.sets, *self.parts.rings)
        )

    @property
    def count(self) -> int:
        """In how many ways all switches go together."""
        return math.prod(len(self.ways(ring)) for ring in self.parts.rings)

    @cached_property
    def likeliest(self) -> Fails:
        """The switches that fail in the likeliest of all ways; of equally likely ones that in which the first asked works."""
        best = (max(self.ways(ring), key=lambda way: (round(way.probability, 12), -way.play)).fails for ring in self.parts.rings)
        return frozenset().union(*best)

    @cached_property
    def switches(self) -> int:
        """How many switches at most interrupt or fail."""
        inside = frozenset().union(*self.parts.rings)
        return sum(g not in inside for g in self.plays[0].counted) + sum(
            max(sum(g in ring for g in self.plays[way.play].counted) for way in self.ways(ring)) for ring in self.parts.rings
        )

    @cached_property
    def drawn(self) -> bool:
        """Whether the ways in which all switches go together are drawn, as they are too many to list."""
        return self.count > DRAWN

    @cached_property
    def _picks(self) -> tuple[Array, Array]:
        """By way in which all switches go together: the way that each ring goes, and the probability of all."""
        chances = [np.asarray([way.probability for way in self.ways(ring)]) for ring in self.parts.rings]
        if not self.drawn:
            picks = np.asarray(list(itertools.product(*(range(len(one)) for one in chances))), np.int64)
            picks = picks.reshape(-1, len(chances))
            together = [chance[picks[:, ring]] for ring, chance in enumerate(chances)]
            return picks, np.prod(np.asarray(together).reshape(len(chances), -1), axis=0)
        stream = np.random.Generator(np.random.Philox(np.uint64(self.key)))
        columns = [stream.choice(len(chance), DRAWN, p=chance / chance.sum()) for chance in chances]
        return np.asarray(columns).T, np.full(DRAWN, 1.0 / DRAWN)

    @property
    def together(self) -> Array:
        """Probability of each way in which all switches go together."""
        return self._picks[1]

    def ways_together(self, groups: Groups) -> Array:
        """Which of `ways(groups)` is part of each way in which all switches go together (int64)."""
        picks = self._picks[0]
        rings = [number for number, ring in enumerate(self.parts.rings) if ring & groups]
        place = {way.fails: number for number, way in enumerate(self.ways(groups))}
        mine, where = np.unique(picks[:, rings], axis=0, return_inverse=True)
        chosen = []
        for row in mine.tolist():
            fails = frozenset().union(*(self.ways(self.parts.rings[r])[k].fails for r, k in zip(rings, row, strict=True)))
            chosen.append(place[frozenset(f for f in fails if f[1] in groups)])
        return np.asarray(chosen, np.int64)[where.reshape(-1)]
