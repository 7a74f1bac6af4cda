"""What an area of a ranking is: its members, its name, what of it was not read, and the ranking it stands in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.areas import AREA_COLUMNS, AREA_KINDS
from app.domain.errors import InvalidInput
from app.risk.first_order.areas import (
    Ranking,
    category_codes,
    inputs_of,
    measure_of,
    members_by_area,
    rank,
    rank_services,
    rows_of,
)
from app.risk.study.uncertainty import SPREADS, spread_sources
from app.usecases.assess import Assessed
from app.usecases.estate import Estate

UNKNOWN_AREA = "(unknown)"


def ranking_of(assessment: Assessed, kind: str) -> Ranking:
    """Returns the ranking of one kind of area, made once for an assessment."""
    if kind not in AREA_KINDS:
        raise InvalidInput(f"kind: one of {', '.join(AREA_KINDS)}", field="kind")
    if kind not in assessment.rankings:
        values = assessment.totals.values()
        measure = measure_of(values)
        if kind == "service":
            assessment.rankings[kind] = rank_services(assessment.services, measure)
        else:
            codes, names = area_codes(assessment, kind)
            assessment.rankings[kind] = rank(codes, names, values, measure)
    return assessment.rankings[kind]


def area_codes(assessment: Assessed, kind: str) -> tuple[Any, int]:
    """Returns the area of each CI and how many there are, made once; CIs without a value share the last one."""
    if kind not in assessment.codes:
        category = None if kind == "ci" else getattr(assessment.estate.graph.cis, AREA_COLUMNS[kind])
        assessment.codes[kind] = category_codes(assessment.estate.compiled, category)
    return assessment.codes[kind]


def positions_of(assessment: Assessed, kind: str, area: int) -> Any:
    """Returns the positions of the CIs of an area; of a service, its single points of failure."""
    if kind not in AREA_COLUMNS:
        return rows_of(assessment.first, area, service=kind == "service")
    if f"members {kind}" not in assessment.found:
        codes, count = area_codes(assessment, kind)
        assessment.found[f"members {kind}"] = members_by_area(codes, count)
    order, ptr = assessment.found[f"members {kind}"]
    return order[ptr[area] : ptr[area + 1]]


def area_name(estate: Estate, kind: str, area: int) -> tuple[str, str]:
    if kind == "ci":
        return estate.key(area), estate.name(area)
    if kind == "service":
        position = int(estate.compiled.service_position[area])
        return estate.key(position), estate.name(position)
    values = getattr(estate.graph.cis, AREA_COLUMNS[kind]).values
    name = values[area] if area < len(values) else UNKNOWN_AREA
    return name, name


def causes_in(assessment: Assessed, kind: str, area: int) -> int:
    """Returns how many members of an area are common causes, which are no CIs."""
    if kind == "service" or not assessment.estate.causes:
        return 0
    codes = area_codes(assessment, kind)[0]
    return sum(int(codes[position]) == area for position in assessment.estate.causes)


def open_needs_of(assessment: Assessed, kind: str, area: int) -> int:
    """Counts the needs of the CIs of an area that were not read; of a CI or a service, with those of everything it depends on."""
    estate = assessment.estate
    if kind in AREA_COLUMNS:
        return int(estate.compiled.open_needs[positions_of(assessment, kind, area)].sum())
    return estate.open_needs(int(estate.compiled.service_position[area]) if kind == "service" else area)


def spread_from(assessment: Assessed, kind: str, area: int) -> Mapping[str, float]:
    """Returns the shares of the loss by where the spread of the rates comes from."""
    if "spread" not in assessment.codes:
        assessment.codes["spread"] = spread_sources(assessment.estate.graph.cis, assessment.estate.compiled.row)[0], len(SPREADS)
    codes, _ = assessment.codes["spread"]
    return inputs_of(assessment.totals.service_hours, codes, positions_of(assessment, kind, area), SPREADS)
