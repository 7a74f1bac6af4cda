"""What is behind the rate and the restore time of a CI: incidents, how long they were watched for, what the class says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.results import Stamp


@dataclass(frozen=True, slots=True)
class EvidenceValue:
    """A value in use with all that it rests on. `low`, `high`: its 90 % interval; `incidents`: failures that it counts (closed
    ones for a restore time); `years`: of service in which they were seen; `newest_at`: when the last of them began, or until when
    the silence was observed; `age_days`: since then. `class_years`, `class_incidents`: of all watched CIs of its class."""

    name: str
    value: float | None
    unit: str
    origin: str
    low: float | None
    high: float | None
    spread_from: str
    incidents: int
    years: float
    newest_at: str
    age_days: float | None
    class_cis: int
    class_incidents: int
    class_years: float
    prior_mean: float | None


@dataclass(frozen=True, slots=True)
class EvidenceIncident:
    """An incident on record at the CI. `ended_at`: None, nobody closed it."""

    source: str
    incident: str
    started_at: str
    ended_at: str | None


@dataclass(frozen=True, slots=True)
class FailureSeen:
    """A failure as it is counted: incidents that overlap or touch are one. `end`: closed, open (it lasts at least these hours),
    or given up (nobody closed it; it says nothing of restore times). `fell_with_it`: incidents of other CIs that are counted here
    and not there."""

    started_at: str
    hours: float
    end: str
    incidents: Sequence[EvidenceIncident]
    fell_with_it: Sequence[str]


@dataclass(frozen=True, slots=True)
class LeftOutIncident:
    incident: EvidenceIncident
    reason: str


@dataclass(frozen=True, slots=True)
class WatchedFor:
    """A window in which the source that speaks watched the CI."""

    observed_from: str
    observed_until: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence of one CI. `source`: of its incidents the one that speaks, as it watched longest; "" where nobody watched."""

    stamp: Stamp
    key: str
    name: str
    ci_class: str
    source: str
    sentence: str
    values: Sequence[EvidenceValue]
    windows: Sequence[WatchedFor]
    failures: Sequence[FailureSeen]
    left_out: Sequence[LeftOutIncident]
    not_read: int
    limit: int
    truncated: bool
