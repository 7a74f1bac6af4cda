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
from app.usecases.answers.service_risk.ask import Asked, RiskQuestion, ask, unavailability_of
from app.usecases.answers.service_risk.incomplete import as_far_as_read
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

ORDERS = ("criticality", "birnbaum", "fussell_vesely", "conditional", "raw", "rrw", "initiator_share")


def service_importance(
    tools: Tools, question: RiskQuestion, limit: int = 50, after: str | None = None,
    by: str = "criticality",
) -> ServiceImportance:  # fmt: skip
    """Return rows by falling `by`. Beyond the exact engine's budget there are none, and a note says why."""
    if by not in ORDERS:
        raise InvalidInput(f"by: one of {', '.join(ORDERS)}", field="by")
    offset = 0
    if after is not None:
        cursor = paging.decode(after, "revision", "service", "kind", "offset")
        if (cursor["service"], cursor["kind"]) != (question.service, by):
            raise InvalidInput("after: a cursor of another question")
        question, offset = replace(question, revision=cursor["revision"], as_of=None), cursor["offset"]
    asked = ask(tools, question, Want(fussell_vesely=True))
    estimate, worlds = unavailability_of(asked)
    frequency = frequencies(asked.estate.compiled, asked.exact)
    measured = importance_of(asked.exact.q, asked.exact.birnbaum, asked.exact.event_q, frequency)
    order = by_measure(asked.exact, measured, by) if asked.is_exact else []
    last = min(offset + limit, len(order))
    more = last < len(order)
    shares = measured.initiator_share
    answer = ServiceImportance(
        stamp=stamp_of(asked.estate, tools.documents),
        key=asked.key,
        name=asked.name,
        down=asked.down,
        unavailability=estimate,
        initiator_shares_total=known(float(shares.sum())) if len(order) else None,
        notes=_notes(asked),
        effort=asked.effort(worlds),
        total_rows=len(order),
        limit=limit,
        truncated=more,
        next=paging.encode(revision=asked.estate.revision.revision, service=question.service, kind=by, offset=last)
        if more
        else None,
        items=[_row(asked, measured, float(frequency[k]), k) for k in order[offset:last]],
    )
    return as_far_as_read(answer, asked)


def _notes(asked: Asked) -> list[str]:
    notes = list(asked.exact.missing)
    if not asked.is_exact:
        notes.append("importance needs the exact engine: " + (asked.exact.reason or "a simulated answer was asked for"))
    if asked.exact.unknown:
        notes.append(f"{asked.exact.unknown:,} CIs of the cone have no unavailability: they count as never down")
    return notes


def _row(asked: Asked, measured: Importance, frequency: float, k: int) -> ImportanceRow:
    estate, exact = asked.estate, asked.exact
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
