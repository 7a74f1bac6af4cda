"""What one service loses a year, by the CI that started it: first order and redundancy apart and together, by category, MTPD
breaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.domain.errors import InvalidInput
from app.domain.sentences import down_at_rest
from app.domain.service_risk import APPROXIMATE, EXACT, SIMULATED, UNKNOWN, CategoryLoss, Estimate, LossRow, ServiceLossYear
from app.risk.exact.answers.service import Want
from app.risk.first_order.sweep import contributions_to
from app.risk.measures.loss import LossCurve
from app.risk.services.redundancy import LossParts, loss_parts, simulated_parts
from app.risk.services.service_figures import Summed, money_per_year, order_of, reached_per_year, summed
from app.usecases import paging
from app.usecases.answers.paths import known
from app.usecases.answers.service_risk.ask import (
    LISTED,
    Inquiry,
    RiskQuestion,
    ask,
    exactly,
    failovers_of,
    is_down_at_rest,
    unknown,
)
from app.usecases.answers.service_risk.incomplete import as_far_as_read
from app.usecases.answers.service_risk.years import Lived, lived
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

ORDINAL = ("legal", "reputation", "safety")  # categories whose curve names classes; all others are quantities
BOUNDED_NOTE = "the redundancy part needs the exact engine, or simulated years"


@dataclass(frozen=True, slots=True)
class Split:
    """First order, redundancy and total of one measure."""

    first: Estimate
    redundancy: Estimate
    total: Estimate


def service_loss(tools: Tools, question: RiskQuestion, limit: int = 50, after: str | None = None) -> ServiceLossYear:
    """Returns rows by falling total. Forced CIs are no part of this question: a year has no outage that lasts all of it."""
    if question.down:
        raise InvalidInput("a yearly loss takes no CIs that are down; simulate their outage", field="down")
    offset = 0
    if after is not None:
        cursor = paging.decode(after, "revision", "service", "offset")
        if cursor["service"] != question.service:
            raise InvalidInput("after: a cursor of another question")
        question, offset = replace(question, revision=cursor["revision"], as_of=None), cursor["offset"]
    inquiry = ask(tools, question, Want(cut_sets=LISTED))
    parts, told = parts_of(inquiry), lived(inquiry)
    if told is not None and not inquiry.is_exact:
        parts = simulated_parts(parts, told.position, told.money_by_ci, told.hours_by_ci)
    paid, lost = summed(parts.money_first, parts.money_redundancy), summed(parts.hours_first, parts.hours_redundancy)
    money = _split(paid, _money_method(inquiry, parts), None if told is None else told.money)
    hours = _split(lost, _hours_method(inquiry, parts), None if told is None else told.hours)
    by_money = _knows_money(inquiry)
    total = (paid if by_money else lost).total
    order, sum_ = order_of(parts.position, total)
    last = min(offset + limit, len(order))
    more = last < len(order)
    answer = ServiceLossYear(
        stamp=stamp_of(inquiry.estate, tools.documents),
        key=inquiry.key,
        name=inquiry.name,
        measure="money_per_year" if by_money else "service_hours_per_year",
        ranked_by="first_order" if np.isnan(parts.hours_redundancy).all() else "total",
        money_first_order=money.first if _knows_money(inquiry) else unknown("nobody gave the money"),
        money_redundancy=money.redundancy if _knows_money(inquiry) else unknown("nobody gave the money"),
        money_total=money.total if _knows_money(inquiry) else unknown("nobody gave the money"),
        hours_first_order=hours.first,
        hours_redundancy=hours.redundancy,
        hours_total=hours.total,
        mtpd_breaches_first_order=known(float(parts.breaches_first.sum()))
        if _mtpd(inquiry) is not None and not is_down_at_rest(inquiry)
        else None,
        mtpd_breaches_total=mtpd_breaches(inquiry, parts, told),
        categories=_categories(inquiry),
        effort=inquiry.effort(0, question.years),
        total_rows=len(order),
        limit=limit,
        truncated=more,
        next=paging.encode(revision=inquiry.estate.revision.revision, service=question.service, offset=last) if more else None,
        items=[
            _row(inquiry, parts, k, float(total[k]) / sum_ if sum_ and total[k] == total[k] else 0.0) for k in order[offset:last]
        ],
    )
    return as_far_as_read(answer, inquiry)


def parts_of(inquiry: Inquiry) -> LossParts:
    """Returns both parts by CI; beyond the exact engine's budget the redundancy columns are NaN."""
    compiled = inquiry.estate.compiled
    found = loss_parts(compiled, inquiry.number, inquiry.exact, contributions_to(compiled, inquiry.number))
    return found if inquiry.is_exact else found.unknown_redundancy()


