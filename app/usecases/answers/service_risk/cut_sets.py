"""Minimal cut sets of one service: exact counts by order, the most probable ones, and what the list leaves out (model 1.8)."""

from __future__ import annotations

from app.domain.sentences import down_at_rest
from app.domain.service_risk import BOUNDED, CutSetCount, CutSetRow, ServiceCutSets
from app.ports.documents import Documents
from app.risk.exact.answers.service import CutSet, Want
from app.risk.services.sampled_service import any_at_least, sampled_service
from app.usecases.answers.service_risk.ask import Inquiry, RiskQuestion, ask, is_down_at_rest, remembered, unavailability_of
from app.usecases.answers.service_risk.incomplete import as_far_as_read
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

SAFE = 2**53  # what every JSON reader takes for a whole number
MOST = 1000  # cut sets of a bounded service that are kept
FOUND = (
    "beyond the exact engine's budget: the most probable minimal cut sets found by sampling, each with its exact probability; "
    "how many there are is not known, a more probable one may be missing. "
    "probability_not_listed: an upper bound of being down with none of these; share: of the "
    "simulated unavailability"
)


def service_cut_sets(tools: Tools, question: RiskQuestion, limit: int = 50) -> ServiceCutSets:
    """Returns the `limit` most probable cut sets; `truncated` where there are more, with their number and the sum of their
    probabilities. Beyond the engine's budget they are the most probable ones that sampling found, marked as such, with an upper
    bound of what they leave out."""
    inquiry = ask(tools, question, Want(counts=True, cut_sets=limit))
    exact = inquiry.exact
    if exact.method == BOUNDED and not inquiry.forced:
        return _found(tools.documents, inquiry, limit)
    estimate, worlds = unavailability_of(inquiry)
    total = exact.cut_set_count
    listed = exact.cut_sets or ()
    answer = ServiceCutSets(
        stamp=stamp_of(inquiry.estate, tools.documents),
        key=inquiry.key,
        name=inquiry.name,
        down=inquiry.down,
        unavailability=estimate,
        total=_whole(total),
        total_digits="" if total is None else str(total),
        by_order=[CutSetCount(order, _whole(n), str(n)) for order, n in sorted((exact.cut_sets_by_order or {}).items())],
        items=[_row(inquiry, cut, exact.rare_event_sum) for cut in listed if cut.position],
        limit=limit,
        truncated=total is None or total > len(listed),
        probability_not_listed=exact.not_listed_sum,
        rare_event_sum=exact.rare_event_sum,
        notes=[*exact.missing, *_why_none(inquiry)],
        effort=inquiry.effort(worlds),
    )
    return as_far_as_read(answer, inquiry)


def _why_none(inquiry: Inquiry) -> list[str]:
    """Says why no cut set is listed; "" where some are."""
    exact = inquiry.exact
    if is_down_at_rest(inquiry):
        return [down_at_rest(inquiry.name) + " The one cut set is the empty one."]
    if any(cut.position for cut in exact.cut_sets or ()) or exact.missing:
        return []
    if exact.q >= 1.0:
        return ["what was forced down stops it: the one cut set is the empty one"]
    return [
        "nothing that can fail stops it, alone or together"
        if not inquiry.estate.open_needs(inquiry.position)
        else "nothing that was read stops it"
    ]


def _found(documents: Documents, inquiry: Inquiry, limit: int) -> ServiceCutSets:
    """Returns the cut sets of a bounded service that sampling found, each minimal and with its exact probability; how many there
    are nobody knows."""
    exact, seed = inquiry.exact, inquiry.question.seed
    estate, compiled = inquiry.estate, inquiry.estate.compiled
    name = ("sampled", inquiry.position, inquiry.question.nodes, inquiry.question.seconds, seed)
    sampled = remembered(estate, name, lambda: sampled_service(compiled, exact, seed, MOST, threads=2))
    estimate, worlds = unavailability_of(inquiry)
    cuts = (sampled.answer.cut_sets or ())[:limit]
    known = dict(zip(exact.position.tolist(), exact.event_q.tolist(), strict=True))
    answer = ServiceCutSets(
        stamp=stamp_of(estate, documents),
        key=inquiry.key,
        name=inquiry.name,
        down=inquiry.down,
        unavailability=estimate,
        total=None,
        total_digits="",
        by_order=[],
        items=[_row(inquiry, cut, sampled.answer.q) for cut in cuts],
        limit=limit,
        truncated=True,
        probability_not_listed=max(0.0, exact.q_high - any_at_least(cuts, known)),
        rare_event_sum=None,
        notes=[FOUND, exact.reason],
        effort=inquiry.effort(max(worlds, sampled.samples)),
    )
    return as_far_as_read(answer, inquiry)


def _whole(number: int | None) -> int | None:
    return number if number is not None and number < SAFE else None


def _row(inquiry: Inquiry, cut: CutSet, whole: float | None) -> CutSetRow:
    estate = inquiry.estate
    return CutSetRow(
        order=len(cut.position),
        cis=[estate.key(position) for position in cut.position],
        names=[estate.name(position) for position in cut.position],
        probability=cut.probability,
        share=cut.probability / whole if whole else 0.0,
    )
