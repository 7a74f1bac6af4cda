"""Answers from a kept study: its row, areas, services, borders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.domain.areas import AREA_KINDS
from app.domain.errors import InvalidInput, NotFound
from app.domain.graph import ORIGIN_NAMES
from app.domain.quantities import HOURS_PER_YEAR
from app.domain.service_risk import BOUNDED, EXACT, SIMULATED, UNKNOWN, Estimate
from app.domain.study import (
    AskFirstPage,
    AskFirstRow,
    BorderRow,
    StudyAreaPage,
    StudyAreaRow,
    StudyBorders,
    StudyPage,
    StudyRow,
    StudyServicePage,
    StudyServiceRow,
)
from app.ports.compiled_cache import CompiledGraphCache
from app.ports.documents import Documents
from app.ports.records import Records
from app.risk.graph.compiled import CompiledGraph
from app.risk.graph.needs import needs_of
from app.risk.graph.ragged import spans
from app.risk.outage.failover import failovers_of
from app.risk.study import estate_redundancy as redundancy
from app.risk.study.ask_first import INPUTS, Questions
from app.risk.study.estate_redundancy import EstateRedundancy
from app.risk.study.tables import AreaTable, K
from app.usecases import paging
from app.usecases.answers.areas import area_name, causes_in, open_needs_of, spread_from
from app.usecases.answers.paths import known
from app.usecases.answers.service_risk.incomplete import bounds_of_what_was_read
from app.usecases.assess import Assessed, assessed
from app.usecases.tools import Tools


@dataclass(frozen=True, slots=True)
class KeptStudy:
    """A finished study, and sums over all borders between teams."""

    row: StudyRow
    borders: Mapping[str, float]


STUDIES = Records("study", KeptStudy)


def get_study(documents: Documents, study: str) -> StudyRow:
    """Returns the row of a study; NotFound where there is none."""
    return STUDIES.get(documents, study).row


def page_studies(documents: Documents, after: str = "", limit: int = 50) -> StudyPage:
    """Returns a page of studies, the newest first."""
    studies = [kept.value.row for kept in STUDIES.page(documents, after, limit + 1, newest_first=True)]
    more, rows = len(studies) > limit, studies[:limit]
    return StudyPage(rows, limit, more, rows[-1].study if more else None)


def tables_of(cache: CompiledGraphCache, row: StudyRow) -> Mapping[str, Any]:
    """Returns the arrays of a study; NotFound where they are no longer kept."""
    arrays = cache.load(row.revision, f"{STUDIES.kind}-{row.study}")
    if arrays is None or "redundancy.samples" not in arrays:  # gone, or of a version that did not simulate
        raise NotFound(
            f"the tables of study {row.study} are no longer kept; make it again with the same options: it gives the same numbers"
        )
    return arrays


def study_areas(tools: Tools, study: str, kind: str, limit: int, after: str | None) -> StudyAreaPage:
    """Returns areas of one kind, worst total first."""
    if kind not in AREA_KINDS:
        raise InvalidInput(f"kind: one of {', '.join(AREA_KINDS)}", field="kind")
    offset = 0
    if after is not None:
        cursor = paging.decode(after, "revision", "kind", "offset")
        if cursor["kind"] != kind:
            raise InvalidInput("after: a cursor of another ranking")
        offset = cursor["offset"]
    row = get_study(tools.documents, study)
    table = AreaTable.from_arrays(kind, tables_of(tools.cache, row))
    assessment = assessed(tools.estates, tools.cache, row.revision)
    last = min(offset + limit, len(table.area))
    more = last < len(table.area)
    return StudyAreaPage(
        study=study,
        revision=row.revision,
        kind=kind,
        measure=row.measure,
        k=K,
        total=sum((known(value) or 0.0) for value in (table.first + table.redundancy).tolist()),
        total_rows=len(table.area),
        limit=limit,
        truncated=more,
        next=paging.encode(revision=row.revision, kind=kind, offset=last) if more else None,
        items=[_area(assessment, kind, table, place) for place in range(offset, last)],
    )


def _area(assessment: Assessed, kind: str, table: AreaTable, place: int) -> StudyAreaRow:
    name, label = area_name(assessment.estate, kind, int(table.area[place]))
    group = int(table.group[place])
    return StudyAreaRow(
        rank=place + 1,
        kind=kind,
        name=name,
        label=label,
        cis=int(table.members[place]) - causes_in(assessment, kind, int(table.area[place])),
        first_order=known(table.first[place]),
        redundancy=known(table.redundancy[place]),
        total=known(table.first[place] + table.redundancy[place]),
        share=float(table.share[place]),
        low=known(table.low[place]),
        high=known(table.high[place]),
        p_worst=known(table.p_worst[place]),
        expected_rank=known(table.expected_rank[place]),
        group=group or None,
        spread_from=spread_from(assessment, kind, int(table.area[place])),
        open_needs=open_needs_of(assessment, kind, int(table.area[place])),
    )


UNITS = {"failures_per_year": "1/year of up time", "repair_hours": "h, mean"}


def ask_first(tools: Tools, study: str, limit: int, after: str | None) -> AskFirstPage:
    """Returns the inputs that are worth asking for, those of the largest gain first."""
    row = get_study(tools.documents, study)
    arrays = tables_of(tools.cache, row)
    if "ask.ci" not in arrays:
        raise NotFound(f"study {study} was made before studies said what to ask for; make it again")
    offset = paging.decode(after, "revision", "ask_offset")["ask_offset"] if after is not None else 0
    worth = Questions(*(arrays[f"ask.{name}"] for name in Questions._fields))
    assessment = assessed(tools.estates, tools.cache, row.revision)
    last = min(offset + limit, len(worth.ci))
    more = last < len(worth.ci)
    return AskFirstPage(
        study,
        row.revision,
        row.measure,
        K,
        len(worth.ci),
        limit,
        more,
        paging.encode(revision=row.revision, ask_offset=last) if more else None,
        [_asked(assessment, worth, place) for place in range(offset, last)],
    )


def _asked(assessment: Assessed, worth: Questions, place: int) -> AskFirstRow:
    estate, position, field = assessment.estate, int(worth.ci[place]), INPUTS[int(worth.field[place])]
    cis, at = estate.graph.cis, int(estate.compiled.row[position])
    value = float(getattr(cis, field)[at])
    origin = (cis.failures_origin if field == "failures_per_year" else cis.repair_origin)[at]
    return AskFirstRow(
        place + 1, estate.key(position), estate.name(position), cis.ci_class[at] or "other", cis.team[at] or "",
        cis.site[at] or "", field, UNITS[field], known(value), ORIGIN_NAMES[int(origin)], known(value * worth.low[place]),
        known(value * worth.high[place]), float(worth.p_changes[place]), float(worth.gain[place]),
    )  # fmt: skip


def study_services(tools: Tools, study: str, limit: int, after: str | None) -> StudyServicePage:
    """Returns services, those that suffer most first."""
    offset = 0
    if after is not None:
        offset = paging.decode(after, "revision", "service_offset")["service_offset"]
    row = get_study(tools.documents, study)
    arrays = tables_of(tools.cache, row)
    more = EstateRedundancy.from_arrays(
        {name.removeprefix("redundancy."): c for name, c in arrays.items() if name.startswith("redundancy.")}
    )
    order = AreaTable.from_arrays("service", arrays).area
    assessment = assessed(tools.estates, tools.cache, row.revision)
    last = min(offset + limit, len(order))
    following = last < len(order)
    return StudyServicePage(
        study=study,
        revision=row.revision,
        total_rows=len(order),
        limit=limit,
        truncated=following,
        next=paging.encode(revision=row.revision, service_offset=last) if following else None,
        items=[_service(assessment, arrays, more, int(number), row.measure) for number in order[offset:last]],
    )


WITHOUT_FAILOVERS = "without what failovers interrupt: the availability of the service alone counts it"


def _fails_over(compiled: CompiledGraph, position: int) -> bool:
    """Whether some failover among what the service depends on costs something."""
    cone = needs_of(compiled.flat, position)
    groups = spans(compiled.flat.group_ptr[cone], np.diff(compiled.flat.group_ptr)[cone])
    return bool(failovers_of(compiled, groups).switches.any())


def _service(
    assessment: Assessed, arrays: Mapping[str, Any], more: EstateRedundancy, number: int, measure: str
) -> StudyServiceRow:
    shift = float(arrays["shift.service"][number]) if "shift.service" in arrays else 0.0
    estate, compiled = assessment.estate, assessment.estate.compiled
    position = int(compiled.service_position[number])
    q = _unavailability(more, number, WITHOUT_FAILOVERS if _fails_over(compiled, position) else "")
    drawn = _simulated(arrays, more, number)
    row = int(compiled.service_row[number])
    target = estate.graph.services[row].availability_target if row >= 0 else None
    allowed = None if target is None or target >= 1.0 else HOURS_PER_YEAR * (1.0 - target)
    down = q.value if q.value is not None else drawn.value
    needs = estate.open_needs(position)
    made_row = StudyServiceRow(
        key=estate.key(position),
        name=estate.name(position),
        unavailability=q,
        simulated_unavailability=drawn,
        downtime_hours_per_year=Estimate(
            None if q.value is None else HOURS_PER_YEAR * q.value,
            q.method,
            None if q.low is None else HOURS_PER_YEAR * q.low,
            None if q.high is None else HOURS_PER_YEAR * q.high,
        ),
        stops_per_year=known(more.stops[number]),
        hours_first_order=known(
            assessment.services.service_hours[number] + (shift if measure == "service_hours_per_year" else 0.0)
        ),
        hours_redundancy=known(more.service_hours[number]),
        money_first_order=known(assessment.services.money[number] + (shift if measure == "money_per_year" else 0.0)),
        money_redundancy=known(more.service_money[number]),
        money_is_exact=bool(more.exact_money[number]),
        redundancy_method=_redundancy_method(more, number),
        hours_redundancy_low=known(more.hours_low[number]),
        hours_redundancy_high=known(more.hours_high[number]),
        money_redundancy_low=known(more.money_low[number]),
        money_redundancy_high=known(more.money_high[number]),
        samples=int(more.samples[number]),
        availability_target=target,
        share_of_budget=None if allowed is None or down is None else HOURS_PER_YEAR * down / allowed,
        unknown_cis=int(more.unknown[number]),
        open_needs=needs,
    )
    return bounds_of_what_was_read(made_row, needs) if needs else made_row


def _simulated(arrays: Mapping[str, Any], more: EstateRedundancy, number: int) -> Estimate:
    """Returns Q from the samples of a bounded service, else from the worlds of the whole estate."""
    if more.samples[number] > 0:
        ends = float(more.sampled_low[number]), float(more.sampled_high[number])
        return Estimate(float(more.q[number]), SIMULATED, *ends, f"{int(more.samples[number]):,} samples")
    return Estimate(
        float(arrays["worlds.q"][number]), SIMULATED, float(arrays["worlds.low"][number]), float(arrays["worlds.high"][number])
    )


def _redundancy_method(more: EstateRedundancy, number: int) -> str:
    if int(more.method[number]) == redundancy.AT_REST:
        return UNKNOWN
    return SIMULATED if more.samples[number] > 0 else EXACT


def _unavailability(more: EstateRedundancy, number: int, note: str) -> Estimate:
    if int(more.method[number]) == redundancy.EXACT:
        return Estimate(float(more.q[number]), EXACT, note=note)
    if int(more.method[number]) == redundancy.AT_REST:
        return Estimate(None, UNKNOWN, note="down at rest: charged to nobody")
    return Estimate(None, BOUNDED, float(more.q_low[number]), float(more.q_high[number]), note)


def study_borders(tools: Tools, study: str) -> StudyBorders:
    """Returns the dependencies between teams over which the loss runs."""
    kept = STUDIES.get(tools.documents, study)
    row, sums = kept.row, kept.borders
    arrays = tables_of(tools.cache, row)
    assessment = assessed(tools.estates, tools.cache, row.revision)
    examined = sums["crossing"] + sums["inside"] + sums["interrupted"]
    rows = [
        BorderRow(
            area_name(assessment.estate, "team", int(arrays["borders.provider_team"][k]))[0],
            area_name(assessment.estate, "team", int(arrays["borders.dependent_team"][k]))[0],
            float(arrays["borders.loss"][k]),
            float(arrays["borders.loss"][k]) / examined if examined else 0.0,
            int(arrays["borders.pairs"][k]),
        )
        for k in range(len(arrays["borders.loss"]))
    ]
    return StudyBorders(study, row.revision, row.measure, examined, sums["inside"], sums["interrupted"], sums["left_out"], rows)
