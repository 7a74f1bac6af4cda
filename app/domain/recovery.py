"""Answers about recovery: when services are back, against what they must be back by (model 1.11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.results import Stamp
from app.domain.sentences import hours

FEASIBLE, INFEASIBLE, UNDECIDED, NO_RTO, NO_RPO = "feasible", "infeasible", "undecided", "no RTO", "no RPO"
OUTAGE, ALL_DOWN, DATA = "outage", "all down", "data"  # kinds of gaps


@dataclass(frozen=True, slots=True)
class RecoveryRow:
    """One service. After the worst outage of a single CI it is back after `after_one_hours`, `gap_hours` beyond its RTO (below 0:
    in time); after an outage of everything that it needs, all restored at once, after `after_all_hours` (`after_all_at_most`: an
    upper bound, as CIs that need each other to start lie below) if nothing waits for a crew, and with the crews there are after
    `after_all_at_least_hours` to `after_all_within_hours`. Detection and declaration count in all of them. None: unknown.
    `contradictions`: CIs whose single outage takes longer than its RTO. `data_loss_hours`: the age of its data at worst when all
    comes back from backups; `data_loss_at_most`: an upper bound."""

    key: str
    name: str
    team: str
    rto_hours: float | None
    mtpd_hours: float | None
    verdict: str  # feasible, infeasible, undecided, no RTO: of single outages against the RTO
    after_one_hours: float | None
    after_one_key: str
    after_one_name: str
    gap_hours: float | None
    beyond_mtpd: int  # CIs whose single outage takes longer than the MTPD
    contradictions: int
    unknown_hours: int  # CIs that stop it alone and whose restore time nobody knows
    after_all_hours: float | None
    after_all_at_most: bool
    after_all_at_least_hours: float | None
    after_all_within_hours: float | None
    after_all_verdict: str  # feasible, infeasible, undecided, no RTO: of that range against the RTO
    rpo_hours: float | None
    rpo_verdict: str  # feasible, infeasible, undecided, no RPO
    data_loss_hours: float | None
    data_loss_mean_hours: float | None
    data_loss_at_most: bool
    data_loss_origin: str  # declared, assumed: of the backup interval that counts
    data_loss_key: str  # the CI whose backup interval counts
    data_loss_name: str
    open_needs: int  # that were not read: what they are could take longer
    sentence: str


@dataclass(frozen=True, slots=True)
class RecoveryBasis:
    """What recovery rests on beside the estate. `unknown_pools`: CIs name them, and nobody said how many restorations they do at
    once: ranges run from one to any number. `cis_without_pool`: CIs that name none, so they wait for no crew."""

    detection_hours: float
    declaration_hours: float
    unknown_pools: Sequence[str]
    cis_without_pool: int
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True)
class RecoveryPage:
    """Services, the largest gap first. The counts are those of all services, not of the page. When all is down, the whole estate
    is up again after `estate_at_least_hours` to `estate_within_hours` (all its services; None: unknown)."""

    stamp: Stamp
    basis: RecoveryBasis
    estate_at_least_hours: float | None
    estate_within_hours: float | None
    all_down_infeasible: int
    data_infeasible: int
    infeasible: int
    undecided: int
    total_rows: int
    limit: int
    truncated: bool
    next: str | None
    items: Sequence[RecoveryRow]


@dataclass(frozen=True, slots=True)
class RecoveryStep:
    """One CI of the critical path: it starts when the step before is back. `hours_origin`: measured, declared or assumed."""

    key: str
    name: str
    ci_class: str
    team: str
    supplier: str
    hours: float | None
    hours_origin: str
    back_after_hours: float


@dataclass(frozen=True, slots=True)
class CloseBehind:
    """A CI beside the critical path: it may be back `slack_hours` later before the service waits for it."""

    key: str
    name: str
    team: str
    slack_hours: float


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A CI whose single outage stops the service, longest first: the service is back after `hours`, which is
    `over_rto_hours` beyond its RTO."""

    key: str
    name: str
    ci_class: str
    team: str
    supplier: str
    hours: float | None
    hours_origin: str
    over_rto_hours: float | None
    over_mtpd_hours: float | None


@dataclass(frozen=True, slots=True)
class RecoveryChance:
    """How likely a service is back within its RTO when restore times are random: `share` of `draws`, 95 % interval `low_share`
    to `high_share`; without draws it is exact. None: its RTO or a restore time is unknown, or so much is down that too few
    draws fit their limit."""

    what: str  # "outage of <CI>", all down
    crews: bool  # whether restorations wait for crews, by a list schedule; else nothing waits
    share: float | None
    low_share: float | None
    high_share: float | None
    draws: int


@dataclass(frozen=True, slots=True)
class ServiceRecovery:
    """`first_within_hours`: within which it is back when all crews work for it first. `path`: what it waits for, one after the
    other, when everything that it needs is down; `close_behind`: the CIs beside it with the least slack, none where a start-
    up circle leaves only an upper bound. `single_outages` of `single_outages_total`."""

    stamp: Stamp
    basis: RecoveryBasis
    service: RecoveryRow
    first_within_hours: float | None
    chances: Sequence[RecoveryChance]
    path: Sequence[RecoveryStep]
    close_behind: Sequence[CloseBehind]
    single_outages: Sequence[Contradiction]
    single_outages_total: int
    limit: int
    truncated: bool
    next: str | None


