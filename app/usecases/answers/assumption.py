"""One input of a CI: what it is and where it is from, and what the ranking says with another value. Nothing is written."""

from __future__ import annotations

import math

import numpy as np

from app.domain.assumption import FIELDS, Assumption, RankedWith
from app.domain.errors import InvalidInput
from app.domain.results import Value
from app.risk.first_order.areas import Ranking
from app.usecases.answers.areas import ranking_of
from app.usecases.answers.cis import ci_detail, ci_values
from app.usecases.answers.paths import known
from app.usecases.assess import Assessed, altered, assessed
from app.usecases.find import identify
from app.usecases.keep.sources import MANUAL
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

FIRST_SHOWN = 10
MOST = {"failures_per_year": 8766.0, "repair_hours": 87660.0}  # an hour each, and ten years


def assumption(tools: Tools, text: str, field: str, tried: float | None, revision: int | None = None) -> Assumption:
    """Returns an input of the CI that answers to `text`, and where a value is tried what it does to the ranking of CIs."""
    if field not in FIELDS:
        raise InvalidInput(f"field: one of {', '.join(FIELDS)}", field="field")
    if tried is not None and not (math.isfinite(tried) and 0 < tried <= MOST[field]):
        raise InvalidInput(f"value: above 0 and at most {MOST[field]:g}, {FIELDS[field]}", field="value")
    now = assessed(tools.estates, tools.cache, revision)
    estate = now.estate
    hit = identify(tools.store, estate.revision.revision, text)
    position = estate.position(hit.ci_id)
    ranking = ranking_of(now, "ci")
    ci = total = None
    first: list[RankedWith] = []
    if tried is not None:
        then = altered(now, tools.estates.altered(estate, hit.ci_id, {field: tried}))
        both = _Both(now, then, ranking, ranking_of(then, "ci"))
        ci, total = both.row(position), float(np.nansum(both.after.values[ranking.measure]))
        first = [both.row(int(area)) for area in both.after.area[:FIRST_SHOWN].tolist()]
    return Assumption(
        stamp=stamp_of(estate, tools.documents),
        key=hit.key,
        name=estate.name(position),
        field=field,
        unit=FIELDS[field],
        value=next(value for value in ci_values(estate, position) if value.name == field),
        correction=_correction(tools, hit.key, field, estate.revision.revision),
        tried=tried,
        measure=ranking.measure,
        ci=ci,
        total=ranking.total,
        total_with=total,
        first=first,
    )


class _Both:
    """Two rankings of the same CIs; both hold them at the same positions, as no correction of a rate changes the structure."""

    def __init__(self, now: Assessed, then: Assessed, before: Ranking, after: Ranking) -> None:
        self.now, self.then, self.before, self.after = now, then, before, after

    def row(self, position: int) -> RankedWith:
        ci_id = self.now.estate.ci_id(position)
        there = self.then.estate.position(ci_id)
        (was,), (is_now,) = np.flatnonzero(self.before.area == position), np.flatnonzero(self.after.area == there)
        measure = self.before.measure
        return RankedWith(
            self.now.estate.key(position), self.now.estate.name(position), int(was) + 1, int(is_now) + 1,
            known(self.before.values[measure][was]), known(self.after.values[measure][is_now]),
        )  # fmt: skip


def _correction(tools: Tools, key: str, field: str, revision: int) -> float | None:
    """Returns what a person has set in place of the value."""
    said = [record.payload.get(field) for record in ci_detail(tools, key, revision, None).records if record.source == MANUAL]
    return next((float(value) for value in said if isinstance(value, int | float)), None)


def may_be_assumed(value: Value) -> bool:
    """Returns whether somebody may try another value: not where incidents were counted, which are believed first."""
    return value.name in FIELDS and value.origin != "measured"
