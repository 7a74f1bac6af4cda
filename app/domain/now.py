"""Answers about the present: what is reported, what follows, how long there is, the probable cause, what to restore first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.results import FallenCi, OneAway, Stamp, Step, UsedUpGroup
from app.domain.sentences import count

OVER, WITHIN_1_H, WITHIN_4_H, LATER, NO_LIMIT = "now", "within 1 h", "within 4 h", "later", "no limit given"
BANDS = (OVER, WITHIN_1_H, WITHIN_4_H, LATER, NO_LIMIT)


def band_of(minutes_left: float | None) -> str:
    """Returns how soon a limit is reached.

    >>> [band_of(minutes) for minutes in (-5.0, 60.0, 61.0, 241.0, None)]
    ['now', 'within 1 h', 'within 4 h', 'later', 'no limit given']
    """
    if minutes_left is None:
        return NO_LIMIT
    return OVER if minutes_left <= 0 else WITHIN_1_H if minutes_left <= 60 else WITHIN_4_H if minutes_left <= 240 else LATER


@dataclass(frozen=True, slots=True)
class NowReport:
    """One word about a CI: by whom, since when, until when it is expected to last ("": nobody said), and why."""

    state: str
    share: float | None
    started_at: str
    ends_at: str
    overdue: bool  # the expected end has passed, and nobody took the report back
    origin: str
    alert: str
    reason: str
    named: str  # the key under which it was reported, where that is not the CI's key today


@dataclass(frozen=True, slots=True)
class NowCi:
    """A CI of which something is reported, with what its reports come to."""

    key: str
    name: str
    ci_class: str
    team: str
    state: str  # down, maintenance, degraded: the worst that is said
    share: float  # what it still does
    share_assumed: bool
    started_at: str
    minutes: float
    overdue: bool
    reports: Sequence[NowReport]


@dataclass(frozen=True, slots=True)
class NowUnplaced:
    """A report of which nobody can tell what it means for the estate: it counts in no figure and is listed until taken back."""

    alert_key: str  # "": a report by hand
    names: Sequence[str]
    why: str
    candidates: Sequence[str]
    near: Sequence[str]
    state: str
    started_at: str
    origin: str
    alert: str
    reason: str


@dataclass(frozen=True, slots=True)
class NowService:
    """A service that is hit. `since_at`: when it went down (or below its MBCO), "" where it only works at a part; `breach_at`:
    when it reaches `limit_hours`, its MTPD or else its RTO; `money_so_far`: of its present state, since then."""

    key: str
    name: str
    team: str
    state: str  # down, degraded
    lost_share: float
    since_at: str
    since_at_earliest: bool  # it may have begun later: too many reports to look at each moment
    limit: str  # MTPD, RTO, "" none given
    limit_hours: float | None
    breach_at: str
    minutes_left: float | None
    band: str
    rto_hours: float | None
    mtpd_hours: float | None
    customers: float | None
    money_per_hour: float | None
    money_so_far: float | None
    path: Sequence[Step]
    open_needs: int


@dataclass(frozen=True, slots=True)
class Now:
    """The estate as it is right now. Lists are pages; totals are of the whole."""

    stamp: Stamp
    at: str  # to the minute
    digest: str  # of all that is reported
    sentence: str
    cis_reported: Mapping[str, int]  # by state
    cis_overdue: int
    cis: Sequence[NowCi]
    cis_total: int
    unplaced: Sequence[NowUnplaced]
    unplaced_total: int
    alerts_lost: Mapping[str, int]  # by sender: alerts that it left out of its deliveries so far
    deliveries_waiting: int
    cis_down: int
    cis_degraded: int
    services_down: int
    services_degraded: int
    services_by_band: Mapping[str, int]
    services: Sequence[NowService]
    services_total: int
    customers: float | None
    customers_unknown: int
    customers_note: str
    money_per_hour: float | None
    money_unknown: int
    redundancy_used_up: Sequence[UsedUpGroup]
    redundancy_used_up_total: int
    one_failure_away: Sequence[OneAway]
    one_failure_away_total: int
    one_failure_away_tried: int  # of the candidates that could be examined in the time allowed
    one_failure_away_candidates: int
    fallen: Sequence[FallenCi]
    fallen_total: int
    assumptions: Sequence[str]
    limit: int
    truncated: bool
    next: str | None
    open_needs: int
    services_incomplete: int


def now_sentence(reported: Mapping[str, int], unplaced: int, down: int, degraded: int, first: NowService | None) -> str:
    """Returns the present state in words.

    >>> now_sentence({"down": 1, "degraded": 0, "maintenance": 0}, 2, 3, 0, None)
    '1 CI is reported: 1 down. 3 services are down. 2 reports name no CI that is assessed: what they mean is not known.'
    """
    total = sum(reported.values())
    if not total and not unplaced:
        return "Nothing is reported down, degraded or in maintenance."
    parts = [f"{number} {'in maintenance' if state == 'maintenance' else state}" for state, number in reported.items() if number]
    text = f"{count(total, 'CI')} {'is' if total == 1 else 'are'} reported: {', '.join(parts)}." if total else ""
    hit = [
        f"{count(number, 'service')} {'is' if number == 1 else 'are'} {word}"
        for number, word in ((down, "down"), (degraded, "degraded"))
        if number
    ]
    text += f" {' and '.join(hit)}." if hit else " No service is known to be hit." if total else ""
    if first is not None and first.minutes_left is not None:
        text += (
            f" {first.name} is past its {first.limit}."
            if first.minutes_left <= 0
            else f" {first.name} reaches its {first.limit} first, in {first.minutes_left:,.0f} min."
        )
    if unplaced:
        names, mean = ("names", "it means") if unplaced == 1 else ("name", "they mean")
        text += f" {count(unplaced, 'report')} {names} no CI that is assessed: what {mean} is not known."
    return text.strip()


@dataclass(frozen=True, slots=True)
class CauseRow:
    """A CI whose outage would explain `explained` of the CIs that are reported down; `missing`: that it takes down unreported.

    `p_cause`: how likely it is against the others of the list, if one of them is the cause.
    """

    key: str
    name: str
    ci_class: str
    team: str
    reported: bool
    explained: int
    missing: int
    p_cause: float
    sentence: str


@dataclass(frozen=True, slots=True)
class NowCauses:
    stamp: Stamp
    at: str
    observed: int  # CIs reported down, maintenance aside
    sentence: str
    items: Sequence[CauseRow]
    fewest: Sequence[str]  # keys of the fewest CIs that together explain what is reported
    unexplained: Sequence[str]  # keys of the first CIs that these do not explain: causes of their own, or false reports
    unexplained_total: int
    tried: int
    candidates: int
    truncated: bool
    assumptions: Sequence[str]


@dataclass(frozen=True, slots=True)
class RestoreRow:
    """One step: work on this CI. `avoided_per_hour`: what each hour of this work saves an hour, in the measure of the answer."""

    key: str
    name: str
    ci_class: str
    team: str
    supplier: str
    state: str
    hours: float
    hours_origin: str  # measured, declared, assumed; "expected end" of a maintenance
    done_after_hours: float
    loss_before: float
    loss_after: float
    avoided_per_hour: float
    services_back: Sequence[str]  # names of the services that are up again after this step
    services_back_total: int


@dataclass(frozen=True, slots=True)
class RestoreFirst:
    """`follow`: CIs reported down that fall with others that are, and are taken to come back with them."""

    stamp: Stamp
    at: str
    measure: str  # money an hour, customers, services
    sentence: str
    items: Sequence[RestoreRow]
    left_out: Sequence[str]  # keys of CIs beyond the number that is ordered, or without known effect
    left_out_total: int
    follow: Sequence[str]
    follow_total: int
    exact: bool
    avoided: float  # against restoring nothing until all of it would be done
    truncated: bool
    assumptions: Sequence[str]
