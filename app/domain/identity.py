"""Which source records are one configuration item.

Records that share an identifier (kind and normalised value) are one CI. Names never merge. Two doubts stop a merge, and both
are reported:

* an identifier that two records of one source hold, or more than `MAX_HOLDERS` records in all, says nothing about identity;
* a component that would hold two records of one source is not merged at all.

The functions are pure, and neither the order of the claims nor the history behind them changes the partition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

MAX_HOLDERS = 50

Identifier = tuple[str, str]

_UPPER = {"serial", "asset_tag"}
_LOOSE = {"mac": "-:. ", "uuid": "{} "}


def normalise(kind: str, value: str) -> Identifier:
    """An identifier in the one spelling in which it is compared and stored.

    >>> normalise("FQDN", "Web1.Example.ORG.")
    ('fqdn', 'web1.example.org')
    >>> normalise("serial", " ab-12 ")
    ('serial', 'AB-12')
    >>> normalise("mac", "00-1B-44-11-3A-B7")
    ('mac', '001b44113ab7')
    """
    kind = _kind(kind)
    value = value.strip()
    if kind in _UPPER:
        return kind, value.upper()
    value = value.casefold()
    if kind == "fqdn":
        return kind, value.rstrip(".")
    if kind in _LOOSE:
        for drop in _LOOSE[kind]:
            value = value.replace(drop, "")
    return kind, value


@lru_cache(maxsize=1024)
def _kind(kind: str) -> str:
    return kind.strip().casefold()


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source record holds against its identity; identifiers are normalised."""

    source_id: int
    source_key: str
    identifiers: tuple[Identifier, ...] = ()

    @property
    def place(self) -> tuple[int, str]:
        return self.source_id, self.source_key


@dataclass(frozen=True, slots=True)
class Partition:
    """`groups`: positions in the given claims, each group one CI, in order of (source_id, source_key)."""

    groups: tuple[tuple[int, ...], ...]
    conflicts: tuple[str, ...]


def ambiguous(holders: Sequence[Claim]) -> bool:
    """Whether an identifier held by these claims says nothing: one source holds it twice, or too many hold it."""
    return len(holders) > MAX_HOLDERS or len({claim.source_id for claim in holders}) < len(holders)


def partition(claims: Sequence[Claim]) -> Partition:
    """Split claims into CIs.

    >>> a, b = Claim(1, "s:a", (("fqdn", "x"),)), Claim(2, "s:b", (("fqdn", "x"),))
    >>> partition([a, b]).groups
    ((0, 1),)
    """
    holders: dict[Identifier, list[int]] = {}
    for position, claim in enumerate(claims):
        for identifier in dict.fromkeys(claim.identifiers):
            holders.setdefault(identifier, []).append(position)
    parent = list(range(len(claims)))

    def root(position: int) -> int:
        while parent[position] != position:
            parent[position] = parent[parent[position]]
            position = parent[position]
        return position

    conflicts = []
    for identifier, positions in holders.items():
        if len(positions) == 1:
            continue
        if ambiguous([claims[position] for position in positions]):
            conflicts.append(_ambiguity(identifier, [claims[position] for position in positions]))
            continue
        for position in positions[1:]:
            parent[root(position)] = root(positions[0])
    return _checked(claims, root, conflicts)


def _checked(claims: Sequence[Claim], root: Callable[[int], int], conflicts: list[str]) -> Partition:
    components: dict[int, list[int]] = {}
    for position in range(len(claims)):
        components.setdefault(root(position), []).append(position)
    groups: list[tuple[int, ...]] = []
    for component in components.values():
        component.sort(key=lambda position: claims[position].place)
        if len({claims[position].source_id for position in component}) < len(component):
            names = ", ".join(_name(claims[position]) for position in component[:5])
            conflicts.append(f"not merged, as two records of one source would become one CI: {names}")
            groups.extend((position,) for position in component)
        else:
            groups.append(tuple(component))
    groups.sort(key=lambda group: claims[group[0]].place)
    return Partition(tuple(groups), tuple(sorted(conflicts)))


def _ambiguity(identifier: Identifier, holders: Sequence[Claim]) -> str:
    names = ", ".join(_name(claim) for claim in sorted(holders, key=lambda claim: claim.place)[:5])
    return f"{identifier[0]} {identifier[1]} is held by {len(holders)} records and ignored: {names}"


def _name(claim: Claim) -> str:
    return f"source {claim.source_id} {claim.source_key}"


def keep_keys(
    groups: Sequence[Sequence[Claim]], held: Mapping[tuple[int, str], int], founders: Mapping[int, tuple[int, str]]
) -> list[int | None]:
    """Which existing CI each group goes on as; None for a new one.

    `held`: the CI each record belonged to; `founders`: the record from which the key of a CI was minted. A merge keeps the
    oldest CI (the lowest id); where a split leaves several groups that could go on as one CI, the group with its founding
    record does, else the first in order.
    """
    wishes: list[list[int]] = [sorted({held[c.place] for c in group if c.place in held}) for group in groups]
    takers: dict[int, int] = {}
    order = sorted(range(len(groups)), key=lambda g: min(claim.place for claim in groups[g]))
    for ci_id in sorted({ci_id for wish in wishes for ci_id in wish}):
        able = [g for g in order if ci_id in wishes[g] and g not in takers.values()]
        if able:
            founding = [g for g in able if any(claim.place == founders.get(ci_id) for claim in groups[g])]
            takers[ci_id] = (founding or able)[0]
    chosen = {group: ci_id for ci_id, group in takers.items()}
    return [chosen.get(g) for g in range(len(groups))]
