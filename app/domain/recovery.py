"""Answers about recovery: when services are back, against what they must be back by (model 1.11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.results import Stamp
from app.domain.sentences import hours

FEASIBLE, INFEASIBLE, UNDECIDED, NO_RTO = "feasible", "infeasible", "undecided", "no RTO"


@dataclass(frozen=True, slots=True)
class RecoveryRow:
    """One service. After the worst outage of a single CI it is back after `after_one_hours`, `gap_hours` beyond its RTO (below 0:
    in time); after an outage of everything that it needs, all restored at once, after `after_all_hours` (`after_all_at_most`: an
    upper bound, as CIs that need each other to start lie below). None: unknown. `contradictions`: CIs whose single outage takes
    longer than its RTO."""

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
    open_needs: int  # that were not read: what they are could take longer
    sentence: str


@dataclass(frozen=True, slots=True)
class RecoveryPage:
    """Services, the largest gap first. The counts are those of all services, not of the page."""

    stamp: Stamp
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
class ServiceRecovery:
    """`path`: what it waits for, one after the other, when everything that it needs is down; `close_behind`: the CIs beside
    it with the least slack, none where a start-up circle leaves only an upper bound. `single_outages` of
    `single_outages_total`."""

    stamp: Stamp
    service: RecoveryRow
    path: Sequence[RecoveryStep]
    close_behind: Sequence[CloseBehind]
    single_outages: Sequence[Contradiction]
    single_outages_total: int
    limit: int
    truncated: bool
    next: str | None


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
