"""What the estate loses by single failures, as a picture: how often by how much, and by team, site and supplier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.results import Stamp

OFTEN = (10.0, 1.0, 0.1, 0.01)  # failures a year that part the columns of the matrix, the most frequent first
CARRIERS = ("team", "site", "supplier")


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """CIs that fail so often and cost so much each time. `often`, `much`: numbers of the bands, 0 the worst."""

    often: int
    much: int
    cis: int
    loss: float  # a year, of them all


@dataclass(frozen=True, slots=True)
class MatrixCi:
    key: str
    name: str
    failures_per_year: float
    per_failure: float
    loss: float


@dataclass(frozen=True, slots=True)
class Tile:
    """An area with its share of the loss; `name` "" is the rest of the areas together."""

    name: str
    label: str
    loss: float
    share: float
    areas: int


@dataclass(frozen=True, slots=True)
class Tiles:
    kind: str
    tiles: Sequence[Tile]
    without_loss: int  # areas that start none, or of which it is unknown


@dataclass(frozen=True, slots=True)
class LossPicture:
    """`often`, `much`: where the bands of the matrix end, failures a year and loss a failure in the unit of the measure, the
    worst band first; the last one has no end. `not_placed`: CIs that start a loss without a known rate. `cis`: of the cell."""

    stamp: Stamp
    measure: str
    total: float
    often: Sequence[float]
    much: Sequence[float]
    cells: Sequence[MatrixCell]
    not_placed: int
    without_loss: int
    cis: Sequence[MatrixCi]
    carriers: Sequence[Tiles]
