"""CiSource: where configuration items come from.

A source is read as a `SourceSnapshot`, which streams blocks of records kind by kind (CIs first) and then gives its evidence of
completeness. It never decides whether it was complete, what a record's CI is, or what is retired: the sync does.

A source that keeps its last applied raw input (files, rows of an API) can give a `difference` as well: the same content as a
snapshot, but only the rows that came, went or were not plainly accepted last time. It gives None whenever it is in doubt; then
everything is read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from app.domain.completeness import Evidence
from app.domain.records import (
    CiRecord,
    GroupRecord,
    IncidentRecord,
    ObservationRecord,
    RejectedRecord,
    ServiceRecord,
)

KINDS = ("ci", "dependency", "group", "service", "incident", "observation")  # in the order in which they are read

SmallRecord = GroupRecord | ServiceRecord | IncidentRecord | ObservationRecord


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows that carry no record: those that were refused, and how many the mapping leaves out by type; with their positions,
    where known."""

    rejected: Sequence[RejectedRecord] = ()
    rejected_at: Sequence[int] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)
    ignored_at: Sequence[int] = ()
    lost_cells: Sequence[RejectedRecord] = ()  # of records that go on without them

    def rows(self) -> int:
        return len(self.rejected) + sum(self.ignored.values())


NOTHING_LEFT_OUT = LeftOut()


@dataclass(frozen=True, slots=True)
class CiBlock:
    """`place` and a position name a row for people: "cis.csv line" 12."""

    place: str
    records: Sequence[CiRecord]
    positions: Sequence[int]
    left_out: LeftOut = NOTHING_LEFT_OUT


@dataclass(frozen=True, slots=True)
class DependencyBlock:
    """Dependencies as columns of equal length; `kinds` hard, soft or supply, `weights` None where absent."""

    place: str
    dependents: Sequence[str]
    providers: Sequence[str]
    kinds: Sequence[str]
    weights: Sequence[float | None]
    relations: Sequence[str]
    positions: Sequence[int]
    left_out: LeftOut = NOTHING_LEFT_OUT


@dataclass(frozen=True, slots=True)
class SmallBlock:
    """Groups, services, incidents or observations."""

    place: str
    records: Sequence[SmallRecord]
    positions: Sequence[int]
    left_out: LeftOut = NOTHING_LEFT_OUT


class SourceSnapshot(Protocol):
    def cis(self) -> Iterator[CiBlock]: ...
    def dependencies(self) -> Iterator[DependencyBlock]: ...
    def small(self, kind: str) -> Iterator[SmallBlock]: ...  # group, service, incident, observation

    def evidence(self) -> Evidence:
        """The evidence of completeness, once everything was read."""
        ...

    def warnings(self) -> Sequence[str]: ...

    def where(self, place: str, position: int) -> str:
        """The name of a row, for people."""
        return f"{place} {position}"


class SourceDifference(SourceSnapshot, Protocol):
    """Its streams give the rows to examine: new ones, and old ones that were not plainly accepted."""

    facts: str  # what the sync gave to `keep` with the applied input
    classes: Sequence[str]  # the source's classes of CIs, all of them

    def untouched(self, kind: str) -> int:
        """How many rows are as they were and were accepted then."""
        ...

    def gone_cis(self) -> Iterator[CiBlock]: ...
    def gone_dependencies(self) -> Iterator[DependencyBlock]: ...
    def gone_small(self, kind: str) -> Iterator[SmallBlock]: ...

    def referring(self, ids: Collection[str]) -> Iterator[DependencyBlock]:
        """Untouched dependencies of which an end is one of these source ids."""
        ...


class CiSource(Protocol):
    def check(self) -> Sequence[str]:
        """Checks whether the source can be reached and read.

        Returns a sentence for each finding; raises SourceFailed or InvalidInput.
        """
        ...

    def read(self, folder: Path) -> SourceSnapshot:
        """Reads everything. `folder` is the source's own, for what it reads; `difference` and `keep` get the same."""
        ...

    def difference(self, folder: Path) -> SourceDifference | None:
        """Returns what changed since the input that is kept in `folder`; None in doubt, or where nothing is kept."""
        ...

    def keep(self, folder: Path, facts: str, not_plain: Mapping[str, Collection[int]]) -> None:
        """Keeps the input just read as applied. `not_plain`: positions of rows, by kind, that were refused, ignored or
        duplicates."""
        ...
