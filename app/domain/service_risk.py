"""Answers about the risk of one service: availability, importance, cut sets, loss, goal. Every number says how it was computed.

`Estimate.method` is one of: exact (to rounding); bounded (low and high are certain); simulated (low and high are a confidence
interval); approximate (the note says what is left out); incomplete (needs of the service, or of something it depends on, were not
read: hours, stops and money are lower bounds, availability is an upper one); unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.results import Stamp

EXACT, BOUNDED, SIMULATED, APPROXIMATE, UNKNOWN = "exact", "bounded", "simulated", "approximate", "unknown"
INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and how sure it is; `value` is None where only an interval is known, all are None where it is unknown."""

    value: float | None
    method: str
    low: float | None = None
    high: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Effort:
    """What the answer was allowed to cost, and what it took; with the seed where it drew random numbers."""

    budget_nodes: int
    budget_seconds: float
    nodes: int
    seconds: float
    seed: int | None = None
    years: int = 0  # simulated
    worlds: int = 0  # sampled


@dataclass(frozen=True, slots=True)
class FailoverRow:
    """One group with failover among what the service depends on, by its active member: downtime of its dependent that this member
    started (model 1.6)."""

    group: str
    dependent: str
    active: str
    standbys: Sequence[str]
    p_works: float
    hours_per_year: float | None
    hours_per_year_without_standby: float | None


@dataclass(frozen=True, slots=True)
class ServiceAvailability:
    """`down`: keys of CIs forced down for the question. Per year means a calendar year of 8,766 h."""

    stamp: Stamp
    key: str
    name: str
    down: Sequence[str]
    at_rest: str  # up, degraded, down
    unavailability: Estimate  # failovers included; of CIs that are down alone: in the answers about importance and cut sets
    availability: Estimate
    failures_per_year: Estimate
    failures_per_hour: Estimate
    mean_outage_hours: Estimate
    downtime_minutes_per_year: Estimate
    outages_longer_than: Sequence[Sequence[float]]  # [hours, probability]
    outages_longer_than_method: str
    mtpd_hours: float | None
    p_outage_breaches_mtpd: Estimate
    mtpd_breaches_per_year: Estimate
    lost_share: Estimate  # E[1 - c] against the state at rest, rule "product"
    lost_share_worst_rule: Estimate
    rules_differ: bool | None  # by more than 10 %; None where one of them is unknown
    customers: float | None
    bad_customer_minutes_first_order: Estimate
    bad_customer_minutes: Estimate
    single_points: int
    rare_event_sum: float | None
    esary_proschan_upper: float | None
    esary_proschan_lower: float | None
    failovers: Sequence[FailoverRow]
    unknown_cis: int  # of the cone without an unavailability: they count as never down
    effort: Effort
    open_needs: int = 0  # of the service and of all it leans on: stated and not read


@dataclass(frozen=True, slots=True)
class ImportanceRow:
    """Measures of model 1.7 under their pinned names; an infinite one is None with its flag, an unknown one None."""

    key: str
    name: str
    ci_class: str
    unavailability: float
    birnbaum: float
    criticality: float
    fussell_vesely: float | None
    conditional: float
    raw: float | None
    raw_infinite: bool
    rrw: float | None
    rrw_infinite: bool
    dim_equal: float
    dim_proportional: float
    initiator_share: float | None
    failures_per_year: float | None  # of the service, started by this CI


@dataclass(frozen=True, slots=True)
class ServiceImportance:
    stamp: Stamp
    key: str
    name: str
    down: Sequence[str]
    unavailability: Estimate
    initiator_shares_total: float | None
    notes: Sequence[str]
    effort: Effort
    total_rows: int
    limit: int
    truncated: bool
    next: str | None
    items: Sequence[ImportanceRow]
    open_needs: int = 0  # of the service and of all it leans on: stated and not read


@dataclass(frozen=True, slots=True)
class CutSetRow:
    order: int
    cis: Sequence[str]
    names: Sequence[str]
    probability: float
    share: float  # of the rare-event sum


