"""Recovery: when services are back after the outage of one CI, or of everything that they need, against RTO and MTPD (model
1.11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.domain.errors import InvalidInput
from app.domain.graph import ORIGIN_NAMES
from app.domain.recovery import (
    FEASIBLE,
    INFEASIBLE,
    NO_RTO,
    UNDECIDED,
    CloseBehind,
    Contradiction,
    RecoveryPage,
    RecoveryRow,
    RecoveryStep,
    ServiceRecovery,
    recovery_sentence,
)
from app.risk.graph.compiled import CompiledGraph
from app.risk.outage.propagation import outage
from app.risk.recovery.restore_times import CIRCLE, UNKNOWN_HOURS, Restoration, restoration, restore_plan, slack_hours
from app.usecases import paging
from app.usecases.answers.paths import known
from app.usecases.assess import Assessed, assessed
from app.usecases.estate import Estate
from app.usecases.find import identify_service
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

PATH_SHOWN, CLOSE_SHOWN = 200, 10


@dataclass(frozen=True)
class Recovery:
    """Figures of every service. P pairs of a service and a CI whose outage alone stops it, by service, the longest first,
    unknown ones last."""

    assessment: Assessed
    everything: Restoration
    pair_ptr: Any  # int64[S+1]
    pair_ci: Any  # int32[P] position
    pair_hours: Any  # float64[P], NaN unknown

    def pairs(self, number: int) -> tuple[Any, Any]:
        """Returns positions and hours of the CIs that stop a service alone."""
        part = slice(int(self.pair_ptr[number]), int(self.pair_ptr[number + 1]))
        return self.pair_ci[part], self.pair_hours[part]


def recovery_page(
    tools: Tools, limit: int, after: str | None = None, revision: int | None = None, locations: bool | None = None
) -> RecoveryPage:
    """Returns all services, the largest gap between RTO and recovery first; those without an RTO last."""
    offset = 0
    if after is not None:
        cursor = paging.decode(after, "revision", "recovery", "locations")
        revision, offset, locations = cursor["revision"], cursor["recovery"], cursor["locations"]
    recovery = recovery_of(assessed(tools.estates, tools.cache, revision, locations))
    estate = recovery.assessment.estate
    rows = sorted((_row(recovery, number) for number in range(len(estate.compiled.service_position))), key=_worst_first)
    last = min(offset + limit, len(rows))
    more = last < len(rows)
    return RecoveryPage(
        stamp=stamp_of(estate, tools.documents),
        infeasible=sum(row.verdict == INFEASIBLE for row in rows),
        undecided=sum(row.verdict == UNDECIDED for row in rows),
        total_rows=len(rows),
        limit=limit,
        truncated=more,
        next=paging.encode(revision=estate.revision.revision, recovery=last, locations=locations) if more else None,
        items=rows[offset:last],
    )


def service_recovery(
    tools: Tools, text: str, limit: int, after: str | None = None, revision: int | None = None, locations: bool | None = None
) -> ServiceRecovery:
    """Returns one service: what it waits for when all is down, and every CI whose single outage stops it, the longest first."""
    offset = 0
    if after is not None:
        cursor = paging.decode(after, "revision", "service", "recovery_of", "locations")
        if cursor["service"] != text:
            raise InvalidInput("after: a cursor of another service", field="after")
        revision, offset, locations = cursor["revision"], cursor["recovery_of"], cursor["locations"]
    recovery = recovery_of(assessed(tools.estates, tools.cache, revision, locations))
    estate = recovery.assessment.estate
    position = identify_service(tools.store, estate, text)
    number = estate.service_number[position]
    cis, hours = recovery.pairs(number)
    last = min(offset + limit, len(cis))
    more = last < len(cis)
    rto, mtpd = known(estate.compiled.rto_hours[number]), known(estate.compiled.mtpd_hours[number])
    return ServiceRecovery(
        stamp=stamp_of(estate, tools.documents),
        service=_row(recovery, number),
        path=_path(recovery, position),
        close_behind=_close_behind(recovery, position),
        single_outages=[_contradiction(estate, int(cis[k]), known(hours[k]), rto, mtpd) for k in range(min(offset, last), last)],
        single_outages_total=len(cis),
        limit=limit,
        truncated=more,
        next=paging.encode(revision=estate.revision.revision, service=text, recovery_of=last, locations=locations)
        if more
        else None,
    )


def recovery_of(assessment: Assessed) -> Recovery:
    """Restore everything, and each single point of failure alone; return the figures of every service."""
    compiled, first = assessment.estate.compiled, assessment.first
    everything = restoration(compiled, compiled.repair_hours, np.arange(len(compiled), dtype=np.int32))
    ci = np.repeat(np.arange(len(compiled), dtype=np.int32), np.diff(first.point_ptr))
    service = first.point_service
    hours = _single_hours(assessment.estate, ci, service)
    order = np.lexsort((ci, -np.nan_to_num(hours, nan=-1.0), service))
    ptr = np.concatenate([[0], np.cumsum(np.bincount(service, minlength=len(compiled.service_position)))])
    return Recovery(assessment, everything, ptr, ci[order], hours[order])


def _single_hours(estate: Estate, ci: Any, service: Any) -> Any:
    """Returns hours (float64[P]) until a service is back after the outage of one CI: its restore time, and what starts again
    after it."""
    compiled: CompiledGraph = estate.compiled
    hours = compiled.repair_hours[ci].copy()
    if not compiled.restart_hours.any():
        return hours
    plan, restart = restore_plan(compiled), compiled.restart_hours.copy()
    for position in np.unique(ci):  # `ci` ascends
        fallen = outage(compiled, [int(position)], estate.workspace()).failed
        if not compiled.restart_hours[fallen[fallen != position]].any():
            continue
        restart[position] = compiled.repair_hours[position]
        times = restoration(compiled, restart, fallen, plan)
        restart[position] = compiled.restart_hours[position]
        for pair in range(*np.searchsorted(ci, [position, position + 1])):
            place = times.at(int(compiled.service_position[service[pair]]))
            hours[pair] = np.nan if times.unsure[place] & UNKNOWN_HOURS else times.finish[place]
    return hours


def _row(recovery: Recovery, number: int) -> RecoveryRow:
    estate = recovery.assessment.estate
    compiled = estate.compiled
    position = int(compiled.service_position[number])
    cis, hours = recovery.pairs(number)
    rto, mtpd = known(compiled.rto_hours[number]), known(compiled.mtpd_hours[number])
    unknown = int(np.isnan(hours).sum())
    longest = float(hours[0]) if len(hours) > unknown else None
    by = int(cis[0]) if longest is not None else -1
    by_name = estate.name(by) if by >= 0 else ""
    place = recovery.everything.at(position)
    unsure = int(recovery.everything.unsure[place]) if place >= 0 else UNKNOWN_HOURS
    open_needs = estate.open_needs(position)
    gap = None if rto is None or longest is None else longest - rto
    return RecoveryRow(
        key=estate.key(position),
        name=estate.name(position),
        team=estate.text("team", position),
        rto_hours=rto,
        mtpd_hours=mtpd,
        verdict=_verdict(rto, gap, unknown + open_needs),
        after_one_hours=longest,
        after_one_key=estate.key(by) if by >= 0 else "",
        after_one_name=by_name,
        gap_hours=gap,
        beyond_mtpd=int((hours > mtpd).sum()) if mtpd is not None else 0,
        contradictions=int((hours > rto).sum()) if rto is not None else 0,
        unknown_hours=unknown,
        after_all_hours=None if place < 0 or unsure & UNKNOWN_HOURS else float(recovery.everything.finish[place]),
        after_all_at_most=bool(unsure & CIRCLE),
        open_needs=open_needs,
        sentence=recovery_sentence(estate.name(position), rto, longest, by_name, _origin(estate, by), unknown),
    )


def _verdict(rto: float | None, gap: float | None, unread: int) -> str:
    """What is not known can only make recovery longer: it never makes an RTO feasible, nor one that is missed undecided."""
    if rto is None:
        return NO_RTO
    if gap is not None and gap > 0:
        return INFEASIBLE
    return UNDECIDED if unread else FEASIBLE


def _worst_first(row: RecoveryRow) -> tuple[bool, float, str]:
    return (row.gap_hours is None, -(row.gap_hours or 0.0), row.key)


def _origin(estate: Estate, position: int) -> str:
    return ORIGIN_NAMES[int(estate.graph.cis.repair_origin[int(estate.compiled.row[position])])] if position >= 0 else ""


def _path(recovery: Recovery, position: int) -> list[RecoveryStep]:
    estate, times = recovery.assessment.estate, recovery.everything
    if times.at(position) < 0:
        return []
    return [
        RecoveryStep(
            estate.key(step),
            estate.name(step),
            estate.text("ci_class", step),
            estate.text("team", step),
            estate.text("supplier", step),
            known(estate.compiled.repair_hours[step]),
            _origin(estate, step),
            float(times.finish[times.at(step)]),
        )
        for step in times.path(position)[-PATH_SHOWN:]
    ]


def _close_behind(recovery: Recovery, position: int) -> list[CloseBehind]:
    estate, times = recovery.assessment.estate, recovery.everything
    place = times.at(position)
    if place < 0 or times.unsure[place] & CIRCLE:
        return []
    slack = slack_hours(estate.compiled, estate.compiled.repair_hours, times, position)
    path = set(times.path(position))
    beside = sorted((late, step) for step, late in slack.items() if step not in path)
    return [
        CloseBehind(estate.key(step), estate.name(step), estate.text("team", step), late) for late, step in beside[:CLOSE_SHOWN]
    ]


def _contradiction(estate: Estate, position: int, hours: float | None, rto: float | None, mtpd: float | None) -> Contradiction:
    def over(limit: float | None) -> float | None:
        return None if limit is None or hours is None else max(hours - limit, 0.0)

    return Contradiction(
        estate.key(position), estate.name(position), estate.text("ci_class", position), estate.text("team", position),
        estate.text("supplier", position), hours, _origin(estate, position), over(rto), over(mtpd),
    )  # fmt: skip
