"""Answers about goals: services with their KPIs, all about one service, and what everyone may read of the shared page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from app.domain.errors import NotFound
from app.domain.goals import AVAILABILITY, ERROR_RATE, TIME_TO_REPAIR, exact_percent
from app.domain.kpis import (
    GaugePage,
    GaugeRow,
    GoalPage,
    KpiRow,
    ServiceGoals,
    ServiceKpis,
    SharedKpi,
    SharedKpis,
    SharedOpening,
    SharedRow,
    SharedServiceRow,
)
from app.domain.planned import moment_text
from app.domain.sentences import count, number
from app.ports.documents import Documents
from app.usecases import paging
from app.usecases.estate import Estate
from app.usecases.find import identify_service
from app.usecases.goals.measure import (
    MET,
    MISSED,
    NO_GOAL,
    UNDECIDED,
    WORST_FIRST,
    Measured,
    budget_of,
    difference_of,
    kpis_of,
    measured,
    present,
    times_of,
    trend_of,
    verdict_of,
    ways_of,
)
from app.usecases.keep.readings import GAUGES, READ_HEALTH, Gauge, ReadHealth, gauges
from app.usecases.keep.shared_page import SharedPage, shared_page
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

RULES = (
    "Up, down or missing is counted in whole seconds; what nobody measured is neither up nor down and widens the range.",
    "Incidents of the service itself count, whatever caused them; those that overlap are one; an open one lasts until now.",
    "A service is watched in the windows of observation that name it, or of a source that has incidents of it.",
    "Planned maintenance of a service are the windows of planned changes that name the service itself.",
    "Of two ways of measuring the one speaks that knows more of the window; where both know as much, Prometheus.",
    "A month begins at its first midnight in the zone of the goal; days of a rolling window are 24 hours.",
)
MINUTE, MINUTES_KEPT = 60, 2
MOSTLY = 0.5  # share of a window: where more of it is missing, what is known of the rest says little of the whole


def goal_page(tools: Tools, limit: int, after: str | None = None, now: datetime | None = None) -> GoalPage:
    """Returns a page of all services with their KPIs: those that miss a goal first, then by the error budget that is left."""
    offset = paging.decode(after, "offset")["offset"] if after else 0
    estate, moment = tools.estates.at(), present(now)
    rows = [short(one) for one in measured(tools, estate, services_of(estate), moment)]
    rows.sort(key=_worst_first)
    verdicts = [row.verdict for row in rows]
    missed, undecided, met, without = (verdicts.count(each) for each in (MISSED, UNDECIDED, MET, NO_GOAL))
    judged = len(rows) - without
    told = f"{count(judged, 'service')} of {len(rows):,} have goals: {missed} miss one, {met} meet all, {undecided} undecided."
    more = offset + limit < len(rows)
    return GoalPage(
        stamp=stamp_of(estate, tools.documents),
        measured_at=moment_text(moment),
        sentence=told,
        items=rows[offset : offset + limit],
        services_total=len(rows),
        missed=missed,
        undecided=undecided,
        met=met,
        without_goal=without,
        limit=limit,
        truncated=more,
        next=paging.encode(offset=offset + limit) if more else None,
    )


def services_of(estate: Estate) -> list[int]:
    return [int(position) for position in estate.compiled.service_position]


def _worst_first(row: ServiceKpis) -> tuple[int, float, str, str]:
    left = 2.0 if row.budget_left_share is None else row.budget_left_share
    return WORST_FIRST.index(row.verdict), left, row.name.casefold(), row.key


def short(one: Measured) -> ServiceKpis:
    rows, budget = kpis_of(one), budget_of(one)
    up, errors, repair = rows
    left = budget.left_share if budget is not None else None
    return ServiceKpis(one.key, one.name, verdict_of(rows), up, errors, repair, left, len(one.of_goals))


def service_goals(tools: Tools, ci: str, now: datetime | None = None) -> ServiceGoals:
    """Returns all about the goals of one service; NotFound where the CI is none."""
    estate, moment = tools.estates.at(), present(now)
    position = identify_service(tools.store, estate, ci)
    (one,) = measured(tools, estate, [position], moment)
    rows = kpis_of(one)
    repair, detect, between = times_of(one)
    trend, told = trend_of(one)
    said = " ".join(row.sentence for row in rows if row.way)
    return ServiceGoals(
        stamp=stamp_of(estate, tools.documents),
        measured_at=moment_text(moment),
        key=one.key,
        name=one.name,
        sentence=said or f"Nothing has measured {one.name} yet.",
        verdict=verdict_of(rows),
        kpis=rows,
        ways=ways_of(one),
        difference=difference_of(one),
        budget=budget_of(one),
        time_to_repair=repair,
        time_to_detect=detect,
        time_between_failures=between,
        trend=trend,
        trend_sentence=told,
        rules=RULES,
        gauge=gauge_row(tools.documents, one.gauge, one.name) if one.gauge is not None else None,
    )


def gauge_row(documents: Documents, gauge: Gauge, name: str) -> GaugeRow:
    health = READ_HEALTH.find(documents, gauge.uid) or ReadHealth()
    return GaugeRow(
        gauge.service, name, dict(gauge.settings), gauge.up_query, gauge.up_from, gauge.errors_query, gauge.requests_query,
        gauge.step_seconds, gauge.since, gauge.by, gauge.changed_at, moment_text(health.read_to) if health.read_to else "",
        health.succeeded_at, health.failed_at, health.error,
    )  # fmt: skip


def gauge_page(tools: Tools) -> GaugePage:
    estate = tools.estates.at()
    names = {estate.key(position): estate.name(position) for position in services_of(estate)}
    return GaugePage([gauge_row(tools.documents, gauge, names.get(gauge.service, "")) for gauge in gauges(tools.documents)])


def one_gauge(tools: Tools, ci: str) -> GaugeRow:
    """Returns the gauge of a service; NotFound where it has none."""
    estate = tools.estates.at()
    position = identify_service(tools.store, estate, ci)
    return gauge_row(tools.documents, GAUGES.get(tools.documents, estate.key(position)), estate.name(position))


def shared_kpis(tools: Tools, now: datetime | None = None) -> SharedKpis:
    """Returns what the shared page shows to everyone; NotFound while it is closed. It is reckoned once a minute."""
    page = shared_page(tools.documents)
    if not page.open:
        raise NotFound("there is no shared page")
    moment = present(now)
    return _of_minute(_Shared(tools, page), tools.store.current().revision, moment - moment % MINUTE)


class _Shared:
    """What a shared page is made of; equal to another where the page is the same."""

    def __init__(self, tools: Tools, page: SharedPage) -> None:
        self.tools, self.page = tools, page

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shared) and self.page == other.page and self.tools is other.tools

    def __hash__(self) -> int:
        return hash(self.page.changed_at)


@lru_cache(maxsize=MINUTES_KEPT)
def _of_minute(shared: _Shared, revision: int, moment: int) -> SharedKpis:
    tools, page = shared.tools, shared.page
    estate = tools.estates.at(revision)
    positions = {estate.key(position): position for position in services_of(estate)}
    known = [one for one in page.services if one.service in positions]  # one that is no service any more shows nothing
    found = measured(tools, estate, [positions[one.service] for one in known], moment)
    rows = [_shared_row(one.label, told) for one, told in zip(known, found, strict=True)]
    return SharedKpis(page.title, moment_text(moment), rows)


def _shared_row(label: str, one: Measured) -> SharedRow:
    rows = kpis_of(one)
    shown = [row for row in rows if row.way or row.goal is not None]
    return SharedRow(label, verdict_of(rows), [_shared(row) for row in shown])


def _shared(row: KpiRow) -> SharedKpi:
    target = row.goal.target if row.goal is not None else None
    return SharedKpi(row.kind, row.value, row.low, row.high, row.missing_share, target, row.verdict, value_text(row))


def value_text(row: KpiRow) -> str:
    """Returns the value of a KPI for people; of a share that is missing for the most part, between what it lies."""
    if row.value is None:
        return "unknown"
    if row.kind == TIME_TO_REPAIR:
        return f"{number(row.value)} h"
    if row.missing_share > MOSTLY and row.low is not None and row.high is not None:
        return f"{_short(row.low)} to {_short(row.high)}"
    return exact_percent(float(f"{row.value:.6f}"))


def _short(share: float) -> str:
    return exact_percent(float(f"{share:.3f}"))


def opening_of(page: SharedPage, base: str = "") -> SharedOpening:
    services: Sequence[SharedServiceRow] = [SharedServiceRow(one.service, one.label) for one in page.services]
    return SharedOpening(page.open, page.title, services, page.by, page.changed_at, f"{base}/shared" if base else "/shared")


KIND_WORDS = {AVAILABILITY: "Availability", ERROR_RATE: "Error rate", TIME_TO_REPAIR: "Time to repair"}
