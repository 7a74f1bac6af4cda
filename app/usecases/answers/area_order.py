"""Which areas of a ranking fit a question, and in which order they are listed: by columns, whatever the estate's size."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.domain.areas import AREA_COLUMNS, AREA_SORTS, ORIGINS
from app.domain.errors import InvalidInput
from app.domain.graph import ORIGIN_NAMES
from app.risk.first_order.areas import Ranking
from app.usecases.answers.area_additions import Additions
from app.usecases.answers.areas import UNKNOWN_AREA, area_codes
from app.usecases.answers.text_match import folded, rows_with
from app.usecases.assess import Assessed


@dataclass(frozen=True, slots=True)
class AreasAsked:
    """What is asked of a ranking beside its kind. `name`: letters of an area's name or key; `team`, `site`, `ci_class`,
    `origin` (of the failure rate): areas with a CI that has all of these, of services the service itself. `sort`: one of
    AREA_SORTS, with "-" the other way round. `since`: an earlier revision to compare with."""

    name: str = ""
    team: str = ""
    site: str = ""
    ci_class: str = ""
    origin: str = ""
    sort: str = "rank"
    since: int | None = None

    def __post_init__(self) -> None:
        if self.origin and self.origin not in ORIGINS:
            raise InvalidInput(f"origin: one of {', '.join(ORIGINS)}", field="origin")
        if self.sort.removeprefix("-") not in AREA_SORTS:
            raise InvalidInput(f"sort: one of {', '.join(AREA_SORTS)}, with - before it the other way round", field="sort")

    @property
    def filters(self) -> bool:
        return bool(self.name or self.team or self.site or self.ci_class or self.origin)

    @property
    def tag(self) -> str:
        """A name of the question, for cursors: a page belongs to the list it was cut from."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]


def places_of(assessment: Assessed, kind: str, ranking: Ranking, asked: AreasAsked, additions: Additions) -> Any:
    """Returns the places in a ranking (int64, 0 the worst) of the areas that fit, in the order asked for."""
    fits = np.ones(len(ranking.area), bool)
    if asked.team or asked.site or asked.ci_class or asked.origin:
        fits &= _by_area(assessment, kind, _cis(assessment, asked))[ranking.area]
    if asked.name:
        fits &= _named(assessment, kind, asked.name.strip())[ranking.area]
    places = np.flatnonzero(fits)
    return places[_order(assessment, kind, ranking, places, asked.sort, additions)]


def values_of(assessment: Assessed, most: int) -> dict[str, list[str]]:
    """Returns the teams, sites and classes that assessed CIs have, each list in order and at most so long."""
    estate, found = assessment.estate, {}
    for name in ("team", "site", "ci_class"):
        column = getattr(estate.graph.cis, name)
        codes = np.asarray(column.codes)[estate.compiled.row]
        used = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(column.values)))
        found[name] = sorted((column.values[code] for code in used.tolist()), key=str.casefold)[:most]
    return found


def _cis(assessment: Assessed, asked: AreasAsked) -> Any:
    """bool[N]: the CIs that have the values asked for."""
    estate = assessment.estate
    fits = np.ones(len(estate.compiled), bool)
    for name, wanted in (("team", asked.team), ("site", asked.site), ("ci_class", asked.ci_class)):
        if wanted:
            column = getattr(estate.graph.cis, name)
            code = column.values.index(wanted) if wanted in column.values else -1 if wanted == UNKNOWN_AREA else -2
            fits &= np.asarray(column.codes)[estate.compiled.row] == code
    if asked.origin:
        fits &= np.asarray(assessment.rate_origin) == ORIGIN_NAMES.index(asked.origin)
    return fits


def _by_area(assessment: Assessed, kind: str, cis: Any) -> Any:
    """bool by area code, from bool[N] by CI."""
    if kind == "ci":
        return cis
    if kind == "service":
        return cis[assessment.estate.compiled.service_position]
    codes, count = area_codes(assessment, kind)
    return np.bincount(codes[cis], minlength=count) > 0


def _named(assessment: Assessed, kind: str, text: str) -> Any:
    """bool by area code: its name or key holds the text."""
    estate = assessment.estate
    if kind in AREA_COLUMNS:
        names = (*getattr(estate.graph.cis, AREA_COLUMNS[kind]).values, UNKNOWN_AREA)
        return np.array([text.casefold() in name.casefold() for name in names], bool)
    if "folded" not in assessment.found:
        assessment.found["folded"] = folded(estate.graph.cis.name), folded(estate.graph.cis.key)
    name, key = assessment.found["folded"]
    rows = rows_with(name, text) | rows_with(key, text)
    positions = estate.compiled.row if kind == "ci" else estate.compiled.row[estate.compiled.service_position]
    return rows[positions]


def _order(assessment: Assessed, kind: str, ranking: Ranking, places: Any, sort: str, additions: Additions) -> Any:
    """Returns the order of places by a column: numbers the largest first, texts from A; what is unknown last, either way."""
    name, backwards = sort.removeprefix("-"), sort.startswith("-")
    if name == "rank":
        return np.arange(len(places))[::-1] if backwards else np.arange(len(places))
    area = ranking.area[places]
    if name in ("name", "owner"):
        column = additions.owner_order(area) if name == "owner" else _names_order(assessment, kind)[area].astype(float)
        column = -column  # texts rise
    elif name in ranking.values:
        column = ranking.values[name][places]
    else:
        column = additions.column(name, area)
    return np.argsort(column if backwards else -column, kind="stable")  # NaN is last; equal ones stay in order of rank


def _names_order(assessment: Assessed, kind: str) -> Any:
    """int64 by area code: its place among the areas of its kind in order of name; made once for an assessment."""
    if f"names {kind}" not in assessment.found:
        estate = assessment.estate
        if kind in AREA_COLUMNS:
            names = [*getattr(estate.graph.cis, AREA_COLUMNS[kind]).values, UNKNOWN_AREA]
        else:
            positions = estate.compiled.row if kind == "ci" else estate.compiled.row[estate.compiled.service_position]
            names = estate.graph.cis.name.at(np.asarray(positions))
        order = np.array(sorted(range(len(names)), key=[name.casefold() for name in names].__getitem__), np.int64)
        place = np.empty(len(names), np.int64)
        place[order] = np.arange(len(names))
        assessment.found[f"names {kind}"] = place
    return assessment.found[f"names {kind}"]
