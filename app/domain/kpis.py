"""Answers about goals: what was measured of each service, against its goals. Every figure says of how many, over which time, by
which way of measuring; an unknown number is None, never 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.domain.results import Stamp

INCIDENTS, PROMETHEUS = "incidents", "prometheus"


@dataclass(frozen=True, slots=True)
class GoalRow:
    """A goal as it holds. `target_from`: by hand, a file, or a source of the ledger; `window_text`: in words."""

    kind: str
    target: float | None
    target_text: str
    window: str
    zone: str
    maintenance_counts: bool
    window_text: str
    by: str
    reason: str
    set_at: str
    target_from: str


@dataclass(frozen=True, slots=True)
class MeanTimeRow:
    """A mean time in hours, its 90 % interval and of how many it is; `rule`: how it is reckoned."""

    hours: float | None
    low: float | None
    high: float | None
    n: int
    rule: str


@dataclass(frozen=True, slots=True)
class BurnRow:
    """How many times faster than allowed the error budget was used over the last hours."""

    hours: int
    rate: float | None
    says: str


@dataclass(frozen=True, slots=True)
class TrendRow:
    """One window of the past: whole unless it is the present one."""

    from_at: str
    until_at: str
    whole: bool
    value: float | None
    low: float
    high: float
    missing_share: float


@dataclass(frozen=True, slots=True)
class WayOfMeasuring:
    """What one way of measuring says of the window."""

    way: str
    counted_seconds: int
    up_seconds: int
    down_seconds: int
    missing_seconds: int
    maintenance_seconds: int
    missing_share: float
    value: float | None
    low: float
    high: float
    outages: int
    outages_open: int
    doubtful: int
    step_seconds: int
    measured_to: str


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """Incidents against Prometheus over the window, in seconds. `value`: availability by incidents less that by Prometheus."""

    value: float | None
    both_seconds: int
    incidents_alone_seconds: int
    prometheus_alone_seconds: int
    incidents_unseen_seconds: int
    prometheus_unseen_seconds: int
    sentence: str


@dataclass(frozen=True, slots=True)
class ErrorBudgetRow:
    """The error budget of the whole window, in seconds."""

    allowed_seconds: float
    used_seconds: int
    left_seconds: float
    left_at_least_seconds: float
    overspent_seconds: float
    left_share: float | None
    burn: Sequence[BurnRow] = ()


@dataclass(frozen=True, slots=True)
class KpiRow:
    """One KPI of a service: of the window, up to `until_at`. `way`: which way of measuring speaks, "" none."""

    kind: str
    goal: GoalRow | None
    from_at: str
    until_at: str
    ends_at: str
    value: float | None
    low: float | None
    high: float | None
    missing_share: float
    n: int
    way: str
    verdict: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ServiceKpis:
    """A service's KPIs in short, for lists."""

    key: str
    name: str
    verdict: str
    availability: KpiRow
    error_rate: KpiRow
    time_to_repair: KpiRow
    budget_left_share: float | None
    goals: int


@dataclass(frozen=True, slots=True)
class GoalPage:
    """Services with their KPIs, those that miss a goal first."""

    stamp: Stamp
    measured_at: str
    sentence: str
    items: Sequence[ServiceKpis]
    services_total: int
    missed: int
    undecided: int
    met: int
    without_goal: int
    limit: int
    truncated: bool
    next: str | None = None


@dataclass(frozen=True, slots=True)
class GaugeRow:
    """How a service is measured in Prometheus, and how its reading does. Settings name secrets, they hold none."""

    service: str
    name: str
    settings: dict[str, str]
    up_query: str
    up_from: float
    errors_query: str
    requests_query: str
    step_seconds: int
    since: str
    by: str
    changed_at: str
    read_to: str
    succeeded_at: str
    failed_at: str
    error: str


@dataclass(frozen=True, slots=True)
class GaugePage:
    items: Sequence[GaugeRow]


@dataclass(frozen=True, slots=True)
class ServiceGoals:
    """All about one service's goals: what was measured each way, the difference, error budget, times to repair, to detect,
    between failures, and the trend."""

    stamp: Stamp
    measured_at: str
    key: str
    name: str
    sentence: str
    verdict: str
    kpis: Sequence[KpiRow]
    ways: Sequence[WayOfMeasuring]
    difference: DifferenceRow | None
    budget: ErrorBudgetRow | None
    time_to_repair: MeanTimeRow
    time_to_detect: MeanTimeRow
    time_between_failures: MeanTimeRow
    trend: Sequence[TrendRow]
    trend_sentence: str
    rules: Sequence[str]
    gauge: GaugeRow | None = None


@dataclass(frozen=True, slots=True)
class SharedKpi:
    """One figure of the shared page."""

    kind: str
    value: float | None
    low: float | None
    high: float | None
    missing_share: float
    target: float | None
    verdict: str
    says: str


@dataclass(frozen=True, slots=True)
class SharedRow:
    """A service of the shared page, by the label that it was given there."""

    label: str
    verdict: str
    kpis: Sequence[SharedKpi] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SharedKpis:
    """What everyone may read: nothing but the services that were opened, by their labels."""

    title: str
    measured_at: str
    items: Sequence[SharedRow]


@dataclass(frozen=True, slots=True)
class SharedServiceRow:
    service: str
    label: str


@dataclass(frozen=True, slots=True)
class SharedOpening:
    """What an administrator has opened."""

    open: bool
    title: str
    services: Sequence[SharedServiceRow]
    by: str
    changed_at: str
    address: str
