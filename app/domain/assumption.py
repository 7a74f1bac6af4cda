"""An assumption that somebody tries: what the ranking says with it, beside what it says now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.results import Stamp, Value

FIELDS = {"failures_per_year": "failures a year of up time", "repair_hours": "mean restore time, hours"}


@dataclass(frozen=True, slots=True)
class RankedWith:
    """A CI in the ranking by single failures, now and with the assumption; losses in its measure, None: unknown."""

    key: str
    name: str
    rank: int
    rank_with: int
    loss: float | None
    loss_with: float | None


@dataclass(frozen=True, slots=True)
class Assumption:
    """`value`: as it is, with its origin; `correction`: what a person has set in its place. `ci`: the one it
    is about; `first`: those that rank first with it. `total`: of all single failures."""

    stamp: Stamp
    key: str
    name: str
    field: str
    unit: str
    value: Value
    correction: float | None
    tried: float | None
    measure: str
    ci: RankedWith | None
    total: float
    total_with: float | None
    first: Sequence[RankedWith]
