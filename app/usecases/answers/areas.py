"""What an area of a ranking is: its members, its name, what of it was not read, and the ranking it stands in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.areas import AREA_COLUMNS, AREA_KINDS
from app.domain.errors import InvalidInput
from app.risk.first_order.areas import Ranking, category_codes, inputs_of, measure_of, rank, rank_services, rows_of
from app.risk.study.uncertainty import SPREADS, spread_sources
from app.usecases.assess import Assessed
from app.usecases.estate import Estate

UNKNOWN_AREA = "(unknown)"


def ranking_of(made: Assessed, kind: str) -> Ranking:
    """The ranking of one kind of area, made once for an assessment."""
    if kind not in AREA_KINDS:
        raise InvalidInput(f"kind: one of {', '.join(AREA_KINDS)}", field="kind")
    if kind not in made.rankings:
        values = made.totals.values()
        measure = measure_of(values)
        if kind == "service":
            made.rankings[kind] = rank_services(made.services, measure)
        else:
            codes, names = area_codes(made, kind)
            made.rankings[kind] = rank(codes, names, values, measure)
    return made.rankings[kind]


def area_codes(made: Assessed, kind: str) -> tuple[Any, int]:
    """Area of each CI and how many there are, made once; CIs without a value share the last one."""
    if kind not in made.codes:
        category = None if kind == "ci" else getattr(made.estate.graph.cis, AREA_COLUMNS[kind])
        made.codes[kind] = category_codes(made.estate.compiled, category)
    return made.codes[kind]


def positions_of(made: Assessed, kind: str, area: int) -> Any:
    """Positions of the CIs of an area; of a service: its single points."""
    codes = area_codes(made, kind)[0] if kind in AREA_COLUMNS else None
    return rows_of(made.first, codes, area, service=kind == "service")


def area_name(estate: Estate, kind: str, area: int) -> tuple[str, str]:
    if kind == "ci":
        return estate.key(area), estate.name(area)
    if kind == "service":
        position = int(estate.compiled.service_position[area])
        return estate.key(position), estate.name(position)
    values = getattr(estate.graph.cis, AREA_COLUMNS[kind]).values
    name = values[area] if area < len(values) else UNKNOWN_AREA
    return name, name


def causes_in(made: Assessed, kind: str, area: int) -> int:
    """How many members of an area are common causes, which are no CIs."""
    if kind == "service" or not made.estate.causes:
        return 0
    codes = area_codes(made, kind)[0]
    return sum(int(codes[position]) == area for position in made.estate.causes)


def open_needs_of(made: Assessed, kind: str, area: int) -> int:
    """Needs of the CIs of an area that were not read; of a CI or a service, with those of all it leans on."""
    estate = made.estate
    if kind in AREA_COLUMNS:
        return int(estate.compiled.open_needs[area_codes(made, kind)[0] == area].sum())
    return estate.open_needs(int(estate.compiled.service_position[area]) if kind == "service" else area)


def spread_from(made: Assessed, kind: str, area: int) -> Mapping[str, float]:
    """Share of the loss by where the spread of the rates comes from."""
    if "spread" not in made.codes:
        made.codes["spread"] = spread_sources(made.estate.graph.cis, made.estate.compiled.row)[0], len(SPREADS)
    codes, _ = made.codes["spread"]
    return inputs_of(made.totals.service_hours, codes, positions_of(made, kind, area), SPREADS)
