"""Junctions of ArchiMate: what stands behind an AndJunction is needed together, of what stands behind an OrJunction one
suffices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

JUNCTIONS = ("Junction", "AndJunction", "OrJunction")
DEPTH = 20


@dataclass(frozen=True, slots=True)
class Needs:
    """What one side of a relation needs: `all` of these, and one member of each of the `groups`. `stricter`: alternatives that
    each consist of several things are taken as needed all together."""

    all: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    stricter: bool = False


@dataclass(slots=True)
class Junctions:
    """The junctions of a model with their relations. `kinds`: identifier of a junction -> its kind. A relation is (relation,
    dependent side, provider side)."""

    kinds: Mapping[str, str]
    providers: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # (junction, relation) -> what stands behind it
    dependents: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def take(self, relation: str, dependent: str, provider: str) -> None:
        if dependent in self.kinds:
            self.providers.setdefault((dependent, relation), []).append(provider)
        if provider in self.kinds:
            self.dependents.setdefault((provider, relation), []).append(dependent)

    def needs(self) -> Iterator[tuple[str, str, Needs]]:
        """Yields (relation, dependent, what it needs) for every element before a junction."""
        for (junction, relation), dependents in sorted(self.dependents.items()):
            behind = self.behind(junction, relation)
            for dependent in sorted(set(dependents) - set(self.kinds)):
                yield relation, dependent, behind

    def lost(self) -> Iterator[str]:
        """Returns the junctions that lead nowhere."""
        ends = {junction for junction, _ in (*self.providers, *self.dependents)}
        both = {junction for junction, relation in self.providers if (junction, relation) in self.dependents}
        return iter(sorted(ends - both))

    def behind(self, junction: str, relation: str, depth: int = 0) -> Needs:
        parts = self.providers.get((junction, relation), [])
        all_needs = [
            self.behind(part, relation, depth + 1) if part in self.kinds and depth < DEPTH else Needs((part,)) for part in parts
        ]
        if self.kinds[junction] != "OrJunction":
            return _together(all_needs)
        if not all(len(need.all) + len(need.groups) <= 1 for need in all_needs):
            return replace(_together(all_needs), stricter=True)
        members = tuple(
            dict.fromkeys(name for need in all_needs for name in (*need.all, *(m for group in need.groups for m in group)))
        )
        return Needs(members) if len(members) < 2 else Needs(groups=(members,))


def _together(needs: Sequence[Needs]) -> Needs:
    every = tuple(dict.fromkeys(name for need in needs for name in need.all))
    groups = tuple(dict.fromkeys(group for need in needs for group in need.groups))
    return Needs(every, groups, any(need.stricter for need in needs))
