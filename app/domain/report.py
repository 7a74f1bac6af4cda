"""What reports hold: whole tables with a unit for each column, the page for the board, the sheet of one service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.domain.recovery import RecoveryGap, ServiceRecovery
from app.domain.results import AreaRow, ServiceDetail, Stamp, Standing

TEXT, NUMBER, COUNT, SHARE, TIME = "text", "number", "count", "share", "time"  # what a column holds; a share is 0 to 1


@dataclass(frozen=True, slots=True)
class Column:
    """`name`: as in the API; `title`: for people; `unit`: of its numbers, "" where there is none."""

    name: str
    title: str
    kind: str = TEXT
    unit: str = ""

    @property
    def head(self) -> str:
        """The title with its unit: "Recovery (h)"."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


@dataclass(frozen=True, slots=True)
class Table:
    """A whole table. `rows` are `total_rows` tuples in the order of the columns, made as they are read; None is unknown."""

    name: str
    title: str
    columns: Sequence[Column]
    total_rows: int
    rows: Iterable[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Basis:
    """What a report rests on. `oldest_hours`: how old the data of the source read longest ago was at `made_at`; None: a source
    was never read to its end, or there is none. `method`: sentences on how its numbers come about."""

    stamp: Stamp
    assessment: str
    made_at: str
    oldest_source: str
    oldest_hours: float | None
    method: Sequence[str]


@dataclass(frozen=True, slots=True)
class Board:
    """The page for the board: the figures of the ranking's head, the worst areas, who carries the loss, the worst recovery gaps.

    Lists are the heads of tables, whose whole length stands beside them; `measure`: what losses are in.
    """

    basis: Basis
    standing: Standing
    measure: str
    gaps: Sequence[RecoveryGap]
    gaps_total: int
    areas: Sequence[AreaRow]
    areas_total: int
    shares: Mapping[str, Sequence[AreaRow]]  # by kind of area
    shares_total: Mapping[str, int]
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ServiceSheet:
    """One service on paper: what it hangs on and when it is back. Its lists are whole."""

    detail: ServiceDetail
    recovery: ServiceRecovery
    file: str  # the name of its file in a pack


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report that was made. `rows`: of each of its tables; `sha256`: of its file; `file`: the name under which it is saved."""

    report: str
    kind: str
    table: str
    revision: int
    made_at: str
    made_by: str
    file: str
    media_type: str
    bytes: int
    sha256: str
    rows: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReportPage:
    items: Sequence[ReportRow]
    total_rows: int
    limit: int
    truncated: bool
    next: str | None
