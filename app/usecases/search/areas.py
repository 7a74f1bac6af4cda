"""Teams, sites and suppliers by their names, found as CIs are: beginnings of words in any order, one typing error forgiven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.areas import AREA_COLUMNS
from app.risk.first_order.areas import services_stopped
from app.usecases.answers.areas import area_codes, positions_of, ranking_of
from app.usecases.assess import assessed
from app.usecases.search.terms import LEAST_FOR_ERRORS, folded, terms_of, with_one_error
from app.usecases.tools import Tools

FOUND_KINDS = ("team", "site", "supplier")


@dataclass(frozen=True, slots=True)
class NamedArea:
    kind: str
    name: str
    cis: int
    services_hit: int  # that the outage of one of its CIs alone stops


@dataclass(frozen=True, slots=True)
class NamedAreas:
    """`items` of `total`, those with the largest loss first, kind by kind."""

    items: Sequence[NamedArea]
    total: int
    corrected: bool  # nothing is written like that, and one typing error in each word was forgiven


def areas_named(tools: Tools, query: str, most: int, revision: int | None = None) -> NamedAreas:
    """Returns the first areas of each kind whose names answer to all words of a query."""
    assessment = assessed(tools.estates, tools.cache, revision)
    words = list(dict.fromkeys(folded(query).split()))
    names = {kind: list(getattr(assessment.estate.graph.cis, AREA_COLUMNS[kind]).values) for kind in FOUND_KINDS}
    terms = {kind: [terms_of(folded(name)) for name in names[kind]] for kind in FOUND_KINDS}
    written = [[word] for word in words]
    found, corrected = _found(terms, written), False
    if words and not any(found.values()) and any(len(word) >= LEAST_FOR_ERRORS for word in words):
        signs = "".join(sorted({sign for every in terms.values() for one in every for term in one for sign in term}))
        meant = [[word, *with_one_error(word, signs)] if len(word) >= LEAST_FOR_ERRORS else [word] for word in words]
        found = _found(terms, meant)
        corrected = any(found.values())
    items: list[NamedArea] = []
    total = 0
    for kind in FOUND_KINDS:
        codes, number = area_codes(assessment, kind)
        counts = np.bincount(codes, minlength=number)
        places = [area for area in ranking_of(assessment, kind).area.tolist() if area in found[kind]]
        total += len(places)
        for area in places[:most]:
            stopped = services_stopped(assessment.first, positions_of(assessment, kind, area))
            items.append(NamedArea(kind, names[kind][area], int(counts[area]), len(stopped)))
    return NamedAreas(items, total, corrected)


def _found(terms: dict[str, list[list[str]]], meant: Sequence[Sequence[str]]) -> dict[str, set[int]]:
    """Returns the codes of the names in which each word begins a term, in one of its spellings."""
    return {
        kind: {
            code
            for code, own in enumerate(every)
            if meant and all(any(term.startswith(tuple(spellings)) for term in own) for spellings in meant)
        }
        for kind, every in terms.items()
    }