@dataclass(frozen=True, slots=True)
class GapStep:
    key: str
    name: str
    back_after_hours: float | None


@dataclass(frozen=True, slots=True)
class RecoveryGap:
    """One contradiction with both ends: the service must be back within `wants_hours`, and after an outage of the CI it is back
    after `takes_hours`. `kind`: outage (of that CI alone), all down (the CI it waits for longest), data (it may lose data of
    `wants_hours` at most, and the backups of the CI are `takes_hours` old at worst). `path`: from the CI to the service."""

    kind: str
    service_key: str
    service_name: str
    service_team: str
    wants_hours: float
    key: str
    name: str
    ci_class: str
    team: str
    supplier: str
    takes_hours: float
    hours_origin: str
    gap_hours: float
    path: Sequence[GapStep]
    sentence: str


@dataclass(frozen=True, slots=True)
class RecoveryGapPage:
    """All gaps between required and achievable recovery, the largest first. The counts are those of the estate."""

    stamp: Stamp
    basis: RecoveryBasis
    outages: int
    all_down: int
    data: int
    services: int
    total_rows: int
    limit: int
    truncated: bool
    next: str | None
    items: Sequence[RecoveryGap]


@dataclass(frozen=True, slots=True)
class StartStep:
    """One CI of the start order. `trap`: "on a circle" of needs that nothing starts (it must be forced up), "behind a circle", or
    empty."""

    number: int
    key: str
    name: str
    ci_class: str
    team: str
    hours: float | None  # that it takes; None: unknown
    trap: str


@dataclass(frozen=True, slots=True)
class StartOrderPage:
    """The order in which the estate can be started from nothing; `traps`: CIs on circles of needs, of the whole estate."""

    stamp: Stamp
    traps: int
    total_rows: int
    limit: int
    truncated: bool
    next: str | None
    items: Sequence[StartStep]


@dataclass(frozen=True, slots=True)
class RestorePoolRow:
    """A pool of restore capacity. `places`: restorations at once, None where nobody said."""

    name: str
    places: int | None
    cis: int  # that name it


@dataclass(frozen=True, slots=True)
class RestorePoolPage:
    stamp: Stamp
    total_rows: int
    limit: int
    truncated: bool
    next: str | None
    items: Sequence[RestorePoolRow]


def gap_sentence(kind: str, service: str, wants: float, name: str, takes: float, origin: str) -> str:
    """Returns a gap as a sentence with both ends.

    >>> gap_sentence("outage", "Billing", 2.0, "Core disk", 24.0, "declared")
    'Billing must be back after 2 hours; after an outage of Core disk it is back after 24 hours (declared).'
    >>> gap_sentence("data", "Billing", 1.0, "Ledger", 26.0, "assumed")
    'Billing may lose the data of 1 hour; the backups of Ledger lose 26 hours at worst (assumed).'
    """
    if kind == DATA:
        return f"{service} may lose the data of {hours(wants)}; the backups of {name} lose {hours(takes)} at worst ({origin})."
    what = f"an outage of {name}" if kind == OUTAGE else "an outage of all that it needs"
    least = "" if kind == OUTAGE else "at the earliest "
    return f"{service} must be back after {hours(wants)}; after {what} it is back {least}after {hours(takes)} ({origin})."


def required_sentence(name: str, wants: float | None, service: str, takes: float | None) -> str:
    """Returns what is required of a CI, as a sentence.

    >>> required_sentence("Core disk", 2.0, "Billing", 24.0)
    'Billing needs Core disk and must be back after 2 hours; after an outage of Core disk it is back after 24 hours.'
    """
    if wants is None:
        return f"No service that an outage of {name} alone stops has an RTO."
    after = "nobody knows when it is back" if takes is None else f"it is back after {hours(takes)}"
    return f"{service} needs {name} and must be back after {hours(wants)}; after an outage of {name} {after}."


def recovery_sentence(name: str, rto: float | None, longest: float | None, by: str, origin: str, unknown: int) -> str:
    """Returns what stands between a service and its RTO, as a sentence.

    >>> recovery_sentence("Shop", 1.0, 8.0, "Core switch", "assumed", 0)
    'Shop must be back after 1 hour; an outage of Core switch takes 8 hours (assumed).'
    >>> recovery_sentence("Shop", 9.0, 8.0, "Core", "declared", 1)
    'Shop is back 1 hour before its RTO of 9 hours after an outage of Core, the longest known; 1 restore time is not known.'
    """
    if unknown == 0:
        rest = "."
    else:
        rest = f"; {unknown:,} restore {'time is' if unknown == 1 else 'times are'} not known."
    if longest is None:
        return f"No single outage with a known restore time stops {name}{rest}"
    if rto is None:
        return f"{name} has no RTO; an outage of {by} takes {hours(longest)} ({origin}){rest}"
    if longest > rto:
        return f"{name} must be back after {hours(rto)}; an outage of {by} takes {hours(longest)} ({origin}){rest}"
    early = "at" if longest == rto else f"{hours(rto - longest)} before"
    return f"{name} is back {early} its RTO of {hours(rto)} after an outage of {by}, the longest known{rest}"
