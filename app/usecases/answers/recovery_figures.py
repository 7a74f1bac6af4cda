"""The figures behind every answer about recovery: each service after every single outage that stops it, and after an outage of
everything, with and without crews; the age of its data then (model 1.11)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np

from app.domain.recovery import ALL_DOWN, DATA, OUTAGE, RecoveryBasis
from app.risk.graph.compiled import CompiledGraph, Flat
from app.risk.graph.structure import gathered, offsets_of
from app.risk.outage.propagation import outage
from app.risk.recovery.crews import crew_schedule, work_hours
from app.risk.recovery.data_loss import DataLoss, data_loss
from app.risk.recovery.restore_times import CIRCLE, UNKNOWN_HOURS, Plan, Restoration, restoration, restore_plan
from app.risk.recovery.single_outages import hours_after_single_outages
from app.usecases.answers.recovery_terms import NO_LIMIT, RecoveryTerms, recovery_terms
from app.usecases.assess import Assessed, assessed
from app.usecases.estate import Estate
from app.usecases.tools import Tools

KEPT_IN_MEMORY = 2
KINDS = (OUTAGE, ALL_DOWN, DATA)

_kept: OrderedDict[str, Recovery] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True, slots=True)
class AllDown:
    """S services after an outage of everything, hours from its start; unknown restore times count as 0 and are marked."""

    alone_hours: Any  # float64[S] when nothing waits for a crew; infinite: it never comes back
    low_hours: Any  # float64[S] at the earliest, whatever the crews do first
    high_hours: Any  # float64[S] when the crews follow a list schedule for all services
    rough: Any  # bool[S] start-up circles lie below: alone_hours is an upper bound
    unknown: Any  # bool[S] some restore time below is unknown


@dataclass(frozen=True, slots=True)
class Gaps:
    """K gaps, the largest first, of equal ones by kind, service and CI."""

    kind: Any  # int8[K] place in KINDS
    service: Any  # int32[K] number
    ci: Any  # int32[K] position
    wants: Any  # float64[K] hours
    takes: Any  # float64[K] hours


@dataclass(frozen=True)
class Recovery:
    """Figures of every service; hours count from the start of the outage. P pairs of a service and a CI whose outage alone stops
    it, by service, then by CI."""

    assessment: Assessed
    terms: RecoveryTerms
    starting: Flat | None
    plan: Plan  # of `everything`; read only
    everything: Restoration  # hours from the start of the first restoration
    all_down: AllDown
    loss: DataLoss
    pair_ptr: Any  # int32[S+1]
    pair_ci: Any  # int32[P] position
    pair_hours: Any  # float64[P], NaN unknown

    @property
    def estate(self) -> Estate:
        return self.assessment.estate

    def pairs(self, number: int) -> tuple[Any, Any]:
        """Returns positions and hours of the CIs that stop a service alone, the longest first, unknown ones last."""
        part = slice(int(self.pair_ptr[number]), int(self.pair_ptr[number + 1]))
        ci, hours = self.pair_ci[part], self.pair_hours[part]
        order = np.lexsort((ci, -np.nan_to_num(hours, nan=-1.0)))
        return ci[order], hours[order]

    @cached_property
    def rpo_hours(self) -> Any:
        """float64[S], NaN where nobody gave one."""
        services, rows = self.estate.graph.services, self.estate.compiled.service_row.tolist()
        said = [services[row].rpo_hours if row >= 0 else None for row in rows]
        return np.array([np.nan if hours is None else hours for hours in said], float)

    @cached_property
    def gaps(self) -> Gaps:
        return gaps_of(self)

    @cached_property
    def basis(self) -> RecoveryBasis:
        terms = self.terms
        without = int((terms.pool < 0).sum())
        return RecoveryBasis(
            terms.detection_hours, terms.declaration_hours, list(terms.unknown_pools), without, list(terms.warnings)
        )


def recovery_at(tools: Tools, revision: int | None, locations: bool | None) -> Recovery:
    """Returns the figures of a revision under the terms of now, from memory where they are at hand."""
    assessment = assessed(tools.estates, tools.cache, revision, locations)
    terms = recovery_terms(tools, assessment.estate)
    name = f"{id(assessment)} {terms.tag}"
    with _lock:
        kept = _kept.get(name)
        if kept is None or kept.assessment is not assessment:
            kept = _kept[name] = recovery_of(assessment, terms)
        _kept.move_to_end(name)
        while len(_kept) > KEPT_IN_MEMORY:
            _kept.popitem(last=False)
        return kept


def recovery_of(assessment: Assessed, terms: RecoveryTerms) -> Recovery:
    """Restore everything, with and without crews, and each single point of failure alone; return the figures of every service."""
    estate, first = assessment.estate, assessment.first
    compiled = estate.compiled
    starting, plan = terms.without.flat(estate), restore_plan(compiled)
    everything = restoration(compiled, compiled.repair_hours, np.arange(len(compiled), dtype=np.int32), plan, starting)
    ci = np.repeat(np.arange(len(compiled), dtype=np.int32), np.diff(first.point_ptr))
    service = first.point_service
    hours = _single_hours(estate, ci, service, starting) + terms.before_hours
    ptr = offsets_of(service, len(compiled.service_position))
    order = gathered(service, ptr)
    all_down = _all_down(compiled, terms, starting, plan, everything, (ci, service))
    loss = data_loss(compiled, _by_position(estate, "backup_interval_hours"), _by_position(estate, "transfer_lag_hours"))
    return Recovery(assessment, terms, starting, plan, everything, all_down, loss, ptr, ci[order], hours[order])


def _by_position(estate: Estate, column: str) -> Any:
    values = getattr(estate.graph.cis, column)
    return np.full(len(estate.compiled), np.nan) if values is None else np.ascontiguousarray(values[estate.compiled.row])


def _all_down(
    compiled: CompiledGraph,
    terms: RecoveryTerms,
    starting: Flat | None,
    plan: Plan,
    everything: Restoration,
    pairs: tuple[Any, Any],
) -> AllDown:
    service = compiled.service_position
    finish, unsure = np.full(len(compiled), np.inf), np.full(len(compiled), UNKNOWN_HOURS, np.int8)
    finish[everything.down], unsure[everything.down] = everything.finish, everything.unsure
    alone, rough = finish[service], (unsure[service] & CIRCLE) != 0
    ci, of = pairs
    # behind a circle the longest of what each way of restoring it needs is all that is sure
    longest = np.zeros(len(service))
    np.maximum.at(longest, of, np.nan_to_num(compiled.repair_hours[ci]))
    low, high = np.where(rough & np.isfinite(alone), longest, alone), alone
    if terms.names:
        low = np.maximum(low, work_hours(ci, of, compiled.repair_hours, terms.crews(NO_LIMIT), len(service)))
        schedule = crew_schedule(compiled, compiled.repair_hours, everything, plan, terms.crews(1), service, starting)
        high = np.maximum(schedule.back[service], low)
    before = terms.before_hours
    return AllDown(alone + before, low + before, high + before, rough, (unsure[service] & UNKNOWN_HOURS) != 0)


def _single_hours(estate: Estate, ci: Any, service: Any, starting: Flat | None) -> Any:
    """Returns hours (float64[P]) until a service is back after the outage of one CI: its restore time, and what starts again
    after it. A start takes no place of a crew."""
    compiled: CompiledGraph = estate.compiled
    hours = compiled.repair_hours[ci].copy()
    if not compiled.restart_hours.any():
        return hours
    if starting is None:
        return hours_after_single_outages(compiled, ci, compiled.service_position[service])
    plan, restart = restore_plan(compiled), compiled.restart_hours.copy()
    for position in np.unique(ci):  # `ci` ascends
        fallen = outage(compiled, [int(position)], estate.workspace()).failed
        if not compiled.restart_hours[fallen[fallen != position]].any():
            continue
        times = after_outage(compiled, int(position), fallen, restart, plan, starting)
        for pair in range(*np.searchsorted(ci, [position, position + 1])):
            place = times.at(int(compiled.service_position[service[pair]]))
            hours[pair] = np.nan if times.unsure[place] & UNKNOWN_HOURS else times.finish[place]
    return hours


def after_outage(
    compiled: CompiledGraph, position: int, fallen: Any, restart: Any, plan: Plan, starting: Flat | None
) -> Restoration:
    """Returns when the CIs that fell (positions) with the outage of one are back: that one after its restore time, the others as
    they start again. `restart` holds the restart hours and is left as it was."""
    before = restart[position]
    restart[position] = compiled.repair_hours[position]
    times = restoration(compiled, restart, fallen, plan, starting)
    restart[position] = before
    return times


def gaps_of(recovery: Recovery) -> Gaps:
    """Returns every gap of the estate: of single outages, of an outage of everything, of data. What is unknown makes none."""
    compiled, all_down = recovery.estate.compiled, recovery.all_down
    rto, rpo = compiled.rto_hours, recovery.rpo_hours
    services = np.arange(len(compiled.service_position), dtype=np.int32)
    of_pair = np.repeat(services, np.diff(recovery.pair_ptr))
    loss = recovery.loss.worst_hours[compiled.service_position]
    with np.errstate(invalid="ignore"):
        outages = np.flatnonzero(recovery.pair_hours > rto[of_pair])
        every = np.flatnonzero((all_down.low_hours > rto) & np.isfinite(all_down.alone_hours))
        data = np.flatnonzero(loss > rpo)
    ends = np.array([_first_of_path(recovery, int(number)) for number in every], np.int32)
    parts = (
        (
            np.zeros(len(outages), np.int8),
            of_pair[outages],
            recovery.pair_ci[outages],
            rto[of_pair[outages]],
            recovery.pair_hours[outages],
        ),
        (np.full(len(every), 1, np.int8), services[every], ends, rto[every], all_down.low_hours[every]),
        (
            np.full(len(data), 2, np.int8),
            services[data],
            recovery.loss.holder[compiled.service_position[data]],
            rpo[data],
            loss[data],
        ),
    )
    kind, service, ci, wants, takes = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(wants - takes, kind="stable")  # they stand by kind, service and CI already
    return Gaps(kind[order], service[order], ci[order], wants[order], takes[order])


def _first_of_path(recovery: Recovery, number: int) -> int:
    """Returns the CI of the critical path that takes longest."""
    compiled = recovery.estate.compiled
    path = np.array(recovery.everything.path(int(compiled.service_position[number])), np.int32)
    return int(path[np.argmax(np.nan_to_num(compiled.repair_hours[path]))])
