"""Which source records are one configuration item.

Records that share an identifier (kind and normalised value) that counts for their class (`identity_rules.toml`) are one CI.
Decisions of people come first: records they joined are one CI, records they parted are not. Then identifiers are tried kind by
kind, the strongest first. Doubts stop a merge, and each is reported:

* an identifier that two records of one source hold, or more than `MAX_HOLDERS` records in all, says nothing about identity;
* records that differ in what the rules name under `forbidden_by` (serial numbers that differ, no address in common) are not
  joined by it;
* identifiers of one strength join nothing where they would make two records of one source one CI, or bring records together that
  are
  parted or differ in such a way; what stronger ones joined stays.

The functions are pure, and neither the order of the claims nor the numbers of the sources nor the history changes the partition.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from app.domain.identity_rules import FAMILY, ROLE, SCOPED, effective, forbidden_by, marks, outweighs, strength
from app.domain.identity_spelling import FQDN, HOST, Identifier, host_of
from app.domain.records import CiRecord

MAX_HOLDERS = 50
TELLING = ("serial", "uuid", "cloud_id", "mac", "asset_tag", FQDN)  # kinds that only one thing should have
FEW_NAMES = 3  # more names for the holders of one identifier than one thing has

Place = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source record says of its identity: identifiers as they are compared, and `marks` that tell it from others."""

    source_id: int
    source_key: str
    identifiers: tuple[Identifier, ...] = ()
    marks: tuple[Identifier, ...] = ()
    called: str = ""  # the name of its host, or its own

    @property
    def place(self) -> Place:
        return self.source_id, self.source_key


def claim_of(place: Place, record: CiRecord, identifiers: Sequence[Identifier], crowded: Collection[Identifier] = ()) -> Claim:
    """Returns the claim of a record.

    `identifiers`: its own (`searched`); `crowded`: those that say nothing in this estate, as too many hold them.
    """
    counted = [identifier for identifier in identifiers if identifier not in crowded] if crowded else list(identifiers)
    compared = effective(record, counted)
    if crowded:
        compared = tuple(i for i in compared if not i[0].startswith(HOST) or (HOST, i[1].rpartition(":")[2]) not in crowded)
    return Claim(*place, compared, marks(record, counted), _called(record, counted))


def _called(record: CiRecord, identifiers: Sequence[Identifier]) -> str:
    return next((host_of(value) for kind, value in identifiers if kind == FQDN), host_of(record.name.strip().casefold()))


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
class Doubt:
    """Two records that share what only one thing should have, and are kept apart because they differ otherwise.

    They may be one all the same.
    """

    a: Place
    b: Place
    why: str


@dataclass(frozen=True, slots=True)
class Partition:
    """`groups`: positions in the given claims, each group one CI, in order of (source_id, source_key); `links`: what joined
    them."""

    groups: tuple[tuple[int, ...], ...]
    conflicts: tuple[str, ...]
    links: tuple[Link, ...] = ()
    doubts: tuple[Doubt, ...] = ()


