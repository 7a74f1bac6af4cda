"""Minimal cut sets of one service: exact counts by order, the most probable ones, and what the list leaves out (model 1.8)."""

from __future__ import annotations

from app.domain.service_risk import CutSetCount, CutSetRow, ServiceCutSets
from app.ports.documents import Documents
from app.ports.graph_store import GraphStore
from app.risk.exact.service import CutSet, Want
from app.usecases.answers.service_risk.ask import Asked, RiskQuestion, ask, unavailability_of
from app.usecases.estate import Estates
from app.usecases.stamps import stamp_of

SAFE = 2**53  # what every JSON reader takes for a whole number


def service_cut_sets(
    store: GraphStore, documents: Documents, estates: Estates, question: RiskQuestion, limit: int = 50
) -> ServiceCutSets:
    """The `limit` most probable; `truncated` where there are more, with their number and the sum of their probabilities."""
    asked = ask(store, estates, question, Want(counts=True, cut_sets=limit))
    exact = asked.exact
    estimate, worlds = unavailability_of(asked)
    total = exact.cut_set_count
    listed = exact.cut_sets or ()
    return ServiceCutSets(
        stamp=stamp_of(asked.estate, documents),
        key=asked.key,
        name=asked.name,
        down=asked.down,
        unavailability=estimate,
        total=_whole(total),
        total_digits="" if total is None else str(total),
        by_order=[CutSetCount(order, _whole(n), str(n)) for order, n in sorted((exact.cut_sets_by_order or {}).items())],
        items=[_row(asked, cut) for cut in listed],
        limit=limit,
        truncated=total is None or total > len(listed),
        probability_not_listed=exact.not_listed_sum,
        rare_event_sum=exact.rare_event_sum,
        notes=list(exact.missing),
        effort=asked.effort(worlds),
    )


def _whole(number: int | None) -> int | None:
    return number if number is not None and number < SAFE else None


def _row(asked: Asked, cut: CutSet) -> CutSetRow:
    estate = asked.estate
    return CutSetRow(
        order=len(cut.position),
        cis=[estate.key(position) for position in cut.position],
        names=[estate.name(position) for position in cut.position],
        probability=cut.probability,
        share=cut.probability / asked.exact.rare_event_sum if asked.exact.rare_event_sum else 0.0,
    )
