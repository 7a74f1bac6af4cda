"""Gaps between required and achievable recovery: of the whole estate the worst first, and what is required of one CI (model
1.11)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.domain.recovery import DATA, OUTAGE, GapStep, RecoveryGap, RecoveryGapPage, gap_sentence, required_sentence
from app.domain.results import RequiredRecovery
from app.risk.graph.compiled import Flat
from app.risk.outage.propagation import outage
from app.risk.recovery.restore_times import UNKNOWN_HOURS, restore_plan
from app.usecases import paging
from app.usecases.answers.paths import known
from app.usecases.answers.recovery import backup_origin, repair_origin
from app.usecases.answers.recovery_figures import KINDS, Gaps, Recovery, after_outage, recovery_at
from app.usecases.answers.recovery_terms import recovery_terms
from app.usecases.estate import Estate
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

STEPS_SHOWN = 200


def gaps_page(
    tools: Tools,
    limit: int,
    after: str | None = None,
    revision: int | None = None,
    locations: bool | None = None,
    paths: bool = True,
) -> RecoveryGapPage:
    """Returns the gaps of the whole estate, the largest first; `paths`: each with its way to the service, which takes a
    millisecond."""
    offset = 0
    if after is not None:
        cursor = paging.decode(after, "revision", "gap", "locations")
        revision, offset, locations = cursor["revision"], cursor["gap"], cursor["locations"]
    recovery = recovery_at(tools, revision, locations)
    estate, gaps = recovery.estate, recovery.gaps
    total = len(gaps.kind)
    last = min(offset + limit, total)
    more = last < total
    counts = np.bincount(gaps.kind, minlength=len(KINDS)).tolist()
    return RecoveryGapPage(
        stamp=stamp_of(estate, tools.documents),
        basis=recovery.basis,
        outages=counts[0],
        all_down=counts[1],
        data=counts[2],
        services=len(np.unique(gaps.service)),
        total_rows=total,
        limit=limit,
        truncated=more,
        next=paging.encode(revision=estate.revision.revision, gap=last, locations=locations) if more else None,
        items=[_gap(recovery, gaps, row, paths) for row in range(min(offset, last), last)],
    )


def _gap(recovery: Recovery, gaps: Gaps, row: int, paths: bool) -> RecoveryGap:
    estate = recovery.estate
    kind, number, ci = KINDS[int(gaps.kind[row])], int(gaps.service[row]), int(gaps.ci[row])
    service = int(estate.compiled.service_position[number])
    wants, takes = float(gaps.wants[row]), float(gaps.takes[row])
    origin = backup_origin(estate, ci) if kind == DATA else repair_origin(estate, ci)
    return RecoveryGap(
        kind=kind,
        service_key=estate.key(service),
        service_name=estate.name(service),
        service_team=estate.text("team", service),
        wants_hours=wants,
        key=estate.key(ci),
        name=estate.name(ci),
        ci_class=estate.text("ci_class", ci),
        team=estate.text("team", ci),
        supplier=estate.text("supplier", ci),
        takes_hours=takes,
        hours_origin=origin,
        gap_hours=takes - wants,
        path=_path(recovery, kind, ci, service) if paths else [],
        sentence=gap_sentence(kind, estate.name(service), wants, estate.name(ci), takes, origin),
    )


def _path(recovery: Recovery, kind: str, ci: int, service: int) -> Sequence[GapStep]:
    estate, before = recovery.estate, recovery.terms.before_hours
    if kind == DATA:
        way = _way_of_data(recovery, ci, service)
        return [GapStep(estate.key(step), estate.name(step), None) for step in way[-STEPS_SHOWN:]]
    times = recovery.everything
    if kind == OUTAGE:
        compiled = estate.compiled
        fallen = outage(compiled, [ci], estate.workspace()).failed
        times = after_outage(compiled, ci, fallen, compiled.restart_hours.copy(), restore_plan(compiled), recovery.starting)
    return [
        GapStep(estate.key(step), estate.name(step), float(times.finish[times.at(step)]) + before)
        for step in times.path(service)[-STEPS_SHOWN:]
    ]


def _way_of_data(recovery: Recovery, holder: int, service: int) -> list[int]:
    """Returns positions from the holder of the data to the service, each a need of the next that hands its data on."""
    flat, of = recovery.estate.compiled.flat, recovery.loss.holder
    came: dict[int, int] = {service: -1}
    queue = [service]
    for at in queue:
        if at == holder:
            break
        for need in _needs(flat, at):
            if need not in came and int(of[need]) == holder:
                came[need] = at
                queue.append(need)
    way, at = [], holder if holder in came else service
    while at >= 0:
        way.append(at)
        at = came[at]
    return way


def _needs(flat: Flat, position: int) -> list[int]:
    direct = flat.reverse[flat.reverse_ptr[position] : flat.reverse_ptr[position + 1]].tolist()
    low, high = int(flat.member_ptr[flat.group_ptr[position]]), int(flat.member_ptr[flat.group_ptr[position + 1]])
    return [*direct, *flat.member[low:high].tolist()]


def required_recovery(tools: Tools, estate: Estate, position: int) -> RequiredRecovery:
    """Returns the tightest RTO of all services that an outage of this CI alone stops, and when that one is back after it."""
    compiled, terms = estate.compiled, recovery_terms(tools, estate)
    fallen = outage(compiled, [position], estate.workspace()).failed
    numbers = compiled.flat.service_at[fallen]
    numbers = numbers[numbers >= 0]
    asked = numbers[~np.isnan(compiled.rto_hours[numbers])]
    if not len(asked):
        return RequiredRecovery(
            None, "", "", None, None, len(numbers), 0, required_sentence(estate.name(position), None, "", None)
        )
    plan, starting = restore_plan(compiled), terms.without.flat(estate)
    times = after_outage(compiled, position, fallen, compiled.restart_hours.copy(), plan, starting)
    rto = compiled.rto_hours[asked]
    places = np.array([times.at(int(at)) for at in compiled.service_position[asked]], np.int64)
    takes = times.finish[places] + terms.before_hours
    takes[(times.unsure[places] & UNKNOWN_HOURS) != 0] = np.nan
    tightest = int(np.lexsort((asked, -np.nan_to_num(takes, nan=-1.0), rto))[0])
    service = int(compiled.service_position[asked[tightest]])
    hours, wants = known(takes[tightest]), float(rto[tightest])
    with np.errstate(invalid="ignore"):
        late = int((takes > rto).sum())
    return RequiredRecovery(
        required_hours=wants,
        service_key=estate.key(service),
        service_name=estate.name(service),
        takes_hours=hours,
        gap_hours=None if hours is None else hours - wants,
        services=len(numbers),
        contradictions=late,
        sentence=required_sentence(estate.name(position), wants, estate.name(service), hours),
    )
