"""Redundancy that nobody declared: providers of one dependent that are called alike, one of which it outlived."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.graph import HARD
from app.usecases.estate import Estate

_LAST_NUMBER = re.compile(r"^(.*?)(\d+)(\D*)$")
MOST_MEMBERS = 16


@dataclass(frozen=True, slots=True)
class Twins:
    """`members` (positions) of one stem and class that `dependent` hangs on, each of them; `shared`: dependents that hang on all
    of them; `alone`: failures of one of them at which no other was out, `stood`: those that the dependent outlived."""

    dependent: int
    members: Sequence[int]
    stem: str
    cluster: str
    shared: int
    alone: int
    stood: int


def stem_of(name: str) -> str:
    """Returns a name with its last number taken out; "" where it has none.

    >>> stem_of("DB-Orders-02.fra"), stem_of("web1"), stem_of("erp")
    ('db-orders-#.fra', 'web#', '')
    """
    found = _LAST_NUMBER.match(name.strip().casefold())
    return f"{found[1]}#{found[3]}" if found and found[1].strip(" -_.") else ""


def _in_a_row(names: Sequence[str]) -> bool:
    """Whether the last numbers of names follow one another, with a gap of one at most.

    >>> _in_a_row(["web1", "web2"]), _in_a_row(["web01", "web03"]), _in_a_row(["app12", "app77"])
    (True, True, False)
    """
    numbers = sorted(int(found[2][-12:]) for name in names if (found := _LAST_NUMBER.match(name.strip())))
    return all(0 < b - a <= 2 for a, b in itertools.pairwise(numbers))


def twins(
    estate: Estate, outages: Mapping[int, Sequence[tuple[float, float]]], clusters: Mapping[int, str], near: float
) -> list[Twins]:
    """`outages`: begin and end of each failure, by position; `clusters`: the cluster a CI is said to be in."""
    flat = estate.compiled.flat
    classes = estate.codes("ci_class")
    found: list[tuple[int, tuple[int, ...], str, str]] = []
    for v in np.flatnonzero(np.diff(flat.reverse_ptr) > 1).tolist():
        begin, end = int(flat.reverse_ptr[v]), int(flat.reverse_ptr[v + 1])
        alike: dict[tuple[int, str, str], list[int]] = {}
        for u in flat.reverse[begin:end][flat.reverse_kind[begin:end] == HARD].tolist():
            cluster = clusters.get(u, "")
            stem = "" if cluster else stem_of(estate.name(u))
            if cluster or stem:
                alike.setdefault((int(classes[u]), stem, cluster), []).append(u)
        found += [
            (v, tuple(sorted(m)), s, c)
            for (_, s, c), m in sorted(alike.items())
            if 1 < len(m) <= MOST_MEMBERS and (c or _in_a_row([estate.name(u) for u in m]))
        ]
    shared: dict[tuple[int, ...], int] = {}
    for _, members, _, _ in found:
        shared[members] = shared.get(members, 0) + 1
    told = [Twins(v, m, s, c, shared[m], *_outlived(v, m, outages, near)) for v, m, s, c in found]
    return [one for one in told if one.alone == one.stood]


def _outlived(
    dependent: int, members: Sequence[int], outages: Mapping[int, Sequence[tuple[float, float]]], near: float
) -> tuple[int, int]:
    """Returns how often one member failed while no other was out, and how often the dependent did not fail near it or within."""
    alone = stood = 0
    own = outages.get(dependent, ())
    if not own:
        return 0, 0  # nothing of the dependent is ever on record: that it stood up proves nothing
    for member in members:
        others = [one for other in members if other != member for one in outages.get(other, ())]
        for begin, end in outages.get(member, ()):
            if any(low <= end + near and begin - near <= high for low, high in others):
                continue
            alone += 1
            stood += not any(low <= end + near and begin - near <= low for low, _ in own)
    return alone, stood
