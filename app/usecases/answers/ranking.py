"""The ranked problem areas, worst first, each with the reason why it stands where it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from app.domain.areas import confidence
from app.domain.errors import InvalidInput
from app.domain.graph import ORIGIN_NAMES
from app.domain.quantities import HOURS_PER_YEAR
from app.domain.results import MEASURES, AreaPage, AreaRow, Standing
from app.domain.sentences import (
    FIRST,
    area_reason,
    class_label,
    down_at_rest,
    number,
    overlapping,
    redundancy_not_counted,
    shares_start,
)
from app.risk.first_order.areas import Ranking, inputs_of, services_cost, services_felt, services_stopped
from app.risk.first_order.totals import corrected_hours, half_widths, points_of
from app.risk.outage.rates_and_exposures import can_fail
from app.usecases import paging
from app.usecases.answers.area_additions import Additions, additions_of, gap_at
from app.usecases.answers.area_order import AreasAsked, places_of
from app.usecases.answers.areas import area_name, causes_in, open_needs_of, positions_of, ranking_of
from app.usecases.answers.contributions import ci_sentence, shares_of_service
from app.usecases.answers.paths import known
from app.usecases.assess import Assessed, assessed
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

EVERYTHING = AreasAsked()
MOST = FIRST + 1  # CIs that are looked at for the sentence about where a loss starts
OVERLAP = 0.1  # sum of lambda m of the single points above which first-order hours count outages twice (model 1.6)


def area_page(
    tools: Tools,
    kind: str,
    limit: int,
    after: str | None,
    revision: int | None,
    locations: bool | None = None,
    asked: AreasAsked = EVERYTHING,
) -> AreaPage:
    """Returns areas of a kind that fit what is asked, worst first or in the order asked for. A cursor holds revision, kind,
    settings and question, so pages of one list fit together."""
    offset = 0
    if after is not None:
        cursor = paging.decode(after, "revision", "kind", "offset", "locations", "asked")
        if cursor["kind"] != kind or cursor["asked"] != asked.tag:
            raise InvalidInput("after: a cursor of another ranking")
        revision, offset, locations = cursor["revision"], cursor["offset"], cursor["locations"]
    assessment = assessed(tools.estates, tools.cache, revision, locations)
    ranking = ranking_of(assessment, kind)
    more = additions_of(tools, assessment, kind, asked.since, locations)
    places = places_of(assessment, kind, ranking, asked, more)
    last = min(offset + limit, len(places))
    at = assessment.estate.revision.revision

    def page_from(start: int) -> str:
        return paging.encode(revision=at, kind=kind, offset=start, locations=locations, asked=asked.tag)

    return AreaPage(
        stamp=stamp_of(assessment.estate, tools.documents),
        assessment=assessment.name,
        kind=kind,
        measure=ranking.measure,
        total=ranking.total,
        total_rows=len(places),
        limit=limit,
        truncated=last < len(places),
        next=page_from(last) if last < len(places) else None,
        items=[_with(more, assessment, kind, ranking, place) for place in places[offset:last].tolist()],
        standing=standing_of(more, ranking.total),
        of_rows=len(ranking.area),
        total_fitting=float(np.nansum(ranking.values[ranking.measure][places])),
        sort=asked.sort,
        since=asked.since,
        previous=page_from(max(offset - limit, 0)) if offset > 0 else None,
    )


def _with(more: Additions, assessment: Assessed, kind: str, ranking: Ranking, place: int) -> AreaRow:
    """Returns the row of an area with what stands beside its loss."""
    area, row = int(ranking.area[place]), area_row(assessment, kind, ranking, place)
    low, high, redundancy = more.studied(area)
    now, before = known(float(ranking.values[ranking.measure][place])), more.before(area)
    return replace(
        row,
        owner=more.owner(area),
        confidence=confidence(row.inputs, row.open_needs),
        low=low,
        high=high,
        redundancy=redundancy,
        gap=more.gap(area),
        before=before,
        difference=None if now is None or before is None else now - before,
    )


def standing_of(more: Additions, total: float) -> Standing:
    assessment = more.assessment
    estate, gaps, study = assessment.estate, more.recovery.gaps, more.study
    first = np.flatnonzero(gaps.kind == 0)[:1]
    worst = gap_at(more.recovery, int(first[0])) if len(first) else None
    return Standing(
        services=len(estate.compiled.service_position),
        services_without_second_path=int((assessment.services.single_points > 0).sum()),
        services_incomplete=len(estate.incomplete_services),
        worst_gap=worst,
        total=total,
        low=study.total_range.low if study is not None else None,
        high=study.total_range.high if study is not None else None,
        study=study.study if study is not None else "",
    )


def area_row(assessment: Assessed, kind: str, ranking: Ranking, place: int) -> AreaRow:
    estate, area = assessment.estate, int(ranking.area[place])
    name, label = area_name(estate, kind, area)
    values = {measure: known(float(ranking.values[measure][place])) for measure in MEASURES}
    not_counted = (
        bool(assessment.services.not_counted[area])
        if kind == "service"
        else kind == "ci" and bool(assessment.totals.not_counted[area])
    )
    hit, touched = _services_felt(assessment, kind, area)
    rows = area if kind == "ci" else positions_of(assessment, kind, area)
    return AreaRow(
        kind=kind,
        name=name,
        label=label,
        rank=place + 1,
        cis=int(ranking.members[place]) - causes_in(assessment, kind, area),
        services_hit=hit,
        services_touched=touched,
        service_hours_per_year=values["service_hours_per_year"],
        customer_hours_per_year=values["customer_hours_per_year"],
        money_per_year=values["money_per_year"],
        share=float(ranking.share[place]),
        inputs=_inputs(assessment, kind, area),
        not_counted=not_counted,
        reason=_reason(assessment, kind, area, label, ranking, place, not_counted, (hit, touched)),
        plus_minus={} if kind == "service" else half_widths(assessment.first, rows),
        open_needs=open_needs_of(assessment, kind, area),
    )


def _services_felt(assessment: Assessed, kind: str, area: int) -> tuple[int, int]:
    """Counts the services that the CIs of an area stop, each CI alone, and those that they only degrade or interrupt."""
    if kind == "service":
        return 1 if not assessment.services.not_counted[area] else 0, 0
    first = assessment.first
    if kind == "ci":
        return services_felt(first, area)
    rows = positions_of(assessment, kind, area)
    stopped = services_stopped(first, rows)
    return len(stopped), len(np.setdiff1d(services_cost(first, rows), stopped, assume_unique=True))


def _inputs(assessment: Assessed, kind: str, area: int) -> Mapping[str, float]:
    """Returns the shares of the loss that rest on rates of each origin."""
    return inputs_of(assessment.totals.service_hours, assessment.rate_origin, positions_of(assessment, kind, area), ORIGIN_NAMES)


def _reason(
    assessment: Assessed,
    kind: str,
    area: int,
    label: str,
    ranking: Ranking,
    place: int,
    not_counted: bool,
    services: tuple[int, int],
) -> str:
    estate = assessment.estate
    if kind == "ci":
        return redundancy_not_counted(label) if not_counted else ci_sentence(assessment, area)
    if not_counted:
        return redundancy_not_counted(label)
    if kind == "service" and assessment.services.down_at_rest[area]:
        return down_at_rest(label)
    value = float(ranking.values[ranking.measure][place])
    text = (
        f"{number(value)} {MEASURES[ranking.measure]}".replace("money", estate.options.currency, 1)
        if value == value
        else "a loss nobody can put a number on"
    )
    names, shares = started_at(assessment, kind, area, ranking.measure if value == value else "service_hours_per_year")
    members = int(ranking.members[place]) - causes_in(assessment, kind, area)
    start = shares_start(names, shares) + ("" if value == value or not names else ", by hours out")
    called = class_label(label) if kind == "class" else label
    reason = area_reason(
        kind,
        called,
        members,
        *services,
        text,
        start,
    )
    overlap = overlap_of(assessment, area) if kind == "service" else ""
    return f"{reason[:-1]}; {overlap}." if overlap else reason


def started_at(assessment: Assessed, kind: str, area: int, measure: str) -> tuple[list[str], list[float]]:
    """Returns the names of the few CIs that start most of the loss of an area, the largest share first, and their shares.

    Of a service they are shares of what it suffers itself.
    """
    if kind == "service":
        positions, shares = shares_of_service(assessment, area, measure)
        first = [(position, share) for position, share in zip(positions[:MOST].tolist(), shares[:MOST], strict=True) if share > 0]
        return [assessment.estate.name(position) for position, _ in first], [share for _, share in first]
    rows = positions_of(assessment, kind, area)
    column = np.nan_to_num(assessment.totals.values()[measure][rows])
    total = float(column.sum())
    large = np.flatnonzero(column >= np.partition(column, -MOST)[-MOST]) if len(column) > MOST else np.arange(len(column))
    large = large[column[large] > 0]
    order = large[np.lexsort((rows[large], -column[large]))][:MOST]
    return [assessment.estate.name(int(rows[k])) for k in order], [float(column[k]) / total for k in order]


def overlap_of(assessment: Assessed, service: int) -> str:
    """Says that outages overlap, with the hours a year that count none twice; "" where they hardly do or nobody knows."""
    compiled = assessment.estate.compiled
    points = points_of(assessment.first, service)
    points = points[can_fail(compiled, points)]
    load = float(np.nansum(compiled.failures_per_year[points] * compiled.repair_hours[points])) / HOURS_PER_YEAR
    hours = float(assessment.services.service_hours[service])
    corrected = corrected_hours(compiled, points)
    if not (load > OVERLAP or hours > HOURS_PER_YEAR) or np.isnan(corrected) or np.isnan(hours):
        return ""
    return overlapping(hours, corrected)
