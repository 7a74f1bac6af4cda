"""Answers: what the doors show. Every answer carries a Stamp; an unknown number is None, never 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MEASURES = {
    "money_per_year": "money a year",
    "customer_hours_per_year": "customer-hours a year",
    "service_hours_per_year": "service-hours a year",
    "services_hit": "services hit",
}


@dataclass(frozen=True, slots=True)
class SourceAge:
    name: str
    synced_at: str  # "" never read to the end
    state: str


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an answer rests on: revision, when it was published, model, settings, and how old each source's data is.

    `needs_of_nobody`: needs and values that were not read and of which nobody can tell whose they are, so any service may depend
    on them.
    """

    revision: int
    revision_at: str
    model_version: str
    settings: str  # fingerprint of the model settings
    currency: str
    sources: Sequence[SourceAge] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)  # CIs not assessed, by reason
    warnings: Sequence[str] = ()
    needs_of_nobody: int = 0


@dataclass(frozen=True, slots=True)
class Value:
    """One input of a number: value, unit, origin (measured, declared, assumed, unknown) and what is behind it."""

    name: str
    value: float | None
    unit: str
    origin: str
    evidence: str = ""
    low: float | None = None  # 90 % interval, where one was stated with the value
    high: float | None = None
    spread_from: str = ""  # where a study takes the spread from: given, class table, posterior, setting


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path along which a failure runs: from the CI that failed first to the one in question."""

    key: str
    name: str
    ci_class: str
    why: str  # out, hard, supply, group, supply group, soft
    sentence: str


@dataclass(frozen=True, slots=True)
class ServiceHit:
    key: str
    name: str
    state: str  # down, degraded, interrupted
    lost_share: float  # 1 down
    customers: float | None
    money_per_hour: float | None
    mtpd_hours: float | None
    path: Sequence[Step] = ()
    open_needs: int = 0  # own and inherited: stated by a source and not read


@dataclass(frozen=True, slots=True)
class AreaGap:
    """The worst gap between what an RTO wants and how long a single outage of a CI of the area takes, detection and declaration
    counted."""

    service_key: str
    service_name: str
    key: str
    name: str
    wants_hours: float
    takes_hours: float
    gap_hours: float


@dataclass(frozen=True, slots=True)
class AreaRow:
    """`share` is of the measure that the ranking goes by.

    `inputs`: the shares of the area's loss that rest on each origin of rate. `plus_minus`: by measure, half the width of the 95 %
    interval where failover outcomes were sampled; empty where it is exact. `low`, `high`: 5 % and 95 % of the total loss, and
    `redundancy`, both of the newest study of this revision (None: no study, or not followed by it). `before`: the measure at the
    revision compared with (None: none was asked for, the area was not there, or it is unknown), `difference`: now less before.
    """

    kind: str
    name: str
    label: str
    rank: int
    cis: int
    services_hit: int  # that its CIs stop, each alone; of a service: 1
    services_touched: int  # that they only degrade or interrupt
    service_hours_per_year: float | None
    customer_hours_per_year: float | None
    money_per_year: float | None
    share: float
    inputs: Mapping[str, float]
    not_counted: (
        bool  # its only loss comes from pairs of failures, which this assessment does not count: not safe, not yet counted
    )
    reason: str
    plus_minus: Mapping[str, float] = field(default_factory=dict)
    open_needs: int = 0  # of the CI or service, own and inherited; of a group of CIs their own: stated and not read
    owner: str = ""  # the team of a CI or service; of other kinds several may own it
    confidence: str = ""  # high, fair, low: of the rates it rests on
    low: float | None = None
    high: float | None = None
    redundancy: float | None = None
    gap: AreaGap | None = None  # None: no single outage is known to take longer than an RTO allows
    before: float | None = None
    difference: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How the estate stands, in a few figures. `services_without_second_path`: services that the outage of one CI stops.
    `total` is the first-order loss in the ranking's measure; `low`, `high`: 5 % and 95 % of the total with its redundancy part
    by the newest study of this revision (None: there is none)."""

    services: int
    services_without_second_path: int
    services_incomplete: int  # needs of them were not read: they may have none either
    worst_gap: AreaGap | None
    total: float
    low: float | None
    high: float | None
    study: str


