"""Teams and the loss: how much of it crosses their borders, and how many have to work together to bring services back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.results import Stamp


@dataclass(frozen=True, slots=True)
class ConwayPoint:
    """One revision: `crossing_share` of the loss examined runs over a border between teams; hand-overs and teams of a path in the
    mean, weighed by loss. None: nothing is lost."""

    revision: int
    revision_at: str
    examined: float
    crossing_share: float | None
    mean_hand_overs: float | None
    mean_teams: float | None


@dataclass(frozen=True, slots=True)
class TeamBorder:
    provider_team: str
    dependent_team: str
    loss: float
    share: float


@dataclass(frozen=True, slots=True)
class RecoveryPath:
    """What CI `ci` costs service `service` a year, and the teams on the way from the one to the other, in order."""

    ci: str
    ci_name: str
    service: str
    service_name: str
    loss: float
    teams: Sequence[str]
    hand_overs: int


@dataclass(frozen=True, slots=True)
class LossShare:
    """`number` (of hand-overs, or of teams) on the paths of this share of the loss."""

    number: int
    share: float


@dataclass(frozen=True, slots=True)
class Conway:
    """`examined`: loss a year, in `measure`, of the CIs that lose most; `not_examined`: of the others; `interrupted`: of
    failovers, which have no path. `trend`: this revision and earlier assessed ones, the oldest first."""

    stamp: Stamp
    sentence: str
    measure: str
    examined: float
    not_examined: float
    interrupted: float
    by_hand_overs: Sequence[LossShare]
    by_teams: Sequence[LossShare]
    borders: Sequence[TeamBorder]
    paths: Sequence[RecoveryPath]
    trend: Sequence[ConwayPoint]
    limit: int
    truncated: bool