def partition(claims: Sequence[Claim], decided: Decided = NOTHING_DECIDED) -> Partition:
    """Splits claims into CIs.

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
    """The work on one partition. Units are the records that are one CI so far: root position -> positions."""

    def __init__(self, claims: Sequence[Claim], decided: Decided) -> None:
        self.claims = claims
        self.conflicts: list[str] = []
        self.links: list[Link] = []
        self._doubtful: list[tuple[Link, str]] = []
        self._unit = list(range(len(claims)))
        self._members = {position: [position] for position in range(len(claims))}
        at = {claim.place: position for position, claim in enumerate(claims)} if decided.joined or decided.parted else {}
        joined = [(at[a], at[b]) for a, b in sorted(decided.joined) if a in at and b in at]
        self._apart = {frozenset((at[a], at[b])) for a, b in decided.parted if a in at and b in at}
        self._named = {position for pair in self._apart for position in pair}
        for a, b in joined:
            self._join(Link(a, b, "decided"))
        self._shared, self._silent = self._holders()
        self._marks: dict[int, dict[str, set[str]]] = {}
        for position, claim in enumerate(claims):
            for kind, value in claim.marks:
                if (kind, value) not in self._silent:
                    self._marks.setdefault(position, {}).setdefault(kind, set()).add(value)

    def _join(self, link: Link) -> None:
        self.links.append(link)
        keep, go = sorted((self._unit[link.a], self._unit[link.b]))
        if keep != go:
            for position in self._members[go]:
                self._unit[position] = keep
            self._members[keep] += self._members.pop(go)

    def _holders(self) -> tuple[dict[Identifier, list[int]], set[Identifier]]:
        """Returns who shares which identifier, and the identifiers that say nothing, which are entered as conflicts."""
        holders: dict[Identifier, list[int]] = {}
        for position, claim in enumerate(self.claims):
            for identifier in dict.fromkeys(claim.identifiers):
                holders.setdefault(identifier, []).append(position)
        shared: dict[Identifier, list[int]] = {}
        silent = set[Identifier]()
        for identifier, positions in sorted(holders.items()):
            if len(positions) < 2 or (identifier[0].startswith(HOST) and not self._some_short(positions)):
                continue
            if self._ambiguous(positions):
                silent.add(identifier)
                self.conflicts.append(_ambiguity(identifier, [self.claims[position] for position in positions]))
            else:
                shared[identifier] = positions
        return shared, silent

    def _some_short(self, positions: Sequence[int]) -> bool:
        """Whether one of them knows no more of its DNS name than the host."""
        return any(all(kind != FQDN for kind, _ in self.claims[position].marks) for position in positions)

    def _ambiguous(self, positions: Sequence[int]) -> bool:
        """Whether an identifier says nothing: one source holds it twice (in records that nobody joined), too many hold it, or its
        holders have more than a few names."""
        units = {(self.claims[position].source_id, self._unit[position]) for position in positions}
        if len({self.claims[position].called for position in positions} - {""}) > FEW_NAMES:
            return True
        return len(positions) > MAX_HOLDERS or len({source_id for source_id, _ in units}) < len(units)

    def levels(self) -> Iterator[list[Link]]:
        """Yields the pairs of records that share an identifier, by strength."""
        by_strength: dict[int, list[Identifier]] = {}
        for identifier in self._shared:
            by_strength.setdefault(strength(identifier[0]), []).append(identifier)
        for _, identifiers in sorted(by_strength.items()):
            yield [link for identifier in identifiers for link in self._pairs(identifier)]

    def _pairs(self, identifier: Identifier) -> list[Link]:
        positions, kinds = self._shared[identifier], forbidden_by(identifier[0])
        if self._named.isdisjoint(positions) and not any(position in self._marks for position in positions if kinds):
            return [Link(positions[0], position, *identifier) for position in positions[1:]]
        links: list[Link] = []
        for a, b in combinations(positions, 2):
            if frozenset((a, b)) in self._apart:
                continue
            differs = self._differ([self._unit[a], self._unit[b]], kinds, identifier) if self._unit[a] != self._unit[b] else None
            if differs is None:
                links.append(Link(a, b, *identifier))
            elif not identifier[0].startswith(HOST):
                self._note_difference(identifier, a, b, differs)
                self._doubt(Link(a, b, *identifier), differs)
        return links

    def _note_difference(self, identifier: Identifier, a: int, b: int, differs: str) -> None:
        names = ", ".join(sorted((_name(self.claims[a]), _name(self.claims[b]))))
        self.conflicts.append(f"not merged by {' '.join(identifier)}, as {differs}: {names}")

    def _doubt(self, link: Link, differs: str) -> None:
        """Notes a doubt. Things of two families or roles are two, whatever they share."""
        if link.rule.removesuffix(SCOPED) in TELLING and differs.partition(" ")[0] not in (FAMILY, ROLE):
            self._doubtful.append((link, differs))

    def _differ(self, units: Sequence[int], kinds: Iterable[str], *shared: Identifier) -> str | None:
        """Returns, in words, an identifier of these kinds in which two of the units differ; None where nothing differs, or where
        what agrees outweighs it. `shared`: what is known to agree."""
        for one, other in combinations(units, 2):
            against: dict[str, str] = {}
            for kind in kinds:
                a, b = self._held(one, kind), self._held(other, kind)
                if a and b and not a & b:
                    against[kind] = f"{kind} {min(*a, *b)} is not {max(min(a), min(b))}"
            if against and not outweighs(against, self._agreeing(one, other, shared)):
                return next(iter(against.values()))
        return None

    def _agreeing(self, one: int, other: int, shared: Sequence[Identifier]) -> set[str]:
        """Returns the kinds of identifier of which two units have a value in common that says something."""
        held = [{pair for at in self._members[unit] for pair in self.claims[at].identifiers} for unit in (one, other)]
        return {kind.removesuffix(SCOPED) for kind, value in held[0] & held[1] if (kind, value) not in self._silent} | {
            kind.removesuffix(SCOPED) for kind, _ in shared
        }

    def _held(self, unit: int, kind: str) -> set[str]:
        marks = (self._marks.get(position) for position in self._members[unit])
        return {value for mark in marks if mark for value in mark.get(kind, ())}

    def follow(self, links: Sequence[Link]) -> None:
        """Joins along the links of one strength, where nothing speaks against everything that they would join."""
        for component in self._components(links):
            units = sorted({self._unit[position] for link in component for position in (link.a, link.b)})
            against = self._against(units, {kind for link in component for kind in forbidden_by(link.rule)})
            if not against:
                for link in component:
                    self._join(link)
                continue
            self.conflicts.append(self._refusal(units, against))
            for link in component:
                self._doubt(link, against)
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
        components: dict[int, list[Link]] = {}
        for link in links:
            components.setdefault(root(self._unit[link.a]), []).append(link)
        return [component for _, component in sorted(components.items())]

    def _against(self, units: Sequence[int], kinds: Iterable[str]) -> str:
        """Says why these units cannot be one CI; "" where nothing speaks against it."""
        if len(units) < 2:
            return ""
        if self._apart:
            inside = {position for unit in units for position in self._members[unit]}
            if any(pair <= inside for pair in self._apart):
                return "people parted records of it"
        sources: set[int] = set()
        for unit in units:
            here = {self.claims[position].source_id for position in self._members[unit]}
            if sources & here:
                return "two records of one source would become one CI"
            sources |= here
        return self._differ(units, sorted(kinds)) or ""

    def _refusal(self, units: Sequence[int], against: str) -> str:
        held = sorted(
            (self.claims[position] for unit in units for position in self._members[unit]), key=lambda claim: claim.place
        )
        return f"not merged, as {against}: {', '.join(_name(claim) for claim in held[:5])}"

    def result(self) -> Partition:
        claims = self.claims
        groups = [tuple(sorted(unit, key=lambda position: claims[position].place)) for unit in self._members.values()]
        groups.sort(key=lambda group: claims[group[0]].place)
        return Partition(tuple(groups), tuple(sorted(set(self.conflicts))), tuple(self.links), tuple(self._doubts()))

    def _doubts(self) -> Iterator[Doubt]:
        """Yields those of the pairs that were not joined which nothing else joined and nobody parted."""
        for link, differs in self._doubtful:
            if self._unit[link.a] != self._unit[link.b] and frozenset((link.a, link.b)) not in self._apart:
                a, b = sorted((self.claims[link.a].place, self.claims[link.b].place))
                value = link.value.partition(":")[2] if link.rule.endswith(SCOPED) else link.value
                yield Doubt(a, b, f"both have {link.rule.removesuffix(SCOPED)} {value}, and {differs}")


def _ambiguity(identifier: Identifier, holders: Sequence[Claim]) -> str:
    names = ", ".join(_name(claim) for claim in sorted(holders, key=lambda claim: claim.place)[:5])
    return f"{identifier[0]} {identifier[1]} is held by {len(holders)} records and ignored: {names}"


def _name(claim: Claim) -> str:
    return f"source {claim.source_id} {claim.source_key}"
