"""Collisions: planned outages that overlap in time and together take down what fewer of them leave standing (docs/model.md).

A sweep over the windows finds the sets of outages that are in progress together. Of each, outages that touch the same are joined
to blocks, and a block is taken apart into its smallest sets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np

from app.risk.graph.compiled import CompiledGraph
from app.risk.jit import Array
from app.risk.jit.clock import look
from app.risk.outage.footprint import Footprint, footprint
from app.risk.outage.propagation import Workspace, workspace

Span = tuple[int, int]  # from, and to before which, in seconds
Items = frozenset[int]
LARGEST = 3  # outages of a smallest set that are looked for
MOST = 20_000  # sets examined of one block


@dataclass(frozen=True, slots=True)
class Collision:
    """`together`: positions that fall with all of `items` and with no fewer of them. Not `smallest`: they fall with all of these
    and with no set of so many as were looked for."""

    items: tuple[int, ...]
    together: Array  # int32, ascending
    spans: Sequence[Span]
    smallest: bool


@dataclass(frozen=True, slots=True)
class Collisions:
    """`unsure`: outages that touch the same in more sets than may be examined, and when they are in progress together; what they
    take down that none of the sets examined does is listed as a collision of them all."""

    found: Sequence[Collision]
    sets: int  # whose outage was computed
    unsure: Sequence[tuple[tuple[int, ...], Sequence[Span]]]


def merged(spans: Sequence[Span]) -> list[Span]:
    """The same time in ascending spans that neither overlap nor touch; empty ones are left out.

    >>> merged([(5, 7), (0, 2), (2, 3), (6, 9), (4, 4)])
    [(0, 3), (5, 9)]
    """
    found: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def common(a: Sequence[Span], b: Sequence[Span]) -> list[Span]:
    """The time that is in both of two lists of merged spans.

    >>> common([(0, 3), (5, 9)], [(2, 6), (9, 10)])
    [(2, 3), (5, 6)]
    """
    found, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        start, end = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if start < end:
            found.append((start, end))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return found


def at_once(spans: Sequence[Sequence[Span]]) -> Iterator[Items]:
    """The sets of items that are in progress together, from one change of them to the next. `spans`: of each item, merged. A
    window ends before one begins that begins where it ends.

    >>> [sorted(one) for one in at_once([[(0, 4)], [(2, 6)], [(4, 8)]])]
    [[0], [0, 1], [1, 2], [2]]
    """
    events = sorted(
        (moment, begins, item)
        for item, own in enumerate(spans)
        for span in own
        for moment, begins in zip(span, (1, 0), strict=True)
    )
    active: set[int] = set()
    for number, (moment, begins, item) in enumerate(events):
        if begins:
            active.add(item)
        else:
            active.discard(item)
        if active and events[number + 1][0] != moment:
            yield frozenset(active)


def collisions(
    compiled: CompiledGraph, roots: Sequence[Sequence[int]], spans: Sequence[Sequence[Span]], about: int | None = None,
    largest: int = LARGEST, most: int = MOST, space: Workspace | None = None,
) -> Collisions:  # fmt: skip
    """The smallest sets of 2 to `largest` outages that are in progress together and take down what no fewer of them do, and what
    falls only with more. `roots` and `spans` by outage; `about`: only sets with this one.

    Exact: two outages whose footprints do not meet add nothing to each other, so a smallest set can be put together from sets
    whose footprints meet. Cost follows what overlaps in time and meets in the estate.

    Example by hand: S needs 1 of A and B; A is out from 0 to 4, B from 2 to 6: both collide from 2 to 4 and S falls. B from 4 on:
    nothing.
    """
    search = _Search(compiled, roots, largest, most, space or workspace(compiled))
    own = [merged(rows) for rows in spans]
    together: dict[tuple[int, ...], _Found] = {}
    for active in at_once(own):
        if about is not None and about not in active:
            continue
        look()
        for block in search.blocks(active):
            if about is None or about in block:
                together |= search.taken_apart(block)
    found = []
    for items, what in sorted(together.items()):
        if (about is None or about in items) and (what.smallest or _is_news(items, what, together)):
            when = reduce(common, (own[item] for item in items))
            found.append(Collision(items, what.together, when, what.smallest))
    unsure = [(items, reduce(common, (own[item] for item in items))) for items in sorted(search.cut) if about in (None, *items)]
    return Collisions(found, len(search.known), unsure)


@dataclass(frozen=True, slots=True)
class _Found:
    together: Array
    smallest: bool


def _is_news(items: tuple[int, ...], what: _Found, together: Mapping[tuple[int, ...], _Found]) -> bool:
    """Whether a set that is too large to be taken apart takes down what no such set within it does."""
    within = [other.together for key, other in together.items() if not other.smallest and set(key) < set(items)]
    return len(_without(what.together, within)) > 0


@dataclass(slots=True)
class _Search:
    """What is known so far of sets of outages; the same sets come again in the next window."""

    compiled: CompiledGraph
    roots: Sequence[Sequence[int]]
    largest: int
    most: int
    space: Workspace
    known: dict[Items, Footprint] = field(default_factory=dict)
    apart: dict[Items, Mapping[tuple[int, ...], _Found]] = field(default_factory=dict)
    cut: set[tuple[int, ...]] = field(default_factory=set)

    def of(self, items: Items) -> Footprint:
        """The footprint of these outages together."""
        if items not in self.known:
            positions = sorted({position for item in items for position in self.roots[item]})
            self.known[items] = footprint(self.compiled, positions, self.space)
        return self.known[items]

    def blocks(self, active: Items) -> list[Items]:
        """Sets of two and more that touch the same, of themselves or once they are joined; no smallest set lies in two of
        them."""
        blocks = [frozenset((item,)) for item in sorted(active) if len(self.roots[item])]
        while True:
            holders: dict[int, int] = {}
            leader = list(range(len(blocks)))

            def top(n: int, leader: list[int] = leader) -> int:
                while leader[n] != n:
                    leader[n] = leader[leader[n]]
                    n = leader[n]
                return n

            for number, block in enumerate(blocks):
                for token in self.of(block).touched.tolist():
                    leader[top(number)] = top(holders.setdefault(token, number))
            joined: dict[int, Items] = defaultdict(frozenset)
            for number, block in enumerate(blocks):
                joined[top(number)] |= block
            if len(joined) == len(blocks):
                return [block for block in blocks if len(block) > 1]
            blocks = list(joined.values())

    def taken_apart(self, block: Items) -> Mapping[tuple[int, ...], _Found]:
        """The smallest sets of a block, and the block itself where it takes down what none of these do."""
        if block not in self.apart:
            self.apart[block] = self._take_apart(block)
        return self.apart[block]

    def _take_apart(self, block: Items) -> Mapping[tuple[int, ...], _Found]:
        whole = self.of(block).failed
        singles = [frozenset((item,)) for item in sorted(block)]
        rest = _without(whole, [self.of(one).failed for one in singles])
        found: dict[tuple[int, ...], _Found] = {}
        by_size: dict[int, list[Items]] = {1: singles}
        examined = 0
        for size in range(2, min(self.largest, len(block)) + 1):
            by_size[size] = []
            for items in self._joined(by_size, size):
                examined += 1
                if examined > self.most:
                    self.cut.add(tuple(sorted(block)))
                    return found | ({tuple(sorted(block)): _Found(rest, False)} if len(rest) else {})
                by_size[size].append(items)
                fewer = [self.of(items - {item}).failed for item in items]
                together = _without(self.of(items).failed, fewer)
                if len(together):
                    found[tuple(sorted(items))] = _Found(together, True)
                rest = _without(rest, [self.of(items).failed])
        if len(rest):
            found[tuple(sorted(block))] = _Found(rest, False)
        return found

    def _joined(self, by_size: Mapping[int, Sequence[Items]], size: int) -> Iterator[Items]:
        """Sets of a size that are put together from two smaller ones whose footprints meet, each once."""
        seen: set[Items] = set()
        for small in range(1, size // 2 + 1):
            holders: dict[int, list[Items]] = defaultdict(list)
            for items in by_size[size - small]:
                for token in self.of(items).worn.tolist():
                    holders[token].append(items)
            for items in by_size[small]:
                for token in self.of(items).worn.tolist():
                    for other in holders.get(token, ()):
                        both = items | other
                        if len(both) == size and both not in seen:
                            seen.add(both)
                            yield both


def _without(positions: Array, others: Sequence[Array]) -> Array:
    """The positions that are in none of the others."""
    for other in others:
        positions = positions[~np.isin(positions, other, assume_unique=True)]
    return positions
