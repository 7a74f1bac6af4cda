"""The most probable minimal sets, in order, without making the others: best-first search, lazily, through the module tree.

Every part is a ranked list that is made as far as somebody asks. ANY merges the lists of its inputs; ALL walks the products of
two lists from the best pair on; a CORE takes the paths of its zero-suppressed diagram by the best completion (exact, so A*
without detours).
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from app.risk.exact.answers.cut_sets import best_logs
from app.risk.exact.formula.tree import ALL, ANY, VOTE, Tree
from app.risk.jit import Array

Entry = tuple[float, Any]  # log of the chance, and the members: an event, or a pair of members, or () for none
LATTICE = 200_000  # nodes of the diagram of one threshold


class Ranked(Protocol):
    def nth(self, i: int) -> Entry | None: ...


class _Lazy:
    """A ranked list from an iterator."""

    def __init__(self, entries: Iterator[Entry]) -> None:
        self.entries, self.made = entries, list[Entry]()

    def nth(self, i: int) -> Entry | None:
        while len(self.made) <= i:
            more = next(self.entries, None)
            if more is None:
                return None
            self.made.append(more)
        return self.made[i]


def merged(lists: list[Ranked]) -> Iterator[Entry]:
    """The entries of several lists, best first."""
    heap = [(-first[0], k, 0) for k, ranked in enumerate(lists) if (first := ranked.nth(0)) is not None]
    heapq.heapify(heap)
    while heap:
        _, k, i = heap[0]
        entry = lists[k].nth(i)
        assert entry is not None
        after = lists[k].nth(i + 1)
        if after is None:
            heapq.heappop(heap)
        else:
            heapq.heapreplace(heap, (-after[0], k, i + 1))
        yield entry


def paired(a: Ranked, b: Ranked) -> Iterator[Entry]:
    """Products of two lists, best first: (i, j) makes way for (i, j + 1) and, from the first column, for (i + 1, 0)."""
    heap: list[tuple[float, int, int]] = []

    def offer(i: int, j: int) -> None:
        x, y = a.nth(i), b.nth(j)
        if x is not None and y is not None:
            heapq.heappush(heap, (-(x[0] + y[0]), i, j))

    offer(0, 0)
    while heap:
        _, i, j = heapq.heappop(heap)
        x, y = a.nth(i), b.nth(j)
        assert x is not None and y is not None
        yield x[0] + y[0], (x[1], y[1])
        offer(i, j + 1)
        if j == 0:
            offer(i + 1, 0)


def together(lists: list[Ranked]) -> Ranked:
    """Products of any number of lists, by halves."""
    if not lists:
        return _Lazy(iter([(0.0, ())]))
    while len(lists) > 1:
        lists = [_Lazy(paired(lists[i], lists[i + 1])) if i + 1 < len(lists) else lists[i] for i in range(0, len(lists), 2)]
    return lists[0]


def paths(level: Array, low: Array, high: Array, best_input: Array) -> Iterator[tuple[float, list[int]]]:
    """Sets of a diagram (constants in front) by the best chance that their levels' inputs can have: (log, levels), best first."""
    count = len(level)
    best = np.full(count, -np.inf)
    best[1] = 0.0
    for n in range(2, count):
        best[n] = max(best[low[n]], best_input[level[n]] + best[high[n]])
    tie = itertools.count()
    heap: list[tuple[float, int, int, float, Any]] = [(-float(best[-1]), next(tie), count - 1, 0.0, None)]
    while heap:
        bound, _, n, sofar, chain = heapq.heappop(heap)
        while n > 1:
            taken = sofar + float(best_input[level[n]]) + float(best[high[n]])
            left = sofar + float(best[low[n]])
            grown = (int(level[n]), chain)
            if taken >= left:
                if left > -np.inf:
                    heapq.heappush(heap, (-left, next(tie), int(low[n]), sofar, chain))
                sofar, chain, n = sofar + float(best_input[level[n]]), grown, int(high[n])
            else:
                heapq.heappush(heap, (-taken, next(tie), int(high[n]), sofar + float(best_input[level[n]]), grown))
                n = int(low[n])
        levels = []
        while chain is not None:
            levels.append(chain[0])
            chain = chain[1]
        yield -bound, levels


def products(found: Iterator[tuple[float, list[int]]], inputs: list[Ranked]) -> Iterator[Entry]:
    """The sets of a core: each path with every choice of a set of each of its inputs, merged with the paths still to come."""
    ahead = next(found, None)
    heap: list[tuple[float, int, int, Ranked]] = []
    tie = itertools.count()
    while ahead is not None or heap:
        while ahead is not None and (not heap or ahead[0] > -heap[0][0]):  # equal ones wait: there may be billions
            ranked = together([inputs[k] for k in ahead[1]])
            heapq.heappush(heap, (-ahead[0], next(tie), 0, ranked))
            ahead = next(found, None)
        _, _, i, ranked = heapq.heappop(heap)
        entry = ranked.nth(i)
        if entry is None:
            continue
        yield entry
        after = ranked.nth(i + 1)
        if after is not None:
            heapq.heappush(heap, (-after[0], next(tie), i + 1, ranked))