@dataclass(frozen=True, slots=True)
class AreaPage:
    """`total_rows` areas fit the filters, of `of_rows`; `total` is of all, `total_fitting` of those that fit (areas of CIs and of
    what they have in common add up). `since`: the revision compared with; `previous`, `next`: pages before and after."""

    stamp: Stamp
    assessment: str
    kind: str
    measure: str
    total: float
    total_rows: int
    limit: int
    truncated: bool
    next: str | None
    items: Sequence[AreaRow]
    standing: Standing
    of_rows: int
    total_fitting: float
    sort: str = "rank"
    since: int | None = None
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class Contribution:
    key: str
    name: str
    ci_class: str
    money_per_year: float | None
    customer_hours_per_year: float | None
    service_hours_per_year: float | None
    services_hit: int
    share: float
    values: Sequence[Value]
    reason: str
    plus_minus: Mapping[str, float] = field(default_factory=dict)  # as in AreaRow


@dataclass(frozen=True, slots=True)
class AreaDetail:
    stamp: Stamp
    assessment: str
    measure: str
    area: AreaRow
    contributions: Sequence[Contribution]
    contributions_total: int
    services: Sequence[ServiceHit]
    services_total: int
    truncated: bool
    assumptions: Sequence[str]
    limit: int
    next: str | None  # of the contributions


@dataclass(frozen=True, slots=True)
class ServiceRow:
    key: str
    name: str
    assumed: bool
    team: str
    customers: float | None
    customer_population: str  # services of one population share customers; "": nobody said
    money_per_hour: float | None
    mtpd_hours: float | None
    rto_hours: float | None
    single_points: int
    service_hours_per_year: float | None
    customer_hours_per_year: float | None
    money_per_year: float | None
    corrected_hours_per_year: float | None  # where first-order hours would overlap
    down_at_rest: bool
    not_counted: bool
    open_needs: int = 0  # own and inherited: stated by a source and not read
    overlap: str = ""  # the sentence that first-order hours count outages twice, where they do


@dataclass(frozen=True, slots=True)
class ServicePage:
    stamp: Stamp
    assessment: str
    total_rows: int
    limit: int
    truncated: bool
    next: str | None
    items: Sequence[ServiceRow]


@dataclass(frozen=True, slots=True)
class ServiceGroup:
    """A redundancy group behind a service: `left` of `members` stand, `needed` suffice. `taken_by`: the first of `taken_by_total`
    CIs outside it whose outage alone takes more members than it can lose; there its redundancy is only on paper. `evidence`:
    configured, validated, failed or never tested, by its last `test`."""

    key: str
    dependent_key: str
    dependent_name: str
    needed: int
    members: int
    left: int
    state: str
    taken_by_key: str
    taken_by_name: str
    taken_by_total: int
    evidence: str
    test: str = ""
    tested_at: str = ""


@dataclass(frozen=True, slots=True)
class ServiceDetail:
    """`loss_over_time`: [hours of an outage, what it has cost by then], from the service's own loss curve or its money per hour;
    empty where nobody gave money."""

    stamp: Stamp
    assessment: str
    service: ServiceRow
    impact: Mapping[str, Sequence[Sequence[float]]]
    rpo_hours: float | None
    mbco_share: float | None
    single_points: Sequence[Contribution]
    single_points_total: int
    truncated: bool
    next: str | None
    loss_over_time: Sequence[Sequence[float]] = ()
    redundancy: Sequence[ServiceGroup] = ()
    redundancy_total: int = 0
    redundancy_tried: bool = True


@dataclass(frozen=True, slots=True)
class CiRow:
    key: str
    name: str
    ci_class: str
    alias_kind: str = ""
    alias: str = ""


@dataclass(frozen=True, slots=True)
class CiPage:
    stamp: Stamp
    query: str
    limit: int
    truncated: bool
    total: int | None  # None: more than the limit, not counted
    items: Sequence[CiRow]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class SearchRow:
    """A CI that was searched, the text by which it was found, and what hangs on it (None: unknown, or not assessed)."""

    key: str
    name: str
    ci_class: str
    alias_kind: str
    alias: str
    services_hit: int | None
    customer_hours_per_year: float | None
    money_per_year: float | None
    service_hours_per_year: float | None


