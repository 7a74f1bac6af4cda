"""Answers of what-if over time (model 1.10): what each service goes through, what it costs, who is called, what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.results import CiRow, OneAway, Stamp, Step, UsedUpGroup


@dataclass(frozen=True, slots=True)
class ScenarioMoment:
    """What a step of the scenario did. `cis`: the first of them."""

    at_hours: float
    at: str  # ISO 8601, "" where the scenario has no start
    do: str
    cis_total: int
    cis: Sequence[CiRow]
    back: str  # in words: when what it took away is back
    cis_down: int  # in the estate, from here on
    services_down: int


@dataclass(frozen=True, slots=True)
class TimelineMoment:
    """What holds from an hour on, in the likeliest outcome. `customers`: of the services that are down, shared ones counted once;
    `money`: lost until then, expected."""

    at_hours: float
    cis_down: int
    cis_degraded: int
    services_down: int
    services_recovering: int
    services_interrupted: int
    services_degraded: int
    customers: float | None
    customers_unknown: int
    money: float | None


@dataclass(frozen=True, slots=True)
class ServiceStretch:
    """down, recovering (all that broke is mended, and it or what it needs starts again), interrupted (a failover is under way) or
    degraded, with the share of its work that is left."""

    from_hours: float
    to_hours: float
    state: str
    capability_share: float


@dataclass(frozen=True, slots=True)
class CriticalStep:
    """One CI of a critical path: its work begins when the CI before it is back."""

    key: str
    name: str
    begun_hours: float
    back_hours: float
    at_most: bool  # an upper bound: CIs that need each other to start


@dataclass(frozen=True, slots=True)
class ServiceTimeline:
    """One service. Times are hours from the start; None: never, or unknown. Stretches are those of the likeliest outcome of the
    failovers, figures are expected over all. `mtpd_minutes_left`: from its first stop to the breach of its MTPD, 0 or more."""

    key: str
    name: str
    state: str  # the worst it goes through
    stretches: Sequence[ServiceStretch]
    lost_share: float
    hours_down: float
    hours_degraded: float
    back_at_hours: float | None  # None: not within the time looked at
    p_down: float
    customers: float | None
    customer_hours: float | None
    money: float | None
    money_low: float | None
    money_high: float | None
    rto_hours: float | None
    rto_breached_at_hours: float | None
    p_rto_breached: float
    mtpd_hours: float | None
    mtpd_breached_at_hours: float | None
    mtpd_breached_at_minutes: int | None
    p_mtpd_breached: float
    path: Sequence[Step]
    critical_path: Sequence[CriticalStep]
    open_needs: int


@dataclass(frozen=True, slots=True)
class RecoveredCi:
    key: str
    name: str
    team: str
    back_at_hours: float
    failed_itself: bool
    waited_for: str  # key of the need that came back last, of equally late ones the first in the order of the graph; "" none
    repair_hours: float | None  # of a CI that failed itself under the recovery model; None: unknown or given
    at_most: bool


@dataclass(frozen=True, slots=True)
class ToCall:
    """A team or supplier of CIs that failed, with the tightest deadline of what depends on them."""

    kind: str  # team, supplier
    name: str  # "" nobody is named
    cis: int
    services: int  # that are down at some time and depend on these CIs
    minutes: int | None  # from its first failure to the first MTPD of these; None: none of them has one
    service: str  # whose MTPD it is
    service_name: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One service under this scenario and under the other one; other minus this. None: unknown."""

    key: str
    name: str
    hours_down: float
    other_hours_down: float
    money: float | None
    other_money: float | None
    money_difference: float | None
    mtpd_breached: bool
    other_mtpd_breached: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """The totals of another scenario beside this one's."""

    title: str
    money: float | None
    customer_hours: float | None
    services_down: int
    mtpd_breaches: int
    end_hours: float
    services_total: int  # that differ
    services: Sequence[Difference]


@dataclass(frozen=True, slots=True)
class TimelineAnswer:
    """Totals are those of all services. `limit` and `after` page every list alike."""

    stamp: Stamp
    title: str
    scenario: Mapping[str, object]
    sentence: str
    start_at: str
    end_hours: float
    open_ended: bool  # something is never restored: figures go up to end_hours
    outcomes: int
    simulated: bool
    steps: Sequence[ScenarioMoment]
    moments: Sequence[TimelineMoment]
    moments_total: int
    cis_failed: int  # that failed themselves
    cis_down_most: int
    services_total: int  # that lose anything at any time
    services_down: int
    services_interrupted: int  # at most
    services_degraded: int  # at most
    customers_most: float | None  # at one time
    customers_unknown: int
    customers_note: str
    customer_hours: float | None
    customer_hours_unknown: int
    money: float | None
    money_low: float | None  # 5 % of the outcomes of the failovers cost less
    money_high: float | None
    money_plus_minus: float
    money_unknown: int
    rto_breaches: int
    mtpd_breaches: int
    first_mtpd_service: str
    first_mtpd_breached_at_hours: float | None
    services: Sequence[ServiceTimeline]
    recovery: Sequence[RecoveredCi]
    recovery_total: int
    worst_at_hours: float
    redundancy_used_up: Sequence[UsedUpGroup]  # at worst_at_hours
    redundancy_used_up_total: int
    one_failure_away: Sequence[OneAway]  # at worst_at_hours
    one_failure_away_total: int
    calls: Sequence[ToCall]
    calls_total: int
    compared: Compared | None
    warnings: Sequence[str]
    assumptions: Sequence[str]
    open_needs: int
    services_incomplete: int
    limit: int
    truncated: bool
    next: str | None
