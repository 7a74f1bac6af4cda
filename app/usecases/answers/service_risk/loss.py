"""What one service loses a year, by the CI that started it: first order and redundancy apart and together, by category, MTPD breaches."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.domain.errors import InvalidInput
from app.domain.service_risk import APPROXIMATE, EXACT, SIMULATED, CategoryLoss, Estimate, LossRow, ServiceLossYear
from app.ports.documents import Documents
from app.ports.graph_store import GraphStore
from app.risk.exact.service import Want
from app.risk.loss import LossCurve
from app.risk.redundancy import LossParts, loss_parts
from app.risk.sweep import contributions_to
from app.usecases import paging
from app.usecases.answers.paths import known
from app.usecases.answers.service_risk.ask import LISTED, Asked, RiskQuestion, ask, unknown
from app.usecases.answers.service_risk.availability import stops
from app.usecases.answers.service_risk.years import Lived, lived
from app.usecases.estate import Estates
from app.usecases.stamps import stamp_of

ORDINAL = ("legal", "reputation", "safety")  # categories whose curve names classes; all others are quantities
BOUNDED_NOTE = "the redundancy part needs the exact engine, or simulated years"


@dataclass(frozen=True, slots=True)
class Split:
    """First order, redundancy and total of one measure."""

    first: Estimate
    redundancy: Estimate
    total: Estimate


def service_loss(
    store: GraphStore, documents: Documents, estates: Estates, question: RiskQuestion, limit: int = 50, after: str | None = None
) -> ServiceLossYear:
    """Rows by falling total. Forced CIs are no part of this question: a year has no outage that lasts all of it."""
    if question.down:
        raise InvalidInput("a yearly loss takes no CIs that are down; simulate their outage", field="down")
    offset = 0
    if after is not None:
        cursor = paging.decode(after, "revision", "service", "offset")
        if cursor["service"] != question.service:
            raise InvalidInput("after: a cursor of another question")
        question, offset = replace(question, revision=cursor["revision"], as_of=None), cursor["offset"]
    asked = ask(store, estates, question, Want(cut_sets=LISTED))
    parts, told = parts_of(asked), lived(asked)
    money = _split(parts.money_first, parts.money_redundancy, _money_method(asked, parts), None if told is None else told.money)
    hours = _split(parts.hours_first, parts.hours_redundancy, _hours_method(asked, parts), None if told is None else told.hours)
    by_money = known(float(np.nansum(parts.money_first))) is not None and _knows_money(asked)
    total = (parts.money_first + parts.money_redundancy) if by_money else (parts.hours_first + parts.hours_redundancy)
    order = np.lexsort((parts.position, -np.nan_to_num(total)))
    last = min(offset + limit, len(order))
    more, sum_ = last < len(order), float(np.nansum(total))
    return ServiceLossYear(
        stamp=stamp_of(asked.estate, documents),
        key=asked.key,
        name=asked.name,
        measure="money_per_year" if by_money else "service_hours_per_year",
        money_first_order=money.first if _knows_money(asked) else unknown("nobody gave the money"),
        money_redundancy=money.redundancy if _knows_money(asked) else unknown("nobody gave the money"),
        money_total=money.total if _knows_money(asked) else unknown("nobody gave the money"),
        hours_first_order=hours.first,
        hours_redundancy=hours.redundancy,
        hours_total=hours.total,
        mtpd_breaches_first_order=known(float(parts.breaches_first.sum())) if _mtpd(asked) is not None else None,
        mtpd_breaches_total=_breaches(asked, parts, told),
        categories=_categories(asked),
        effort=asked.effort(0, question.years),
        total_rows=len(order),
        limit=limit,
        truncated=more,
        next=paging.encode(revision=asked.estate.revision.revision, service=question.service, offset=last) if more else None,
        items=[
            _row(asked, parts, int(k), float(total[k]) / sum_ if sum_ and total[k] == total[k] else 0.0)
            for k in order[offset:last]
        ],
    )


def parts_of(asked: Asked) -> LossParts:
    """Both parts by CI; beyond the exact engine's budget the redundancy columns are NaN."""
    exact, compiled = asked.exact, asked.estate.compiled
    told = contributions_to(compiled, asked.number)
    cuts = [cut.position for cut in exact.cut_sets or ()]
    return loss_parts(
        compiled, asked.number, exact.q, exact.position, exact.event_q, exact.birnbaum, cuts, told, asked.estate.workspace()
    )


def _knows_money(asked: Asked) -> bool:
    compiled, number = asked.estate.compiled, asked.number
    curve = compiled.curve_ptr[number + 1] > compiled.curve_ptr[number]
    return bool(curve) or not np.isnan(compiled.money_per_hour[number])