@dataclass(frozen=True, slots=True)
class SearchPage:
    """`corrected`: nothing was found as written, and one typing error in each word was forgiven. `ranked`: by what hangs on a CI;
    false while the index of the revision is being made and the store answers, which knows no ranks and forgives nothing."""

    stamp: Stamp
    query: str
    limit: int
    truncated: bool
    total: int | None  # None: more than the limit, not counted
    corrected: bool
    ranked: bool
    items: Sequence[SearchRow]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Neighbour:
    key: str
    name: str
    ci_class: str
    kind: str
    weight: float | None
    sources: Sequence[str]


@dataclass(frozen=True, slots=True)
class GroupRow:
    key: str
    dependent: str
    needed: int
    members: Sequence[str]
    kind: str
    shares: Sequence[float]
    failover_minutes: float | None
    failover_success: float | None
    common_cause_share: float | None
    common_cause_unavailability: float | None


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A source record behind a CI: any number can be walked back to it."""

    source: str
    source_key: str
    payload: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class OpenNeedRow:
    """A need that a source stated and that could not be read or resolved."""

    source: str
    text: str
    reason: str
    needs: int  # 0: all were read, but members of the group are one CI


@dataclass(frozen=True, slots=True)
class RequiredRecovery:
    """What is required of one CI: the tightest RTO of all services that its outage alone stops, and when that service is back
    after it. None: no service that it stops has an RTO; of `takes_hours` and `gap_hours`: a restore time is unknown.
    `contradictions`: how many of the `services` are back too late after it."""

    required_hours: float | None
    service_key: str
    service_name: str
    takes_hours: float | None
    gap_hours: float | None
    services: int
    contradictions: int
    sentence: str


@dataclass(frozen=True, slots=True)
class CiDetail:
    stamp: Stamp
    key: str
    name: str
    ci_class: str
    raw_class: str
    lifecycle: str
    environment: str
    site: str
    team: str
    supplier: str
    assessed: bool
    service: bool
    values: Sequence[Value]
    aliases: Sequence[Sequence[str]]
    attributes: Mapping[str, object]
    needs: Sequence[Neighbour]
    needs_total: int
    needed_by: Sequence[Neighbour]
    needed_by_total: int
    groups: Sequence[GroupRow]
    member_of: Sequence[GroupRow]
    records: Sequence[RecordRow]
    truncated: bool
    open_needs: Sequence[OpenNeedRow] = ()  # its own, as the ledger holds them; the first of them
    open_needs_total: int = 0  # own and inherited
    required: RequiredRecovery | None = None  # None: it is not assessed


@dataclass(frozen=True, slots=True)
class FallenCi:
    key: str
    name: str
    ci_class: str
    state: str  # down, degraded
    capability: float


@dataclass(frozen=True, slots=True)
class UsedUpGroup:
    """A group that still carries its dependent but has nothing left to lose."""

    key: str
    dependent: str
    dependent_name: str
    failed: Sequence[str]
    left: Sequence[str]
    needed: int
    in_maintenance: Sequence[str] = ()  # of those left: they count as up and may not be
    left_names: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """`services`, `redundancy_used_up` and `fallen` are pages of one size; totals are of all."""

    stamp: Stamp
    cis: Sequence[CiRow]  # the forced ones
    cis_down: int
    cis_degraded: int
    services_down: int
    services_degraded: int  # work at a part
    services_interrupted: int  # only for the time of a failover
    customers: float | None  # of the services down; those of one customer population counted once
    customers_by_share: float | None  # of all services hit, of those at a part by the share they lose
    customers_unknown: int  # services hit whose customers nobody gave
    customers_note: str  # whether customers that services share are counted once, or the number is an upper bound
    money_per_hour: float | None  # of the services hit, of those at a part the share they lose
    money_unknown: int  # services hit whose money nobody gave
    first_mtpd_hours: float | None
    first_mtpd_service: str
    sentence: str
    services: Sequence[ServiceHit]
    services_total: int
    redundancy_used_up: Sequence[UsedUpGroup]
    redundancy_used_up_total: int
    fallen: Sequence[FallenCi]
    fallen_total: int
    limit: int
    truncated: bool
    next: str | None
    open_needs: int = 0  # needs of services that were not read, where services that are not hit hang on some
    services_incomplete: int = 0  # services not known to stop that hang on them


@dataclass(frozen=True, slots=True)
class ServiceLoss:
    key: str
    name: str
    state: str
    lost_share: float
    hours_down: float
    customers: float | None
    money: float | None
    money_over_time: Sequence[Sequence[float]]  # [hours, money so far]
    mtpd_hours: float | None
    mtpd_breached_at_hours: float | None
    rto_hours: float | None
    rto_breached_at_hours: float | None
    path: Sequence[Step]
    open_needs: int = 0  # own and inherited: stated by a source and not read


@dataclass(frozen=True, slots=True)
class OneAway:
    service: str
    service_name: str
    cis: Sequence[str]  # keys whose further outage stops the service now and did not before
    total: int
    names: Sequence[str] = ()  # of these CIs


@dataclass(frozen=True, slots=True)
class Simulation:
    stamp: Stamp
    simulation: str
    scenario: Mapping[str, object]
    duration_hours: float
    duration_origin: str  # given, or the longest repair time of the forced CIs
    forced: Sequence[CiRow]
    forced_total: int
    cis_down: int
    cis_degraded: int
    services_down: int
    services_degraded: int
    services_interrupted: int
    customers: float | None
    customers_unknown: int
    customers_note: str
    money: float | None
    money_plus_minus: float  # half the width of the 95 % interval where failover outcomes were sampled; 0: exact
    money_unknown: int
    money_over_time: Sequence[Sequence[float]]
    first_mtpd_service: str
    first_mtpd_breached_at_hours: float | None
    sentence: str
    services: Sequence[ServiceLoss]
    redundancy_used_up: Sequence[UsedUpGroup]
    redundancy_used_up_total: int
    one_failure_away: Sequence[OneAway]
    assumptions: Sequence[str]
    truncated: bool
    open_needs: int = 0  # as of a blast radius
    services_incomplete: int = 0


@dataclass(frozen=True, slots=True)
class Impact:
    """The answer for a ticket system. `priority_row`: the row of the settings' table it comes from, and why."""

    stamp: Stamp
    ci: CiRow
    priority: str
    priority_row: str
    impact: str  # high, medium, low, last (of its group), none
    urgency: str  # soon, today, unknown, later
    reason: str
    services: Sequence[ServiceHit]
    services_total: int
    services_down: int
    services_degraded: int  # work at a part
    services_interrupted: int  # only for the time of a failover
    customers: float | None  # of the services hit, of those at a part by the share they lose; at least, where some are unknown
    customers_unknown: int  # services hit whose customers nobody gave
    money_per_hour: float | None  # likewise
    money_unknown: int
    first_mtpd_hours: float | None
    redundancy_used_up: Sequence[UsedUpGroup]
    redundancy_used_up_total: int
    services_on_the_rest: Sequence[str]  # names of services that stop if what is left of these groups fails too
    link: str
    open_needs: int = 0  # as of a blast radius
    services_incomplete: int = 0
    limit: int = 0  # of `services`, which are a page; totals are of all
    truncated: bool = False
    next: str | None = None