def _knows_money(inquiry: Inquiry) -> bool:
    compiled, number = inquiry.estate.compiled, inquiry.number
    curve = compiled.curve_ptr[number + 1] > compiled.curve_ptr[number]
    return bool(curve) or known(compiled.money_per_hour[number]) is not None


def _mtpd(inquiry: Inquiry) -> float | None:
    return known(inquiry.estate.compiled.mtpd_hours[inquiry.number])


AT_REST = "at rest"


def _money_method(inquiry: Inquiry, parts: LossParts) -> tuple[str, str]:
    if is_down_at_rest(inquiry):
        return AT_REST, down_at_rest(inquiry.name)
    if not inquiry.is_exact:
        return UNKNOWN, BOUNDED_NOTE
    if parts.exact_money and not parts.switches:
        return EXACT, ""
    why = (
        "failovers are first order in double failures"
        if parts.switches
        else "outages of several cut sets that overlap are longer than any one"
    )
    return APPROXIMATE, why


def _hours_method(inquiry: Inquiry, parts: LossParts) -> tuple[str, str]:
    if is_down_at_rest(inquiry):
        return AT_REST, down_at_rest(inquiry.name)
    if not inquiry.is_exact:
        return UNKNOWN, BOUNDED_NOTE
    return (APPROXIMATE, "failovers are first order in double failures") if parts.switches else (EXACT, "")


def _split(sums: Summed, method: tuple[str, str], simulated: Estimate | None) -> Split:
    """Returns the sums of the columns; where years were simulated the total is theirs and the redundancy part what is left."""
    ours = exactly(sums.first, "a rate or restore time is unknown")
    if method[0] == AT_REST:
        nothing = unknown(method[1])
        return Split(nothing, nothing, nothing)
    if simulated is not None and simulated.value is not None and ours.value is not None and method[0] != EXACT:
        low, high = (None if edge is None else edge - ours.value for edge in (simulated.low, simulated.high))
        return Split(ours, Estimate(simulated.value - ours.value, SIMULATED, low, high), simulated)
    if method[0] == UNKNOWN or known(sums.redundancy) is None or ours.value is None:
        why = unknown(method[1] or "a rate or restore time is unknown")
        return Split(ours, why, why)
    return Split(
        ours,
        Estimate(sums.redundancy, method[0], note=method[1]),
        Estimate(sums.first + sums.redundancy, method[0], note=method[1]),
    )


def mtpd_breaches(inquiry: Inquiry, parts: LossParts, told: Lived | None) -> Estimate:
    """Returns MTPD breaches a year: by simulated years where they were asked for, else by the listed cut sets and the
    failovers."""
    if _mtpd(inquiry) is None:
        return unknown("no MTPD")
    if is_down_at_rest(inquiry):
        return unknown(down_at_rest(inquiry.name))
    if told is not None:
        return told.breaches
    total = float(parts.breaches_first.sum() + parts.breaches_redundancy.sum())
    if not inquiry.is_exact or known(total) is None:
        return unknown(BOUNDED_NOTE)
    return Estimate(total, APPROXIMATE, note="outages of several cut sets that overlap are longer than any one")


def _row(inquiry: Inquiry, parts: LossParts, k: int, share: float) -> LossRow:
    estate, position = inquiry.estate, int(parts.position[k])
    money = _knows_money(inquiry)
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


def _categories(inquiry: Inquiry) -> list[CategoryLoss]:
    """Returns the other curves of the exposure: stops of the exact engine priced by each curve."""
    row = int(inquiry.estate.compiled.service_row[inquiry.number])
    impact: Mapping[str, Sequence[tuple[float, float]]] = inquiry.estate.graph.services[row].impact if row >= 0 else {}
    found = []
    switched = failovers_of(inquiry)
    for name in sorted(impact):
        curve = LossCurve.of(impact[name])
        if not inquiry.is_exact:
            found.append(CategoryLoss(name, name in ORDINAL, None, []))
        elif name in ORDINAL:
            found.append(
                CategoryLoss(
                    name,
                    True,
                    None,
                    [list(row) for row in reached_per_year(inquiry.estate.compiled, inquiry.exact, curve, switched)],
                )
            )
        else:
            found.append(
                CategoryLoss(name, False, known(money_per_year(inquiry.estate.compiled, inquiry.exact, curve, switched)), [])
            )
    return found