def _mtpd(asked: Asked) -> float | None:
    return known(asked.estate.compiled.mtpd_hours[asked.number])


def _money_method(asked: Asked, parts: LossParts) -> tuple[str, str]:
    if not asked.is_exact:
        return "unknown", BOUNDED_NOTE
    if parts.exact_money and not parts.switches:
        return EXACT, ""
    why = (
        "failovers are first order in double failures"
        if parts.switches
        else "outages of several cut sets that overlap are longer than any one"
    )
    return APPROXIMATE, why


def _hours_method(asked: Asked, parts: LossParts) -> tuple[str, str]:
    if not asked.is_exact:
        return "unknown", BOUNDED_NOTE
    return (APPROXIMATE, "failovers are first order in double failures") if parts.switches else (EXACT, "")


def _split(first: np.ndarray, redundancy: np.ndarray, method: tuple[str, str], simulated: Estimate | None) -> Split:
    """Sums of the columns; where years were simulated the total is theirs and the redundancy part what is left."""
    ours = (
        Estimate(known(float(first.sum())), EXACT) if not np.isnan(first).any() else unknown("a rate or restore time is unknown")
    )
    if simulated is not None and simulated.value is not None and ours.value is not None and method[0] != EXACT:
        low, high = (None if edge is None else edge - ours.value for edge in (simulated.low, simulated.high))
        rest = Estimate(simulated.value - ours.value, SIMULATED, low, high)
        return Split(ours, rest, simulated)
    if method[0] == "unknown" or np.isnan(redundancy).any():
        why = unknown(method[1] or "a rate or restore time is unknown")
        return Split(ours, why, why)
    more = float(redundancy.sum())
    return Split(
        ours, Estimate(more, *method[:1], note=method[1]), Estimate(float(first.sum()) + more, method[0], note=method[1])
    )


def _breaches(asked: Asked, parts: LossParts, told: Lived | None) -> Estimate:
    if _mtpd(asked) is None:
        return unknown("no MTPD")
    if told is not None:
        return told.breaches
    if not asked.is_exact or np.isnan(parts.breaches_redundancy).any():
        return unknown(BOUNDED_NOTE)
    total = float(parts.breaches_first.sum() + parts.breaches_redundancy.sum())
    return Estimate(total, APPROXIMATE, note="outages of several cut sets that overlap are longer than any one")


def _row(asked: Asked, parts: LossParts, k: int, share: float) -> LossRow:
    estate, position = asked.estate, int(parts.position[k])
    money = _knows_money(asked)
    return LossRow(
        key=estate.key(position),
        name=estate.name(position),
        ci_class=estate.text("ci_class", position),
        team=estate.text("team", position),
        site=estate.text("site", position),
        supplier=estate.text("supplier", position),
        money_first_order=known(parts.money_first[k]) if money else None,
        money_redundancy=known(parts.money_redundancy[k]) if money else None,
        money_total=known(parts.money_first[k] + parts.money_redundancy[k]) if money else None,
        hours_first_order=known(parts.hours_first[k]),
        hours_redundancy=known(parts.hours_redundancy[k]),
        hours_total=known(parts.hours_first[k] + parts.hours_redundancy[k]),
        share=share,
    )


def _categories(asked: Asked) -> list[CategoryLoss]:
    """The other curves of the exposure: stops of the exact engine priced by each curve."""
    row = int(asked.estate.compiled.service_row[asked.number])
    impact: Mapping[str, Sequence[tuple[float, float]]] = asked.estate.graph.services[row].impact if row >= 0 else {}
    found = []
    for name in sorted(impact):
        curve = LossCurve.of(impact[name])
        if not asked.is_exact:
            found.append(CategoryLoss(name, name in ORDINAL, None, []))
        elif name in ORDINAL:
            found.append(CategoryLoss(name, True, None, _reached(asked, curve)))
        else:
            found.append(CategoryLoss(name, False, known(_priced(asked, curve)), []))
    return found


def _priced(asked: Asked, curve: LossCurve) -> float:
    return float(np.nansum(stops(asked, curve=curve).money)) if asked.exact.cut_sets else 0.0


def _reached(asked: Asked, curve: LossCurve) -> list[list[float]]:
    """For every class of an ordinal curve: how often a year an outage lasts long enough to reach it."""
    rows = []
    for level in sorted({float(value) for value in curve.loss if value > 0}):
        at = float(curve.hours[int(np.argmax(curve.loss >= level))])
        found = stops(asked, hours=at)
        times = float(np.nansum(found.breaches)) if at > 0 else float(np.nansum(found.per_year))
        rows.append([level, times if not math.isnan(times) else 0.0])
    return rows
