"""Which source records are one configuration item.

Records that share an identifier (kind and normalised value) that counts for their class (`identity_rules.toml`) are one CI. What people
decided goes before: records they joined are one CI, records they parted are not. Then identifiers are tried kind by kind, the strongest
first. Doubts stop a merge, and each is reported:

* an identifier that two records of one source hold, or more than `MAX_HOLDERS` records in all, says nothing about identity;
* identifiers of one strength that would make two records of one source one CI, or bring parted records together, join nothing there; what
  stronger ones joined stays.

The functions are pure, and neither the order of the claims nor the numbers of the sources nor the history changes the partition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.domain.identity_rules import NAME, Identifier, counts_by_name, strength
from app.domain.records import CiRecord

__all__ = [
    "MAX_HOLDERS",
    "Claim",
    "Decided",
    "Identifier",
    "Link",
    "Partition",
    "Place",
    "keep_keys",
    "normalise",
    "partition",
    "searched",
]

MAX_HOLDERS = 50

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


def searched(record: CiRecord) -> list[Identifier]:
    """The identifiers under which others that may be the same CI are looked for, whatever their class makes of them."""
    found = [normalise(kind, value) for kind, value in record.identifiers]
    if counts_by_name(record.ci_class):
        found.append(normalise(NAME, record.name))
    return found


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source record holds against its identity; identifiers are normalised and count for its class."""

    source_id: int
    source_key: str
    identifiers: tuple[Identifier, ...] = ()

    @property
    def place(self) -> tuple[int, str]:
        return self.source_id, self.source_key


Place = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Decided:
    """What people decided: `joined` are pairs of records that are one CI, `parted` pairs that are not."""

    joined: frozenset[tuple[Place, Place]] = frozenset()
    parted: frozenset[tuple[Place, Place]] = frozenset()


NOTHING_DECIDED = Decided()


@dataclass(frozen=True, slots=True)
class Link:
    """Why two records are one CI: positions of both, the rule (a kind of identifier, or "decided") and the value they share."""

    a: int
    b: int
    rule: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Partition:
    """`groups`: positions in the given claims, each group one CI, in order of (source_id, source_key). `links`: what was followed."""

    groups: tuple[tuple[int, ...], ...]
    conflicts: tuple[str, ...]
    links: tuple[Link, ...] = ()


def partition(claims: Sequence[Claim], decided: Decided = NOTHING_DECIDED) -> Partition:
    """Split claims into CIs.

    >>> a, b = Claim(1, "s:a", (("fqdn", "x"),)), Claim(2, "s:b", (("fqdn", "x"),))
    >>> partition([a, b]).groups
    ((0, 1),)
    >>> partition([a, b], Decided(parted=frozenset({(a.place, b.place)}))).groups
    ((0,), (1,))
    """
    work = _Partitioning(claims, decided)
    for level in work.levels():
        work.follow(level)
    return work.result()


class _Partitioning:
    """Units are records that are one CI so far: root position -> positions."""

    def __init__(self, claims: Sequence[Claim], decided: Decided) -> None:
        self.claims = claims
        self.conflicts: list[str] = []
        self.links: list[Link] = []
        self._unit = list(range(len(claims)))
        self._members = {position: [position] for position in range(len(claims))}
        at = {claim.place: position for position, claim in enumerate(claims)} if decided.joined or decided.parted else {}
        joined = [(at[a], at[b]) for a, b in sorted(decided.joined) if a in at and b in at]
        self._apart = {frozenset((at[a], at[b])) for a, b in decided.parted if a in at and b in at}
        self._named = {position for pair in self._apart for position in pair}
        for a, b in joined:
            self._join(Link(a, b, "decided"))

    def _join(self, link: Link) -> None:
        self.links.append(link)
        keep, go = sorted((self._unit[link.a], self._unit[link.b]))
        if keep != go:
            for position in self._members[go]:
                self._unit[position] = keep
            self._members[keep] += self._members.pop(go)

    def levels(self) -> Iterable[list[Link]]:
        """Pairs of records that share an identifier, by strength; ambiguous identifiers are entered as conflicts."""
        holders: dict[Identifier, list[int]] = {}
        for position, claim in enumerate(self.claims):
            for identifier in dict.fromkeys(claim.identifiers):
                holders.setdefault(identifier, []).append(position)
        shared = {identifier: positions for identifier, positions in holders.items() if len(positions) > 1}
        by_strength: dict[int, list[Link]] = {}
        for identifier, positions in sorted(shared.items()):
            if self._ambiguous(positions):
                self.conflicts.append(_ambiguity(identifier, [self.claims[position] for position in positions]))
                continue
            links = by_strength.setdefault(strength(identifier[0]), [])
            if self._named.isdisjoint(positions):
                links += [Link(positions[0], position, *identifier) for position in positions[1:]]
            else:
                links += [
                    Link(a, b, *identifier)
                    for number, a in enumerate(positions)
                    for b in positions[number + 1 :]
                    if frozenset((a, b)) not in self._apart
                ]
        return [links for _, links in sorted(by_strength.items())]

    def _ambiguous(self, positions: Sequence[int]) -> bool:
        """One source holds it twice (in records that nobody joined), or too many hold it."""
        units = {(self.claims[position].source_id, self._unit[position]) for position in positions}
        return len(positions) > MAX_HOLDERS or len({source_id for source_id, _ in units}) < len(units)

    def follow(self, links: Sequence[Link]) -> None:
        """Join along the links of one strength, where nothing speaks against all that they would join."""
        for component in self._components(links):
            units = sorted({self._unit[position] for link in component for position in (link.a, link.b)})
            if self._sound(units):
                for link in component:
                    self._join(link)
                continue
            self.conflicts.append(self._refusal(units))
            among = [link for link in component if link.a in self._named and link.b in self._named]
            if among and len(among) < len(component):
                self.follow(among)  # what came since a decision stays out; the records it names keep their halves

    def _components(self, links: Sequence[Link]) -> list[list[Link]]:
        parent: dict[int, int] = {}

        def root(unit: int) -> int:
            while parent.setdefault(unit, unit) != unit:
                parent[unit] = unit = parent[parent[unit]]
            return unit

        for link in links:
            a, b = root(self._unit[link.a]), root(self._unit[link.b])
            parent[max(a, b)] = min(a, b)
        found: dict[int, list[Link]] = {}
        for link in links:
            found.setdefault(root(self._unit[link.a]), []).append(link)
        return [component for _, component in sorted(found.items())]

    def _sound(self, units: Sequence[int]) -> bool:
        sources: set[int] = set()
        for unit in units:
            here = {self.claims[position].source_id for position in self._members[unit]}
            if sources & here:
                return False
            sources |= here
        if not self._apart:
            return True
        inside = {position for unit in units for position in self._members[unit]}
        return not any(pair <= inside for pair in self._apart)

    def _refusal(self, units: Sequence[int]) -> str:
        held = sorted(
            (self.claims[position] for unit in units for position in self._members[unit]), key=lambda claim: claim.place
        )
        names = ", ".join(_name(claim) for claim in held[:5])
        inside = {position for unit in units for position in self._members[unit]}
        if any(pair <= inside for pair in self._apart):
            return f"not merged, as people parted records of it: {names}"
        return f"not merged, as two records of one source would become one CI: {names}"

    def result(self) -> Partition:
        claims = self.claims
        groups = [tuple(sorted(unit, key=lambda position: claims[position].place)) for unit in self._members.values()]
        groups.sort(key=lambda group: claims[group[0]].place)
        return Partition(tuple(groups), tuple(sorted(self.conflicts)), tuple(self.links))


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
