"""Comparison: millions of dependencies against those of the ledger, column by column."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.domain.columns import Columns

KIND_NAMES = ("hard", "soft", "supply")


@dataclass(slots=True)
class DependencyRows:
    """Resolved dependencies of one source, in the order read. `weight` NaN: absent; `relation` indexes `relations`."""

    dependent: array[int] = field(default_factory=lambda: array("q"))
    provider: array[int] = field(default_factory=lambda: array("q"))
    kind: array[int] = field(default_factory=lambda: array("b"))
    weight: array[float] = field(default_factory=lambda: array("d"))
    relation: array[int] = field(default_factory=lambda: array("l"))
    position: array[int] = field(default_factory=lambda: array("q"))
    relations: list[str] = field(default_factory=lambda: [""])


@dataclass(frozen=True, slots=True)
class DependencyDifference:
    """`begun` and `ended`: columns without source_id, ordered by identity. Positions are those of the rows."""

    begun: Mapping[str, Any]
    ended: Mapping[str, Any]
    added: int
    changed: int
    retired: Mapping[str, int]  # by kind
    claimed: Mapping[str, int]  # old rows by kind
    held: Mapping[str, int]  # rows by kind when the difference is applied
    unchanged: int
    duplicates: Sequence[int]  # positions of rows that say the same as an earlier one, by the same word or another
    clashes: Sequence[int]  # positions of rows that say otherwise (another weight) than an earlier one

    def named(self) -> int:
        """How many dependencies the rows name."""
        return self.added + self.changed + self.unchanged


class Comparison(Protocol):
    def dependencies(self, new: DependencyRows, old: Columns, retire: bool) -> DependencyDifference: ...
