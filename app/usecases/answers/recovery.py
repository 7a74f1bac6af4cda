"""Recovery: when services are back after the outage of one CI, or of everything that they need, against RTO and MTPD (model
1.11)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from app.domain.errors import InvalidInput
from app.domain.graph import ORIGIN_NAMES
from app.domain.recovery import (
    FEASIBLE,
    INFEASIBLE,
    NO_RPO,
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
from app.risk.recovery.crews import crew_schedule
from app.risk.recovery.restore_times import CIRCLE, slack_hours
from app.usecases import paging
from app.usecases.answers.paths import known
from app.usecases.answers.recovery_chances import service_chances
from app.usecases.answers.recovery_figures import Recovery, recovery_at
from app.usecases.estate import Estate
from app.usecases.find import identify_service
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

PATH_SHOWN, CLOSE_SHOWN = 200, 10


def recovery_page(
    tools: Tools, limit: int, after: str | None = None, revision: int | None = None, locations: bool | None = None
) -> RecoveryPage:
    """Returns all services, the largest gap between RTO and recovery first; those without an RTO last."""
    offset = 0
    if after is not None:
        cursor = paging.decode(after, "revision", "recovery", "locations")
        revision, offset, locations = cursor["revision"], cursor["recovery"], cursor["locations"]
    recovery = recovery_at(tools, revision, locations)
    estate = recovery.estate
    rows = sorted((_row(recovery, number) for number in range(len(estate.compiled.service_position))), key=_worst_first)
    last = min(offset + limit, len(rows))
    more = last < len(rows)
    return RecoveryPage(
        stamp=stamp_of(estate, tools.documents),
        basis=recovery.basis,
        estate_at_least_hours=_longest(row.after_all_at_least_hours for row in rows),
        estate_within_hours=_longest(row.after_all_within_hours for row in rows),
        all_down_infeasible=sum(row.after_all_verdict == INFEASIBLE for row in rows),
        data_infeasible=sum(row.rpo_verdict == INFEASIBLE for row in rows),
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
    recovery = recovery_at(tools, revision, locations)
    estate = recovery.estate
    position = identify_service(tools.store, estate, text)
    number = estate.service_number[position]
    cis, hours = recovery.pairs(number)
    last = min(offset + limit, len(cis))
    more = last < len(cis)
    row = _row(recovery, number)
    return ServiceRecovery(
        stamp=stamp_of(estate, tools.documents),
        basis=recovery.basis,
        service=row,
        first_within_hours=_first_within(recovery, row, position),
        chances=service_chances(recovery, number, tools.settings.limits.recovery_draws),
        path=_path(recovery, position),
        close_behind=_close_behind(recovery, position),
        single_outages=[_contradiction(estate, int(cis[k]), known(hours[k]), row) for k in range(min(offset, last), last)],
        single_outages_total=len(cis),
        limit=limit,
        truncated=more,
        next=paging.encode(revision=estate.revision.revision, service=text, recovery_of=last, locations=locations)
        if more
        else None,
    )


def recovery_in_short(tools: Tools, text: str, revision: int | None = None) -> tuple[RecoveryRow, Sequence[RecoveryStep]]:
    """Returns the figures of one service and what it waits for when all is down, without chances and single outages: they take
    longer."""
    recovery = recovery_at(tools, revision, None)
    position = identify_service(tools.store, recovery.estate, text)
    return _row(recovery, recovery.estate.service_number[position]), _path(recovery, position)


def _longest(hours: Iterable[float | None]) -> float | None:
    """Returns the largest; None where one is unknown."""
    values = list(hours)
    known_ones = [value for value in values if value is not None]
    return max(known_ones, default=0.0) if len(known_ones) == len(values) else None


def _first_within(recovery: Recovery, row: RecoveryRow, position: int) -> float | None:
    """Returns within how many hours a service is back when all crews work for it first."""
    if row.after_all_hours is None or not recovery.terms.names:
        return row.after_all_hours
    compiled, terms, target = recovery.estate.compiled, recovery.terms, np.array([position], np.int32)
    schedule = crew_schedule(
        compiled, compiled.repair_hours, recovery.everything, recovery.plan, terms.crews(1), target, recovery.starting
    )
    return float(schedule.back[position]) + terms.before_hours


def _row(recovery: Recovery, number: int) -> RecoveryRow:
    estate, all_down = recovery.estate, recovery.all_down
    compiled = estate.compiled
    position = int(compiled.service_position[number])
    cis, hours = recovery.pairs(number)
    rto, mtpd = known(compiled.rto_hours[number]), known(compiled.mtpd_hours[number])
    unknown = int(np.isnan(hours).sum())
    longest = float(hours[0]) if len(hours) > unknown else None
    by = int(cis[0]) if longest is not None else -1
    by_name = estate.name(by) if by >= 0 else ""
    unsure = bool(all_down.unknown[number])
    loss, rpo, holder = (
        known(recovery.loss.worst_hours[position]),
        known(recovery.rpo_hours[number]),
        int(recovery.loss.holder[position]),
    )
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
        after_all_hours=None if unsure else float(all_down.alone_hours[number]),
        after_all_at_most=bool(all_down.rough[number]),
        after_all_at_least_hours=None if unsure else float(all_down.low_hours[number]),
        after_all_within_hours=None if unsure else float(all_down.high_hours[number]),
        after_all_verdict=_range_verdict(recovery, number, rto, open_needs),
        rpo_hours=rpo,
        rpo_verdict=_loss_verdict(rpo, loss, open_needs),
        data_loss_hours=loss,
        data_loss_mean_hours=None if loss is None else loss / 2.0,
        data_loss_at_most=bool(recovery.loss.rough[position]),
        data_loss_origin=backup_origin(estate, holder),
        data_loss_key=estate.key(holder) if holder >= 0 else "",
        data_loss_name=estate.name(holder) if holder >= 0 else "",
        open_needs=open_needs,
        sentence=recovery_sentence(estate.name(position), rto, longest, by_name, repair_origin(estate, by), unknown),
    )


def _verdict(rto: float | None, gap: float | None, unread: int) -> str:
    """What is not known can only make recovery longer: it never makes an RTO feasible, nor one that is missed undecided."""
    if rto is None:
        return NO_RTO
    if gap is not None and gap > 0:
        return INFEASIBLE
    return UNDECIDED if unread else FEASIBLE


def _range_verdict(recovery: Recovery, number: int, rto: float | None, open_needs: int) -> str:
    """Of the range when all is down: feasible where all of it lies within the RTO, infeasible where none does."""
    if rto is None:
        return NO_RTO
    all_down = recovery.all_down
    never = bool(np.isinf(all_down.alone_hours[number]))
    if all_down.low_hours[number] > rto and not never:
        return INFEASIBLE
    unread = all_down.unknown[number] or open_needs or all_down.rough[number] or never
    return UNDECIDED if unread or all_down.high_hours[number] > rto else FEASIBLE


def _loss_verdict(rpo: float | None, loss: float | None, open_needs: int) -> str:
    if rpo is None:
        return NO_RPO
    if loss is not None and loss > rpo:
        return INFEASIBLE
    return UNDECIDED if loss is None or open_needs else FEASIBLE


def _worst_first(row: RecoveryRow) -> tuple[bool, float, str]:
    return (row.gap_hours is None, -(row.gap_hours or 0.0), row.key)


def repair_origin(estate: Estate, position: int) -> str:
    return ORIGIN_NAMES[int(estate.graph.cis.repair_origin[int(estate.compiled.row[position])])] if position >= 0 else ""


def backup_origin(estate: Estate, position: int) -> str:
    origins = estate.graph.cis.backup_origin
    return ORIGIN_NAMES[int(origins[int(estate.compiled.row[position])])] if position >= 0 and origins is not None else ""


def _path(recovery: Recovery, position: int) -> list[RecoveryStep]:
    estate, times = recovery.estate, recovery.everything
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
            repair_origin(estate, step),
            float(times.finish[times.at(step)]) + recovery.terms.before_hours,
        )
        for step in times.path(position)[-PATH_SHOWN:]
    ]


def _close_behind(recovery: Recovery, position: int) -> list[CloseBehind]:
    estate, times = recovery.estate, recovery.everything
    place = times.at(position)
    if place < 0 or times.unsure[place] & CIRCLE or recovery.starting is not None:
        return []
    slack = slack_hours(estate.compiled, estate.compiled.repair_hours, times, position)
    path = set(times.path(position))
    beside = sorted((late, step) for step, late in slack.items() if step not in path)
    return [
        CloseBehind(estate.key(step), estate.name(step), estate.text("team", step), late) for late, step in beside[:CLOSE_SHOWN]
    ]


def _contradiction(estate: Estate, position: int, hours: float | None, row: RecoveryRow) -> Contradiction:
    def over(limit: float | None) -> float | None:
        return None if limit is None or hours is None else max(hours - limit, 0.0)

    return Contradiction(
        estate.key(position), estate.name(position), estate.text("ci_class", position), estate.text("team", position),
        estate.text("supplier", position), hours, repair_origin(estate, position), over(row.rto_hours), over(row.mtpd_hours),
    )  # fmt: skip