def vote_diagram(weight: Array, need: int) -> tuple[Array, Array, Array, Array] | None:
    """The minimal sets of a threshold as a diagram: level, low, high with constants in front, and the input of each level; None:
    too large."""
    order = np.argsort(-weight, kind="stable")
    if len(weight) * need > LATTICE:
        return None
    left = np.append(np.cumsum(weight[order][::-1])[::-1], 0)
    level, low, high = [2**31 - 1] * 2, [0, 1], [0, 1]
    below = dict.fromkeys(range(need), 0)
    for k in range(len(order) - 1, -1, -1):
        w, here = int(weight[order[k]]), {}
        for s in range(need):
            if s + int(left[k]) < need:
                here[s] = 0
                continue
            above = 1 if s + w >= need else below[s + w]
            if above == 0:
                here[s] = below[s]
                continue
            level.append(k)
            low.append(below[s])
            high.append(above)
            here[s] = len(level) - 1
        below = here
    keep = _reachable(low, high, below[0])
    place = np.cumsum(keep) - 1
    chosen = np.flatnonzero(keep)
    return np.array(level)[chosen], place[np.array(low)[chosen]], place[np.array(high)[chosen]], order


def _reachable(low: list[int], high: list[int], root: int) -> Array:
    """bool: constants, and what the root needs."""
    keep = np.zeros(len(low), np.bool_)
    keep[[0, 1, root]] = True
    for n in range(root, 1, -1):
        if keep[n]:
            keep[low[n]] = keep[high[n]] = True
    return keep


class _Lists:
    """Ranked lists of the events and parts of one tree."""

    def __init__(self, tree: Tree, log_q: Array) -> None:
        self.tree, self.log_q = tree, log_q
        self.best = best_logs(tree, log_q)
        self.parts: list[Ranked] = []
        for p in range(len(tree.kind)):
            self.parts.append(_Lazy(self.entries(p)))

    def of(self, c: int) -> Ranked:
        return _Lazy(iter([(float(self.log_q[c]), c)])) if c < self.tree.events else self.parts[c - self.tree.events]

    def entries(self, p: int) -> Iterator[Entry]:
        tree = self.tree
        row = tree.input[int(tree.ptr[p]) : int(tree.ptr[p + 1])]
        if tree.kind[p] == ANY:
            events = row[row < tree.events]
            events = events[np.lexsort((events, -self.log_q[events]))]
            single = ((float(self.log_q[e]), int(e)) for e in events)
            yield from merged([_Lazy(single), *(self.of(int(c)) for c in row[row >= tree.events])])
        elif tree.kind[p] == ALL:
            yield from iter_of(together([self.of(int(c)) for c in row]))
        elif tree.kind[p] == VOTE:
            made = vote_diagram(tree.weight[int(tree.ptr[p]) : int(tree.ptr[p + 1])], int(tree.need[p]))
            assert made is not None
            level, low, high, order = made
            inputs = row[order]
            yield from products(paths(level, low, high, self.best[inputs]), [self.of(int(c)) for c in inputs])
        else:
            first, end = int(tree.node_ptr[p]), int(tree.node_ptr[p + 1])
            ends = np.array([0, 1], np.int32)
            level, low, high = (np.concatenate([ends, a[first:end]]) for a in (tree.level, tree.low, tree.high))
            yield from products(paths(level, low, high, self.best[row]), [self.of(int(c)) for c in row])


def iter_of(ranked: Ranked) -> Iterator[Entry]:
    """The entries of a list one after another."""
    for i in itertools.count():
        entry = ranked.nth(i)
        if entry is None:
            return
        yield entry


def members_of(nested: Any) -> list[int]:
    """Events of a set, ascending."""
    out: list[int] = []
    stack = [nested]
    while stack:
        top = stack.pop()
        if isinstance(top, tuple):
            stack.extend(top)
        else:
            out.append(top)
    return sorted(out)


def can_list(tree: Tree) -> bool:
    """Whether every threshold is small enough for its diagram."""
    votes = np.flatnonzero(tree.kind == VOTE)
    return bool((np.diff(tree.ptr)[votes] * tree.need[votes].astype(np.int64) <= LATTICE).all())


def most_probable(tree: Tree, root: int, q: Array, most: int) -> list[tuple[float, list[int]]] | None:
    """The `most` most probable minimal sets, best first: (probability, events ascending); None where a threshold is too large to
    list.

    Example by hand (C04): (.01, [1, 2]) and (.01, [4, 5]) before the two of .001.
    """
    if not can_list(tree):
        return None
    lists = _Lists(tree, np.log(q))
    found = [members_of(entry[1]) for entry in itertools.islice(iter_of(lists.of(root)), most)]
    return sorted(((float(np.prod(q[events])), events) for events in found), key=lambda row: (-row[0], len(row[1]), row[1]))