@dataclass(frozen=True, slots=True)
class CutSetCount:
    """`count` is None beyond 2^53, `digits` has it always."""

    order: int
    count: int | None
    digits: str


@dataclass(frozen=True, slots=True)
class ServiceCutSets:
    """Minimal cut sets, the most probable first. `probability_not_listed`: rare-event sum of those not in `items`."""

    stamp: Stamp
    key: str
    name: str
    down: Sequence[str]
    unavailability: Estimate
    total: int | None
    total_digits: str
    by_order: Sequence[CutSetCount]
    items: Sequence[CutSetRow]
    limit: int
    truncated: bool
    probability_not_listed: float | None
    rare_event_sum: float | None
    notes: Sequence[str]
    effort: Effort
    open_needs: int = 0  # of the service and of all it leans on: stated and not read


@dataclass(frozen=True, slots=True)
class LossRow:
    """What one CI costs the service a year by starting outages; first_order + redundancy = total."""

    key: str
    name: str
    ci_class: str
    team: str
    site: str
    supplier: str
    money_first_order: float | None
    money_redundancy: float | None
    money_total: float | None
    hours_first_order: float | None
    hours_redundancy: float | None
    hours_total: float | None
    share: float  # of the sum of the column `ranked_by`


@dataclass(frozen=True, slots=True)
class CategoryLoss:
    """A category of the impact curve.

    Quantities (money, customers): what is expected a year. Ordinal classes (legal, reputation, safety): how often a year an
    outage lasts until each class is reached.
    """

    category: str
    ordinal: bool
    per_year: float | None
    reached_per_year: Sequence[Sequence[float]]  # [class, times a year]


@dataclass(frozen=True, slots=True)
class ServiceLossYear:
    stamp: Stamp
    key: str
    name: str
    measure: str  # money_per_year, or service_hours_per_year where nobody gave money
    ranked_by: str  # total; first_order where the redundancy part is unknown
    money_first_order: Estimate
    money_redundancy: Estimate
    money_total: Estimate
    hours_first_order: Estimate
    hours_redundancy: Estimate
    hours_total: Estimate
    mtpd_breaches_first_order: float | None
    mtpd_breaches_total: Estimate
    categories: Sequence[CategoryLoss]
    effort: Effort
    total_rows: int
    limit: int
    truncated: bool
    next: str | None
    items: Sequence[LossRow]
    open_needs: int = 0  # of the service and of all it leans on: stated and not read


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """A row of the risk sheet. The row with key "" is what only combinations of failures cost, less overlaps."""

    key: str
    name: str
    detect_minutes: float | None
    resolve_minutes: float | None
    share_of_users: float | None
    interval_days: float | None
    bad_minutes_per_year: float | None
    share_of_budget: float | None  # None with its flag: infinite, as the goal allows none
    flagged: bool
    origin: str  # of the rate
    share_of_budget_infinite: bool = False


@dataclass(frozen=True, slots=True)
class NeedRow:
    """A direct need of the service and the availability it allows at most."""

    need: str
    names: Sequence[str]
    availability: Estimate


@dataclass(frozen=True, slots=True)
class ServiceGoal:
    """Whether the service can meet its goal, given what it depends on.

    `verdict`: met, missed, undecided (the interval holds the goal), no goal.
    """

    stamp: Stamp
    key: str
    name: str
    target: float | None
    verdict: str
    sentence: str
    availability: Estimate
    best_reachable: Estimate  # if the service itself never failed
    binding: NeedRow | None  # the direct need that allows least
    needs: Sequence[NeedRow]
    budget_minutes_per_year: float | None
    bad_minutes_per_year: Estimate
    share_of_budget: float | None
    rows: Sequence[BudgetRow]
    rows_total: int
    truncated: bool
    rows_not_shown_minutes: float
    notes: Sequence[str]
    effort: Effort
    settings: Mapping[str, float] = field(default_factory=dict)
    share_of_budget_infinite: bool = False  # bad minutes where the goal allows none
    open_needs: int = 0  # of the service and of all it leans on: stated and not read
