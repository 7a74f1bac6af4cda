"""How much each CI matters to one service, by every measure of model 1.7."""

from __future__ import annotations

import math
from dataclasses import replace

from app.domain.errors import InvalidInput
from app.domain.service_risk import ImportanceRow, ServiceImportance
from app.risk.exact.answers.importance import Importance, importance_of
from app.risk.exact.answers.service import Want
from app.risk.services.service_figures import by_measure, frequencies
from app.usecases import paging
from app.usecases.answers.paths import known
from app.usecases.answers.service_risk.ask import Inquiry, RiskQuestion, ask, unavailability_of
from app.usecases.answers.service_risk.incomplete import as_far_as_read
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

ORDERS = ("criticality", "birnbaum", "fussell_vesely", "conditional", "raw", "rrw", "initiator_share")


def service_importance(
    tools: Tools, question: RiskQuestion, limit: int = 50, after: str | None = None,
    by: str = "criticality",
) -> ServiceImportance:  # fmt: skip
    """Returns rows by falling `by`. Beyond the exact engine's budget there are none, and a note says why."""
    if by not in ORDERS:
        raise InvalidInput(f"by: one of {', '.join(ORDERS)}", field="by")
    offset = 0
    if after is not None:
        cursor = paging.decode(after, "revision", "service", "kind", "offset")
        if (cursor["service"], cursor["kind"]) != (question.service, by):
            raise InvalidInput("after: a cursor of another question")
        question, offset = replace(question, revision=cursor["revision"], as_of=None), cursor["offset"]
    inquiry = ask(tools, question, Want(fussell_vesely=True))
    estimate, worlds = unavailability_of(inquiry)
    frequency = frequencies(inquiry.estate.compiled, inquiry.exact)
    measured = importance_of(inquiry.exact.q, inquiry.exact.birnbaum, inquiry.exact.event_q, frequency)
    order = by_measure(inquiry.exact, measured, by) if inquiry.is_exact else []
    last = min(offset + limit, len(order))
    more = last < len(order)
    shares = measured.initiator_share
    answer = ServiceImportance(
        stamp=stamp_of(inquiry.estate, tools.documents),
        key=inquiry.key,
        name=inquiry.name,
        down=inquiry.down,
        unavailability=estimate,
        initiator_shares_total=known(float(shares.sum())) if len(order) else None,
        notes=_notes(inquiry),
        effort=inquiry.effort(worlds),
        total_rows=len(order),
        limit=limit,
        truncated=more,
        next=paging.encode(revision=inquiry.estate.revision.revision, service=question.service, kind=by, offset=last)
        if more
        else None,
        items=[_row(inquiry, measured, float(frequency[k]), k) for k in order[offset:last]],
    )
    return as_far_as_read(answer, inquiry)


def _notes(inquiry: Inquiry) -> list[str]:
    notes = list(inquiry.exact.missing)
    if not inquiry.is_exact:
        notes.append("importance needs the exact engine: " + (inquiry.exact.reason or "a simulated answer was asked for"))
    if inquiry.exact.unknown:
        notes.append(f"{inquiry.exact.unknown:,} CIs of the cone have no unavailability: they count as never down")
    return notes


def _row(inquiry: Inquiry, measured: Importance, frequency: float, k: int) -> ImportanceRow:
    estate, exact = inquiry.estate, inquiry.exact
    position = int(exact.position[k])
    raw, rrw = float(measured.raw[k]), float(measured.rrw[k])
    return ImportanceRow(
        key=estate.key(position),
        name=estate.name(position),
        ci_class=estate.text("ci_class", position),
        unavailability=float(exact.event_q[k]),
        birnbaum=float(measured.birnbaum[k]),
        criticality=float(measured.criticality[k]),
        fussell_vesely=None if exact.fussell_vesely is None else float(exact.fussell_vesely[k]),
        conditional=float(measured.conditional[k]),
        raw=raw if math.isfinite(raw) else None,
        raw_infinite=math.isinf(raw),
        rrw=rrw if math.isfinite(rrw) else None,
        rrw_infinite=math.isinf(rrw),
        dim_equal=float(measured.dim_equal[k]),
        dim_proportional=float(measured.dim_proportional[k]),
        initiator_share=known(float(measured.initiator_share[k])),
        failures_per_year=known(frequency * float(measured.birnbaum[k])),
    )