@dataclass(frozen=True, slots=True)
class AssessmentRow:
    assessment: str
    revision: int
    made_at: str
    model_version: str
    settings: str
    measure: str
    seconds: float
    cis: int
    dependencies: int
    groups: int
    services: int
    services_assumed: int
    single_points: int
    totals: Mapping[str, float | None]
    unknown: Mapping[str, int]
    simulated: int
    origins: Mapping[str, int]
    report: Mapping[str, int]
    messages: Sequence[str]
    not_counted_services: int
    not_counted_cis: int
    down_at_rest: int
    how: str
    common_causes: int = 0  # CIs of the model beside `cis`: what takes the members of a redundancy group at once
    open_needs: int = 0  # needs of assessed CIs that were stated and not read
    services_incomplete: int = 0  # services that hang on one


@dataclass(frozen=True, slots=True)
class TrapRow:
    """`circle`: the number of the circle of needs on which the CI lies; None where it waits for one."""

    key: str
    name: str
    ci_class: str
    team: str
    circle: int | None
    service: bool


@dataclass(frozen=True, slots=True)
class ColdStartPage:
    """CIs that run and could not be started from nothing; `services` of them are business services."""

    stamp: Stamp
    circles: int
    services: int
    total_rows: int
    limit: int
    truncated: bool
    next: str | None
    items: Sequence[TrapRow]
